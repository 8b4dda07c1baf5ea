//! [`FpgaPort`] over a scripted window of an S9.

use std::collections::BTreeMap;

use super::*;

/// Remembers writes in order; a command is over at once unless the script says otherwise.
#[derive(Default)]
struct Script {
    writes: Vec<(u64, u32, u32)>,
    values: BTreeMap<u32, u32>,
    results: VecDeque<(u32, u32)>,
    command_time: Duration,
    command_at: Instant,
    full: bool,
}

impl Script {
    fn take(&mut self, register: u32) -> Vec<(u64, u32)> {
        let (taken, left) = self.writes.drain(..).partition(|w| w.1 == register);
        self.writes = left;
        Vec::from_iter(taken)
            .iter()
            .map(|w: &(u64, u32, u32)| (w.0, w.2))
            .collect()
    }
}

impl RegisterWindow for Script {
    fn read32(&mut self, now: Instant, offset: u32) -> u32 {
        match offset {
            0x00C => u32::from(!self.full) * 0xE0,
            0x010 => self.results.front().map_or(0, |r| r.0),
            0x014 => self.results.pop_front().map_or(0, |r| r.1),
            0x018 => self.results.len() as u32,
            0x0C0 => {
                let busy = now < self.command_at + self.command_time;
                let word = self.values.get(&0x0C0).copied().unwrap_or(0);
                word & !RUN | u32::from(busy) << 31
            }
            _ => self.values.get(&offset).copied().unwrap_or(0),
        }
    }

    fn write32(&mut self, now: Instant, offset: u32, value: u32) {
        if offset == 0x0C0 && value & RUN != 0 {
            self.command_at = now;
        }
        let us = now.as_nanos() / 1000;
        self.writes.push((us, offset, value));
        self.values.insert(offset, value);
    }
}

const SLOTS: [ChainSlot; 3] = [ChainSlot(0), ChainSlot(1), ChainSlot(2)];
const FAST: u32 = 1_562_500;

/// A port that was polled once.
fn port() -> FpgaPort<Script> {
    let mut port = FpgaPort::s9(&SLOTS, Script::default());
    port.poll(Instant::ZERO, &mut Vec::new());
    port
}

fn us(us: u64) -> Instant {
    Instant::from_nanos(us * 1000)
}

fn work(slot: u8, byte: u8) -> LinkOp {
    let mut bytes = [byte; 52];
    bytes[..4].copy_from_slice(&[1, 0x80 | slot, 0, 0]);
    LinkOp::Work(Frame::new(&bytes).expect("52 bytes"))
}

fn command(bytes: &[u8]) -> LinkOp {
    LinkOp::Command(Frame::new(bytes).expect("short"))
}

fn rate(bits_per_s: u32) -> LinkOp {
    LinkOp::SetBaud { bits_per_s }
}

fn run(port: &mut FpgaPort<Script>, from: u64, until: u64) -> Vec<(ChainSlot, LinkEvent)> {
    let mut events = Vec::new();
    let mut now = us(from);
    for _ in 0..100_000 {
        port.poll(now, &mut events);
        match port.next_deadline() {
            Some(at) if at <= us(until) => now = at.max(now),
            _ => return events,
        }
    }
    panic!("the port asks to be polled for ever at {now:?}");
}

#[test]
fn the_fpga_is_told_first_to_take_works_of_the_host_and_to_filter_nothing() {
    let mut port = port();
    let writes = &port.window().writes;
    assert_eq!(
        writes[..3],
        [(0, 0x08C, 0), (0, 0x090, 0), (0, 0x100, 0x8100)]
    );
}

#[test]
fn a_command_goes_to_the_boards_own_chain_at_its_rate() {
    let mut port = port();
    port.submit(us(0), SLOTS[1], command(&[0x54, 5, 0, 0, 0x19]));
    run(&mut port, 0, 2_000);
    let go = port.window().take(0x0C0);
    // The divider of 115200, then the command to chain 6 with it.
    assert_eq!(go, [(0, 26), (0, 0x8086_001A)]);
    assert_eq!(port.window().take(0x0C4), [(0, 0x5405_0000)]);
}

#[test]
fn a_work_goes_in_by_two_registers_and_its_period_is_bounded() {
    let mut port = port();
    port.submit(
        us(0),
        SLOTS[2],
        LinkOp::SetWorkPeriod(Duration::from_micros(730)),
    );
    port.submit(us(0), SLOTS[2], work(2, 7));
    run(&mut port, 0, 1_000);
    assert_eq!(port.window().take(0x088), [(0, RUN | 730)]);
    assert_eq!(port.window().take(0x040), [(0, 0x0187_0000)]);
    assert_eq!(port.window().take(0x044), [(0, 0x0707_0707); 12]);
    port.submit(
        us(2_000),
        SLOTS[2],
        LinkOp::SetWorkPeriod(Duration::from_secs(1)),
    );
    assert_eq!(port.window().take(0x088), [(2_000, RUN | 0x1_FFFF)]);
}

#[test]
fn answers_are_told_apart_by_the_fpgas_numbers() {
    let mut port = port();
    for chain in [5, 7, 0, 15] {
        let nonce = (RUN | 0x0014_0080 | chain, chain);
        port.window().results.push_back(nonce);
    }
    let events = run(&mut port, 0, 500);
    let told = events.into_iter().filter_map(|(slot, event)| match event {
        LinkEvent::Record { data, .. } => Some((slot, data)),
        _ => None,
    });
    assert_eq!(Vec::from_iter(told), [(SLOTS[0], 5), (SLOTS[2], 7)]);
}

#[test]
fn a_rate_that_the_divider_has_not_is_refused() {
    let mut port = port();
    for bits_per_s in [50_000, 9_000_000, 12_000_000] {
        port.submit(us(0), SLOTS[0], rate(bits_per_s));
        let events = run(&mut port, 0, 500);
        let refused = LinkEvent::Error(LinkError::Baud { bits_per_s });
        assert_eq!(events, [(SLOTS[0], refused)]);
    }
}

#[test]
fn commands_at_two_rates_go_in_order_and_slow_answers_have_their_time() {
    let mut port = port();
    port.submit(us(0), SLOTS[0], rate(FAST));
    port.submit(us(0), SLOTS[1], command(&[0x54, 5, 0, 0, 0x19]));
    port.submit(us(0), SLOTS[0], command(&[0x44, 5, 4, 0, 0x01]));
    port.submit(us(0), SLOTS[1], command(&[0x54, 5, 8, 0, 0x02]));
    run(&mut port, 0, 300_000);
    let go = port.window().take(0x0C0);
    let words: Vec<u32> = go.iter().map(|(_, word)| *word).collect();
    assert_eq!(
        words,
        [
            26,
            0x8086_001A,
            0x0086_0001,
            0x8085_0001,
            0x0085_001A,
            0x8086_001A
        ]
    );
    // 128 answers of 7 bytes take 77 ms at 115200, and 6 ms at the fast rate.
    let turns = [go[2].0 - go[1].0, go[4].0 - go[3].0];
    assert!((97_000..110_000).contains(&turns[0]), "{turns:?}");
    assert!((25_000..40_000).contains(&turns[1]), "{turns:?}");
}

#[test]
fn works_wait_while_another_chain_is_brought_up_slowly() {
    let mut port = port();
    port.submit(us(0), SLOTS[0], rate(FAST));
    port.submit(
        us(0),
        SLOTS[0],
        LinkOp::SetWorkPeriod(Duration::from_micros(730)),
    );
    for byte in 0..4 {
        port.submit(us(0), SLOTS[0], work(0, byte));
    }
    port.submit(us(0), SLOTS[1], command(&[0x54, 5, 0, 0, 0x19]));
    run(&mut port, 0, 90_000);
    assert_eq!(port.window().take(0x040), []);
    run(&mut port, 90_000, 130_000);
    assert_eq!(port.window().take(0x040).len(), 4);
    assert_eq!(
        port.window().take(0x0C0).last().map(|w| w.1),
        Some(0x0086_0001)
    );
}

#[test]
fn chains_at_one_rate_never_wait_for_each_other() {
    let mut port = port();
    for slot in SLOTS {
        port.submit(us(0), slot, rate(FAST));
        port.submit(us(0), slot, command(&[0x54, 5, 0, 0, 0x19]));
    }
    run(&mut port, 0, 3_000);
    let go = port.window().take(0x0C0);
    let started = go.iter().filter(|(_, word)| word & RUN != 0);
    assert_eq!(started.count(), 3, "{go:?}");
}
