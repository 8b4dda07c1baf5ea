//! An MQTT broker that nobody here wrote, and its clients.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{Folder, PATIENCE, Program, Site, free_address, or_skip, wait_for};

/// Where mosquitto and its clients are: `STANNARY_BROKER`, or where `scripts/fetch-broker` puts them.
pub fn broker_programs() -> Option<PathBuf> {
    let named = std::env::var_os("STANNARY_BROKER").map(PathBuf::from);
    let fetched = || {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        PathBuf::from(root).join("target/broker/bin")
    };
    let path = Some(named.unwrap_or_else(fetched)).filter(|path| path.join("mosquitto").is_file());
    or_skip(path, "the broker (`scripts/fetch-broker`)")
}

/// A broker on loopback. It keeps nothing on a disk.
#[derive(Debug)]
pub struct Broker {
    /// The process.
    pub program: Program,
    /// Its files.
    pub folder: Folder,
    /// Where it listens.
    pub address: SocketAddr,
    programs: PathBuf,
    login: [&'static str; 2],
    /// What clients need besides address and login.
    more: Vec<String>,
}

impl Broker {
    /// One that lets this user in, and nobody else.
    pub fn start(programs: &Path, login: [&'static str; 2]) -> Self {
        Broker::with(programs, login, Folder::new(), "", Vec::new())
    }

    /// The same with TLS, by a certificate and its key, both as PEM; its clients trust `authority`.
    pub fn with_tls(
        programs: &Path,
        login: [&'static str; 2],
        [certificate, key, authority]: [&str; 3],
    ) -> Self {
        let folder = Folder::new();
        let certificate = folder.write("broker.pem", certificate);
        let key = folder.write("broker.key", key);
        let authority = folder.write("ca.pem", authority);
        let lines = format!(
            "certfile {}\nkeyfile {}\n",
            certificate.display(),
            key.display()
        );
        let more = vec!["--cafile".to_owned(), authority.display().to_string()];
        Broker::with(programs, login, folder, &lines, more)
    }

    fn with(
        programs: &Path,
        login: [&'static str; 2],
        folder: Folder,
        lines: &str,
        more: Vec<String>,
    ) -> Self {
        let passwords = folder.path().join("passwords");
        let made = Command::new(programs.join("mosquitto_passwd"))
            .args(["-b", "-c"])
            .arg(&passwords)
            .args(login)
            .output();
        assert!(made.is_ok_and(|made| made.status.success()));
        let address = free_address();
        // As root it would become a user that this computer may not have.
        let config = format!(
            "listener {} 127.0.0.1\n{lines}allow_anonymous false\npassword_file {}\nuser root\n\
             persistence false\nlog_dest stderr\nlog_type all\n",
            address.port(),
            passwords.display()
        );
        let config = folder.write("mosquitto.conf", &config);
        let mut program = Program::start(
            Command::new(programs.join("mosquitto"))
                .arg("-c")
                .arg(config),
        );
        wait_for("the broker", PATIENCE, || {
            assert!(program.ended().is_none(), "{}", program.everything());
            std::net::TcpStream::connect(address).ok()
        });
        Broker {
            program,
            folder,
            address,
            programs: programs.to_owned(),
            login,
            more,
        }
    }

    fn client(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command
            .args(["-h", "127.0.0.1", "-p", &self.address.port().to_string()])
            .args(["-u", self.login[0], "-P", self.login[1]])
            .args(&self.more);
        command
    }

    /// Somebody who hears all that is said from now on, and what lies there.
    pub fn listen(&self) -> Listener {
        let mut command = self.client("mosquitto_sub");
        command.args(["-t", "#", "-F", "%r %t %p"]);
        Listener(Program::start(&mut command))
    }

    /// Say something.
    pub fn say(&self, topic: &str, payload: &str, retained: bool) {
        let mut command = self.client("mosquitto_pub");
        command.args(["-t", topic, "-m", payload]);
        if retained {
            command.arg("-r");
        }
        let mut program = Program::start(&mut command);
        let status = program.wait(PATIENCE);
        assert!(status.success(), "{}", program.everything());
    }
}

impl Site {
    /// Its daemon tells this broker each second, by `mqtt` or `mqtts`; `more` are further lines of the table.
    /// Before the daemon runs.
    pub fn tells(&mut self, broker: &Broker, scheme: &str, more: &str) {
        let text = std::fs::read_to_string(&self.config).expect("it was written");
        let table = format!(
            "\n[mqtt]\nurl = \"{scheme}://{}\"\nuser = \"{}\"\npassword = \"{}\"\nclient_id = \"rig-7\"\n\
             topic = \"farm/rig-7\"\ninterval_s = 1\n{more}\n",
            broker.address, broker.login[0], broker.login[1]
        );
        self.config = self.folder.write("mqtt.toml", &(text + &table));
    }
}

/// One message.
#[derive(Clone, PartialEq, Debug)]
pub struct Message {
    /// It lay at the broker before whoever heard it came.
    pub retained: bool,
    /// Its topic.
    pub topic: String,
    /// What it says.
    pub payload: String,
}

impl Message {
    /// The payload as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.payload).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// A running `mosquitto_sub`.
#[derive(Debug)]
pub struct Listener(Program);

impl Listener {
    /// All that was heard.
    pub fn heard(&self) -> Vec<Message> {
        let said = self.0.stdout();
        // What has no end yet is not whole.
        let whole = said
            .rsplit_once('\n')
            .map(|(whole, _)| whole)
            .unwrap_or_default();
        let lines = whole.lines().filter_map(|line| {
            let mut parts = line.splitn(3, ' ');
            let retained = parts.next()? == "1";
            let (topic, payload) = (parts.next()?.to_owned(), parts.next()?.to_owned());
            Some(Message {
                retained,
                topic,
                payload,
            })
        });
        lines.collect()
    }

    /// Waits for a message under this topic that fits.
    pub fn wait_for(&self, topic: &str, what: &str, fits: impl Fn(&Message) -> bool) -> Message {
        wait_for(what, PATIENCE, || {
            assert!(self.0.stderr().is_empty(), "{}", self.0.everything());
            let heard = self.heard().into_iter().rev();
            heard
                .filter(|message| message.topic == topic)
                .find(|message| fits(message))
        })
    }
}
