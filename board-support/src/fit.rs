//! Whether the parts of a machine fit together: what no single file can be blamed for.

use crate::{Machine, PsuType, bounds};

/// One fault: the machine's key that joined the parts, what is wrong, and what to do.
pub(crate) struct Misfit {
    pub(crate) key: &'static str,
    pub(crate) message: String,
    pub(crate) remedy: &'static str,
}

/// Give the chain the fastest of the hashboard's baud rates that the control board
/// reaches, and find every fault. `types_wanted` are the type words that the machine
/// names; the others are taken out.
pub(crate) fn fit(
    machine: &mut Machine,
    baud_fallback: Option<u32>,
    types_wanted: Option<&[u64]>,
) -> Vec<Misfit> {
    let mut misfits = Misfits::default();
    choose_baud(machine, baud_fallback, &mut misfits);
    choose_types(machine, types_wanted, &mut misfits);
    check_slots(machine, &mut misfits);
    check_frequency(machine, &mut misfits);
    check_voltages(machine, &mut misfits);
    check_limits(machine, &mut misfits);
    misfits.0
}

#[derive(Default)]
struct Misfits(Vec<Misfit>);

impl Misfits {
    fn add(&mut self, key: &'static str, message: String, remedy: &'static str) {
        self.0.push(Misfit {
            key,
            message,
            remedy,
        });
    }
}

fn choose_baud(machine: &mut Machine, fallback: Option<u32>, misfits: &mut Misfits) {
    let (board, control) = (&machine.hashboard, &machine.control_board);
    let mut rates = [Some(board.baud), fallback].into_iter().flatten();
    match rates.find(|rate| *rate <= control.baud_max) {
        Some(rate) => machine.hashboard.baud = rate,
        None => misfits.add(
            "control_boards",
            format!(
                "`{}` reaches {} baud and `{}` wants {}",
                control.id, control.baud_max, board.id, board.baud
            ),
            "give the hashboard a `baud_fallback_per_s`, or name the right control board",
        ),
    }
}

fn choose_types(machine: &mut Machine, wanted: Option<&[u64]>, misfits: &mut Misfits) {
    let Some(wanted) = wanted else { return };
    let psu = &mut machine.psu;
    let has = |word: u64| psu.types.iter().any(|t| u64::from(t.word) == word);
    if let Some(stranger) = wanted.iter().find(|word| !has(**word)) {
        misfits.add(
            "psu_types",
            format!("`{}` has no type {stranger:#x}", psu.id),
            "add the type to the supply's file, or remove the word",
        );
    }
    psu.types.retain(|t| wanted.contains(&u64::from(t.word)));
}

fn check_slots(machine: &Machine, misfits: &mut Misfits) {
    let control = &machine.control_board;
    if machine.slots > control.slots_max {
        misfits.add(
            "slots",
            format!("`{}` carries {} hashboards", control.id, control.slots_max),
            "correct the number, or name the right control board",
        );
    }
}

/// How fast chips may be depends on their family, and that shows on the control board.
fn check_frequency(machine: &Machine, misfits: &mut Misfits) {
    let most = *bounds::frequency_mhz(machine.control_board.link).end();
    let board = &machine.hashboard;
    if board.frequency_max_mhz > most {
        misfits.add(
            "hashboard",
            format!(
                "`{}` may run at {} MHz, and no chip on such a link above {most}",
                board.id, board.frequency_max_mhz
            ),
            "lower its `frequency_max_mhz`, or name the right control board",
        );
    }
}

/// Known voltages lie inside the machine's limits and inside what sets the rail; unknown
/// ones have no limits, so that nothing can take the limits for permission.
fn check_voltages(machine: &Machine, misfits: &mut Misfits) {
    let board = &machine.hashboard;
    let known = [board.voltage_start_mv, board.voltage_mv];
    let known: Vec<u32> = known.into_iter().flatten().collect();
    let outside = |range: (u32, u32)| known.iter().find(|mv| !(range.0..=range.1).contains(mv));
    match machine.limits.voltage_mv {
        None if !known.is_empty() => misfits.add(
            "limits",
            format!(
                "`{}` has voltages and the machine no limit for them",
                board.id
            ),
            "add `voltage_min_mv` and `voltage_max_mv` to `[limits]`",
        ),
        Some(_) if known.is_empty() => misfits.add(
            "limits.voltage_max_mv",
            format!(
                "the voltages of `{}` are unknown: none may be set",
                board.id
            ),
            "remove the range, or give the hashboard its measured voltages",
        ),
        Some(range) if outside(range).is_some() => misfits.add(
            "limits.voltage_max_mv",
            format!("`{}` wants {} mV", board.id, outside(range).unwrap_or(&0)),
            "correct the limits, or the hashboard's voltages",
        ),
        _ => {}
    }
    let rail = machine.rail_range_mv();
    if let Some(mv) = rail.and_then(|r| outside((*r.start(), *r.end())).map(|mv| (r, *mv))) {
        let (range, mv) = mv;
        let (key, part) = match machine.rail_controller_code() {
            Some(_) => ("hashboard", "its voltage controller"),
            None => ("psu", machine.psu.id.as_str()),
        };
        misfits.add(
            key,
            format!(
                "`{part}` gives {} to {} mV and `{}` wants {mv}",
                range.start(),
                range.end(),
                board.id
            ),
            "name the right part, or correct the hashboard's voltages",
        );
    }
    if machine.rail_controller_code().is_none() {
        let short = |t: &&PsuType| {
            let range = t.code.map(|c| c.range_mv());
            range.is_some_and(|r| outside((*r.start(), *r.end())).is_some())
        };
        if let Some(short) = machine.psu.types.iter().find(short) {
            misfits.add(
                "psu",
                format!(
                    "type {:#x} of `{}` cannot give what `{}` wants",
                    short.word, machine.psu.id, board.id
                ),
                "leave the type out of `psu_types`",
            );
        }
    }
}

fn check_limits(machine: &Machine, misfits: &mut Misfits) {
    let limits = &machine.limits;
    if limits.power_max_w < machine.rated_power_w {
        misfits.add(
            "limits.power_max_w",
            format!("is below the rated {} W", machine.rated_power_w),
            "allow at least what the machine is rated at",
        );
    }
    // Fans do what they can before hashrate is given up.
    let full = machine.fans.curve.last().map_or(f64::MAX, |p| p.board_c);
    if full > limits.board_warn_c {
        misfits.add(
            "fans.curve",
            format!("reaches 100 percent at {full} °C, above `board_warn_c`"),
            "let the fans be full where the warning begins",
        );
    }
    if limits
        .cold_below_c
        .is_some_and(|c| c >= limits.board_warn_c)
    {
        misfits.add(
            "limits.cold_below_c",
            "is not below `board_warn_c`".to_owned(),
            "a board cannot be cold and hot at once",
        );
    }
}
