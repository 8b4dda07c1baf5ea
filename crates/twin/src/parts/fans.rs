//! Fans as their tach lines and their PWM input show them.
//!
//! Until somebody models air, a fan's speed follows its duty at once: 960 rpm at rest (captured
//! on a machine at 0 %) and 5040 at full duty (captured: 4560 to 5520), linear between
//! (assumed).

const REST_RPM: u32 = 960;
const FULL_RPM: u32 = 5040;

/// The fans of a machine.
#[derive(Clone, PartialEq, Debug)]
pub struct Fans {
    count: u8,
    duty_percent: u8,
    told: Option<Vec<u32>>,
    standing: Vec<u8>,
}

impl Fans {
    /// `count` fans that are not driven.
    pub fn new(count: u8) -> Self {
        Fans {
            count,
            duty_percent: 0,
            told: None,
            standing: Vec::new(),
        }
    }

    /// How many there are.
    pub fn count(&self) -> u8 {
        self.count
    }

    /// How hard they are driven; more than 100 is 100.
    pub fn set_duty(&mut self, percent: u8) {
        self.duty_percent = percent.min(100);
    }

    /// How hard they are driven, percent.
    pub fn duty_percent(&self) -> u8 {
        self.duty_percent
    }

    /// Their speeds, from whoever models them; `None`: the assumed ones.
    pub fn tell_rpm(&mut self, rpm: Option<Vec<u32>>) {
        self.told = rpm;
    }

    /// Which ones stand still whatever they should do.
    pub(super) fn stand(&mut self, fans: impl Iterator<Item = u8>) {
        self.standing.clear();
        self.standing.extend(fans.take(8));
    }

    /// Speed of one fan; 0 for one that there is not.
    pub fn rpm(&self, fan: u8) -> u32 {
        if fan >= self.count || self.standing.contains(&fan) {
            return 0;
        }
        match &self.told {
            Some(told) => told.get(usize::from(fan)).copied().unwrap_or(0),
            None => REST_RPM + (FULL_RPM - REST_RPM) * u32::from(self.duty_percent) / 100,
        }
    }
}
