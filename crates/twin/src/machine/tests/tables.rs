//! Golden vectors of registers, PLL, baud, ticket, addresses and nonces, for every model
//! that they name.

use units::Rng;

use super::super::chip::{JobForm, Window, ticket_log2};
use super::super::chips::{Chips, Now};
use super::super::cores::Cores;
use super::super::job::{Job, Work};
use super::super::search::{Space, gather};
use super::super::space::{Params, Small, View};
use super::super::wire::{Command, Decoder, Received};
use super::*;

/// The commands among the frames of `bytes`.
pub(super) fn decode_command(model: &ChipModel, bytes: &[u8]) -> Vec<Command> {
    let mut decoder = Decoder::new(model);
    let mut out = Vec::new();
    for byte in bytes {
        decoder.push(*byte);
        while let Some(received) = decoder.next() {
            match received {
                Received::Command(command) => out.push(command),
                Received::Job(job) => panic!("a job: {job:?}"),
            }
        }
    }
    out
}

/// Chips with registers written to all of them, and what hashing sees of them.
struct State {
    model: &'static ChipModel,
    chips: Chips,
    params: Params,
}

impl State {
    fn new(model: &'static ChipModel, addresses: &[u8]) -> Self {
        let mut chips = Chips::new(model, addresses.len() as u16, Instant::ZERO);
        addresses.iter().for_each(|a| chips.take_address(*a));
        let params = Params {
            difficulty_bits: 32,
            thinning: 1,
            known: Vec::new(),
        };
        State {
            model,
            chips,
            params,
        }
    }

    fn write(&mut self, address: Option<u8>, register: u8, value: u32) -> &mut Self {
        let cores = Cores::new(Rng::new(1));
        let now = Now {
            now: Instant::ZERO,
            cores: &cores,
            sensors: &[],
        };
        self.chips.write(self.model, address, register, value, now);
        self
    }

    fn view(&self) -> View<'_> {
        self.chips.view(self.model, &self.params)
    }

    /// The clock runs at `mhz`, and jobs of several midstates are taken.
    fn clock(&mut self, mhz: f64) -> &mut Self {
        let divider = self.model.registers.pll_divider;
        divider.map(|r| self.write(None, r, 0));
        self.write(None, self.model.registers.pll, pll_word(self.model, mhz));
        for (register, value) in super::many_midstates(self.model) {
            self.write(None, register, value);
        }
        self
    }
}

/// A setting of the PLL for this frequency, found by trying all.
pub(super) fn pll_word(model: &ChipModel, mhz: f64) -> u32 {
    let enable = model.pll.enable.map_or(0, |bit| 1 << bit);
    let words = (16..256u32).flat_map(|fb| {
        (1..3u32).flat_map(move |reference| {
            (1..8u32).flat_map(move |post1| {
                (1..8u32).map(move |post2| {
                    let add = model.pll.post_add;
                    fb << 16 | reference << 8 | (post1 - add) << 4 | (post2 - add) | enable
                })
            })
        })
    });
    let off = |word: &u32| (model.pll.mhz(*word) - mhz).abs();
    let mut words: Vec<u32> = words.filter(|w| model.pll.mhz(*w) > 0.0).collect();
    words.sort_by(|a, b| off(a).total_cmp(&off(b)));
    assert!(off(&words[0]) < 0.5, "{} {mhz} MHz", model.name);
    words[0]
}

/// Where a core of a chip with this address looks, the sweep limited to the chip's share
/// at an interval of 2.
pub(super) fn hashing_space(model: &'static ChipModel, core: u16, address: Option<u8>) -> Space {
    let mut state = State::new(model, &[address.unwrap_or(0)]);
    state.clock(400.0);
    if let Some(register) = model.registers.hash_counting {
        // 2 << 17 nonces at 400 MHz.
        state.write(None, register, (2 << 17) * 25 / 2 / 400);
    }
    let mut space = state.view().space(0, core, Small::Apart, 1, Duration::ZERO);
    if let Window::Share { small_core_shift } = model.nonces.window {
        // All small cores.
        space.counter |= (model.small_cores - 1) << small_core_shift;
    }
    if address.is_none() {
        // All addresses.
        space.counter |= 0xFF << model.nonces.address_shift;
    }
    space
}

fn holds(space: &Space, view: u32) -> bool {
    let count = gather(view, space.counter).wrapping_sub(gather(space.start, space.counter));
    view & !space.counter == space.fixed && count < space.len
}

#[test]
fn nonces_decode_to_the_core_and_chip_that_test_them() {
    let checked = for_each_model("nonce_decode", |v, model| {
        let view = number(&v["nonce_u32"]) as u32;
        let core = number(&v["core"]) as u16;
        let chips = v["chips_on_chain"].as_u64();
        let (Some(chips), Some(index)) = (chips, v["chip_index"].as_u64()) else {
            let address = v["chip_address"].as_u64().map(|a| a as u8);
            let space = hashing_space(model, core, address);
            let fixed = space.fixed & !space.counter;
            assert_eq!(view & !space.counter, fixed, "{v}");
            if address.is_some() && model.nonces.window == Window::HashCounting {
                assert!(holds(&space, view), "{v}");
            }
            return;
        };
        // Chips with nonce offsets, each sweeping to where the next begins.
        let addresses: Vec<u8> = (0..chips).map(|i| (2 * i) as u8).collect();
        let mut state = State::new(model, &addresses);
        state.clock(400.0);
        let ticks = ((65_536 / chips) << 9) * 25 / 2 / 400;
        let counting = model.registers.hash_counting.expect("it has offsets");
        let offset = model.registers.nonce_offset.expect("it has offsets");
        state.write(None, counting, ticks as u32);
        for i in 0..chips {
            let value = 0x8000_0000 | (65_536 * i / chips + u64::from(i > 0));
            state.write(Some((2 * i) as u8), offset, value as u32);
        }
        for chip in 0..chips {
            let space = state
                .view()
                .space(chip as usize, core, Small::Apart, 1, Duration::ZERO);
            assert_eq!(holds(&space, view), chip == index, "{v} chip {chip}");
        }
    });
    assert!(checked >= 20, "{checked}");
}

#[test]
fn registers_answer_their_resets_and_unknown_ones_zero() {
    let all = vectors("registers");
    for model in MODELS {
        let is = |v: &&Value| {
            v["kind"] == "register" && models_of(v).iter().any(|m| m.name == model.name)
        };
        let known: Vec<&Value> = all.iter().filter(is).collect();
        assert!(!known.is_empty(), "{}", model.name);
        for register in 0..=255u8 {
            let mut bench = Bench::new(model.name, 1, options(2));
            let vector = known
                .iter()
                .find(|v| number(&v["address"]) == u64::from(register));
            let table = model.resets.iter().find(|(r, _)| *r == register);
            let expected = match (register, vector) {
                (_, Some(v)) => number(&v["reset_value"]) as u32,
                (0, None) => model.id,
                // Not in the vectors: the table says why it is not zero.
                (_, None) => table.map_or(0, |(_, value)| *value),
            };
            let got = bench.value(0, register);
            assert_eq!(got, expected, "{} register {register:02x}", model.name);
        }
    }
}

#[test]
fn core_registers_have_their_resets() {
    let checked = for_each_model("registers", |v, model| {
        if v["kind"] != "core register" {
            return;
        }
        let register = number(&v["core_register"]) as u32;
        let control = model.core_control.expect("core registers");
        let mut bench = Bench::new(model.name, 1, options(2));
        let word = control.read_value | register << 8;
        let [a, b, c, d] = word.to_be_bytes();
        let answer = bench.command(&[0x41, 9, 0, control.register, a, b, c, d]);
        let reset = number(&v["reset_value"]) as u32;
        assert_eq!(answer[2..6], reset.to_be_bytes(), "{v}");
        assert_eq!(answer[7], control.answer, "{v}");
    });
    assert!(checked >= 15, "{checked}");
}

#[test]
fn core_registers_read_what_was_written_and_count_their_clock() {
    for model in MODELS {
        let Some(control) = model.core_control else {
            continue;
        };
        let mut bench = Bench::new(model.name, 1, options(2));
        bench.write_all(control.register, 0x8000_8312);
        let read = |bench: &mut Bench, register: u32| {
            let [a, b, c, d] = (control.read_value | register << 8).to_be_bytes();
            bench.command(&[0x51, 9, 0, control.register, a, b, c, d])[5]
        };
        assert_eq!(read(&mut bench, 3), 0x12, "{}", model.name);
        if let Some(counter) = control.clock_counter {
            assert_eq!(
                read(&mut bench, counter.into()),
                8,
                "{}: 50 MHz",
                model.name
            );
            bench.clock(400.0);
            assert_eq!(read(&mut bench, counter.into()), 64, "{}", model.name);
        }
    }
}

#[test]
fn pll_words_give_their_frequencies() {
    let checked = for_each_model("pll", |v, model| {
        let word = number(&v["register_value"]) as u32;
        let mhz = match v["pll_divider_register"].as_str() {
            None => model.pll.mhz(word),
            Some(_) => model.core_mhz(|r| match Some(r) {
                r if r == model.registers.pll_divider => number(&v["pll_divider_register"]) as u32,
                _ => word,
            }),
        };
        let expected = v["freq_mhz"].as_f64().expect("a frequency");
        assert!((mhz - expected).abs() < 0.01, "{v}: {mhz}");
        check_write(model, &v["hex"], None, word);
    });
    assert!(checked > 130, "{checked}");
}

/// A frame writes this value to all chips, and where it is known, to this register.
fn check_write(model: &ChipModel, frame: &Value, register: Option<u8>, value: u32) {
    let commands = decode_command(model, &hex(frame));
    let [
        Command::Write {
            address: None,
            register: to,
            value: written,
        },
    ] = commands[..]
    else {
        panic!("{frame}: {commands:?}");
    };
    assert_eq!(written, value, "{frame}");
    assert_eq!(register.unwrap_or(to), to, "{frame}");
}

#[test]
fn words_that_cannot_be_right_stop_the_clock() {
    let mut checked = 0;
    for v in load("bm13xx/pll.json")["invalid"]
        .as_array()
        .into_iter()
        .flatten()
    {
        if v["id"] == "pll-1398-hashsource-525" {
            let model = model("bm1398").expect("a model");
            assert_eq!(model.pll.mhz(number(&v["register_value"]) as u32), 0.0);
            checked += 1;
        }
    }
    assert_eq!(checked, 1);
    for model in MODELS.iter().filter(|m| m.pll.enable.is_some()) {
        let word = pll_word(model, 400.0);
        assert_eq!(model.pll.mhz(word & !(1 << 30)), 0.0, "{}: off", model.name);
    }
}

#[test]
fn baud_words_give_their_rates() {
    let checked = for_each_model("baud", |v, model| {
        let register = number(&v["register"]) as u8;
        let value = number(&v["register_value"]) as u32;
        let baud = model.baud(|r| match r {
            r if r == register => value,
            // PLL3 2.8 GHz, divided by 7.
            0x68 => 0xC070_0111,
            0x28 => 0x0600_000F,
            _ => 0,
        });
        let expected = v["baud"].as_f64().expect("a rate");
        assert!((baud - expected).abs() < 1.0, "{v}: {baud}");
        assert_eq!(register, model.baud.register, "{v}");
        check_write(model, &v["hex"], Some(register), value);
    });
    assert!(checked >= 24, "{checked}");
    for model in MODELS {
        let bench = Bench::new(model.name, 1, options(2));
        let baud = bench.machine.chips_baud(SLOT).expect("powered");
        assert!((baud - 115_740.7).abs() < 0.1, "{} {baud}", model.name);
    }
}

#[test]
fn ticket_masks_give_their_difficulty() {
    for v in vectors("ticket_mask") {
        let value = number(&v["register_value"]) as u32;
        assert_eq!(1 << ticket_log2(value), number(&v["difficulty"]), "{v}");
        for model in MODELS {
            let frame = match model.preambles().0 {
                [] => &v["frame_bm1387"],
                _ => &v["frame_bm1397_and_later"],
            };
            check_write(model, frame, Some(model.registers.ticket), value);
        }
    }
}

#[test]
fn chip_facts_agree() {
    let checked = for_each_model("chips", |v, model| {
        if v["kind"] != "chip" {
            return;
        }
        assert_eq!(u64::from(model.cores.count), number(&v["cores"]), "{v}");
        let small = number(&v["small_cores_per_core"]);
        assert_eq!(u64::from(model.small_cores), small, "{v}");
        let used = number(&v["small_cores_used"]);
        assert_eq!(u64::from(model.small_cores_used), used, "{v}");
    });
    assert!(checked >= MODELS.len(), "{checked}");
}

/// The job of a chip that takes midstates.
fn midstates(count: u8) -> Job {
    Job {
        job_byte: 0,
        tail: [0; 12],
        work: Work::Midstates {
            count,
            wire: [[0; 8]; 4],
        },
    }
}

#[test]
fn hash_counting_numbers_bound_the_sweep_as_published() {
    let checked = for_each_model("hash_counting", |v, model| {
        if let value @ Value::String(_) = &v["register_value"] {
            check_write(model, &v["hex"], Some(0x10), number(value) as u32);
        }
        let Some(mhz) = v["freq_mhz"].as_f64() else {
            return;
        };
        let mut state = State::new(model, &[0, 2]);
        state.clock(mhz);
        let life = |n| state.view().life(0, &midstates(n)).as_secs_f64();
        let close = |got: f64, expected: f64| {
            assert!(
                (got / expected - 1.0).abs() < 0.002,
                "{v}: {got} {expected}"
            );
        };
        if let Some(seconds) = v["work_time_s"].as_f64() {
            close(0.9 * life(number(&v["midstates"]) as u8), seconds);
        }
        if let Some(us) = v["window_us"].as_f64() {
            // Eight versions are two jobs.
            close(2.0 * life(4) * 1e6, us);
        }
        match (v["full_window_ticks"].as_f64(), model.jobs) {
            (Some(ticks), JobForm::Midstates) => close(2.0 * life(4) * 25e6, ticks),
            (Some(ticks), JobForm::FullHeader) => {
                let register = model.registers.hash_counting.expect("it has one");
                state.write(None, register, ticks as u32);
                let space = state.view().space(0, 0, Small::Apart, 1, Duration::ZERO);
                close(f64::from(space.len), f64::from(2 << 17));
            }
            (None, _) => {}
        }
    });
    assert!(checked >= 12, "{checked}");
}

#[test]
fn addresses_are_taken_in_chain_order_at_every_interval() {
    for v in vectors("addressing") {
        let Some(interval) = v["interval_256_over_n"].as_u64() else {
            continue;
        };
        let chips = number(&v["chips_on_chain"]);
        let ends = &v["addresses_by_256_over_n_first_last"];
        for model in MODELS {
            let mut bench = Bench::new(model.name, chips as u16, options(2));
            bench.command(&[0x53, 5, 0, 0]);
            for chip in 0..chips {
                bench.command(&[0x40, 5, (chip * interval) as u8, 0]);
            }
            let ids = bench.command(&[0x52, 5, 0, 0]);
            let one = ids.len() / chips as usize;
            let at = bench.model.preambles().1.len() + 3;
            let seen: Vec<u64> = ids.chunks(one).map(|f| f[at].into()).collect();
            let set: Vec<u64> = (0..chips).map(|chip| (chip * interval) & 0xFF).collect();
            assert_eq!(seen, set, "{} {v}", model.name);
            let last = *seen.last().expect("chips");
            assert_eq!((seen[0], last), (number(&ends[0]), number(&ends[1])), "{v}");
        }
    }
}

#[test]
fn relay_settings_reach_the_ends_of_their_domains_and_no_other_chip() {
    let mut checked = 0;
    for v in vectors("addressing") {
        let Some(rows) = v["rows"].as_array().filter(|_| v["domains"].is_u64()) else {
            continue;
        };
        let chips = number(&v["chips"]) as u16;
        for model in MODELS.iter().filter(|m| !m.preambles().0.is_empty()) {
            let mut bench = Bench::new(model.name, chips, options(2));
            bench.address(chips);
            let reset = bench.value(0, 0x2C);
            for row in rows {
                let value = number(&row["register_value"]) as u32;
                for end in ["first", "last"] {
                    let address = number(&row[format!("{end}_chip_addr")]) as u8;
                    bench.send(&hex(&row[format!("frame_{end}")]));
                    assert_eq!(bench.value(address, 0x2C), value, "{} {row}", model.name);
                }
                let inner = number(&row["first_chip_addr"]) as u8 + 2;
                assert_eq!(bench.value(inner, 0x2C), reset, "{} {row}", model.name);
            }
            checked += 1;
        }
    }
    assert!(checked >= 12, "{checked}");
}

#[test]
fn nonce_offsets_divide_the_space_without_overlap() {
    let mut checked = 0;
    for v in vectors("addressing") {
        let Some(rows) = v["rows"].as_array().filter(|_| v["domains"].is_null()) else {
            continue;
        };
        for model in MODELS {
            let Some(offset) = model.registers.nonce_offset else {
                continue;
            };
            let row = |i: usize| (number(&rows[i][0]) as u8, number(&rows[i][1]) as u32);
            let addresses: Vec<u8> = (0..rows.len()).map(|i| row(i).0).collect();
            let mut state = State::new(model, &addresses);
            state.clock(400.0);
            let counting = model.registers.hash_counting.expect("it has one");
            let window = (65_536 / rows.len() as u32) << 9;
            state.write(None, counting, window / 32);
            for i in 0..rows.len() {
                let (address, value) = row(i);
                state.write(Some(address), offset, value);
            }
            let mut end = 0;
            for chip in 0..rows.len() {
                let space = state.view().space(chip, 0, Small::Apart, 1, Duration::ZERO);
                assert!(space.start >= end, "{} chip {chip}", model.name);
                end = space.start + space.len;
            }
            assert!(end <= 1 << 25, "{}", model.name);
            checked += 1;
        }
    }
    assert!(checked >= 9, "{checked}");
}
