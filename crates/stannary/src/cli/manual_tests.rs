//! What is written of the command line is the command line: the manual, and the table of commands.

use std::fs;
use std::path::PathBuf;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::Cli;

/// Set to anything, this rewrites the manual instead of comparing it.
const REFRESH: &str = "STANNARY_REFRESH";

fn built() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// Every command that is shown, with the words that name it.
fn commands(command: &Command, path: &str, out: &mut Vec<(String, Command)>) {
    for inner in command.get_subcommands() {
        if inner.is_hide_set() || inner.get_name() == "help" {
            continue;
        }
        let path = format!("{path} {}", inner.get_name());
        out.push((path.clone(), inner.clone()));
        commands(inner, &path, out);
    }
}

fn all() -> Vec<(String, Command)> {
    let mut out = Vec::new();
    commands(&built(), "stannary", &mut out);
    out
}

/// A page for `man`: the command itself, then each of its commands.
fn manual() -> String {
    let written = |write: &dyn Fn(&mut Vec<u8>) -> std::io::Result<()>| {
        let mut bytes = Vec::new();
        write(&mut bytes).expect("memory");
        String::from_utf8(bytes).expect("text")
    };
    let whole = Man::new(built());
    let page = written(&|w| {
        whole.render_title(w)?;
        whole.render_name_section(w)?;
        whole.render_synopsis_section(w)?;
        whole.render_description_section(w)?;
        whole.render_options_section(w)
    });
    // Each part begins with the same definitions.
    let preamble = |line: &&str| line.starts_with(".ie") || line.starts_with(".el");
    let first = page
        .lines()
        .take(2)
        .chain(page.lines().skip(2).filter(|line| !preamble(line)));
    let mut page: String = first.map(|line| format!("{line}\n")).collect();
    page.push_str(".SH COMMANDS\n");
    for (name, command) in all() {
        // What every command takes stands above.
        let command = command.mut_args(|arg| match arg.get_id().as_str() {
            "api" | "fingerprint" | "help" | "version" => arg.hide(true),
            _ => arg,
        });
        let has_options = command.get_arguments().any(|arg| !arg.is_hide_set());
        let man = Man::new(command);
        let part = written(&|w| {
            man.render_synopsis_section(w)?;
            w.extend_from_slice(b".PP\n");
            man.render_description_section(w)?;
            if has_options {
                man.render_options_section(w)?;
            }
            Ok(())
        });
        // Their headings would be the page's own.
        let part = part
            .lines()
            .filter(|line| !line.starts_with(".SH") && !preamble(line));
        page.push_str(&format!(".SS {name}\n"));
        for line in part {
            page.push_str(line.trim_end());
            page.push('\n');
        }
    }
    page.push_str(".SH NOTES\n");
    for line in super::AFTER_HELP.lines() {
        page.push_str(&format!("{}\n.br\n", line.replace('-', "\\-")));
    }
    page
}

fn document(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs")).join(name)
}

#[test]
fn the_manual_is_the_command_line() {
    let (path, expected) = (document("man/stannary.1"), manual());
    if std::env::var_os(REFRESH).is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, &expected).expect("written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/man/stannary.1 differs from the definitions; run `{REFRESH}=1 cargo test -p stannary the_manual` and \
         look at what changed"
    );
}

#[test]
fn every_command_has_a_help_and_a_place_in_the_documents() {
    let pages: String = ["cli.md", "access.md"]
        .iter()
        .map(|name| fs::read_to_string(document(name)).expect("there"))
        .collect();
    let all = all();
    assert!(all.len() > 40, "{}", all.len());
    for (name, command) in all {
        let help = command.clone().render_long_help().to_string();
        assert!(help.contains("Usage:"), "{name}: {help}");
        assert!(
            command.get_about().is_some(),
            "{name} says nothing of itself"
        );
        let words: Vec<_> = name.split(' ').collect();
        // `stannary pools add`, or `add` where the table names its family.
        let family = format!("`stannary {}", words[1]);
        let alone = words[2..].join(" ");
        let listed = match words.len() {
            2 => pages.contains(&format!("{family}`")) || pages.contains(&format!("{family} ")),
            _ => pages.contains(&format!("`{name}`")) || pages.contains(&format!("`{alone}`")),
        };
        assert!(listed, "{name} is not in docs/cli.md");
    }
}
