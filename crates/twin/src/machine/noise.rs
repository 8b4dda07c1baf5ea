//! Noise on a line, as middleware between sender and receiver.
//!
//! The distance to the next hit is drawn once and counted down in bytes, so that a line
//! without a hit costs one comparison per frame.

use units::{ChainSlot, Duration, Instant, Rng};

use super::faults::{Direction, Noise};

/// A byte as it arrives, and the pause of the line before it since the frame began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NoisyByte {
    pub(crate) byte: u8,
    pub(crate) pause: Duration,
}

/// All noise on one direction of one line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate {
    sources: Vec<Source>,
    hits: u64,
}

#[derive(Clone, Debug)]
struct Source {
    noise: Noise,
    rng: Rng,
    /// Bytes that pass before the next hit.
    gap: u64,
}

impl Source {
    fn active(&self, at: Instant) -> bool {
        self.noise.from <= at && at < self.noise.until
    }

    /// Geometric: an exponential waiting time counted in whole bytes.
    fn draw_gap(&mut self) {
        let p = self.noise.per_byte();
        if p >= 1.0 {
            self.gap = 0;
            return;
        }
        // -1 / ln(1 - p), to within 4 % up to one half.
        let mean_bytes = 1.0 / p - 0.5;
        let mean = Duration::from_nanos((mean_bytes * 1e3).min(1e18) as u64);
        self.gap = (self.rng.exponential(mean).as_nanos() / 1000) as u64;
    }
}

impl Gate {
    pub(crate) fn new(noise: &[Noise], slot: ChainSlot, way: Direction, rng: &mut Rng) -> Self {
        let sources = noise
            .iter()
            .filter(|n| n.slot == slot && n.direction == way && n.per_byte() > 0.0)
            .map(|n| {
                let mut source = Source {
                    noise: n.clone(),
                    rng: rng.fork(0x401),
                    gap: 0,
                };
                source.draw_gap();
                source
            })
            .collect();
        Gate { sources, hits: 0 }
    }

    /// Hits since the last call.
    pub(crate) fn take_hits(&mut self) -> u64 {
        core::mem::take(&mut self.hits)
    }

    /// True if `count` bytes at `at` pass untouched; they are then counted as passed. If
    /// false nothing is counted: send the bytes through [`Gate::apply`].
    pub(crate) fn pass(&mut self, at: Instant, count: usize) -> bool {
        let count = count as u64;
        if self.sources.iter().any(|s| s.active(at) && s.gap < count) {
            return false;
        }
        for source in &mut self.sources {
            if source.active(at) {
                source.gap -= count;
            }
        }
        true
    }

    /// What becomes of `bytes` sent at `at`.
    pub(crate) fn apply(&mut self, at: Instant, bytes: &[u8]) -> Vec<NoisyByte> {
        let mut out = Vec::with_capacity(bytes.len() + 2);
        let mut pause = Duration::ZERO;
        for byte in bytes {
            let mut copies = vec![*byte];
            for source in self.sources.iter_mut().filter(|s| s.active(at)) {
                if source.gap > 0 {
                    source.gap -= 1;
                    continue;
                }
                self.hits += 1;
                hit(source, &mut copies, &mut pause);
                source.draw_gap();
            }
            out.extend(copies.into_iter().map(|byte| NoisyByte { byte, pause }));
        }
        out
    }
}

/// One hit on one byte: which of the four is decided by their shares.
fn hit(source: &mut Source, copies: &mut Vec<u8>, pause: &mut Duration) {
    let Noise {
        flip,
        drop,
        duplicate,
        delay_for,
        ..
    } = source.noise;
    let mut draw = source.rng.unit_f64() * source.noise.per_byte();
    let mut is = |share: f64| {
        draw -= share;
        draw < 0.0
    };
    if is(flip) {
        if let Some(byte) = copies.first_mut() {
            *byte ^= 1 << source.rng.below(8);
        }
    } else if is(drop) {
        copies.pop();
    } else if is(duplicate) {
        copies.extend_from_within(..copies.len().min(1));
    } else {
        *pause += delay_for;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(noise: Noise) -> Gate {
        Gate::new(&[noise], ChainSlot(0), Direction::ToHost, &mut Rng::new(1))
    }

    fn base() -> Noise {
        Noise::on(ChainSlot(0), Direction::ToHost)
    }

    #[test]
    fn silence_passes_everything() {
        let mut gate = gate(base());
        assert!(gate.pass(Instant::ZERO, usize::MAX));
        assert_eq!(gate.take_hits(), 0);
    }

    #[test]
    fn hits_come_at_the_rate_asked_for() {
        let mut gate = gate(Noise {
            flip: 0.001,
            ..base()
        });
        for _ in 0..100_000 {
            if !gate.pass(Instant::ZERO, 10) {
                gate.apply(Instant::ZERO, &[0; 10]);
            }
        }
        let hits = gate.take_hits();
        assert!((900..1100).contains(&hits), "{hits}");
    }

    #[test]
    fn each_kind_does_what_it_says() {
        let at = Instant::ZERO;
        let certain = |n: Noise| gate(n).apply(at, &[0x55, 0xAA]);
        let bytes = |out: &[NoisyByte]| out.iter().map(|b| b.byte).collect::<Vec<_>>();
        let flipped = certain(Noise {
            flip: 1.0,
            ..base()
        });
        assert!(
            flipped
                .iter()
                .zip([0x55, 0xAA])
                .all(|(a, b): (_, u8)| (a.byte ^ b).count_ones() == 1)
        );
        assert_eq!(
            certain(Noise {
                drop: 1.0,
                ..base()
            }),
            []
        );
        let doubled = certain(Noise {
            duplicate: 1.0,
            ..base()
        });
        assert_eq!(bytes(&doubled), [0x55, 0x55, 0xAA, 0xAA]);
        let late = certain(Noise {
            delay: 1.0,
            delay_for: Duration::from_millis(1),
            ..base()
        });
        assert_eq!(late[1].pause, Duration::from_millis(2));
    }

    #[test]
    fn noise_keeps_to_its_span() {
        let mut gate = gate(Noise {
            from: Instant::from_millis(10),
            until: Instant::from_millis(20),
            drop: 1.0,
            ..base()
        });
        for (at, lost) in [(9, false), (10, true), (19, true), (20, false)] {
            let at = Instant::from_millis(at);
            assert_eq!(!gate.pass(at, 1), lost, "{at:?}");
            assert_eq!(gate.apply(at, &[1]).is_empty(), lost, "{at:?}");
        }
    }
}
