//! Who is on the chain: counting the answers to a read of the chip id, and, where their
//! number is not the board's, finding out who is silent.
//!
//! Every chip answers a broadcast read, in chain order. Before addresses are given out the
//! answers can only be counted; a chip of another kind is known by its place among them.
//! Afterwards each answer carries its chip's address, and a *roll call* shows the places
//! from which none came. A roll call whose answers contradict the count (addresses twice,
//! or of no chip) is repeated; if it does so every time it names nobody.

use protocol::{ChainResponse, Profile, Shape, register};
use units::{Duration, Instant};

/// After the last chip's answer the line must be quiet for this long, so that a chip too
/// many is noticed: ten answers' time at the slowest rate.
const QUIET_AFTER_ANSWERS: Duration = Duration::from_millis(10);
/// With chips missing, the line must be quiet for this long before they are asked again:
/// longer than the pause at the widest relay gap.
const QUIET_AFTER_SOME: Duration = Duration::from_millis(100);
/// How often chips are asked for their ids before fewer than expected, or one of another
/// kind, are accepted. Stock asks twice; on a noisy line every round loses other answers,
/// and the best one counts.
const QUESTIONS: u8 = 4;
/// How often more where a count is above the board's after one that was below: answers to earlier questions
/// may have come late, all to the last.
const QUESTIONS_AFTER_LATE_ANSWERS: u8 = 2;
/// How often a roll is called until it agrees with the count. A noisy line loses single
/// answers; addresses that chips did not take stay in contradiction however often.
const ROLL_CALLS: u8 = 3;
/// Places that are listed by number; more are summed up.
const LISTED: usize = 8;

/// Who is on the chain, as far as it is known.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Census {
    /// Chips of the right kind; `None` before the first count.
    pub(super) found: Option<u16>,
    /// Chips of another kind: place and identity.
    pub(super) foreign: Vec<(u16, u16)>,
    /// Places from which no answer came, if a roll call could tell.
    pub(super) silent: Vec<u16>,
}

impl Census {
    /// All that answered.
    pub(super) fn answered(&self) -> u16 {
        let foreign = u16::try_from(self.foreign.len()).unwrap_or(u16::MAX);
        self.found.unwrap_or(0).saturating_add(foreign)
    }

    /// What is wrong with the number of chips; `None` if nothing is.
    pub(super) fn shortfall(&self, shape: &Shape) -> Option<String> {
        let answered = self.answered();
        (answered != shape.chips).then(|| {
            let mut text = format!("{answered} of {} chips answered", shape.chips);
            if let Some(who) = places(&self.silent, shape) {
                text.push_str(&format!("; none from {who}"));
            }
            text
        })
    }

    /// Chips of another kind, in words; `None` if there is none.
    pub(super) fn strangers(&self, expected: u16, shape: &Shape) -> Option<String> {
        let (place, id) = self.foreign.first()?;
        let places: Vec<u16> = self.foreign.iter().map(|f| f.0).collect();
        let who = match places.len() {
            1 => format!("chip {place} in domain {}", domain(*place, shape)),
            _ => self::places(&places, shape)?,
        };
        Some(format!(
            "{who} answered as {id:04x}, expected {expected:04x}"
        ))
    }
}

fn domain(place: u16, shape: &Shape) -> u16 {
    place / shape.chips_per_domain()
}

/// Chips by place, counted from the host from 0.
pub(super) fn places(list: &[u16], shape: &Shape) -> Option<String> {
    let first = *list.first()?;
    let domain = domain(first, shape);
    let to_the_end = list.len() > 1
        && list.iter().zip(first..).all(|(place, n)| *place == n)
        && list.last() == shape.chips.checked_sub(1).as_ref();
    Some(if to_the_end {
        format!("chip {first} in domain {domain} and all behind it")
    } else if list.len() == 1 {
        format!("chip {first} in domain {domain}")
    } else {
        let named: Vec<_> = list.iter().take(LISTED).map(u16::to_string).collect();
        let more = if list.len() > LISTED { " and more" } else { "" };
        format!("chips {}{more}", named.join(", "))
    })
}

/// One count under way.
#[derive(Debug)]
pub(super) struct Answers {
    deadline: Instant,
    last: Option<Instant>,
    /// Answers so far, of any kind.
    total: u16,
    foreign: Vec<(u16, u16)>,
    /// The best count before this one: chips of the right kind; `None` before any answered.
    best: Option<u16>,
    /// A count before this one was short, so that answers to it may still be under way.
    was_short: bool,
    /// Chips of another kind that every count so far has shown.
    persistent: Option<Vec<(u16, u16)>>,
    questions: u8,
}

/// What a count has come to.
pub(super) enum End {
    AskAgain,
    /// Most answers have this identity, which is not the expected one.
    Wrong(u16),
    None,
    Found(Census),
}

impl Answers {
    /// A count whose question has left by `deadline` less the time to wait for answers;
    /// `before` is the count that it repeats.
    pub(super) fn new(deadline: Instant, before: Option<&Answers>, shape: &Shape) -> Self {
        Answers {
            deadline,
            last: None,
            total: 0,
            foreign: Vec::new(),
            best: before.and_then(|b| b.best(shape)),
            was_short: before.is_some_and(|b| b.was_short || b.total < shape.chips),
            persistent: before.map(Answers::persistent),
            questions: before.map_or(0, |b| b.questions) + 1,
        }
    }

    /// An answer to a read.
    pub(super) fn response(&mut self, now: Instant, profile: &Profile, response: &ChainResponse) {
        let Some((value, _)) = chip_id(response) else {
            return;
        };
        let id = (value >> 16) as u16;
        if id != profile.id {
            self.foreign.push((self.total, id));
        }
        self.total = self.total.saturating_add(1);
        self.last = Some(now);
    }

    fn right(&self) -> u16 {
        let foreign = u16::try_from(self.foreign.len()).unwrap_or(u16::MAX);
        self.total.saturating_sub(foreign)
    }

    /// Of two as far from the board's number the greater: noise loses answers more often than they are late.
    fn best(&self, shape: &Shape) -> Option<u16> {
        let counts = [self.best, Some(self.right()).filter(|&right| right > 0)];
        let nearness = |count: &u16| (std::cmp::Reverse(count.abs_diff(shape.chips)), *count);
        counts.into_iter().flatten().max_by_key(nearness)
    }

    /// Noise passes the checksum once in a while: a stranger is believed who answers every
    /// time.
    fn persistent(&self) -> Vec<(u16, u16)> {
        match &self.persistent {
            None => self.foreign.clone(),
            Some(before) => {
                let again = |f: &&(u16, u16)| self.foreign.iter().any(|o| o.1 == f.1);
                before.iter().filter(again).copied().collect()
            }
        }
    }

    /// When counting ends if nothing more arrives.
    pub(super) fn due(&self, shape: &Shape) -> Instant {
        match self.last {
            Some(last) if self.total >= shape.chips => {
                (last + QUIET_AFTER_ANSWERS).min(self.deadline)
            }
            Some(last) => (last + QUIET_AFTER_SOME).min(self.deadline),
            None => self.deadline,
        }
    }

    pub(super) fn end(&self, shape: &Shape) -> End {
        let best = self.best(shape);
        // Most answers decide.
        if self.foreign.len() > usize::from(self.right()) {
            return End::Wrong(self.foreign.first().map_or(0, |f| f.1));
        }
        let doubtful = best.unwrap_or(0) < shape.chips || !self.foreign.is_empty();
        if doubtful && self.questions < QUESTIONS {
            return End::AskAgain;
        }
        let too_many = best.is_some_and(|best| best > shape.chips);
        if too_many && self.was_short && self.questions < QUESTIONS + QUESTIONS_AFTER_LATE_ANSWERS {
            return End::AskAgain;
        }
        match best {
            None => End::None,
            Some(found) => End::Found(Census {
                found: Some(found),
                foreign: self.persistent(),
                silent: Vec::new(),
            }),
        }
    }
}

/// A roll call under way.
#[derive(Debug)]
pub(super) struct RollCall {
    deadline: Instant,
    last: Option<Instant>,
    heard: Vec<u8>,
    calls: u8,
}

impl RollCall {
    /// `before` is the call that it repeats.
    pub(super) fn new(deadline: Instant, before: Option<&RollCall>) -> Self {
        RollCall {
            deadline,
            last: None,
            heard: Vec::new(),
            calls: before.map_or(0, |b| b.calls) + 1,
        }
    }

    pub(super) fn response(&mut self, now: Instant, response: &ChainResponse) {
        // Bounded: there are no more addresses than this.
        if let Some((_, address)) = chip_id(response)
            && self.heard.len() < 256
        {
            self.heard.push(address);
            self.last = Some(now);
        }
    }

    pub(super) fn due(&self) -> Instant {
        match self.last {
            Some(last) => (last + QUIET_AFTER_SOME).min(self.deadline),
            None => self.deadline,
        }
    }

    /// Places from which no answer came, nobody if the answers contradict the count; `None`
    /// to call again.
    pub(super) fn silent(&self, shape: &Shape, census: &Census) -> Option<Vec<u16>> {
        let mut distinct = self.heard.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let as_counted = distinct.len() == usize::from(census.answered());
        if !as_counted || distinct.len() != self.heard.len() {
            return (self.calls >= ROLL_CALLS).then(Vec::new);
        }
        let places = 0..shape.chips;
        let silent = places.filter(|place| !distinct.contains(&shape.address(*place).0));
        Some(silent.collect())
    }
}

/// Value and address of an answer that can be a chip id's. Where a link or a chip does not
/// say who answers, the value's low byte does.
fn chip_id(response: &ChainResponse) -> Option<(u32, u8)> {
    let ChainResponse::Register {
        value,
        address,
        reg,
    } = *response
    else {
        return None;
    };
    reg.is_none_or(|r| r == register::CHIP_ID)
        .then(|| (value, address.map_or(value as u8, |a| a.0)))
}
