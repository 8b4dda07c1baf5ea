//! What a sensor believes to measure, and how it can be wrong.

use units::{Duration, Instant};

/// How a sensor is wrong.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum SensorFault {
    /// It does not acknowledge.
    Dead,
    /// It shows for ever what it showed when the fault began.
    Stuck,
    /// It shows so many degrees more; less if negative.
    Off(f64),
    /// It shows this value.
    Shows(f64),
    /// It measures anew only so often: what it shows is up to this old.
    Late(Duration),
}

/// A place whose temperature is measured.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Probe {
    real_c: f64,
    shown_c: f64,
    shown_at: Option<Instant>,
    fault: Option<SensorFault>,
}

impl Default for Probe {
    /// A machine that stands in a room. Assumed.
    fn default() -> Self {
        Probe {
            real_c: 25.0,
            shown_c: 25.0,
            shown_at: None,
            fault: None,
        }
    }
}

impl Probe {
    /// The temperature is this from now on. A value that is no number is not taken.
    pub fn set_c(&mut self, c: f64) {
        if c.is_finite() {
            self.real_c = c;
        }
    }

    /// The fault that acts from now on.
    pub fn set_fault(&mut self, fault: Option<SensorFault>) {
        self.fault = fault;
    }

    /// It does not answer at all.
    pub fn dead(&self) -> bool {
        self.fault == Some(SensorFault::Dead)
    }

    /// What the sensor shows at `now`.
    pub fn shown_c(&mut self, now: Instant) -> f64 {
        let renew = match (self.fault, self.shown_at) {
            (Some(SensorFault::Stuck), Some(_)) => false,
            (Some(SensorFault::Late(by)), Some(at)) => now.since(at) >= by,
            _ => true,
        };
        if renew {
            self.shown_c = self.real_c;
            self.shown_at = Some(now);
        }
        match self.fault {
            Some(SensorFault::Off(by)) => self.shown_c + by,
            Some(SensorFault::Shows(c)) => c,
            _ => self.shown_c,
        }
    }
}
