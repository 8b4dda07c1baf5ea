//! How a supply fails.

use units::Duration;

/// One way in which a supply is wrong.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ApwFault {
    /// It does not acknowledge.
    Nack,
    /// It answers F5 where 55 stands.
    F5,
    /// Its answers have a wrong sum.
    BadSum,
    /// Its answers name another command, with a sum that fits.
    WrongEcho,
    /// It calls itself this type.
    Word(u16),
    /// It reads back a code so much larger than the one that is set.
    ReadbackOff(i16),
    /// Status 0x0A never becomes 0.
    NeverReady,
    /// Its answers end in the middle.
    ShortReply,
    /// It refuses to set a voltage.
    RefusesSet,
    /// It echoes an order to set a voltage and does not follow it.
    IgnoresSet,
    /// Its answers come so much later.
    Late(Duration),
    /// A protection trips: off until its line goes off and on again.
    Trips,
}

/// All that is wrong with one supply.
#[derive(Clone, Debug, Default)]
pub(super) struct ApwFaults(pub(super) Vec<ApwFault>);

impl ApwFaults {
    pub(super) fn has(&self, fault: ApwFault) -> bool {
        self.0.contains(&fault)
    }

    fn find<T>(&self, of: impl FnMut(&ApwFault) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(of)
    }

    pub(super) fn word(&self) -> Option<u16> {
        self.find(|f| match f {
            ApwFault::Word(word) => Some(*word),
            _ => None,
        })
    }

    pub(super) fn readback_off(&self) -> i16 {
        let off = self.find(|f| match f {
            ApwFault::ReadbackOff(by) => Some(*by),
            _ => None,
        });
        off.unwrap_or(0)
    }

    pub(super) fn late(&self) -> Duration {
        let late = self.find(|f| match f {
            ApwFault::Late(by) => Some(*by),
            _ => None,
        });
        late.unwrap_or_default()
    }

    /// What becomes of an answer's command.
    pub(super) fn echo(&self, command: u8) -> u8 {
        command ^ u8::from(self.has(ApwFault::WrongEcho))
    }

    /// What becomes of a whole answer; the sum is its last two bytes, low first.
    pub(super) fn spoil(&self, frame: &mut Vec<u8>) {
        if let (true, Some(high)) = (self.has(ApwFault::BadSum), frame.last_mut()) {
            *high ^= 1;
        }
        if self.has(ApwFault::ShortReply) {
            frame.truncate(frame.len() / 2);
        }
        if self.has(ApwFault::F5) {
            *frame = vec![0xF5];
        }
    }
}
