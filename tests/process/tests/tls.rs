//! The real daemon at pools behind TLS, and what it says of its credentials.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use process::{
    ANSWER_S, CertificateAuthority, PATIENCE, Program, Site, get_json, stannary, time_server,
    wait_for,
};

/// 2039-12-31 and 2040-07-01: before and after the end of the certificates.
const JUST_IN_TIME: u64 = 2_208_902_400;
const TOO_LATE: u64 = 2_224_713_600;

/// A site whose pool is behind TLS, with `more` in its table and after all.
fn site(authority: &CertificateAuthority, from: i32, more: &str, after: &str) -> Site {
    let mut site = Site::new("antminer-s9");
    let front = authority.front(site.pool.address(), from);
    let text = std::fs::read_to_string(&site.config).expect("it was written");
    let plain = format!("stratum+tcp://{}\"\n", site.pool.address());
    assert!(text.contains(&plain), "{text}");
    let text = text.replacen(&plain, &format!("stratum+ssl://{front}\"\n{more}\n"), 1);
    site.config = site.folder.write("tls.toml", &format!("{text}\n{after}\n"));
    site
}

fn trust(authority: &CertificateAuthority, folder: &Path) -> String {
    let path = folder.join("ca.pem");
    std::fs::write(&path, authority.pem()).expect("its folder is there");
    format!("tls_ca = \"{}\"", path.display())
}

/// The pool's last error, once it begins so.
fn wait_for_error(site: &Site, daemon: &mut Program, code: &str) -> serde_json::Value {
    wait_for(code, PATIENCE, || {
        assert!(daemon.ended().is_none(), "{}", daemon.everything());
        let status = get_json(&format!("{}api/v1/status", site.page))?;
        let error = status["pools"][0]["last_error"].as_str()?;
        error.starts_with(code).then(|| status.clone())
    })
}

#[test]
fn shares_reach_a_pool_behind_tls_whose_authority_is_the_owners() {
    let Some(binary) = stannary() else {
        return;
    };
    let (authority, kept) = (CertificateAuthority::new(), process::Folder::new());
    let ntp = format!("[time]\nntp = [\"{}\"]", time_server(JUST_IN_TIME));
    let site = site(&authority, 2020, &trust(&authority, kept.path()), &ntp);
    let mut daemon = site.run(&binary);
    site.wait_for_shares(&mut daemon);
    // A certificate of these years is good by this computer's clock as well.
    let status = wait_for("the time server's word", PATIENCE, || {
        let status = get_json(&format!("{}api/v1/status", site.page))?;
        (status["clock"]["quality"] == "network").then_some(status)
    });
    assert_eq!(status["clock"]["source"], "127.0.0.1", "{status}");
    let totals = site.pool.ledger(|ledger| ledger.totals);
    assert_eq!((totals.rejected(), totals.stale), (0, 0), "{totals:?}");
}

#[test]
fn a_pool_that_cannot_be_believed_hears_nothing() {
    let Some(binary) = stannary() else {
        return;
    };
    let (authority, other, kept) = (
        CertificateAuthority::new(),
        CertificateAuthority::new(),
        process::Folder::new(),
    );
    let late = format!("[time]\nntp = [\"{}\"]", time_server(TOO_LATE));
    let mine = trust(&authority, kept.path());
    let elsewhere = process::Folder::new();
    let pin = format!("tls_pin = \"sha256:{}\"", "00".repeat(32));
    for (from, more, after, code) in [
        (2020, trust(&other, elsewhere.path()), "", "E-POOL-CERT"),
        (2020, pin, "", "E-POOL-PIN"),
        // By this computer's own clock it is too early, and by the time server's too late: which
        // of them is asked first is chance.
        (2039, mine, late.as_str(), "E-POOL-C"),
    ] {
        let site = site(&authority, from, &more, after);
        let mut daemon = site.run(&binary);
        wait_for_error(&site, &mut daemon, code);
        daemon.wait_for_word(code);
        // Whatever the front heard, it would have passed on.
        assert_eq!(site.pool.ledger(|ledger| ledger.connections), 0);
    }
}

/// Says back whatever it hears: as a message, as an error and as it is.
fn parrot() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut back = stream.try_clone()?;
                for line in BufReader::new(stream).lines() {
                    let line = line?;
                    let text = serde_json::Value::from(line.as_str());
                    let id: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                    let id = &id["id"];
                    writeln!(back, "you said: {line}")?;
                    writeln!(
                        back,
                        r#"{{"id":null,"method":"client.show_message","params":[{text}]}}"#
                    )?;
                    let answer = match line.contains("mining.subscribe") {
                        true => r#"[[],"0a0b",4],"error":null"#.to_owned(),
                        false => format!(r#"null,"error":[20,{text},null]"#),
                    };
                    writeln!(back, r#"{{"id":{id},"result":{answer}}}"#)?;
                }
                std::io::Result::Ok(())
            });
        }
    });
    address
}

#[test]
fn credentials_are_said_nowhere() {
    let Some(binary) = stannary() else {
        return;
    };
    let mut site = Site::new("antminer-s9");
    let text = std::fs::read_to_string(&site.config).expect("it was written");
    let secrets = ["s3cr3t\\\"one", "s3cr3t<two>&=%s", "s3cr3t-proxy"];
    let text = text.replacen(
        "password = \"x\"",
        &format!("password = \"{}\"", secrets[0]),
        1,
    );
    let recordings = site.folder.path().join("recordings");
    let text = text.replacen(
        "[machine]",
        &format!(
            "[machine]\nstate = \"{0}/state.json\"\nrecordings = \"{0}/recordings\"",
            site.folder.path().display()
        ),
        1,
    );
    // Odd pools before the good one, so that all are spoken to: a parrot, and one behind a proxy that
    // is a parrot as well.
    let odd = format!(
        "[[pool]]\nurl = \"stratum+tcp://{}\"\nuser = \"u\"\npassword = \"{}\"\n\n\
         [[pool]]\nurl = \"stratum+ssl://pool.invalid:1\"\nuser = \"u\"\npassword = \"{}\"\n\
         proxy = \"socks5://me:{}@{}\"\n\n[[pool]]\n",
        parrot(),
        secrets[1],
        secrets[1],
        secrets[2],
        parrot(),
    );
    let text = text.replacen("[[pool]]\n", &odd, 1);
    site.config = site.folder.write("odd.toml", &text);
    let mut command = site.command(&binary);
    let mut daemon = Program::start(&mut command);
    site.wait_for_shares(&mut daemon);
    // The parrot has said everything by then.
    wait_for("a refusal of the login", PATIENCE, || {
        daemon.stderr().contains("E-POOL-AUTH").then_some(())
    });
    wait_for("the proxy's fault", PATIENCE, || {
        daemon.stderr().contains("E-POOL-PROXY").then_some(())
    });
    let mut said = String::new();
    for path in [
        "api/v1/status",
        "api/v1/status?chips=1",
        "api/v1/log",
        "metrics",
        "",
    ] {
        let answer = minreq::get(format!("{}{path}", site.page))
            .with_timeout(ANSWER_S)
            .send();
        said.push_str(answer.expect("it answers").as_str().unwrap_or_default());
    }
    daemon.terminate();
    daemon.wait(PATIENCE);
    said.push_str(&daemon.everything());
    said.push_str(&files_in(&recordings));
    let state = site.folder.path().join("state.json");
    said.push_str(&std::fs::read_to_string(state).unwrap_or_default());
    assert!(said.contains("E-POOL-MESSAGE"), "{said}");
    assert!(!said.contains("s3cr3t"), "{said}");
}

fn files_in(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let texts = files.map(|file| std::fs::read(file.path()).unwrap_or_default());
    texts
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .collect()
}
