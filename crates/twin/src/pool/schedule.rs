//! When the pool does things by itself.

use units::{Duration, Instant, Rng};

use super::options::{Order, PoolOptions, Source};

/// What has fallen due.
#[derive(Debug)]
pub(super) enum Due {
    /// A job, clean or not.
    Job { clean: bool },
    /// A new difficulty for everyone, from the choices of the options.
    Difficulty,
    /// The next order of the script.
    Script(Order),
}

/// No clock runs faster on average, so that what is due at one instant has an end.
const SHORTEST: Duration = Duration::from_millis(1);

/// The clockwork. Each clock draws from its own stream of chance.
#[derive(Debug)]
pub(super) struct Schedule {
    start: Instant,
    job: Clock,
    block: Clock,
    difficulty: Clock,
    storm: Clock,
    storm_left: u32,
    script_next: usize,
    rng: Rng,
}

#[derive(Debug, Clone, Copy)]
enum Clock {
    Never,
    Every(Duration, Instant),
    Poisson(Duration, Instant),
}

impl Clock {
    fn at(&self) -> Instant {
        match self {
            Clock::Never => Instant::NEVER,
            Clock::Every(_, at) | Clock::Poisson(_, at) => *at,
        }
    }

    fn restart(&mut self, now: Instant, rng: &mut Rng) {
        match self {
            Clock::Never => {}
            Clock::Every(period, at) => *at = now + *period,
            Clock::Poisson(mean, at) => *at = now + rng.exponential(*mean),
        }
    }
}

impl Schedule {
    pub(super) fn new(now: Instant, options: &PoolOptions, rng: Rng) -> Self {
        let (job, block) = match &options.source {
            Source::Synthetic(synthetic) => (synthetic.job_every, synthetic.block_every),
            Source::Templates(_) => (None, None),
        };
        let every =
            |d: Option<Duration>| d.map_or(Clock::Never, |d| Clock::Every(d.max(SHORTEST), now));
        let poisson =
            |d: Option<Duration>| d.map_or(Clock::Never, |d| Clock::Poisson(d.max(SHORTEST), now));
        let behaviour = &options.behaviour;
        let mut schedule = Schedule {
            start: now,
            job: every(job),
            block: poisson(block),
            difficulty: poisson(behaviour.difficulty_changes.as_ref().map(|c| c.mean)),
            storm: poisson(behaviour.job_storms.as_ref().map(|s| s.mean)),
            storm_left: 0,
            script_next: 0,
            rng,
        };
        schedule.job.restart(now, &mut schedule.rng);
        schedule.block.restart(now, &mut schedule.rng);
        schedule.difficulty.restart(now, &mut schedule.rng);
        schedule.storm.restart(now, &mut schedule.rng);
        schedule
    }

    /// When something falls due next.
    pub(super) fn next(&self, options: &PoolOptions) -> Instant {
        let clocks = [&self.job, &self.block, &self.difficulty, &self.storm];
        let clocks = clocks.into_iter().map(Clock::at).min();
        self.script_at(options)
            .min(clocks.unwrap_or(Instant::NEVER))
    }

    /// One thing that is due, if any; call until `None`. Each clock restarts from `now`,
    /// so a late call never has to catch up.
    pub(super) fn due(&mut self, now: Instant, options: &PoolOptions) -> Option<Due> {
        let script = &options.behaviour.script;
        if self.script_at(options) <= now {
            let (_, order) = script.get(self.script_next)?;
            self.script_next += 1;
            return Some(Due::Script(order.clone()));
        }
        if self.block.at() <= now {
            self.block.restart(now, &mut self.rng);
            self.job.restart(now, &mut self.rng);
            return Some(Due::Job { clean: true });
        }
        if self.storm.at() <= now {
            return self.storm(now, options);
        }
        if self.job.at() <= now {
            self.job.restart(now, &mut self.rng);
            return Some(Due::Job { clean: false });
        }
        if self.difficulty.at() <= now {
            self.difficulty.restart(now, &mut self.rng);
            return Some(Due::Difficulty);
        }
        None
    }

    fn storm(&mut self, now: Instant, options: &PoolOptions) -> Option<Due> {
        let storms = options.behaviour.job_storms.as_ref()?;
        if self.storm_left == 0 {
            self.storm_left = storms.jobs.max(1);
        }
        self.storm_left -= 1;
        self.storm = if self.storm_left == 0 {
            let mean = storms.mean.max(SHORTEST);
            Clock::Poisson(mean, now + self.rng.exponential(mean))
        } else {
            Clock::Poisson(storms.mean, now + storms.gap)
        };
        let clean = self.rng.chance(storms.clean);
        Some(Due::Job { clean })
    }

    fn script_at(&self, options: &PoolOptions) -> Instant {
        let order = options.behaviour.script.get(self.script_next);
        order.map_or(Instant::NEVER, |(after, _)| self.start + *after)
    }
}
