//! What a pool's error codes mean, in words.

use binary_sv2::Str0255;

use crate::text::printable;

/// A code as text: bounded, printable, and empty where the pool sent no text.
pub(crate) fn code(text: &Str0255<'_>) -> String {
    printable(&String::from_utf8_lossy(text.as_bytes()))
}

/// The code, and what it says, if we know.
pub(crate) fn explained(code: &str) -> String {
    match KNOWN.iter().find(|(known, _)| *known == code) {
        Some((_, meaning)) => format!("{code}: {meaning}"),
        None if code.is_empty() => "no reason given".to_owned(),
        None => code.to_owned(),
    }
}

/// Codes in use [sv2-spec, 03 and 05; `common_messages_sv2` 9, `mining_sv2` 12].
const KNOWN: &[(&str, &str)] = &[
    (
        "unsupported-feature-flags",
        "it does not do what we ask for",
    ),
    ("unsupported-protocol", "it is no mining pool"),
    (
        "protocol-version-mismatch",
        "it speaks another version of Stratum V2",
    ),
    ("unknown-user", "it does not know the user"),
    ("invalid-user-identity", "it cannot read the user's name"),
    (
        "max-target-out-of-range",
        "it does not offer so easy a target",
    ),
    (
        "invalid-nominal-hashrate",
        "it does not believe the hashrate",
    ),
    (
        "min-extranonce-size-too-large",
        "it gives fewer bytes of extranonce",
    ),
    (
        "unsupported-min-extranonce-size",
        "it gives fewer bytes of extranonce",
    ),
    ("channel-capacity-exhausted", "it is full"),
    (
        "extended-channels-not-supported-for-standard-jobs",
        "it wants standard channels",
    ),
    (
        "standard-channels-not-supported-for-custom-work",
        "it wants extended channels",
    ),
    ("invalid-channel-id", "it does not know the channel"),
    ("stale-share", "the share's job is over"),
    ("invalid-job-id", "it knows no such job any more"),
    ("difficulty-too-low", "the hash is above the target"),
    ("duplicate-share", "it was sent before"),
    (
        "bad-extranonce-size",
        "the extranonce has another length than granted",
    ),
    (
        "version-rolling-not-allowed",
        "version bits were rolled that must not be",
    ),
    (
        "invalid-non-rollable-version-bit",
        "version bits were rolled that must not be",
    ),
    ("invalid-share", "the share is malformed"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_are_explained_and_unknown_ones_shown() {
        assert_eq!(
            explained("stale-share"),
            "stale-share: the share's job is over"
        );
        assert_eq!(explained("odd-thing"), "odd-thing");
        assert_eq!(explained(""), "no reason given");
        let text: Str0255<'_> = (&b"a\x1b[1m\xff"[..]).try_into().expect("short");
        assert_eq!(code(&text), "a[1m\u{fffd}");
    }
}
