use std::fs;

use super::*;

const CONFIG: &str = "\
# Rig 7.
config_version = 1

[machine]
model = \"antminer-s9\"
backend = \"twin\" # for now
";

fn pools(text: &str) -> Vec<[String; 3]> {
    let found = parse(text).expect(text);
    let pools = found.pools.into_iter();
    pools
        .map(|pool| [pool.url, pool.user, pool.password])
        .collect()
}

fn check(text: &str, expected: &[[&str; 3]]) {
    assert_eq!(pools(text), expected, "{text}");
}

/// As the maker's page writes it.
const TYPICAL: &str = r#"{
"pools" : [
{
"url" : "stratum+tcp://eu.pool.example:3333",
"user" : "farm.rig7",
"pass" : "hunter2"
},
{
"url" : "stratum+tcp://eu.pool.example:443",
"user" : "farm.rig7",
"pass" : "hunter2"
},
{
"url" : "",
"user" : "",
"pass" : ""
}
],
"api-listen" : true,
"api-network" : true,
"api-groups" : "A:stats:pools:devs:summary:version",
"api-allow" : "A:0/0,W:*",
"bitmain-fan-ctrl" : false,
"bitmain-fan-pwm" : "100",
"bitmain-freq" : "650",
"multi-version" : "1"
}
"#;

#[test]
fn pools_of_stock_files_are_read() {
    let first = ["stratum+tcp://eu.pool.example:3333", "farm.rig7", "hunter2"];
    let second = ["stratum+tcp://eu.pool.example:443", "farm.rig7", "hunter2"];
    check(TYPICAL, &[first, second]);
    let bare = ["stratum+tcp://p:1", "u", ""];
    check(r#"{"pools":[{"url":"p:1","user":"u"}]}"#, &[bare]);
    check(
        r#"{"pools":[{"url":" stratum+tcp://p:1/ ","user":" u ","pass":null}]}"#,
        &[bare],
    );
    check(
        r##"{"pools":[{"url":"stratum+tcp://p:1/#xnsub","user":"u"}]}"##,
        &[bare],
    );
    check(
        r#"{"pools":[{"url":"p:1","user":"u","pass":123}]}"#,
        &[["stratum+tcp://p:1", "u", "123"]],
    );
}

#[test]
fn what_people_leave_in_such_files_is_borne() {
    let two = [
        ["stratum+tcp://a:1", "u", "x"],
        ["stratum+tcp://b:1", "u,v", "}],"],
    ];
    for text in [
        r#"{"pools":[{"url":"a:1","user":"u","pass":"x",},{"url":"b:1","user":"u,v","pass":"}],"},],}"#,
        r#"{,"pools":[,{"url":"a:1",,"user":"u","pass":"x"},,{"url":"b:1","user":"u,v","pass":"}],"}]},"#,
        "\u{feff}{ \"pools\" : [ {\"url\":\"a:1\",\"user\":\"u\",\"pass\":\"x\"}\r\n,\r\n{\"url\":\"b:1\",\"user\":\"u,v\",\"pass\":\"}],\"} , ] , \"api-listen\" : true , }",
        // Twice the same, and the list twice.
        r#"{"pools":[],"pools":[{"url":"a:1","user":"u","pass":"x"},{"url":"b:1","user":"u,v","pass":"}],"},{"url":"a:1","user":"u","pass":"x"}]}"#,
    ] {
        check(text, &two);
    }
    let quote = r#"{"pools":[{"url":"a:1","user":"u\"v,","pass":"\\"},]}"#;
    check(quote, &[["stratum+tcp://a:1", "u\"v,", "\\"]]);
}

#[test]
fn what_is_no_such_file_is_refused_without_its_words() {
    for text in [
        "",
        "hunter2",
        "{\"pools\" hunter2",
        "{\"pools\": {\"url\": \"hunter2\"}}",
        "{\"pool\": []}",
        "{\"pools\": []}",
        "{\"pools\": [{\"url\": \"\", \"user\": \"hunter2\"}]}",
        "[1, 2, 3]",
        "{\"pools\": [\"unfinished hunter2",
        &"[".repeat(60_000),
        &"{\"a\":".repeat(9_000),
        &",".repeat(60_000),
    ] {
        let why = parse(text).expect_err(text);
        assert!(!why.contains("hunter2") && why.len() < 200, "{why}");
    }
    let folder = std::env::temp_dir();
    let file = folder.join(format!("stannary-stock-long-{}", std::process::id()));
    fs::write(&file, " ".repeat(70_000) + TYPICAL).expect("written");
    assert!(read(&file).is_err());
    fs::write(&file, [0xff; 100]).expect("written");
    assert!(read(&file).is_err());
    let _ = fs::remove_file(&file);
    assert!(read(&folder).is_err(), "a folder");
}

#[test]
fn pools_that_make_no_sense_are_passed_over_and_named() {
    let text = r#"{"pools":[1, {"url":"a:1"}, {"url":["a"],"user":"u"}, {"url":"ok:1","user":"u","pass":"x"},
        {"url":"http://rpc:hunter2@h:1","user":"u","pass":"hunter2"}, {"url":"q:1","user":"tab\there","pass":"x"}]}"#;
    let found = parse(text).expect("some are good");
    assert_eq!(found.passed_over.len(), 3, "{:?}", found.passed_over);
    let mut document: DocumentMut = CONFIG.parse().expect("TOML");
    let passed_over = add("f", &mut document, found.pools);
    assert_eq!(passed_over.len(), 2, "{passed_over:?}");
    let all = passed_over.join(" ");
    assert!(!all.contains("hunter2") && !all.contains('\t'), "{all}");
    let config = config::parse("f", &document.to_string()).expect("good");
    assert_eq!(config.pools.len(), 1);
    let many: Vec<_> = (0..2000)
        .map(|i| format!("{{\"url\":\"p:{}\",\"user\":\"u\"}}", i + 1))
        .collect();
    let found = parse(&format!("{{\"pools\":[{}]}}", many.join(","))).expect("read");
    assert_eq!((found.pools.len(), found.passed_over.len()), (POOLS_MAX, 1));
}

/// A configuration and a stock file beside it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str, config: &str, stock: &str) -> Place {
        let folder =
            std::env::temp_dir().join(format!("stannary-stock-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("made");
        let place = Place(folder);
        let stock_at = place.0.join("bmminer.conf");
        fs::write(&stock_at, stock).expect("written");
        let key = format!(
            "backend = \"twin\"\nimport_pools = \"{}\"",
            stock_at.display()
        );
        let config = config.replace("backend = \"twin\"", &key);
        fs::write(place.config(), config).expect("written");
        place
    }

    fn config(&self) -> PathBuf {
        self.0.join("stannary.toml")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.config()).expect("there")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_first_start_takes_the_pools_of_the_firmware_before() {
    let place = Place::new("first", CONFIG, TYPICAL);
    let before = place.text();
    let taken = at_first_start(&place.config()).expect("taken");
    assert!(
        taken
            .words
            .contains("`stratum+tcp://eu.pool.example:3333` as `farm.rig7`"),
        "{taken:?}"
    );
    assert!(!format!("{taken:?}").contains("hunter2"));
    let text = place.text();
    assert!(text.starts_with(&before), "{text}");
    let config = config::load(&place.config()).expect("good");
    assert_eq!(config.pools.len(), 2);
    assert_eq!(config.pools[0].password.expose(), "hunter2");
    // It was the first.
    assert_eq!(at_first_start(&place.config()), None);
    assert_eq!(place.text(), text);
}

#[test]
fn nothing_is_taken_where_it_was_not_asked_for_or_cannot_be_used() {
    let one = format!("{CONFIG}\n[[pool]]\nurl = \"stratum+tcp://mine:1\"\nuser = \"me\"\n");
    let broken = format!("{CONFIG}\n[api]\nhttp = 5\n");
    let checks = [
        ("owned", one.as_str(), TYPICAL),
        ("broken", &broken, TYPICAL),
        ("no-toml", "config_version = ", TYPICAL),
        ("no-json", CONFIG, "pools: none"),
        (
            "no-pool",
            CONFIG,
            r#"{"pools":[{"url":"http://x","user":"u"}]}"#,
        ),
    ];
    for (name, config, stock) in checks {
        let place = Place::new(name, config, stock);
        let before = place.text();
        assert_eq!(at_first_start(&place.config()), None, "{name}");
        assert_eq!(place.text(), before, "{name}");
    }
    assert_eq!(at_first_start(Path::new("/nowhere")), None);
}

#[test]
fn a_twin_looks_nowhere_by_itself_and_a_machine_in_the_usual_places() {
    let of = |text: &str| places(&text.parse().expect("TOML"));
    assert_eq!(of(CONFIG), Vec::<PathBuf>::new());
    assert_eq!(of(&CONFIG.replace("twin", "linux")).len(), PLACES.len());
    let named = CONFIG.replace("backend", "import_pools = \"/x\"\nbackend");
    assert_eq!(of(&named), [PathBuf::from("/x")]);
}
