//! What both processes know beforehand: rates, times, and the records between them.

use std::net::SocketAddr;

use units::{ChainSlot, Duration};

/// Names this process as the other side of a benchmark, with what its pool speaks.
pub(super) const PEER_VARIABLE: &str = "STANNARY_BENCH_PEER";

/// Zero bits of difficulty one on this machine and at this pool.
pub(super) const DIFFICULTY_ONE_BITS: u8 = 2;
/// Ticket difficulty of the chips: 3,600 nonces per second are then 1 PH/s.
pub(super) const TICKET: u64 = 64;
/// Zero bits of every nonce that is replayed: found by search before it is sent. At so few
/// bits a nonce fits older work of its wire id too once in eight times, and the daemon
/// rightly submits that as well; each is one more share to carry.
pub(super) const NONCE_BITS: u32 = DIFFICULTY_ONE_BITS as u32 + TICKET.ilog2();

/// Nonces that a chain of 114 chips with 623 small cores each returns per work, which lasts
/// 2^17 cycles, by the model that the daemon expects nonces by.
pub(super) const NONCES_PER_WORK: f64 =
    114.0 * 623.0 * 131_072.0 / (TICKET as f64 * 4_294_967_296.0);

/// Chains of the machine.
pub(super) const CHAINS: usize = 3;
/// One work in so many is shown to the process that plays the chips: it needs a few to
/// find its nonces for, and showing all of them would be no work of a daemon's.
pub(super) const SHOWN: u64 = 16;

/// Nonces per second, all chains together.
pub(super) const NONCES_PER_S: u64 = 3_600;
/// Nonces per second in a burst.
pub(super) const BURST_PER_S: u64 = 11_000;
/// When in each second the burst comes, in milliseconds. It fits between two jobs.
pub(super) const BURST_MS: core::ops::Range<u64> = 480..520;
/// Before a burst so many milliseconds are used to find its nonces.
pub(super) const STOCK_MS: u64 = 60;
/// A new clean job this often.
pub(super) const NOTIFY_EVERY_MS: u64 = 200;

/// Header time of the first job; the n-th job has this plus n, which names it in every
/// work that is made from it.
pub(super) const NTIME: u32 = 1_790_000_000;

/// How long the chips send what the model expects of them, at the full frequency: longer
/// than the guard of the frequency ramp watches.
pub(super) const MODEL: Duration = Duration::from_millis(8_500);
/// How long nonces are replayed into a port that wakes the daemon, as a UART does.
pub(super) const REPLAY: Duration = Duration::from_secs(12);
/// How long they are replayed into the FPGA's FIFO, which is looked at every millisecond.
pub(super) const POLLED: Duration = Duration::from_secs(4);
/// Nothing is sent any more, and answers come in.
pub(super) const DRAIN: Duration = Duration::from_millis(500);
/// How long nonces are replayed without a request and then, in turns, with many: so short that what else disturbs this
/// computer meets both alike.
pub(super) const TURN: Duration = Duration::from_secs(1);
/// Turns with requests: a minute of them.
pub(super) const TURNS: usize = 60;
/// What is asked for meanwhile, and over how many connections.
pub(super) const REQUESTS_PER_S: u64 = 1_000;
pub(super) const ASKERS: u64 = 8;
/// The daemon is stopped after this time whatever has happened.
pub(super) const LIMIT: Duration = Duration::from_secs(45);
pub(super) const LIMIT_OF_LOAD: Duration = Duration::from_secs(240);

/// What is measured in one run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Course {
    /// The way of jobs and nonces, at a pool that speaks this.
    Way(Speech),
    /// The way of nonces while others ask for the status.
    Load,
}

impl Course {
    pub(super) fn speech(self) -> Speech {
        match self {
            Course::Way(speech) => speech,
            Course::Load => Speech::V1,
        }
    }

    pub(super) fn limit(self) -> Duration {
        match self {
            Course::Way(_) => LIMIT,
            Course::Load => LIMIT_OF_LOAD,
        }
    }
}

/// What the pool speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Speech {
    V1,
    /// Behind Noise.
    V2,
}

impl Speech {
    pub(super) fn name(self) -> &'static str {
        match self {
            Speech::V1 => "v1",
            Speech::V2 => "v2",
        }
    }

    pub(super) fn from_name(name: &str) -> Self {
        match name {
            "v2" => Speech::V2,
            _ => Speech::V1,
        }
    }
}

/// What the chips do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub(super) enum Phase {
    /// The frequency rises; nonces come at the rate that the model expects.
    Ramp,
    /// The same at the full frequency: what a daemon costs before nonces come in masses.
    Model,
    /// Replay at [`NONCES_PER_S`] with bursts; the port wakes the daemon.
    Replay,
    /// The same into a FIFO that is polled.
    Polled,
    /// No nonce.
    Drain,
    /// Report and end.
    End,
    /// As [`Phase::Replay`], without bursts.
    Quiet,
    /// The same while others ask.
    Loaded,
}

impl Phase {
    pub(super) fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Phase::Ramp,
            1 => Phase::Model,
            2 => Phase::Replay,
            3 => Phase::Polled,
            4 => Phase::Drain,
            6 => Phase::Quiet,
            7 => Phase::Loaded,
            _ => Phase::End,
        }
    }
}

/// Bytes of a work as the FPGA takes it.
pub(super) const WORK: usize = 148;
/// Bytes of [`ToPeer`].
pub(super) const TO_PEER: usize = 16 + WORK;
/// Bytes of [`FromPeer`].
pub(super) const FROM_PEER: usize = 12;

/// From the daemon's port to the chips.
pub(super) enum ToPeer {
    /// This work entered the port's write at `at`. `counts`: it stands for [`SHOWN`] works;
    /// others are shown because they are the first of their job.
    Work {
        slot: ChainSlot,
        at: u64,
        counts: bool,
        frame: [u8; WORK],
    },
    /// From now on do this.
    Phase(Phase),
    /// This is where the daemon answers requests.
    Asked(SocketAddr),
}

impl ToPeer {
    pub(super) fn encode(&self) -> [u8; TO_PEER] {
        let mut out = [0; TO_PEER];
        match self {
            ToPeer::Work {
                slot,
                at,
                counts,
                frame,
            } => {
                out[0] = 1;
                out[2] = u8::from(*counts);
                out[1] = slot.0;
                out[8..16].copy_from_slice(&at.to_le_bytes());
                out[16..].copy_from_slice(frame);
            }
            ToPeer::Phase(phase) => out[1] = *phase as u8,
            ToPeer::Asked(address) => {
                out[0] = 2;
                out[2..4].copy_from_slice(&address.port().to_le_bytes());
            }
        }
        out
    }

    pub(super) fn decode(bytes: &[u8; TO_PEER]) -> Self {
        match bytes[0] {
            0 => return ToPeer::Phase(Phase::from_byte(bytes[1])),
            // Always on loopback.
            2 => {
                let port = u16::from_le_bytes([bytes[2], bytes[3]]);
                return ToPeer::Asked(SocketAddr::from(([127, 0, 0, 1], port)));
            }
            _ => {}
        }
        let mut at = [0; 8];
        at.copy_from_slice(&bytes[8..16]);
        let mut frame = [0; WORK];
        frame.copy_from_slice(&bytes[16..]);
        let (slot, counts) = (ChainSlot(bytes[1]), bytes[2] != 0);
        ToPeer::Work {
            slot,
            at: u64::from_le_bytes(at),
            counts,
            frame,
        }
    }
}

/// From a chip to the daemon's port: one entry of the FPGA's result FIFO.
#[derive(Clone, Copy)]
pub(super) struct FromPeer {
    pub(super) slot: ChainSlot,
    pub(super) head: u32,
    pub(super) data: u32,
}

impl FromPeer {
    pub(super) fn encode(&self) -> [u8; FROM_PEER] {
        let mut out = [0; FROM_PEER];
        out[0] = self.slot.0;
        out[4..8].copy_from_slice(&self.head.to_le_bytes());
        out[8..12].copy_from_slice(&self.data.to_le_bytes());
        out
    }

    pub(super) fn decode(bytes: &[u8; FROM_PEER]) -> Self {
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        FromPeer {
            slot: ChainSlot(bytes[0]),
            head: word(4),
            data: word(8),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_as_they_were() {
        for phase in [
            Phase::Ramp,
            Phase::Model,
            Phase::Replay,
            Phase::Polled,
            Phase::Drain,
            Phase::End,
            Phase::Quiet,
            Phase::Loaded,
        ] {
            let ToPeer::Phase(back) = ToPeer::decode(&ToPeer::Phase(phase).encode()) else {
                panic!("{phase:?} became work");
            };
            assert_eq!(back, phase);
        }
        let address = SocketAddr::from(([127, 0, 0, 1], 60_001));
        let ToPeer::Asked(back) = ToPeer::decode(&ToPeer::Asked(address).encode()) else {
            panic!("an address became something else");
        };
        assert_eq!(back, address);
        let frame = std::array::from_fn(|i| i as u8);
        let work = ToPeer::Work {
            slot: ChainSlot(2),
            at: 1 << 40 | 7,
            counts: true,
            frame,
        };
        let ToPeer::Work {
            slot,
            at,
            counts,
            frame: back,
        } = ToPeer::decode(&work.encode())
        else {
            panic!("work became a phase");
        };
        assert_eq!(
            (slot, at, counts, back),
            (ChainSlot(2), 1 << 40 | 7, true, frame)
        );
        let nonce = FromPeer {
            slot: ChainSlot(1),
            head: 0x8054_0081,
            data: 0x0102_0304,
        };
        assert_eq!(FromPeer::decode(&nonce.encode()).encode(), nonce.encode());
        assert_eq!(nonce.encode().len(), FROM_PEER);
    }
}
