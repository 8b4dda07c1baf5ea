//! Groups of pools and their quotas, and changes to them while they are in use.
//!
//! A group is *listed* where it has a quota of its own. One that pools name and that is not listed has
//! what the listed ones leave; by the rules of [`telemetry::check_pools`] that is the default group alone.
//! A group stays as long as it is listed or has a pool, even one that is being left.

use telemetry::{GroupChange, check_pools};
use units::{Instant, PoolIndex};

use super::config::weight;
use super::{GroupConfig, PoolOrderRefused, Pools};

#[derive(Debug)]
pub(super) struct Group {
    pub(super) config: GroupConfig,
    /// It has a quota of its own.
    listed: bool,
    /// The pool in use.
    pub(super) current: Option<PoolIndex>,
    /// It lost its last working session, or started its last pool.
    pub(super) waiting_since: Instant,
}

impl Group {
    pub(super) fn listed(now: Instant, config: &GroupConfig) -> Group {
        Group {
            config: config.clone(),
            listed: true,
            current: None,
            waiting_since: now,
        }
    }

    /// Its quota in hundredths of a percent, at least one.
    pub(super) fn weight(&self) -> u32 {
        weight(self.config.quota_percent)
    }
}

impl Pools {
    /// Groups that have a quota of their own, as the snapshot shows them.
    pub fn groups(&self) -> Vec<GroupConfig> {
        let listed = self.groups.iter().filter(|group| group.listed);
        listed.map(|group| group.config.clone()).collect()
    }

    /// Whether a pool of this group has a share: what is written down must be a configuration
    /// that starts.
    pub(super) fn has_room_for(&self, name: &str) -> Result<(), PoolOrderRefused> {
        Ok(check_pools(&self.groups(), [name])?)
    }

    /// Quotas hold from the next work item on. No session ends by it: who has lost its share of
    /// the work has its answers all the same.
    pub(super) fn change_groups(
        &mut self,
        now: Instant,
        change: &GroupChange,
    ) -> Result<(), PoolOrderRefused> {
        let members = self.members.iter().filter(|member| !member.leaves);
        let pools: Vec<&str> = members.map(|m| m.config.group.as_str()).collect();
        let after = change.applied(&self.groups(), &pools)?;
        for group in &mut self.groups {
            group.listed = false;
        }
        for config in &after {
            let mut groups = self.groups.iter_mut();
            match groups.find(|group| group.config.name == config.name) {
                Some(group) => {
                    group.config.clone_from(config);
                    group.listed = true;
                }
                None => self.groups.push(Group::listed(now, config)),
            }
        }
        self.share_the_rest();
        self.tell_hashrate(now);
        Ok(())
    }

    /// The pool keeps its session, and what chips still find for it is still its own.
    pub(super) fn move_to_group(
        &mut self,
        now: Instant,
        pool: PoolIndex,
        name: &str,
    ) -> Result<(), PoolOrderRefused> {
        let place = self.place(pool)?;
        self.has_room_for(name)?;
        let group = self.group(now, name);
        let member = &mut self.members[place];
        member.group = group;
        name.clone_into(&mut member.config.group);
        self.tell_hashrate(now);
        Ok(())
    }

    /// The group of this name; one that is not known has what the listed ones leave.
    pub(super) fn group(&mut self, now: Instant, name: &str) -> usize {
        let mut groups = self.groups.iter();
        if let Some(known) = groups.position(|group| group.config.name == name) {
            return known;
        }
        let config = GroupConfig {
            name: name.to_owned(),
            quota_percent: 0.0,
        };
        self.groups.push(Group {
            listed: false,
            ..Group::listed(now, &config)
        });
        self.share_the_rest();
        self.groups.len() - 1
    }

    /// What the listed groups leave is the others'.
    fn share_the_rest(&mut self) {
        let rest = 100.0 - telemetry::given(&self.groups());
        for group in self.groups.iter_mut().filter(|group| !group.listed) {
            group.config.quota_percent = rest;
        }
    }

    /// Groups that nobody lists and no pool is in any more.
    pub(super) fn forget_groups(&mut self) {
        for place in (0..self.groups.len()).rev() {
            let is_used = self.members.iter().any(|member| member.group == place);
            if is_used || self.groups[place].listed {
                continue;
            }
            self.groups.remove(place);
            for member in self.members.iter_mut().filter(|m| m.group > place) {
                member.group -= 1;
            }
        }
    }

    /// What a group is to have of the machine's hashes, by its quota.
    pub(super) fn hashrate_of(&self, group: usize) -> f64 {
        let weight = self.groups[group].weight();
        self.config.nominal_hashrate * f64::from(weight) / f64::from(self.weights())
    }

    /// The quotas of all groups that have a pool, together; at least one.
    pub(super) fn weights(&self) -> u32 {
        let stays = |group| {
            let mut members = self.members.iter();
            members.any(|member| member.group == group && !member.leaves)
        };
        let groups = self.groups.iter().enumerate();
        let weights = groups.filter(|(place, _)| stays(*place));
        let weights: u32 = weights.map(|(_, group)| group.weight()).sum();
        weights.max(1)
    }
}
