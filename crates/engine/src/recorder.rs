//! The flight recorder: the last minutes of what control was told and wanted done.
//!
//! Kept in segments, each beginning with a checkpoint of control, so that the oldest can fall
//! off and what is left can still be replayed. Bounded in time, in steps and in bytes: a flood
//! of inputs shortens the time that is covered, never more.
//!
//! On a fault it waits for the aftermath, then gives what it has. It decides nothing, and
//! nothing depends on it.

use std::collections::VecDeque;
use std::sync::Arc;

use control::{Control, Effect, Input};
use units::{Duration, Instant};

use crate::recording::{Done, Recording, Seen, Step};

/// So much of the past is kept: longer than a board takes to warm up or a fan to wear out of
/// its curve's reach, short enough to be read.
const KEPT: Duration = Duration::from_secs(600);
/// How long a segment is.
const SEGMENT: Duration = Duration::from_secs(60);
/// Steps of a segment: four times what the busiest known machine needs for a minute.
const SEGMENT_STEPS: usize = 8192;
/// Bytes of all segments. A control board of this class has 256 MB and more.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// What follows a fault belongs to it for so long.
const AFTERMATH: Duration = Duration::from_secs(10);
/// Between two recordings at least: a fault that comes and goes must not wear out flash.
const APART: Duration = Duration::from_secs(600);

/// The recorder.
#[derive(Debug)]
pub(crate) struct Recorder {
    segments: VecDeque<Segment>,
    /// The fault that waits to be given, and from when on.
    pending: Option<(Seen, Instant)>,
    /// When the last recording was asked for.
    last: Option<Instant>,
    unrecorded: u32,
}

#[derive(Debug)]
struct Segment {
    began: Instant,
    checkpoint: Arc<Control>,
    /// Length of the checkpoint as JSON, which is longer than it is in memory.
    checkpoint_bytes: usize,
    steps: Arc<Vec<Step>>,
    /// Bytes that the steps' effects hold beside them.
    effect_bytes: usize,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        Recorder {
            segments: VecDeque::new(),
            pending: None,
            last: None,
            unrecorded: 0,
        }
    }

    /// Control is about to be told this.
    pub(crate) fn input(&mut self, control: &Control, now: Instant, input: &Input) {
        let open = self.segments.back().is_some_and(|s| s.is_open(now));
        if !open {
            if let Some(ended) = self.segments.back_mut() {
                ended.shrink();
            }
            self.segments.push_back(Segment::new(control, now));
            self.forget(now);
        }
        if let Some(segment) = self.segments.back_mut() {
            Arc::make_mut(&mut segment.steps).push(Step {
                at: now,
                input: input.clone(),
                done: None,
            });
        }
    }

    /// Control wanted this done; `None`: and nothing else.
    pub(crate) fn effect(&mut self, effect: Option<&Effect>) {
        let Some(segment) = self.segments.back_mut() else {
            return;
        };
        let asked = segment.steps.last().is_none_or(|s| s.done.is_some());
        if effect.is_none() && asked {
            return;
        }
        let bytes = effect.map_or(0, heap_bytes);
        if let Some(step) = Arc::make_mut(&mut segment.steps).last_mut() {
            let done = step.done.get_or_insert_default();
            done.extend(effect.map(Done::from));
            segment.effect_bytes += bytes;
        }
    }

    /// A fault is there that was not.
    pub(crate) fn fault(&mut self, now: Instant, seen: Seen) {
        if self.pending.is_some() {
            return; // the same recording shows it
        }
        if self.last.is_some_and(|last| now.since(last) < APART) {
            self.unrecorded = self.unrecorded.saturating_add(1);
            return;
        }
        self.pending = Some((seen, now + AFTERMATH));
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.pending.as_ref().map(|(_, at)| *at)
    }

    /// The recording that is due; at the end, any that waits. Firmware and machine are for the
    /// caller to fill in.
    pub(crate) fn take(&mut self, now: Instant, end: bool) -> Option<Recording> {
        self.pending.as_ref().filter(|(_, at)| end || *at <= now)?;
        let (fault, _) = self.pending.take()?;
        let checkpoint = Arc::clone(&self.segments.front()?.checkpoint);
        self.last = Some(now);
        Some(Recording {
            firmware: String::new(),
            machine: String::new(),
            fault,
            unrecorded: core::mem::take(&mut self.unrecorded),
            checkpoint,
            pieces: self.segments.iter().map(|s| Arc::clone(&s.steps)).collect(),
        })
    }

    /// Let the oldest go: what is too old, and what is too much. The segment that is being
    /// written stays; it is bounded by itself.
    fn forget(&mut self, now: Instant) {
        let oldest = now - KEPT;
        while self.segments.get(1).is_some_and(|s| s.began <= oldest)
            || self.segments.len() > 1 && self.bytes() > BYTES_MAX - SEGMENT_BYTES
        {
            self.segments.pop_front();
        }
    }

    fn bytes(&self) -> usize {
        self.segments.iter().map(Segment::bytes).sum()
    }
}

/// What a segment may grow to before the next is begun.
const SEGMENT_BYTES: usize = 2 * 1024 * 1024;

impl Segment {
    fn new(control: &Control, now: Instant) -> Self {
        // Seven kilobytes once a minute. What cannot be written is charged as a whole segment.
        let json = serde_json::to_string(control);
        Segment {
            began: now,
            checkpoint: Arc::new(control.clone()),
            checkpoint_bytes: json.map_or(SEGMENT_BYTES, |json| json.len()),
            steps: Arc::default(),
            effect_bytes: 0,
        }
    }

    fn is_open(&self, now: Instant) -> bool {
        now.since(self.began) < SEGMENT
            && self.steps.len() < SEGMENT_STEPS
            && self.bytes() < SEGMENT_BYTES
    }

    /// Nothing is added any more: give back what it grew for. A recording that has it at this
    /// moment keeps it as it is.
    fn shrink(&mut self) {
        if let Some(steps) = Arc::get_mut(&mut self.steps) {
            steps.shrink_to_fit();
        }
    }

    fn bytes(&self) -> usize {
        let steps = self.steps.capacity() * size_of::<Step>();
        size_of::<Segment>() + self.checkpoint_bytes + steps + self.effect_bytes
    }
}

/// What an effect holds, growing vectors counted twice.
fn heap_bytes(effect: &Effect) -> usize {
    let text = match effect {
        Effect::Decision(d) => d.place.len() + d.decision.len() + d.reason.len(),
        Effect::Set(_) | Effect::Remember(_) => 0,
    };
    text + 2 * size_of::<Done>()
}

#[cfg(test)]
#[path = "recorder_tests.rs"]
mod tests;
