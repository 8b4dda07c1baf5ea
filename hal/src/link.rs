//! Chain links: how frames reach a chain of chips and answers come back.
//!
//! Terms: a *command* goes out at once, in order. *Work* waits in the port's queue and
//! leaves at the work period, because a chip that gets its next job early throws the
//! running one away. The queue is the credit that keeps chips fed while the engine does
//! something else; it is counted in frames here and in time by whoever fills it.
//!
//! What frames hold: on a UART, the chips' own bytes, preamble included. On SPI, a length and
//! what is sent, see [`crate::PacedSpi`]. On an x19 FPGA,
//! commands without the preamble (which the FPGA adds) but with their CRC5, first byte on
//! top of register 0x0C4; works as the 148-byte record of 37 words for register 0x040,
//! first byte on top: type (0x11 first of a new block, else 0x01), 0x80 | chain, 0, 0 ·
//! wire job id (u32) · header bytes 64..75 as they stand in the header (merkle tail,
//! ntime, nbits) · four midstates as chips take them (state word 7 first, each word
//! big-endian). The order inside the last two is read from one source and unconfirmed.

use std::os::fd::BorrowedFd;

use units::{ChainSlot, Duration, Instant};

/// Longest command frame: on SPI, a length, a header, twelve register bytes and a checksum.
pub const COMMAND_FRAME_MAX: usize = 18;
/// Longest work frame: on SPI, a length and a four-midstate job.
pub const WORK_FRAME_MAX: usize = 164;

/// Bytes of one frame, held in place: work moves by the thousand per second.
#[derive(Clone, Copy)]
pub struct Frame<const MAX: usize> {
    len: u8,
    bytes: [u8; MAX],
}

impl<const MAX: usize> Frame<MAX> {
    /// `None` if `bytes` is longer than the longest frame.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut frame = Frame {
            len: u8::try_from(bytes.len()).ok()?,
            bytes: [0; MAX],
        };
        frame.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(frame)
    }

    /// The frame's bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl<const MAX: usize> PartialEq for Frame<MAX> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<const MAX: usize> Eq for Frame<MAX> {}

impl<const MAX: usize> core::fmt::Debug for Frame<MAX> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.as_slice()
            .iter()
            .try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// What a driver asks of a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkOp {
    /// Send this frame now, after commands given before it and before queued work.
    Command(Frame<COMMAND_FRAME_MAX>),
    /// Append this work to the queue. A full queue refuses it with
    /// [`LinkError::QueueFull`].
    Work(Frame<WORK_FRAME_MAX>),
    /// Forget all queued work, whole frames only. A frame half sent is finished. The
    /// next work appended leaves at once: the running one is void.
    FlushWork,
    /// Change the host's baud rate, or the clock of a SPI bus, once everything given before
    /// has left.
    SetBaud {
        /// Bits per second.
        bits_per_s: u32,
    },
    /// Least time between the starts of two works; zero stops sending work.
    SetWorkPeriod(Duration),
    /// Let so many works leave ahead of their schedule: chips hold them in reserve. For links
    /// whose chips do; others ignore it.
    SetLead(u16),
    /// Ask this by itself, so often; zero stops it. For links on which nothing arrives unless
    /// the host asks; others ignore it.
    SetPoll {
        /// The question.
        frame: Frame<COMMAND_FRAME_MAX>,
        /// Time between two, by absolute instants.
        every: Duration,
    },
}

/// What a link tells its driver.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LinkEvent {
    /// Bytes received from a UART, in order, cut anywhere.
    Bytes(Vec<u8>),
    /// After bytes, for longer than a frame has gaps, nothing was received: half a frame stays
    /// one. Told once after what was received, and never because somebody looked late.
    Silent,
    /// What came in during one exchange on SPI, from its first word that is not zero on.
    Words(Vec<u8>),
    /// One entry of an FPGA's result FIFO.
    Record {
        /// The first word: kind, chain, work id (x19 register 0x010).
        head: u32,
        /// The second word: nonce or register value (x19 register 0x014).
        data: u32,
    },
    /// The link itself dropped this many damaged frames (an FPGA checks them itself).
    Damaged(u32),
    /// Work has left the queue: `queued` frames are still in it, and `sent` frames have
    /// left since the port was made.
    Work {
        /// Frames that wait in the port.
        queued: u16,
        /// Frames that went out so far.
        sent: u64,
    },
    /// Commands have left the host: so many since the port was made. Told by links on which
    /// the driver cannot know it, because others' commands may be ahead.
    Commands {
        /// Commands that went out so far.
        left: u64,
    },
    /// The link cannot do what it was asked.
    Error(LinkError),
}

/// What goes wrong on a link. None of them ends the link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkError {
    /// The work queue was full; the frame was not taken.
    QueueFull,
    /// Received bytes were lost because nobody read them in time.
    Overrun,
    /// The link has no such baud rate.
    Baud {
        /// The rate asked for.
        bits_per_s: u32,
    },
    /// The far side does not take frames (FPGA busy bit stuck, line not writable).
    Stuck,
    /// The port's device is gone or refuses; the number is the errno where there is one.
    Device(i32),
    /// The serial line damaged bytes, by the device's own counters.
    Line(LineErrors),
}

/// What a serial device counted since it was last told.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct LineErrors {
    /// Bytes without a stop bit: noise, or ends at different baud rates.
    pub framing: u32,
    /// Bytes of wrong parity. Chains use none, so a device that counts them is set wrongly.
    pub parity: u32,
    /// Times that the line stayed low for longer than a byte, as behind a board in reset.
    pub breaks: u32,
}

/// One link, serving one chain or several.
pub trait LinkPort {
    /// The slots that this port serves.
    fn slots(&self) -> &[ChainSlot];
    /// Take one operation for the chain in `slot`.
    fn submit(&mut self, now: Instant, slot: ChainSlot, op: LinkOp);
    /// Move what is due and append what happened. Called at [`next_deadline`], after
    /// [`submit`], and whenever the device has something to say.
    ///
    /// [`next_deadline`]: LinkPort::next_deadline
    /// [`submit`]: LinkPort::submit
    fn poll(&mut self, now: Instant, events: &mut Vec<(ChainSlot, LinkEvent)>);
    /// When [`poll`](LinkPort::poll) must be called next.
    fn next_deadline(&self) -> Option<Instant>;
    /// What becomes readable when the device has something to say, for a shell that sleeps.
    /// It may change with any call that changes the port; `None` for ports that have nothing
    /// of the kind, and while a device is gone.
    fn wakes(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}
