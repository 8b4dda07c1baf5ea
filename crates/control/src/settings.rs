//! The operator's side of control: what was set, what holds, and within what it can be set.

use telemetry::{FanMode as Word, FanSettings, Setting, Settings};

use crate::api::{Cooling, FanMode, Intent};
use crate::control::Control;
use crate::fans::{TARGET_MIN_C, duty_range, target_c, target_max_c};

impl Control {
    /// What the operator has set, and within what.
    pub fn settings(&self) -> Settings {
        let set = &self.run.settings;
        Settings {
            intent: match set.intent {
                Intent::Hash => telemetry::Intent::Hash,
                Intent::Pause => telemetry::Intent::Pause,
                Intent::Sleep => telemetry::Intent::Sleep,
            },
            fans: self.fan_settings(),
            power_ceiling: self.power_ceiling(),
            target_temperature: Setting {
                set: set.target.map(|c| c.c()),
                in_force: Some(target_c(&self.plan, set.target)),
                min: TARGET_MIN_C,
                max: target_max_c(&self.plan),
                default: Some(target_c(&self.plan, None)),
                unit: "°C",
            },
        }
    }

    /// The ceiling in force, and from where on it leaves enough to hash at all.
    fn power_ceiling(&self) -> Setting {
        let set = self.run.settings.ceiling.map(|w| w.w());
        let max = self.plan.power_max_w;
        Setting {
            set,
            in_force: Some(set.map_or(max, |w| w.min(max))),
            // A ceiling must be above it.
            min: (self.least_w().floor() + 1.0).min(max),
            max,
            default: Some(max),
            unit: "W",
        }
    }

    fn fan_settings(&self) -> FanSettings {
        let (low, high) = duty_range(&self.plan, self.local.duty_min, self.local.duty_max);
        let set = match self.run.settings.fans {
            FanMode::Manual(duty) => Some(duty.percent()),
            _ => None,
        };
        let mode = word(self.fan_mode());
        FanSettings {
            mode,
            modes: match self.local.cooling {
                Cooling::Air => vec![Word::Auto, Word::Quiet, Word::Manual],
                Cooling::Liquid => vec![Word::Immersion, Word::Hydro],
            },
            duty: Setting {
                set: set.map(f64::from),
                in_force: set
                    .filter(|_| mode == Word::Manual)
                    .map(|percent| f64::from(percent.clamp(low, high))),
                min: f64::from(low),
                max: f64::from(high),
                default: None,
                unit: "%",
            },
        }
    }
}

fn word(mode: FanMode) -> Word {
    match mode {
        FanMode::Auto => Word::Auto,
        FanMode::Quiet => Word::Quiet,
        FanMode::Manual(_) => Word::Manual,
        FanMode::Immersion => Word::Immersion,
        FanMode::Hydro => Word::Hydro,
    }
}
