//! One question in plain HTTP/1.1, and as much of the answer as tells who is there and what time it is there.

use std::io::{self, Read, Write};

use jiff::fmt::rfc2822;

use crate::model::Millis;

/// The head of an answer, and the beginning of its body.
const SIZE: usize = 64 << 10;

/// An answer, as far as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub status: u16,
    /// The other side's clock, in whole seconds.
    pub date: Option<Millis>,
    pub body: String,
}

/// Asks for `path` without following anything. `None`: what came is no HTTP.
pub fn get(stream: &mut (impl Read + Write), host: &str, path: &str) -> io::Result<Option<Seen>> {
    let question = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: b24-bridge/{}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    // In one piece: whoever answers the first bytes and hangs up must not be taken for a broken line.
    stream.write_all(question.as_bytes())?;
    stream.flush()?;
    let mut got = Vec::new();
    let mut some = [0u8; 4 << 10];
    loop {
        match stream.read(&mut some) {
            Ok(0) => break,
            Ok(count) => got.extend_from_slice(&some[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Many a server hangs up without a farewell; what it said before counts.
            Err(_) if !got.is_empty() => break,
            Err(error) => return Err(error),
        }
        if got.len() >= SIZE || is_whole(&got) {
            break;
        }
    }
    Ok(read(&got))
}

fn is_whole(got: &[u8]) -> bool {
    let text = String::from_utf8_lossy(got);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = header(head, "content-length").and_then(|text| text.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

fn read(got: &[u8]) -> Option<Seen> {
    let text = String::from_utf8_lossy(got);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let line = head.lines().next()?;
    let mut words = line.split(' ');
    let status = words.next().filter(|word| word.starts_with("HTTP/1."));
    status?;
    Some(Seen {
        status: words.next()?.parse().ok()?,
        date: header(head, "date").and_then(moment),
        body: body.to_owned(),
    })
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// `Sun, 22 Nov 2026 10:00:00 GMT` (RFC 9110, section 5.6.7).
fn moment(text: &str) -> Option<Millis> {
    let parsed = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Millis(parsed.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn answers_are_read_as_far_as_needed() {
        let seen = read(b"HTTP/1.1 301 Moved\r\nDATE: Sun, 22 Nov 2026 10:00:00 GMT\r\n\r\nok").unwrap();
        assert_eq!(seen.status, 301);
        assert_eq!(seen.date.unwrap().to_string(), "2026-11-22T10:00:00Z");
        assert_eq!(seen.body, "ok");
        for nonsense in [&b""[..], b"SSH-2.0\r\n\r\n", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 200"] {
            assert_eq!(read(nonsense), None);
        }
        assert_eq!(read(b"HTTP/1.0 200 OK\r\nDate: now\r\n\r\n").unwrap().date, None);
    }

    #[test]
    fn an_answer_that_says_its_length_is_not_waited_beyond() {
        assert!(is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"));
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\n\r\nok"));
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_is_none(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (read(&bytes), is_whole(&bytes));
        }
    }
}
