//! Fans behind the kernel's PWM outputs: `/sys/class/pwm`.
//!
//! An output is taken at full duty: until somebody orders otherwise fans run as hard as they can.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use hal::{FanEvent, FanOp, FanOverride, FanPort, linux_pwm_on_ns};
use units::{Duration, Duty, Instant};

use crate::root::{read_number, write_text};
use crate::tach::Tach;
use crate::{DeviceError, Root};

/// From one reading of all fans to the next: a fan that stops is told twice within a second.
const ROUND: Duration = Duration::from_millis(500);
/// Between two looks at the override: a tenth of what the dead man's promise for fans allows.
const LOOK: Duration = Duration::from_millis(100);

/// The outputs of a board; each drives one group of fans. Clones drive the same ones.
#[derive(Clone, Debug)]
pub struct PwmOutputs {
    folders: Vec<PathBuf>,
    period_ns: u32,
}

impl PwmOutputs {
    /// Take these outputs, each by the `N` of `pwmchipN` and its channel, and drive them full.
    pub fn open(root: &Root, outputs: &[(u32, u32)], period_ns: u32) -> Result<Self, DeviceError> {
        let mut folders = Vec::new();
        for (chip, channel) in outputs {
            let folder = export(root, *chip, *channel)?;
            start(&folder, period_ns)?;
            folders.push(folder);
        }
        Ok(PwmOutputs { folders, period_ns })
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.folders.len()
    }

    /// Drive one group; an error is the errno.
    pub fn drive(&self, group: usize, duty: Duty) -> Result<(), i32> {
        let folder = self.folders.get(group).ok_or(libc::ENXIO)?;
        let on = linux_pwm_on_ns(duty, self.period_ns);
        let write = || {
            let path = folder.join("duty_cycle");
            let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
            file.write_all(on.to_string().as_bytes())
        };
        write().map_err(|error: std::io::Error| error.raw_os_error().unwrap_or(0))
    }

    /// Drive all groups full: all are tried, and the first errno is what is told.
    pub fn full(&self) -> Result<(), i32> {
        let mut done = Ok(());
        for group in 0..self.groups() {
            done = done.and(self.drive(group, Duty::FULL));
        }
        done
    }
}

/// Ask the kernel for a channel's folder, unless it is there.
pub(crate) fn export(root: &Root, chip: u32, channel: u32) -> Result<PathBuf, DeviceError> {
    let class = root.at(&format!("/sys/class/pwm/pwmchip{chip}"));
    let folder = class.join(format!("pwm{channel}"));
    if !folder.exists() {
        let export = class.join("export");
        write_text(&export, "ask for the channel", &channel.to_string())?;
    }
    Ok(folder)
}

/// Full duty at the board's period. The kernel refuses a duty above the period at any moment,
/// so what shrinks goes first.
fn start(folder: &Path, period_ns: u32) -> Result<(), DeviceError> {
    let text = period_ns.to_string();
    let duty = folder.join("duty_cycle");
    let running: u64 = read_number(&duty, "read its duty")?;
    if running > u64::from(period_ns) {
        write_text(&duty, "set its duty", &text)?;
    }
    write_text(&folder.join("period"), "set its period", &text)?;
    write_text(&duty, "set its duty", &text)?;
    write_text(&folder.join("enable"), "switch it on", "1")
}

/// [`FanPort`] over PWM outputs, and whatever counts the fans.
pub struct PwmFans {
    outputs: PwmOutputs,
    tach: Option<Box<dyn Tach + Send>>,
    full: FanOverride,
    ordered: Vec<Duty>,
    driven: Vec<Option<Duty>>,
    next_round: Instant,
    next_look: Instant,
}

impl PwmFans {
    /// Fans behind these outputs. The dead man has the other end of `full`.
    pub fn new(outputs: PwmOutputs, tach: Option<Box<dyn Tach + Send>>, full: FanOverride) -> Self {
        let groups = outputs.groups();
        PwmFans {
            outputs,
            tach,
            full,
            ordered: vec![Duty::FULL; groups],
            driven: vec![None; groups],
            next_round: Instant::ZERO,
            next_look: Instant::ZERO,
        }
    }

    /// Drive a group as it should be; what the kernel refused counts as not driven.
    fn drive(&mut self, group: usize) -> Result<(), i32> {
        let outputs = &self.outputs;
        let mut done = Ok(());
        let counts = self.full.drive(self.ordered[group], |duty| {
            done = outputs.drive(group, duty);
        });
        self.driven[group] = done.is_ok().then_some(counts);
        done
    }
}

impl FanPort for PwmFans {
    fn set(&mut self, _now: Instant, op: FanOp) {
        let groups = self.outputs.groups();
        match op {
            FanOp::All(duty) => self.ordered = vec![duty; groups],
            FanOp::Group { group, duty } => {
                if let Some(ordered) = self.ordered.get_mut(usize::from(group)) {
                    *ordered = duty;
                }
            }
        }
        // What is refused is tried again, and told, by the next look.
        for group in 0..groups {
            let _ = self.drive(group);
        }
    }

    fn poll(&mut self, now: Instant, events: &mut Vec<FanEvent>) {
        if now >= self.next_look {
            self.next_look = now + LOOK;
            for group in 0..self.outputs.groups() {
                let wanted = match self.full.is_on() {
                    true => Duty::FULL,
                    false => self.ordered[group],
                };
                if self.driven[group] != Some(wanted)
                    && let Err(errno) = self.drive(group)
                {
                    events.push(FanEvent::Failed { errno });
                }
            }
        }
        if now >= self.next_round {
            self.next_round = now + ROUND;
            if let Some(tach) = &mut self.tach {
                tach.read(now, events);
            }
        }
    }

    fn next_event(&self) -> Option<Instant> {
        Some(self.next_look.min(self.next_round))
    }
}

#[cfg(test)]
#[path = "pwm_tests.rs"]
mod tests;
