//! A small server for one page: it answers `GET`, one request per connection, and takes nothing in.
//!
//! What it is asked for is read by `httparse`, within a bound of bytes and of time. A request whose
//! `Host` is a name other than `localhost` is refused: a page of somebody else could have pointed
//! its own name here (DNS rebinding), and an address cannot be pointed anywhere.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The longest head of a request, in bytes.
const LONGEST: usize = 8 << 10;
/// Whoever is slower is left.
const PATIENCE: Duration = Duration::from_secs(10);
/// At most so many are answered at once; events are listened to for long.
const MOST: usize = 64;
/// Between two looks at whether to stop.
const LOOK: Duration = Duration::from_millis(200);
/// Between two looks at whether there is something new.
const TICK: Duration = Duration::from_millis(500);
/// After so many ticks without news a word is sent, to learn whether anybody listens.
const QUIET: u32 = 30;

/// What a path answers.
pub enum Answer<'a> {
    /// A page, and the policy it is shown under.
    Page {
        /// HTML.
        text: String,
        /// As `Content-Security-Policy` has it.
        policy: String,
    },
    /// A word whenever something is new: asked again and again, it answers whether it is.
    Events(Box<dyn FnMut() -> bool + 'a>),
    /// There is nothing.
    Nothing,
    /// It could not be made.
    Failed(String),
}

/// A place to be asked at.
pub struct Server {
    listener: TcpListener,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Listens at an address; port 0 is any that is free.
    pub fn at(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address).with_context(|| {
            format!("cannot listen at `{address}`\nhint: --port 0 takes one that is free")
        })?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Answers until it is told to stop.
    pub fn run<'a>(&self, stop: &AtomicBool, answer: &(impl Fn(&str) -> Answer<'a> + Sync)) {
        let busy = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            while !stop.load(Ordering::Relaxed) {
                self.wait();
                let Ok((stream, _)) = self.listener.accept() else { continue };
                if busy.fetch_add(1, Ordering::Relaxed) >= MOST {
                    busy.fetch_sub(1, Ordering::Relaxed);
                    continue;
                }
                let busy = &busy;
                let talk = move || {
                    // Whoever goes away meanwhile is no fault.
                    let _ = converse(stream, stop, answer);
                    busy.fetch_sub(1, Ordering::Relaxed);
                };
                if std::thread::Builder::new().spawn_scoped(scope, talk).is_err() {
                    // It is heard when it asks again.
                    busy.fetch_sub(1, Ordering::Relaxed);
                }
            }
        });
    }

    /// Until somebody comes, or a signal does, or it is time to look.
    fn wait(&self) {
        let look = Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK.subsec_nanos()) };
        let _ = poll(&mut [PollFd::new(&self.listener, PollFlags::IN)], Some(&look));
    }
}

fn converse<'a>(
    mut stream: TcpStream,
    stop: &AtomicBool,
    answer: &impl Fn(&str) -> Answer<'a>,
) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let asked = asked(&read_head(&mut stream)?);
    let (path, only_head) = match asked {
        Ok(asked) => asked,
        Err((status, why)) => return stream.write_all(whole(status, "", why).as_bytes()),
    };
    let said = match answer(&path) {
        Answer::Page { text, policy } => {
            let policy = format!("content-security-policy: {policy}; frame-ancestors 'none'\r\n");
            whole("200 OK", &format!("content-type: text/html; charset=utf-8\r\n{policy}"), &text)
        }
        Answer::Nothing => whole("404 Not Found", "", "there is nothing here\n"),
        Answer::Failed(why) => whole("500 Internal Server Error", "", &format!("{why}\n")),
        Answer::Events(news) if !only_head => return events(&mut stream, stop, news),
        Answer::Events(_) => head("200 OK", "content-type: text/event-stream\r\n"),
    };
    let length =
        if only_head { said.find("\r\n\r\n").map_or(0, |end| end + 4) } else { said.len() };
    stream.write_all(&said.as_bytes()[..length])
}

/// All up to the empty line.
fn read_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut piece = [0; 1024];
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") && bytes.len() < LONGEST {
        match stream.read(&mut piece)? {
            0 => break,
            count => bytes.extend_from_slice(&piece[..count]),
        }
    }
    Ok(bytes)
}

/// The path that is asked for and whether its head is all that is wanted, else status and reason.
fn asked(bytes: &[u8]) -> Result<(String, bool), (&'static str, &'static str)> {
    let bad = ("400 Bad Request", "this is no request\n");
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    if !request.parse(bytes).is_ok_and(|status| status.is_complete()) {
        return Err(bad);
    }
    let mut hosts = request.headers.iter().filter(|it| it.name.eq_ignore_ascii_case("host"));
    let host = hosts.next().and_then(|host| std::str::from_utf8(host.value).ok());
    if hosts.next().is_some() || !host.is_some_and(is_an_address) {
        return Err(("421 Misdirected Request", "ask at localhost, or at an address\n"));
    }
    let only_head = match request.method {
        Some("GET") => false,
        Some("HEAD") => true,
        _ => return Err(("405 Method Not Allowed", "this page can only be read\n")),
    };
    let path = request.path.unwrap_or_default();
    Ok((path.split('?').next().unwrap_or_default().to_owned(), only_head))
}

/// `localhost`, or an address; with or without a port.
fn is_an_address(host: &str) -> bool {
    let name = host.trim();
    let name = match name.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit()) => {
            name
        }
        _ => name,
    };
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

fn head(status: &str, more: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{more}cache-control: no-store\r\nx-content-type-options: nosniff\r\n\
         referrer-policy: no-referrer\r\ncross-origin-resource-policy: same-origin\r\n\
         connection: close\r\n\r\n"
    )
}

fn whole(status: &str, more: &str, body: &str) -> String {
    let kind = if more.is_empty() { "content-type: text/plain; charset=utf-8\r\n" } else { more };
    let length = body.len();
    head(status, &format!("{kind}content-length: {length}\r\n")) + body
}

/// One word for each piece of news, until the other side goes away.
fn events(
    stream: &mut TcpStream,
    stop: &AtomicBool,
    mut news: impl FnMut() -> bool,
) -> io::Result<()> {
    stream.write_all(head("200 OK", "content-type: text/event-stream\r\n").as_bytes())?;
    stream.write_all(b"retry: 1000\n\n")?;
    let mut quiet = 0;
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(TICK);
        quiet += 1;
        if news() {
            stream.write_all(b"event: news\ndata: 1\n\n")?;
            quiet = 0;
        } else if quiet >= QUIET {
            stream.write_all(b": nothing new\n\n")?;
            quiet = 0;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reading_from_an_address_is_answered() {
        for (method, host, status) in [
            ("GET", "localhost:7000", ""),
            ("GET", "127.0.0.1:7000", ""),
            ("HEAD", "[::1]:7000", ""),
            ("GET", "10.0.0.7", ""),
            ("GET", "evil.example:7000", "421"),
            ("GET", "localhost.evil.example", "421"),
            ("GET", "", "421"),
            ("POST", "localhost", "405"),
        ] {
            let text = format!("{method} /a?b HTTP/1.1\r\nhost: {host}\r\n\r\n");
            match asked(text.as_bytes()) {
                Ok((path, _)) => assert_eq!((path.as_str(), status), ("/a", ""), "{text}"),
                Err((said, _)) => assert!(!status.is_empty() && said.starts_with(status), "{text}"),
            }
        }
        for noise in ["", "GET / HTTP/1.1\r\n", "\0\0\0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"] {
            assert!(asked(noise.as_bytes()).is_err(), "{noise:?}");
        }
        let two = "GET / HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n\r\n";
        assert!(asked(two.as_bytes()).is_err());
    }
}
