//! Up and down: start, stop, failure, recovery.

use hal::{BoardOp, LinkOp};
use protocol::{Command, Profile, To, baud};
use telemetry::Code;
use units::{Duration, Instant, Megahertz};

use super::api::Effect;
use super::census::Census;
use super::kind::Kind;
use super::player::Player;
use super::plug::Plug;
use super::setup::ALL_VERSION_BITS;
use super::wire::Wire;
use super::{BringUp, Chain, State, words};

/// How long a board may take to say whether something is plugged in.
const PLUG_WITHIN: Duration = Duration::from_secs(1);
/// Steps of the ramp down, as quarters of the frequency: a supply at full load would
/// overshoot if all of it went at once. Three tenths of a second in all.
const DOWN_STEPS: u8 = 3;
/// Rest between an ordered stop and a start right behind it: capacitors discharge.
const REST: Duration = Duration::from_secs(5);

impl Chain {
    /// Look whether a board is there, and leave it off.
    pub(super) fn look(&mut self, now: Instant) {
        if matches!(self.state, State::Off | State::Absent) {
            let until = now + PLUG_WITHIN;
            self.state = State::Looking { until };
            self.read_plug();
        }
    }

    pub(super) fn start(&mut self, now: Instant) {
        match &mut self.state {
            State::Off | State::Absent | State::Failed | State::Looking { .. } => {
                self.failures.forget();
                self.probe(now, false);
            }
            State::RampingDown { start_again, .. } => *start_again = true,
            State::Probing { .. }
            | State::BringUp(_)
            | State::Mining(_)
            | State::Recovering { .. } => {}
        }
    }

    pub(super) fn stop(&mut self, now: Instant) {
        match &mut self.state {
            State::Off | State::Absent | State::Failed | State::Looking { .. } => {}
            State::Probing { .. } | State::Recovering { .. } => self.state = State::Off,
            State::BringUp(_) => {
                self.power_off(now);
                self.state = State::Off;
            }
            State::RampingDown { start_again, .. } => *start_again = false,
            State::Mining(_) => {
                self.out.link(LinkOp::FlushWork);
                self.out.link(LinkOp::SetWorkPeriod(Duration::ZERO));
                self.sent = self.last_sent();
                self.evidence.set_rate(now, 0, 0.0);
                self.state = State::RampingDown {
                    step: 0,
                    at: now,
                    start_again: false,
                };
            }
        }
    }

    /// Off now.
    pub(super) fn cut(&mut self, now: Instant) {
        match &self.state {
            State::Off | State::Absent | State::Looking { .. } => {}
            // Who cuts a board decides when it is tried again: it does not stay failed.
            State::Failed | State::Probing { .. } | State::Recovering { .. } => {
                self.state = State::Off;
            }
            State::BringUp(_) | State::Mining(_) | State::RampingDown { .. } => {
                self.power_off(now);
                self.state = State::Off;
            }
        }
    }

    /// The next step down; power goes off after the last.
    pub(super) fn ramp_down(&mut self, now: Instant) {
        let State::RampingDown {
            step,
            at,
            start_again,
        } = &mut self.state
        else {
            return;
        };
        if now < *at {
            return;
        }
        let (before, again) = (*step, *start_again);
        *step += 1;
        *at = now + super::ramp::STEP_EVERY;
        if before < DOWN_STEPS {
            let left = f64::from(DOWN_STEPS - before);
            let mhz = self.frequency.mhz() * left / (left + 1.0);
            let lower = Megahertz::new(mhz.max(self.kind.start().mhz()));
            self.write_frequency(now, lower);
            return;
        }
        self.power_off(now);
        self.state = if again {
            let until = now + REST;
            State::Recovering {
                until,
                failed: false,
            }
        } else {
            State::Off
        };
    }

    /// Reset first, then power, in this order; what the chips knew is gone.
    fn power_off(&mut self, now: Instant) {
        self.out.link(LinkOp::FlushWork);
        self.out.link(LinkOp::SetWorkPeriod(Duration::ZERO));
        self.stop_polling();
        self.out.reset_line(true);
        self.out.power(false);
        self.out.push(Effect::Reset);
        self.later.clear();
        self.sent = self.last_sent();
        self.frequency = Megahertz::default();
        self.evidence.set_rate(now, 0, 0.0);
        self.wire.reset();
    }

    fn last_sent(&self) -> u64 {
        match &self.state {
            State::Mining(mining) => mining.feed.sent(),
            _ => self.sent,
        }
    }

    /// Look whether a board is there, before it is powered. `failed`: the last time it did not go well.
    pub(super) fn probe(&mut self, now: Instant, failed: bool) {
        self.read_plug();
        let until = now + PLUG_WITHIN;
        self.state = State::Probing { until, failed };
    }

    pub(super) fn read_plug(&mut self) {
        let slot = self.config.slot;
        self.out.push(Effect::Board(BoardOp::ReadPlug { slot }));
    }

    fn begin_bring_up(&mut self, now: Instant) {
        self.plug = Plug::seen(now);
        self.wire.reset();
        self.shape.version_mask = ALL_VERSION_BITS;
        self.census = Census::default();
        let (list, bits_per_s) = match self.kind {
            Kind::Serial(profile) => {
                let player = Player::new(now, profile.bring_up);
                (BringUp::Serial(player), baud::RESET_BITS_PER_S)
            }
            Kind::Words(profile) => {
                let player = words::Player::new(now, profile.bring_up);
                (BringUp::Words(player), self.clock_hz(profile.start))
            }
        };
        self.bits_per_s = bits_per_s;
        self.out.link(LinkOp::FlushWork);
        self.out.link(LinkOp::SetWorkPeriod(Duration::ZERO));
        self.stop_polling();
        self.out.link(LinkOp::SetBaud { bits_per_s });
        self.state = State::BringUp(list);
    }

    /// What was probed is there.
    pub(super) fn bring_up(&mut self, now: Instant) {
        if matches!(self.state, State::Probing { failed: true, .. }) {
            self.restarts = self.restarts.saturating_add(1);
            let detail = format!("restarts={}", self.restarts);
            self.out.note(now, Code::ChainRestart, detail);
        }
        self.begin_bring_up(now);
    }

    /// Hash power is there.
    pub(super) fn powered(&mut self, now: Instant) {
        match &mut self.state {
            State::BringUp(BringUp::Serial(player)) => player.powered(now),
            State::BringUp(BringUp::Words(player)) => player.powered(now),
            _ => {}
        }
    }

    /// Hash power is gone, or will not come.
    pub(super) fn power_lost(&mut self, now: Instant, why: String) {
        match &mut self.state {
            State::BringUp(_) | State::Mining(_) => self.fail(now, Code::ChainPower, why),
            // It was to go anyway.
            State::RampingDown { step, at, .. } => {
                (*step, *at) = (DOWN_STEPS, now);
                self.ramp_down(now);
            }
            State::Off
            | State::Absent
            | State::Failed
            | State::Looking { .. }
            | State::Probing { .. }
            | State::Recovering { .. } => {}
        }
    }

    /// Nothing is in the slot, or no more. Another try is the owner's to order, who alone knows when hands are out
    /// of the machine.
    pub(super) fn absent(&mut self, now: Instant, detail: &str) {
        if self.is_powered() {
            self.power_off(now);
        }
        self.out.note(now, Code::ChainMissing, detail.to_owned());
        self.state = State::Absent;
    }

    /// Off, and up again after a wait, unless this happened too often. Its plug is looked at now: a board that was
    /// pulled is silent first.
    pub(super) fn fail(&mut self, now: Instant, code: Code, detail: String) {
        self.out.note(now, code, detail);
        self.power_off(now);
        self.read_plug();
        match self.failures.add(now) {
            Some(wait) => {
                let until = now + wait;
                self.state = State::Recovering {
                    until,
                    failed: true,
                };
            }
            None => {
                let detail = format!("restarts={} within an hour", self.restarts);
                self.out.note(now, Code::ChainGaveUp, detail);
                self.state = State::Failed;
            }
        }
    }

    /// Off for good: another try would show the same.
    pub(super) fn give_up(&mut self, now: Instant, code: Code, detail: String) {
        self.out.note(now, code, detail);
        self.power_off(now);
        self.state = State::Failed;
    }

    /// Order `wanted` of every chip, with what belongs to it.
    pub(super) fn write_frequency(&mut self, now: Instant, wanted: Megahertz) {
        match self.kind {
            Kind::Serial(profile) => self.write_serial_frequency(now, profile, wanted),
            Kind::Words(_) => self.write_words_frequency(wanted),
        }
    }

    /// The hash counting follows the frequency.
    fn write_serial_frequency(&mut self, now: Instant, profile: &Profile, wanted: Megahertz) {
        // Every frequency from the start to a target that was checked has a setting; if
        // one had none, the chips would stay where they are.
        let Some(setting) = profile.pll.solve(wanted) else {
            return;
        };
        let (writes, pll) = (profile.pll_writes, profile.map.pll);
        let apart = Duration::from_millis(u64::from(writes.apart_ms));
        // Bounded: the list of writes is short.
        for i in 0.. {
            let Some((reg, value)) = writes.nth(pll, setting.value, i) else {
                break;
            };
            match i {
                0 => self.write_all(reg, value),
                _ => self.later.push_back((now + apart * i as u32, reg, value)),
            }
        }
        self.write_due(now);
        self.frequency = setting.frequency;
        if profile.hash_counting_follows() {
            let ticks = profile.hash_counting(self.frequency, &self.shape);
            self.write_all(profile.map.hash_counting, ticks);
        }
    }

    /// The bus's clock follows the frequency: before it on the way down, after it on the way
    /// up, because slow cores do not follow a fast bus.
    fn write_words_frequency(&mut self, wanted: Megahertz) {
        let Wire::Words(codec) = &self.wire else {
            return;
        };
        let Some((command, frequency)) = codec.frequency(wanted) else {
            return;
        };
        let clock_hz = self.clock_hz(frequency);
        let Wire::Words(codec) = &mut self.wire else {
            return;
        };
        // The sensor's divider is written after every change (published); it never runs faster
        // than it should.
        let rising = frequency > self.frequency;
        let slow = clock_hz.min(self.bits_per_s);
        let sensor = codec.sensor_clock(frequency);
        let sensor = sensor.map(|command| codec.command(&command, slow).0);
        let (write, _) = codec.command(&command, slow);
        let clock = (clock_hz != self.bits_per_s).then_some(LinkOp::SetBaud {
            bits_per_s: clock_hz,
        });
        let moves = clock.is_some();
        let ops = match rising {
            true => [sensor, Some(write), clock],
            false => [clock, Some(write), sensor],
        };
        for op in ops.into_iter().flatten() {
            self.out.link(op);
        }
        self.bits_per_s = clock_hz;
        self.frequency = frequency;
        if moves && matches!(self.state, State::Mining(_)) {
            self.poll_for_results();
        }
    }

    /// Clock of the bus at a frequency, as far as the board bears it.
    pub(super) fn clock_hz(&self, frequency: Megahertz) -> u32 {
        match self.kind {
            Kind::Words(profile) => profile.clock_hz(frequency).min(self.shape.baud),
            Kind::Serial(_) => baud::RESET_BITS_PER_S,
        }
    }

    /// Nobody answers without power.
    fn stop_polling(&mut self) {
        if let Wire::Words(codec) = &self.wire {
            let stop = codec.poll(Duration::ZERO, self.bits_per_s);
            self.out.link(stop);
        }
    }

    /// Writes that had to wait for the one before them.
    pub(super) fn write_due(&mut self, now: Instant) {
        while let Some(&(_, reg, value)) = self.later.front().filter(|w| w.0 <= now) {
            self.later.pop_front();
            self.write_all(reg, value);
        }
    }

    pub(super) fn write_all(&mut self, reg: protocol::Register, value: u32) {
        let to = To::All;
        let command = Command::WriteRegister { to, reg, value };
        if let Wire::Serial(wire) = &mut self.wire {
            let (op, _) = wire.command(&command, self.bits_per_s);
            self.out.link(op);
        }
    }
}
