//! PLL arithmetic: which register value gives which frequency.
//!
//! ```text
//! 31 locked | 30 enable | 28 VCO high | 27:16 FBDIV | 13:8 REFDIV | 6:4 POST1 | 2:0 POST2
//! f = 25 MHz * FBDIV / (REFDIV * P1 * P2), then divided by (user divider + 1)
//! ```

use units::Megahertz;

/// The crystal of every machine.
pub const CRYSTAL_MHZ: f64 = 25.0;

const ENABLE: u32 = 0x4000_0000;
const VCO_HIGH: u32 = 0x1000_0000;

/// What a post-divider field means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PostDivider {
    /// The field is the divider.
    Direct,
    /// The field is the divider less one.
    MinusOne,
}

/// What a chip's PLL accepts.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PllProfile {
    /// Meaning of the post-divider fields.
    pub encoding: PostDivider,
    /// Feedback divider, lowest and highest.
    pub fbdiv: (u16, u16),
    /// VCO frequency, lowest and highest, MHz.
    pub vco_mhz: (f64, f64),
    /// Reference dividers in order of preference among equals.
    pub refdivs: &'static [u8],
    /// VCO frequency from which the "VCO high" bit is set, where the chip has it.
    pub vco_high_mhz: Option<f64>,
}

/// A register value and what it gives.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PllSetting {
    /// For register 0x08.
    pub value: u32,
    /// The frequency that it really gives.
    pub frequency: Megahertz,
    /// The VCO's frequency, MHz.
    pub vco_mhz: f64,
}

impl PllProfile {
    /// The setting closest to `wanted`; among equals the lowest VCO, then the least
    /// post division, then the preferred reference divider. `None` if no setting lies
    /// inside the bounds. The post dividers are ordered P1 > P2, as captures have them.
    pub fn solve(&self, wanted: Megahertz) -> Option<PllSetting> {
        let mut best: Option<(f64, f64, u8, PllSetting)> = None;
        for &refdiv in self.refdivs {
            for p1 in (2..=7u8).rev() {
                for p2 in (1..p1).rev() {
                    let Some(found) = self.candidate(wanted, refdiv, p1, p2) else {
                        continue;
                    };
                    let error = (found.frequency.mhz() - wanted.mhz()).abs();
                    let rank = (error, found.vco_mhz, p1 * p2);
                    let better = match &best {
                        None => true,
                        Some((e, v, p, _)) => rank < (*e, *v, *p),
                    };
                    if better {
                        best = Some((rank.0, rank.1, rank.2, found));
                    }
                }
            }
        }
        best.map(|(.., setting)| setting)
    }

    fn candidate(&self, wanted: Megahertz, refdiv: u8, p1: u8, p2: u8) -> Option<PllSetting> {
        let division = f64::from(refdiv) * f64::from(p1) * f64::from(p2);
        let fbdiv = (wanted.mhz() * division / CRYSTAL_MHZ).round();
        if fbdiv < f64::from(self.fbdiv.0) || fbdiv > f64::from(self.fbdiv.1) {
            return None;
        }
        let vco_mhz = CRYSTAL_MHZ * fbdiv / f64::from(refdiv);
        if vco_mhz < self.vco_mhz.0 || vco_mhz > self.vco_mhz.1 {
            return None;
        }
        let field = |p: u8| match self.encoding {
            PostDivider::Direct => u32::from(p),
            PostDivider::MinusOne => u32::from(p) - 1,
        };
        let high = self.vco_high_mhz.is_some_and(|limit| vco_mhz >= limit);
        Some(PllSetting {
            value: ENABLE
                | if high { VCO_HIGH } else { 0 }
                | (fbdiv as u32) << 16
                | u32::from(refdiv) << 8
                | field(p1) << 4
                | field(p2),
            frequency: Megahertz::new(CRYSTAL_MHZ * fbdiv / division),
            vco_mhz,
        })
    }
}

/// What a register value gives, behind a user divider (its field, so 0 divides by one).
/// `None` for a value that divides by zero.
pub fn frequency(value: u32, encoding: PostDivider, user_divider: u8) -> Option<Megahertz> {
    let fbdiv = value >> 16 & 0xfff;
    let refdiv = value >> 8 & 0x3f;
    let plus = match encoding {
        PostDivider::Direct => 0,
        PostDivider::MinusOne => 1,
    };
    let division =
        refdiv * ((value >> 4 & 7) + plus) * ((value & 7) + plus) * (u32::from(user_divider) + 1);
    (division != 0).then(|| Megahertz::new(CRYSTAL_MHZ * f64::from(fbdiv) / f64::from(division)))
}
