use control::{Command, FanMode, Local, Persisted, Plan, StartCause};
use telemetry::{Code, Sensed};
use units::{Celsius, Duty};

use super::*;
use crate::replay::replay;

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn seen(now: Instant) -> Seen {
    Seen {
        at: now,
        code: Code::FanStopped,
        place: "machine".into(),
        detail: String::new(),
    }
}

/// A control with its recorder, as the engine joins them.
struct Bench {
    control: Control,
    recorder: Recorder,
}

impl Bench {
    fn new() -> Self {
        let machine = board_support::machine("antminer-s19-pro").unwrap();
        let control = Control::new(Plan::new(&machine), Local::default());
        let recorder = Recorder::new();
        let mut bench = Bench { control, recorder };
        let start = Input::Start {
            cause: StartCause::Restart,
            remembered: Persisted::default(),
        };
        bench.tell(Instant::ZERO, start);
        bench
    }

    fn tell(&mut self, now: Instant, input: Input) {
        self.recorder.input(&self.control, now, &input);
        self.control.handle(now, input);
        loop {
            let effect = self.control.next_effect();
            self.recorder.effect(effect.as_ref());
            if effect.is_none() {
                break;
            }
        }
    }

    /// A minute as an S19 Pro has it: 24 sensors and four fans a second, four looks.
    fn minute(&mut self, number: u64) {
        for second in 0..60 {
            let ms = (number * 60 + second) * 1000;
            for quarter in 0..4 {
                self.tell(at(ms + quarter * 250), Input::Wake);
            }
            for i in 0..24 {
                let value = Celsius::new(40.0 + f64::from(i) + second as f64 / 10.0);
                let reading = Sensed::Value { value, at: at(ms) };
                let (slot, sensor) = (i / 8, i % 8);
                let input = Input::Temperature {
                    slot,
                    sensor,
                    reading,
                };
                self.tell(at(ms + 900), input);
            }
            for fan in 0..4 {
                let reading = Sensed::Value {
                    value: units::Rpm::new(3000),
                    at: at(ms),
                };
                self.tell(at(ms + 950), Input::Fan { fan, reading });
            }
        }
    }

    fn recording(&mut self, now: Instant) -> Recording {
        self.recorder.fault(now, seen(now));
        self.recorder.take(now, true).expect("one waits")
    }
}

#[test]
fn the_last_ten_minutes_are_kept_and_replay_to_the_same() {
    let mut bench = Bench::new();
    (0..15).for_each(|minute| bench.minute(minute));
    let recording = bench.recording(at(15 * 60_000));
    let first = recording.steps().next().unwrap().at;
    assert!(
        (at(4 * 60_000 - 1)..=at(5 * 60_000)).contains(&first),
        "{first:?}"
    );
    let verdict = replay(&recording, |_, _| {});
    assert!(verdict.agrees() && verdict.same > 0, "{verdict:?}");
    assert_eq!(verdict.inputs, recording.steps().count() as u64);
    let json = recording.to_json().unwrap();
    println!(
        "a checkpoint: {} bytes; ten minutes: {} bytes in memory, {} as a file; a step: {}",
        bench.recorder.segments[0].checkpoint_bytes,
        bench.recorder.bytes(),
        json.len(),
        size_of::<Step>(),
    );
    let read = Recording::from_json(json.as_bytes()).unwrap();
    assert!(replay(&read, |_, _| {}).agrees());
    assert_eq!(read.to_json().unwrap(), json);
}

#[test]
fn a_segment_that_has_ended_holds_no_room_for_more() {
    let mut bench = Bench::new();
    (0..3).for_each(|minute| bench.minute(minute));
    let ended = bench.recorder.segments.iter().take(2);
    let room: Vec<_> = ended.map(|s| (s.steps.len(), s.steps.capacity())).collect();
    assert!(room.iter().all(|(len, room)| len == room), "{room:?}");
}

#[test]
fn every_segment_begins_with_a_checkpoint_from_which_the_rest_follows() {
    let mut bench = Bench::new();
    (0..5).for_each(|minute| bench.minute(minute));
    assert_eq!(bench.recorder.segments.len(), 5);
    for from in 0..5 {
        let segments = bench.recorder.segments.iter().skip(from);
        let recording = Recording {
            firmware: String::new(),
            machine: String::new(),
            fault: seen(Instant::ZERO),
            unrecorded: 0,
            checkpoint: Arc::clone(&bench.recorder.segments[from].checkpoint),
            pieces: segments.map(|s| Arc::clone(&s.steps)).collect(),
        };
        assert!(replay(&recording, |_, _| {}).agrees(), "segment {from}");
    }
}

#[test]
fn a_flood_shortens_the_time_that_is_kept_and_never_passes_the_bound() {
    let mut bench = Bench::new();
    let mut most = 0;
    for i in 0..400_000_u64 {
        let mode = FanMode::Manual(Duty::new((i % 100) as u8));
        bench.tell(at(i / 10), Input::Command(Command::Fans(mode)));
        if i % 1000 == 0 {
            most = most.max(bench.recorder.bytes());
        }
    }
    assert!(most <= BYTES_MAX, "{most}");
    assert!(most > BYTES_MAX / 2, "{most}: the flood was none");
    let recording = bench.recording(at(40_000));
    assert!(recording.steps().count() < 400_000);
    assert!(replay(&recording, |_, _| {}).agrees());
}

#[test]
fn a_fault_is_given_after_its_aftermath_and_the_next_ten_minutes_later() {
    let mut bench = Bench::new();
    let recorder = &mut bench.recorder;
    recorder.fault(at(1_000), seen(at(1_000)));
    recorder.fault(at(2_000), seen(at(2_000)));
    assert_eq!(recorder.deadline(), Some(at(11_000)));
    assert_eq!(recorder.take(at(10_999), false), None);
    let first = recorder.take(at(11_000), false).expect("due");
    assert_eq!((first.fault.at, first.unrecorded), (at(1_000), 0));
    recorder.fault(at(60_000), seen(at(60_000)));
    assert_eq!(recorder.deadline(), None);
    recorder.fault(at(611_000), seen(at(611_000)));
    let second = recorder.take(at(621_000), false).expect("due");
    assert_eq!((second.fault.at, second.unrecorded), (at(611_000), 1));
}

#[test]
fn a_fault_right_before_the_end_is_not_lost() {
    let mut bench = Bench::new();
    bench.recorder.fault(at(1_000), seen(at(1_000)));
    assert!(bench.recorder.take(at(1_100), true).is_some());
    assert!(bench.recorder.take(at(1_200), true).is_none());
}

#[test]
fn another_decision_than_the_recorded_one_is_told() {
    let mut bench = Bench::new();
    bench.minute(0);
    let mut recording = bench.recording(at(60_000));
    let steps = Arc::make_mut(&mut recording.pieces[0]);
    let step = steps
        .iter_mut()
        .find(|s| s.done.as_ref().is_some_and(|d| !d.is_empty()));
    step.unwrap().done = Some(Vec::new());
    let verdict = replay(&recording, |_, _| {});
    assert!(!verdict.agrees());
    assert_eq!(verdict.differences[0].recorded, None);
}

/// Bytes that were changed, cut or replaced by extremes end in an error or in a replay.
#[test]
fn no_bytes_make_reading_or_replaying_fail_otherwise() {
    let mut bench = Bench::new();
    bench.minute(0);
    let good = bench.recording(at(60_000)).to_json().unwrap();
    let cut = good.find("\"steps\"").unwrap() + 20_000;
    let cut = cut + good[cut..].find("},{\"at_ns\"").unwrap() + 1;
    let good = format!("{}]}}", &good[..cut]).into_bytes();
    assert!(Recording::from_json(&good).is_ok());
    let extremes: [&[u8]; 8] = [
        b"0",
        b"-1",
        b"1e308",
        b"18446744073709551615",
        b"null",
        b"[]",
        b"255",
        b"-1e19",
    ];
    let mut rng = units::Rng::new(5);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..3_000 {
        let mut bytes = good.clone();
        let place = rng.below(bytes.len() as u64) as usize;
        match rng.below(4) {
            0 => bytes[place] = rng.below(256) as u8,
            1 => bytes.truncate(place),
            2 => drop(bytes.drain(place..(place + 40).min(good.len()))),
            _ => {
                // The next number becomes another.
                let digit = |b: &u8| b.is_ascii_digit() || *b == b'.';
                if let Some(from) = bytes[place..].iter().position(digit) {
                    let from = place + from;
                    let length = bytes[from..].iter().take_while(|b| digit(b)).count();
                    let other = extremes[rng.below(8) as usize];
                    bytes.splice(from..from + length, other.iter().copied());
                }
            }
        }
        match Recording::from_json(&bytes) {
            Ok(recording) => {
                taken += 1;
                replay(&recording, |_, _| {});
            }
            Err(_) => refused += 1,
        }
    }
    assert!(taken > 100 && refused > 100, "{taken} {refused}");
}
