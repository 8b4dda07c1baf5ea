use std::fs;
use std::os::unix::fs::PermissionsExt;

use clap::Parser;

use super::super::operator::Operator;
use super::super::{Cli, Command};
use super::*;

const TEXT: &str = "\
# Rig 7: hunter2.
config_version = 1

[machine]
model = \"antminer-s9\"
backend = \"twin\"

[[pool]] # the good one
url = \"stratum+tcp://p:1\"
user = \"me\"
password = \"hunter2\"
";

/// A configuration file of one test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!(
            "stannary-config-{name}-{}.toml",
            std::process::id()
        ));
        fs::write(&path, TEXT).expect("written");
        Place(path)
    }

    /// 0, 1 or 2, as the process would end.
    fn does(&self, line: &str) -> u8 {
        let mut words = vec![
            "stannary",
            "config",
            "--config",
            self.0.to_str().expect("text"),
        ];
        words.extend(line.split(' '));
        let cli = Cli::try_parse_from(&words).expect(line);
        let Command::Operator(Operator::Config(args)) = cli.command else {
            panic!("{line}");
        };
        let code = run(&args);
        (0..=2).find(|n| code == ExitCode::from(*n)).expect(line)
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.0).expect("there")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn what_check_config_would_refuse_is_never_written() {
    let place = Place::new("refused");
    for line in [
        "set machine.model antminer-s99",
        "set machine.modell antminer-s9",
        "set pool.0.url http://p",
        "set pool.2.url stratum+tcp://p:1",
        "set pool.1.url stratum+tcp://p:1",
        "set safety.start_delay_max_s soon",
        "set safety.start_delay_max_s -1",
        "set machine antminer-s9",
        "set machine.model antminer-s19 api.http nowhere",
        "set machine.model",
        "unset machine.model",
        "unset pool.0",
        "unset machine.state",
        "set a..b 1",
    ] {
        let code =
            match Cli::try_parse_from(["stannary", "config"].into_iter().chain(line.split(' '))) {
                // clap itself refuses a key without a value, with the same code.
                Err(error) => u8::try_from(error.exit_code()).expect("small"),
                Ok(_) => place.does(line),
            };
        assert_eq!(code, EXIT_USAGE, "{line}");
        assert_eq!(place.text(), TEXT, "{line}");
    }
}

#[test]
fn good_changes_are_written_with_remarks_and_mode_kept() {
    let place = Place::new("written");
    fs::set_permissions(&place.0, fs::Permissions::from_mode(0o640)).expect("set");
    assert_eq!(
        place.does("set machine.model antminer-s19-pro --dry-run"),
        0
    );
    assert_eq!(place.text(), TEXT, "a dry run");
    assert_eq!(
        place.does("set machine.model antminer-s19-pro safety.fan_duty_min_percent 30"),
        0
    );
    let expected =
        TEXT.replace("antminer-s9", "antminer-s19-pro") + "\n[safety]\nfan_duty_min_percent = 30\n";
    assert_eq!(place.text(), expected);
    // A text that looks like a number is what the key takes.
    assert_eq!(
        place.does(
            "set pool.0.user 12345 pool.1.url stratum+tcp://q:1 pool.1.user 7 pool.1.password 8"
        ),
        0
    );
    let text = place.text();
    assert!(
        text.contains("user = \"12345\"") && text.contains("user = \"7\"\npassword = \"8\"\n"),
        "{text}"
    );
    assert!(text.contains("[[pool]] # the good one"), "{text}");
    assert_eq!(place.does("unset pool.0 safety.fan_duty_min_percent"), 0);
    assert!(
        !place.text().contains("hunter2\"") && place.text().starts_with("# Rig 7"),
        "{}",
        place.text()
    );
    let mode = fs::metadata(&place.0).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert!(!place.0.with_extension("toml.new").exists());
}

#[test]
fn differences_show_no_secret() {
    let before: DocumentMut = TEXT.parse().expect("TOML");
    let after: DocumentMut = TEXT
        .replace("hunter2", "correct horse")
        .replace("stratum+tcp://p:1", "node+http://u:hunter2@h:1")
        .replace("[machine]\n", "[machine]\nstate = \"/s\"\n")
        .parse()
        .expect("TOML");
    let found = differences(&entries(&before), &entries(&after));
    let expected = "\
+ machine.state = \"/s\"
- pool.0.url = \"stratum+tcp://p:1\"
+ pool.0.url = \"node+http://(hidden)@h:1\"
- pool.0.password = (hidden)
+ pool.0.password = (hidden)
";
    assert_eq!(rendered(&found, Colour::Never), expected);
    let json: Vec<_> = found.iter().map(|d| d.json().to_string()).collect();
    let json = json.join("\n");
    assert!(
        !json.contains("hunter2") && !json.contains("horse"),
        "{json}"
    );
    assert!(differences(&entries(&before), &entries(&before)).is_empty());
}

#[test]
fn what_is_not_there_is_told_from_what_is_wrong() {
    let place = Place::new("get");
    for (line, code) in [
        ("get", 0),
        ("get --json", 0),
        ("get pool", 0),
        ("get pool.0.password", 0),
        ("get machine.state", 1),
        ("get pool.9", 1),
    ] {
        assert_eq!(place.does(line), code, "{line}");
    }
    fs::write(&place.0, "config_version = \"hunter2").expect("written");
    assert_eq!(place.does("get"), 2);
    assert_eq!(place.does("set config_version 1"), 2);
    fs::remove_file(&place.0).expect("removed");
    assert_eq!(place.does("get"), 1);
    assert_eq!(place.does("set config_version 1"), 1);
}

#[test]
fn pools_of_another_firmware_are_added_or_take_the_place_of_ours() {
    let place = Place::new("import");
    let stock = place.0.with_extension("conf");
    let text = r#"{"pools":[{"url":"p:1","user":"me","pass":"x"},{"url":"q:2","user":"you","pass":"y"},]}"#;
    fs::write(&stock, text).expect("written");
    let line = |how: &str| format!("import {how}{}", stock.display());
    assert_eq!(place.does(&line("--dry-run ")), 0);
    assert_eq!(place.text(), TEXT);
    assert_eq!(place.does(&line("")), 0);
    let config = config::load(&place.0).expect("good");
    let users: Vec<_> = config.pools.iter().map(|pool| pool.user.as_str()).collect();
    assert_eq!(
        users,
        ["me", "you"],
        "what is there already is not there twice"
    );
    assert_eq!(config.pools[0].password.expose(), "hunter2");
    assert_eq!(place.does(&line("--replace ")), 0);
    let config = config::load(&place.0).expect("good");
    assert_eq!(config.pools[0].password.expose(), "x");
    fs::write(&stock, "{}").expect("written");
    let before = place.text();
    assert_eq!(place.does(&line("")), 1);
    assert_eq!(place.text(), before);
    let _ = fs::remove_file(&stock);
}
