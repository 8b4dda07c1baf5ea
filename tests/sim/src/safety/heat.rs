//! Heat: places that a sensor sees, places that none does, and sensors that say nothing.

use board_support::{Machine, Place};
use units::{Duration, Instant};

use super::judge::{Board, Ground, Observation, Silent, keep, longer, secs};
use super::mutant::mutate;

/// Seconds above the power-off temperature that a sensed place may have hash power: sensors are
/// asked once a second, two readings must agree, and control and switch take the rest of 2 s.
pub(super) const HOT_S: f64 = 3.5;
/// What no sensor sees may be so much above the power-off temperature with hash power on: the
/// hottest chip is not the one that is measured, and a sensor follows with a lag of up to 15 s.
pub(super) const UNSENSED_K: f64 = 18.0;
/// Seconds until hash power is off after a sensor fell silent. One sampling period comes on top
/// of the rule's ten: silence begins with the last answer, which nobody outside sees.
pub(super) const SILENT_S: f64 = 10.5;
/// A lie is believed until its sensor has told the truth for so long.
pub(super) const LIED: Duration = Duration::from_secs(10);
/// What a sensor shows is rounded: half a step of the coarsest.
const ROUNDED_K: f64 = 0.6;

pub(super) struct Heat {
    slots: Vec<Slot>,
}

#[derive(Clone, Default)]
struct Slot {
    /// Since when a sensed place is above its power-off temperature.
    hot_since: Option<Instant>,
    /// The same while only the voltage is left.
    hot_live_since: Option<Instant>,
    /// Since when its chain hashes.
    up_since: Option<Instant>,
    silent_told: bool,
}

impl Heat {
    pub(super) fn new(machine: &Machine) -> Self {
        Heat {
            slots: vec![Slot::default(); usize::from(machine.slots)],
        }
    }

    pub(super) fn look(&mut self, ground: &mut Ground, seen: &Observation) -> Result<(), String> {
        for (slot, board) in seen.boards.iter().enumerate() {
            let state = &mut self.slots[slot];
            keep(&mut state.up_since, board.on && board.up, seen.now);
            state.sensed(ground, seen.now, slot, board)?;
            unsensed(ground, slot, board)?;
            state.silence(ground, seen.now, slot, board)?;
        }
        Ok(())
    }
}

impl Slot {
    fn sensed(
        &mut self,
        ground: &mut Ground,
        now: Instant,
        slot: usize,
        board: &Board,
    ) -> Result<(), String> {
        let blame = ground.blame;
        let here = slot == usize::from(blame.slot.0);
        let until = blame.until + LIED;
        let lied = now >= blame.from && now < mutate!(LieForEver, until, Instant::NEVER);
        let lies = |i: usize| mutate!(LiarCoversAll, here && blame.liar == Some(i), true) && lied;
        let sensors = board.sensors_c.iter().enumerate();
        let hot = sensors.filter(|(i, c)| !lies(*i) && **c >= stop_c(&ground.machine, *i));
        let hot = hot.map(|(i, _)| i).next();
        let since = self.hot_since;
        keep(&mut self.hot_since, hot.is_some() && board.on, now);
        keep(&mut self.hot_live_since, hot.is_some() && board.live, now);
        if let (Some(since), None, false) = (since, self.hot_since, board.on) {
            ground.seen.reaction("too hot to off", secs(since, now));
        }
        if let Some(since) = self.hot_live_since {
            ground.seen.most("too hot and live, s", secs(since, now));
        }
        let most_s = mutate!(HotDoubled, HOT_S, 2.0 * HOT_S) + blame.grace_s(now);
        let broken = longer(self.hot_since, now, most_s);
        if mutate!(HotIgnored, broken, false) {
            let c = hot.map_or(0.0, |i| board.sensors_c[i]);
            return Err(format!(
                "slot {slot}: sensor {hot:?} at {c:.1} °C, above its power-off temperature, and \
                 hash power on for more than {HOT_S} s"
            ));
        }
        Ok(())
    }

    fn silence(
        &mut self,
        ground: &mut Ground,
        now: Instant,
        slot: usize,
        board: &Board,
    ) -> Result<(), String> {
        let blame = ground.blame;
        let here = match blame.silent {
            Some(Silent::Sensor(_)) => slot == usize::from(blame.slot.0),
            Some(Silent::Bus) => mutate!(SilentBusOneBoard, true, slot == 0),
            None => false,
        };
        if !here || !blame.lasts(now) {
            return Ok(());
        }
        let Some(up) = self.up_since else {
            if !self.silent_told && !board.on {
                self.silent_told = true;
                let after = secs(blame.from, now);
                ground.seen.reaction("silent sensor to off", after);
            }
            return Ok(());
        };
        let after = secs(up.max(blame.from), now);
        let broken = after > mutate!(SilenceDoubled, SILENT_S, 2.0 * SILENT_S);
        if mutate!(SilenceIgnored, broken, false) {
            return Err(format!(
                "slot {slot}: hash power on {SILENT_S} s after a sensor fell silent"
            ));
        }
        Ok(())
    }
}

fn unsensed(ground: &mut Ground, slot: usize, board: &Board) -> Result<(), String> {
    if !board.on {
        return Ok(());
    }
    let limits = &ground.machine.limits;
    let chip_over = board.hottest_chip_c - limits.chip_stop_c;
    let place_over = board.hottest_board_c - limits.board_stop_c;
    ground.seen.most("chip above its stop, K", chip_over);
    ground.seen.most("board above its stop, K", place_over);
    let most = mutate!(UnsensedDoubled, UNSENSED_K, 2.0 * UNSENSED_K);
    let chip = mutate!(UnsensedChipIgnored, chip_over, f64::MIN);
    let place = mutate!(UnsensedPlaceIgnored, place_over, f64::MIN);
    if chip > most || place > most {
        return Err(format!(
            "slot {slot}: hash power on with a chip {chip:.1} K and a place on the board \
             {place:.1} K above the power-off temperature"
        ));
    }
    Ok(())
}

fn stop_c(machine: &Machine, sensor: usize) -> f64 {
    let stop = match machine.peripherals.sensors[sensor].place {
        Place::Chip => machine.limits.chip_stop_c,
        _ => machine.limits.board_stop_c,
    };
    stop + ROUNDED_K + mutate!(HotTenHigher, 0.0, 10.0)
}
