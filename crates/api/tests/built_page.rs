//! A page that was built, served in place of the plain one.

use api::PageFile;
use fixture::server::{JSON, Server, claimed, loopback, real, server, server_with};

mod fixture;

const FILES: &[PageFile] = &[
    PageFile {
        path: "/",
        kind: "text/html; charset=utf-8",
        gzip: false,
        bytes: b"<!doctype html>built",
    },
    PageFile {
        path: "/page.js",
        kind: "text/javascript; charset=utf-8",
        gzip: true,
        bytes: b"packed",
    },
    PageFile {
        path: "/miner-words.ru.json",
        kind: "application/json",
        gzip: true,
        bytes: b"words",
    },
];

fn with_page(server: Server) -> Server {
    let _ = server.published.clone().with_page(FILES);
    server
}

#[test]
fn files_of_a_built_page_stand_in_for_the_plain_one() {
    let server = with_page(server());
    let html = server.get("/");
    assert_eq!((html.status, &*html.body), (200, "<!doctype html>built"));
    let policy = html.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert_eq!(html.header("content-encoding"), None);
    let js = server.get("/page.js");
    assert_eq!((js.status, &*js.body), (200, "packed"));
    assert_eq!(js.header("content-encoding"), Some("gzip"));
    let kind = js.header("content-type");
    assert_eq!(kind, Some("text/javascript; charset=utf-8"));
    let words = server.get("/miner-words.ru.json");
    assert_eq!((words.status, &*words.body), (200, "words"));
    assert_eq!(words.header("content-encoding"), Some("gzip"));
    assert_eq!(words.header("content-type"), Some("application/json"));
    assert_eq!(words.header("cache-control"), Some("no-store"));
}

#[test]
fn whoever_may_see_nothing_else_gets_the_page_to_log_in_with() {
    let server = with_page(server_with(real(), loopback(), claimed()));
    assert_eq!(server.get("/api/v1/status").status, 401);
    assert_eq!(server.get("/").status, 200);
    assert_eq!(server.get("/page.js").status, 200);
    // What is refused to them has a code as well.
    assert_eq!(server.get("/miner-words.ru.json").status, 200);
    assert_eq!(server.get("/miner-words.es.json").status, 404);
}

#[test]
fn all_else_is_answered_as_without_it() {
    let server = with_page(server());
    let css = server.get("/page.css");
    assert_eq!(css.header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(server.get("/page.html").status, 401);
    assert_eq!(server.ask("POST", "/page.js", JSON, "{}").status, 405);
    assert_eq!(server.get("/api/v1/status").status, 200);
}

#[test]
fn a_foreign_name_gets_no_page() {
    let server = with_page(server());
    for path in ["/", "/miner-words.ru.json"] {
        let head = "HTTP/1.1\r\nHost: evil.example\r\nConnection: close";
        let answer = server.tcp(&format!("GET {path} {head}\r\n\r\n"));
        assert_eq!(answer.status, 403, "{path}");
        let body = answer.body;
        assert!(!body.contains("built") && !body.contains("words"), "{body}");
    }
}

#[test]
fn without_a_built_page_the_plain_one_says_how_to_build_it() {
    assert!(server().get("/").body.contains("scripts/page"));
}
