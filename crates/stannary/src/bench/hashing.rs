//! The hashing core: every implementation that this processor has, for every operation, beside the
//! `sha2` crate and beside what the processor's ports allow, in the same run.
//!
//! A figure is the best of many short slices: other programs can make a slice slower and never
//! faster. The slices of all figures alternate, so that all see the same computer; cycles are
//! counted by additions that wait for each other, so a figure in cycles does not depend on the
//! frequency.

use std::hint::black_box;
use std::time::Instant;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use sha256d::{Candidate, Hasher, Implementation, Scan, Target, measure};

/// Rounds of slices. A round takes some milliseconds.
const ROUNDS: u32 = 400;
/// Nonces of a slice of scan: five blocks of the scan's own.
const NONCES: u32 = 2560;
/// Headers of a batch, as a chain's registry may ask for together.
const BATCH: usize = 16;
/// Repetitions of a short operation in a slice.
const REPEATS: u32 = 64;
/// Additions that count a slice's cycles.
const ADDITIONS: u32 = 65_536;

/// One figure: what is done, how many hashes or midstates that is, and the best time so far.
struct Figure {
    group: &'static str,
    name: &'static str,
    per_slice: f64,
    work: Box<dyn FnMut()>,
    best_ns: f64,
}

impl Figure {
    fn new(
        group: &'static str,
        name: &'static str,
        per_slice: u32,
        work: impl FnMut() + 'static,
    ) -> Self {
        Figure {
            group,
            name,
            per_slice: f64::from(per_slice),
            work: Box::new(work),
            best_ns: f64::INFINITY,
        }
    }

    fn slice(&mut self) {
        let started = Instant::now();
        (self.work)();
        let ns = started.elapsed().as_nanos() as f64 / self.per_slice;
        self.best_ns = self.best_ns.min(ns);
    }
}

/// Figures of all implementations, and a table of them on stderr.
pub(super) fn measure() -> Value {
    let mut figures = peer();
    for implementation in Implementation::ALL {
        figures.extend(Hasher::forced(implementation).map(of).into_iter().flatten());
    }
    let ports = measure::sha_ni_ports(1).map(|()| {
        Figure::new("limit", "sha_ni_ports", 256, || {
            black_box(measure::sha_ni_ports(256));
        })
    });
    figures.extend(ports);
    let mut cycle_ns = f64::INFINITY;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let counted = measure::dependent_additions(ADDITIONS);
        let ns = started.elapsed().as_nanos() as f64 / f64::from(ADDITIONS);
        if counted.is_some() {
            cycle_ns = cycle_ns.min(ns);
        }
        figures.iter_mut().for_each(Figure::slice);
    }
    eprint!("{}", table(&figures, cycle_ns));
    report(&figures, cycle_ns)
}

/// `sha2`, on whole headers and from a midstate.
fn peer() -> Vec<Figure> {
    let mut header = [0x5a; 80];
    let whole = move || {
        for i in 0..REPEATS {
            header[76..80].copy_from_slice(&i.to_le_bytes());
            black_box(Sha256::digest(Sha256::digest(black_box(header))));
        }
    };
    let mut started = Sha256::new();
    started.update([0x5a; 64]);
    let from_midstate = move || {
        for i in 0..REPEATS {
            let mut first = black_box(&started).clone();
            first.update([0x5a; 12]);
            first.update(i.to_le_bytes());
            black_box(Sha256::digest(first.finalize()));
        }
    };
    vec![
        Figure::new("sha2", "header", REPEATS, whole),
        Figure::new("sha2", "from_midstate", REPEATS, from_midstate),
    ]
}

/// Every operation by one implementation. No hash meets the targets, as in a search; `single_hit`
/// is a nonce that does.
fn of(hasher: Hasher) -> Vec<Figure> {
    let group = hasher.implementation().name();
    let first64 = [0x5a; 64];
    let item = Candidate {
        midstate: hasher.midstate(&first64),
        tail: [0x5a; 12],
        nonce_wire: [1, 2, 3, 4],
    };
    let never = Target::zero_bits(256);
    let scan = Scan::by(hasher, &item.midstate, &item.tail, never);
    let items = [item; BATCH];
    let headers = [[0x5a; 80]; BATCH];
    let batch = BATCH as u32;
    vec![
        Figure::new(group, "scan", NONCES, move || {
            black_box(black_box(&scan).range(0..NONCES));
        }),
        Figure::new(group, "batch_headers", batch * REPEATS, move || {
            for _ in 0..REPEATS {
                let mut out = [None; BATCH];
                hasher.verify_headers(black_box(&headers), &never, &mut out);
                black_box(&out);
            }
        }),
        Figure::new(group, "batch_from_midstates", batch * REPEATS, move || {
            for _ in 0..REPEATS {
                let mut out = [None; BATCH];
                hasher.verify_batch(black_box(&items), &never, &mut out);
                black_box(&out);
            }
        }),
        single(group, "single", hasher, item, never),
        single(group, "single_hit", hasher, item, Target::MAX),
        Figure::new(group, "midstates_of_4", 4 * REPEATS, move || {
            for _ in 0..REPEATS {
                let mut out = [[0; 8]; 4];
                hasher.midstates_for_versions(black_box(&first64), &[0, 1, 2, 3], &mut out);
                black_box(&out);
            }
        }),
    ]
}

/// One verification after the other, from a midstate and tail that are there, each of another
/// nonce.
fn single(
    group: &'static str,
    name: &'static str,
    hasher: Hasher,
    mut item: Candidate,
    target: Target,
) -> Figure {
    Figure::new(group, name, REPEATS, move || {
        for nonce in 0..REPEATS {
            item.nonce_wire = nonce.to_le_bytes();
            black_box(hasher.verify(black_box(&item), &target));
        }
    })
}

/// What `sha2` needs for the same: a header, for what does not say otherwise.
fn sha2_header_ns(figures: &[Figure]) -> f64 {
    figures
        .iter()
        .find(|figure| figure.group == "sha2" && figure.name == "header")
        .map_or(f64::NAN, |figure| figure.best_ns)
}

fn report(figures: &[Figure], cycle_ns: f64) -> Value {
    let peer_ns = sha2_header_ns(figures);
    let limit_ns = figures
        .iter()
        .find(|figure| figure.group == "limit")
        .map(|figure| figure.best_ns);
    let mut groups = Map::new();
    for figure in figures {
        let entry = groups.entry(figure.group).or_insert_with(|| json!({}));
        let mut value = json!({
            "mhs": round(1e3 / figure.best_ns),
            "cycles": cycles(figure, cycle_ns),
            "ratio_to_sha2_header": round(peer_ns / figure.best_ns),
        });
        if let (Some(limit), "sha-ni", "scan") = (limit_ns, figure.group, figure.name) {
            value["share_of_limit"] = json!(round(limit / figure.best_ns));
        }
        entry[figure.name] = value;
    }
    json!({
        "best": Implementation::best().name(),
        "cycle_ns": cycle_ns.is_finite().then(|| round(cycle_ns)),
        "figures": groups,
    })
}

/// Cycles per hash, or `null` where cycles cannot be counted.
fn cycles(figure: &Figure, cycle_ns: f64) -> Value {
    match cycle_ns.is_finite() {
        true => json!((figure.best_ns / cycle_ns * 10.0).round() / 10.0),
        false => Value::Null,
    }
}

/// For people: a line per figure.
fn table(figures: &[Figure], cycle_ns: f64) -> String {
    let peer_ns = sha2_header_ns(figures);
    let mut out = format!(
        "{:<10} {:<22} {:>9} {:>9} {:>8}\n",
        "by", "operation", "MH/s", "cycles", "x sha2"
    );
    for figure in figures {
        let cycles = match cycle_ns.is_finite() {
            true => format!("{:.1}", figure.best_ns / cycle_ns),
            false => "-".to_owned(),
        };
        out += &format!(
            "{:<10} {:<22} {:>9.3} {cycles:>9} {:>8.2}\n",
            figure.group,
            figure.name,
            1e3 / figure.best_ns,
            peer_ns / figure.best_ns
        );
    }
    out
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
