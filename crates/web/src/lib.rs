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
    miner_words(
        "/miner-words.es.json",
        include_bytes!("../dist/miner-words.es.json.gz"),
    ),
    miner_words(
        "/miner-words.ru.json",
        include_bytes!("../dist/miner-words.ru.json.gz"),
    ),
    miner_words(
        "/miner-words.zh.json",
        include_bytes!("../dist/miner-words.zh.json.gz"),
    ),
];

/// What the miner's codes mean in one language.
#[cfg(page_is_built)]
const fn miner_words(path: &'static str, bytes: &'static [u8]) -> File {
    File {
        path,
        kind: "application/json",
        gzip: true,
        bytes,
    }
}

/// The page; empty in a binary that was built without it.
#[cfg(not(page_is_built))]
pub const FILES: &[File] = &[];

#[cfg(all(test, page_is_built))]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Sources of languages, which are committed; what is built may lag behind.
    fn languages() -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("app/miner-words");
        let entries = std::fs::read_dir(folder).expect("a folder of the repository");
        entries
            .map(|entry| {
                let name = entry.expect("an entry").file_name();
                name.to_str().expect("a plain name").to_owned()
            })
            .collect()
    }

    #[test]
    fn each_language_has_a_file_of_the_miners_words() {
        let served: BTreeSet<_> = FILES
            .iter()
            .filter_map(|file| file.path.strip_prefix("/miner-words."))
            .map(str::to_owned)
            .collect();
        assert_eq!(served, languages());
    }

    #[test]
    fn what_is_said_to_be_compressed_is() {
        const GZIP: [u8; 2] = [0x1f, 0x8b];
        for file in FILES {
            assert_eq!(file.bytes.starts_with(&GZIP), file.gzip, "{}", file.path);
        }
    }

    #[test]
    fn paths_differ() {
        let paths: BTreeSet<_> = FILES.iter().map(|file| file.path).collect();
        assert_eq!(paths.len(), FILES.len());
    }
}
