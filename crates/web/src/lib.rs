//! The page on the miner, as files.
//!
//! Its sources stand beside this crate (`app`, `style`); `scripts/page` builds them into `dist`,
//! which is not committed, and a build of this crate takes in what is there. Nothing here knows who
//! serves the files, or what a snapshot is.

/// One file of the page.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Path under which the page asks for it.
    pub path: &'static str,
    /// Content type.
    pub kind: &'static str,
    /// The bytes are compressed with gzip.
    pub gzip: bool,
    /// As they go over the network.
    pub bytes: &'static [u8],
}

/// The page; empty in a binary that was built without it.
#[cfg(page_is_built)]
pub const FILES: &[File] = &[
    File {
        path: "/",
        kind: "text/html; charset=utf-8",
        gzip: false,
        bytes: include_bytes!("../dist/index.html"),
    },
    File {
        path: "/page.js",
        kind: "text/javascript; charset=utf-8",
        gzip: true,
        bytes: include_bytes!("../dist/page.js.gz"),
    },
    File {
        path: "/page.css",
        kind: "text/css; charset=utf-8",
        gzip: true,
        bytes: include_bytes!("../dist/page.css.gz"),
    },
];

/// The page; empty in a binary that was built without it.
#[cfg(not(page_is_built))]
pub const FILES: &[File] = &[];
