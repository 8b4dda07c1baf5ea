use super::*;

/// A folder with a configuration, and files beside it that hold secrets.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let folder =
            std::env::temp_dir().join(format!("stannary-support-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("recordings")).expect("made");
        Place(folder)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("written");
        path
    }

    fn config(&self) -> PathBuf {
        let at = self.0.display();
        let text = format!(
            "# remark-secret\nconfig_version = 1\n[machine]\nmodel = \"antminer-s9\"\nbackend = \"twin\"\n\
             recordings = \"{at}/recordings\"\n\
             [[pool]]\nurl = \"stratum+tcp://p:1\"\nuser = \"me.rig\"\npassword = \"pool-secret\" # pool-secret\n\
             proxy = \"socks5://proxy-user:proxy-secret@h:1\"\n\
             [[pool]]\nurl = \"node+http://rpc-user:rpc-secret@h:1\"\nuser = \"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080\"\n\
             [api]\naccess = \"{at}/access.json\"\nlegacy_login = \"{at}/login\"\n\
             [mqtt]\nurl = \"mqtt://b\"\nuser = \"u\"\npassword_file = \"{at}/mqtt\"\n"
        );
        self.write("stannary.toml", &text)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const SECRETS: &[&str] = &[
    "remark-secret",
    "pool-secret",
    "proxy-secret",
    "rpc-secret",
    "rpc-user",
    "login-secret",
    "hash-secret",
    "mqtt-secret",
];

fn known() -> Known {
    let said = "wrong password pool-secret";
    Known {
        status: json!({ "state": "hashing", "pools": [{ "id": 0, "last_error": said }] }),
        notes: json!([{ "detail": "hello pool-secret, mqtt-secret" }, { "detail": "a hash-secret-of-20-chars" }, { "detail": "rpc-user:rpc-secret and login-secret" }]),
        changes: json!({ "last": 1, "changes": [{ "what": "pools", "after": "{\"proxy-secret\"}" }] }),
    }
}

fn has(archive: &[u8], text: &str) -> bool {
    archive
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn no_secret_is_in_an_archive_wherever_it_stands() {
    let place = Place::new("secrets");
    let config = place.config();
    place.write("login", "login-secret\n");
    place.write("mqtt", "mqtt-secret\n");
    place.write(
        "access.json",
        "{\"legacy\":{\"password\":\"hash-secret-of-20-chars\"}}",
    );
    place.write("recordings/recording-000001.json", "{\"firmware\":\"1\"}");
    place.write(
        "recordings/recording-000002.json",
        "{\"firmware\":\"2\",\"x\":\"pool-secret\"}",
    );
    for archive in [
        archive(Some(&config), Some(known())),
        archive(Some(&config), None),
    ] {
        for secret in SECRETS {
            assert!(!has(&archive, secret), "{secret}");
        }
        for part in [
            "me.rig",
            "stratum+tcp://p:1",
            "antminer-s9",
            "recording-000002.json: it holds a secret",
            "\"kernel\"",
        ] {
            assert!(has(&archive, part), "{part}");
        }
        assert!(archive.len() <= BYTES_MAX);
    }
    let archive = archive(Some(&config), Some(known()));
    for part in [
        "hello (hidden), (hidden)",
        "wrong password (hidden)",
        "summary.txt",
        "status.json",
        "log.json",
        "changes.json",
    ] {
        assert!(has(&archive, part), "{part}");
    }
}

#[test]
fn a_configuration_that_cannot_be_read_gives_its_faults_and_nothing_else() {
    let place = Place::new("broken");
    let config = place.write(
        "stannary.toml",
        "config_version = 1\n[machine]\nmodel = \"pool-secret\n",
    );
    let archive = archive(Some(&config), None);
    assert!(has(&archive, "E-CONF-SYNTAX"));
    assert!(!has(&archive, "pool-secret"));
}

#[test]
fn an_archive_has_a_bound_and_says_what_it_left_out() {
    let place = Place::new("bound");
    let config = place.config();
    place.write("recordings/recording-000007.json", &"x".repeat(BYTES_MAX));
    let archive = archive(Some(&config), None);
    assert!(archive.len() <= BYTES_MAX, "{}", archive.len());
    assert!(has(
        &archive,
        "recording-000007.json: 4194304 bytes are too many"
    ));
}
