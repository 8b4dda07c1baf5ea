//! The machine's owner at its command line, which asks over the local socket.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{PATIENCE, Site, wait_for};

impl Site {
    /// What a command prints; `line` is what it may read.
    pub fn order(&self, binary: &Path, args: &[&str], line: &str) -> String {
        let mut child = Command::new(binary)
            .arg("--api")
            .arg(self.socket())
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut stdin = child.stdin.take().expect("piped");
        // It may not want any.
        let _ = writeln!(stdin, "{line}");
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{args:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The same as JSON.
    pub fn order_json(&self, binary: &Path, args: &[&str]) -> Value {
        let args = [args, &["--json"]].concat();
        let said = self.order(binary, &args, "");
        serde_json::from_str(&said).unwrap_or_else(|_| panic!("{args:?}: {said}"))
    }

    /// Set this password.
    pub fn claim(&self, binary: &Path, password: &str) {
        self.order(binary, &["access", "claim"], password);
    }

    /// A new token.
    pub fn token(&self, binary: &Path, name: &str, scope: &str) -> String {
        let args = ["access", "token", "add", name, "--scope", scope];
        let made = self.order_json(binary, &args);
        made["token"].as_str().expect("a text").to_owned()
    }

    /// The SHA-256 of the certificate that the page shows, once there is one.
    pub fn certificate(&self, binary: &Path) -> String {
        wait_for("a certificate", PATIENCE, || {
            let told = self.order_json(binary, &["access", "fingerprint"]);
            told["certificate_sha256"].as_str().map(str::to_owned)
        })
    }
}
