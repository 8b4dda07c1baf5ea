//! A site: many twins at one grid connection, to which the same happens at the same instants.
//!
//! Machines share nothing but these events, so they are run one after another and what each
//! takes from the wall is added up. Every one is whole: engine, control and plant in front,
//! parts, physics and chips behind, a pool of its own. They differ by their seed, which draws
//! silicon, fans and the delays that spread a site's starts.

use telemetry::{ChainState, Command, MachineState, Snapshot};
use units::{Difficulty, DifficultyOne, Duration};

use crate::{World, WorldOptions};

/// How often a machine's power is looked at: each step of the physics.
pub const LOOK: Duration = Duration::from_millis(250);
/// Looks in a second.
const LOOKS: usize = 4;
/// When the run ends.
pub const END_S: u32 = 1900;
/// The largest rise of the sum within a second that a site is promised, as a share of its
/// rated power, and for how many machines.
pub const STEP_MAX: f64 = 0.01;
/// See [`STEP_MAX`].
pub const MACHINES: u32 = 1000;
/// Resumes are spread over so many seconds by default (`control::Local`), starts over more.
const SPREAD_S: f64 = 180.0;
/// Hashes and work are thinned so much.
const THINNING: u32 = 256;
/// One nonce in so many is a share: a site's pools ask for less than one a second.
const PER_SHARE: f64 = 64.0;

/// What happens to all machines of the site at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// The mains are back.
    PowerReturns,
    /// Every process has begun by now.
    Starts,
    /// Every pool is gone.
    PoolsGone,
    /// Every pool answers again.
    PoolsBack,
    /// The operator pauses every machine.
    AllOff,
    /// The operator resumes every machine.
    AllOn,
}

/// A part of the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Phase {
    /// What it is called.
    pub name: &'static str,
    /// When it begins, seconds.
    pub from_s: u32,
    /// What it begins with.
    pub event: Event,
    /// What every machine does at its end; `None`: nothing is asked.
    pub ends: Option<MachineState>,
}

impl Phase {
    /// A start or a resume: what is promised not to step.
    pub fn starts(&self) -> bool {
        matches!(self.event, Event::Starts | Event::PoolsBack | Event::AllOn)
    }
}

/// The run. Each start has the time that its longest delay, bring-up and ramp take.
///
/// What the mains switch on by themselves comes first: control boards, and fans that are full
/// until a temperature is known. No supply may go on before the first half minute is over.
pub const PHASES: [Phase; 8] = [
    phase("mains return", 0, Event::PowerReturns, None),
    phase("machines start", 20, Event::Starts, Some(HASHES)),
    phase("pools gone, 30 s", 480, Event::PoolsGone, None),
    phase("pools back after 30 s", 510, Event::PoolsBack, Some(HASHES)),
    phase("pools gone, 10 min", 700, Event::PoolsGone, Some(NO_POOL)),
    phase(
        "pools back after 10 min",
        1300,
        Event::PoolsBack,
        Some(HASHES),
    ),
    phase("all off", 1580, Event::AllOff, Some(MachineState::Paused)),
    phase("all on", 1640, Event::AllOn, Some(HASHES)),
];

const HASHES: MachineState = MachineState::Hashing;
const NO_POOL: MachineState = MachineState::NoPool;

const fn phase(name: &'static str, from_s: u32, event: Event, ends: Option<MachineState>) -> Phase {
    Phase {
        name,
        from_s,
        event,
        ends,
    }
}

/// What machines of one kind take together.
#[derive(Clone, PartialEq, Debug)]
pub struct Site {
    /// Their name in board-support.
    pub machine: String,
    /// How many were added.
    pub machines: u32,
    /// Of all of them, watts.
    pub rated_w: f64,
    /// At each look, in whole milliwatts: a sum that does not depend on the order.
    milliwatts: Vec<u64>,
    /// What did not end as it should.
    pub failed: Vec<String>,
}

/// The largest change of the sum within a second.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Step {
    /// Of a phase.
    pub phase: Phase,
    /// Upwards, watts.
    pub rise_w: f64,
    /// When that second ends.
    pub rise_at_s: f64,
    /// Downwards, watts.
    pub fall_w: f64,
}

impl Site {
    /// Nothing is plugged in.
    pub fn empty(machine: &str) -> Self {
        let looks = END_S as usize * LOOKS + 1;
        Site {
            machine: machine.to_owned(),
            machines: 0,
            rated_w: 0.0,
            milliwatts: vec![0; looks],
            failed: Vec::new(),
        }
    }

    /// Run one machine from the first instant to the last, and add what it takes.
    pub fn add(&mut self, seed: u64) {
        let mut world = World::new(options(&self.machine, seed));
        let mut phases = PHASES.iter().peekable();
        for look in 1..self.milliwatts.len() {
            let s = ((look - 1) / LOOKS) as u32;
            if let Some(phase) = phases.next_if(|p| p.from_s == s) {
                order(&mut world, phase.event);
            }
            world.run_for(LOOK);
            let now = world.now();
            let watts = world.twin(|twin| twin.physics(now).map_or(0.0, |p| p.wall_power().w()));
            self.milliwatts[look] += (watts * 1000.0).round() as u64;
            let ended = PHASES.iter().zip(ends());
            let ended = ended.filter(|(_, end)| look == *end as usize * LOOKS);
            for (phase, _) in ended {
                self.judge(seed, phase, &world.snapshot());
            }
        }
        self.machines += 1;
        self.rated_w += world.options.machine.rated_power_w;
    }

    fn judge(&mut self, seed: u64, phase: &Phase, snapshot: &Snapshot) {
        let up = |state| matches!(state, ChainState::Hashing | ChainState::Ramping);
        let chains = snapshot.chains.iter().all(|chain| up(chain.state));
        let is = snapshot.state;
        let ends = phase.ends.is_none_or(|ends| ends == is);
        if !ends || phase.ends == Some(HASHES) && !chains {
            let name = phase.name;
            self.failed
                .push(format!("machine {seed}, {name}: ends {is:?}"));
        }
    }

    /// Add the machines of another part of the site.
    pub fn merge(&mut self, other: Site) {
        self.machines += other.machines;
        self.rated_w += other.rated_w;
        for (sum, w) in self.milliwatts.iter_mut().zip(other.milliwatts) {
            *sum += w;
        }
        self.failed.extend(other.failed);
    }

    /// The sum at each look, watts.
    pub fn watts(&self) -> impl Iterator<Item = f64> + '_ {
        self.milliwatts.iter().map(|mw| *mw as f64 / 1000.0)
    }

    /// By how much the sum rose within the second before each look.
    pub fn rises(&self) -> impl Iterator<Item = f64> + '_ {
        let second = |s: &[u64]| (s[LOOKS] as f64 - s[0] as f64) / 1000.0;
        let before = std::iter::repeat_n(0.0, LOOKS);
        before.chain(self.milliwatts.windows(LOOKS + 1).map(second))
    }

    /// The largest steps of each phase.
    pub fn steps(&self) -> Vec<Step> {
        let rises: Vec<f64> = self.rises().collect();
        let of = |(phase, end): (&Phase, u32)| {
            let first = phase.from_s as usize * LOOKS;
            let last = end as usize * LOOKS;
            // A second that begins before the phase belongs to it: it may hold the step.
            let inside = || (first + 1..=last).map(|look| (look, rises[look]));
            let rise = inside().max_by(|a, b| a.1.total_cmp(&b.1));
            let (look, rise_w) = rise.filter(|(_, w)| *w > 0.0).unwrap_or((first, 0.0));
            Step {
                phase: *phase,
                rise_w,
                rise_at_s: look as f64 / LOOKS as f64,
                fall_w: -inside().map(|(_, w)| w).fold(0.0, f64::min),
            }
        };
        PHASES.iter().zip(ends()).map(of).collect()
    }

    /// The share of the rated power that a second may add to this many machines.
    pub fn step_max(&self) -> f64 {
        step_max(self.machines)
    }

    /// What is not as it was promised.
    pub fn broken(&self) -> Vec<String> {
        let mut broken = self.failed.clone();
        let most = self.step_max();
        for step in self.steps().iter().filter(|s| s.phase.starts()) {
            let share = step.rise_w / self.rated_w;
            if share > most {
                let (name, at) = (step.phase.name, step.rise_at_s);
                let (share, most) = (share * 100.0, most * 100.0);
                broken.push(format!(
                    "{name}: {share:.2} % within a second at {at:.2} s, {most:.2} % promised"
                ));
            }
        }
        broken
    }
}

/// Machines that begin at random within a time add, on average, their power over that time in
/// each second; chance adds to it, and that by the root of how many they are. What
/// [`MACHINES`] have between this average and [`STEP_MAX`], fewer have in proportion to it.
fn step_max(machines: u32) -> f64 {
    let mean = 1.0 / SPREAD_S;
    let few = f64::from(MACHINES) / f64::from(machines.clamp(1, MACHINES));
    mean + (STEP_MAX - mean) * few.sqrt()
}

/// When each phase ends.
fn ends() -> impl Iterator<Item = u32> {
    let next = PHASES.iter().skip(1).map(|p| p.from_s);
    next.chain([END_S])
}

/// A machine of the site, as it is delivered: no delay is shortened and no settle time.
fn options(machine: &str, seed: u64) -> WorldOptions {
    let mut options = WorldOptions::whole(seed, machine);
    options.thinning = THINNING;
    options.settle_percent = 100;
    // The easiest tickets that there are: they cost the least to find.
    options.difficulty_bits = 0;
    options.pool.difficulty_one = DifficultyOne::from_zero_bits(0).expect("below 32");
    let share = options.machine.hashboard.ticket_difficulty as f64 * PER_SHARE;
    options.pool.difficulty = Difficulty::new(share).expect("above zero");
    if let Some(hardware) = &mut options.hardware {
        hardware.cause = engine::StartCause::PowerReturn;
        // The delays that spread a site's starts, as they are by default.
        let delays = engine::Local::default();
        hardware.local.start_delay_max = delays.start_delay_max;
        hardware.local.resume_delay_max = delays.resume_delay_max;
    }
    options
}

/// The World begins with the mains and the process.
fn order(world: &mut World, event: Event) {
    match event {
        // The World begins with it.
        Event::PowerReturns | Event::Starts => {}
        Event::PoolsGone => world.set_pool_gone(true),
        Event::PoolsBack => world.set_pool_gone(false),
        Event::AllOff => world.command(Command::Pause),
        Event::AllOn => world.command(Command::Resume),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_machines_may_step_more_in_proportion_to_chance() {
        assert_eq!(step_max(1000), STEP_MAX);
        assert_eq!(step_max(5000), STEP_MAX);
        let room = |machines| step_max(machines) - 1.0 / SPREAD_S;
        assert!((room(10) / room(1000) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn the_largest_step_is_found_in_its_phase_and_in_any_second() {
        let mut site = Site::empty("none");
        (site.machines, site.rated_w) = (1000, 1000.0);
        // Half of it between two looks that are no whole second.
        let at = 1300 * LOOKS + 41;
        site.milliwatts[at..].fill(20_000);
        site.milliwatts[at + 2..].fill(40_000);
        site.milliwatts[1600 * LOOKS..].fill(1_000);
        let steps = site.steps();
        let step = &steps[5];
        assert_eq!((step.rise_w, step.rise_at_s), (40.0, 1311.0));
        assert_eq!(steps[6].fall_w, 39.0);
        assert_eq!(steps[7].rise_w, 0.0);
        let broken = site.broken();
        assert_eq!(broken.len(), 1, "{broken:?}");
        assert!(broken[0].contains("4.00 %"), "{broken:?}");
    }

    #[test]
    fn the_order_of_machines_changes_nothing() {
        let site = |watts: u64| {
            let mut site = Site::empty("none");
            site.machines = 1;
            site.milliwatts.fill(watts);
            site
        };
        let mut sums = [site(1), site(3)];
        sums[0].merge(site(2));
        sums[0].merge(site(3));
        sums[1].merge(site(1));
        sums[1].merge(site(2));
        assert_eq!(sums[0], sums[1]);
    }
}
