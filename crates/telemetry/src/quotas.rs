//! Groups of pools and their quotas: what a list of them must keep.
//!
//! Pools of a group stand in for each other; groups share the hashrate by quotas. The configuration,
//! every interface and the pools themselves judge by this module alone, so that whatever is taken
//! while the miner runs is a configuration that starts again.

use core::fmt;
use core::ops::RangeInclusive;

use serde::Serialize;

/// A group of pools that has a quota of its own.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PoolGroup {
    /// Its name, by which pools belong to it.
    pub name: String,
    /// Its share of the hashrate as it was set, 0.01 to 100. Only the ratio among groups that have a
    /// working pool counts.
    #[serde(serialize_with = "crate::round::plain::<_, 6>")]
    pub quota_percent: f64,
}

/// The group of pools that name none. Where it is not listed it has what the listed ones leave.
pub const DEFAULT_GROUP: &str = "default";
/// Groups: as many as a person can split a machine into.
pub const POOL_GROUPS_MAX: usize = 16;
/// Longest name of a group, in bytes.
pub const GROUP_NAME_MAX: usize = 64;
/// A hundredth of a percent is the least that the scheduler tells apart.
pub const QUOTA_PERCENT: RangeInclusive<f64> = 0.01..=100.0;

/// Sums of decimal fractions are a little off.
const SUM_MAX: f64 = 100.0 + 1e-6;
/// With more than this given away, nothing that counts is left.
const SUM_THAT_LEAVES: f64 = 99.99;

/// A change to the groups.
#[derive(Clone, PartialEq, Debug)]
pub enum GroupChange {
    /// Give these groups these quotas. Those that are not there are made, the others stay as they are.
    SetQuotas(Vec<PoolGroup>),
    /// Take this group off the list. Pools that name it must be gone before, except those of the default
    /// group, which has what is left again.
    Remove(String),
}

/// Why groups cannot be so.
#[derive(Clone, PartialEq, Debug)]
pub enum GroupsWrong {
    /// More than [`POOL_GROUPS_MAX`].
    TooMany,
    /// Not 1 to [`GROUP_NAME_MAX`] bytes of printable text.
    Name,
    /// Outside [`QUOTA_PERCENT`], in percent.
    Quota(f64),
    /// A name is there twice.
    Twice(String),
    /// The quotas add up to more than a hundred percent.
    Sum(f64),
    /// Pools name a group, or somebody does, that is not there.
    NoGroup(String),
    /// Pools are in the default group, and the others leave nothing to it.
    NothingLeft,
    /// A group that is to go has so many pools.
    HasPools(String, usize),
    /// A change that changes nothing.
    Nothing,
}

impl GroupsWrong {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            GroupsWrong::TooMany => "remove one first",
            GroupsWrong::Name => "give it a shorter name, in letters and digits",
            GroupsWrong::Quota(_) => "give 0.01 to 100 percent",
            GroupsWrong::Twice(_) => "give each group a name of its own",
            GroupsWrong::Sum(_) => "lower them to 100 in all",
            GroupsWrong::NoGroup(_) => "give the group a quota first, or name another",
            GroupsWrong::NothingLeft => "lower a quota, or give the group `default` one of its own",
            GroupsWrong::HasPools(..) => "move them to another group, or remove them, first",
            GroupsWrong::Nothing => "name a group and its quota",
        }
    }
}

impl fmt::Display for GroupsWrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GroupsWrong::TooMany => write!(f, "there are more than {POOL_GROUPS_MAX} groups"),
            GroupsWrong::Name => write!(
                f,
                "a group's name is 1 to {GROUP_NAME_MAX} bytes of printable text"
            ),
            GroupsWrong::Quota(percent) => write!(f, "a quota of {percent} percent is none"),
            GroupsWrong::Twice(name) => write!(f, "`{name}` is there twice"),
            GroupsWrong::Sum(sum) => write!(f, "the quotas add up to {} percent", plain(*sum)),
            GroupsWrong::NoGroup(name) => write!(f, "no group `{name}` has a quota"),
            GroupsWrong::NothingLeft => {
                f.write_str("that leaves nothing to the pools of the group `default`")
            }
            GroupsWrong::HasPools(name, 1) => write!(f, "a pool is in the group `{name}`"),
            GroupsWrong::HasPools(name, pools) => {
                write!(f, "{pools} pools are in the group `{name}`")
            }
            GroupsWrong::Nothing => f.write_str("no quota is named"),
        }
    }
}

impl std::error::Error for GroupsWrong {}

/// Without what a sum of decimal fractions is off.
fn plain(percent: f64) -> f64 {
    (percent * 1e6).round() / 1e6
}

/// Whether a list of groups is one, whatever pools there are.
pub fn check_groups(groups: &[PoolGroup]) -> Result<(), GroupsWrong> {
    if groups.len() > POOL_GROUPS_MAX {
        return Err(GroupsWrong::TooMany);
    }
    for (i, group) in groups.iter().enumerate() {
        let long = group.name.is_empty() || group.name.len() > GROUP_NAME_MAX;
        if long || group.name.chars().any(char::is_control) {
            return Err(GroupsWrong::Name);
        }
        if !QUOTA_PERCENT.contains(&group.quota_percent) {
            return Err(GroupsWrong::Quota(group.quota_percent));
        }
        if groups[..i].iter().any(|other| other.name == group.name) {
            return Err(GroupsWrong::Twice(group.name.clone()));
        }
    }
    let sum = given(groups);
    if sum > SUM_MAX {
        return Err(GroupsWrong::Sum(sum));
    }
    Ok(())
}

/// Whether each of these pools, named by their groups, has a share of the hashrate.
pub fn check_pools<'a>(
    groups: &[PoolGroup],
    pools: impl IntoIterator<Item = &'a str>,
) -> Result<(), GroupsWrong> {
    let listed = |name: &str| groups.iter().any(|group| group.name == name);
    for name in pools {
        match name {
            name if listed(name) => {}
            DEFAULT_GROUP if given(groups) <= SUM_THAT_LEAVES => {}
            DEFAULT_GROUP => return Err(GroupsWrong::NothingLeft),
            name => return Err(GroupsWrong::NoGroup(name.to_owned())),
        }
    }
    Ok(())
}

/// What groups give away, in percent.
pub fn given(groups: &[PoolGroup]) -> f64 {
    groups.iter().map(|group| group.quota_percent).sum()
}

impl GroupChange {
    /// The groups after it. `pools` are the groups of all pools.
    pub fn applied(
        &self,
        groups: &[PoolGroup],
        pools: &[&str],
    ) -> Result<Vec<PoolGroup>, GroupsWrong> {
        let mut after = groups.to_vec();
        match self {
            GroupChange::SetQuotas(set) if set.is_empty() => return Err(GroupsWrong::Nothing),
            GroupChange::SetQuotas(set) => {
                // Each of them once, and no sum yet: that of all counts.
                for (i, group) in set.iter().enumerate() {
                    if set[..i].iter().any(|other| other.name == group.name) {
                        return Err(GroupsWrong::Twice(group.name.clone()));
                    }
                    match after.iter_mut().find(|known| known.name == group.name) {
                        Some(known) => known.quota_percent = group.quota_percent,
                        None => after.push(group.clone()),
                    }
                }
            }
            GroupChange::Remove(name) => {
                let Some(place) = after.iter().position(|known| known.name == *name) else {
                    return Err(GroupsWrong::NoGroup(name.clone()));
                };
                let count = pools.iter().filter(|pool| *pool == name).count();
                if count > 0 && name != DEFAULT_GROUP {
                    return Err(GroupsWrong::HasPools(name.clone(), count));
                }
                after.remove(place);
            }
        }
        check_groups(&after)?;
        check_pools(&after, pools.iter().copied())?;
        Ok(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(listed: &[(&str, f64)]) -> Vec<PoolGroup> {
        let group = |(name, quota_percent): &(&str, f64)| PoolGroup {
            name: (*name).to_owned(),
            quota_percent: *quota_percent,
        };
        listed.iter().map(group).collect()
    }

    /// What a change makes of two groups with 60 and 30 percent; or why nothing.
    fn check(change: &GroupChange, pools: &[&str], expected: Result<&[(&str, f64)], GroupsWrong>) {
        let after = change.applied(&groups(&[("a", 60.0), ("b", 30.0)]), pools);
        assert_eq!(after, expected.map(groups), "{change:?}");
        if let Err(why) = after {
            assert!(!why.remedy().is_empty() && !why.to_string().is_empty());
        }
    }

    fn set(quotas: &[(&str, f64)]) -> GroupChange {
        GroupChange::SetQuotas(groups(quotas))
    }

    #[test]
    fn quotas_are_set_together_and_groups_made() {
        check(&set(&[("b", 10.0)]), &[], Ok(&[("a", 60.0), ("b", 10.0)]));
        // Neither could be set before the other.
        let both = set(&[("b", 70.0), ("a", 30.0)]);
        check(&both, &["a", "b"], Ok(&[("a", 30.0), ("b", 70.0)]));
        let three = [("a", 60.0), ("b", 30.0), ("c", 10.0)];
        check(&set(&three[2..]), &["a"], Ok(&three));
        let tenths = [("a", 33.3), ("b", 33.3), ("c", 33.4)];
        check(&set(&tenths), &["a", "b", "c"], Ok(&tenths));
    }

    #[test]
    fn quotas_that_are_none_are_refused() {
        check(&set(&[]), &[], Err(GroupsWrong::Nothing));
        for percent in [0.0, 0.009, -1.0, 100.1, f64::INFINITY] {
            check(
                &set(&[("a", percent)]),
                &[],
                Err(GroupsWrong::Quota(percent)),
            );
        }
        let nan = set(&[("a", f64::NAN)]).applied(&[], &[]);
        assert!(matches!(nan, Err(GroupsWrong::Quota(_))));
        check(&set(&[("b", 40.5)]), &[], Err(GroupsWrong::Sum(100.5)));
        let twice = set(&[("c", 1.0), ("c", 2.0)]);
        check(&twice, &[], Err(GroupsWrong::Twice("c".into())));
        for name in ["", "a\nb", &"x".repeat(65)] {
            check(&set(&[(name, 1.0)]), &[], Err(GroupsWrong::Name));
        }
        let names: Vec<String> = (0..15).map(|i| format!("g{i}")).collect();
        let many: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 0.5)).collect();
        check(&set(&many), &[], Err(GroupsWrong::TooMany));
        // What is left is the default group's, where it has pools.
        let all = set(&[("b", 40.0)]);
        check(&all, &["a", "default"], Err(GroupsWrong::NothingLeft));
        check(&all, &["a"], Ok(&[("a", 60.0), ("b", 40.0)]));
    }

    #[test]
    fn a_group_goes_once_no_pool_names_it() {
        let remove = |name: &str| GroupChange::Remove(name.into());
        check(&remove("b"), &["a", "default"], Ok(&[("a", 60.0)]));
        let held = Err(GroupsWrong::HasPools("a".into(), 2));
        check(&remove("a"), &["a", "b", "a"], held);
        let none = Err(GroupsWrong::NoGroup("default".into()));
        check(&remove("default"), &["default"], none);
        // The default group has what is left again, if anything is.
        let listed = groups(&[("a", 60.0), ("default", 30.0)]);
        let after = remove("default").applied(&listed, &["default"]);
        assert_eq!(after, Ok(groups(&[("a", 60.0)])));
        let full = groups(&[("a", 99.995), ("default", 0.005)]);
        assert_eq!(
            remove("default").applied(&full, &["default"]),
            Err(GroupsWrong::NothingLeft)
        );
    }

    #[test]
    fn every_pool_has_a_share() {
        let listed = groups(&[("a", 60.0)]);
        assert_eq!(check_pools(&listed, ["a", "default"]), Ok(()));
        let missing = GroupsWrong::NoGroup("b".into());
        assert_eq!(check_pools(&listed, ["a", "b"]), Err(missing));
        let full = groups(&[("a", 100.0)]);
        assert_eq!(
            check_pools(&full, ["default"]),
            Err(GroupsWrong::NothingLeft)
        );
        assert_eq!(check_pools(&full, ["a"]), Ok(()));
    }
}
