//! Fans: from duty to speed to flow.
//!
//! A fan follows its duty with the lag of its rotor. Fans stand in columns across the
//! machine, those of a column one behind the other; each board gets more of the flow of the
//! column that is nearer. A fan that stands in a column also blocks it.

use units::{Duration, Duty, Instant, Rng, Rpm};

use super::faults::Faults;

/// What a machine's fans are like.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct FanLaw {
    pub(crate) count: u8,
    pub(crate) full_rpm: f64,
    pub(crate) idle_rpm: f64,
    /// One fan at full speed.
    pub(crate) full_w: f64,
}

impl FanLaw {
    /// Speed at a duty in percent as a share of full speed.
    pub(crate) fn speed(&self, duty_percent: f64) -> f64 {
        let idle = self.idle_rpm / self.full_rpm;
        idle + (1.0 - idle) * duty_percent / 100.0
    }

    /// What a fan draws at a speed: torque grows with its square.
    pub(crate) fn watts(&self, speed: f64) -> f64 {
        self.full_w * speed * speed * speed
    }
}

/// Fans of one kind differ by so much: captured on one machine, 4560 to 5520 rpm at full.
const SPREAD: f64 = 0.095;
/// How fast a rotor follows, seconds. Assumed: full within some 5 s.
const UP_S: f64 = 1.5;
/// A rotor that is no longer driven coasts longer. Assumed.
const DOWN_S: f64 = 2.5;
/// A fan that stands does not start below this duty, percent. Assumed; the reason why board
/// files refuse a lowest duty below 10.
const START_PERCENT: u8 = 8;
/// Slower than this it stalls. Assumed.
const STALL_RPM: f64 = 300.0;
/// What a column's flow loses for each fan in it that stands. Assumed.
const BLOCKED: f64 = 0.85;
/// A reading is this much off, either way: a tach counts whole turns. Assumed.
const NOISE: f64 = 0.01;

#[derive(Clone, Debug)]
pub(crate) struct Fans {
    law: FanLaw,
    fans: Vec<Fan>,
}

#[derive(Clone, Debug)]
struct Fan {
    /// This one's full speed against the kind's.
    own: f64,
    /// It turns at duty 0; others of its kind stand.
    idles: bool,
    duty: Duty,
    rpm: f64,
    shown_rpm: f64,
}

impl Fans {
    pub(crate) fn new(law: FanLaw, rng: &mut Rng) -> Self {
        let fan = |rng: &mut Rng| Fan {
            own: 1.0 + SPREAD * (2.0 * rng.unit_f64() - 1.0),
            idles: rng.chance(0.5),
            duty: Duty::OFF,
            rpm: 0.0,
            shown_rpm: 0.0,
        };
        let fans = (0..law.count).map(|_| fan(rng)).collect();
        Fans { law, fans }
    }

    pub(crate) fn set(&mut self, fan: usize, duty: Duty) {
        if let Some(fan) = self.fans.get_mut(fan) {
            fan.duty = duty;
        }
    }

    pub(crate) fn rpm(&self, fan: usize) -> Option<Rpm> {
        let shown = self.fans.get(fan)?.shown_rpm;
        Some(Rpm::new(shown as u32))
    }

    /// One step of the rotors. Without mains nothing drives them.
    pub(crate) fn step(
        &mut self,
        dt_s: f64,
        now: Instant,
        faults: &Faults,
        mains: bool,
        rng: &mut Rng,
    ) {
        let law = self.law;
        for (i, fan) in self.fans.iter_mut().enumerate() {
            let health = faults.fan(now, i as u8);
            let target = if mains { fan.target_rpm(&law) } else { 0.0 };
            let target = target * health;
            let target = if target < STALL_RPM { 0.0 } else { target };
            let lag_s = if target > fan.rpm { UP_S } else { DOWN_S };
            fan.rpm += (target - fan.rpm) * dt_s / (lag_s + dt_s);
            let noise = 1.0 + NOISE * (2.0 * rng.unit_f64() - 1.0);
            fan.shown_rpm = if fan.rpm < 1.0 { 0.0 } else { fan.rpm * noise };
        }
    }

    /// What all fans draw.
    pub(crate) fn watts(&self) -> f64 {
        let speeds = self.fans.iter().map(|f| f.rpm / self.law.full_rpm);
        speeds.map(|s| self.law.watts(s)).sum()
    }

    /// Flow over one of `boards` boards, as a share of that of full speed.
    pub(crate) fn flow(&self, board: usize, boards: usize) -> f64 {
        let columns = (self.fans.len() / 2).max(1);
        let here = (board as f64 + 0.5) / boards.max(1) as f64;
        let (mut flow, mut weights) = (0.0, 0.0);
        for column in 0..columns {
            let there = (column as f64 + 0.5) / columns as f64;
            let weight = 1.0 - (here - there).abs();
            flow += weight * self.column(column, columns);
            weights += weight;
        }
        flow / weights
    }

    /// The pressures of fans in a row add up, and flow grows with the root of pressure.
    fn column(&self, column: usize, columns: usize) -> f64 {
        let fans = self.fans.len();
        let (mut pressure, mut count, mut blocked) = (0.0, 0.0, 1.0);
        for (i, fan) in self.fans.iter().enumerate() {
            if i * columns / fans != column {
                continue;
            }
            let speed = fan.rpm / self.law.full_rpm;
            pressure += speed * speed;
            count += 1.0;
            if fan.rpm < STALL_RPM {
                blocked *= BLOCKED;
            }
        }
        if count == 0.0 {
            return 0.0;
        }
        (pressure / count).sqrt() * blocked
    }

    /// Let every fan turn as long as it takes to follow its duty.
    #[cfg(test)]
    fn settle(&mut self, faults: &Faults, rng: &mut Rng) {
        for _ in 0..200 {
            self.step(0.25, Instant::ZERO, faults, true, rng);
        }
    }
}

impl Fan {
    fn target_rpm(&self, law: &FanLaw) -> f64 {
        let percent = self.duty.percent();
        if percent == 0 && !self.idles || self.rpm < STALL_RPM && percent < START_PERCENT {
            let turns_anyway = percent > 0 || self.idles;
            return if turns_anyway && self.idles {
                law.idle_rpm * self.own
            } else {
                0.0
            };
        }
        law.full_rpm * law.speed(f64::from(percent)) * self.own
    }
}

/// How long a fan takes from standstill to within 5 % of its speed: three times its lag.
pub const SPIN_UP: Duration = Duration::from_millis(4_500);

#[cfg(test)]
mod tests {
    use super::super::faults::{Fault, Timed};
    use super::*;

    const LAW: FanLaw = FanLaw {
        count: 4,
        full_rpm: 5040.0,
        idle_rpm: 840.0,
        full_w: 24.0,
    };

    fn fans(duty: u8, faults: Vec<Fault>) -> Fans {
        let mut rng = Rng::new(1);
        let mut fans = Fans::new(LAW, &mut rng);
        let timed = faults.into_iter().map(|f| Timed::from(Instant::ZERO, f));
        let mut faults = Faults::new(timed.collect());
        faults.advance(Instant::ZERO);
        (0..4).for_each(|i| fans.set(i, Duty::new(duty)));
        fans.settle(&faults, &mut rng);
        fans
    }

    fn stopped(fan: u8) -> Fault {
        let over = Duration::ZERO;
        let speed = 0.0;
        Fault::Fan { fan, speed, over }
    }

    #[test]
    fn at_full_duty_fans_turn_as_captured() {
        for seed in 0..50 {
            let mut rng = Rng::new(seed);
            let mut fans = Fans::new(LAW, &mut rng);
            (0..4).for_each(|i| fans.set(i, Duty::FULL));
            fans.settle(&Faults::new(vec![]), &mut rng);
            for i in 0..4 {
                let rpm = fans.rpm(i).expect("a fan").rpm();
                assert!((4500..5600).contains(&rpm), "seed {seed}: {rpm}");
            }
            assert!((0.9..1.1).contains(&fans.flow(1, 3)));
        }
    }

    #[test]
    fn more_duty_is_more_flow_and_more_power() {
        let at: Vec<_> = (0..=10).map(|i| fans(i * 10, vec![])).collect();
        for pair in at.windows(2).skip(1) {
            assert!(pair[1].flow(0, 3) > pair[0].flow(0, 3));
            assert!(pair[1].watts() > pair[0].watts());
        }
    }

    #[test]
    fn one_fan_less_is_less_flow_and_most_so_on_its_side() {
        let (whole, hurt) = (fans(100, vec![]), fans(100, vec![stopped(0)]));
        let left = |board| hurt.flow(board, 3) / whole.flow(board, 3);
        assert!(left(0) < left(1) && left(1) < left(2) && left(2) < 0.95);
        assert_eq!(hurt.rpm(0), Some(Rpm::new(0)));
    }

    #[test]
    fn without_fans_there_is_no_flow() {
        let none = fans(100, (0..4).map(stopped).collect());
        assert!(none.flow(1, 3) < 0.01);
        assert_eq!(none.rpm(9), None);
    }

    #[test]
    fn spin_up_takes_as_long_as_stated() {
        let mut rng = Rng::new(3);
        let mut fans = Fans::new(LAW, &mut rng);
        fans.set(0, Duty::FULL);
        let healthy = Faults::new(vec![]);
        let steps = (SPIN_UP.as_secs_f64() / 0.25) as u32;
        for _ in 0..steps {
            fans.step(0.25, Instant::ZERO, &healthy, true, &mut rng);
        }
        let share = fans.fans[0].rpm / (LAW.full_rpm * fans.fans[0].own);
        assert!((0.90..0.99).contains(&share), "{share}");
    }

    #[test]
    fn a_fan_that_stands_does_not_start_at_a_few_percent() {
        let mut low = fans(5, vec![]);
        for fan in &mut low.fans {
            assert!(fan.rpm < 1.0 || fan.idles, "{fan:?}");
        }
    }
}
