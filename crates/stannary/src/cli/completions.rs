//! `stannary completions`: what a shell asks when somebody presses the tabulator.
//!
//! The script for a shell is a few lines that ask this binary again (`stannary complete`, which no help shows),
//! so that it is never older than the binary, and the flash holds no second copy of every option.

use clap::{Arg, ArgAction, Args, Command, CommandFactory, ValueEnum};

use super::Cli;

/// `completions`
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// A shell.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// `complete`
#[derive(Args, Debug)]
pub(crate) struct CompleteArgs {
    /// The words behind `stannary`, the last one unfinished
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

const BASH: &str = r#"_stannary() {
    local IFS=$'\n' words
    words=$(stannary complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1)
    COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o bashdefault -o default -F _stannary stannary
"#;

const ZSH: &str = r#"#compdef stannary
_stannary() {
    local line words_here
    words_here=()
    for line in ${(f)"$(stannary complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"}; do
        words_here+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    if (( ${#words_here} )); then _describe stannary words_here; else _files; fi
}
if [ "$funcstack[1]" = _stannary ]; then _stannary "$@"; else compdef _stannary stannary; fi
"#;

const FISH: &str = r#"complete -c stannary -a '(stannary complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
"#;

impl CompletionsArgs {
    /// The script.
    pub(super) fn script(&self) -> &'static str {
        match self.shell {
            Shell::Bash => BASH,
            Shell::Zsh => ZSH,
            Shell::Fish => FISH,
        }
    }
}

impl CompleteArgs {
    /// A line for each word that can stand next: the word, a tabulator, what it is.
    pub(super) fn lines(&self) -> String {
        let (last, before) = match self.words.split_last() {
            Some((last, before)) => (last.as_str(), before),
            None => ("", &[][..]),
        };
        let mut found = candidates(&mut Cli::command(), before);
        found.retain(|(word, _)| {
            word.starts_with(last) && (!word.starts_with('-') || last.starts_with('-'))
        });
        let lines = found
            .into_iter()
            .map(|(word, about)| format!("{word}\t{about}\n"));
        lines.collect()
    }
}

/// What can stand behind these words.
fn candidates(root: &mut Command, before: &[String]) -> Vec<(String, String)> {
    root.build();
    let mut command = &*root;
    let mut positionals = 0;
    let mut waiting: Option<&Arg> = None;
    for word in before {
        if waiting.take().is_some() {
            continue;
        }
        if let Some(option) = option(command, word) {
            waiting = Some(option).filter(|_| !word.contains('='));
        } else if let Some(inner) = command.find_subcommand(word) {
            (command, positionals) = (inner, 0);
        } else if !word.starts_with('-') {
            if command.get_positionals().next().is_none() {
                return Vec::new();
            }
            positionals += 1;
        }
    }
    match waiting {
        Some(option) => values(option),
        None => next(command, positionals),
    }
}

/// The option that takes the word after this one.
fn option<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let name = word.split('=').next().unwrap_or_default();
    let mut takers = command.get_arguments().filter(|arg| takes_value(arg));
    takers.find(|arg| {
        let long = arg
            .get_long()
            .is_some_and(|long| name.strip_prefix("--") == Some(long));
        let short = arg.get_short().map(|short| format!("-{short}"));
        long || short.is_some_and(|short| name == short)
    })
}

fn takes_value(arg: &Arg) -> bool {
    !arg.is_positional() && matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

fn values(arg: &Arg) -> Vec<(String, String)> {
    let values = arg.get_possible_values().into_iter();
    let shown = values.filter(|value| !value.is_hide_set()).map(|value| {
        let about = value.get_help().map(ToString::to_string);
        (value.get_name().to_owned(), about.unwrap_or_default())
    });
    shown.collect()
}

fn next(command: &Command, positionals: usize) -> Vec<(String, String)> {
    let commands = command
        .get_subcommands()
        .filter(|inner| !inner.is_hide_set());
    let mut found: Vec<_> = commands
        .map(|inner| {
            let about = inner.get_about().map(ToString::to_string);
            (inner.get_name().to_owned(), about.unwrap_or_default())
        })
        .collect();
    if let Some(arg) = command.get_positionals().nth(positionals) {
        found.extend(values(arg));
    }
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        if let Some(long) = arg.get_long() {
            let about = arg.get_help().map(ToString::to_string);
            found.push((format!("--{long}"), about.unwrap_or_default()));
        }
    }
    found
}

#[cfg(test)]
#[path = "completions_tests.rs"]
mod tests;
