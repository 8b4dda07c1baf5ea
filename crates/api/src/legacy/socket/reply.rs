//! A reply: its status, its section, and how both are written.

use super::super::row::{Row, quoted};

/// What comes of one command.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Reply {
    /// A status, and the values of a section.
    Status(Status, Option<Section>),
    /// A word in place of both: the end is near.
    Word(&'static str),
    /// The web interface's object, whole.
    Object(String),
}

/// The line that every reply begins with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Status {
    /// `S`uccess, `I`nformation, `W`arning, `E`rror.
    pub(super) kind: char,
    pub(super) code: u16,
    pub(super) message: String,
}

/// The values of a reply.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Section {
    pub(super) name: &'static str,
    /// Its rows begin with a name of their own, so that text needs none of the section.
    pub(super) named_rows: bool,
    pub(super) rows: Vec<Row>,
}

/// What is the same in all replies of a connection.
pub(super) struct Frame {
    pub(super) when: u64,
    pub(super) description: String,
}

impl Reply {
    pub(super) fn new(kind: char, code: u16, message: impl Into<String>) -> Self {
        let message = message.into();
        let status = Status {
            kind,
            code,
            message,
        };
        Reply::Status(status, None)
    }

    pub(super) fn done(code: u16, message: impl Into<String>) -> Self {
        Reply::new('S', code, message)
    }

    pub(super) fn refused(code: u16, message: impl Into<String>) -> Self {
        Reply::new('E', code, message)
    }

    /// With one row.
    pub(super) fn with(self, name: &'static str, row: Row) -> Self {
        self.with_section(name, false, vec![row])
    }

    /// With a row for each thing, which begins with its number.
    pub(super) fn with_list(self, name: &'static str, rows: Vec<Row>) -> Self {
        self.with_section(name, true, rows)
    }

    fn with_section(self, name: &'static str, named_rows: bool, rows: Vec<Row>) -> Self {
        let section = Section {
            name,
            named_rows,
            rows,
        };
        match self {
            Reply::Status(status, _) => Reply::Status(status, Some(section)),
            other => other,
        }
    }

    pub(super) fn write_json(&self, frame: &Frame, out: &mut String) {
        match self {
            Reply::Word(word) => out.push_str(&format!("{{\"STATUS\":\"{word}\",\"id\":1}}")),
            Reply::Object(object) => out.push_str(object),
            Reply::Status(status, section) => {
                out.push_str("{\"STATUS\":[");
                status.row(frame).write_json(out);
                out.push(']');
                if let Some(section) = section {
                    out.push_str(&format!(",{}:[", quoted(section.name)));
                    for (i, row) in section.rows.iter().enumerate() {
                        if i > 0 {
                            out.push(',');
                        }
                        row.write_json(out);
                    }
                    out.push(']');
                }
                out.push_str(",\"id\":1}");
            }
        }
    }

    pub(super) fn write_text(&self, frame: &Frame, out: &mut String) {
        match self {
            Reply::Word(word) => out.push_str(word),
            Reply::Object(object) => out.push_str(object),
            Reply::Status(status, section) => {
                status.row(frame).write_text(out);
                out.push('|');
                for row in section.iter().flat_map(|section| &section.rows) {
                    if let Some(section) = section.as_ref().filter(|s| !s.named_rows) {
                        out.push_str(section.name);
                        out.push(',');
                    }
                    row.write_text(out);
                    out.push('|');
                }
            }
        }
    }
}

impl Status {
    fn row(&self, frame: &Frame) -> Row {
        Row::default()
            .text("STATUS", self.kind.to_string())
            .whole("When", frame.when)
            .whole("Code", self.code)
            .text("Msg", &self.message)
            .text("Description", &frame.description)
    }
}

/// Replies to joined commands, each in its own place.
pub(super) fn write_joined(
    replies: &[(String, Reply)],
    frame: &Frame,
    json: bool,
    out: &mut String,
) {
    for (i, (name, reply)) in replies.iter().enumerate() {
        if json {
            out.push(if i == 0 { '{' } else { ',' });
            out.push_str(&quoted(name));
            out.push_str(":[");
            reply.write_json(frame, out);
            out.push(']');
        } else {
            out.push_str("CMD=");
            out.push_str(name);
            out.push('|');
            reply.write_text(frame, out);
        }
    }
    if json {
        out.push_str(if replies.is_empty() {
            "{\"id\":1}"
        } else {
            ",\"id\":1}"
        });
    }
}
