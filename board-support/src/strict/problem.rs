//! One fault in a file, and a list of them.

use core::fmt;

use super::Source;

/// What sort of fault it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// The file cannot be read.
    File,
    /// Not TOML.
    Syntax,
    /// A key that is unknown, missing or misplaced.
    Key,
    /// A value of the wrong type or outside its range.
    Value,
    /// A name that no file of `board-support` defines.
    Name,
    /// A backend that this build does not have.
    Backend,
}

/// One fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// What sort of fault.
    pub kind: Kind,
    /// The file.
    pub file: String,
    /// The line, counted from 1; for a missing key, where its table begins; 0 where the
    /// fault is the file itself.
    pub line: usize,
    /// The key with its path, `pool[0].url`; empty where the fault is in no key.
    pub key: String,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Problem {
    /// Where it is and what is wrong, in one line without the remedy.
    pub fn place_and_message(&self) -> String {
        let line = match self.line {
            0 => String::new(),
            line => format!(":{line}"),
        };
        let key = match &*self.key {
            "" => String::new(),
            key => format!(": `{key}`"),
        };
        format!("{}{line}{key}: {}", self.file, self.message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place_and_message())?;
        if !self.remedy.is_empty() {
            write!(f, "\nhint: {}", self.remedy)?;
        }
        Ok(())
    }
}

/// Faults by file and line, at most [`Problems::MAX`]: more would hide the first ones.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Faults that are kept; later ones are dropped.
    pub const MAX: usize = 100;

    /// Note one.
    pub fn push(&mut self, problem: Problem) {
        if !self.is_full() {
            self.0.push(problem);
        }
    }

    /// Note those of a part that could not be read, and go on without it.
    pub(crate) fn keep<T>(&mut self, read: Result<T, Problems>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(problems) => {
                problems.0.into_iter().for_each(|p| self.push(p));
                None
            }
        }
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= Self::MAX
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    pub(super) fn sorted(mut self, sources: &[Source<'_>]) -> Problems {
        let rank = |p: &Problem| sources.iter().position(|s| s.file == p.file);
        self.0.sort_by_key(|p| (rank(p), p.line));
        self
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Problems(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl core::error::Error for Problems {}
