//! What survives the process: a small file, replaced as a whole.
//!
//! It holds what the engine wants remembered and the kernel's boot id. From the latter follows
//! why the process began:
//!
//! | remembered boot id | the machine |
//! |---|---|
//! | this boot's | had power all the time: [`StartCause::Restart`] |
//! | another | booted since, most likely because power came back: [`StartCause::PowerReturn`] |
//! | none, booted within [`FRESH_S`] | [`StartCause::PowerReturn`] |
//! | none, booted before | [`StartCause::Restart`] |
//!
//! A reboot that was ordered counts as a return of power as well: the only harm is a delay.
//!
//! A write is made by a thread of its own, see [`crate::file_writer`]. A file that cannot be understood is put aside as `*.damaged`, and
//! the machine starts with defaults.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::Receiver;

use engine::{Persisted, StartCause};
use serde::{Deserialize, Serialize};
use telemetry::Code;
use units::Duration;

use crate::file_writer::{self, FileWriter};
use crate::replace::{OPEN, put_aside, replace};

/// The version of the format.
const VERSION: u32 = 1;
/// Far beyond any file that was ever written.
const BYTES_MAX: u64 = 64 * 1024;
/// A kernel that is up for less has just booted. A machine's start takes a minute or two.
const FRESH_S: f64 = 300.0;
/// The last write gets so long when the process ends.
const LAST_WRITE: Duration = Duration::from_secs(1);

/// What is in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    boot_id: String,
    remembered: Persisted,
}

/// What the kernel says of this boot.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Boot {
    /// Drawn anew at each.
    pub(crate) id: String,
    /// Seconds since; `None` if it cannot be read.
    pub(crate) uptime_s: Option<f64>,
}

impl Boot {
    /// This boot.
    pub(crate) fn this() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let uptime = read("/proc/uptime");
        Boot {
            id: read("/proc/sys/kernel/random/boot_id").trim().to_owned(),
            uptime_s: uptime.split(' ').next().and_then(|s| s.parse().ok()),
        }
    }

    fn cause(&self, remembered: Option<&str>) -> StartCause {
        let kept = match remembered.filter(|id| !id.is_empty()) {
            Some(id) => id == self.id,
            None => self.uptime_s.is_some_and(|up| up >= FRESH_S),
        };
        match kept {
            true => StartCause::Restart,
            false => StartCause::PowerReturn,
        }
    }
}

/// What the last process left.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Left {
    /// For the engine.
    pub(crate) remembered: Persisted,
    /// Why this process began.
    pub(crate) cause: StartCause,
}

/// Writes what is to be remembered.
pub(crate) type StateFile = FileWriter<Persisted>;

/// Read what was left, and be ready to write. Faults are told and harm nothing.
pub(crate) fn open(path: &Path, boot: Boot) -> io::Result<(Left, StateFile)> {
    let found = match read(path) {
        Ok(found) => found,
        Err(why) => {
            let code = Code::StateRead;
            tracing::warn!(
                code = code.text(),
                "`{}`: {why}: {}",
                path.display(),
                code.meaning()
            );
            let _ = put_aside(path);
            None
        }
    };
    let cause = boot.cause(found.as_ref().map(|content| content.boot_id.as_str()));
    let remembered = found.map_or_else(Persisted::default, |content| content.remembered);
    let file = FileWriter::start("state", path, LAST_WRITE, move |path, latest| {
        write_all(path, &boot.id, remembered, latest);
    })?;
    Ok((Left { remembered, cause }, file))
}

/// Write at once, so that this boot is known, and then whatever comes: the last of it, if more
/// than one waits.
fn write_all(path: &Path, boot_id: &str, mut remembered: Persisted, latest: &Receiver<Persisted>) {
    loop {
        let content = Content {
            version: VERSION,
            boot_id: boot_id.to_owned(),
            remembered,
        };
        if let Err(error) = write(path, &content) {
            file_writer::tell(path, &error.to_string());
        }
        let Some(next) = file_writer::next(latest) else {
            return;
        };
        remembered = next;
    }
}

/// `None` where there is no file.
fn read(path: &Path) -> Result<Option<Content>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut text = String::new();
    let read = file.take(BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| error.to_string())?;
    let content: Content = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    match content.version {
        VERSION => Ok(Some(content)),
        other => Err(format!("it is of version {other}")),
    }
}

fn write(path: &Path, content: &Content) -> io::Result<()> {
    replace(path, OPEN, &serde_json::to_vec_pretty(content)?)
}

#[cfg(test)]
#[path = "state_file_tests.rs"]
mod tests;
