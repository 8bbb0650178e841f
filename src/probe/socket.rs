//! TCP: a connection from a chosen address, through a proxy if need be, and whether a port is free.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use data_encoding::BASE64;
use socket2::{Domain, Protocol, Socket, Type};

use crate::model::Secret;

/// A proxy's answer to CONNECT is a few lines.
const ANSWER_SIZE: usize = 16 << 10;

/// Connects, from this source address if one is given. Reading and writing keep to the same time limit.
pub fn connect(to: SocketAddr, from: Option<IpAddr>, limit: Duration) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    if let Some(from) = from {
        socket.bind(&SocketAddr::new(from, 0).into())?;
    }
    socket.connect_timeout(&to.into(), limit)?;
    let stream: TcpStream = socket.into();
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    Ok(stream)
}

/// Whether `address` could be listened on now.
pub fn is_free(address: SocketAddr) -> io::Result<()> {
    TcpListener::bind(address).map(|_| ())
}

/// What a proxy is asked for.
#[derive(Debug, Clone)]
pub struct Tunnel {
    pub host: String,
    pub port: u16,
    /// `user:password`
    pub login: Option<Secret>,
}

impl Tunnel {
    /// Asks the proxy at the other end for a connection onwards; what is refused is told with the proxy's own line.
    pub fn open(&self, stream: &mut TcpStream) -> io::Result<()> {
        let mut ask = format!(
            "CONNECT {0}:{1} HTTP/1.1\r\nHost: {0}:{1}\r\n",
            self.host, self.port
        );
        if let Some(login) = &self.login {
            ask.push_str("Proxy-Authorization: Basic ");
            ask.push_str(&BASE64.encode(login.reveal().as_bytes()));
            ask.push_str("\r\n");
        }
        ask.push_str("\r\n");
        stream.write_all(ask.as_bytes())?;
        let answer = head(stream)?;
        let line = answer.lines().next().unwrap_or_default().trim();
        let status = line.split(' ').nth(1).unwrap_or_default();
        if line.starts_with("HTTP/1.") && status.starts_with('2') {
            Ok(())
        } else {
            // The status alone: the reason may be anything, the login among it.
            Err(io::Error::new(
                ErrorKind::ConnectionRefused,
                format!(
                    "it answered {}",
                    if status.is_empty() { "nonsense" } else { status }
                ),
            ))
        }
    }
}

/// Reads as far as the empty line and no byte beyond it: what follows belongs to the tunnel.
fn head(stream: &mut impl Read) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0u8; 1];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= ANSWER_SIZE || stream.read(&mut byte)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    /// A proxy that gives this answer once; what it was asked.
    fn proxy(answer: &'static str) -> (SocketAddr, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let asked = head(&mut stream).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            asked
        });
        (address, asked)
    }

    fn tunnel(login: Option<&str>) -> Tunnel {
        Tunnel {
            host: "portal.example".to_owned(),
            port: 443,
            login: login.map(Secret::new),
        }
    }

    #[test]
    fn a_tunnel_begins_right_behind_the_proxys_answer() {
        let (address, asked) = proxy("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nhello");
        let mut stream = connect(address, None, LIMIT).unwrap();
        tunnel(Some("u:hunter2")).open(&mut stream).unwrap();
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "hello");
        let asked = asked.join().unwrap();
        assert!(
            asked.starts_with("CONNECT portal.example:443 HTTP/1.1\r\n"),
            "{asked}"
        );
        assert!(asked.contains("Basic dTpodW50ZXIy\r\n"), "{asked}");
    }

    #[test]
    fn a_proxy_that_refuses_is_quoted_without_its_words() {
        for (answer, expected) in [
            ("HTTP/1.1 407 dTpodW50ZXIy\r\n\r\n", "it answered 407"),
            ("SSH-2.0-x\r\n\r\n", "it answered nonsense"),
        ] {
            let (address, _asked) = proxy(answer);
            let mut stream = connect(address, None, LIMIT).unwrap();
            let error = tunnel(None).open(&mut stream).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn a_taken_port_is_not_free_and_a_source_address_is_kept() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert!(is_free(address).is_err());
        let stream = connect(address, Some([127, 0, 0, 1].into()), LIMIT).unwrap();
        assert_eq!(stream.local_addr().unwrap().ip(), IpAddr::from([127, 0, 0, 1]));
        drop((listener, stream));
        assert!(is_free("127.0.0.1:0".parse().unwrap()).is_ok());
    }
}
