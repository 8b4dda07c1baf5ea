//! `stannary decode`: frames in words, from arguments or from a recording on stdin.
//!
//! `frames` knows text and frames and does no input or output; here are the arguments, the
//! streams and the exit code.

#[cfg(test)]
mod entries;
mod frames;
mod lines;
#[cfg(test)]
mod tests;
mod text;
mod words;

use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use protocol::explain::{Board, Content, Direction, explain};
use protocol::job::Job;
use protocol::{PROFILES, Profile, spi};

use self::frames::{Decoder, Fault, Manner, Record, Setting};
use self::lines::Lines;
use super::table::Colour;
use super::{EXIT_FAILED, EXIT_USAGE};

/// `decode`
#[derive(Args, Debug)]
pub(crate) struct DecodeArgs {
    /// The chip: bm1387, bm1397, bm1398, bm1362, bm1366, bm1368 or bm1370; a1 or t1 on SPI
    #[arg(long, value_name = "NAME", value_parser = chip)]
    chip: Chip,
    /// Who sent the frames [default: found from each frame]
    #[arg(long, value_name = "WHO")]
    from: Option<From>,
    /// A job that was sent before, for the nonces that answer it
    #[arg(long, value_name = "HEX")]
    job: Option<String>,
    /// Chips on the chain: nonces then tell the place of their chip
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    chips: Option<u16>,
    /// Difference between neighbouring addresses [default: 256 / chips]
    #[arg(long, value_name = "N", requires = "chips", value_parser = clap::value_parser!(u8).range(1..))]
    address_interval: Option<u8>,
    /// Print for people, even where stdout is no terminal
    #[arg(long, conflicts_with = "json")]
    text: bool,
    /// Print JSON, even on a terminal: one object per frame
    #[arg(long)]
    json: bool,
    /// Frames as digits; without any, lines are read from stdin
    #[arg(value_name = "HEX", allow_hyphen_values = true)]
    hex: Vec<String>,
}

/// A chip of one family or the other.
#[derive(Clone, Copy, Debug)]
enum Chip {
    /// Frames on a serial line.
    Serial(&'static Profile),
    /// Exchanges on SPI.
    Words(&'static spi::Profile),
}

/// Who sends.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum From {
    /// Chips to host
    Chip,
    /// Host to chips
    Host,
}

/// Explain what was asked.
pub(crate) fn decode(args: &DecodeArgs) -> ExitCode {
    let setting = match setting(args) {
        Ok(setting) => setting,
        Err(why) => {
            eprintln!("error: {why}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let print = Print {
        out: BufWriter::new(io::stdout().lock()),
        text: args.text || !args.json && io::stdout().is_terminal(),
        colour: Colour::for_stdout(),
        faults: 0,
    };
    let stdin = args.hex.is_empty() || args.hex == ["-"];
    let done = match (setting, stdin) {
        (Known::Serial(setting), true) => from_stdin(setting, print),
        (Known::Serial(setting), false) => from_arguments(setting, &args.hex, print),
        (Known::Words(setting), true) => {
            words::stream(setting, BufReader::new(io::stdin().lock()), print)
        }
        (Known::Words(setting), false) => words::from_arguments(setting, &args.hex, print),
    };
    match done {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(EXIT_USAGE),
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(EXIT_FAILED)
        }
    }
}

fn chip(name: &str) -> Result<Chip, String> {
    let name = name.to_lowercase();
    let serial = protocol::profile(&name).map(Chip::Serial);
    let found = serial.or_else(|| spi::profile(&name).map(Chip::Words));
    found.ok_or_else(|| {
        let serial = PROFILES.iter().map(|p| p.name);
        let known: Vec<&str> = serial.chain(spi::PROFILES.iter().map(|p| p.name)).collect();
        format!("no such chip; known: {}", known.join(", "))
    })
}

/// What is known before the first line.
#[derive(Debug)]
enum Known {
    Serial(Setting),
    Words(words::Setting),
}

fn setting(args: &DecodeArgs) -> Result<Known, String> {
    let from = args.from.map(|from| match from {
        From::Chip => Direction::FromChip,
        From::Host => Direction::FromHost,
    });
    let profile = match args.chip {
        Chip::Serial(profile) => profile,
        Chip::Words(_) if args.job.is_some() || args.chips.is_some() => {
            return Err("`--job` and `--chips` are for chips on a serial line".to_owned());
        }
        Chip::Words(profile) => return Ok(Known::Words(words::Setting { profile, from })),
    };
    let job = args.job.as_deref().map(|hex| job(profile, hex));
    let board = args.chips.map(|chips| Board {
        chips,
        address_interval: args
            .address_interval
            .unwrap_or_else(|| u8::try_from(256 / chips.max(1)).unwrap_or(u8::MAX)),
    });
    Ok(Known::Serial(Setting {
        profile,
        from,
        board,
        job: job.transpose()?,
    }))
}

fn job(profile: &'static Profile, hex: &str) -> Result<Job, String> {
    let bytes = frames::bytes_of(hex)
        .map_err(|fault| format!("--job, column {}: {}", fault.column, fault.what))?;
    let read = explain(profile, Direction::FromHost, &bytes, None);
    match (read.content, read.error) {
        (Content::Job(job), _) => Ok(job),
        (_, Some(why)) => Err(format!("--job is no job for {}: {why}", profile.name)),
        _ => Err(format!("--job is no job but `{}`", read.kind)),
    }
}

fn from_arguments(
    setting: Setting,
    all: &[String],
    mut print: Print<impl Write>,
) -> io::Result<u64> {
    let mut decoder = Decoder::new(setting);
    let mut records = Vec::new();
    for (number, argument) in (1..).zip(all) {
        let faults = decoder.line(number, argument, Manner::Argument, &mut records);
        print.faults(&format!("argument {number}"), 0, faults);
    }
    decoder.finish(&mut records);
    print.records(&mut records)?;
    print.end()
}

fn from_stdin(setting: Setting, print: Print<impl Write>) -> io::Result<u64> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        eprintln!("reading frames from the terminal; Ctrl-D ends");
    }
    stream(setting, BufReader::new(stdin.lock()), print)
}

/// Explains an input line by line, in bounded memory.
fn stream(setting: Setting, input: impl BufRead, mut print: Print<impl Write>) -> io::Result<u64> {
    let mut decoder = Decoder::new(setting);
    let mut lines = Lines::new(input);
    let mut records = Vec::new();
    let mut binary = false;
    while let Some(piece) = lines.next()? {
        if !binary && piece.text.contains('\0') {
            binary = true;
            print.say("this is no text; `xxd -p FILE | stannary decode …` makes digits of bytes");
        }
        let manner = match piece.before {
            0 => Manner::Line,
            _ => Manner::Rest,
        };
        let faults = decoder.line(piece.number, &piece.text, manner, &mut records);
        print.faults(&format!("line {}", piece.number), piece.before, faults);
        // At once, because the input may be a wire that somebody looks at.
        print.records(&mut records)?;
    }
    decoder.finish(&mut records);
    print.records(&mut records)?;
    print.end()
}

/// Where records and faults go.
struct Print<W: Write> {
    out: W,
    text: bool,
    colour: Colour,
    faults: u64,
}

impl<W: Write> Print<W> {
    fn records(&mut self, records: &mut Vec<Record>) -> io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        for record in records.drain(..) {
            if self.text {
                self.out
                    .write_all(text::render(&record, self.colour).as_bytes())?;
            } else {
                serde_json::to_writer(&mut self.out, &record)?;
                self.out.write_all(b"\n")?;
            }
        }
        self.out.flush()
    }

    fn faults(&mut self, place: &str, before: usize, faults: Vec<Fault>) {
        for Fault { column, what } in faults {
            self.say(&format!("{place}, column {}: {what}", before + column));
        }
    }

    fn say(&mut self, what: &str) {
        self.faults += 1;
        eprintln!("error: {what}");
    }

    fn end(mut self) -> io::Result<u64> {
        self.out.flush()?;
        Ok(self.faults)
    }
}
