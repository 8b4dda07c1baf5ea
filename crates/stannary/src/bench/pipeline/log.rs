//! What the peer saw, and the figures that follow from it.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use units::ChainSlot;

use super::super::percentiles;
use super::plan::{CHAINS, Phase};
use super::pool::PoolEvent;

/// When a nonce was sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    /// By the model.
    Model,
    /// Replayed at the steady rate.
    Steady,
    /// Replayed in a burst.
    Burst,
    /// Replayed into the FIFO.
    Polled,
    /// Replayed while nobody asks for anything.
    Quiet,
    /// Replayed while others ask.
    Loaded,
}

/// Stamps, in the order in which they were taken.
#[derive(Default)]
pub(super) struct Log {
    phases: Vec<(Phase, u64)>,
    notifies: Vec<(u32, u64)>,
    /// First work of a job on each chain.
    first_works: BTreeMap<u32, [Option<u64>; CHAINS]>,
    sent: Vec<(Kind, u32, u64)>,
    submits: Vec<(u32, u64)>,
}

impl Log {
    pub(super) fn phase(&mut self, phase: Phase, at: u64) {
        self.phases.push((phase, at));
    }

    pub(super) fn pool(&mut self, event: PoolEvent) {
        match event {
            PoolEvent::Notify { job, at } => self.notifies.push((job, at)),
            PoolEvent::Submit { nonce, at } => self.submits.push((nonce, at)),
        }
    }

    pub(super) fn work(&mut self, slot: ChainSlot, job: u32, at: u64) {
        let firsts = self.first_works.entry(job).or_default();
        if let Some(first) = firsts.get_mut(usize::from(slot.0)) {
            first.get_or_insert(at);
        }
    }

    pub(super) fn sent(&mut self, kind: Kind, nonce: u32, at: u64) {
        self.sent.push((kind, nonce, at));
    }

    /// The figures. Nonces that came back in no submit are `unanswered`; what of them a
    /// new job made void, the daemon's own account says.
    pub(super) fn report(&self) -> Value {
        let mut submitted: HashMap<u32, u64> = HashMap::new();
        for (nonce, at) in &self.submits {
            submitted.entry(*nonce).or_insert(*at);
        }
        let delays = |kind: Kind| -> Vec<f64> {
            let sent = self.sent.iter().filter(|(k, ..)| *k == kind);
            sent.filter_map(|(_, nonce, at)| Some(micros(*at, *submitted.get(nonce)?)))
                .collect()
        };
        let answered = self
            .sent
            .iter()
            .filter(|(_, nonce, _)| submitted.contains_key(nonce));
        let answered = answered.count();
        json!({
            "notify_us": percentiles(self.notify_delays()),
            "submit_us": {
                "steady": percentiles(delays(Kind::Steady)),
                "burst": percentiles(delays(Kind::Burst)),
                "polled": percentiles(delays(Kind::Polled)),
                "quiet": percentiles(delays(Kind::Quiet)),
                "loaded": percentiles(delays(Kind::Loaded)),
            },
            "turns": self.turns(&submitted),
            "sent": self.sent.len(),
            "unanswered": self.sent.len() - answered,
            "submits": self.submits.len(),
        })
    }

    /// How much later than in the turns beside it the 99th of a hundred nonces was submitted in each turn with
    /// requests: half of these turns and more must be later before this says so, a disturbance of a few cannot.
    fn turns(&self, submitted: &HashMap<u32, u64>) -> Value {
        let mut turns = Vec::new();
        let ends = self.phases.iter().skip(1).map(|(_, at)| *at);
        for ((phase, from), to) in self.phases.iter().zip(ends) {
            if !matches!(phase, Phase::Quiet | Phase::Loaded) {
                continue;
            }
            let begin = self.sent.partition_point(|(.., at)| at < from);
            let sent = self.sent[begin..].iter().take_while(|(.., at)| *at < to);
            let delays =
                sent.filter_map(|(_, nonce, at)| Some(micros(*at, *submitted.get(nonce)?)));
            turns.push((*phase, percentiles(delays.collect())["p99"].as_f64()));
        }
        let later = turns.windows(3).filter_map(|three| match three {
            [
                (_, Some(before)),
                (Phase::Loaded, Some(with)),
                (_, Some(after)),
            ] => Some(with - (before + after) / 2.0),
            _ => None,
        });
        let of = |phase| {
            turns
                .iter()
                .filter(move |(p, _)| *p == phase)
                .filter_map(|(_, p99)| *p99)
        };
        json!({
            "quiet_p99": percentiles(of(Phase::Quiet).collect()),
            "loaded_p99": percentiles(of(Phase::Loaded).collect()),
            "p99_later": percentiles(later.collect()),
        })
    }

    /// From each clean job at the full rate of work to the chain that got its work last.
    fn notify_delays(&self) -> Vec<f64> {
        let begin = |phase| {
            self.phases
                .iter()
                .find(|(p, _)| *p == phase)
                .map(|(_, at)| *at)
        };
        let from = begin(Phase::Model).unwrap_or(u64::MAX);
        let to = begin(Phase::Drain).unwrap_or(u64::MAX);
        let counted = self
            .notifies
            .iter()
            .filter(|(_, at)| (from..to).contains(at));
        counted
            .filter_map(|(job, at)| {
                let firsts = self.first_works.get(job)?;
                // A job that some chain never worked on was replaced before; it is told by
                // the number of samples.
                let last = firsts
                    .iter()
                    .copied()
                    .collect::<Option<Vec<_>>>()?
                    .into_iter()
                    .max()?;
                Some(micros(*at, last))
            })
            .collect()
    }
}

fn micros(from: u64, to: u64) -> f64 {
    (to as f64 - from as f64) / 1e3
}
