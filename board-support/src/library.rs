//! From data files to a resolved [`Machine`].

use crate::Machine;
use crate::schema::{self, fits_together};
use crate::strict::{Kind, Problem, Problems, Section, Source, read_layered, root_text};

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The machines that this build knows, sorted.
pub fn machines() -> impl Iterator<Item = &'static str> {
    Library(FILES).names("machines")
}

/// One machine with everything it refers to.
///
/// # Errors
///
/// A name that no file has, or the faults of the files. The files are part of the build
/// and tested, so a name from [`machines`] resolves.
pub fn machine(model: &str) -> Result<Machine, Problems> {
    Library(FILES).machine(model)
}

/// (folder, name, text) of files that refer to each other by name.
#[derive(Clone, Copy)]
pub(crate) struct Library<'a>(pub(crate) &'a [(&'a str, &'a str, &'a str)]);

impl<'a> Library<'a> {
    fn names(self, folder: &str) -> impl Iterator<Item = &'a str> {
        let in_folder = move |(f, name, _): &(&str, &'a str, &str)| (*f == folder).then_some(*name);
        self.0.iter().filter_map(in_folder)
    }

    pub(crate) fn machine(self, model: &str) -> Result<Machine, Problems> {
        let file = self.load("machines", model, None)?;
        let head = file.read(schema::read_machine)?;
        let asked = |key| Some((&file, key));
        let control_board = self.load(
            "control-boards",
            &head.control_board,
            asked("control_board"),
        )?;
        let hashboard = self.load("hashboards", &head.hashboard, asked("hashboard"))?;
        let psu = self.load("psus", &head.psu, asked("psu"))?;
        let machine = Machine {
            model: model.to_owned(),
            name: head.name,
            rated_ths: head.rated_ths,
            rated_power_w: head.rated_power_w,
            slots: head.slots,
            control_board: control_board
                .read(|s| schema::read_control_board(&head.control_board, s))?,
            hashboard: hashboard.read(|s| schema::read_hashboard(&head.hashboard, s))?,
            psu: psu.read(|s| schema::read_psu(&head.psu, s))?,
        };
        fits_together(&machine).map_err(|(key, message, remedy)| {
            Problems::from(file.problem(Kind::Value, key, message, remedy.to_owned()))
        })?;
        Ok(machine)
    }

    /// A file and the one that it extends. `asked_by` is the file and key that named it.
    fn load(
        self,
        folder: &str,
        name: &str,
        asked_by: Option<(&File<'a>, &str)>,
    ) -> Result<File<'a>, Problems> {
        let Some(text) = self.text(folder, name) else {
            return Err(self.unknown(folder, name, asked_by).into());
        };
        let mut file = File::new(folder, name, text);
        // A value that is no text is refused when the file is read.
        let Some(base) = root_text(text, "extends") else {
            return Ok(file);
        };
        let Some(base_text) = self.text(folder, &base) else {
            return Err(self.unknown(folder, &base, Some((&file, "extends"))).into());
        };
        if root_text(base_text, "extends").is_some() {
            let message = format!("`{base}` extends another file itself");
            let remedy = "extend one level only: a part must be readable in two files";
            let problem = file.problem(Kind::Value, "extends", message, remedy.to_owned());
            return Err(problem.into());
        }
        file.base = Some((path(folder, &base), base_text));
        Ok(file)
    }

    fn text(self, folder: &str, name: &str) -> Option<&'a str> {
        let file = self.0.iter().find(|(f, n, _)| *f == folder && *n == name);
        file.map(|(_, _, text)| *text)
    }

    fn unknown(self, folder: &str, name: &str, asked_by: Option<(&File<'_>, &str)>) -> Problem {
        let known: Vec<_> = self.names(folder).collect();
        let remedy = format!("use one of: {}", known.join(", "));
        // A name may come from a command line: keep messages short.
        let name: String = name.chars().take(60).collect();
        let message = format!("no file {folder}/{name}.toml is known");
        match asked_by {
            Some((file, key)) => file.problem(Kind::Name, key, message, remedy),
            None => Problem {
                kind: Kind::Name,
                file: folder.to_owned(),
                line: 0,
                key: name,
                message,
                remedy,
            },
        }
    }
}

/// A data file, perhaps on top of the one that it extends.
struct File<'a> {
    path: String,
    text: &'a str,
    base: Option<(String, &'a str)>,
}

impl<'a> File<'a> {
    fn new(folder: &str, name: &str, text: &'a str) -> Self {
        File {
            path: path(folder, name),
            text,
            base: None,
        }
    }

    fn read<T>(&self, reader: impl FnOnce(&mut Section<'_>) -> Option<T>) -> Result<T, Problems> {
        let own = Some((&self.path, self.text));
        let base = self.base.as_ref().map(|(path, text)| (path, *text));
        let sources = [own, base].into_iter().flatten();
        let sources: Vec<_> = sources.map(|(file, text)| Source { file, text }).collect();
        read_layered(&sources, |s| {
            if s.has("extends") {
                s.text("extends", schema::NAME_MAX)?;
            }
            reader(s)
        })
    }

    /// A problem that shows only where files meet.
    fn problem(&self, kind: Kind, key: &str, message: String, remedy: String) -> Problem {
        let is_key = |line: &str| line.split('=').next().is_some_and(|k| k.trim() == key);
        Problem {
            kind,
            file: self.path.clone(),
            line: self.text.lines().position(is_key).map_or(1, |i| i + 1),
            key: key.to_owned(),
            message,
            remedy,
        }
    }
}

fn path(folder: &str, name: &str) -> String {
    format!("{folder}/{name}.toml")
}
