//! Servers on 127.0.0.1 that speak the real protocols, well or badly: HTTP and SMTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How a server of HTTP behaves.
#[derive(Clone, Debug)]
pub enum Manner {
    /// It answers with this status and body.
    Answers(u16, &'static str),
    /// It asks to come again later.
    Later(u32),
    /// It reads everything and never answers.
    Stalls,
    /// It closes the connection in the middle of the request.
    HangsUp,
    /// It answers one byte at a time, for ever.
    Drips,
}

/// One request, as it came in.
#[derive(Clone, Debug)]
pub struct Call {
    /// `POST /path HTTP/1.1`
    pub line: String,
    /// In lower case, one line each.
    pub headers: Vec<String>,
    /// What it carried.
    pub body: String,
}

impl Call {
    /// The value of a header.
    pub fn header(&self, name: &str) -> &str {
        let head = format!("{name}: ");
        self.headers.iter().find_map(|line| line.strip_prefix(&head)).unwrap_or_default()
    }

    /// Its body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// An HTTP server; its threads end with the test.
#[derive(Clone)]
pub struct Web {
    manner: Arc<Mutex<Manner>>,
    calls: Arc<Mutex<Vec<Call>>>,
    port: u16,
}

impl Web {
    /// One that behaves like this.
    pub fn new(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let web = Self { manner: Arc::new(Mutex::new(manner)), calls: Arc::default(), port };
        let own = web.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve(stream));
            }
        });
        web
    }

    /// Its address, with this path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// It behaves like this from here on.
    pub fn turns(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// Every request so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    fn serve(&self, stream: TcpStream) {
        let manner = self.manner.lock().unwrap().clone();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let Some(call) = read_call(&mut reader, &manner) else { return };
        self.calls.lock().unwrap().push(call);
        let mut stream = stream;
        let answer = |status: u16, more: &str, body: &str| {
            let length = body.len();
            format!(
                "HTTP/1.1 {status} X\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
        };
        let _ = match manner {
            Manner::Answers(status, body) => stream.write_all(answer(status, "", body).as_bytes()),
            Manner::Later(seconds) => {
                let more = format!("Retry-After: {seconds}\r\n");
                stream.write_all(answer(429, &more, "slow down").as_bytes())
            }
            Manner::Stalls => wait_for_its_end(&mut reader),
            // The connection is gone already.
            Manner::HangsUp => Ok(()),
            Manner::Drips => drip(&mut stream),
        };
    }
}

fn read_call(reader: &mut BufReader<TcpStream>, manner: &Manner) -> Option<Call> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|length| *length > 2)?;
        let header = header.trim_end();
        let (name, value) = header.split_once(':')?;
        headers.push(format!("{}: {}", name.to_lowercase(), value.trim()));
        if matches!(manner, Manner::HangsUp) {
            return None;
        }
        if reader.buffer().starts_with(b"\r\n") {
            reader.consume(2);
            break;
        }
    }
    let length = headers.iter().find_map(|it| it.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8_lossy(&body).into_owned();
    Some(Call { line: line.trim_end().to_owned(), headers, body })
}

fn wait_for_its_end(reader: &mut impl Read) -> std::io::Result<()> {
    reader.read_to_end(&mut Vec::new()).map(|_| ())
}

fn drip(stream: &mut TcpStream) -> std::io::Result<()> {
    for byte in b"HTTP/1.1 200 OK\r\n".iter().chain(std::iter::repeat(&b'x')) {
        stream.write_all(&[*byte])?;
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// An address at which nobody listens.
pub fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://127.0.0.1:{}/", listener.local_addr().unwrap().port())
}

/// How a mail server behaves.
#[derive(Clone, Copy, Debug)]
pub enum Post {
    /// It takes every mail.
    Takes,
    /// It refuses each recipient.
    Refuses,
    /// It greets and says nothing more.
    Stalls,
}

/// A mail as it came in, and the login before it.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// What was said before the mail, line by line.
    pub talk: Vec<String>,
    /// Headers and body.
    pub data: String,
}

/// An SMTP server without encryption; its threads end with the test.
#[derive(Clone)]
pub struct Smtp {
    mails: Arc<Mutex<Vec<Received>>>,
    /// Where it listens.
    pub port: u16,
}

impl Smtp {
    /// One that behaves like this.
    pub fn new(manner: Post) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let smtp = Self { mails: Arc::default(), port };
        let own = smtp.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve(stream, manner));
            }
        });
        smtp
    }

    /// Every mail so far.
    pub fn mails(&self) -> Vec<Received> {
        self.mails.lock().unwrap().clone()
    }

    fn serve(&self, mut stream: TcpStream, manner: Post) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut say = move |line: &str| stream.write_all(format!("{line}\r\n").as_bytes()).ok();
        let mut mail = Received::default();
        say("220 test ESMTP")?;
        if matches!(manner, Post::Stalls) {
            return wait_for_its_end(&mut reader).ok();
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
            let line = line.trim_end().to_owned();
            mail.talk.push(line.clone());
            let verb = line.split(' ').next().unwrap_or_default().to_uppercase();
            match verb.as_str() {
                "EHLO" => {
                    say("250-test")?;
                    say("250 AUTH PLAIN LOGIN")?;
                }
                "AUTH" => say("235 welcome")?,
                "RCPT" if matches!(manner, Post::Refuses) => say("550 no such person")?,
                "DATA" => {
                    say("354 go on")?;
                    mail.data = read_mail(&mut reader)?;
                    self.mails.lock().unwrap().push(std::mem::take(&mut mail));
                    say("250 taken")?;
                }
                "QUIT" => return say("221 bye"),
                _ => say("250 ok")?,
            }
        }
    }
}

fn read_mail(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        if line == ".\r\n" {
            return Some(data);
        }
        data += &line;
    }
}
