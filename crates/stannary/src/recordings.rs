//! Where recordings go: a folder that keeps the last few.
//!
//! Written by a thread of its own: flash may take seconds for megabytes, and the engine must
//! not wait. A recording that comes while one is being written waits; a third is dropped, which
//! the engine's pace of one in ten minutes rules out in practice.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use engine::Recording;

use crate::replace::{OPEN, replace};

/// Files that stay: the oldest go. Three megabytes each at the most usual.
const KEPT: usize = 8;
/// More entries than this are not looked at when the oldest is looked for.
const LOOKED_AT: usize = 1000;
const BEGIN: &str = "recording-";
const END: &str = ".json";

/// Keeps recordings.
pub(crate) struct Recordings {
    /// `None` once it ends.
    queue: Option<SyncSender<Box<Recording>>>,
    writer: Option<JoinHandle<()>>,
}

impl Recordings {
    /// Into this folder, which is made when the first comes.
    pub(crate) fn into_folder(folder: PathBuf) -> io::Result<Self> {
        let (queue, rx) = sync_channel(1);
        let writer = thread::Builder::new()
            .name("recordings".into())
            .spawn(move || write_all(&folder, &rx))?;
        Ok(Recordings {
            queue: Some(queue),
            writer: Some(writer),
        })
    }

    /// Keep one. Waits for nothing.
    pub(crate) fn keep(&self, recording: Box<Recording>) {
        let full = self
            .queue
            .as_ref()
            .is_some_and(|q| q.try_send(recording).is_err());
        if full {
            tracing::warn!("a recording is dropped: the ones before are still being written");
        }
    }
}

impl Drop for Recordings {
    /// What was given is written before the process ends.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

fn write_all(folder: &Path, queue: &Receiver<Box<Recording>>) {
    for recording in queue {
        match write(folder, &recording) {
            Ok(path) => tracing::info!(
                file = %path.display(),
                "recorded what led to {}; `stannary replay FILE` shows it",
                recording.fault.code.text()
            ),
            Err(error) => tracing::warn!("no recording in `{}`: {error}", folder.display()),
        }
    }
}

/// Write a whole file under the next number, and let the oldest go.
fn write(folder: &Path, recording: &Recording) -> io::Result<PathBuf> {
    let mut json = recording.to_json().map_err(io::Error::other)?;
    json.push('\n');
    fs::create_dir_all(folder)?;
    let numbers = numbers(folder)?;
    let number = numbers.last().map_or(1, |last| last.saturating_add(1));
    for old in numbers
        .iter()
        .take((numbers.len() + 1).saturating_sub(KEPT))
    {
        fs::remove_file(folder.join(name(*old)))?;
    }
    let path = folder.join(name(number));
    replace(&path, OPEN, json.as_bytes())?;
    Ok(path)
}

fn name(number: u64) -> String {
    format!("{BEGIN}{number:06}{END}")
}

/// Recordings that are in a folder, the newest last.
pub(crate) fn kept(folder: &Path) -> Vec<PathBuf> {
    let numbers = numbers(folder).unwrap_or_default();
    numbers
        .into_iter()
        .map(|number| folder.join(name(number)))
        .collect()
}

/// The numbers of the recordings that are there, rising. Other files are not ours.
fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)?.take(LOOKED_AT) {
        let entry = entry?.file_name();
        let middle = entry
            .to_str()
            .and_then(|n| n.strip_prefix(BEGIN)?.strip_suffix(END));
        let number = middle.and_then(|middle| middle.parse().ok());
        numbers.extend(number.filter(|n| entry == name(*n).as_str()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &[u8] = include_bytes!("../../../tests/vectors/recordings/fans-stop.json");

    fn folder(name: &str) -> PathBuf {
        let name = format!("stannary-recordings-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn the_last_eight_stay_whole_and_other_files_are_left_alone() {
        let folder = folder("bound");
        let recording = Recording::from_json(SAMPLE).expect("the sample");
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join("recording-mine.json"), "x").expect("written");
        let recordings = Recordings::into_folder(folder.clone()).expect("a thread");
        for _ in 0..12 {
            // As far apart as the engine's: one after the other.
            let written = write(&folder, &recording).expect("written");
            let bytes = fs::read(written).expect("read");
            assert_eq!(Recording::from_json(&bytes), Ok(recording.clone()));
        }
        recordings.keep(Box::new(recording));
        drop(recordings);
        let kept = numbers(&folder).expect("read");
        assert_eq!(kept, (6..=13).collect::<Vec<_>>());
        assert!(folder.join("recording-mine.json").exists());
        fs::remove_dir_all(&folder).expect("removed");
    }
}
