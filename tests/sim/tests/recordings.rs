//! The flight recorder, from a fault of the twin's machine to a recording that replays.
//! Grade: thinned(64), physics exact.

use std::path::PathBuf;

use engine::{Done, Recording, replay};
use sim::{World, WorldOptions};
use telemetry::Code;
use twin::physics::{Fault, Timed};
use units::{Duration, Instant};

/// When every fan stops: the machine hashes by then.
const FANS_STOP: Instant = Instant::from_millis(150_000);

/// A machine whose fans all stop.
fn world() -> World {
    let mut options = WorldOptions::whole(1, "antminer-s19-pro");
    options.thinning = 64;
    let fans = 0..options.machine.fans.count;
    let stops = fans.map(|fan| {
        let (speed, over) = (0.0, Duration::ZERO);
        Timed::from(FANS_STOP, Fault::Fan { fan, speed, over })
    });
    options.physics.as_mut().expect("whole").faults = stops.collect();
    World::new(options)
}

fn recorded() -> Recording {
    let mut world = world();
    world.run_for(Duration::from_secs(180));
    let stopped = |f: &telemetry::Fault| f.code == Code::FanStopped && !f.action.is_empty();
    let faults = world.snapshot().faults;
    assert!(faults.iter().any(stopped), "{faults:?}");
    assert_eq!(world.recordings.len(), 1, "{:?}", world.notes);
    world.recordings.remove(0)
}

/// The decisions that a replay of it takes.
fn codes(recording: &Recording) -> Vec<Code> {
    let mut codes = Vec::new();
    let verdict = replay(recording, |_, done| {
        codes.extend(done.iter().filter_map(|done| match done {
            Done::Decision(decision) => Some(decision.code),
            _ => None,
        }));
    });
    assert!(verdict.agrees(), "{:?}", verdict.differences);
    assert!(verdict.same > 5, "{}", verdict.same);
    codes
}

#[test]
fn stopped_fans_leave_a_recording_whose_replay_agrees() {
    let recording = recorded();
    let since = recording.fault.at.since(FANS_STOP);
    assert!(since < Duration::from_secs(10), "{since:?}");
    let last = recording.steps().last().expect("steps").at;
    assert!(last >= recording.fault.at + Duration::from_millis(9_500));
    let codes = codes(&recording);
    assert!(codes.contains(&Code::FanLost), "{codes:?}");
    assert!(codes.contains(&Code::FanStopped), "{codes:?}");

    let json = recording.to_json().expect("JSON");
    assert!(!json.contains("pool.sim") && !json.contains("sim.worker"));
    let read = Recording::from_json(json.as_bytes()).expect("own format");
    assert!(replay(&read, |_, _| {}).agrees());
}

/// The sample in the repository, for people and for the tests of the command. Where this
/// build decides otherwise than the one that made it, it is to be made again:
/// `SAMPLE=write cargo test -p sim --test recordings`.
#[test]
fn the_sample_recording_replays_to_the_same() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = folder.join("../vectors/recordings/fans-stop.json");
    if std::env::var("SAMPLE").is_ok_and(|what| what == "write") {
        let short = recorded().since(FANS_STOP - Duration::from_secs(5));
        let json = short.to_json().expect("JSON");
        std::fs::write(&path, json + "\n").expect("written");
    }
    let sample = std::fs::read(&path).expect("the sample");
    let sample = Recording::from_json(&sample).expect("a recording");
    let codes = codes(&sample);
    assert!(codes.contains(&Code::FanStopped), "{codes:?}");
}
