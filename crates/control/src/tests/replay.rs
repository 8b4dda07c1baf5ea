//! A checkpoint and the inputs since then give the same effects.

use super::faults::Fault;
use super::plant::Box_;
use super::world::World;
use crate::{Control, Effect, Persisted, StartCause};

#[test]
fn any_checkpoint_and_the_inputs_since_replay_to_the_same_effects() {
    let faults = [
        Fault::Commands,
        Fault::Silent,
        Fault::Fan,
        Fault::SupplySags,
    ];
    for (seed, fault) in faults.into_iter().enumerate() {
        let mut world = World::new("antminer-s19-pro", seed as u64, Box_::NOMINAL, fault);
        world.fault_s = (60.0, 200.0);
        world.recording = true;
        world.start(StartCause::PowerReturn, Persisted::default());
        let mut checkpoints = Vec::new();
        for _ in 0..24 {
            let text = serde_json::to_string(&world.control).unwrap();
            checkpoints.push((text, world.inputs.len(), world.effects.len()));
            world.run(17.25).unwrap();
        }
        assert!(world.effects.len() > 100, "nothing happened");
        for (text, inputs, effects) in checkpoints {
            let mut control: Control = serde_json::from_str(&text).unwrap();
            let mut seen = Vec::new();
            for (now, input) in &world.inputs[inputs..] {
                let input = serde_json::to_string(input).unwrap();
                control.handle(*now, serde_json::from_str(&input).unwrap());
                let taken = core::iter::from_fn(|| control.next_effect());
                seen.extend(taken.map(|e: Effect| format!("{e:?}")));
            }
            assert_eq!(
                seen,
                world.effects[effects..],
                "{fault:?} from input {inputs}"
            );
            assert_eq!(control, world.control);
        }
    }
}
