//! `[[pool_group]]`: who has how much of the hashrate.

use board_support::strict::Section;
use engine::{GroupConfig, PoolConfig};
use telemetry::{
    GROUP_NAME_MAX, GroupsWrong, POOL_GROUPS_MAX, QUOTA_PERCENT, check_groups, check_pools,
};

const KEY: &str = "pool_group";

/// The groups of a configuration; empty where it has none.
pub(super) fn read(s: &mut Section<'_>) -> Option<Vec<GroupConfig>> {
    if !s.has(KEY) {
        return Some(Vec::new());
    }
    let sections = s.sections(KEY, POOL_GROUPS_MAX)?;
    // Every group is read before one that failed ends it: all faults are found.
    let groups: Vec<_> = sections.into_iter().map(|mut s| read_one(&mut s)).collect();
    let groups: Vec<GroupConfig> = groups.into_iter().collect::<Option<_>>()?;
    if let Err(wrong) = check_groups(&groups) {
        s.refuse(KEY, &wrong.to_string(), wrong.remedy());
        return None;
    }
    Some(groups)
}

fn read_one(s: &mut Section<'_>) -> Option<GroupConfig> {
    let name = s.text("name", GROUP_NAME_MAX);
    let quota_percent = s.number("quota_percent", QUOTA_PERCENT);
    Some(GroupConfig {
        name: name?,
        quota_percent: quota_percent?,
    })
}

/// The group that a pool names, or the default one.
pub(super) fn of_pool(s: &mut Section<'_>) -> Option<String> {
    match s.has("group") {
        true => s.text("group", GROUP_NAME_MAX),
        false => Some(PoolConfig::DEFAULT_GROUP.to_owned()),
    }
}

/// Whether pools and groups belong together. `pools` are the groups of all pools.
pub(super) fn fit(s: &mut Section<'_>, groups: &[GroupConfig], pools: &[&str]) -> Option<()> {
    let Err(wrong) = check_pools(groups, pools.iter().copied()) else {
        return Some(());
    };
    let message = match &wrong {
        GroupsWrong::NoGroup(name) => {
            format!("has no `{name}`, which a pool names as its `group`")
        }
        _ => "leaves nothing to the pools that name no `group`".to_owned(),
    };
    let remedy = "add a `[[pool_group]]` with `name` and `quota_percent`, or name another";
    s.refuse(KEY, &message, remedy);
    None
}
