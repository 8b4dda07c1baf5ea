//! From lines of text to explained frames. No input or output here: whoever has lines
//! gives them, and takes records. Fuzzing includes this folder alone.

mod ascii;
mod csv;
mod cut;
mod dump;
mod join;
mod record;
#[cfg(test)]
mod tests;
mod token;

use protocol::explain::{Board, Content, Direction, Fields, Value, explain, register};
use protocol::job::Job;
use protocol::{ChainResponse, Command, Dialect, Profile, Register};

use crate::hex::hex;
use cut::{Cutter, FoundBy, Piece};
use dump::Dump;
use join::Jobs;

pub(crate) use dump::{Fault, Manner};
pub(crate) use record::Record;

/// Lines of a recording that has several channels are put together channel by channel, up
/// to this many; what is beyond joins the last. Four chains, both ways.
const CHANNELS_MAX: usize = 8;

/// What is known before the first line.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// The chip.
    pub(crate) profile: &'static Profile,
    /// Which way all frames go, if it is known.
    pub(crate) from: Option<Direction>,
    /// The board.
    pub(crate) board: Option<Board>,
    /// A job that was sent before.
    pub(crate) job: Option<Job>,
}

/// Explains a recording, line by line.
pub(crate) struct Decoder {
    setting: Setting,
    dump: Dump,
    channels: Vec<(String, Cutter)>,
    jobs: Jobs,
    /// What was read last, for answers that do not say it (BM1387).
    asked: Option<Register>,
}

impl Decoder {
    pub(crate) fn new(setting: Setting) -> Self {
        Decoder {
            dump: Dump::default(),
            channels: Vec::new(),
            jobs: Jobs::new(setting.job.clone()),
            asked: None,
            setting,
        }
    }

    /// Takes a line, or a part of a long one; gives what is complete, and what in the line
    /// cannot be read.
    pub(crate) fn line(
        &mut self,
        number: u64,
        text: &str,
        manner: Manner,
        out: &mut Vec<Record>,
    ) -> Vec<Fault> {
        let read = self.dump.line(text, manner);
        if read.bytes.is_empty() {
            return read.faults;
        }
        let at = self.channel(read.channel.unwrap_or_default());
        let mut pieces = Vec::new();
        if let Some((_, cutter)) = self.channels.get_mut(at) {
            cutter.push(&read.bytes, number, &mut pieces);
        }
        self.explain(pieces, out);
        read.faults
    }

    /// The recording has ended.
    pub(crate) fn finish(&mut self, out: &mut Vec<Record>) {
        let mut pieces = Vec::new();
        for (_, cutter) in &mut self.channels {
            cutter.finish(&mut pieces);
        }
        self.explain(pieces, out);
    }

    fn channel(&mut self, name: String) -> usize {
        let known = self.channels.iter().position(|c| c.0 == name);
        known.unwrap_or_else(|| {
            if self.channels.len() < CHANNELS_MAX {
                let cutter = Cutter::new(self.setting.profile, self.setting.from);
                self.channels.push((name, cutter));
            }
            self.channels.len() - 1
        })
    }

    fn explain(&mut self, pieces: Vec<Piece>, out: &mut Vec<Record>) {
        for piece in pieces {
            let record = match piece.frame {
                Some((direction, by)) => self.frame(direction, by, &piece),
                None => self.garbage(&piece),
            };
            out.push(record);
        }
    }

    fn garbage(&self, piece: &Piece) -> Record {
        let fields = vec![
            ("line", Value::Number(piece.line)),
            ("length", Value::Number(piece.bytes.len() as u64)),
            ("bytes", Value::Text(hex(&piece.bytes))),
        ];
        Record {
            chip: self.setting.profile.name,
            direction: self.setting.from,
            kind: "garbage",
            crc_ok: false,
            fields,
        }
    }

    fn frame(&mut self, direction: Direction, by: FoundBy, piece: &Piece) -> Record {
        let profile = self.setting.profile;
        let explained = explain(profile, direction, &piece.bytes, self.setting.board);
        let mut fields: Fields = vec![
            ("line", Value::Number(piece.line)),
            ("frame", Value::Text(hex(&piece.bytes))),
            ("direction_by", Value::Text(words(by).to_owned())),
        ];
        if let Some(error) = explained.error {
            fields.push(("error", Value::Text(error.to_string())));
        }
        fields.extend(explained.fields);
        match explained.content {
            Content::Job(job) => self.jobs.saw(job),
            Content::Command(Command::ReadRegister { reg, .. }) => self.asked = Some(reg),
            Content::Response(ChainResponse::Nonce(raw)) => {
                let known: Vec<_> = fields.iter().map(|f| f.0).collect();
                let joined = self.jobs.answered_by(profile, &raw);
                fields.extend(joined.into_iter().filter(|f| !known.contains(&f.0)));
            }
            Content::Response(ChainResponse::Register { value, .. }) => {
                self.question(value, &mut fields);
            }
            _ => {}
        }
        Record {
            chip: profile.name,
            direction: Some(direction),
            kind: explained.kind,
            crc_ok: explained.crc_ok,
            fields,
        }
    }

    /// BM1387 does not say which register it answers for: the latest question does.
    fn question(&self, value: u32, fields: &mut Fields) {
        let profile = self.setting.profile;
        if profile.dialect != Dialect::Bm1387 || fields.iter().any(|f| f.0 == "register") {
            return;
        }
        if let Some(reg) = self.asked {
            let by = Value::Text("the latest read before it".to_owned());
            fields.push(("register", Value::Text(format!("0x{:02x}", reg.0))));
            fields.push(("register_by", by));
            fields.extend(register(profile, reg, value));
        }
    }
}

fn words(by: FoundBy) -> &'static str {
    match by {
        FoundBy::Given => "given",
        FoundBy::Preamble => "preamble",
        FoundBy::Checksum => "checksum",
        FoundBy::Shape => "first byte and length; the checksum fits neither direction",
    }
}

/// The bytes of an argument, or the first thing in it that is none.
pub(crate) fn bytes_of(text: &str) -> Result<Vec<u8>, Fault> {
    let read = Dump::default().line(text, Manner::Argument);
    match read.faults.into_iter().next() {
        Some(fault) => Err(fault),
        None => Ok(read.bytes),
    }
}
