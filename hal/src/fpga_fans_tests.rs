//! [`FpgaFans`] over a scripted tach, and against captured values.

use serde_json::Value;

use super::*;

/// The two outputs, and a tach that steps through six numbers.
#[derive(Default)]
struct Script {
    writes: Vec<(u32, u32)>,
    counts: [u32; 6],
    /// The tach steps once in so long; at each read if zero.
    step: Duration,
    reads: u64,
    /// Numbers that are never shown.
    hidden: Option<u32>,
}

impl RegisterWindow for Script {
    fn read32(&mut self, now: Instant, offset: u32) -> u32 {
        assert_eq!(offset, 0x004);
        let steps = u64::try_from(self.step.as_nanos())
            .ok()
            .and_then(|step| now.as_nanos().checked_div(step))
            .unwrap_or(self.reads);
        self.reads += 1;
        let mut fan = (steps % 6) as u32;
        if self.hidden == Some(fan) {
            fan = (fan + 1) % 6;
        }
        fan << 8 | self.counts[fan as usize]
    }

    fn write32(&mut self, _now: Instant, offset: u32, value: u32) {
        self.writes.push((offset, value));
    }
}

fn fans() -> FpgaFans<Script> {
    let script = Script {
        counts: [0x26, 0x25, 0x2A, 0x27, 0, 0],
        ..Script::default()
    };
    FpgaFans::new(4, FanOverride::default(), script)
}

fn run(fans: &mut FpgaFans<Script>, from_ms: u64, until_ms: u64) -> Vec<FanEvent> {
    let mut events = Vec::new();
    let mut now = Instant::from_millis(from_ms);
    for _ in 0..100_000 {
        fans.poll(now, &mut events);
        match fans.next_event() {
            Some(at) if at <= Instant::from_millis(until_ms) => now = at.max(now),
            _ => return events,
        }
    }
    panic!("the fans want to be polled for ever at {now:?}");
}

fn speeds(events: &[FanEvent]) -> Vec<(u8, u32)> {
    let speed = |event: &FanEvent| match event {
        FanEvent::Speed { fan, rpm, .. } => (*fan, rpm.rpm()),
        FanEvent::Failed { .. } => panic!("{event:?}"),
    };
    events.iter().map(speed).collect()
}

#[test]
fn before_any_order_all_fans_run_full() {
    let mut fans = fans();
    run(&mut fans, 0, 2000);
    assert_eq!(
        fans.window().writes,
        [(0x084, 0x0064_0000), (0x0A0, 0x0064_0000)]
    );
}

#[test]
fn orders_are_written_as_captured_and_only_to_their_group() {
    let mut fans = fans();
    run(&mut fans, 0, 100);
    fans.window().writes.clear();
    let at = Instant::from_millis(100);
    fans.set(at, FanOp::All(Duty::OFF));
    fans.set(
        at,
        FanOp::Group {
            group: 1,
            duty: Duty::new(30),
        },
    );
    fans.set(
        at,
        FanOp::Group {
            group: 2,
            duty: Duty::new(30),
        },
    );
    run(&mut fans, 100, 2000);
    assert_eq!(
        fans.window().writes,
        [
            (0x084, 0x0000_0064),
            (0x0A0, 0x0000_0064),
            (0x0A0, 0x001E_0046)
        ]
    );
}

#[test]
fn the_override_outranks_orders_and_gives_them_back() {
    let mut fans = fans();
    fans.set(Instant::ZERO, FanOp::All(Duty::new(30)));
    fans.full.set(true);
    fans.window().writes.clear();
    let at = Instant::from_millis(100);
    fans.set(at, FanOp::All(Duty::new(40)));
    let full = [(0x084, 0x0064_0000), (0x0A0, 0x0064_0000)];
    assert_eq!(fans.window().writes, full);
    fans.full.set(false);
    fans.window().writes.clear();
    run(&mut fans, 100, 1000);
    let ordered = [(0x084, 0x0028_003C), (0x0A0, 0x0028_003C)];
    assert_eq!(fans.window().writes, ordered);
    // Without any order the next poll writes it, too.
    fans.full.set(true);
    fans.window().writes.clear();
    run(&mut fans, 1000, 2000);
    assert_eq!(fans.window().writes, full);
}

#[test]
fn every_fan_is_told_twice_a_second_however_the_tach_steps() {
    for step_us in (0..=5000).step_by(50) {
        let mut fans = fans();
        fans.window().step = Duration::from_micros(step_us);
        let mut told = speeds(&run(&mut fans, 0, 999));
        told.sort_unstable();
        let once = [(0, 4560), (1, 4440), (2, 5040), (3, 4680)];
        let twice: Vec<(u8, u32)> = once.iter().flat_map(|speed| [*speed; 2]).collect();
        assert_eq!(told, twice, "step {step_us} us");
        let reads = fans.window().reads;
        assert!(reads < 100, "{reads} reads in a second");
    }
}

#[test]
fn a_fan_that_stands_is_told_and_one_that_is_not_shown_is_not() {
    let mut fans = fans();
    fans.window().counts[2] = 0;
    fans.window().hidden = Some(1);
    let mut told = speeds(&run(&mut fans, 0, 499));
    told.sort_unstable();
    assert_eq!(told, [(0, 4560), (2, 0), (3, 4680)]);
    assert!(fans.window().reads <= 64);
}

fn vector(name: &str) -> Value {
    let path = format!(
        "{}/../tests/vectors/fpga/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).expect("vector");
    serde_json::from_str(&text).expect("JSON")
}

fn hex(value: &Value) -> u32 {
    let text = value.as_str().expect("hex").trim_start_matches("0x");
    u32::from_str_radix(text, 16).expect("hex")
}

#[test]
fn every_captured_tach_value_is_its_fan_and_speed() {
    let trace = vector("x19-fan-tach.json");
    let values = trace["values"].as_array().expect("values");
    for value in values {
        let (fan, rpm) = fpga_tach(hex(&value["value"]));
        assert_eq!(u64::from(fan), value["fan"]);
        assert_eq!(u64::from(rpm.rpm()), value["rpm"]);
    }
    assert_eq!(values.len(), 32);
}

#[test]
fn the_captured_start_is_written_alike() {
    let trace = vector("x19-control-trace.json");
    let events = trace["events"].as_array().expect("events");
    let captured: Vec<(u32, u32)> = events
        .iter()
        .map(|e| (hex(&e["reg"]), hex(&e["new"])))
        .filter(|(register, _)| X19.registers.contains(register))
        .collect();
    let mut fans = fans();
    fans.set(Instant::ZERO, FanOp::All(Duty::FULL));
    assert_eq!(fans.window().writes, captured);
}

#[test]
fn an_s9_has_one_output_of_another_form() {
    let mut fans = FpgaFans::s9(2, FanOverride::default(), Script::default());
    run(&mut fans, 0, 2000);
    let at = Instant::from_millis(2000);
    let duty = Duty::new(30);
    fans.set(at, FanOp::All(duty));
    fans.set(at, FanOp::Group { group: 1, duty });
    // Of fifty microseconds: all, then 15.
    assert_eq!(
        fans.window().writes,
        [(0x084, 0x0032_0000), (0x084, 0x000F_0023)]
    );
}
