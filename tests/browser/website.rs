//! Pages of other sites: a company's website with a form, and a site that means harm.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Serves one page at every path until it is dropped.
pub struct Website {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    serving: Option<JoinHandle<()>>,
}

impl Website {
    pub fn start(page: String) -> Website {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        let serving = std::thread::spawn(move || {
            for connection in listener.incoming() {
                if seen.load(Ordering::SeqCst) {
                    return;
                }
                // A browser opens connections that it does not use.
                let _ = connection.and_then(|connection| answer(connection, &page));
            }
        });
        Website {
            address,
            is_over,
            serving: Some(serving),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The same site under a name that browsers take for another site than 127.0.0.1.
    pub fn foreign_url(&self) -> String {
        format!("http://localhost:{}/", self.address.port())
    }
}

fn answer(connection: TcpStream, page: &str) -> std::io::Result<()> {
    connection.set_read_timeout(Some(std::time::Duration::from_secs(2)))?;
    let mut lines = BufReader::new(&connection).lines();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let length = page.len();
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\nContent-Length:";
    write!(&connection, "{head} {length}\r\n\r\n{page}")
}

impl Drop for Website {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the listener up.
        let _ = TcpStream::connect(self.address);
        if let Some(serving) = self.serving.take() {
            let _ = serving.join();
        }
    }
}
