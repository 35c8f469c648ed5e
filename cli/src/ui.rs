//! Everything a person sees or is asked: the only file that prints.
//!
//! Standard output carries the result and nothing else: text, or with `--json` one line of JSON that names its schema.
//! Notes, warnings, progress and questions go to standard error. A failure goes to standard error too, or with `--json`
//! to standard output, where the program that asked is listening.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal as _, Write};
use std::time::{Duration, Instant};

use age::secrecy::SecretString;
use colophon_client::crossing::Objections;
use dialoguer::{Confirm, Input, Password};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use owo_colors::{OwoColorize as _, Stream, Style};
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::terminal::{self, LastWords};
use crate::words::visible;

/// Work that ends sooner than this shows no progress.
const QUIET_START: Duration = Duration::from_secs(1);
/// A new passphrase shorter than this is warned about.
const PASSPHRASE_CHARS_SAFE: usize = 12;

/// The result of a command: `Display` for people, `Serialize` (as an object) for programs.
pub trait Answer: Display + Serialize {
    /// Name and version of the JSON form, such as `colophon.key_list/v1`.
    const SCHEMA: &'static str;
}

/// How a command talks to whoever runs it.
#[derive(Debug, Clone)]
pub struct Ui {
    json: bool,
    quiet: bool,
    may_ask: bool,
}

impl Ui {
    /// Returns the manners asked for by the flags `--json`, `--quiet` and `--no-input`.
    pub fn new(json: bool, quiet: bool, no_input: bool) -> Ui {
        let may_ask = !no_input && io::stdin().is_terminal() && io::stderr().is_terminal();
        Ui { json, quiet, may_ask }
    }

    /// Returns whether a person sits there who can be asked.
    pub fn may_ask(&self) -> bool {
        self.may_ask
    }

    /// Prints the result.
    pub fn answer<A: Answer>(&self, answer: &A) -> Result<(), Failure> {
        if self.json {
            let line = json_line(A::SCHEMA, answer)?;
            return self.bytes(line.as_bytes());
        }
        let text = answer.to_string();
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        self.bytes(format!("{text}{end}").as_bytes())
    }

    /// Writes bytes to standard output as they are: a file sent to `-`, a completion script.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::failed(format!("the result could not be written: {error}"), "check where the output goes"))
            }
            // Whoever reads has seen enough, as `head` does: no error.
            _ => Ok(()),
        }
    }

    /// Tells what is going on or what comes next; silent under `--quiet`.
    pub fn note(&self, text: impl Display) {
        if !self.quiet {
            say(format_args!("{text}"));
        }
    }

    /// Has the process end as interrupted until the result is dropped, and `text` told then; silent under `--quiet`.
    pub(crate) fn at_interrupt(&self, text: &'static str) -> LastWords {
        terminal::last_words(if self.quiet { "" } else { text })
    }

    /// Tells whether notes are left out.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Names the next useful command; silent under `--quiet`.
    pub fn next(&self, command: impl Display) {
        self.note(format_args!("next: {command}"));
    }

    /// Warns, even under `--quiet`.
    pub fn warn(&self, text: impl Display) {
        say(format_args!("{} {text}", paint_for("warning:", Tone::Warning, Stream::Stderr)));
    }

    /// Prints a failure, as the last thing before the process ends, and returns how it should end.
    pub fn failure(&self, failure: &Failure) -> Exit {
        if self.json {
            let line = json_line("colophon.failure/v1", &FailureJson::from(failure)).unwrap_or_default();
            // Nothing is left to tell it to when standard output is gone as well.
            let _told = self.bytes(line.as_bytes());
        } else {
            say(format_args!("{} {}", paint_for("error:", Tone::Bad, Stream::Stderr), visible(failure.what())));
            say(format_args!("{} {}", paint_for("what to do:", Tone::Good, Stream::Stderr), visible(failure.cure())));
        }
        failure.exit()
    }

    /// Prints what clap has to say: help and version as the result, anything else as a failure of usage.
    pub fn explain(&self, error: &clap::Error) -> Exit {
        if !error.use_stderr() {
            return match self.bytes(error.render().to_string().as_bytes()) {
                Ok(()) => Exit::Done,
                Err(failure) => self.failure(&failure),
            };
        }
        if self.json {
            return self.failure(&Failure::usage(first_paragraph(&error.render().to_string()), "see --help"));
        }
        // clap knows the colours of its own words, and whether they are wanted.
        let _told = error.print();
        Exit::Usage
    }

    /// Starts a progress bar over `total` units of bytes; it appears on a terminal once the work takes over a second.
    pub fn progress(&self, label: &str, total: Option<u64>) -> Progress {
        let may_show = !self.quiet && !self.json && io::stderr().is_terminal();
        Progress::new(label, total, may_show)
    }

    /// Starts a progress bar that counts; how far it goes is said with [`Progress::expect`].
    pub fn counting(&self, label: &str) -> Progress {
        let may_show = !self.quiet && !self.json && io::stderr().is_terminal();
        Progress::of(label, Some(0), may_show, "{msg} {wide_bar} {human_pos} of {human_len}, {per_sec}, {eta} left")
    }

    /// Asks for a line of text. `flag` is what gives the same without being asked, such as `--title TEXT`.
    pub fn ask(&self, question: &str, default: Option<&str>, flag: &str) -> Result<String, Failure> {
        self.check_may_ask(question, flag)?;
        let _guard = terminal::guard();
        let input = Input::<String>::new().with_prompt(question);
        let input = if let Some(default) = default { input.default(default.to_owned()) } else { input };
        input.interact_text().map_err(|error| unanswered(&error, flag))
    }

    /// Asks yes or no. `flag` is what says yes without being asked, such as `--yes`.
    pub fn confirm(&self, question: &str, flag: &str) -> Result<bool, Failure> {
        self.check_may_ask(question, flag)?;
        let _guard = terminal::guard();
        let confirm = Confirm::new().with_prompt(question).default(false);
        confirm.interact().map_err(|error| unanswered(&error, flag))
    }

    /// Asks for a passphrase without showing it.
    pub fn ask_passphrase(&self, question: &str, flag: &str) -> Result<SecretString, Failure> {
        self.check_may_ask(question, flag)?;
        let _guard = terminal::guard();
        let password = Password::new().with_prompt(question).allow_empty_password(true);
        let passphrase = password.interact().map_err(|error| unanswered(&error, flag))?;
        if passphrase.is_empty() {
            Err(Failure::usage("the passphrase is empty", "type it again"))
        } else {
            Ok(passphrase.into())
        }
    }

    /// Asks twice for a new passphrase without showing it, and warns if it is short.
    pub fn ask_new_passphrase(&self, question: &str, flag: &str) -> Result<SecretString, Failure> {
        self.check_may_ask(question, flag)?;
        let guard = terminal::guard();
        let password = Password::new()
            .with_prompt(question)
            .with_confirmation("The same once more", "The two are not the same. Once more, from the beginning");
        let passphrase = password.interact().map_err(|error| unanswered(&error, flag))?;
        drop(guard);
        if passphrase.chars().count() < PASSPHRASE_CHARS_SAFE {
            self.warn("this passphrase is short; four or five random words hold off a thief of the file far longer");
        }
        Ok(passphrase.into())
    }

    fn check_may_ask(&self, question: &str, flag: &str) -> Result<(), Failure> {
        if self.may_ask {
            return Ok(());
        }
        let question = question.trim_end_matches(['?', ':']);
        Err(Failure::usage(
            format!("\"{question}\" has no answer, and nobody can be asked here"),
            format!("give {flag}"),
        ))
    }
}

/// What painted text is to tell, in words as well: colour is never the only sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// Needs a look.
    Warning,
    /// Less important than the rest.
    Faint,
}

/// Returns text in the colour of its tone, where standard output takes colours and `NO_COLOR` is not set.
pub fn paint(text: &str, tone: Tone) -> String {
    paint_for(text, tone, Stream::Stdout)
}

/// A bar over long work. It is taken away when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    may_show: bool,
}

impl Progress {
    fn new(label: &str, total: Option<u64>, may_show: bool) -> Progress {
        let template = if total.is_some() {
            "{msg} {wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left"
        } else {
            "{msg} {spinner} {bytes}, {bytes_per_sec}"
        };
        Progress::of(label, total, may_show, template)
    }

    fn of(label: &str, total: Option<u64>, may_show: bool, template: &str) -> Progress {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        bar.set_message(label.to_owned());
        Progress { bar, started: Instant::now(), may_show }
    }

    /// Says how far it goes.
    pub fn expect(&self, total: u64) {
        self.bar.set_length(total);
    }

    /// Says how much is done so far.
    pub fn advance_to(&mut self, done: u64) {
        if self.may_show && self.started.elapsed() >= QUIET_START {
            self.may_show = false;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position(done);
    }

    /// Changes the words before the bar.
    pub fn relabel(&self, label: &str) {
        self.bar.set_message(label.to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[derive(Serialize)]
struct Labelled<'a, T> {
    schema: &'static str,
    #[serde(flatten)]
    answer: &'a T,
}

#[derive(Serialize)]
struct FailureJson<'a> {
    exit: u8,
    code: &'a str,
    what: &'a str,
    cure: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    crossing: Option<&'a Objections>,
}

impl<'a> From<&'a Failure> for FailureJson<'a> {
    fn from(failure: &'a Failure) -> FailureJson<'a> {
        FailureJson {
            exit: failure.exit().number(),
            code: failure.code(),
            what: failure.what(),
            cure: failure.cure(),
            crossing: failure.objections(),
        }
    }
}

fn json_line<T: Serialize>(schema: &'static str, answer: &T) -> Result<String, Failure> {
    let mut line = serde_json::to_string(&Labelled { schema, answer }).map_err(|error| {
        Failure::failed(format!("the result has no JSON form: {error}"), "leave out --json, and report this as a fault")
    })?;
    line.push('\n');
    Ok(line)
}

fn say(text: fmt::Arguments<'_>) {
    // Standard error is the last place to complain to: when it is gone there is nobody to tell.
    let _told = writeln!(io::stderr().lock(), "{text}");
}

fn paint_for(text: &str, tone: Tone, stream: Stream) -> String {
    let style = match tone {
        Tone::Good => Style::new().green(),
        Tone::Bad => Style::new().red().bold(),
        Tone::Warning => Style::new().yellow(),
        Tone::Faint => Style::new().dimmed(),
    };
    text.if_supports_color(stream, |text| text.style(style)).to_string()
}

fn unanswered(error: &dialoguer::Error, flag: &str) -> Failure {
    terminal::show_cursor();
    Failure::failed(format!("no answer could be read: {error}"), format!("give {flag}"))
}

/// Returns the first paragraph of what clap says, in one line: what is wrong, and of which arguments.
fn first_paragraph(text: &str) -> String {
    let lines = text.trim().trim_start_matches("error: ").lines();
    lines.map(str::trim).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Count {
        works: u64,
    }

    impl Display for Count {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{} works", self.works)
        }
    }

    impl Answer for Count {
        const SCHEMA: &'static str = "colophon.count/v1";
    }

    #[test]
    fn json_is_one_line_that_names_its_schema() {
        let line = json_line(Count::SCHEMA, &Count { works: 3 }).unwrap();
        assert_eq!(line, "{\"schema\":\"colophon.count/v1\",\"works\":3}\n");
    }

    #[test]
    fn a_failure_in_json_has_all_its_parts() {
        let failure = Failure::refused("prev_stale", "somebody was first", "look again");
        let line = json_line("colophon.failure/v1", &FailureJson::from(&failure)).unwrap();
        let expected = "{\"schema\":\"colophon.failure/v1\",\"exit\":6,\"code\":\"prev_stale\",\
                        \"what\":\"somebody was first\",\"cure\":\"look again\"}\n";
        assert_eq!(line, expected);
    }

    #[test]
    fn a_failure_of_usage_names_the_arguments_that_are_missing() {
        let said =
            "error: the following required arguments were not provided:\n  --to <CC>\n  <WORK>\n\nUsage: colophon\n";
        assert_eq!(first_paragraph(said), "the following required arguments were not provided: --to <CC> <WORK>");
    }

    #[test]
    fn nobody_is_asked_under_no_input() {
        let ui = Ui::new(false, false, true);
        for failure in [
            ui.ask("Title?", None, "--title TEXT").unwrap_err(),
            ui.confirm("Title?", "--title TEXT").unwrap_err(),
            ui.ask_passphrase("Title?", "--title TEXT").unwrap_err(),
            ui.ask_new_passphrase("Title?", "--title TEXT").unwrap_err(),
        ] {
            assert_eq!((failure.exit(), failure.cure()), (Exit::Usage, "give --title TEXT"));
            assert_eq!(failure.what(), "\"Title\" has no answer, and nobody can be asked here");
        }
    }

    #[test]
    fn progress_stays_hidden_at_first() {
        let mut progress = Ui::new(false, false, true).progress("reading", Some(10));
        progress.advance_to(5);
        assert!(progress.bar.is_hidden());
        assert_eq!(progress.bar.position(), 5);
    }
}
