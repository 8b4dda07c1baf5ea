use super::*;

pub(in crate::cli) const GOOD: &str = r#"config_version = 1

[machine]
model   = "antminer-s19-pro"
backend = "twin"

[twin]
seed = 7
difficulty_bits = 4

[[pool]]
url      = "stratum+tcp://pool.example:3333"
user     = "account.worker"
password = "hunter2"

[[pool]]
url      = "stratum+tcp://127.0.0.1:3334"
user     = "account.worker"
difficulty_one = "twin"

[api]
http   = "127.0.0.1:9090"
socket = "/run/other.sock"
"#;

/// Parse [`GOOD`] with one line replaced (or, for an empty `from`, one text appended) and
/// compare all faults: `CODE line key`.
pub(in crate::cli) fn check(from: &str, to: &str, expected: &[&str]) {
    let text = if from.is_empty() {
        format!("{GOOD}{to}")
    } else {
        assert!(GOOD.contains(from), "{from}");
        GOOD.replacen(from, to, 1)
    };
    let shown = match parse("c.toml", &text) {
        Ok(_) => Vec::new(),
        Err(error) => {
            assert!(!error.to_string().contains("hunter2"), "{error}");
            let show = |(code, p): (Code, &Problem)| {
                assert!(!p.remedy.is_empty(), "{p}");
                format!("{} {} {}", code.text(), p.line, p.key)
            };
            error.faults().map(show).collect()
        }
    };
    assert_eq!(shown, expected, "in:\n{text}");
}

#[test]
fn a_good_file_says_what_it_says() {
    let config = parse("c.toml", GOOD).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(config.machine.model, "antminer-s19-pro");
    let four = DifficultyOne::from_zero_bits(4).expect("below 32");
    assert_eq!(
        config.backend,
        Backend::Twin(Twin {
            at: None,
            seed: 7,
            difficulty_one: four
        })
    );
    assert_eq!(config.pools.len(), 2);
    assert_eq!(config.pools[0].address.endpoint().host, "pool.example");
    assert_eq!(config.pools[0].password.expose(), "hunter2");
    assert_eq!(config.pools[0].difficulty_one, DifficultyOne::BITCOIN);
    assert_eq!(config.pools[1].password.expose(), "x");
    assert_eq!(config.pools[1].difficulty_one, four);
    assert_eq!(
        config.api.http.map(|at| at.to_string()).as_deref(),
        Some("127.0.0.1:9090")
    );
    assert_eq!(config.api.socket, Path::new("/run/other.sock"));
    assert!(config.notices.is_empty());
}

#[test]
fn what_is_left_out_has_a_default() {
    let text = "config_version = 1\n[machine]\nmodel = \"antminer-s21-pro\"\nbackend = \"twin\"\n\
                [[pool]]\nurl = \"stratum+tcp://p:1\"\nuser = \"u\"\n";
    let config = parse("c.toml", text).unwrap_or_else(|e| panic!("{e}"));
    let Backend::Twin(twin) = config.backend else {
        panic!("{:?}", config.backend);
    };
    assert_eq!((twin.seed, twin.difficulty_one.zero_bits()), (1, 5));
    assert_eq!(
        config.api.http.map(|at| at.to_string()).as_deref(),
        Some("127.0.0.1:8080")
    );
    assert!(config.api.socket.is_absolute());
}

#[test]
fn a_machine_may_sit_on_another_of_its_control_boards() {
    let on = |board: &str| {
        let line = format!("backend = \"twin\"\ncontrol_board = \"{board}\"");
        GOOD.replacen("backend = \"twin\"", &line, 1)
    };
    let config = parse("c.toml", &on("cvitek-cv1835")).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(config.machine.control_board.id, "cvitek-cv1835");
    // It does not reach the rate that the chips like best.
    assert_eq!(config.machine.hashboard.baud, 3_125_000);
    let from = "backend = \"twin\"";
    for (to, fault) in [
        (
            "\"amlogic-a113d\"",
            "E-CONF-MACHINE 6 machine.control_board",
        ),
        ("\"\"", "E-CONF-VALUE 6 machine.control_board"),
        ("3", "E-CONF-VALUE 6 machine.control_board"),
    ] {
        check(from, &format!("{from}\ncontrol_board = {to}"), &[fault]);
    }
}

#[test]
fn a_machine_that_this_build_cannot_run_is_refused() {
    // No source says what the S17's stock FPGA takes for its chips.
    let text = GOOD.replace("antminer-s19-pro", "antminer-s17").replacen(
        "backend = \"twin\"",
        "backend = \"twin\"\ncontrol_board = \"zynq-c49-stock\"",
        1,
    );
    let error = parse("c.toml", &text).expect_err("refused").to_string();
    assert!(
        error.starts_with("E-CONF-BACKEND: c.toml:6: `machine.control_board`"),
        "{error}"
    );
    assert!(error.contains("zynq-c49-stock"), "{error}");
    assert!(error.contains("hint: `stannary machines`"), "{error}");
}

#[test]
fn a_password_is_never_shown() {
    let config = parse("c.toml", GOOD).unwrap_or_else(|e| panic!("{e}"));
    assert!(!format!("{config:?}").contains("hunter2"));
    check(
        "\"hunter2\"",
        "[\"hunter2\"]",
        &["E-CONF-VALUE 14 pool[0].password"],
    );
    check("\"hunter2\"", "\"hunter2", &["E-CONF-SYNTAX 14 "]);
    check(
        "stratum+tcp://pool.example:3333",
        "stratum+tcp://me:hunter2@pool.example:3333",
        &["E-CONF-VALUE 12 pool[0].url"],
    );
    check(
        "stratum+tcp://pool.example:3333",
        "node+http://me:hunter2@",
        &["E-CONF-VALUE 12 pool[0].url"],
    );
}

/// [`GOOD`]'s first pool, as these lines.
fn check_node(lines: &str, expected: &[&str]) {
    let begin = GOOD.find("url ").expect("there");
    let end = GOOD
        .find("\n\n[[pool]]\nurl      = \"stratum+tcp://127")
        .expect("there");
    check(&GOOD[begin..end], lines, expected);
}

const PAYOUT: &str = "user = \"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4\"";

#[test]
fn a_node_is_an_address_to_ask_and_an_address_to_pay() {
    let check = |lines: &str, expected: &[&str]| check_node(lines, expected);
    let url = "url = \"node+http://me:hunter2@127.0.0.1:8332\"";
    let plain = "url = \"node+http://127.0.0.1:8332\"";
    check(&format!("{url}\n{PAYOUT}"), &[]);
    check(&format!("{plain}\n{PAYOUT}\ncookie = \"/b/.cookie\""), &[]);
    check(
        &format!("{url}\nuser = \"account.worker\""),
        &["E-CONF-VALUE 13 pool[0].user"],
    );
    check(
        &format!("{url}\n{PAYOUT}\ncookie = \"/b/.cookie\""),
        &["E-CONF-VALUE 14 pool[0].cookie"],
    );
    check(
        &format!("{plain}\n{PAYOUT}\ncookie = \"b/.cookie\""),
        &["E-CONF-VALUE 14 pool[0].cookie"],
    );
    check(
        &format!("{url}\n{PAYOUT}\npassword = \"hunter2\""),
        &["E-CONF-VALUE 14 pool[0].password"],
    );
    check(
        &format!("{url}\n{PAYOUT}\ndifficulty_one = \"twin\""),
        &["E-CONF-VALUE 14 pool[0].difficulty_one"],
    );
    check(
        "url = \"p:1\"\nuser = \"u\"\ncookie = \"/b/.cookie\"",
        &["E-CONF-VALUE 14 pool[0].cookie"],
    );
}

#[test]
fn a_nodes_login_is_not_shown() {
    let url = "\"node+http://me:hunter2@127.0.0.1:8332\"";
    let text = GOOD
        .replacen("\"stratum+tcp://pool.example:3333\"", url, 1)
        .replacen(
            "user     = \"account.worker\"\npassword = \"hunter2\"",
            PAYOUT,
            1,
        );
    let config = parse("c.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    assert!(!format!("{config:?}").contains("hunter2"));
    let shown = config.pools[0].address.to_string();
    assert_eq!(shown, "node+http://127.0.0.1:8332");
}

#[test]
fn each_fault_has_its_code_line_and_key() {
    check("config_version = 1", "", &["E-CONF-KEY 1 config_version"]);
    check(
        "config_version = 1",
        "config_version = 2",
        &["E-CONF-VALUE 1 config_version"],
    );
    check(
        "antminer-s19-pro",
        "antminer-s99",
        &["E-CONF-MACHINE 4 machine.model"],
    );
    check(
        "backend = \"twin\"",
        "backend = \"fpga\"",
        &["E-CONF-VALUE 5 machine.backend"],
    );
    check("backend = \"twin\"", "", &["E-CONF-KEY 3 machine.backend"]);
    check("seed = 7", "sed = 7", &["E-CONF-KEY 8 twin.sed"]);
    check(
        "difficulty_bits = 4",
        "difficulty_bits = 33",
        &["E-CONF-VALUE 9 twin.difficulty_bits"],
    );
    check(
        "user     = \"account.worker\"",
        "",
        &["E-CONF-KEY 11 pool[0].user"],
    );
    check(
        "\"account.worker\"",
        "\"\"",
        &["E-CONF-VALUE 13 pool[0].user"],
    );
    check(
        "= \"twin\"\n\n[api]",
        "= \"litecoin\"\n\n[api]",
        &["E-CONF-VALUE 19 pool[1].difficulty_one"],
    );
    check(
        "/run/other.sock",
        "other.sock",
        &["E-CONF-VALUE 23 api.socket"],
    );
    check("[api]", "[api", &["E-CONF-SYNTAX 21 "]);
}

#[test]
fn any_address_is_listened_on_and_a_name_on_none() {
    for address in ["8080", "example.com:80", "0.0.0.0"] {
        check("127.0.0.1:9090", address, &["E-CONF-VALUE 22 api.http"]);
    }
    for address in [
        "0.0.0.0:80",
        "192.168.1.2:8080",
        "[::]:80",
        "[::1]:0",
        "localhost:80",
    ] {
        check("127.0.0.1:9090", address, &[]);
    }
}

#[test]
fn a_real_machine_keeps_who_may_do_what_and_a_twin_only_where_it_is_told_to() {
    let with = |text: &str, access: &str| text.replacen("[api]", &format!("[api]\n{access}"), 1);
    let kept = |text: &str| {
        let config = parse("c.toml", text).unwrap_or_else(|e| panic!("{e}"));
        config.api.access
    };
    let told = "access = \"/tmp/a.json\"";
    assert_eq!(kept(GOOD), None);
    assert_eq!(kept(&real()).as_deref(), Some(Path::new(ACCESS)));
    for text in [GOOD, &real()] {
        let kept = kept(&with(text, told));
        assert_eq!(kept.as_deref(), Some(Path::new("/tmp/a.json")));
    }
    for access in ["\"a.json\"", "\"\"", "\"/\"", "7"] {
        let to = format!("[api]\naccess = {access}");
        check("[api]", &to, &["E-CONF-VALUE 22 api.access"]);
    }
}

/// A configuration of a real machine.
fn real() -> String {
    let twin = "[twin]\nseed = 7\ndifficulty_bits = 4\n";
    assert!(GOOD.contains(twin), "the good file's twin");
    let text = GOOD.replace(twin, "");
    let text = text.replace("backend = \"twin\"", "backend = \"linux\"");
    text.replace("difficulty_one = \"twin\"", "difficulty_one = \"bitcoin\"")
}

#[test]
fn a_real_board_hashes_at_bitcoins_scale_and_remembers() {
    let config = parse("c.toml", &real()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(config.backend, Backend::Linux { stand_in: None });
    assert!(
        config
            .pools
            .iter()
            .all(|p| p.difficulty_one == DifficultyOne::BITCOIN)
    );
    assert_eq!(config.state.as_deref(), Some(Path::new(STATE)));
}

#[test]
fn a_real_board_takes_no_twin() {
    check(
        "backend = \"twin\"",
        "backend = \"linux\"",
        &[
            "E-CONF-KEY 7 twin",
            "E-CONF-VALUE 19 pool[1].difficulty_one",
        ],
    );
}

#[test]
fn the_enable_line_is_the_owners_word_where_no_file_knows_it() {
    let model = "model   = \"antminer-s19-pro\"";
    let with = |model: &str, more: &str| format!("model = \"{model}\"\n{more}");
    let s21 = |more| with("antminer-s21", more);
    check(model, &s21("enable_active = \"low\""), &[]);
    check(model, &s21("enable_active = \"high\""), &[]);
    check(
        model,
        &s21("enable_active = \"up\""),
        &["E-CONF-VALUE 5 machine.enable_active"],
    );
    // The x19's is captured, an S9's does not exist.
    check(
        model,
        &format!("{model}\nenable_active = \"high\""),
        &["E-CONF-VALUE 5 machine.enable_active"],
    );
    check(
        model,
        &with("antminer-s9", "enable_active = \"low\""),
        &["E-CONF-VALUE 5 machine.enable_active"],
    );
    // A twin has no such line. A real board stays off without the word.
    let text = GOOD.replace("backend = \"twin\"", "backend = \"linux\"");
    let faults = |text: &str| match parse("c.toml", text) {
        Ok(_) => String::new(),
        Err(faults) => faults.to_string(),
    };
    let unsure = "is not known: hashboards get no power";
    let silent = faults(&text.replace(model, &s21("")));
    assert!(
        silent.contains("`machine.enable_active`: at which level"),
        "{silent}"
    );
    assert!(silent.contains(unsure), "{silent}");
    let said = faults(&text.replace(model, &s21("enable_active = \"low\"")));
    assert!(!said.contains(unsure), "{said}");
}

#[test]
fn a_file_of_a_control_board_is_named_with_its_faults() {
    let model = "model   = \"antminer-s19-pro\"";
    let text = GOOD.replace(
        model,
        &format!("{model}\ncontrol_board = \"/nowhere/b.toml\""),
    );
    let faults = parse("c.toml", &text).expect_err("missing").to_string();
    let expected =
        "E-CONF-READ: c.toml:5: `machine.control_board`: /nowhere/b.toml: cannot be read";
    assert!(faults.starts_with(expected), "{faults}");
}

#[test]
fn reserved_tables_are_refused_with_their_name() {
    check("", "[tuner]\n", &["E-CONF-KEY 24 tuner"]);
    check("", "[update]\nurl = \"x\"\n", &["E-CONF-KEY 24 update"]);
}

#[test]
fn old_clients_are_served_where_the_file_says_so() {
    let config = parse("c.toml", GOOD).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(config.api.old, OldClients::default());
    let text = GOOD.replace(
        "[api]",
        "[api]\ncgminer = \"127.0.0.1:4028\"\nside = \"127.0.0.1:6060\"\nlegacy = \"write\"\n\
         legacy_login = \"/etc/x\"",
    );
    let config = parse("c.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    assert!(config.notices.is_empty());
    let old = config.api.old;
    assert_eq!(old.socket.map(|at| at.port()), Some(4028));
    assert_eq!(old.side.map(|at| at.port()), Some(6060));
    assert_eq!((old.write, old.login), (true, Some("/etc/x".into())));
    check(
        "[api]",
        "[api]\nlegacy = \"all\"\nlegacy_login = \"x\"\nside = \"x\"",
        &[
            "E-CONF-VALUE 22 api.legacy",
            "E-CONF-VALUE 23 api.legacy_login",
            "E-CONF-VALUE 24 api.side",
        ],
    );
    check(
        "[api]",
        "[api]\ncgminer = \"everywhere\"",
        &["E-CONF-VALUE 22 api.cgminer"],
    );
}

#[test]
fn a_machine_without_a_pool_is_refused() {
    let start = GOOD.find("[[pool]]").expect("there");
    let end = GOOD.find("[api]").expect("there");
    check(&GOOD[start..end], "", &["E-CONF-KEY 1 pool"]);
}

#[test]
fn all_faults_of_a_file_are_found_at_once() {
    let text = GOOD
        .replace("antminer-s19-pro", "nothing")
        .replace("seed = 7", "seed = -1")
        .replace("stratum+tcp://pool.example:3333", "pool.example")
        .replace("127.0.0.1:9090", "9090")
        + "color = 1\n";
    let error = parse("c.toml", &text).expect_err("five faults");
    let keys: Vec<_> = error.faults().map(|(_, p)| p.key.clone()).collect();
    assert_eq!(
        keys,
        [
            "machine.model",
            "twin.seed",
            "pool[0].url",
            "api.http",
            "api.color"
        ]
    );
}

#[test]
fn files_that_cannot_be_read_are_coded() {
    let error = load(Path::new("/nowhere/stannary.toml")).expect_err("absent");
    let shown = error.to_string();
    assert!(
        shown.starts_with("E-CONF-READ: /nowhere/stannary.toml: cannot be read"),
        "{shown}"
    );
    let endless = load(Path::new("/dev/zero")).expect_err("endless");
    assert!(endless.to_string().starts_with("E-CONF-READ"));
}

#[test]
fn the_example_in_the_documents_is_accepted() {
    let example = include_str!("../../../../docs/example.toml");
    if let Err(error) = parse("docs/example.toml", example) {
        panic!("{error}");
    }
}

#[test]
fn the_owner_may_say_what_voltages_the_hashboards_have() {
    let machine = |lines: &str| {
        let line = format!("model = \"antminer-s21\"\n{lines}");
        GOOD.replacen("model   = \"antminer-s19-pro\"", &line, 1)
    };
    let read = |lines: &str| parse("c.toml", &machine(lines)).unwrap_or_else(|e| panic!("{e}"));
    let config = read("voltage_mv = 13_500\nvoltage_start_mv = 14_000");
    let board = &config.machine.hashboard;
    assert_eq!(board.voltage_mv, Some(13_500));
    assert_eq!(board.voltage_start_mv, Some(14_000));
    assert_eq!(config.machine.limits.voltage_mv, Some((12_000, 14_000)));
    assert!(config.made_up.is_empty());
    // The twin's own otherwise, and it is said.
    let config = read("");
    assert!(config.machine.hashboard.voltage_mv.is_some());
    assert_eq!(config.made_up.len(), 1, "{:?}", config.made_up);
    assert!(config.made_up[0].starts_with("E-TWIN-VOLTAGE"));

    let s19 = "model   = \"antminer-s19-pro\"";
    for (lines, fault) in [
        ("voltage_mv = 15_100", "5 machine.voltage_mv"),
        ("voltage_mv = 7_999", "5 machine.voltage_mv"),
        ("voltage_mv = 21_361", "5 machine.voltage_mv"),
        ("voltage_mv = \"13 V\"", "5 machine.voltage_mv"),
        ("voltage_start_mv = 15_100", "5 machine.voltage_start_mv"),
    ] {
        let fault = format!("E-CONF-VALUE {fault}");
        check(s19, &format!("{s19}\n{lines}"), &[&fault]);
    }
    let s21 = "model = \"antminer-s21\"\nvoltage_start_mv = 14_000";
    check(s19, s21, &["E-CONF-VALUE 5 machine.voltage_start_mv"]);
}

#[test]
fn a_twin_leaves_nothing_behind_unless_it_is_told_to() {
    let from = "backend = \"twin\"";
    let with = |state: &str| GOOD.replacen(from, &format!("{from}\nstate = {state}"), 1);
    let config = parse("c.toml", GOOD).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(config.state, None);
    let config = parse("c.toml", &with("\"/tmp/s.json\"")).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(config.state.as_deref(), Some(Path::new("/tmp/s.json")));
    for state in ["\"s.json\"", "\"\"", "\"/\"", "7"] {
        let to = format!("{from}\nstate = {state}");
        check(from, &to, &["E-CONF-VALUE 6 machine.state"]);
    }
}

#[test]
fn recordings_go_where_the_file_says() {
    let from = "backend = \"twin\"";
    let with = |folder: &str| GOOD.replacen(from, &format!("{from}\nrecordings = {folder}"), 1);
    let config = parse("c.toml", GOOD).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(config.recordings, None);
    let config = parse("c.toml", &with("\"/tmp/r\"")).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(config.recordings.as_deref(), Some(Path::new("/tmp/r")));
    for folder in ["\"r\"", "\"\"", "\"/\"", "7"] {
        let to = format!("{from}\nrecordings = {folder}");
        check(from, &to, &["E-CONF-VALUE 6 machine.recordings"]);
    }
}

/// The file with these lines under `[safety]`.
fn with_safety(machine: &str, lines: &str) -> String {
    let text = GOOD.replace("antminer-s19-pro", machine);
    text.replacen("[twin]", &format!("[safety]\n{lines}\n\n[twin]"), 1)
}

#[test]
fn only_the_file_relaxes_a_protection_and_what_it_relaxes_is_said() {
    use engine::{Cooling, Local};
    let read = |machine: &str, lines: &str| {
        let text = with_safety(machine, lines);
        let config = parse("c.toml", &text).unwrap_or_else(|e| panic!("{e}"));
        (config.local, config.relaxed)
    };
    // Nothing said is nothing relaxed, where nothing of the machine asks for it.
    assert_eq!(read("antminer-s19-pro", ""), (Local::default(), Vec::new()));
    let (local, said) = read(
        "antminer-s19-pro",
        "cooling = \"liquid\"\nstart_delay_max_s = 0\nresume_delay_max_s = 3600\n\
         fan_duty_min_percent = 40\nfan_duty_max_percent = 80\n\
         hash_without_sensors = true\nhash_without_cutoff = true",
    );
    let expected = Local {
        cooling: Cooling::Liquid,
        start_delay_max: units::Duration::ZERO,
        resume_delay_max: units::Duration::from_secs(3600),
        duty_min: units::Duty::new(40),
        duty_max: units::Duty::new(80),
        unwatched: true,
        unguarded: true,
        ..Local::default()
    };
    assert_eq!(local, expected);
    // It has sensors and something that cuts its power: consenting gives up nothing.
    let about = |said: &[String], word: &str| said.iter().any(|s| s.contains(word));
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(about(&said, "liquid") && about(&said, "start_delay_max_s = 0"));
    assert!(said.iter().all(|s| s.starts_with("E-CONF-RELAXED: ")));

    // The owner of a twin consents, and it is said once.
    let (local, said) = read("antminer-s17", "");
    assert!(local.unwatched && local.unguarded);
    assert_eq!(said.len(), 2, "{said:?}");
    let lines = "hash_without_sensors = true\nhash_without_cutoff = true";
    let (local, said) = read("antminer-s17", lines);
    assert!(local.unwatched && local.unguarded);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(!about(&said, "as a twin"), "{said:?}");
}

#[test]
fn what_is_no_consent_is_refused() {
    for (line, key) in [
        ("cooling = \"water\"", "cooling"),
        ("cooling = true", "cooling"),
        ("start_delay_max_s = 3601", "start_delay_max_s"),
        ("start_delay_max_s = -1", "start_delay_max_s"),
        ("resume_delay_max_s = 1.5", "resume_delay_max_s"),
        ("fan_duty_min_percent = 9", "fan_duty_min_percent"),
        ("fan_duty_min_percent = 101", "fan_duty_min_percent"),
        ("fan_duty_max_percent = 0", "fan_duty_max_percent"),
        ("hash_without_sensors = 1", "hash_without_sensors"),
        ("hash_without_cutoff = \"yes\"", "hash_without_cutoff"),
        (
            "fan_duty_min_percent = 60\nfan_duty_max_percent = 50",
            "fan_duty_min_percent",
        ),
    ] {
        let text = with_safety("antminer-s19-pro", line);
        let error = parse("c.toml", &text).expect_err(line);
        let shown = |(code, p): (Code, &Problem)| (code, p.line, p.key.clone());
        let found: Vec<_> = error.faults().map(shown).collect();
        let expected = (Code::ConfigValue, 8, format!("safety.{key}"));
        assert_eq!(found, [expected], "{line}");
    }
    let error = parse("c.toml", &with_safety("antminer-s9", "unguarded = true"));
    let error = error.expect_err("no such key").to_string();
    assert!(
        error.contains("E-CONF-KEY: c.toml:8: `safety.unguarded`"),
        "{error}"
    );
}

#[test]
fn a_twin_in_a_process_of_its_own_is_named_by_its_folder_and_has_its_own_seed() {
    let at = "at = \"/run/twin\"";
    let text = GOOD.replacen("seed = 7", at, 1);
    let config = parse("c.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    let Backend::Twin(twin) = config.backend else {
        panic!("{:?}", config.backend);
    };
    assert_eq!(twin.at.as_deref(), Some(Path::new("/run/twin")));
    assert_eq!(twin.difficulty_one.zero_bits(), 4);
    check(
        "seed = 7",
        &format!("{at}\nseed = 7"),
        &["E-CONF-KEY 9 twin.seed"],
    );
    for folder in ["\"twin\"", "\"\"", "\"/\"", "7"] {
        let to = format!("at = {folder}");
        check("seed = 7", &to, &["E-CONF-VALUE 8 twin.at"]);
    }
}

#[test]
fn a_twin_that_could_not_keep_up_hashes_at_fewer_bits_and_says_so() {
    let text = |machine: &str| {
        format!(
            "config_version = 1\n[machine]\nmodel = \"{machine}\"\nbackend = \"twin\"\n\
             [twin]\ndifficulty_bits = 8\n[[pool]]\nurl = \"a:1\"\nuser = \"u\"\n"
        )
    };
    let check = |machine: &str, bits: u8, notices: usize| {
        let config = parse("f", &text(machine)).expect("a valid file");
        let Backend::Twin(twin) = config.backend else {
            panic!("{:?}", config.backend);
        };
        assert_eq!(twin.difficulty_one.zero_bits(), bits, "{machine}");
        assert_eq!(
            config.notices.len(),
            notices,
            "{machine}: {:?}",
            config.notices
        );
    };
    check("antminer-s19-pro", 8, 0);
    check("antminer-s21-pro", 7, 1);
}

#[test]
fn a_twin_may_stand_in_behind_chain_devices_from_a_process_of_its_own() {
    let text = GOOD.replace("backend = \"twin\"", "backend = \"linux\"");
    let text = text.replace("seed = 7", "at = \"/run/twin\"");
    let config = parse("c.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    let Backend::Linux { stand_in } = config.backend else {
        panic!("{:?}", config.backend);
    };
    let twin = stand_in.expect("a twin");
    assert_eq!(twin.at.as_deref(), Some(Path::new("/run/twin")));
    // Its chips hash at its scale, and it leaves nothing unless it is told to.
    assert_eq!(config.pools[1].difficulty_one.zero_bits(), 4);
    assert_eq!((config.state, config.recordings), (None, None));
}

#[test]
fn only_a_machine_of_tests_has_chips_of_a_twin_on_its_own_board() {
    let text = GOOD.replace("backend = \"twin\"", "backend = \"linux\"");
    let of_tests = text.replace("antminer-s19-pro", "test-ast2600");
    let config = parse("c.toml", &of_tests).unwrap_or_else(|e| panic!("{e}"));
    let Backend::Linux {
        stand_in: Some(chips),
    } = config.backend
    else {
        panic!("{:?}", config.backend);
    };
    assert_eq!((chips.at, chips.difficulty_one.zero_bits()), (None, 4));
    assert_eq!(config.pools[1].difficulty_one.zero_bits(), 4);
    // Everything else is as on a real machine.
    assert_eq!(config.state.as_deref(), Some(Path::new(STATE)));
    let faults = parse("c.toml", &text).expect_err("a real machine");
    assert!(faults.to_string().contains("`twin`: is for"), "{faults}");
}
