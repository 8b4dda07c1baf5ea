//! A button: a line that bounces, and a press that is short or long.

use units::{Duration, Instant};

use crate::Pin;

/// Contacts bounce for some milliseconds: a level counts after it stood so long.
const STEADY: Duration = Duration::from_millis(30);
/// Held so long is a long press: nobody does it by mistake.
pub const LONG_PRESS: Duration = Duration::from_secs(5);

/// What a button did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Press {
    /// Pressed and let go.
    Short,
    /// Held for [`LONG_PRESS`]: told while it is still held, once.
    Long,
}

/// One button over its line; looked at each 10 ms or so.
pub struct Button {
    pin: Pin,
    press: Debounce,
}

impl Button {
    /// A button on this line.
    pub fn new(pin: Pin) -> Self {
        Button {
            pin,
            press: Debounce::default(),
        }
    }

    /// Look at it; an error is the errno.
    pub fn look(&mut self, now: Instant) -> Result<Option<Press>, i32> {
        Ok(self.press.look(now, self.pin.get()?))
    }
}

/// Level in, presses out.
#[derive(Default)]
struct Debounce {
    /// The level that was read last, and since when.
    level: bool,
    since: Option<Instant>,
    /// Since when it counts as pressed.
    pressed: Option<Instant>,
    /// This press was told as long.
    told: bool,
}

impl Debounce {
    fn look(&mut self, now: Instant, level: bool) -> Option<Press> {
        if level != self.level || self.since.is_none() {
            self.level = level;
            self.since = Some(now);
        }
        if self.since.is_none_or(|since| now.since(since) < STEADY) {
            return None;
        }
        match (self.pressed, level) {
            (None, true) => {
                self.pressed = Some(now);
                self.told = false;
                None
            }
            (Some(since), true) if !self.told && now.since(since) >= LONG_PRESS => {
                self.told = true;
                Some(Press::Long)
            }
            (Some(_), false) => {
                self.pressed = None;
                (!self.told).then_some(Press::Short)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of levels that begin at these milliseconds.
    fn check(levels: &[(u64, bool)], until: u64, expected: &[(u64, Press)]) {
        let mut debounce = Debounce::default();
        let mut told = Vec::new();
        for at in (0..until).step_by(10) {
            let level = levels.iter().rev().find(|(from, _)| *from <= at);
            let now = Instant::ZERO + Duration::from_millis(at);
            if let Some(press) = debounce.look(now, level.is_some_and(|(_, l)| *l)) {
                told.push((at, press));
            }
        }
        assert_eq!(told, expected, "{levels:?}");
    }

    #[test]
    fn presses_are_short_or_long_and_bounces_are_neither() {
        check(&[(100, true), (300, false)], 1000, &[(330, Press::Short)]);
        check(&[(100, true), (120, false)], 1000, &[]);
        check(
            &[(100, true), (200, false), (210, true), (400, false)],
            1000,
            &[(430, Press::Short)],
        );
        check(&[(100, true), (7000, false)], 9000, &[(5130, Press::Long)]);
        check(&[(0, true)], 20_000, &[(5030, Press::Long)]);
        check(&[], 1000, &[]);
    }
}
