//! The page of `web` as the server takes it.

use std::sync::OnceLock;

use api::PageFile;

/// Its files; none in a binary that was built without it.
pub(crate) fn built() -> &'static [PageFile] {
    static FILES: OnceLock<Vec<PageFile>> = OnceLock::new();
    FILES.get_or_init(|| {
        let file = |file: &web::File| PageFile {
            path: file.path,
            kind: file.kind,
            gzip: file.gzip,
            bytes: file.bytes,
        };
        web::FILES.iter().map(file).collect()
    })
}
