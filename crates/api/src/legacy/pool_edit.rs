//! The three pools of an Antminer's page, as changes to a list that may be longer.
//!
//! The page holds the first three of the list and never a password. What it sends back is the
//! whole of these three: a pool that is known by address and login stays what it is (its
//! password, its counts), one that is missing goes, and those behind the third stay.

use telemetry::Pool;

use crate::pools::PoolOrder;

/// Pools on the page.
pub(super) const SHOWN: usize = 3;

/// A pool as the page has it.
#[derive(Clone, PartialEq, Eq, Default)]
pub(super) struct Wanted {
    pub(super) url: String,
    pub(super) user: String,
    /// Empty: what it was, or the usual one.
    pub(super) password: String,
}

/// What leads from the list that is to the list that is wanted, in this order. Whatever is new
/// comes before anything goes, so that there is always a pool.
pub(super) fn plan(now: &[Pool], wanted: &[Wanted]) -> Vec<PoolOrder> {
    let shown = &now[..now.len().min(SHOWN)];
    let mut free: Vec<&Pool> = shown.iter().collect();
    let mut orders = Vec::new();
    // The numbers in the list as it becomes; a new one has none yet.
    let mut list: Vec<Option<u8>> = now.iter().map(|pool| Some(pool.id)).collect();
    let filled = wanted.iter().filter(|wanted| !wanted.url.is_empty());
    for (place, wanted) in (0u8..).zip(filled.take(SHOWN)) {
        let at = usize::from(place);
        let same = |pool: &&Pool| pool.url == wanted.url && pool.user == wanted.user;
        let known = free
            .iter()
            .position(same)
            .filter(|_| wanted.password.is_empty());
        match known.map(|at| free.remove(at).id) {
            Some(id) => {
                let from = list.iter().position(|known| *known == Some(id));
                if let Some(from) = from.filter(|from| *from != at) {
                    let moved = list.remove(from);
                    list.insert(at.min(list.len()), moved);
                    orders.push(PoolOrder::Move { pool: id, place });
                }
            }
            None => {
                list.insert(at.min(list.len()), None);
                orders.push(PoolOrder::Add {
                    url: wanted.url.clone(),
                    user: wanted.user.clone(),
                    password: Some(wanted.password.clone()).filter(|p| !p.is_empty()),
                    group: None,
                    place: Some(place),
                });
            }
        }
    }
    orders.extend(free.iter().map(|pool| PoolOrder::Remove { pool: pool.id }));
    orders
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `url/user` each; an exclamation mark is a password.
    fn check(now: &[&str], wanted: &[&str], expected: &[&str]) {
        let pools: Vec<Pool> = (0u8..)
            .zip(now)
            .map(|(id, text)| {
                let (url, user) = text.split_once('/').expect("url/user");
                Pool {
                    id,
                    url: url.into(),
                    user: user.into(),
                    ..Pool::default()
                }
            })
            .collect();
        let wanted: Vec<Wanted> = wanted
            .iter()
            .map(|text| {
                let (url, user) = text.split_once('/').unwrap_or_default();
                let (user, secret) = match user.strip_suffix('!') {
                    Some(user) => (user, "secret"),
                    None => (user, ""),
                };
                Wanted {
                    url: url.into(),
                    user: user.into(),
                    password: secret.into(),
                }
            })
            .collect();
        let shown: Vec<String> = plan(&pools, &wanted)
            .into_iter()
            .map(|order| match order {
                PoolOrder::Add {
                    url,
                    place,
                    password,
                    ..
                } => format!("+{url}@{} {}", place.expect("a place"), password.is_some()),
                PoolOrder::Move { pool, place } => format!("{pool}@{place}"),
                PoolOrder::Remove { pool } => format!("-{pool}"),
                _ => "?".to_owned(),
            })
            .collect();
        assert_eq!(shown, expected, "{now:?} -> {:?}", wanted.len());
    }

    #[test]
    fn what_was_read_and_is_written_back_changes_nothing() {
        check(&["a/u"], &["a/u", "", ""], &[]);
        check(&["a/u", "b/u", "c/u"], &["a/u", "b/u", "c/u"], &[]);
        check(&["a/u", "b/u", "c/u", "d/u"], &["a/u", "b/u", "c/u"], &[]);
        check(&["a/u", "a/u"], &["a/u", "a/u", ""], &[]);
    }

    #[test]
    fn what_is_new_comes_before_anything_goes() {
        check(&["a/u"], &["b/u", "", ""], &["+b@0 false", "-0"]);
        check(&["a/u", "b/u"], &["b/u", "", ""], &["1@0", "-0"]);
        check(&["a/u"], &["a/v", "a/u", ""], &["+a@0 false"]);
        check(
            &["a/u", "b/u", "c/u"],
            &["c/u", "b/u", "a/u"],
            &["2@0", "1@1"],
        );
    }

    #[test]
    fn a_new_password_makes_a_new_pool() {
        check(&["a/u"], &["a/u!", "", ""], &["+a@0 true", "-0"]);
    }

    #[test]
    fn pools_behind_the_third_stay() {
        check(
            &["a/u", "b/u", "c/u", "d/u"],
            &["e/u", "", ""],
            &["+e@0 false", "-0", "-1", "-2"],
        );
    }
}
