//! Why an answer says nothing, and why an order is not given.

use core::fmt;

/// Bytes of an answer that an error shows at most.
const SHOWN_MAX: usize = 16;

/// An answer that is none, with the bytes that were seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartError {
    /// What is wrong with it.
    pub kind: PartErrorKind,
    /// What came, at most sixteen bytes.
    pub seen: Vec<u8>,
}

/// What is wrong with an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PartErrorKind {
    /// Nothing but ones: an open bus, or a part that did not come to answer.
    Silent,
    /// Fewer bytes than the answer has.
    Short {
        /// Bytes that it has.
        expected: usize,
    },
    /// The part says no.
    Refused,
    /// It does not begin as an answer does, or is as long as none is.
    Garbled,
    /// It answers another command.
    Command {
        /// The one that was sent.
        expected: u8,
    },
    /// Its checksum is wrong.
    Checksum {
        /// By its bytes.
        expected: u16,
        /// What it carries.
        found: u16,
    },
    /// The part took another value than it was given.
    Echo {
        /// What was sent.
        expected: u16,
        /// What came back.
        found: u16,
    },
    /// Another part, or another program in it, than this driver knows.
    Unknown {
        /// What was asked for.
        what: &'static str,
        /// What it says.
        found: u32,
    },
    /// The memory was never programmed.
    Blank,
    /// Nothing is wired to the sensor's input, or the wire is broken.
    OpenDiode,
    /// The sensor's input is shorted.
    ShortedDiode,
    /// A value that the part gives instead of a measurement.
    NoMeasurement,
}

impl PartError {
    pub(super) fn new(kind: PartErrorKind, seen: &[u8]) -> Self {
        let seen = seen[..seen.len().min(SHOWN_MAX)].to_vec();
        PartError { kind, seen }
    }

    /// Exactly so many bytes, or why not.
    pub(super) fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], PartError> {
        <[u8; N]>::try_from(bytes)
            .map_err(|_| PartError::new(PartErrorKind::Short { expected: N }, bytes))
    }

    /// Whether asking again may help: noise passes, a missing diode does not.
    pub fn may_pass(&self) -> bool {
        use PartErrorKind as K;
        match self.kind {
            K::Silent
            | K::Short { .. }
            | K::Garbled
            | K::Command { .. }
            | K::Checksum { .. }
            | K::Echo { .. }
            | K::NoMeasurement => true,
            K::Refused | K::Unknown { .. } | K::Blank | K::OpenDiode | K::ShortedDiode => false,
        }
    }
}

impl fmt::Display for PartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use PartErrorKind as K;
        match self.kind {
            K::Silent => f.write_str("no answer; check its cable and its 3.3 V")?,
            K::Short { expected } => write!(f, "answer ends before its {expected} bytes")?,
            K::Refused => f.write_str("the part refuses; switch the machine off and on")?,
            K::Garbled => f.write_str("no frame; check the bus for noise")?,
            K::Command { expected } => write!(f, "no answer to command 0x{expected:02x}")?,
            K::Checksum { expected, found } => write!(
                f,
                "checksum 0x{found:04x} instead of 0x{expected:04x}; check the bus for noise"
            )?,
            K::Echo { expected, found } => {
                write!(f, "took 0x{found:04x} instead of 0x{expected:04x}")?;
            }
            K::Unknown { what, found } => write!(
                f,
                "unknown {what} 0x{found:x}; this part is not one that is known to be safe to drive"
            )?,
            K::Blank => f.write_str("the memory was never programmed; name the board by hand")?,
            K::OpenDiode => f.write_str("the sensor's diode is open; check its wiring")?,
            K::ShortedDiode => f.write_str("the sensor's diode is shorted or missing")?,
            K::NoMeasurement => f.write_str("the sensor measures nothing")?,
        }
        f.write_str(" (seen")?;
        for byte in &self.seen {
            write!(f, " {byte:02x}")?;
        }
        f.write_str(if self.seen.is_empty() {
            " nothing)"
        } else {
            ")"
        })
    }
}

impl std::error::Error for PartError {}

/// Why a voltage is not ordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderError {
    /// The supply says that it is of a type that this machine is not known with.
    UnknownType {
        /// The type word.
        word: u16,
    },
    /// How this type takes voltages is not known, or not known well enough.
    NoCode {
        /// The type word.
        word: u16,
    },
    /// Outside what the machine, or the part, may be given.
    OutOfRange {
        /// What was wanted.
        mv: u32,
        /// The least that may be ordered.
        min_mv: u32,
        /// The most.
        max_mv: u32,
    },
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OrderError::UnknownType { word } => write!(
                f,
                "supply type 0x{word:02x} is not known for this machine: no voltage is set; \
                 fit a supply of its list, or add the type to the machine's file"
            ),
            OrderError::NoCode { word } => write!(
                f,
                "how supply type 0x{word:02x} takes voltages is not known: no voltage is set"
            ),
            OrderError::OutOfRange { mv, min_mv, max_mv } => write!(
                f,
                "{mv} mV may not be ordered here: choose {min_mv} mV to {max_mv} mV"
            ),
        }
    }
}

impl std::error::Error for OrderError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_what_was_seen_and_no_more_than_fits_a_line() {
        let error = PartError::new(PartErrorKind::Silent, &[0xff; 256]);
        assert_eq!(error.seen.len(), SHOWN_MAX);
        let text = PartError::new(PartErrorKind::Refused, &[0x15, 0x00]).to_string();
        assert!(text.ends_with("(seen 15 00)"), "{text}");
        let text = PartError::new(PartErrorKind::Short { expected: 2 }, &[]).to_string();
        assert_eq!(text, "answer ends before its 2 bytes (seen nothing)");
    }

    #[test]
    fn noise_may_pass_and_another_part_does_not() {
        let may = |kind| PartError::new(kind, &[]).may_pass();
        assert!(may(PartErrorKind::Garbled) && may(PartErrorKind::Silent));
        let unknown = PartErrorKind::Unknown {
            what: "x",
            found: 1,
        };
        assert!(!may(unknown) && !may(PartErrorKind::Refused) && !may(PartErrorKind::OpenDiode));
    }
}
