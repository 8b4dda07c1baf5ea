use std::path::PathBuf;

use engine::{FanMode, Intent};
use units::{Celsius, Duty, Watts};

use super::*;
use crate::replace::beside;

/// A folder of its own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("stannary-state-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        Folder(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("deep").join("state.json")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn boot(id: &str, uptime_s: f64) -> Boot {
    Boot {
        id: id.to_owned(),
        uptime_s: Some(uptime_s),
    }
}

fn full() -> Persisted {
    Persisted {
        intent: Intent::Sleep,
        fans: FanMode::Manual(Duty::new(45)),
        ceiling: Some(Watts::new(2_500.5)),
        target: Some(Celsius::new(61.0)),
    }
}

fn left(path: &Path, boot: Boot) -> Left {
    open(path, boot).expect("a thread").0
}

#[test]
fn what_was_remembered_last_is_read_back() {
    let folder = Folder::new("back");
    let (first, file) = open(&folder.file(), boot("a", 5_000.0)).expect("a thread");
    assert_eq!(first.remembered, Persisted::default());
    for intent in [Intent::Pause, Intent::Hash] {
        file.remember(Persisted { intent, ..full() });
    }
    file.remember(full());
    drop(file);
    assert_eq!(left(&folder.file(), boot("a", 5_001.0)).remembered, full());
    assert!(!beside(&folder.file(), "new").exists());
}

#[test]
fn why_the_process_began_follows_from_the_boot() {
    use StartCause::{PowerReturn, Restart};
    let folder = Folder::new("boot");
    // Nothing remembered.
    for (uptime_s, cause) in [(20.0, PowerReturn), (5_000.0, Restart)] {
        assert_eq!(boot("a", uptime_s).cause(None), cause);
        assert_eq!(boot("a", uptime_s).cause(Some("")), cause);
    }
    let blind = Boot {
        id: String::new(),
        uptime_s: None,
    };
    assert_eq!(blind.cause(None), PowerReturn);
    // The file is written at the start already.
    for (id, uptime_s, cause) in [
        ("a", 5_000.0, Restart),
        ("a", 20.0, Restart),
        ("b", 5_000.0, PowerReturn),
        ("b", 5_000.0, Restart),
        ("c", 20.0, PowerReturn),
    ] {
        assert_eq!(
            left(&folder.file(), boot(id, uptime_s)).cause,
            cause,
            "{id}"
        );
    }
}

#[test]
fn a_damaged_file_costs_what_it_held_and_is_kept_aside() {
    let folder = Folder::new("damaged");
    let path = folder.file();
    let whole = format!(
        "{{\"version\":1,\"boot_id\":\"a\",\"remembered\":{}}}",
        serde_json::to_string(&full()).expect("JSON")
    );
    for text in [
        String::new(),
        whole[..whole.len() / 2].to_owned(),
        whole.replace("\"version\":1", "\"version\":2"),
        whole.replace("sleep", "fly"),
        whole.replace("boot_id", "shoe_id"),
        "\u{0}".repeat(100),
    ] {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, &text).expect("written");
        let found = left(&path, boot("a", 5_000.0));
        assert_eq!(found.remembered, Persisted::default(), "{text}");
        let aside = fs::read_to_string(beside(&path, "damaged")).expect("kept");
        assert_eq!(aside, text);
    }
    fs::write(&path, &whole).expect("written");
    assert_eq!(left(&path, boot("a", 5_000.0)).remembered, full());
}

#[test]
fn a_place_that_cannot_be_written_harms_nothing() {
    let folder = Folder::new("place");
    fs::create_dir_all(&folder.0).expect("made");
    fs::write(folder.0.join("deep"), "a file where a folder should be").expect("written");
    let (found, file) = open(&folder.file(), boot("a", 5_000.0)).expect("a thread");
    file.remember(full());
    assert_eq!(found.remembered, Persisted::default());
}
