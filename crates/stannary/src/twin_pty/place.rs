//! Where a twin may put its link or socket: what somebody else owns is left as it is.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::Path;

use telemetry::Code;

/// What stands in the way, and what to do about it.
pub(super) type InTheWay = (&'static str, &'static str);

/// Nothing stands there, or what `judge` lets be replaced.
pub(super) fn is_free(
    path: &Path,
    judge: impl FnOnce(&Metadata) -> Result<(), InTheWay>,
) -> Result<(), String> {
    let refuse = |what: &str, hint: &str| {
        let code = Code::TwinPath.text();
        Err(format!("{code}: {} {what}\nhint: {hint}", path.display()))
    };
    match fs::symlink_metadata(path) {
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(()),
        Err(why) => refuse(&format!("cannot be used: {why}"), "choose another path"),
        Ok(found) => judge(&found).or_else(|(what, hint)| refuse(what, hint)),
    }
}
