//! The description of the interface against the daemon as it is run, by a program of others that makes
//! requests from it: what is described is what is answered, and no request is too much.

use std::path::Path;
use std::process::Command;

use process::{PATIENCE, Program, Site, clients_python, stannary};

const PASSWORD: &str = "correct horse battery";
const EXAMPLES: &str = "5";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance";

/// What is described and not asked for: the stream has no end (`crates/api/tests/live.rs` reads it), a
/// miner that starts anew answers nobody, and whoever revokes tokens that it found in answers revokes its
/// own: that comes last. Access is not reset over TCP, which is answered with a refusal.
const LEFT_OUT: [&str; 3] = ["/api/v1/stream", "/api/v1/restart", REVOKE];
const REVOKE: &str = "/api/v1/tokens/{name}";

#[test]
fn what_is_described_is_what_is_answered() {
    let (Some(binary), Some(python)) = (stannary(), clients_python()) else {
        return;
    };
    let site = Site::new("antminer-s9");
    let mut daemon = site.run(&binary);
    site.wait_for_shares(&mut daemon);
    site.claim(&binary, PASSWORD);
    let token = site.token(&binary, "tester", "admin");
    let before = site.accepted();

    let paths = LEFT_OUT.map(|path| ["--exclude-path", path]);
    conforms(&python, &site, &token, paths.as_flattened());
    conforms(&python, &site, &token, &["--include-path", REVOKE]);

    // It added, moved and removed pools, paused and resumed; what it left, the daemon lives with.
    assert!(daemon.ended().is_none(), "{}", daemon.everything());
    assert!(site.accepted() >= before);
    daemon.terminate();
    assert!(daemon.wait(PATIENCE).success(), "{}", daemon.everything());
}

/// Whether these paths answer as they are described.
fn conforms(python: &Path, site: &Site, token: &str, paths: &[&str]) {
    let document = format!("{}api/v1/openapi.json", site.page);
    let header = format!("Authorization: Bearer {token}");
    let mut tester = Command::new(python.with_file_name("schemathesis"));
    tester
        // It keeps what it found for the next run.
        .current_dir(site.folder.path())
        .args(["run", &document, "--header", &header, "--no-color"])
        .args(["--checks", CHECKS, "--phases", "coverage,fuzzing"])
        .args(["--max-examples", EXAMPLES, "--generation-deterministic"])
        // All requests are the owner's: others are refused, which `crates/api/tests` looks at.
        .args(["--generation-with-security-parameters", "false"])
        .args(["--request-timeout", "60"])
        .args(paths);
    let mut tester = Program::start(&mut tester);
    let status = tester.wait(2 * PATIENCE);
    assert!(status.success(), "{status}\n{}", tester.everything());
}
