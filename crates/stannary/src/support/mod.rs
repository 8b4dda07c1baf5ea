//! The archive for a support request: what somebody elsewhere needs to see, and no secrets.
//!
//! Invariants: the configuration comes in by keys that are known to hold no secret; the files of passwords,
//! tokens and hashes are not read but to know what to take out; whatever else comes in loses every secret of
//! the configuration and of the legacy login. The archive has a bound, and says what it left out.

mod scrub;
mod system;
mod tar;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use api::Seen;
use serde_json::{Value, json};
use toml_edit::DocumentMut;

use self::scrub::Secrets;
use self::tar::Tar;
use crate::cli::{config, config_view, summary_of};
use crate::recordings;
use crate::{FIRMWARE, file_text};

/// The folder in the archive.
const FOLDER: &str = "stannary-support";
/// The whole archive; the most usual recording has three megabytes.
pub(crate) const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Names in the file of access are shorter, salts and passwords longer.
const ACCESS_SECRET_MIN: usize = 16;
/// Longest legacy login that is looked for.
const LOGIN_MAX: u64 = 1024;

/// What a running daemon knows, as it says it.
pub(crate) struct Known {
    status: Value,
    notes: Value,
    changes: Value,
}

impl Known {
    pub(crate) fn of(seen: Seen) -> Known {
        let notes: Vec<_> = seen.notes.iter().map(shown_note).collect();
        Known {
            status: json!(*seen.snapshot),
            notes: json!(notes),
            changes: seen.changes,
        }
    }
}

/// Make one. `file` is the configuration.
pub(crate) fn archive(file: Option<&Path>, known: Option<Known>) -> Vec<u8> {
    let mut secrets = Secrets::default();
    let configured = file.map(|file| Configured::read(file, &mut secrets));
    let mut files = Files {
        secrets,
        tar: Tar::new(unix_s()),
        names: Vec::new(),
        left_out: Vec::new(),
        left: BYTES_MAX - Tar::takes(64 * 1024) - 1024,
    };
    if let Some(known) = known {
        files.add("summary.txt", summary_of(&known.status).as_bytes());
        files.add_json("status.json", known.status);
        files.add_json("changes.json", known.changes);
        files.add_json("log.json", known.notes);
    }
    files.add_json("system.json", system::facts());
    if let Some(configured) = configured {
        files.add("configuration.txt", configured.text.as_bytes());
        if let Some(folder) = &configured.recordings {
            add_recordings(&mut files, folder);
        }
    }
    files.finish()
}

fn shown_note(note: &telemetry::Note) -> Value {
    let mut shown = json!(note);
    shown["severity"] = json!(note.severity());
    shown["meaning"] = json!(note.code.meaning());
    shown
}

fn unix_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// What the configuration says that goes in.
struct Configured {
    text: String,
    recordings: Option<PathBuf>,
}

impl Configured {
    fn read(file: &Path, secrets: &mut Secrets) -> Configured {
        let checked = config::load(file);
        let faults = match &checked {
            Ok(_) => "no faults".to_owned(),
            Err(faults) => faults.to_string(),
        };
        let text = file_text::read(file, config::FILE_BYTES_MAX).unwrap_or_default();
        // What is no TOML may be anything, so that none of it goes in.
        let document: Option<DocumentMut> = text.parse().ok();
        let entries = document
            .as_ref()
            .map(config_view::entries)
            .unwrap_or_default();
        let checked = checked.ok();
        // One that has a fault elsewhere still says where they are.
        let named = |key: &str| {
            let mut entries = entries.iter();
            entries
                .find(|entry| entry.key == key)
                .map(|entry| PathBuf::from(entry.bare()))
        };
        let access = checked
            .as_ref()
            .and_then(|config| config.api.access.clone());
        if let Some(access) = access.or_else(|| named("api.access")) {
            add_access(&access, secrets);
        }
        let recordings = checked.and_then(|config| config.recordings);
        let recordings = recordings.or_else(|| named("machine.recordings"));
        for entry in &entries {
            entry
                .secrets()
                .iter()
                .for_each(|secret| secrets.add(secret));
            // Files that hold a secret as their line.
            if ["api.legacy_login", "mqtt.password_file"].contains(&entry.key.as_str()) {
                secrets.add(&first_line(Path::new(&entry.bare())));
            }
        }
        let lines = entries
            .iter()
            .map(|entry| format!("{} = {}\n", entry.key, entry.shown()));
        let lines: String = lines.collect();
        Configured {
            text: format!("# {}\n{lines}\n# checked:\n{faults}\n", file.display()),
            recordings,
        }
    }
}

/// Hashes, salts and the login of old clients, as the file of access holds them.
fn add_access(file: &Path, secrets: &mut Secrets) {
    let mut text = String::new();
    let bounded = fs::File::open(file).map(|file| file.take(api::Kept::BYTES_MAX));
    // What cannot be read is in no text either, as far as can be told.
    let _ = bounded.and_then(|mut file| file.read_to_string(&mut text));
    let kept: Value = serde_json::from_str(&text).unwrap_or_default();
    let mut left = vec![&kept];
    while let Some(value) = left.pop() {
        match value {
            Value::String(text) if text.len() >= ACCESS_SECRET_MIN => secrets.add(text),
            Value::Array(list) => left.extend(list),
            Value::Object(fields) => left.extend(fields.values()),
            _ => {}
        }
    }
}

fn first_line(file: &Path) -> String {
    let mut text = String::new();
    let read = fs::File::open(file).and_then(|file| file.take(LOGIN_MAX).read_to_string(&mut text));
    match read {
        Ok(_) => text.lines().next().unwrap_or_default().to_owned(),
        Err(_) => String::new(),
    }
}

/// Names and sizes of all, and the newest if it fits.
fn add_recordings(files: &mut Files, folder: &Path) {
    let kept = recordings::kept(folder);
    let sizes = kept.iter().map(|path| {
        let bytes = fs::metadata(path).map_or(0, |found| found.len());
        json!({ "file": path.file_name().and_then(|name| name.to_str()), "bytes": bytes })
    });
    files.add_json("recordings.json", json!(sizes.collect::<Vec<_>>()));
    let Some(newest) = kept.last() else {
        return;
    };
    let name = newest
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let mut content = Vec::new();
    let bounded = fs::File::open(newest).map(|file| file.take(BYTES_MAX as u64));
    let read = bounded.and_then(|mut file| file.read_to_end(&mut content));
    match read {
        Ok(_) if files.secrets.are_in(&content) => {
            files.left_out.push(format!("{name}: it holds a secret"))
        }
        Ok(_) => files.add(name, &content),
        Err(error) => files.left_out.push(format!("{name}: {error}")),
    }
}

/// An archive within its bound.
struct Files {
    secrets: Secrets,
    tar: Tar,
    names: Vec<String>,
    left_out: Vec<String>,
    /// Bytes.
    left: usize,
}

impl Files {
    fn add_json(&mut self, name: &str, mut value: Value) {
        self.secrets.out_of_json(&mut value);
        self.put(name, format!("{value:#}\n").as_bytes());
    }

    fn add(&mut self, name: &str, content: &[u8]) {
        match str::from_utf8(content) {
            Ok(text) => self.put(name, self.secrets.out_of(text).into_bytes().as_slice()),
            Err(_) => self.left_out.push(format!("{name}: it is no text")),
        }
    }

    fn put(&mut self, name: &str, content: &[u8]) {
        let takes = Tar::takes(content.len());
        if takes > self.left {
            self.left_out
                .push(format!("{name}: {} bytes are too many", content.len()));
            return;
        }
        self.left -= takes;
        self.tar.add(&format!("{FOLDER}/{name}"), content);
        self.names.push(name.to_owned());
    }

    /// With a word of what it is.
    fn finish(mut self) -> Vec<u8> {
        let about = json!({
            "firmware": FIRMWARE,
            "architecture": std::env::consts::ARCH,
            "made_unix_s": unix_s(),
            "files": self.names,
            "left_out": self.left_out,
            "about": "made for a support request; passwords, tokens, hashes and logins are not in it",
        });
        let about = format!("{about:#}\n");
        self.tar
            .add(&format!("{FOLDER}/about.json"), about.as_bytes());
        self.tar.finish()
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
