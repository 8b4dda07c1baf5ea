//! A thread that keeps one file up to date: flash may take a second for a write, and whoever has
//! something to remember must not.
//!
//! Of what waits the latest alone is written. At the end the last write is waited for, for so long as its
//! file deserves; one that is given up then is told.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use telemetry::Code;

/// The thread, and the way to it.
pub(crate) struct FileWriter<T> {
    path: PathBuf,
    last_write: Duration,
    /// `None` once it ends.
    latest: Option<Sender<T>>,
    writer: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> FileWriter<T> {
    /// For the file at `path`; `write_all` takes what [`next`] gives until there is no more. At the end
    /// the last write gets `last_write`.
    pub(crate) fn start(
        name: &str,
        path: &Path,
        last_write: Duration,
        write_all: impl FnOnce(&Path, &Receiver<T>) + Send + 'static,
    ) -> io::Result<FileWriter<T>> {
        let (latest, rx) = channel();
        let file = path.to_owned();
        let writer = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || write_all(&file, &rx))?;
        Ok(FileWriter {
            path: path.to_owned(),
            last_write,
            latest: Some(latest),
            writer: Some(writer),
        })
    }
}

impl<T> FileWriter<T> {
    /// Write this down soon. Does not wait.
    pub(crate) fn remember(&self, what: T) {
        if let Some(latest) = &self.latest {
            let _ = latest.send(what);
        }
    }

    /// No more comes. False if the last write is still under way when its time is over.
    fn end(&mut self) -> bool {
        self.latest = None;
        let end = Instant::now() + self.last_write;
        let busy = |writer: &JoinHandle<()>| !writer.is_finished();
        while self.writer.as_ref().is_some_and(busy) {
            if Instant::now() >= end {
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
        true
    }
}

impl<T> Drop for FileWriter<T> {
    fn drop(&mut self) {
        if !self.end() {
            let why = format!("the last write took more than {:?}", self.last_write);
            tell(&self.path, &why);
        }
    }
}

/// The latest of what is to be written; `None`: there will be no more.
pub(crate) fn next<T>(latest: &Receiver<T>) -> Option<T> {
    let next = latest.recv().ok()?;
    Some(latest.try_iter().last().unwrap_or(next))
}

/// What is to be remembered cannot be.
pub(crate) fn tell(path: &Path, why: &str) {
    let code = Code::StateWrite;
    tracing::warn!(
        code = code.text(),
        "`{}`: {why}: {}; {}",
        path.display(),
        code.meaning(),
        code.remedy()
    );
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn of_what_waits_the_latest_is_written_and_the_last_is_waited_for() {
        let written: Arc<Mutex<Vec<u32>>> = Arc::default();
        let (go, gate) = channel::<()>();
        let log = Arc::clone(&written);
        let writer = FileWriter::start("of a test", Path::new("/nowhere"), LONG, move |_, rx| {
            while let Some(next) = next(rx) {
                log.lock().expect("nobody panics").push(next);
                let _ = gate.recv();
            }
        });
        let writer = writer.expect("a thread");
        writer.remember(1);
        while written.lock().expect("nobody panics").is_empty() {
            thread::yield_now();
        }
        (2..=5).for_each(|what| writer.remember(what));
        drop(go);
        drop(writer);
        assert_eq!(*written.lock().expect("nobody panics"), [1, 5]);
    }

    #[test]
    fn a_write_that_hangs_is_given_up() {
        let (go, gate) = channel::<()>();
        let at = Path::new("/nowhere");
        let writer = FileWriter::start("of a test", at, Duration::ZERO, move |_, rx| {
            while let Some(()) = next(rx) {
                let _ = gate.recv();
            }
        });
        let mut writer = writer.expect("a thread");
        writer.remember(());
        assert!(!writer.end());
        drop(go);
        writer.last_write = LONG;
        assert!(writer.end());
    }
}
