//! How fast fans turn, by any of three ways: edges on lines, the kernel's own count, and PWM
//! channels that measure what comes in.
//!
//! Edges come with the kernel's time for each, and wait in a queue of 16 per line. A fan gives up
//! to 500 edges a second, so a queue that is full holds the first sixteen of the time since it
//! was last emptied: their distance is the speed. One that is not full holds all of them.

use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use gpio_cdev::{EventRequestFlags, LineEventHandle, LineRequestFlags};
use hal::{FanEvent, edge_tach};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use units::{Duration, Instant, Rpm};

use crate::lines::{CONSUMER, LineSpec, Place, find, io_error, path_of};
use crate::pwm::export;
use crate::root::read_text;
use crate::{DeviceError, Hwmon, Root};

/// Edges that the kernel keeps for a line.
const KEPT: usize = 16;

/// Something that counts fans. Asked twice a second.
pub trait Tach {
    /// Append the speed of every fan that can be read, and one failure if none can.
    fn read(&mut self, now: Instant, events: &mut Vec<FanEvent>);
}

/// Edges on lines; fan `i` is on line `i`.
pub struct EdgeTach {
    lines: Vec<LineEventHandle>,
    since: Option<Instant>,
}

impl EdgeTach {
    /// Take these lines.
    pub fn open(root: &Root, specs: &[LineSpec]) -> Result<Self, DeviceError> {
        let lines: Result<Vec<_>, _> = specs.iter().map(|spec| edges(root, spec)).collect();
        Ok(EdgeTach {
            lines: lines?,
            since: None,
        })
    }
}

fn edges(root: &Root, spec: &LineSpec) -> Result<LineEventHandle, DeviceError> {
    let line = match find(root, spec)? {
        Place::Device(line) => line,
        Place::Number(number) => {
            let path = root.at(&format!("/sys/class/gpio/gpio{number}"));
            let why = std::io::Error::from_raw_os_error(libc::EOPNOTSUPP);
            return Err(DeviceError::new(
                &path,
                "count edges without its chip's device",
                why,
            ));
        }
    };
    let rising = EventRequestFlags::RISING_EDGE;
    let taken = line.events(LineRequestFlags::INPUT, rising, CONSUMER);
    let refused = |error| DeviceError::new(&path_of(&line), "count its edges", error);
    let handle = taken.map_err(|error| refused(io_error(&error)))?;
    let flags = fcntl_getfl(handle.as_fd()).map_err(|error| refused(error.into()))?;
    fcntl_setfl(handle.as_fd(), flags | OFlags::NONBLOCK).map_err(|error| refused(error.into()))?;
    Ok(handle)
}

impl Tach for EdgeTach {
    fn read(&mut self, now: Instant, events: &mut Vec<FanEvent>) {
        let since = self.since.replace(now);
        for (fan, line) in self.lines.iter_mut().enumerate() {
            // The queue's bound is the loop's; a fan of 30,000 turns could go on for ever.
            let kept = (0..2 * KEPT).map_while(|_| line.get_event().ok());
            let times: Vec<u64> = kept.map(|event| event.timestamp()).collect();
            let rpm = since.and_then(|since| speed(&times, now.since(since)));
            if let (Some(rpm), Ok(fan)) = (rpm, u8::try_from(fan)) {
                events.push(FanEvent::Speed { fan, rpm, at: now });
            }
        }
    }
}

/// Speed from the times of the edges since the queue was last emptied, nanoseconds. `None`
/// where the times make no sense: a clock that was set meanwhile.
fn speed(times: &[u64], elapsed: Duration) -> Option<Rpm> {
    let edges = u32::try_from(times.len()).ok()?;
    if times.len() < KEPT {
        return edge_tach(edges, elapsed);
    }
    let took = times.last()?.checked_sub(*times.first()?)?;
    // One edge more than there are distances.
    let took = Duration::from_nanos(took);
    if took > elapsed {
        return None;
    }
    edge_tach(edges - 1, took)
}

/// The kernel's own count: fan `i` is `fan(i + 1)_input`.
pub struct HwmonTach {
    hwmon: Hwmon,
    fans: u8,
}

impl HwmonTach {
    /// So many fans of the device with this name.
    pub fn open(root: &Root, name: &str, fans: u8) -> Result<Self, DeviceError> {
        let hwmon = Hwmon::find(root, name)?;
        Ok(HwmonTach { hwmon, fans })
    }
}

impl Tach for HwmonTach {
    fn read(&mut self, now: Instant, events: &mut Vec<FanEvent>) {
        let mut failed = None;
        let before = events.len();
        for fan in 0..self.fans {
            match self.hwmon.fan_rpm(u32::from(fan) + 1) {
                Ok(rpm) => events.push(FanEvent::Speed {
                    fan,
                    rpm: Rpm::new(rpm),
                    at: now,
                }),
                Err(error) => failed = failed.or(Some(error.errno())),
            }
        }
        if let Some(errno) = failed
            && events.len() == before
        {
            events.push(FanEvent::Failed { errno });
        }
    }
}

/// PWM channels that measure. The kernel waits for up to a second for a pulse, so each has a
/// thread of its own, which ends with this.
pub struct CaptureTach {
    seen: Vec<Arc<AtomicU64>>,
    told: Vec<u64>,
    stop: Arc<AtomicBool>,
}

impl CaptureTach {
    /// Measure fan `i` with channel `i`, each by the `N` of `pwmchipN` and its channel.
    pub fn open(root: &Root, channels: &[(u32, u32)]) -> Result<Self, DeviceError> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut seen = Vec::new();
        for (chip, channel) in channels {
            let path = export(root, *chip, *channel)?.join("capture");
            let counter = Arc::new(AtomicU64::new(0));
            seen.push(Arc::clone(&counter));
            let (stop, node) = (Arc::clone(&stop), path.clone());
            let measure = move || measure(&node, &counter, &stop);
            let spawned = thread::Builder::new()
                .name(format!("tach-{chip}-{channel}"))
                .stack_size(64 * 1024)
                .spawn(measure);
            spawned.map_err(|error| DeviceError::new(&path, "start its thread", error))?;
        }
        let told = vec![0; seen.len()];
        Ok(CaptureTach { seen, told, stop })
    }
}

impl Drop for CaptureTach {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Between two measurements of one fan.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(300);

/// A measurement as one word: how many there were so far on top, the speed below.
fn measure(path: &Path, seen: &AtomicU64, stop: &AtomicBool) {
    let mut count = 0u64;
    while !stop.load(Ordering::Relaxed) {
        if let Some(rpm) = captured(path) {
            count = (count + 1) & 0xFFFF_FFFF;
            seen.store(count << 32 | u64::from(rpm), Ordering::Relaxed);
        }
        thread::sleep(PAUSE);
    }
}

/// One measurement. No pulse within the kernel's second is a fan that stands.
fn captured(path: &Path) -> Option<u32> {
    match read_text(path, "measure") {
        Ok(text) => capture_rpm(&text),
        Err(error) => (error.errno() == libc::ETIMEDOUT).then_some(0),
    }
}

/// `period duty` in nanoseconds; two pulses are a turn.
fn capture_rpm(text: &str) -> Option<u32> {
    let period_ns: u64 = text.split(' ').next()?.parse().ok()?;
    let rpm = 30_000_000_000u64.checked_div(period_ns).unwrap_or(0);
    Some(u32::try_from(rpm).unwrap_or(u32::MAX))
}

impl Tach for CaptureTach {
    fn read(&mut self, now: Instant, events: &mut Vec<FanEvent>) {
        for (fan, (seen, told)) in self.seen.iter().zip(&mut self.told).enumerate() {
            let word = seen.load(Ordering::Relaxed);
            let count = word >> 32;
            if count != *told
                && let Ok(fan) = u8::try_from(fan)
            {
                *told = count;
                let rpm = Rpm::new((word & 0xFFFF_FFFF) as u32);
                events.push(FanEvent::Speed { fan, rpm, at: now });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_tells_speed_by_the_distance_of_its_edges() {
        let half = Duration::from_millis(500);
        // 6000 rpm: an edge each 5 ms. The kernel keeps the first sixteen.
        let every_5_ms: Vec<u64> = (0..16).map(|i| 1_000_000 + i * 5_000_000).collect();
        assert_eq!(speed(&every_5_ms, half), Some(Rpm::new(6000)));
        // Few edges: all of them are there.
        assert_eq!(speed(&every_5_ms[..10], half), Some(Rpm::new(600)));
        assert_eq!(speed(&[], half), Some(Rpm::new(0)));
        // A clock that was set: no word rather than a wrong one.
        let mut back = every_5_ms.clone();
        back[15] = 0;
        assert_eq!(speed(&back, half), None);
        back[15] = 10_000_000_000;
        assert_eq!(speed(&back, half), None);
        let same = [7; 16];
        assert_eq!(speed(&same, half), None);
    }

    #[test]
    fn a_measured_period_is_a_speed() {
        for (text, rpm) in [
            ("5000000 2500000", Some(6000)),
            ("0 0", Some(0)),
            ("1 1", Some(u32::MAX)),
            ("", None),
            ("x", None),
            ("-5 0", None),
        ] {
            assert_eq!(capture_rpm(text), rpm, "{text}");
        }
    }
}
