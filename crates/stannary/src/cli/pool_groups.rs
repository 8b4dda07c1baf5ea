//! `[[pool_group]]`: who has how much of the hashrate.

use board_support::strict::Section;
use engine::{GroupConfig, PoolConfig};

/// Groups: as many as a person can split a machine into.
const GROUPS_MAX: usize = 16;
/// Longest name of a group.
const NAME_MAX: usize = 64;
/// A hundredth of a percent is the least that the scheduler tells apart.
const QUOTA_PERCENT: core::ops::RangeInclusive<f64> = 0.01..=100.0;
const KEY: &str = "pool_group";

/// The groups of a configuration; empty where it has none.
pub(super) fn read(s: &mut Section<'_>) -> Option<Vec<GroupConfig>> {
    if !s.has(KEY) {
        return Some(Vec::new());
    }
    let sections = s.sections(KEY, GROUPS_MAX)?;
    // Every group is read before one that failed ends it: all faults are found.
    let groups: Vec<_> = sections.into_iter().map(|mut s| read_one(&mut s)).collect();
    let groups: Vec<GroupConfig> = groups.into_iter().collect::<Option<_>>()?;
    let sum: f64 = groups.iter().map(|group| group.quota_percent).sum();
    if sum > 100.0 + 1e-6 {
        let message = format!("the quotas add up to {sum} percent");
        s.refuse(KEY, &message, "lower them to 100 in all");
        return None;
    }
    for (i, group) in groups.iter().enumerate() {
        if groups[..i].iter().any(|other| other.name == group.name) {
            let message = format!("`{}` is there twice", group.name);
            s.refuse(KEY, &message, "give each group a name of its own");
            return None;
        }
    }
    Some(groups)
}

fn read_one(s: &mut Section<'_>) -> Option<GroupConfig> {
    let name = s.text("name", NAME_MAX);
    let quota_percent = s.number("quota_percent", QUOTA_PERCENT);
    Some(GroupConfig {
        name: name?,
        quota_percent: quota_percent?,
    })
}

/// The group that a pool names, or the default one.
pub(super) fn of_pool(s: &mut Section<'_>) -> Option<String> {
    match s.has("group") {
        true => s.text("group", NAME_MAX),
        false => Some(PoolConfig::DEFAULT_GROUP.to_owned()),
    }
}

/// Whether pools and groups belong together. `pools` are the groups of all pools.
pub(super) fn fit(s: &mut Section<'_>, groups: &[GroupConfig], pools: &[&str]) -> Option<()> {
    let listed = |name: &str| groups.iter().any(|group| group.name == name);
    let sum: f64 = groups.iter().map(|group| group.quota_percent).sum();
    for name in pools.iter().filter(|name| !listed(name)) {
        let message = match *name {
            // It has what the others leave, where they leave any.
            PoolConfig::DEFAULT_GROUP if sum <= 99.99 => continue,
            PoolConfig::DEFAULT_GROUP => {
                "leaves nothing to the pools that name no `group`".to_owned()
            }
            name => format!("has no `{name}`, which a pool names as its `group`"),
        };
        let remedy = "add a `[[pool_group]]` with `name` and `quota_percent`, or name another";
        s.refuse(KEY, &message, remedy);
        return None;
    }
    Some(())
}
