//! Why a frame is not one.

use core::fmt;

/// Why bytes were refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameError {
    /// The preamble is missing.
    Preamble,
    /// The frame ends before its layout does.
    Short,
    /// The length byte, or the number of bytes, is not that of this kind of frame.
    Length,
    /// The header or the kind bits name nothing that exists.
    Kind,
    /// The checksum does not match.
    Crc,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FrameError::Preamble => "preamble missing",
            FrameError::Short => "frame cut short",
            FrameError::Length => "length does not fit the kind of frame",
            FrameError::Kind => "no such kind of frame",
            FrameError::Crc => "checksum does not match",
        })
    }
}

impl std::error::Error for FrameError {}
