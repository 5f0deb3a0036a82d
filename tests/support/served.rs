//! `buildq serve`, as a test asks it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use super::TestRepo;

/// A server at a free port; it is ended when it is dropped.
pub struct Served {
    child: Child,
    /// Where it answers, with a slash at the end.
    pub address: String,
}

impl Served {
    /// Starts it and waits until it answers.
    pub fn start(repo: &TestRepo) -> Self {
        let mut command = repo.command(env!("CARGO_BIN_EXE_buildq"));
        command.args(["serve", "--port", "0"]).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().to_owned();
        assert!(address.starts_with("http://127.0.0.1:"), "{address}");
        Self { child, address }
    }

    /// Its port.
    pub fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap().trim_end_matches('/')
    }

    /// What it says to these very bytes.
    pub fn asked(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{}", self.port())).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        said
    }

    /// A page.
    pub fn get(&self, path: &str) -> String {
        let port = self.port();
        self.asked(&format!("GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\n\r\n"))
    }

    /// Interrupts it as Ctrl-C does; whether it ended well.
    pub fn interrupt(&mut self) -> bool {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        self.child.wait().unwrap().success()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
