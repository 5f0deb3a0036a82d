//! A real Chromium without a screen, spoken to by its own protocol.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// Programs of that name, in the order in which they are tried.
const NAMES: [&str; 2] = ["chromium", "chromium-browser"];
/// No page takes longer: many tests may run beside this one.
const BOUND: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// One page of one browser; both end with it.
pub struct Browser {
    child: Child,
    socket: WebSocket<TcpStream>,
    session: String,
    count: u64,
    /// What the page complained of: console errors, exceptions, what its policy refused.
    pub complaints: Vec<String>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// An empty page; `None` where there is no Chromium, which is said.
    pub fn start() -> Option<Self> {
        let Some(program) = NAMES.iter().find_map(|name| which::which(name).ok()) else {
            eprintln!("left out: what a browser shows (no chromium)");
            return None;
        };
        let profile = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let child = Command::new(program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
            .args(["--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-port=0"])
            .args(["--disable-background-networking", "--disable-component-update"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let told = profile.path().join("DevToolsActivePort");
        let (port, path) = until("the browser tells its port", || {
            let text = std::fs::read_to_string(&told).ok()?;
            let (port, path) = text.split_once('\n')?;
            path.starts_with("/devtools").then(|| (port.to_owned(), path.trim().to_owned()))
        });
        let stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        let address = format!("ws://127.0.0.1:{port}{path}");
        let (socket, _) = tungstenite::client(address, stream).unwrap();
        let complaints = Vec::new();
        let session = String::new();
        let mut browser = Self { child, socket, session, count: 0, complaints, _profile: profile };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let target = target["targetId"].clone();
        let there = json!({"targetId": target, "flatten": true});
        let attached = browser.call("Target.attachToTarget", there);
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for part in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{part}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Sends one command and waits for its answer.
    #[track_caller]
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.count += 1;
        let id = self.count;
        let mut call = json!({"id": id, "method": method, "params": params});
        if !self.session.is_empty() {
            call["sessionId"] = json!(self.session);
        }
        self.socket.send(Message::text(call.to_string())).unwrap();
        loop {
            let message = self.hear();
            if message["id"] == json!(id) {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
        }
    }

    fn hear(&mut self) -> Value {
        loop {
            let Message::Text(text) = self.socket.read().unwrap() else { continue };
            let message: Value = serde_json::from_str(&text).unwrap();
            let params = &message["params"];
            let complaint = match message["method"].as_str() {
                Some("Runtime.exceptionThrown") => Some(&params["exceptionDetails"]),
                Some("Log.entryAdded") if params["entry"]["level"] == "error" => {
                    Some(&params["entry"])
                }
                Some("Runtime.consoleAPICalled") if params["type"] == "error" => {
                    Some(&params["args"])
                }
                Some("Page.javascriptDialogOpening") => Some(params),
                _ => None,
            };
            self.complaints.extend(complaint.map(Value::to_string));
            return message;
        }
    }

    /// Opens an address and waits until it is there.
    #[track_caller]
    pub fn open(&mut self, address: &str) {
        self.call("Page.navigate", json!({"url": address}));
        self.wait_for(&format!(
            "location.href.startsWith({}) && document.readyState === 'complete'",
            json!(address)
        ));
    }

    /// Opens a file.
    #[track_caller]
    pub fn open_file(&mut self, path: &Path) {
        self.open(&format!("file://{}", path.display()));
    }

    /// What an expression comes to.
    #[track_caller]
    pub fn ask(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", params);
        let error = &answer["exceptionDetails"];
        assert!(error.is_null(), "`{expression}`: {error}");
        answer["result"]["value"].clone()
    }

    /// Looks again and again until an expression is true.
    #[track_caller]
    pub fn wait_for(&mut self, expression: &str) {
        let begun = Instant::now();
        while self.ask(expression) != json!(true) {
            assert!(begun.elapsed() < BOUND, "it did not come true: {expression}");
            std::thread::sleep(LOOK);
        }
    }

    /// A window of this size, in points.
    pub fn resize(&mut self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// `light` or `dark`.
    pub fn prefer(&mut self, scheme: &str) {
        let feature = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", feature);
    }

    /// Presses one key, with what it types.
    pub fn press(&mut self, key: &str, code: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let mut event =
                json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Keeps what is seen as an artifact of the tests; `Some(height)` begins at the top of the page.
    pub fn picture(&mut self, name: &str, size: Option<(u32, u32)>) -> PathBuf {
        let mut params = json!({"format": "png", "captureBeyondViewport": size.is_some()});
        if let Some((width, height)) = size {
            params["clip"] = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
        }
        let answer = self.call("Page.captureScreenshot", params);
        let bytes = data_encoding::BASE64.decode(answer["data"].as_str().unwrap().as_bytes());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png"));
        std::fs::write(&path, bytes.unwrap()).unwrap();
        path
    }
}

impl Drop for Browser {
    /// It ends its own processes when it is asked to; else it is killed.
    fn drop(&mut self) {
        let close = json!({"id": 0, "method": "Browser.close"});
        let _ = self.socket.send(Message::text(close.to_string()));
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && begun.elapsed() < BOUND / 12 {
            std::thread::sleep(LOOK);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again until there is an answer.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < BOUND, "it did not come true: {what}");
        std::thread::sleep(LOOK);
    }
}
