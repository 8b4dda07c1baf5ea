//! A site that fleet software for Antminers reaches: its ports, and programs that others wrote.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::{ANSWER_S, PATIENCE, Site, free_address, or_skip, wait_for};

/// Python with fleet software in it: `STANNARY_CLIENTS`, or where `scripts/fetch-clients` puts it.
pub fn clients_python() -> Option<PathBuf> {
    let named = std::env::var_os("STANNARY_CLIENTS").map(PathBuf::from);
    let fetched = || {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        PathBuf::from(root).join("target/clients/bin/python")
    };
    let path = Some(named.unwrap_or_else(fetched)).filter(|path| path.is_file());
    or_skip(path, "fleet software (`scripts/fetch-clients`)")
}

/// A loopback address of one's own, where the ports are free that these clients insist on.
pub fn own_loopback() -> Option<Ipv4Addr> {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let found = (0..50).find_map(|_| {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let ip = Ipv4Addr::new(127, 20 + (count % 200) as u8, high, low.max(1));
        let free = |port| TcpListener::bind((ip, port)).is_ok();
        [80, 4028, 6060].into_iter().all(free).then_some(ip)
    });
    or_skip(found, "the right to use port 80 of a loopback address")
}

/// Runs one of the scripts in `clients/` and gives what it prints.
pub fn run_client(python: &Path, script: &str, args: &[&str]) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("clients")
        .join(script);
    let mut program = crate::Program::start(Command::new(python).arg(path).args(args));
    let status = program.wait(2 * PATIENCE);
    assert!(
        status.success(),
        "{script}: {status}\n{}",
        program.everything()
    );
    let said = program.stdout();
    let last = said.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|_| panic!("no JSON\n{}", program.everything()))
}

/// Where old clients find a daemon.
#[derive(Clone, Debug)]
pub struct OldPorts {
    /// The cgminer socket.
    pub socket: SocketAddr,
    /// The side port.
    pub side: SocketAddr,
    /// The file with the password of the web interface.
    pub login: PathBuf,
}

impl Site {
    /// Opens the interfaces of old clients, on the ports that they insist on where there is an
    /// address for it. Before the daemon runs.
    pub fn open_to_old_clients(&mut self, ip: Option<Ipv4Addr>, legacy: &str) -> OldPorts {
        let at = |port| match ip {
            Some(ip) => SocketAddr::from((ip, port)),
            None => free_address(),
        };
        let ports = OldPorts {
            socket: at(4028),
            side: at(6060),
            login: self.folder.path().join("login"),
        };
        let mut text = std::fs::read_to_string(&self.config).expect("it was written");
        if ip.is_some() {
            let before = self
                .page
                .trim_start_matches("http://")
                .trim_end_matches('/');
            text = text.replacen(before, &at(80).to_string(), 1);
            self.page = format!("http://{}/", at(80));
        }
        // The table of interfaces is the last one.
        text.push_str(&format!(
            "cgminer = \"{}\"\nside = \"{}\"\nlegacy = \"{legacy}\"\nlegacy_login = \"{}\"\n",
            ports.socket,
            ports.side,
            ports.login.display()
        ));
        self.config = self.folder.write("old-clients.toml", &text);
        ports
    }
}

impl OldPorts {
    /// One request to the socket, as clients send it; `None` if nobody answers.
    pub fn ask(&self, command: &str, parameter: Option<&str>) -> Option<Value> {
        let mut request = serde_json::json!({ "command": command });
        if let Some(parameter) = parameter {
            request["parameter"] = parameter.into();
        }
        let mut stream = TcpStream::connect(self.socket).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_secs(ANSWER_S)))
            .ok()?;
        stream.write_all(request.to_string().as_bytes()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let json = answer.strip_suffix(b"\0")?;
        serde_json::from_slice(json).ok()
    }

    /// The same, with the kind and code of its status.
    pub fn code(&self, command: &str, parameter: Option<&str>) -> (String, u64) {
        let reply = wait_for("an answer", PATIENCE, || self.ask(command, parameter));
        let status = &reply["STATUS"][0];
        let kind = status["STATUS"].as_str().unwrap_or_default().to_owned();
        (kind, status["Code"].as_u64().unwrap_or_default())
    }

    /// The generated password.
    pub fn password(&self) -> String {
        let text = std::fs::read_to_string(&self.login).expect("the daemon made it");
        text.trim_end().to_owned()
    }
}
