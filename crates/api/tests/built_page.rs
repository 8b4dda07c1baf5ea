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
}

#[test]
fn whoever_may_see_nothing_else_gets_the_page_to_log_in_with() {
    let server = with_page(server_with(real(), loopback(), claimed()));
    assert_eq!(server.get("/api/v1/status").status, 401);
    assert_eq!(server.get("/").status, 200);
    assert_eq!(server.get("/page.js").status, 200);
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
    let ask = "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    let answer = server.tcp(ask);
    assert_eq!(answer.status, 403);
    assert!(!answer.body.contains("built"), "{}", answer.body);
}

#[test]
fn without_a_built_page_the_plain_one_says_how_to_build_it() {
    assert!(server().get("/").body.contains("scripts/page"));
}
