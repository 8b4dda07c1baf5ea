//! One chain of chips.
//!
//! ```text
//! Off --Start--> Probing --plugged--> BringUp --list done--> Mining
//!  ^                |                    |                     |
//!  |             Absent          no chip, link, board    silent, deaf, link, board
//!  |                                     v                     v
//!  |                                 Recovering <--------------+   (Probing again after a wait)
//!  |                                     |  too often, wrong chip, too fast
//!  |                                     v
//!  +--- RampingDown <--Stop-- Mining   Failed
//! ```
//!
//! A board's plug is looked at before it is powered, each second while it is, and when it has failed; on
//! [`Input::Look`] also while it is off. One that is not there is Absent from wherever it was.
//!
//! Invariants: hash power is asked for in `BringUp`, and is wanted there, in `Mining` and in
//! `RampingDown` and in no other state; it is given back only after the reset line was asserted; work leaves in `Mining`
//! alone, but for the empty jobs that open a BM1387's cores; [`Effect::Reset`] follows every loss of what the chips knew.

mod api;
mod census;
mod evidence;
mod feed;
mod health;
mod inquiry;
mod kind;
mod mining;
mod outbox;
mod player;
mod plug;
mod power;
mod ramp;
mod relayed;
mod setup;
mod watch;
mod wire;
mod words;

pub use api::{ChainConfig, ConfigError, Effect, Input, Needs};
pub use evidence::Domain;
pub use inquiry::{ChipSensor, ChipTemperature};
pub use units::RollingNeed;

use std::collections::VecDeque;

use census::Census;
use evidence::Evidence;
use hal::{BoardEvent, LinkError, LinkEvent};
use health::{Failures, Totals};
use kind::Kind;
use mining::Mining;
use outbox::Outbox;
use player::{Played, Player, Stage};
use plug::Plug;
use protocol::spi::Answer;
use protocol::{ChainResponse, Register, Shape};
use telemetry::{ChainState, Code};
use units::{Duration, HashRate, Instant, Megahertz, NonceReport};
use watch::Watch;
use wire::Wire;
use words::Heard;

/// One chain of chips, from power-on to hashing and back.
pub struct Chain {
    config: ChainConfig,
    kind: Kind,
    shape: Shape,
    wire: Wire,
    out: Outbox,
    state: State,
    evidence: Evidence,
    watch: Watch,
    failures: Failures,
    /// Means something in `BringUp` and `Mining`.
    plug: Plug,
    /// What the host speaks.
    bits_per_s: u32,
    /// Who answered at the last count.
    census: Census,
    /// Writes that follow each other at a distance, in order of time.
    later: VecDeque<(Instant, Register, u32)>,
    /// What the chips were set to; zero while they have no power.
    frequency: Megahertz,
    /// Undamaged responses.
    good: u64,
    restarts: u32,
    /// The link's count of work that left, kept over restarts.
    sent: u64,
    /// No frequency above this, whatever the board is meant for.
    cap: Megahertz,
    /// Sensors behind its chips.
    sensors: Vec<ChipSensor>,
}

#[expect(
    clippy::large_enum_variant,
    reason = "one value per chain, which is in its largest state nearly always"
)]
enum State {
    Off,
    Absent,
    Failed,
    /// Off, and its plug is looked at.
    Looking {
        until: Instant,
    },
    Probing {
        until: Instant,
        failed: bool,
    },
    BringUp(BringUp),
    Mining(Mining),
    RampingDown {
        step: u8,
        at: Instant,
        start_again: bool,
    },
    Recovering {
        until: Instant,
        failed: bool,
    },
}

/// The list that is played, of one family or the other.
enum BringUp {
    Serial(Player),
    Words(words::Player),
}

impl Chain {
    /// A chain that is off. Nothing happens before [`Input::Start`].
    pub fn new(config: ChainConfig) -> Result<Chain, ConfigError> {
        let (kind, shape) = setup::check(&config)?;
        let wire = Wire::new(config.slot, config.link, kind, &shape).ok_or(ConfigError::Link)?;
        Ok(Chain {
            out: Outbox::new(config.slot),
            evidence: Evidence::new(&shape),
            watch: Watch::default(),
            config,
            kind,
            shape,
            wire,
            state: State::Off,
            failures: Failures::default(),
            plug: Plug::seen(Instant::ZERO),
            bits_per_s: protocol::baud::RESET_BITS_PER_S,
            census: Census::default(),
            later: VecDeque::new(),
            frequency: Megahertz::default(),
            good: 0,
            restarts: 0,
            sent: 0,
            cap: Megahertz::new(f64::MAX),
            sensors: Vec::new(),
        })
    }

    /// The temperature sensors that chips of this board relay or have; those of places that
    /// the board does not have are left out. Takes effect when the chain begins to mine.
    pub fn set_sensors(&mut self, sensors: &[ChipSensor]) {
        let chips = self.shape.chips;
        let there = sensors.iter().filter(|s| s.chip.0 < chips);
        self.sensors = there.copied().collect();
    }

    /// What these sensors say; empty while the chain does not mine.
    pub fn temperatures(&self) -> Vec<ChipTemperature> {
        match &self.state {
            State::Mining(mining) => mining.temperatures(),
            _ => Vec::new(),
        }
    }

    /// Consume one input.
    pub fn handle(&mut self, now: Instant, input: Input) {
        self.accrue(now);
        match input {
            Input::Look => self.look(now),
            Input::Start => self.start(now),
            Input::Stop => self.stop(now),
            Input::Cut => self.cut(now),
            Input::Link(event) => self.link_event(now, event),
            Input::Board(event) => self.board_event(now, event),
            Input::Powered => self.powered(now),
            Input::PowerLost(why) => self.power_lost(now, why),
            Input::Work(id, item) => self.work(now, id, &item),
            Input::FlushWork => self.flush(now),
            Input::Verdict { report, ok } => self.verdict(&report, ok),
            Input::Cap(cap) => self.set_cap(now, cap),
            Input::Wake => {}
        }
        self.advance(now);
    }

    /// What to do outside; call until `None` after every [`handle`](Chain::handle).
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.out.pop()
    }

    /// When [`Input::Wake`] is due.
    pub fn next_deadline(&self) -> Option<Instant> {
        let state = match &self.state {
            State::Off | State::Absent | State::Failed => Instant::NEVER,
            State::Looking { until }
            | State::Probing { until, .. }
            | State::Recovering { until, .. } => *until,
            State::RampingDown { at, .. } => *at,
            State::BringUp(BringUp::Serial(player)) => player.deadline(&self.shape),
            State::BringUp(BringUp::Words(player)) => player.deadline(),
            State::Mining(mining) => mining.deadline(&self.shape),
        };
        let later = self.later.front().map_or(Instant::NEVER, |w| w.0);
        let plug = match self.is_powered() {
            true => self.plug.deadline(),
            false => Instant::NEVER,
        };
        let first = state.min(later).min(plug);
        (first < Instant::NEVER).then_some(first)
    }

    /// What this chain needs of a scheduler. Constant in its life.
    pub fn needs(&self) -> Needs {
        let (step, count) = match self.kind {
            Kind::Serial(profile) => (profile.wire_ids.step, profile.wire_ids.count),
            Kind::Words(profile) => (1, words::Codec::wire_ids(profile, self.shape.chips)),
        };
        Needs {
            rolling: self.rolling(),
            wire_id_step: step,
            wire_id_count: count,
            ticket: self.shape.ticket,
        }
    }

    /// Who rolls the version, and how many a job carries on this link.
    fn rolling(&self) -> RollingNeed {
        match (self.kind.rolling(), self.wire.fixed_midstates()) {
            (RollingNeed::Host { .. }, Some(midstates)) => RollingNeed::Host { midstates },
            (rolling, _) => rolling,
        }
    }

    /// What the chips found should do at their present frequency, with the versions that
    /// their work has and over a line that may be too slow; zero unless they hash.
    pub fn nominal(&self) -> HashRate {
        match &self.state {
            State::Mining(mining) if mining.hashes() => HashRate::from_hs(
                self.kind.hashes_per_s(self.frequency) * f64::from(self.found()) * mining.fraction,
            ),
            _ => HashRate::default(),
        }
    }

    /// How long the bring-up of a whole board takes by what is prescribed: the settle
    /// times, as scaled, and beside them the time of commands and answers on the chips' line.
    pub fn bring_up_time(&self) -> (Duration, Duration) {
        let percent = self.config.settle_percent;
        match (&self.wire, self.kind) {
            (Wire::Serial(wire), Kind::Serial(profile)) => {
                player::prescribed(profile, &self.shape, wire, u32::from(percent))
            }
            (Wire::Words(codec), Kind::Words(profile)) => {
                words::prescribed(profile, &self.shape, codec, percent)
            }
            _ => (Duration::ZERO, Duration::ZERO),
        }
    }

    /// What its chips are set to; zero without power.
    pub fn frequency(&self) -> Megahertz {
        self.frequency
    }

    /// What the chain does.
    pub fn state(&self) -> ChainState {
        match &self.state {
            State::Off | State::Looking { .. } => ChainState::Off,
            State::Absent => ChainState::Absent,
            State::Failed => ChainState::Failed,
            State::Probing { .. } | State::BringUp(_) => ChainState::Starting,
            State::Mining(mining) if !mining.hashes() => ChainState::Starting,
            State::Mining(mining) if mining.is_moving() => ChainState::Ramping,
            State::Mining(_) => ChainState::Hashing,
            State::RampingDown { .. } => ChainState::Ramping,
            State::Recovering { .. } => ChainState::Recovering,
        }
    }

    /// The chain as the snapshot shows it, without chips and without the rate over the
    /// last minute, which whoever verifies nonces measures.
    pub fn status(&self, now: Instant) -> telemetry::Chain {
        let powered = self.frequency.mhz() > 0.0;
        telemetry::Chain {
            slot: self.config.slot.0,
            state: self.state(),
            chips_expected: self.shape.chips,
            chips_found: self.census.found,
            frequency_mhz: powered.then(|| self.frequency.mhz()),
            voltage_mv: None,
            hashrate_ths: None,
            hw_errors: self.evidence.hw_errors(),
            nonces: self.evidence.nonces(),
            nonces_expected: self.evidence.expected(now, self.busy_until(now)),
            damaged_frames: self.wire.damaged(),
            restarts: self.restarts,
            chips: None,
        }
    }

    /// Evidence per chip, in chain order.
    pub fn chips(&self, now: Instant) -> Vec<telemetry::Chip> {
        self.evidence.chips(&self.shape, now, self.busy_until(now))
    }

    /// Evidence per voltage domain, from the host outwards.
    pub fn domains(&self, now: Instant) -> Vec<Domain> {
        self.evidence
            .domains(&self.shape, now, self.busy_until(now))
    }

    /// Power is wanted, and not about to go.
    fn is_powered(&self) -> bool {
        matches!(self.state, State::BringUp(_) | State::Mining(_))
    }

    /// Chips that hash.
    fn found(&self) -> u16 {
        self.census.found.unwrap_or(0)
    }

    fn busy_until(&self, now: Instant) -> Instant {
        match &self.state {
            State::Mining(mining) => mining.feed.busy_until(),
            _ => now,
        }
    }

    fn accrue(&mut self, now: Instant) {
        let expected = self.evidence.accrue(now, self.busy_until(now));
        if let State::Mining(mining) = &mut self.state {
            mining.expect(expected);
        }
    }

    fn totals(&self) -> Totals {
        Totals {
            damaged: self.wire.damaged(),
            damaged_here: self.wire.damaged_here(),
            good: self.good,
            hw_errors: self.evidence.hw_errors(),
            nonces: self.evidence.nonces(),
        }
    }

    fn verdict(&mut self, report: &NonceReport, ok: bool) {
        let place = match (&self.wire, self.kind) {
            (_, Kind::Serial(profile)) => profile.origin(report.nonce, &self.shape).chip,
            (Wire::Words(codec), Kind::Words(_)) => codec.chip_of(report.wire),
            (Wire::Serial(_), Kind::Words(_)) => u16::MAX,
        };
        self.evidence.verdict(place, ok);
        if let State::Mining(mining) = &mut self.state {
            mining.see(ok);
        }
    }

    fn link_event(&mut self, now: Instant, event: LinkEvent) {
        match event {
            LinkEvent::Bytes(bytes) => self.wire.bytes(&bytes),
            LinkEvent::Silent => self.wire.silent(),
            LinkEvent::Record { head, data } => self.wire.record(head, data),
            LinkEvent::Words(bytes) => self.wire.words(&bytes),
            LinkEvent::Damaged(frames) => self.wire.dropped(frames),
            LinkEvent::Work { queued, sent } => self.work_moved(now, queued, sent),
            LinkEvent::Commands { left } => self.commands_left(now, left),
            LinkEvent::Error(error) => self.link_error(now, error),
        }
        self.responses(now);
    }

    /// A link that lost count, or never tells, leaves it at what is sure.
    fn commands_left(&mut self, now: Instant, left: u64) {
        if let State::BringUp(BringUp::Serial(player)) = &mut self.state
            && left == self.out.commands()
        {
            player.all_left(now);
        }
    }

    fn responses(&mut self, now: Instant) {
        match &mut self.wire {
            Wire::Serial(serial) => {
                let responses = serial.take_responses();
                self.serial_responses(now, responses);
            }
            Wire::Words(codec) => {
                self.good += codec.take_good();
                let heard = codec.take_heard();
                self.heard(now, heard);
            }
        }
    }

    fn heard(&mut self, now: Instant, heard: Vec<Heard>) {
        for heard in heard {
            match (&mut self.state, heard) {
                (State::BringUp(BringUp::Words(player)), Heard::Answer(answer)) => {
                    player.answer(&answer);
                }
                (
                    State::Mining(_) | State::RampingDown { .. },
                    Heard::Nonce { wire, slot, nonce },
                ) => self.report(wire, slot, 0, nonce),
                (State::Mining(mining), Heard::Answer(Answer::Block { chip, block })) => {
                    mining.block(now, self.kind, chip, &block);
                }
                _ => {}
            }
        }
    }

    fn serial_responses(&mut self, now: Instant, responses: Vec<ChainResponse>) {
        let Kind::Serial(profile) = self.kind else {
            return;
        };
        for response in responses {
            self.good += 1;
            match (&mut self.state, response) {
                (
                    State::BringUp(BringUp::Serial(player)),
                    register @ ChainResponse::Register { .. },
                ) => {
                    player.response(now, profile, &register);
                }
                (State::Mining(_) | State::RampingDown { .. }, ChainResponse::Nonce(raw)) => {
                    self.nonce(profile, &raw);
                }
                (
                    State::Mining(_),
                    ChainResponse::Register {
                        value,
                        address,
                        reg,
                    },
                ) => self.answered(now, value, (address, reg)),
                _ => {}
            }
        }
    }

    fn link_error(&mut self, now: Instant, error: LinkError) {
        let powered = self.is_powered();
        match error {
            LinkError::QueueFull => {
                if let State::Mining(mining) = &mut self.state {
                    mining.feed.refused();
                }
            }
            LinkError::Overrun => self.wire.dropped(1),
            LinkError::Line(errors) => {
                let detail = format!(
                    "framing={} parity={} breaks={}",
                    errors.framing, errors.parity, errors.breaks
                );
                self.out.note_seldom(now, Code::LinkNoise, detail);
            }
            LinkError::Stuck | LinkError::Device(_) if powered => {
                self.fail(now, Code::LinkFault, format!("{error:?}"));
            }
            LinkError::Baud { bits_per_s } if powered => {
                let detail = format!("the link has no baud rate near {bits_per_s}");
                self.give_up(now, Code::LinkFault, detail);
            }
            LinkError::Stuck | LinkError::Device(_) | LinkError::Baud { .. } => {
                let detail = format!("{error:?}");
                self.out.note_seldom(now, Code::LinkFault, detail);
            }
        }
    }

    fn board_event(&mut self, now: Instant, event: BoardEvent) {
        let (BoardEvent::Plug { slot, .. }
        | BoardEvent::PlugUnread { slot, .. }
        | BoardEvent::Failed { slot, .. }) = event
        else {
            return;
        };
        if slot != self.config.slot {
            return;
        }
        let powered = self.is_powered();
        let probing = matches!(self.state, State::Probing { .. });
        match event {
            BoardEvent::Plug { present, .. } => self.plugged(now, present),
            BoardEvent::PlugUnread { errno, .. } => self.plug_unread(now, errno),
            BoardEvent::Failed { errno, .. } if probing || powered => {
                self.fail(now, Code::BoardFault, format!("errno={errno}"));
            }
            BoardEvent::Failed { errno, .. } => {
                let detail = format!("errno={errno}");
                self.out.note_seldom(now, Code::BoardFault, detail);
            }
            BoardEvent::Done(_) | BoardEvent::Refused(..) | BoardEvent::Told(_) => {}
        }
    }

    /// Its plug was looked at.
    fn plugged(&mut self, now: Instant, present: bool) {
        match (&self.state, present) {
            (State::Probing { .. }, true) => self.bring_up(now),
            (State::BringUp(_) | State::Mining(_), _) => {
                if self.plug.found(present) {
                    self.absent(now, "pulled while it had power");
                }
            }
            (State::Looking { .. }, true) => self.state = State::Off,
            (State::RampingDown { .. } | State::Absent, _) | (_, true) => {}
            // A chain that failed looked at once: that may be why.
            (
                State::Off
                | State::Looking { .. }
                | State::Probing { .. }
                | State::Recovering { .. }
                | State::Failed,
                false,
            ) => self.absent(now, ""),
        }
    }

    /// A line that cannot be read says nothing of the board: one that hashes goes on.
    fn plug_unread(&mut self, now: Instant, errno: i32) {
        let detail = format!("its plug cannot be read: errno={errno}");
        match &self.state {
            State::Probing { .. } => self.fail(now, Code::BoardFault, detail),
            State::Looking { .. } => {
                self.state = State::Off;
                self.out.note_seldom(now, Code::BoardFault, detail);
            }
            State::BringUp(_) | State::Mining(_) => {
                if self.plug.unread() {
                    self.out.note_seldom(now, Code::BoardFault, detail);
                }
            }
            State::Off
            | State::Absent
            | State::Failed
            | State::RampingDown { .. }
            | State::Recovering { .. } => {}
        }
    }

    /// Whatever time and events allow.
    fn advance(&mut self, now: Instant) {
        self.write_due(now);
        if self.is_powered() && self.plug.is_due(now) {
            self.read_plug();
        }
        match &mut self.state {
            State::Off | State::Absent | State::Failed => {}
            State::Looking { until } if *until <= now => self.state = State::Off,
            // No word about the plug: a board without plug detection.
            State::Probing { until, .. } if *until <= now => self.bring_up(now),
            State::Recovering { until, failed } if *until <= now => {
                let failed = *failed;
                self.probe(now, failed);
            }
            State::Looking { .. } | State::Probing { .. } | State::Recovering { .. } => {}
            State::RampingDown { .. } => self.ramp_down(now),
            State::Mining(_) => self.mine(now),
            State::BringUp(_) => {}
        }
        self.play_bring_up(now);
    }

    fn play_bring_up(&mut self, now: Instant) {
        let State::BringUp(list) = &mut self.state else {
            return;
        };
        let played = match (list, &mut self.wire, self.kind) {
            (BringUp::Serial(player), Wire::Serial(wire), Kind::Serial(profile)) => {
                let mut stage = Stage {
                    profile,
                    shape: &self.shape,
                    wire,
                    out: &mut self.out,
                    settle_percent: self.config.settle_percent,
                    bits_per_s: &mut self.bits_per_s,
                    census: &mut self.census,
                };
                player.play(now, &mut stage)
            }
            (BringUp::Words(player), Wire::Words(codec), Kind::Words(profile)) => {
                let mut stage = words::Stage {
                    profile,
                    shape: &self.shape,
                    codec,
                    out: &mut self.out,
                    settle_percent: self.config.settle_percent,
                    clock_hz: self.bits_per_s,
                    census: &mut self.census,
                };
                player.play(now, &mut stage)
            }
            // Link and list are made for the same chip.
            _ => Played::NoChip,
        };
        match played {
            Played::Waiting => {}
            Played::Done => self.begin_mining(now),
            Played::NoPower => {
                let detail = "no word of the hash power that was asked for".to_owned();
                self.fail(now, Code::ChainPower, detail);
            }
            Played::NoChip => {
                self.census.found = Some(0);
                let detail = format!("0 of {} chips answered", self.shape.chips);
                self.fail(now, Code::ChainChips, detail);
            }
            Played::WrongChip(id) => {
                let detail = format!(
                    "chips answered as {id:04x}, expected {:04x}",
                    self.kind.id()
                );
                self.give_up(now, Code::ChainChipId, detail);
            }
        }
    }
}
