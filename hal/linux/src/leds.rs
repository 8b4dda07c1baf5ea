//! The control board's two lights.

use crate::Pin;

/// What the owner sees. A light that cannot be driven is left as it is: nothing depends on it.
pub struct Leds {
    /// Where there is one.
    pub red: Option<Pin>,
    /// Where there is one.
    pub green: Option<Pin>,
}

impl Leds {
    /// Light or darken each.
    pub fn show(&mut self, red: bool, green: bool) {
        for (pin, on) in [(&mut self.red, red), (&mut self.green, green)] {
            if let Some(pin) = pin {
                let _ = pin.set(on);
            }
        }
    }
}
