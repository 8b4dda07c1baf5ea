//! What a running miner tells its owner: the API's shelf, the log, a line of progress.

use std::io::{IsTerminal, Write};
use std::sync::Arc;

use api::Published;
use telemetry::{MachineState, Note, Severity, Snapshot};

use units::Instant;

use crate::runtime::Observer;

/// Puts every snapshot and note where the interfaces find them, and notes into the log.
pub(crate) struct Publisher {
    shelf: Published,
}

impl Publisher {
    pub(crate) fn new(shelf: Published) -> Self {
        Publisher { shelf }
    }
}

impl Observer for Publisher {
    fn snapshot(&mut self, snapshot: &Arc<Snapshot>) {
        self.shelf.publish(Arc::clone(snapshot));
    }

    fn note(&mut self, note: &Note) {
        log(note);
        self.shelf.note(note.clone());
    }
}

/// One note as a log line on stderr.
fn log(note: &Note) {
    let (code, place, detail) = (note.code.text(), note.place.as_str(), note.detail.as_str());
    match note.severity() {
        Severity::Error => tracing::error!(code, place, "{detail}"),
        Severity::Warn => tracing::warn!(code, place, "{detail}"),
        Severity::Info => tracing::info!(code, place, "{detail}"),
    }
}

/// The demo's eyes: publishes like the daemon, shows a line of progress, and ends the run
/// when its time is over.
pub(crate) struct Progress {
    publisher: Publisher,
    /// Seconds to run, counted from the first work.
    seconds: Option<u64>,
    first_work_s: Option<f64>,
    next_line_s: f64,
    overwrite: bool,
    ended: Instant,
}

impl Progress {
    pub(crate) fn new(publisher: Publisher, seconds: Option<u64>) -> Self {
        let overwrite = std::io::stdout().is_terminal();
        Progress {
            publisher,
            seconds,
            first_work_s: None,
            next_line_s: 0.0,
            overwrite,
            ended: Instant::ZERO,
        }
    }

    /// When the run was told to end: what was found later does not count.
    pub(crate) fn ended_at(&self) -> Instant {
        self.ended
    }

    fn line(&mut self, snapshot: &Snapshot) {
        let text = progress_line(snapshot);
        let mut out = std::io::stdout().lock();
        // A terminal that went away must not stop the miner.
        let _ = if self.overwrite {
            write!(out, "\r\x1b[2K{text}")
        } else {
            writeln!(out, "{text}")
        };
        let _ = out.flush();
    }
}

impl Observer for Progress {
    fn snapshot(&mut self, snapshot: &Arc<Snapshot>) {
        self.publisher.snapshot(snapshot);
        if snapshot.state != MachineState::Stopping {
            self.ended = Instant::from_millis((snapshot.uptime_s * 1000.0) as u64);
        }
        if snapshot.state == MachineState::Hashing {
            self.first_work_s.get_or_insert(snapshot.uptime_s);
        }
        if snapshot.uptime_s >= self.next_line_s {
            self.next_line_s = snapshot.uptime_s.floor() + 1.0;
            self.line(snapshot);
        }
    }

    fn note(&mut self, note: &Note) {
        if self.overwrite {
            print!("\r\x1b[2K");
            let _ = std::io::stdout().flush();
        }
        self.publisher.note(note);
    }

    fn should_stop(&mut self, snapshot: &Snapshot) -> bool {
        match (self.seconds, self.first_work_s) {
            (Some(seconds), Some(first)) => snapshot.uptime_s - first >= seconds as f64,
            _ => false,
        }
    }
}

/// `hashing  108.3 TH/s (emulated; model 110.6)  accepted 153  …`
fn progress_line(snapshot: &Snapshot) -> String {
    let rate = snapshot
        .hashrate
        .s5
        .map_or("-".to_owned(), |ths| format!("{ths:.1}"));
    let model = snapshot.hashrate.nominal.unwrap_or(0.0);
    let emulated = if snapshot.machine.emulated {
        "emulated, "
    } else {
        ""
    };
    let shares = &snapshot.shares;
    let chips: u32 = snapshot
        .chains
        .iter()
        .filter_map(|c| c.chips_found)
        .map(u32::from)
        .sum();
    format!(
        "{:6.1} s  {:<9} {rate:>6} TH/s ({emulated}model {model:.1})  chips {chips}  \
         accepted {}  rejected {}  stale {}  lost {}  hw {}",
        snapshot.uptime_s,
        format!("{:?}", snapshot.state).to_lowercase(),
        shares.accepted,
        shares.rejected,
        shares.stale,
        shares.lost,
        shares.hw_errors,
    )
}
