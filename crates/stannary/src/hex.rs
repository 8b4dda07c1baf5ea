//! Bytes as digits.

/// Two lower-case digits a byte, in the bytes' order.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
