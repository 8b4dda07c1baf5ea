//! From data files to a resolved [`Machine`].

use crate::fit::fit;
use crate::schema::{self, Head};
use crate::strict::{Kind, Problem, Problems, Section, Source, read, read_layered, root_text};
use crate::{ControlBoard, Machine};

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// Begins the name of a machine that is a test's and nobody's: an emulated board, chips of a twin.
const OF_TESTS: &str = "test-";

/// The machines that this build knows, sorted. Those of tests are left out: they are found by
/// name alone.
pub fn machines() -> impl Iterator<Item = &'static str> {
    Library(FILES)
        .names("machines")
        .filter(|name| !is_of_tests(name))
}

/// Whether a machine of this name is a test's: nothing of it can come to harm.
pub fn is_of_tests(model: &str) -> bool {
    model.starts_with(OF_TESTS)
}

/// One machine with everything it refers to, on its default control board.
///
/// # Errors
///
/// A name that no file has, or the faults of the files. The files are part of the build
/// and tested, so a name from [`machines`] resolves.
pub fn machine(model: &str) -> Result<Machine, Problems> {
    Library(FILES).machine_with(model, Board::Default)
}

/// One machine on another of the control boards that its file names.
///
/// # Errors
///
/// As [`machine`], and a control board that this model is not known with.
pub fn machine_on(model: &str, control_board: &str) -> Result<Machine, Problems> {
    Library(FILES).machine_with(model, Board::Named(control_board))
}

/// One machine on a control board that came from elsewhere, [`control_board_from`] a file: a
/// board that is brought up, or one of a test.
///
/// # Errors
///
/// As [`machine`], and a board on which this model cannot sit.
pub fn machine_on_board(model: &str, board: ControlBoard) -> Result<Machine, Problems> {
    Library(FILES).machine_with(model, Board::Given(Box::new(board)))
}

/// The control boards that this build knows, sorted.
pub fn control_boards() -> impl Iterator<Item = &'static str> {
    Library(FILES).names("control-boards")
}

/// One control board.
///
/// # Errors
///
/// A name that no file has.
pub fn control_board(name: &str) -> Result<ControlBoard, Problems> {
    let library = Library(FILES);
    let file = library.load("control-boards", name, None)?;
    file.read(|s| schema::read_control_board(name, s))
}

/// A control board from the text of a file of one's own; `file` is its name in faults, and
/// becomes the board's. It may extend none.
///
/// # Errors
///
/// The file's faults.
pub fn control_board_from(file: &str, text: &str) -> Result<ControlBoard, Problems> {
    read(Source { file, text }, |s| {
        schema::read_control_board(file, s)
    })
}

/// Which control board a machine is resolved on.
pub(crate) enum Board<'a> {
    /// The first that it names.
    Default,
    /// Another of those.
    Named(&'a str),
    /// One that came from elsewhere.
    Given(Box<ControlBoard>),
}

/// (folder, name, text) of files that refer to each other by name.
#[derive(Clone, Copy)]
pub(crate) struct Library<'a>(pub(crate) &'a [(&'a str, &'a str, &'a str)]);

impl<'a> Library<'a> {
    fn names(self, folder: &str) -> impl Iterator<Item = &'a str> {
        let in_folder = move |(f, name, _): &(&str, &'a str, &str)| (*f == folder).then_some(*name);
        self.0.iter().filter_map(in_folder)
    }

    pub(crate) fn machine_with(self, model: &str, board: Board<'_>) -> Result<Machine, Problems> {
        let file = self.load("machines", model, None)?;
        let head = file.read(schema::read_machine)?;
        let (chosen, given) = match board {
            Board::Default => (0, None),
            Board::Named(asked) => (chosen_board(&file, &head, asked)?, None),
            Board::Given(board) => (0, Some(*board)),
        };
        // The faults of all parts, before any of them ends it.
        let mut faults = Problems::default();
        let (read_board, read_hash) = (schema::read_control_board, schema::read_hashboard);
        let boards: Vec<_> = head
            .control_boards
            .iter()
            .map(|name| {
                let at = (&file, "control_boards");
                faults.keep(self.part("control-boards", name, at, read_board))
            })
            .collect();
        let hashboard = self.part(
            "hashboards",
            &head.hashboard,
            (&file, "hashboard"),
            read_hash,
        );
        let hashboard = faults.keep(hashboard);
        let psu = faults.keep(self.part("psus", &head.psu, (&file, "psu"), schema::read_psu));
        let control_board = given.or_else(|| boards.into_iter().nth(chosen).flatten());
        let (Some(control_board), Some(hashboard), Some(psu), true) =
            (control_board, hashboard, psu, faults.is_empty())
        else {
            return Err(faults);
        };
        let mut machine = Machine {
            model: model.to_owned(),
            name: head.name,
            rated_ths: head.rated_ths,
            rated_power_w: head.rated_power_w,
            slots: head.slots,
            control_board,
            control_boards: head.control_boards,
            hashboard: hashboard.hashboard,
            peripherals: hashboard.peripherals,
            psu,
            fans: head.fans,
            limits: head.limits,
        };
        let types = head.psu_types.as_deref();
        for misfit in fit(&mut machine, hashboard.baud_fallback, types) {
            let remedy = misfit.remedy.to_owned();
            faults.push(file.problem(Kind::Value, misfit.key, misfit.message, remedy));
        }
        if faults.is_empty() {
            Ok(machine)
        } else {
            Err(faults)
        }
    }

    /// Load and read one part.
    fn part<T>(
        self,
        folder: &str,
        name: &str,
        asked_by: (&File<'a>, &str),
        read: impl FnOnce(&str, &mut Section<'_>) -> Option<T>,
    ) -> Result<T, Problems> {
        let file = self.load(folder, name, Some(asked_by))?;
        file.read(|s| read(name, s))
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

/// The place of the control board that was asked for among those of the machine.
fn chosen_board(file: &File<'_>, head: &Head, asked: &str) -> Result<usize, Problems> {
    let boards = &head.control_boards;
    boards.iter().position(|b| b == asked).ok_or_else(|| {
        let asked: String = asked.chars().take(60).collect();
        let message = format!("this machine is not known with control board `{asked}`");
        let remedy = format!("use one of: {}", boards.join(", "));
        file.problem(Kind::Name, "control_boards", message, remedy)
            .into()
    })
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
        // The last part of its path; two tables of a file that share a name would need more.
        let name = key.rsplit('.').next().unwrap_or(key);
        let table = format!("[{name}]");
        let is_key = |line: &str| {
            line.trim() == table || line.split('=').next().is_some_and(|k| k.trim() == name)
        };
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
