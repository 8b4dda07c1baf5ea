//! The binary as it is flashed, on a real kernel: what stands behind its devices is moved from here, and what it
//! says and does is held against that, and against what the simulation says of the same.
//!
//! What is genuine here and what stands in is in docs/kernel-test.md.

mod daemon;
mod machine;
mod nodes;

use machine::Machine;

/// One boot for all claims: it is what takes the time.
#[test]
fn the_flashed_binary_mines_on_devices_of_a_real_kernel_and_answers_what_happens_to_them() {
    let Some(mut machine) = Machine::boot() else {
        return;
    };
    nodes::are_those_of_the_kernel(machine.guest(), machine.chips());
    machine.surround();
    daemon::mines_and_answers_what_happens(&machine);
}
