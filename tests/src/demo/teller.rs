//! How the story is printed: scenes, what is said, commands as typed with what came of them.

use std::io::IsTerminal;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::person::{Outcome, Person};

const WIDTH: usize = 96;

/// Prints the story to standard output, in colour where that is a terminal.
#[derive(Debug)]
pub(crate) struct Teller {
    colour: bool,
    started: Instant,
    scene: std::cell::Cell<u32>,
}

impl Teller {
    pub(crate) fn new() -> Teller {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Teller { colour, started: Instant::now(), scene: std::cell::Cell::new(0) }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(crate) fn title(&self, name: &str, line: &str) {
        println!("\n  {}\n  {line}\n", self.paint("1", name));
    }

    /// Begins the next scene.
    pub(crate) fn scene(&self, name: &str) {
        self.scene.set(self.scene.get() + 1);
        let heading = format!(" {}. {name} ", self.scene.get());
        let rule = "─".repeat(WIDTH.saturating_sub(heading.chars().count() + 2));
        println!("\n{}\n", self.paint("1;36", &format!("──{heading}{rule}")));
    }

    /// Says that something came out as it should.
    pub(crate) fn good(&self, text: &str) {
        println!("  {} {text}", self.paint("1;32", "✔"));
    }

    /// Lets a person type a command that must end with `code`, and shows it with its result, or with its complaint.
    pub(crate) fn types(&self, person: &Person, args: &[&str], code: i32) -> Result<Outcome> {
        let outcome = self.typed(person, args, code)?;
        self.shows(if code == 0 { &outcome.stdout } else { &outcome.stderr });
        println!();
        Ok(outcome)
    }

    /// The same, and shows what was said on the way too.
    pub(crate) fn types_and_reads_all(&self, person: &Person, args: &[&str], code: i32) -> Result<Outcome> {
        let outcome = self.typed(person, args, code)?;
        self.shows(&outcome.stderr);
        self.shows(&outcome.stdout);
        println!();
        Ok(outcome)
    }

    fn typed(&self, person: &Person, args: &[&str], code: i32) -> Result<Outcome> {
        let started = Instant::now();
        let outcome = quietly(person, args, code)?;
        let line = self.paint("1", &format!("{} $ {}", person.name(), shown(args)));
        let took = self.paint("2", &format!("({} ms)", started.elapsed().as_millis()));
        println!("\n  {line}  {took}");
        Ok(outcome)
    }

    fn shows(&self, text: &str) {
        for line in text.lines() {
            println!("  {} {line}", self.paint("2", "│"));
        }
    }

    pub(crate) fn curtain(&self) {
        let seconds = self.started.elapsed().as_secs();
        println!("\n{}\n", self.paint("1;36", &"─".repeat(WIDTH)));
        say(&format!(
            "Everything above was done by real processes, in {seconds} seconds, and every claim was checked."
        ));
        println!();
    }
}

/// Returns a command as a person would type it, its ids cut short for the page.
fn shown(args: &[&str]) -> String {
    let word = |arg: &&str| match arg {
        arg if arg.len() >= 48 && arg.is_ascii() && !arg.contains(' ') => format!("{}…", &arg[..12]),
        arg if arg.contains([' ', '"']) => format!("'{arg}'"),
        arg => (*arg).to_owned(),
    };
    std::iter::once("colophon".to_owned()).chain(args.iter().map(word)).collect::<Vec<_>>().join(" ")
}

/// Tells something, wrapped to the width of the page.
pub(crate) fn say(text: &str) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH - 2 {
            println!("  {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    println!("  {line}");
}

/// Lets a person type a command that must end with `code`, unseen.
pub(crate) fn quietly(person: &Person, args: &[&str], code: i32) -> Result<Outcome> {
    let outcome = person.run(args);
    if outcome.code != code {
        bail!("{} should have ended with {code}: {outcome}", shown(args));
    }
    Ok(outcome)
}
