//! Changes to the list of pools while it is in use.

use std::fmt;

use telemetry::{Code, Note};
use units::{Instant, PoolIndex};

use super::{Effect, Group, GroupConfig, Member, POOLS_MAX, PoolConfig, Pools};
use crate::Client;

/// What an operator wants of the list of pools.
#[derive(Clone, PartialEq, Debug)]
pub enum PoolOrder {
    /// Add this one.
    Add {
        /// The pool.
        pool: Box<PoolConfig>,
        /// Its place in the order of preference; `None`: the last.
        place: Option<usize>,
    },
    /// Leave this one and forget it.
    Remove(PoolIndex),
    /// Give it another place in the order of preference; one behind the last is the last.
    Move {
        /// Which.
        pool: PoolIndex,
        /// Counted from 0.
        place: usize,
    },
    /// Use it again, or leave it alone and keep it in the list.
    Enable {
        /// Which.
        pool: PoolIndex,
        /// True to use it.
        enabled: bool,
    },
}

/// Why an order was refused. Nothing was changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PoolOrderRefused {
    /// There is no such pool.
    Unknown(PoolIndex),
    /// There are [`POOLS_MAX`] of them.
    Full,
    /// There is no such group, or the listed ones leave nothing to it.
    NoGroup(String),
    /// It is the last one, and a configuration has at least one pool.
    Last,
    /// Numbers of pools are never used twice in a process, and all are used.
    NumbersSpent,
}

impl PoolOrderRefused {
    /// The stable code.
    pub fn code(&self) -> Code {
        Code::PoolOrder
    }
}

impl fmt::Display for PoolOrderRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolOrderRefused::Unknown(pool) => write!(f, "there is no pool {pool}"),
            PoolOrderRefused::Full => write!(f, "there are {POOLS_MAX} pools: remove one first"),
            PoolOrderRefused::NoGroup(name) => write!(
                f,
                "no share of the hashrate is left for a group `{name}`: give it one in the \
                 configuration first"
            ),
            PoolOrderRefused::Last => f.write_str("the last pool stays: disable it instead"),
            PoolOrderRefused::NumbersSpent => {
                f.write_str("256 pools were added since the start: restart the daemon to add more")
            }
        }
    }
}

impl std::error::Error for PoolOrderRefused {}

impl Pools {
    pub(super) fn order(&mut self, now: Instant, order: PoolOrder) {
        let done = match order {
            PoolOrder::Add { pool, place } => self
                .has_room_for(&pool.group)
                .and_then(|()| self.add(now, *pool, place)),
            PoolOrder::Remove(pool) => self.remove(pool),
            PoolOrder::Move { pool, place } => self.move_to(pool, place),
            PoolOrder::Enable { pool, enabled } => self.listed(pool).map(|place| {
                self.members[place].config.enabled = enabled;
            }),
        };
        match done {
            Ok(()) => {
                self.choose(now);
                self.tell_hosts();
                let listed = self.members.iter().filter(|member| !member.leaves);
                let list = listed.map(|member| member.config.clone()).collect();
                self.effects.push_back(Effect::Remember(list));
            }
            Err(refused) => self.effects.push_back(Effect::Note(Note {
                at: now,
                code: refused.code(),
                place: "pools".to_owned(),
                detail: refused.to_string(),
            })),
        }
    }

    /// Add a pool at this place in the order of preference, or as the last.
    pub(super) fn add(
        &mut self,
        now: Instant,
        pool: PoolConfig,
        place: Option<usize>,
    ) -> Result<(), PoolOrderRefused> {
        if self.members.iter().filter(|m| !m.leaves).count() >= POOLS_MAX {
            return Err(PoolOrderRefused::Full);
        }
        let number = u8::try_from(self.numbers).map_err(|_| PoolOrderRefused::NumbersSpent)?;
        self.numbers += 1;
        let id = PoolIndex(number);
        let group = self.group(now, &pool.group);
        let member = Member {
            id,
            client: Client::new(self.config.session(id, &pool)),
            config: pool,
            group,
            started: false,
            session: None,
            works_since: None,
            held: false,
            used_since: None,
            falls: 0,
            idle_since: None,
            leaves: false,
        };
        let place = place.map_or(self.members.len(), |place| self.place_of(place));
        self.members.insert(place, member);
        Ok(())
    }

    /// What is written down must be a configuration that starts.
    fn has_room_for(&self, name: &str) -> Result<(), PoolOrderRefused> {
        let given: f64 = self.groups.iter().map(|g| g.config.quota_percent).sum();
        let known = self.groups.iter().any(|g| g.config.name == name);
        if known || (name == PoolConfig::DEFAULT_GROUP && given <= 99.99) {
            return Ok(());
        }
        Err(PoolOrderRefused::NoGroup(name.to_owned()))
    }

    fn remove(&mut self, pool: PoolIndex) -> Result<(), PoolOrderRefused> {
        let place = self.listed(pool)?;
        if self.members.iter().filter(|m| !m.leaves).count() == 1 {
            return Err(PoolOrderRefused::Last);
        }
        self.members[place].leaves = true;
        Ok(())
    }

    /// The group of this name; one that is not known has what the others leave.
    fn group(&mut self, now: Instant, name: &str) -> usize {
        let known = self.groups.iter().position(|g| g.config.name == name);
        known.unwrap_or_else(|| {
            let given: f64 = self.groups.iter().map(|g| g.config.quota_percent).sum();
            let config = GroupConfig {
                name: name.to_owned(),
                quota_percent: 100.0 - given,
            };
            self.groups.push(Group::new(now, &config));
            self.groups.len() - 1
        })
    }

    fn move_to(&mut self, pool: PoolIndex, place: usize) -> Result<(), PoolOrderRefused> {
        let from = self.listed(pool)?;
        let member = self.members.remove(from);
        let to = self.place_of(place);
        self.members.insert(to, member);
        Ok(())
    }

    fn listed(&self, pool: PoolIndex) -> Result<usize, PoolOrderRefused> {
        let mut members = self.members.iter();
        members
            .position(|member| member.id == pool && !member.leaves)
            .ok_or(PoolOrderRefused::Unknown(pool))
    }

    /// Where the pool stands that operators see at `place`; the end if there is none.
    fn place_of(&self, place: usize) -> usize {
        let members = self.members.iter().enumerate();
        let mut listed = members.filter(|(_, member)| !member.leaves);
        listed.nth(place).map_or(self.members.len(), |(at, _)| at)
    }
}
