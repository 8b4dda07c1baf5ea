//! Requests and replies as bytes.

use hal::BusId;
use twin::machine::{CoreMap, Link};
use units::ChainSlot;

use super::Identity;

/// Longest request, without its length: more than any port writes at once.
pub(super) const REQUEST_MAX: usize = 4096;
/// Longest reply, without its length: what its length can say.
pub(super) const REPLY_MAX: usize = u16::MAX as usize;
/// Most bytes that one call reads from a UART or a bus.
pub(super) const READ_MAX: u16 = 4096;
/// The format that this build speaks. A host and a twin of different ones do not talk.
const HELLO: &[u8] = b"stannary twin 1";

const OP_HELLO: u8 = 0x01;
const OP_STATE: u8 = 0x02;
const OP_UART_WRITE: u8 = 0x10;
const OP_UART_READ: u8 = 0x11;
const OP_UART_BAUD: u8 = 0x12;
const OP_SPI: u8 = 0x18;
const OP_REGISTER_READ: u8 = 0x20;
const OP_REGISTER_WRITE: u8 = 0x21;
const OP_FIFO: u8 = 0x22;
const OP_I2C: u8 = 0x30;
const OP_FAN_DUTY: u8 = 0x40;
const OP_FAN_SPEEDS: u8 = 0x41;
const OP_SUPPLY: u8 = 0x50;
const OP_RESET: u8 = 0x51;
const OP_PLUG: u8 = 0x52;

/// What a host asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Request<'a> {
    Hello,
    State,
    UartWrite {
        slot: ChainSlot,
        bytes: &'a [u8],
    },
    UartRead {
        slot: ChainSlot,
        most: u16,
    },
    UartBaud {
        slot: ChainSlot,
        bits_per_s: u32,
    },
    /// An exchange with a chain behind SPI.
    Spi {
        slot: ChainSlot,
        clock_hz: u32,
        bytes: &'a [u8],
    },
    RegisterRead {
        offset: u32,
    },
    RegisterWrite {
        offset: u32,
        value: u32,
    },
    /// Words for one register; no reply comes.
    Fifo {
        offset: u32,
        words: Vec<u32>,
    },
    I2c {
        bus: BusId,
        address: u8,
        read: u16,
        write: &'a [u8],
    },
    FanDuty(u8),
    FanSpeeds(u8),
    Supply(bool),
    Reset {
        slot: ChainSlot,
        asserted: bool,
    },
    Plug {
        slot: ChainSlot,
    },
}

/// How a reply begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Status {
    Done = 0,
    /// A bus transaction that nobody acknowledged.
    Nack = 1,
    /// A bus with a line held low.
    Stuck = 2,
}

impl Request<'_> {
    /// Append it to `out`, its length first.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        framed(out, |out| match self {
            Request::Hello => {
                out.push(OP_HELLO);
                out.extend(HELLO);
            }
            Request::State => out.push(OP_STATE),
            Request::UartWrite { slot, bytes } => {
                out.extend([OP_UART_WRITE, slot.0]);
                out.extend(*bytes);
            }
            Request::UartRead { slot, most } => {
                out.extend([OP_UART_READ, slot.0]);
                out.extend(most.to_le_bytes());
            }
            Request::UartBaud { slot, bits_per_s } => {
                out.extend([OP_UART_BAUD, slot.0]);
                out.extend(bits_per_s.to_le_bytes());
            }
            Request::Spi {
                slot,
                clock_hz,
                bytes,
            } => {
                out.extend([OP_SPI, slot.0]);
                out.extend(clock_hz.to_le_bytes());
                out.extend(*bytes);
            }
            Request::RegisterRead { offset } => {
                out.push(OP_REGISTER_READ);
                out.extend(offset.to_le_bytes());
            }
            Request::RegisterWrite { offset, value } => {
                out.push(OP_REGISTER_WRITE);
                out.extend(offset.to_le_bytes());
                out.extend(value.to_le_bytes());
            }
            Request::Fifo { offset, words } => {
                out.push(OP_FIFO);
                out.extend(offset.to_le_bytes());
                out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
            }
            Request::I2c {
                bus,
                address,
                read,
                write,
            } => {
                let bus = match bus {
                    BusId::Hashboards => 0,
                    BusId::Supply => 1,
                };
                out.extend([OP_I2C, bus, *address]);
                out.extend(read.to_le_bytes());
                out.extend(*write);
            }
            Request::FanDuty(percent) => out.extend([OP_FAN_DUTY, *percent]),
            Request::FanSpeeds(count) => out.extend([OP_FAN_SPEEDS, *count]),
            Request::Supply(on) => out.extend([OP_SUPPLY, u8::from(*on)]),
            Request::Reset { slot, asserted } => {
                out.extend([OP_RESET, slot.0, u8::from(*asserted)]);
            }
            Request::Plug { slot } => out.extend([OP_PLUG, slot.0]),
        });
    }
}

impl<'a> Request<'a> {
    /// Read one, without its length; `None` if it is none.
    pub(super) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (op, rest) = bytes.split_first()?;
        let mut left = Left(rest);
        let request = match *op {
            OP_HELLO => (left.rest() == HELLO).then_some(Request::Hello)?,
            OP_STATE => Request::State,
            OP_UART_WRITE => Request::UartWrite {
                slot: left.slot()?,
                bytes: left.rest(),
            },
            OP_UART_READ => Request::UartRead {
                slot: left.slot()?,
                most: left.u16().filter(|most| *most <= READ_MAX)?,
            },
            OP_UART_BAUD => Request::UartBaud {
                slot: left.slot()?,
                bits_per_s: left.u32()?,
            },
            OP_SPI => Request::Spi {
                slot: left.slot()?,
                clock_hz: left.u32()?,
                bytes: left.rest(),
            },
            OP_REGISTER_READ => Request::RegisterRead {
                offset: left.u32()?,
            },
            OP_REGISTER_WRITE => Request::RegisterWrite {
                offset: left.u32()?,
                value: left.u32()?,
            },
            OP_FIFO => Request::Fifo {
                offset: left.u32()?,
                words: left.words()?,
            },
            OP_I2C => Request::I2c {
                bus: match left.u8()? {
                    0 => BusId::Hashboards,
                    1 => BusId::Supply,
                    _ => return None,
                },
                address: left.u8()?,
                read: left.u16().filter(|read| *read <= READ_MAX)?,
                write: left.rest(),
            },
            OP_FAN_DUTY => Request::FanDuty(left.u8()?),
            OP_FAN_SPEEDS => Request::FanSpeeds(left.u8()?),
            OP_SUPPLY => Request::Supply(left.flag()?),
            OP_RESET => Request::Reset {
                slot: left.slot()?,
                asserted: left.flag()?,
            },
            OP_PLUG => Request::Plug { slot: left.slot()? },
            _ => return None,
        };
        left.0.is_empty().then_some(request)
    }
}

/// Append a reply to `out`, its length first. What is too long is cut: no result is.
pub(super) fn reply(out: &mut Vec<u8>, status: Status, result: &[u8]) {
    framed(out, |out| {
        out.push(status as u8);
        out.extend(&result[..result.len().min(REPLY_MAX - 1)]);
    });
}

/// A reply's parts, without its length.
pub(super) fn read_reply(bytes: &[u8]) -> Option<(Status, &[u8])> {
    let (status, result) = bytes.split_first()?;
    let all = [Status::Done, Status::Nack, Status::Stuck];
    let status = all.into_iter().find(|s| *s as u8 == *status)?;
    Some((status, result))
}

/// A frame's length, and where the next begins, once all of it is there.
pub(super) fn frame(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let len = usize::from(Left(bytes).u16()?);
    Some((bytes.get(2..2 + len)?, 2 + len))
}

/// The length that a frame announces, as soon as it can be read.
pub(super) fn announced(bytes: &[u8]) -> Option<usize> {
    Left(bytes).u16().map(usize::from)
}

fn framed(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend([0; 2]);
    write(out);
    let len = (out.len() - at - 2) as u16; // every writer here is bounded below
    out[at..at + 2].copy_from_slice(&len.to_le_bytes());
}

impl Identity {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(self.run.to_le_bytes());
        out.extend(self.seed.to_le_bytes());
        out.extend([self.difficulty_bits, self.slots]);
        for name in [&self.model, &self.control_board, self.link.name()] {
            let bytes = &name.as_bytes()[..name.len().min(255)];
            out.push(bytes.len() as u8);
            out.extend(bytes);
        }
        // Cores: how many there are, where they are, where that of the fans is; 0 is nowhere.
        if let Some(cores) = &self.cores {
            let chains = &cores.chains[..cores.chains.len().min(255)];
            out.push(chains.len() as u8);
            let all = chains.iter().chain([cores.fans.as_ref().unwrap_or(&0)]);
            out.extend(all.flat_map(|address| address.to_le_bytes()));
        } else {
            out.push(0);
        }
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut left = Left(bytes);
        let identity = Identity {
            run: left.u64()?,
            seed: left.u64()?,
            difficulty_bits: left.u8()?,
            slots: left.u8()?,
            model: left.name()?,
            control_board: left.name()?,
            link: {
                let name = left.name()?;
                let mut known = Link::NAMES.iter();
                known.find(|(known, _)| *known == name)?.1
            },
            cores: match left.u8()? {
                0 => None,
                count => Some(CoreMap {
                    chains: (0..count).map(|_| left.u32()).collect::<Option<_>>()?,
                    fans: Some(left.u32()?).filter(|address| *address != 0),
                }),
            },
        };
        left.0.is_empty().then_some(identity)
    }
}

/// What is left of a message.
pub(super) struct Left<'a>(pub(super) &'a [u8]);

impl<'a> Left<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }

    fn slot(&mut self) -> Option<ChainSlot> {
        self.u8().map(ChainSlot)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn name(&mut self) -> Option<String> {
        let len = usize::from(self.u8()?);
        let (name, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        String::from_utf8(name.to_vec()).ok()
    }

    /// All that is left, as whole words.
    pub(super) fn words(&mut self) -> Option<Vec<u32>> {
        let (words, rest) = self.rest().as_chunks();
        let words = words.iter().map(|word| u32::from_le_bytes(*word));
        rest.is_empty().then(|| words.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: ChainSlot = ChainSlot(2);

    fn all() -> Vec<Request<'static>> {
        vec![
            Request::Hello,
            Request::State,
            Request::UartWrite {
                slot: SLOT,
                bytes: &[0x55, 0xAA, 1],
            },
            Request::UartRead {
                slot: SLOT,
                most: READ_MAX,
            },
            Request::UartBaud {
                slot: SLOT,
                bits_per_s: 3_000_000,
            },
            Request::RegisterRead { offset: 0x018 },
            Request::RegisterWrite {
                offset: 0x034,
                value: 0xFFFF_FFFE,
            },
            Request::Fifo {
                offset: 0x040,
                words: vec![1, 0xFFFF_FFFF, 3],
            },
            Request::I2c {
                bus: BusId::Supply,
                address: 0x10,
                read: 1,
                write: &[0x11],
            },
            Request::FanDuty(30),
            Request::FanSpeeds(4),
            Request::Supply(true),
            Request::Reset {
                slot: SLOT,
                asserted: false,
            },
            Request::Spi {
                slot: SLOT,
                clock_hz: 1_562_500,
                bytes: &[4, 0, 0],
            },
            Request::Plug { slot: SLOT },
        ]
    }

    #[test]
    fn every_request_is_read_as_it_was_meant() {
        for request in all() {
            let mut bytes = Vec::new();
            request.encode(&mut bytes);
            let (body, next) = frame(&bytes).expect("whole");
            assert_eq!(next, bytes.len());
            assert_eq!(Request::decode(body), Some(request));
        }
    }

    #[test]
    fn cut_short_or_with_a_byte_too_many_it_is_another_or_none() {
        for request in all() {
            let mut bytes = Vec::new();
            request.encode(&mut bytes);
            for cut in 0..bytes.len() {
                assert_eq!(frame(&bytes[..cut]), None, "{request:?} at {cut}");
            }
            let body = &bytes[2..];
            for cut in 0..body.len() {
                assert_ne!(Request::decode(&body[..cut]), Some(request.clone()));
            }
            let longer = [body, &[0]].concat();
            assert_ne!(Request::decode(&longer), Some(request));
        }
    }

    #[test]
    fn absurd_operands_are_no_request() {
        for bytes in [
            &[][..],
            &[0x00],
            &[0xFF],
            &[OP_UART_READ, 0, 0xFF, 0xFF],
            &[OP_I2C, 2, 0x10, 0, 0],
            &[OP_I2C, 0, 0x10, 0xFF, 0xFF],
            &[OP_SUPPLY, 2],
            &[OP_FIFO, 0x40, 0, 0, 0, 1, 2, 3],
        ] {
            assert_eq!(Request::decode(bytes), None, "{bytes:02x?}");
        }
    }

    #[test]
    fn an_identity_survives_the_wire_and_none_is_read_from_less() {
        let identity = Identity {
            run: 7,
            model: "antminer-s9".into(),
            control_board: "zynq".into(),
            seed: u64::MAX,
            difficulty_bits: 2,
            slots: 3,
            link: Link::Uart,
            cores: None,
        };
        let core_map = |fans| CoreMap {
            chains: vec![0x43C0_0000, 0x43C1_0000],
            fans,
        };
        for cores in [
            None,
            Some(core_map(None)),
            Some(core_map(Some(0x4280_0000))),
        ] {
            let identity = Identity {
                cores,
                ..identity.clone()
            };
            let bytes = identity.encode();
            assert_eq!(Identity::decode(&bytes), Some(identity));
            for cut in 0..bytes.len() {
                assert_eq!(Identity::decode(&bytes[..cut]), None, "{cut}");
            }
        }
    }

    #[test]
    fn replies_say_how_it_went() {
        let mut bytes = Vec::new();
        reply(&mut bytes, Status::Nack, &[1, 2]);
        let (body, _) = frame(&bytes).expect("whole");
        assert_eq!(read_reply(body), Some((Status::Nack, &[1, 2][..])));
        assert_eq!(read_reply(&[9]), None);
        assert_eq!(read_reply(&[]), None);
        let mut long = Vec::new();
        reply(&mut long, Status::Done, &vec![0; 100_000]);
        let (body, next) = frame(&long).expect("whole");
        assert_eq!((body.len(), next), (REPLY_MAX, long.len()));
    }
}
