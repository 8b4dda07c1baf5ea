//! Groups by name, from the system's own file: the binary is static and asks no C library.

use std::fs::File;
use std::io::Read;

use hal_linux::Root;

const GROUPS: &str = "/etc/group";
/// Longest that is read: a miner has a dozen groups.
const GROUPS_MAX: u64 = 256 * 1024;

/// The group's number.
pub(super) fn number(name: &str, root: &Root) -> Result<u32, String> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let path = root.at(GROUPS);
    let mut text = String::new();
    let read = File::open(&path).and_then(|file| file.take(GROUPS_MAX).read_to_string(&mut text));
    read.map_err(|error| format!("{}: cannot read it: {error}", path.display()))?;
    let mut lines = text.lines().map(|line| line.split(':'));
    let found = lines.find_map(|mut fields| {
        let is_it = fields.next() == Some(name);
        is_it.then(|| fields.nth(1)?.parse().ok()).flatten()
    });
    found.ok_or_else(|| {
        let path = path.display();
        format!("{path} has no group `{name}`\nhint: make it with `addgroup -S {name}`, or name another with --group")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_its_number_or_a_line_of_the_systems_file() {
        let folder = std::env::temp_dir().join(format!("stannary-groups-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("etc")).expect("made");
        let text = "root:x:0:\nbroken\nstan:x:7\nstannary:x:812:peter\nodd:x:many:\n";
        std::fs::write(folder.join("etc/group"), text).expect("written");
        let root = Root::new(&folder);
        for (name, expected) in [
            ("stannary", Ok(812)),
            ("stan", Ok(7)),
            ("40", Ok(40)),
            ("root", Ok(0)),
            ("broken", Err("no group `broken`")),
            ("odd", Err("no group `odd`")),
            ("nobody", Err("addgroup -S nobody")),
        ] {
            match (number(name, &root), expected) {
                (Ok(number), Ok(expected)) => assert_eq!(number, expected, "{name}"),
                (Err(why), Err(part)) => assert!(why.contains(part), "{name}: {why}"),
                (found, _) => panic!("{name}: {found:?}"),
            }
        }
        std::fs::remove_dir_all(&folder).expect("removed");
        assert!(number("stannary", &root).is_err());
    }
}
