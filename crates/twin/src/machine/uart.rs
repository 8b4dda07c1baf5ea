//! A chain on a plain serial line: the host's transmitter and receiver.

use std::collections::VecDeque;

use units::{Duration, Instant};

use super::chain::Chain;
use super::noise::Gate;
use super::uplink::{Sink, line_time};

/// Bytes that the host's driver takes ahead of the line, as a tty's buffer.
const TX_MAX: usize = 4096;
/// Received bytes that wait for the host, as a tty's buffer. Beyond it frames are lost.
const RX_MAX: usize = 16 * 1024;

#[derive(Debug)]
pub(crate) struct Uart {
    /// `None`: that of the chips, whatever it is.
    host_bits_per_s: Option<f64>,
    tx: VecDeque<u8>,
    /// When the first byte of `tx` will have left.
    tx_front_done: Instant,
    /// When the last byte before that has left.
    tx_free: Instant,
    gate: Gate,
    rx: Rx,
}

/// Received bytes, each with the instant from which it can be read, and whether it ends a frame.
#[derive(Debug, Default)]
struct Rx(VecDeque<(Instant, u8, bool)>);

impl Sink for Rx {
    fn bytes(&mut self, bytes: &[(Instant, u8)]) -> bool {
        let room = self.0.len() + bytes.len() <= RX_MAX;
        if room {
            let last = bytes.len().wrapping_sub(1);
            let bytes = bytes.iter().enumerate();
            self.0
                .extend(bytes.map(|(i, (at, byte))| (*at, *byte, i == last)));
        }
        room
    }

    fn frame(&mut self, _body: &[u8]) -> bool {
        true
    }
}

impl Uart {
    pub(crate) fn new(gate: Gate) -> Self {
        Uart {
            host_bits_per_s: Some(115_200.0),
            tx: VecDeque::new(),
            tx_front_done: Instant::ZERO,
            tx_free: Instant::ZERO,
            gate,
            rx: Rx::default(),
        }
    }

    /// At once: bytes that still wait leave at the new rate. `None` follows the chips.
    pub(crate) fn set_baud(&mut self, bits_per_s: Option<u32>) {
        self.host_bits_per_s = bits_per_s.map(f64::from);
    }

    /// Bytes that have not left yet.
    pub(crate) fn waiting(&self) -> usize {
        self.tx.len()
    }

    pub(crate) fn write(&mut self, now: Instant, bytes: &[u8], chain: &Chain) -> usize {
        let taken = bytes.len().min(TX_MAX - self.tx.len());
        if self.tx.is_empty() {
            self.tx_front_done = self.tx_free.max(now) + self.byte_time(chain);
        }
        self.tx.extend(&bytes[..taken]);
        taken
    }

    pub(crate) fn read(&mut self, now: Instant, buffer: &mut [u8]) -> usize {
        let mut count = 0;
        while let Some((at, byte, _)) = self.rx.0.front().copied()
            && at <= now
            && count < buffer.len()
        {
            buffer[count] = byte;
            count += 1;
            self.rx.0.pop_front();
        }
        count
    }

    /// As [`read`](Self::read), but of a frame all or nothing.
    pub(crate) fn read_whole(&mut self, now: Instant, buffer: &mut [u8]) -> usize {
        let arrived = self.rx.0.iter().take(buffer.len()).enumerate();
        let arrived = arrived.take_while(|(_, (at, ..))| *at <= now);
        let ends = arrived.filter(|(_, (.., ends))| *ends).map(|(i, _)| i + 1);
        let whole = ends.last().unwrap_or(0);
        self.read(now, &mut buffer[..whole])
    }

    /// Let both directions run until `now`.
    pub(crate) fn advance(&mut self, now: Instant, chain: &mut Chain) {
        while !self.tx.is_empty() && self.tx_front_done <= now {
            let at = self.tx_front_done;
            let byte = self.tx.pop_front().unwrap_or_default();
            self.tx_free = at;
            chain.run(at);
            self.deliver_started(at, chain);
            let bits_per_s = self.bits_per_s(chain);
            if self.gate.pass(at, 1) {
                chain.receive(at, byte, bits_per_s);
            } else {
                for noisy in self.gate.apply(at, &[byte]) {
                    // The line pauses: what follows is late.
                    self.tx_free += noisy.pause;
                    chain.receive(at, noisy.byte, bits_per_s);
                }
                chain.totals.noise_hits += self.gate.take_hits();
            }
            chain.was_sent(at, &[byte], bits_per_s);
            self.tx_front_done = self.tx_free + self.byte_time(chain);
        }
        chain.run(now);
        self.deliver_started(now, chain);
    }

    /// Frames that have begun to arrive: their bytes become readable one by one.
    fn deliver_started(&mut self, now: Instant, chain: &mut Chain) {
        while chain.uplink.next_start().is_some_and(|at| at <= now) {
            let bits_per_s = self.bits_per_s(chain);
            let totals = chain.uplink.deliver(bits_per_s, &mut self.rx);
            chain.totals.add(&totals);
        }
    }

    /// When there may be something to read: the last byte that has begun to arrive, the
    /// next answer, the end of what is being sent (it may be answered), the next nonce.
    pub(crate) fn next_event(&self, chain: &Chain) -> Option<Instant> {
        let arriving = self.rx.0.back().map(|(at, ..)| *at);
        let sent = (!self.tx.is_empty())
            .then(|| self.tx_front_done + self.byte_time(chain) * (self.tx.len() as u32 - 1));
        [arriving, chain.uplink.next_end(), sent, chain.next_nonce()]
            .into_iter()
            .flatten()
            .min()
    }

    fn bits_per_s(&self, chain: &Chain) -> f64 {
        let chips = || chain.bits_per_s().filter(|b| *b >= 1.0);
        self.host_bits_per_s.or_else(chips).unwrap_or(115_200.0)
    }

    fn byte_time(&self, chain: &Chain) -> Duration {
        line_time(self.bits_per_s(chain), 1)
    }
}
