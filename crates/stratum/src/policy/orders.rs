//! Changes to the list of pools while it is in use.

use std::fmt;

use telemetry::{Code, GroupChange, GroupsWrong, Note};
use units::{Instant, PoolIndex};

use super::{Effect, Listed, Member, POOLS_MAX, PoolConfig, Pools};
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
    /// Change groups or their quotas.
    Groups(GroupChange),
    /// Let it stand in for the pools of another group from now on.
    MoveToGroup {
        /// Which.
        pool: PoolIndex,
        /// The group's name; the default one, or one that has a quota.
        group: String,
    },
}

/// Why an order was refused. Nothing was changed.
#[derive(Clone, PartialEq, Debug)]
pub enum PoolOrderRefused {
    /// There is no such pool.
    Unknown(PoolIndex),
    /// There are [`POOLS_MAX`] of them.
    Full,
    /// Groups and quotas would not fit each other or the pools.
    Groups(GroupsWrong),
    /// It is the last one, and a configuration has at least one pool.
    Last,
    /// Numbers of pools are never used twice in a process, and all are used.
    NumbersSpent,
}

impl PoolOrderRefused {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            PoolOrderRefused::Groups(_) => Code::PoolGroup,
            _ => Code::PoolOrder,
        }
    }
}

impl From<GroupsWrong> for PoolOrderRefused {
    fn from(wrong: GroupsWrong) -> Self {
        PoolOrderRefused::Groups(wrong)
    }
}

impl fmt::Display for PoolOrderRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolOrderRefused::Unknown(pool) => write!(f, "there is no pool {pool}"),
            PoolOrderRefused::Full => write!(f, "there are {POOLS_MAX} pools: remove one first"),
            PoolOrderRefused::Groups(wrong) => write!(f, "{wrong}: {}", wrong.remedy()),
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
            PoolOrder::Enable { pool, enabled } => self.place(pool).map(|place| {
                self.members[place].config.enabled = enabled;
            }),
            PoolOrder::Groups(change) => self.change_groups(now, &change),
            PoolOrder::MoveToGroup { pool, group } => self.move_to_group(now, pool, &group),
        };
        match done {
            Ok(()) => {
                self.choose(now);
                self.tell_hosts();
                let listed = self.members.iter().filter(|member| !member.leaves);
                let pools = listed.map(|member| member.config.clone()).collect();
                let groups = self.groups();
                let listed = Listed { pools, groups };
                self.effects.push_back(Effect::Remember(listed));
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

    fn remove(&mut self, pool: PoolIndex) -> Result<(), PoolOrderRefused> {
        let place = self.place(pool)?;
        if self.members.iter().filter(|m| !m.leaves).count() == 1 {
            return Err(PoolOrderRefused::Last);
        }
        self.members[place].leaves = true;
        Ok(())
    }

    fn move_to(&mut self, pool: PoolIndex, place: usize) -> Result<(), PoolOrderRefused> {
        let from = self.place(pool)?;
        let member = self.members.remove(from);
        let to = self.place_of(place);
        self.members.insert(to, member);
        Ok(())
    }

    pub(super) fn place(&self, pool: PoolIndex) -> Result<usize, PoolOrderRefused> {
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
