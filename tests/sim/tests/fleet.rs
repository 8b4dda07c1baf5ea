//! A slice of the site that `scripts/fleet-step` runs. Grade: thinned(256), physics exact.

use sim::fleet::Site;

/// What runs in some seconds: few of the machine that costs the least to simulate.
const SLICE: u64 = 20;

#[test]
fn machines_that_start_and_resume_as_one_rise_slowly() {
    let mut site = Site::empty("antminer-s9");
    (1..=SLICE).for_each(|seed| site.add(seed));
    for step in site.steps() {
        let share = step.rise_w / site.rated_w * 100.0;
        println!(
            "{}: {share:.2} % at {:.2} s",
            step.phase.name, step.rise_at_s
        );
    }
    let broken = site.broken();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
