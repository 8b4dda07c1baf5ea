use std::fs;

use units::Rpm;

use super::*;
use crate::tach::HwmonTach;

/// A folder with two channels of one PWM chip and a fan controller.
fn board(name: &str) -> (PathBuf, Root) {
    let name = format!("stannary-pwm-{name}-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&folder);
    for channel in 0..2 {
        let pwm = folder.join(format!("sys/class/pwm/pwmchip0/pwm{channel}"));
        fs::create_dir_all(&pwm).expect("a folder");
        for (file, text) in [("period", "0"), ("duty_cycle", "0"), ("enable", "0")] {
            fs::write(pwm.join(file), text).expect("a file");
        }
    }
    let hwmon = folder.join("sys/class/hwmon/hwmon0");
    fs::create_dir_all(&hwmon).expect("a folder");
    fs::write(hwmon.join("name"), "fans\n").expect("a file");
    fs::write(hwmon.join("fan1_input"), "4980\n").expect("a file");
    let root = Root::new(&folder);
    (folder, root)
}

fn text(folder: &Path, channel: u32, file: &str) -> String {
    let path = format!("sys/class/pwm/pwmchip0/pwm{channel}/{file}");
    fs::read_to_string(folder.join(path)).expect("text")
}

const PERIOD: u32 = 100_000;

#[test]
fn outputs_are_taken_at_full_duty() {
    let (folder, root) = board("start");
    // A boot loader left a longer period: duty is cut down first, as the kernel demands.
    let long = folder.join("sys/class/pwm/pwmchip0/pwm1/duty_cycle");
    fs::write(long, "900000").expect("a file");
    let outputs = PwmOutputs::open(&root, &[(0, 0), (0, 1)], PERIOD).expect("there");
    assert_eq!(outputs.groups(), 2);
    for channel in 0..2 {
        for (file, expected) in [
            ("period", "100000"),
            ("duty_cycle", "100000"),
            ("enable", "1"),
        ] {
            assert_eq!(text(&folder, channel, file), expected, "{channel} {file}");
        }
    }
    let error = PwmOutputs::open(&root, &[(1, 0)], PERIOD).expect_err("no such chip");
    assert_eq!(error.errno(), libc::ENOENT, "{error}");
    assert!(
        error.path.ends_with("sys/class/pwm/pwmchip1/export"),
        "{error}"
    );
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn fans_follow_orders_and_the_override_wins() {
    let (folder, root) = board("orders");
    let outputs = PwmOutputs::open(&root, &[(0, 0), (0, 1)], PERIOD).expect("there");
    let full = FanOverride::default();
    let tach = HwmonTach::open(&root, "fans", 2).expect("there");
    let mut fans = PwmFans::new(outputs.clone(), Some(Box::new(tach)), full.clone());
    let at = |ms| Instant::ZERO + Duration::from_millis(ms);
    let mut events = Vec::new();
    fans.poll(at(0), &mut events);
    // One of two fans can be read: the other is not told.
    let speed = FanEvent::Speed {
        fan: 0,
        rpm: Rpm::new(4980),
        at: at(0),
    };
    assert_eq!(events, [speed]);
    assert_eq!(text(&folder, 0, "duty_cycle"), "100000");

    fans.set(at(10), FanOp::All(Duty::new(30)));
    assert_eq!(text(&folder, 1, "duty_cycle"), "30000");
    let group = |group, percent| FanOp::Group {
        group,
        duty: Duty::new(percent),
    };
    fans.set(at(20), group(1, 55));
    fans.set(at(20), group(7, 1));
    assert_eq!(text(&folder, 0, "duty_cycle"), "30000");
    assert_eq!(text(&folder, 1, "duty_cycle"), "55000");

    // The dead man drives full by his own way; orders hold for afterwards.
    full.set(true);
    assert_eq!(outputs.full(), Ok(()));
    fans.set(at(30), FanOp::All(Duty::new(40)));
    assert_eq!(text(&folder, 0, "duty_cycle"), "100000");
    full.set(false);
    events.clear();
    fans.poll(at(200), &mut events);
    assert_eq!(text(&folder, 0, "duty_cycle"), "40000");
    assert_eq!(events, []);
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn an_output_that_goes_away_is_told_and_tried_again() {
    let (folder, root) = board("gone");
    let outputs = PwmOutputs::open(&root, &[(0, 0)], PERIOD).expect("there");
    let mut fans = PwmFans::new(outputs, None, FanOverride::default());
    let at = |ms| Instant::ZERO + Duration::from_millis(ms);
    let mut events = Vec::new();
    fans.poll(at(0), &mut events);
    assert_eq!(events, []);
    let pwm = folder.join("sys/class/pwm/pwmchip0/pwm0");
    fs::rename(&pwm, folder.join("away")).expect("moved");
    fans.set(at(10), FanOp::All(Duty::new(50)));
    fans.poll(at(150), &mut events);
    let errno = libc::ENOENT;
    assert_eq!(events, [FanEvent::Failed { errno }]);
    fs::rename(folder.join("away"), &pwm).expect("moved");
    events.clear();
    fans.poll(at(300), &mut events);
    assert_eq!(events, []);
    assert_eq!(text(&folder, 0, "duty_cycle"), "50000");
    fs::remove_dir_all(folder).expect("removed");
}
