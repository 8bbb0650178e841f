//! Connections from one chosen address of this machine, so that one rule in a firewall is enough.
//!
//! `ureq` leaves the choice to the system; this is its own TCP transport with a `bind` before the
//! `connect`.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, ShutdownHandle, Transport,
};
use ureq::{Error, Timeout};

/// Opens TCP connections from this address.
#[derive(Debug)]
pub(super) struct FromAddress(pub(super) IpAddr);

impl<In: Transport> Connector<In> for FromAddress {
    type Out = Either<In, Tcp>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        // A proxy's tunnel is open already; its own connection came through here.
        if let Some(transport) = chained {
            return Ok(Some(Either::A(transport)));
        }
        let stream = self.open(details)?;
        stream.set_nodelay(true)?;
        let buffers = LazyBuffers::new(
            details.config.input_buffer_size(),
            details.config.output_buffer_size(),
        );
        let stream = Arc::new(Stream(stream));
        let handle: Weak<dyn ShutdownHandle> = Arc::<Stream>::downgrade(&stream);
        (details.register_shutdown)(handle)?;
        Ok(Some(Either::B(Tcp { stream, buffers })))
    }
}

impl FromAddress {
    fn open(&self, details: &ConnectionDetails) -> Result<TcpStream, Error> {
        let budget = details
            .timeout
            .not_zero()
            .map_or(Duration::from_secs(60), |left| *left);
        let end = Instant::now() + budget;
        let mut last = io::Error::new(
            ErrorKind::AddrNotAvailable,
            format!("the portal has no address that {} can reach", self.0),
        );
        for address in details.addrs.iter().filter(|a| a.is_ipv4() == self.0.is_ipv4()) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::Timeout(details.timeout.reason));
            }
            match self.connect_to(*address, left) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        if last.kind() == ErrorKind::TimedOut {
            Err(Error::Timeout(Timeout::Connect))
        } else {
            Err(Error::Io(last))
        }
    }

    fn connect_to(&self, address: SocketAddr, left: Duration) -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.bind(&SocketAddr::new(self.0, 0).into())?;
        socket.connect_timeout(&address.into(), left)?;
        Ok(socket.into())
    }
}

struct Stream(TcpStream);

impl ShutdownHandle for Stream {
    fn shutdown(&self) {
        // It fails only when the connection is closed already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// A TCP connection as `ureq` uses it.
pub(super) struct Tcp {
    stream: Arc<Stream>,
    buffers: LazyBuffers,
}

impl fmt::Debug for Tcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tcp")
            .field("peer", &self.stream.0.peer_addr().ok())
            .finish()
    }
}

/// A socket reports its own time-out as `WouldBlock` on Unix.
fn sorted(error: io::Error, reason: Timeout) -> Error {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Error::Timeout(reason),
        _ => Error::Io(error),
    }
}

impl Transport for Tcp {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = timeout.for_write();
        self.stream
            .0
            .set_write_timeout(timeout.not_zero().map(|left| *left))?;
        let output = &self.buffers.output()[..amount];
        (&self.stream.0)
            .write_all(output)
            .map_err(|e| sorted(e, timeout.reason))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        self.stream
            .0
            .set_read_timeout(timeout.not_zero().map(|left| *left))?;
        let input = self.buffers.input_append_buf();
        let amount = loop {
            match (&self.stream.0).read(input) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other.map_err(|e| sorted(e, timeout.reason))?,
            }
        };
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// An idle connection is open when there is nothing to read on it, not even its end.
    fn is_open(&mut self) -> bool {
        let stream = &self.stream.0;
        if stream.set_nonblocking(true).is_err() {
            return false;
        }
        let silent = matches!((&*stream).read(&mut [0]), Err(e) if e.kind() == ErrorKind::WouldBlock);
        stream.set_nonblocking(false).is_ok() && silent
    }
}
