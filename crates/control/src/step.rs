//! One look at everything: judge, then decide in the order safety, thermal, tuner, operator.

use telemetry::Code;
use units::{Duration, Instant};

use crate::api::{FanMode, Intent, SupplyState};
use crate::board::{Board, Event, Phase, RISE_WITHIN, STAGGER, Will};
use crate::cause::Cause;
use crate::control::Control;
use crate::fans::{Air, Change, as_board, target_c};
use crate::heat::{Around, fresh_values};
use crate::mutant::mutate;
use crate::plan::RailKind;
use crate::power::{FLOOR_MHZ, LEAD_MHZ, Need, Pace, Power, ramp};
use crate::run::Without;
use crate::safety::{Full, Scene};
use crate::thermal::Turn;

/// Boards are compared where their loads differ by no more than this.
const LIKE_LOAD: f64 = 0.25;
/// A board without sensors gets half of its frequency: assumed.
const UNWATCHED: f64 = 0.5;
/// A reason for full fans that was gone for so long is told anew when it comes back.
const FULL_OVER: Duration = Duration::from_secs(30);

impl Control {
    pub(crate) fn step(&mut self, dt: Duration) {
        self.judge_sensors();
        self.judge_fans();
        let over_power = self.judge_power(dt);
        let without = match self.run.step(self.now) {
            Some(Without::Eases) => Some(("frequency falls", "no pool for 10 s")),
            Some(Without::Off) => Some(("hash power off", "no pool for a minute")),
            None => None,
        };
        if let Some((decision, reason)) = without {
            self.decide(Code::PowerNoPool, "machine", decision.to_owned(), reason);
        }
        self.move_boards(over_power);
        self.move_rails(dt);
        self.move_caps(dt);
        self.move_supply(over_power);
        self.move_fans(over_power, dt);
        for (slot, board) in self.boards.iter().enumerate() {
            self.wanted.boards[slot] = board.is_on();
            self.wanted.caps_mhz[slot] = board.cap_mhz;
        }
    }

    /// A board's power as a fraction of the rated.
    fn load(&self, slot: usize) -> f64 {
        let mhz = self.boards[slot].chain.mhz().unwrap_or(0.0);
        self.power.load(&self.plan, slot, mhz)
    }

    fn scene(&self, over_power: bool) -> Scene<'_> {
        Scene {
            now: self.now,
            plan: &self.plan,
            boards: &self.boards,
            fans: &self.fans,
            supply: self.supply,
            air: !matches!(self.fan_mode(), FanMode::Immersion | FanMode::Hydro),
            over_power,
        }
    }

    fn judge_sensors(&mut self) {
        let now = self.now;
        let began = self.run.began.unwrap_or(now);
        let values: Vec<_> = self
            .boards
            .iter()
            .map(|b| fresh_values(now, &b.trackers))
            .collect();
        let loads: Vec<_> = (0..self.boards.len()).map(|slot| self.load(slot)).collect();
        for slot in 0..self.boards.len() {
            let like =
                |other: &usize| *other != slot && (loads[*other] - loads[slot]).abs() <= LIKE_LOAD;
            let others: Vec<_> = (0..loads.len()).filter(like).collect();
            let elsewhere: Vec<Vec<f64>> = (0..self.plan.sensors.len())
                .map(|i| others.iter().filter_map(|o| values[*o][i]).collect())
                .collect();
            let board = &mut self.boards[slot];
            let around = Around {
                load: loads[slot],
                on_since: board.on_since.filter(|_| board.is_active()),
                up_since: board.up_since.filter(|_| board.is_active()),
                began,
                elsewhere: &elsewhere,
            };
            board
                .heat
                .judge(now, &self.plan, &mut board.trackers, &around);
        }
    }

    fn judge_fans(&mut self) {
        let ordered = self.wanted.fans;
        for change in self.fans.judge(self.now, &self.plan.fans, ordered) {
            let (code, fan, decision) = match change {
                Change::Lost(fan) => (Code::FanLost, fan, "others full"),
                Change::Back(fan) => (Code::FanBack, fan, "back to the law"),
            };
            let place = format!("fan {fan}");
            self.decide(code, &place, decision.to_owned(), "tach");
        }
    }

    fn judge_power(&mut self, dt: Duration) -> bool {
        let loads: f64 = (0..self.boards.len()).map(|slot| self.load(slot)).sum();
        let modelled_w = loads * self.plan.board_w;
        self.power.judge(self.now, &self.plan, modelled_w, dt)
    }

    fn move_boards(&mut self, over_power: bool) {
        let now = self.now;
        let scene = self.scene(over_power);
        let air_ready = !scene.air || self.fans.enough(now, &self.plan.fans);
        let must_be_off = scene.supply_must_be_off();
        let mut all = scene.hazard();
        let asked = self.run.wants_power(now);
        let wanted = asked && self.is_worth_it() && self.may_hash();
        let supply_ready =
            !self.plan.supply_switch || matches!(self.supply, SupplyState::On { .. });
        for slot in 0..self.boards.len() {
            let powered = self.boards[slot].is_on() && supply_ready;
            let sag = self.power.sags(now, self.plan.rail_of(slot), powered);
            let sag = sag.map(|why| (Cause::Sag, why));
            if self.plan.rail == RailKind::Machine {
                all = all.or(sag.clone());
            }
            let rested = self.last_start.is_none_or(|at| now.since(at) >= STAGGER);
            let board = &mut self.boards[slot];
            let will = Will {
                wanted,
                may_start: air_ready && !must_be_off,
                rail_ready: rested && supply_ready && self.power.ready(&self.plan, slot),
                rise_within: self.plan.off_before_on + RISE_WITHIN,
                lowered: board.cap_mhz <= FLOOR_MHZ || board.chain.mhz().is_none(),
                hazard: all.clone().or(sag),
                unwatched: self.local.unwatched,
            };
            if let Some(event) = board.step(now, &self.plan, &will) {
                if event == Event::On {
                    self.last_start = Some(now);
                }
                self.tell(slot, event);
            }
        }
        self.tell_stuck();
        self.tell_blocked(asked, all, air_ready);
    }

    /// Say once that a board does not obey.
    fn tell_stuck(&mut self) {
        for slot in 0..self.boards.len() {
            let stuck = self.boards[slot].is_stuck(self.now) && self.plan.board_switch;
            if stuck && !self.boards[slot].stuck_told {
                let cut = if self.plan.supply_switch {
                    "supply off"
                } else {
                    "nothing else can cut its power"
                };
                let place = format!("slot {slot}");
                self.decide(
                    Code::PowerStuck,
                    &place,
                    cut.to_owned(),
                    "told off, says on",
                );
            }
            self.boards[slot].stuck_told = stuck;
        }
    }

    /// The ceiling lets a board run at its lowest frequency at least.
    fn is_worth_it(&self) -> bool {
        let ceiling = self.run.settings.ceiling;
        ceiling.is_none_or(|w| w.w() > self.least_w())
    }

    /// What all boards draw when they begin to hash, by the model.
    pub(crate) fn least_w(&self) -> f64 {
        self.plan.board_w * Power::least_load(&self.plan) * f64::from(self.plan.slots)
    }

    fn tell(&mut self, slot: usize, event: Event) {
        let place = format!("slot {slot}");
        match event {
            Event::On => self.decide(Code::PowerOn, &place, "on".to_owned(), "all is well"),
            Event::Off => self.decide(Code::PowerOff, &place, "off".to_owned(), "ordered"),
            Event::Gone => {
                let why = "no board in the slot";
                self.decide(Code::PowerOff, &place, "off".to_owned(), why);
            }
            Event::Again => {
                self.decide(
                    Code::PowerRestart,
                    &place,
                    "starts again".to_owned(),
                    "waited",
                );
            }
            Event::Stopped { cause, why, wait } => {
                let wait_s = wait.as_secs_f64();
                let decision = format!("off, not before wait_s={wait_s:.0}");
                self.decide(cause.code(), &place, decision, &why);
                if !self.plan.board_switch {
                    let held = "held in reset".to_owned();
                    self.decide(Code::PowerIsolated, &place, held, "no switch on the board");
                }
            }
        }
    }

    /// Say once why a machine that should hash does not start.
    fn tell_blocked(&mut self, asked: bool, all: Option<(Cause, String)>, air_ready: bool) {
        let waiting = asked && !self.boards.iter().any(Board::is_active);
        let inlet = self.boards.iter().filter_map(|b| b.heat.inlet_c);
        let inlet = inlet
            .reduce(f64::min)
            .filter(|c| *c > self.plan.inlet_max_c);
        let unwatched = self.boards.iter().all(|b| b.heat.fitted == 0) && !self.local.unwatched;
        let worry = self.boards.iter().find_map(|b| b.worry().cloned());
        let blocked = match (all, worry) {
            _ if !waiting => None,
            _ if !self.may_hash() => {
                let why = "nothing would cut the power".to_owned();
                Some((Code::PowerUnguarded, why))
            }
            _ if !self.is_worth_it() => {
                let least = self.least_w();
                Some((Code::PowerLow, format!("least_w={least:.0}")))
            }
            (Some((cause, why)), _) | (None, Some((cause, why))) => Some((cause.code(), why)),
            _ if !air_ready && self.fans.spun_up(self.now) => {
                Some((Code::FanFew, "too few fans turn".to_owned()))
            }
            _ if unwatched => Some((Code::SensorNone, "no sensor".to_owned())),
            _ => inlet.map(|c| (Code::HeatInlet, format!("inlet_c={c:.1}"))),
        };
        let code = blocked.as_ref().map(|(code, _)| *code);
        let before = core::mem::replace(&mut self.blocked, code);
        if code == before {
            return;
        }
        if let Some(before) = before {
            let over = format!("{} is over", before.text());
            self.decide(Code::PowerFree, "machine", over, "");
        }
        if let Some((code, why)) = blocked {
            let what = match code {
                Code::PowerUnguarded | Code::PowerLow => "hash power stays off",
                _ => "start waits",
            };
            self.decide(code, "machine", what.to_owned(), &why);
        }
    }

    fn move_rails(&mut self, dt: Duration) {
        for rail in 0..self.power.rails.len() {
            let need = self.need(rail);
            self.power.step_rail(&self.plan, rail, &need, dt);
            self.wanted.rails_mv[rail] = self.power.rails[rail].set_mv;
        }
    }

    /// What a rail is needed for.
    fn need(&self, rail: usize) -> Need {
        let mut need = Need {
            powered: false,
            starting: false,
            wanted_mhz: 0.0,
            present_mhz: 0.0,
            room: true,
        };
        let on = matches!(self.supply, SupplyState::On { .. } | SupplyState::Starting);
        let active = self.active();
        let ceiling = self.run.settings.ceiling;
        let worth = self.power.worth_mhz(&self.plan, ceiling, active);
        for (slot, board) in self.boards.iter().enumerate() {
            if self.plan.rail_of(slot) != rail {
                continue;
            }
            let mhz = board.chain.mhz();
            need.powered |= board.is_on() || self.plan.supply_switch && on;
            need.starting |= board.is_active() && mhz.is_none();
            need.present_mhz = need.present_mhz.max(mhz.unwrap_or(0.0));
            let tuned = board.tuned_mhz.unwrap_or(self.plan.mhz);
            if board.is_active() {
                need.wanted_mhz = need.wanted_mhz.max(tuned.min(self.plan.mhz_max).min(worth));
            }
        }
        let coming_mv = self.power.coming_mv(&self.plan, &need);
        need.room = self.boards.iter().enumerate().all(|(slot, board)| {
            let most = self.mhz_for(slot, active, coming_mv);
            self.plan.rail_of(slot) != rail || board.chain.mhz().is_none_or(|mhz| mhz <= most)
        });
        need
    }

    /// Every board that there is was stopped for a reason.
    fn all_stopped(&self) -> bool {
        let there = |b: &&Board| b.is_there();
        let mut boards = self.boards.iter().filter(there).peekable();
        boards.peek().is_some() && boards.all(|b| matches!(b.phase, Phase::Stopped { .. }))
    }

    fn active(&self) -> usize {
        self.boards.iter().filter(|b| b.is_active()).count()
    }

    fn mhz_for(&self, slot: usize, active: usize, coming_mv: f64) -> f64 {
        let ceiling = self.run.settings.ceiling;
        let chip_c = self.boards[slot].heat.chip_c;
        self.power
            .mhz_for(&self.plan, slot, (ceiling, active), chip_c, coming_mv)
    }

    fn move_caps(&mut self, dt: Duration) {
        let active = self.active();
        let mut at_ceiling = false;
        let (eases, stays) = (self.run.eases, self.run.may_not_rise(self.now));
        let working = match self.run.is_slow(self.now) {
            true => Pace::Slowly,
            false => Pace::Working,
        };
        for slot in 0..self.boards.len() {
            let need = self.need(self.plan.rail_of(slot));
            let coming_mv = self.power.coming_mv(&self.plan, &need);
            let ceiling = self.mhz_for(slot, active, coming_mv);
            let permitted = self.power.mhz_permitted(&self.plan, slot);
            let per_mhz = self.power.load_per_mhz(&self.plan, slot);
            let board = &mut self.boards[slot];
            let mhz = board.chain.mhz().filter(|_| board.is_on());
            let hashing = mhz.is_some();
            let whole = board.tuned_mhz.unwrap_or(self.plan.mhz).max(FLOOR_MHZ);
            let present = if hashing { board.cap_mhz / whole } else { 1.0 };
            let turn = board.thermal.step(&self.plan, &board.heat, present, dt);
            let unwatched = board.heat.fitted == 0;
            // A board that nobody can measure yet is kept where it makes next to no heat.
            let measured = board.heat.over.is_some() || unwatched;
            if !hashing || !measured {
                board.cap_mhz = FLOOR_MHZ;
            } else {
                let tuned = board.tuned_mhz.unwrap_or(self.plan.mhz);
                let tuned = tuned.min(self.plan.mhz_max);
                let half = if unwatched { UNWATCHED } else { 1.0 };
                let at_most = (tuned * board.thermal.fraction().min(half)).min(permitted);
                let (goal, pace) = match board.phase {
                    Phase::Lowering { .. } if self.run.shutdown => (FLOOR_MHZ, Pace::Ending),
                    Phase::Lowering { .. } => (FLOOR_MHZ, Pace::Pausing),
                    _ if eases => (FLOOR_MHZ, Pace::Pausing),
                    _ => (at_most.min(ceiling), working),
                };
                at_ceiling |= pace == working && ceiling < at_most;
                let before = board.cap_mhz.max(FLOOR_MHZ);
                let goal = if stays { goal.min(before) } else { goal };
                board.cap_mhz = ramp(
                    &self.plan,
                    before,
                    (goal, at_most),
                    (pace, active),
                    per_mhz,
                    dt,
                );
                let ahead = mhz.unwrap_or(0.0) + LEAD_MHZ;
                let lead = mutate!(CapRunsAhead, ahead, f64::MAX);
                board.cap_mhz = board.cap_mhz.min(lead.max(FLOOR_MHZ));
            }
            if let Some(turn) = turn.filter(|_| hashing) {
                self.tell_turn(slot, turn);
            }
        }
        if at_ceiling && !self.at_ceiling {
            let limit = "frequency held down".to_owned();
            self.decide(Code::PowerCeiling, "machine", limit, "power limit");
        }
        self.at_ceiling = at_ceiling;
    }

    fn tell_turn(&mut self, slot: usize, turn: Turn) {
        let heat = &self.boards[slot].heat;
        let over = heat.over.map_or(0.0, |over| over.derate);
        let board_c = heat.board_c.unwrap_or(0.0);
        let (code, decision, reason) = match turn {
            Turn::Derating => {
                let reason = format!("over_derate_c={over:.1}");
                (Code::HeatDerate, "frequency falls", reason)
            }
            Turn::Restored => (Code::HeatRestored, "frequency is whole", String::new()),
            Turn::Cold => {
                let reason = format!("board_c={board_c:.1}");
                (Code::HeatCold, "frequency stays low", reason)
            }
        };
        self.decide(code, &format!("slot {slot}"), decision.to_owned(), &reason);
    }

    /// The supply is on while a board needs it, and in a pause where boards have switches.
    fn move_supply(&mut self, over_power: bool) {
        let scene = self.scene(over_power);
        let active = self.active() > 0;
        let intent = self.run.settings.intent;
        // A supply whose protection tripped comes back only after its line was off, and does
        // not say so itself: where every board was stopped, it goes off with the last.
        let kept = self.wanted.supply
            && self.plan.board_switch
            && !self.all_stopped()
            && intent != Intent::Sleep
            && !self.run.shutdown;
        let rested = self.supply_off_since.is_none_or(|since: Instant| {
            self.now.since(since) >= self.plan.off_before_on || self.wanted.supply
        });
        let on = (active && rested || kept) && !scene.supply_must_be_off();
        if on != self.wanted.supply && self.plan.supply_switch {
            let (code, word) = if on {
                (Code::PowerOn, "on")
            } else {
                (Code::PowerOff, "off")
            };
            let reason = format!("boards={}", self.active());
            self.decide(code, "supply", word.to_owned(), &reason);
        }
        self.wanted.supply = on;
    }

    fn move_fans(&mut self, over_power: bool, dt: Duration) {
        let scene = self.scene(over_power);
        let unwatched = self
            .boards
            .iter()
            .any(|b| b.is_active() && b.heat.fitted == 0);
        // Nothing will ever start: no air is needed.
        let never = self.is_empty()
            || matches!(
                self.blocked,
                Some(Code::SensorNone | Code::PowerUnguarded | Code::PowerLow)
            );
        let full = scene.fans_must_be_full(self.run.began);
        let air = Air {
            mode: self.fan_mode(),
            hottest_c: scene
                .hottest_over_warn()
                .map(|over| as_board(&self.plan, over)),
            target_c: target_c(&self.plan, self.run.settings.target),
            full: full.is_some() || unwatched,
            busy: scene.is_busy() || self.run.wants_power(self.now) && !never,
            duty_min: self.local.duty_min,
            duty_max: self.local.duty_max,
        };
        self.wanted.fans = self.fans.step(self.now, &self.plan, &air, dt);
        self.tell_full(full);
    }

    /// A reason that comes and goes is told once.
    fn tell_full(&mut self, full: Option<Full>) {
        let known = self.full;
        if let Some(why) = full {
            if known != full {
                self.decide(why.code(), "machine", "fans full".to_owned(), why.text());
            }
            (self.full, self.full_last) = (full, Some(self.now));
        } else if self
            .full_last
            .is_none_or(|last| self.now.since(last) >= FULL_OVER)
        {
            self.full = None;
        }
        if known == Some(Full::Hot) && self.full != known {
            self.decide(Code::HeatEased, "machine", "no place is hot".to_owned(), "");
        }
    }
}
