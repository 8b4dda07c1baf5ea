//! PLL arithmetic: which register value gives which frequency.
//!
//! ```text
//! BM1391 on  31 locked | 30 enable | 28 VCO high | 27:16 FBDIV | 13:8 REFDIV | 6:4 P1 | 2:0 P2
//! BM1387     31 locked |                           23:16 FBDIV | 11:8 REFDIV | 7:4 P1 | 3:0 P2
//! f = 25 MHz * FBDIV / (REFDIV * P1 * P2), then divided by (user divider + 1)
//! ```

use units::Megahertz;

/// The crystal of every machine.
pub const CRYSTAL_MHZ: f64 = 25.0;

const ENABLE: u32 = 0x4000_0000;
const VCO_HIGH: u32 = 0x1000_0000;

/// Where the dividers stand in the register, and what a post-divider field means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PllEncoding {
    /// BM1387's layout; the field is the divider.
    Bm1387,
    /// The field is the divider.
    Direct,
    /// The field is the divider less one.
    MinusOne,
}

/// What a chip's PLL accepts.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PllProfile {
    /// Register layout.
    pub encoding: PllEncoding,
    /// Feedback divider, lowest and highest.
    pub fbdiv: (u16, u16),
    /// VCO frequency, lowest and highest, MHz.
    pub vco_mhz: (f64, f64),
    /// Highest VCO frequency with a reference divider of 1, MHz, where it is lower.
    pub vco_mhz_refdiv1: Option<f64>,
    /// Reference dividers in order of preference among equals.
    pub refdivs: &'static [u8],
    /// Post dividers P1 and P2.
    pub posts: Posts,
    /// VCO frequency from which the "VCO high" bit is set, where the chip has it.
    pub vco_high_mhz: Option<f64>,
}

/// Which post dividers are used, and which of several settings of one frequency.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Posts {
    /// P1 from 7 to 2 and P2 below it, as captures and ESP-Miner have them; the lowest VCO
    /// wins, then the least post division.
    Descending,
    /// These alone; the first wins.
    Listed(&'static [(u8, u8)]),
}

/// A register value and what it gives.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PllSetting {
    /// For the PLL's register.
    pub value: u32,
    /// The frequency that it really gives.
    pub frequency: Megahertz,
    /// The VCO's frequency, MHz.
    pub vco_mhz: f64,
}

impl PllProfile {
    /// The setting closest to `wanted`; which one among equals, [`Posts`] says, then the
    /// preferred reference divider. `None` if no setting lies inside the bounds.
    pub fn solve(&self, wanted: Megahertz) -> Option<PllSetting> {
        let mut best: Option<((f64, f64, u8), PllSetting)> = None;
        let mut consider = |refdiv: u8, p1: u8, p2: u8, place: Option<u8>| {
            let Some(found) = self.candidate(wanted, refdiv, p1, p2) else {
                return;
            };
            let error = (found.frequency.mhz() - wanted.mhz()).abs();
            let rank = match place {
                Some(place) => (error, 0.0, place),
                None => (error, found.vco_mhz, p1 * p2),
            };
            if best.as_ref().is_none_or(|(b, _)| rank < *b) {
                best = Some((rank, found));
            }
        };
        for &refdiv in self.refdivs {
            match self.posts {
                Posts::Descending => {
                    for p1 in (2..=7u8).rev() {
                        (1..p1).rev().for_each(|p2| consider(refdiv, p1, p2, None));
                    }
                }
                Posts::Listed(list) => {
                    for (&(p1, p2), place) in list.iter().zip(0u8..) {
                        consider(refdiv, p1, p2, Some(place));
                    }
                }
            }
        }
        best.map(|(_, setting)| setting)
    }

    fn candidate(&self, wanted: Megahertz, refdiv: u8, p1: u8, p2: u8) -> Option<PllSetting> {
        let division = f64::from(refdiv) * f64::from(p1) * f64::from(p2);
        let fbdiv = (wanted.mhz() * division / CRYSTAL_MHZ).round();
        if fbdiv < f64::from(self.fbdiv.0) || fbdiv > f64::from(self.fbdiv.1) {
            return None;
        }
        let vco_mhz = CRYSTAL_MHZ * fbdiv / f64::from(refdiv);
        let highest = match self.vco_mhz_refdiv1 {
            Some(highest) if refdiv == 1 => highest.min(self.vco_mhz.1),
            _ => self.vco_mhz.1,
        };
        if vco_mhz < self.vco_mhz.0 || vco_mhz > highest {
            return None;
        }
        let high = self.vco_high_mhz.is_some_and(|limit| vco_mhz >= limit);
        let (fb, rd) = ((fbdiv as u32) << 16, u32::from(refdiv) << 8);
        let (p1, p2) = (u32::from(p1), u32::from(p2));
        let value = match self.encoding {
            PllEncoding::Bm1387 => fb | rd | p1 << 4 | p2,
            PllEncoding::Direct => ENABLE | fb | rd | p1 << 4 | p2,
            PllEncoding::MinusOne => ENABLE | fb | rd | (p1 - 1) << 4 | (p2 - 1),
        };
        Some(PllSetting {
            value: value | if high { VCO_HIGH } else { 0 },
            frequency: Megahertz::new(CRYSTAL_MHZ * fbdiv / division),
            vco_mhz,
        })
    }
}

/// The dividers in a register value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dividers {
    /// Feedback.
    pub fbdiv: u32,
    /// Reference.
    pub refdiv: u32,
    /// First post divider, itself and not its field.
    pub p1: u32,
    /// Second post divider, itself and not its field.
    pub p2: u32,
}

/// Reads the dividers of a register value.
pub const fn dividers(value: u32, encoding: PllEncoding) -> Dividers {
    match encoding {
        PllEncoding::Bm1387 => Dividers {
            fbdiv: value >> 16 & 0xff,
            refdiv: value >> 8 & 0xf,
            p1: value >> 4 & 0xf,
            p2: value & 0xf,
        },
        PllEncoding::Direct => Dividers {
            fbdiv: value >> 16 & 0xfff,
            refdiv: value >> 8 & 0x3f,
            p1: value >> 4 & 7,
            p2: value & 7,
        },
        PllEncoding::MinusOne => Dividers {
            fbdiv: value >> 16 & 0xfff,
            refdiv: value >> 8 & 0x3f,
            p1: (value >> 4 & 7) + 1,
            p2: (value & 7) + 1,
        },
    }
}

/// What a register value gives, behind a user divider (its field, so 0 divides by one).
/// `None` for a value that divides by zero.
pub fn frequency(value: u32, encoding: PllEncoding, user_divider: u8) -> Option<Megahertz> {
    let d = dividers(value, encoding);
    let division = d.refdiv * d.p1 * d.p2 * (u32::from(user_divider) + 1);
    (division != 0).then(|| Megahertz::new(CRYSTAL_MHZ * f64::from(d.fbdiv) / f64::from(division)))
}
