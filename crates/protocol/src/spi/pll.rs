//! PLL arithmetic.
//!
//! ```text
//! A1: byte 0 post 7:6, pre 5:1, fb bit 8 | byte 1 fb 7:0              f = 16 MHz * fb / (pre * 2^(post-1))
//! T1: byte 0 pre 7:1, fb bit 8           | byte 1 fb 7:0 | byte 3 post 7:6   f = 12 MHz * fb / (pre * 2^post)
//! ```

use units::Megahertz;

/// What a chip's PLL accepts, and where its dividers stand.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PllForm {
    /// The crystal, MHz.
    pub crystal_mhz: f64,
    /// Width of the predivider's field, above the feedback divider's bit 8.
    pub prediv_bits: u8,
    /// Byte whose two highest bits are the post divider's field.
    pub postdiv_byte: u8,
    /// The field of no post division.
    pub postdiv_first: u8,
    /// Predividers that are used, in order of preference.
    pub predivs: &'static [u8],
    /// Feedback divider, lowest and highest.
    pub fbdiv: (u16, u16),
    /// Frequency before the post divider, lowest and highest, MHz.
    pub vco_mhz: (f64, f64),
    /// Of equals the one with the lower post divider; else that with the earlier predivider.
    pub prefers_post: bool,
}

/// Dividers and what they give.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PllSetting {
    /// Predivider.
    pub prediv: u8,
    /// Feedback divider.
    pub fbdiv: u16,
    /// Field of the post divider.
    pub postdiv: u8,
    /// The frequency.
    pub frequency: Megahertz,
}

impl PllForm {
    /// The setting closest to `wanted`. `None` if none lies inside the bounds.
    pub fn solve(&self, wanted: Megahertz) -> Option<PllSetting> {
        let mut best: Option<((f64, u8, usize), PllSetting)> = None;
        for post in 0..=3 - self.postdiv_first {
            for (place, &prediv) in self.predivs.iter().enumerate() {
                let Some(found) = self.candidate(wanted, prediv, post) else {
                    continue;
                };
                let error = (found.frequency.mhz() - wanted.mhz()).abs();
                let rank = match self.prefers_post {
                    true => (error, post, place),
                    false => (error, place as u8, usize::from(post)),
                };
                if best.as_ref().is_none_or(|(least, _)| rank < *least) {
                    best = Some((rank, found));
                }
            }
        }
        best.map(|(_, setting)| setting)
    }

    fn candidate(&self, wanted: Megahertz, prediv: u8, post: u8) -> Option<PllSetting> {
        let division = f64::from(u32::from(prediv) << post);
        let fbdiv = (wanted.mhz() * division / self.crystal_mhz).round();
        let (low, high) = self.fbdiv;
        let vco = self.crystal_mhz * fbdiv / f64::from(prediv);
        let inside = (f64::from(low)..=f64::from(high)).contains(&fbdiv)
            && (self.vco_mhz.0..=self.vco_mhz.1).contains(&vco);
        inside.then(|| PllSetting {
            prediv,
            fbdiv: fbdiv as u16,
            postdiv: post + self.postdiv_first,
            frequency: Megahertz::new(self.crystal_mhz * fbdiv / division),
        })
    }

    /// Put a setting into a block; the other bits of its bytes stay.
    pub fn put(&self, setting: &PllSetting, block: &mut [u8]) {
        let [high, low] = setting.fbdiv.to_be_bytes();
        if let [first, second, ..] = block {
            *first = setting.prediv << 1 | high & 1;
            *second = low;
        }
        if let Some(byte) = block.get_mut(usize::from(self.postdiv_byte)) {
            *byte = *byte & 0x3f | setting.postdiv << 6;
        }
    }

    /// What a block gives; `None` for dividers that are no setting.
    pub fn frequency(&self, block: &[u8]) -> Option<Megahertz> {
        let [first, second, ..] = block else {
            return None;
        };
        let prediv = u32::from(first >> 1) & ((1 << self.prediv_bits) - 1);
        let fbdiv = u32::from(first & 1) << 8 | u32::from(*second);
        let field = block.get(usize::from(self.postdiv_byte))? >> 6;
        let post = field.checked_sub(self.postdiv_first)?;
        let division = prediv << post;
        (division > 0)
            .then(|| Megahertz::new(self.crystal_mhz * f64::from(fbdiv) / f64::from(division)))
    }
}
