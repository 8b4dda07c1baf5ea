//! All pools as one value: which are connected, and which sessions give work.
//!
//! Terms: a session *works* while it has a job; a pool is *in use* while its session gives
//! work. Pools of a *group* stand in for each other, in order of preference; groups share the
//! hashrate by quotas. The rules stand in `docs/decisions/0023-pool-policy.md`, the decision
//! itself in [`rank`].
//!
//! Invariants:
//! - A share goes to the pool of its job's session or nowhere, and has one outcome.
//! - Of each group at most one session is in use, and only one that works.
//! - [`Effect::Use`] that takes work from a session comes before that session's end, if any
//!   other works.
//!
//! Deliberately not here: protocols ([`crate::Client`]), and how often a session has its turn
//! (`scheduler`).

mod config;
mod groups;
mod orders;
mod rank;

use std::collections::VecDeque;
use std::sync::Arc;

use telemetry::{Note, PoolState};
use units::{Duration, Instant, PoolIndex, SessionId, ShareId};
use work::{Job, Share, ShareOutcome};

use crate::{Address, Client, Endpoint, Route, Security, node};
pub use config::{GroupConfig, Listed, PoolConfig, PoolsConfig};
use groups::Group;
pub use orders::{PoolOrder, PoolOrderRefused};
use rank::Seen;

pub use telemetry::POOLS_MAX;

/// A pool that has lost its work stays so long: chips still answer for work of it, and one
/// that is needed again stands already.
const LINGER: Duration = Duration::from_secs(30);
/// While shares are unanswered it stays longer, but no longer than this: a session gives them
/// up after 60 s.
const LINGER_MAX: Duration = Duration::from_secs(90);
/// In use for so long without a break, a pool's earlier failures are forgotten.
const FORGIVEN: Duration = Duration::from_secs(3600);

/// All that can happen.
#[derive(Clone, Debug)]
pub enum Input {
    /// Begin to connect.
    Start,
    /// Something happened to a pool's connection.
    Pool(PoolIndex, crate::Input),
    /// Send this share through the session of its job.
    Submit(Share),
    /// The machine computes so many hashes a second.
    Hashrate {
        /// Really computed, over all pools.
        hashes_per_s: f64,
    },
    /// An operator wants pools changed.
    Order(PoolOrder),
    /// Leave all pools.
    Stop,
    /// A deadline came.
    Wake,
}

/// All that is to be done. Drain after every input.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Connect; see [`crate::Effect::Connect`].
    Connect {
        /// For whom.
        pool: PoolIndex,
        /// Where to.
        endpoint: Endpoint,
        /// What must protect the connection.
        security: Security,
        /// Whom to trust on the way, and through which proxy.
        route: Route,
    },
    /// Send these bytes.
    Send(PoolIndex, Vec<u8>),
    /// Close the connection, or give up making it.
    Disconnect(PoolIndex),
    /// Ask this of one's own node, which stands among the pools.
    Node(PoolIndex, node::Order),
    /// A session has this job now.
    Job(Arc<Job>),
    /// From now on work comes from these sessions, with these weights.
    Use(Vec<(SessionId, u32)>),
    /// A session is over and its jobs are void.
    SessionEnded(SessionId),
    /// What became of a share.
    Outcome {
        /// The share.
        share: ShareId,
        /// What became of it.
        outcome: ShareOutcome,
    },
    /// This pool was left on purpose: what was wrong with it does not matter any more.
    Left(PoolIndex),
    /// An order changed the list of pools or their groups. It is to be written down.
    Remember(Listed),
    /// Something worth telling.
    Note(Note),
}

/// All pools; see the module's documentation.
#[derive(Debug)]
pub struct Pools {
    config: PoolsConfig,
    groups: Vec<Group>,
    /// In order of preference, over all groups.
    members: Vec<Member>,
    /// Numbers given out so far.
    numbers: u16,
    running: bool,
    /// As last said.
    uses: Vec<(SessionId, u32)>,
    effects: VecDeque<Effect>,
    /// When to look again though nothing happens.
    again: Option<Instant>,
}

#[derive(Debug)]
struct Member {
    id: PoolIndex,
    config: PoolConfig,
    client: Client,
    group: usize,
    started: bool,
    session: Option<SessionId>,
    works_since: Option<Instant>,
    /// Its session lost its connection and may be taken up again.
    held: bool,
    used_since: Option<Instant>,
    falls: u32,
    /// Not needed any more, since then.
    idle_since: Option<Instant>,
    /// To be dropped once it is stopped.
    leaves: bool,
}

impl Pools {
    /// All pools at rest.
    pub fn new(now: Instant, pools: Vec<PoolConfig>, config: PoolsConfig) -> Self {
        let groups = config.groups.iter().map(|group| Group::listed(now, group));
        let mut all = Pools {
            groups: groups.collect(),
            members: Vec::new(),
            numbers: 0,
            running: false,
            uses: Vec::new(),
            effects: VecDeque::new(),
            again: None,
            config,
        };
        for pool in pools.into_iter().take(POOLS_MAX) {
            let _ = all.add(now, pool, None);
        }
        all.tell_hosts();
        all
    }

    /// Consume one input.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Start => self.running = true,
            Input::Pool(pool, input) => self.give(now, pool, input),
            Input::Submit(share) => self.submit(now, share),
            Input::Hashrate { hashes_per_s } => {
                self.config.nominal_hashrate = hashes_per_s;
                self.tell_hashrate(now);
            }
            Input::Order(order) => self.order(now, order),
            Input::Stop => self.stop(now),
            Input::Wake => {
                for place in 0..self.members.len() {
                    let due = self.members[place].client.next_deadline();
                    if due.is_some_and(|at| at <= now) {
                        self.give_member(now, place, crate::Input::Wake);
                    }
                }
            }
        }
        self.settle(now);
    }

    /// What to do outside, in order.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When to send [`Input::Wake`] if nothing else happens before.
    pub fn next_deadline(&self) -> Option<Instant> {
        let clients = self.members.iter().filter_map(|m| m.client.next_deadline());
        clients.chain(self.again).min()
    }

    /// The pools as the snapshot shows them, in order of preference. Those that are being left
    /// are not among them.
    pub fn status(&self, now: Instant) -> Vec<telemetry::Pool> {
        let stay = || self.members.iter().filter(|member| !member.leaves);
        let weights = self.weights();
        stay()
            .map(|member| {
                let group = &self.groups[member.group];
                let mut pool = member.client.status(now);
                let used = self.uses.iter().any(|(id, _)| Some(*id) == member.session);
                pool.active = used;
                if pool.state == PoolState::Active && !used {
                    pool.state = PoolState::Standby;
                }
                pool.enabled = member.config.enabled;
                pool.group.clone_from(&group.config.name);
                pool.quota_percent = 100.0 * f64::from(group.weight()) / f64::from(weights);
                pool
            })
            .collect()
    }

    /// Connections that stand or are being made: what a stop has to end.
    pub fn started(&self) -> usize {
        self.members.iter().filter(|member| member.started).count()
    }

    fn give(&mut self, now: Instant, pool: PoolIndex, input: crate::Input) {
        if let Some(place) = self.members.iter().position(|member| member.id == pool) {
            self.give_member(now, place, input);
        }
    }

    /// A share belongs to the pool whose number its session carries. That pool's client knows
    /// whether the session lives, and keeps the account.
    fn submit(&mut self, now: Instant, share: Share) {
        let pool = share.job.session.pool();
        match self.members.iter().position(|member| member.id == pool) {
            Some(place) => self.give_member(now, place, crate::Input::Submit(share)),
            None => self.effects.push_back(Effect::Outcome {
                share: share.id,
                outcome: ShareOutcome::NoAnswer,
            }),
        }
    }

    /// Each pool is told what its group is to have.
    fn tell_hashrate(&mut self, now: Instant) {
        for place in 0..self.members.len() {
            let hashes_per_s = self.hashrate_of(self.members[place].group);
            self.give_member(now, place, crate::Input::Hashrate { hashes_per_s });
        }
    }

    /// Each pool may lead to the hosts of all others, and nowhere else.
    fn tell_hosts(&mut self) {
        let addresses = self.members.iter().filter(|member| !member.leaves);
        let addresses = addresses.map(|member| &member.config.address);
        // One's own node is no place to be sent to.
        let hosts: Arc<[String]> = addresses
            .filter(|address| !matches!(address, Address::Node(_)))
            .map(|address| address.endpoint().host.clone())
            .collect();
        for member in &mut self.members {
            member.client.set_hosts(Arc::clone(&hosts));
        }
    }

    fn stop(&mut self, now: Instant) {
        self.running = false;
        for place in 0..self.members.len() {
            self.stop_member(now, place);
        }
    }

    fn start_member(&mut self, now: Instant, place: usize) {
        let member = &mut self.members[place];
        member.started = true;
        self.groups[member.group].waiting_since = now;
        self.give_member(now, place, crate::Input::Start);
    }

    fn stop_member(&mut self, now: Instant, place: usize) {
        let member = &mut self.members[place];
        member.idle_since = None;
        if std::mem::take(&mut member.started) {
            let left = Effect::Left(member.id);
            self.give_member(now, place, crate::Input::Stop);
            self.effects.push_back(left);
        }
    }

    /// Give one client an input and carry all that it does because of it.
    fn give_member(&mut self, now: Instant, place: usize, input: crate::Input) {
        self.members[place].client.handle(now, input);
        while let Some(effect) = self.members[place].client.next_effect() {
            self.carry(now, place, effect);
        }
    }

    fn carry(&mut self, now: Instant, place: usize, effect: crate::Effect) {
        let member = &mut self.members[place];
        let pool = member.id;
        let effect = match effect {
            crate::Effect::Connect { endpoint, security } => Effect::Connect {
                pool,
                endpoint,
                security,
                route: member.config.route.clone(),
            },
            crate::Effect::Send(bytes) => Effect::Send(pool, bytes),
            crate::Effect::Disconnect => Effect::Disconnect(pool),
            crate::Effect::Node(order) => Effect::Node(pool, order),
            crate::Effect::Outcome { share, outcome } => Effect::Outcome { share, outcome },
            crate::Effect::Note(note) => Effect::Note(note),
            crate::Effect::Session(id) => {
                member.session = Some(id);
                return;
            }
            crate::Effect::Job(job) => {
                // A client hands out jobs of its present session only.
                let first = member.works_since.is_none();
                member.works_since.get_or_insert(now);
                member.held = false;
                self.effects.push_back(Effect::Job(job));
                if first {
                    self.choose(now);
                }
                return;
            }
            crate::Effect::SessionHeld(_) => return self.session_held(now, place),
            crate::Effect::SessionEnded(id) => return self.session_ended(now, place, id),
        };
        self.effects.push_back(effect);
    }

    /// Whoever else stands takes over; until then its jobs are better than none.
    fn session_held(&mut self, now: Instant, place: usize) {
        self.members[place].held = true;
        self.falls(now, place);
        self.choose(now);
    }

    /// A pool has no working session any more.
    fn falls(&mut self, now: Instant, place: usize) {
        let member = &mut self.members[place];
        let worked = member.works_since.take().is_some();
        let group = &mut self.groups[member.group];
        if worked && group.current == Some(member.id) {
            group.waiting_since = now;
            if member.started {
                member.falls = member.falls.saturating_add(1);
            }
        }
    }

    /// Whoever stands takes over before the scheduler hears of the end, so that it has no
    /// moment without work.
    fn session_ended(&mut self, now: Instant, place: usize, id: SessionId) {
        let member = &mut self.members[place];
        member.session = None;
        member.held = false;
        self.falls(now, place);
        let ended = Effect::SessionEnded(id);
        let left = self.uses.iter().any(|(of, _)| *of != id);
        if left || self.would_use() {
            self.choose(now);
            self.effects.push_back(ended);
        } else {
            self.effects.push_back(ended);
            self.choose(now);
        }
    }

    /// Some session works that could be used.
    fn would_use(&self) -> bool {
        let mut members = self.members.iter();
        self.running && members.any(|member| member.is_ranked() && member.works_since.is_some())
    }

    /// Start and stop pools until nothing is left to be done, then say when to look again.
    fn settle(&mut self, now: Instant) {
        // Each round starts or stops a pool, and a pool that was started is not stopped at the
        // same instant.
        for _ in 0..2 * POOLS_MAX {
            if !self.look(now) {
                break;
            }
        }
        self.members
            .retain(|member| !member.leaves || member.started);
        self.forget_groups();
    }

    /// One look at all groups. True if a pool was started or stopped.
    fn look(&mut self, now: Instant) -> bool {
        if !self.running {
            self.again = None;
            return false;
        }
        let again = self.choose(now);
        let mut moved = false;
        let mut soonest = again;
        for group in 0..self.groups.len() {
            let ranked = self.ranked(group);
            let needed = self.decide(now, group, &ranked).needed;
            for (rank, place) in ranked.into_iter().enumerate() {
                let member = &mut self.members[place];
                if rank < needed {
                    member.idle_since = None;
                    if !member.started {
                        self.start_member(now, place);
                        moved = true;
                    }
                } else if member.started {
                    member.idle_since.get_or_insert(now);
                }
            }
        }
        for place in 0..self.members.len() {
            let member = &mut self.members[place];
            if member.started && !member.is_ranked() {
                member.idle_since.get_or_insert(now);
            }
            let Some(until) = member.stays_until() else {
                continue;
            };
            if until <= now {
                self.stop_member(now, place);
                moved = true;
            } else {
                soonest = Some(soonest.map_or(until, |at| at.min(until)));
            }
        }
        self.again = soonest;
        moved
    }

    /// Say which sessions are in use, if that changed. Returns when to look again.
    fn choose(&mut self, now: Instant) -> Option<Instant> {
        let mut again = None;
        let mut uses = Vec::new();
        for place in 0..self.groups.len() {
            let ranked = self.ranked(place);
            let choice = self.decide(now, place, &ranked);
            again = again.into_iter().chain(choice.again).min();
            let current = choice.current.map(|rank| ranked[rank]);
            self.take_current(now, place, current);
            let session = current.and_then(|place| self.members[place].session);
            uses.extend(session.map(|id| (id, self.groups[place].weight())));
        }
        if uses != self.uses {
            self.uses.clone_from(&uses);
            self.effects.push_back(Effect::Use(uses));
        }
        again
    }

    fn take_current(&mut self, now: Instant, group: usize, current: Option<usize>) {
        for (place, member) in self.members.iter_mut().enumerate() {
            if member.group != group {
                continue;
            }
            if Some(place) != current {
                member.used_since = None;
                continue;
            }
            let since = *member.used_since.get_or_insert(now);
            if now.since(since) >= FORGIVEN {
                member.falls = 0;
            }
        }
        let id = current.map(|place| self.members[place].id);
        self.groups[group].current = id;
    }

    fn decide(&self, now: Instant, group: usize, ranked: &[usize]) -> rank::Choice {
        let group = &self.groups[group];
        let seen: Vec<Seen> = ranked
            .iter()
            .map(|place| self.members[*place].seen())
            .collect();
        let is_current = |place: &usize| Some(self.members[*place].id) == group.current;
        let current = ranked.iter().position(is_current);
        rank::choose(now, &seen, current, group.waiting_since)
    }

    /// The places of a group's pools that may give work, in order of preference.
    fn ranked(&self, group: usize) -> Vec<usize> {
        let members = self.members.iter().enumerate();
        let of_group = members.filter(|(_, member)| member.group == group && member.is_ranked());
        let of_group = of_group.filter(|_| self.running);
        of_group.map(|(place, _)| place).collect()
    }
}

impl Member {
    /// It may give work.
    fn is_ranked(&self) -> bool {
        self.config.enabled && !self.leaves
    }

    fn seen(&self) -> Seen {
        Seen {
            started: self.started,
            works_since: self.works_since,
            held: self.held,
            falls: self.falls,
        }
    }

    /// When a pool that is not needed may be stopped. With shares on their way it waits for
    /// their answers; their outcome is what wakes it then.
    fn stays_until(&self) -> Option<Instant> {
        let idle = self.idle_since.filter(|_| self.started)?;
        let stay = match (self.session, self.client.in_flight()) {
            (None, _) => Duration::ZERO,
            (Some(_), 0) => LINGER,
            (Some(_), _) => LINGER_MAX,
        };
        Some(idle + stay)
    }
}

#[cfg(test)]
mod tests;
