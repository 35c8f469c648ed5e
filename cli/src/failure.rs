//! How a command ends when it does not succeed: what happened, what to do about it, and the exit code.

mod register;

use std::borrow::Cow;
use std::fmt;
use std::io;

use colophon_client::crossing::{Objection, Objections};
use colophon_fingerprint::file::FileError;
use colophon_fingerprint::folder::FolderError;

use crate::words::ids::short;

/// The exit codes of every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, or verified.
    Done,
    /// 1: something failed.
    Failed,
    /// 2: the command was not given as it should be.
    Usage,
    /// 3: not registered.
    NotRegistered,
    /// 4: verification failed. The one code that speaks of a forgery.
    NotVerified,
    /// 5: verified, but stale or not witnessed as the policy asks.
    Stale,
    /// 6: refused by the ledger's rules.
    Refused,
    /// 75: try again later (`EX_TEMPFAIL` of sysexits.h).
    TryAgain,
}

impl Exit {
    /// Returns the number that the process ends with.
    pub fn number(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::NotRegistered => 3,
            Exit::NotVerified => 4,
            Exit::Stale => 5,
            Exit::Refused => 6,
            Exit::TryAgain => 75,
        }
    }

    /// Returns the code that stands in `--json` for failures that have none of their own.
    fn code(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Failed => "failed",
            Exit::Usage => "usage",
            Exit::NotRegistered => "not_registered",
            Exit::NotVerified => "verification_failed",
            Exit::Stale => "stale",
            Exit::Refused => "refused",
            Exit::TryAgain => "try_again",
        }
    }
}

/// Returns how several things end together: a forgery is told before anything else, a lack before a delay.
pub fn worst(ends: impl IntoIterator<Item = Exit>) -> Exit {
    let weight = |exit: &Exit| match exit {
        Exit::NotVerified => 7,
        Exit::Failed => 6,
        Exit::Usage => 5,
        Exit::TryAgain => 4,
        Exit::Refused => 3,
        Exit::NotRegistered => 2,
        Exit::Stale => 1,
        Exit::Done => 0,
    };
    ends.into_iter().max_by_key(weight).unwrap_or(Exit::Done)
}

/// Returns whether there was no room for what was to be written: that passes once somebody has made some.
pub fn is_without_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Why a command did not do what it was asked, in words for the person who asked.
///
/// ```
/// use colophon_cli::failure::{Exit, Failure};
/// let failure = Failure::usage("no key is named paper", "see the names with colophon key list");
/// assert_eq!((failure.exit(), failure.code()), (Exit::Usage, "usage"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    exit: Exit,
    code: Cow<'static, str>,
    what: String,
    cure: String,
    /// What the rules of the corridor say, where they refuse.
    crossing: Option<Box<Objections>>,
    /// Whether nothing, or not all of it, came from whoever was asked.
    away: bool,
}

impl Failure {
    /// Returns a failure that ends with `exit`. Both texts are phrases without a full stop.
    pub fn new(exit: Exit, what: impl Into<String>, cure: impl Into<String>) -> Failure {
        Failure { exit, code: exit.code().into(), what: what.into(), cure: cure.into(), crossing: None, away: false }
    }

    /// Returns a failure of something that should have worked (exit 1).
    pub fn failed(what: impl Into<String>, cure: impl Into<String>) -> Failure {
        Failure::new(Exit::Failed, what, cure)
    }

    /// Returns a failure of how the command was given (exit 2).
    pub fn usage(what: impl Into<String>, cure: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, what, cure)
    }

    /// Returns the answer that something is not registered (exit 3).
    pub fn not_registered(what: impl Into<String>, cure: impl Into<String>) -> Failure {
        Failure::new(Exit::NotRegistered, what, cure)
    }

    /// Returns the answer that a proof or a signature is wrong (exit 4).
    pub fn not_verified(what: impl Into<String>, cure: impl Into<String>) -> Failure {
        Failure::new(Exit::NotVerified, what, cure)
    }

    /// Returns a refusal by the ledger's rules, with the refusal's own code (exit 6).
    pub fn refused(code: impl Into<Cow<'static, str>>, what: impl Into<String>, cure: impl Into<String>) -> Failure {
        Failure { code: code.into(), ..Failure::new(Exit::Refused, what, cure) }
    }

    /// Returns a refusal by the rules of the corridor: which rule, its source, and what would help (exit 6).
    pub fn crossing(code: impl Into<Cow<'static, str>>, said: Objections) -> Failure {
        let told = |Objection { rule, holds, because, cite, .. }: &Objection| {
            let does = if *holds { "waits" } else { "refuses" };
            format!("\n  {rule} {does}: {because}\n    source: {cite}")
        };
        let mut cures: Vec<&str> = said.objections.iter().map(|objection| &*objection.cure).collect();
        cures.dedup();
        let waits = said.objections.iter().all(|objection| objection.holds);
        let heading =
            if waits { "the rules of the corridor let this wait" } else { "the rules of the corridor refuse this" };
        let what = format!("{heading}{}", said.objections.iter().map(told).collect::<String>());
        let cure = format!("{}\n  checked against rule set {}; not legal advice", cures.join("; "), short(&said.rules));
        Failure { crossing: Some(Box::new(said)), ..Failure::refused(code, what, cure) }
    }

    /// Returns a failure that will pass by itself (exit 75).
    pub fn try_again(what: impl Into<String>, cure: impl Into<String>) -> Failure {
        Failure::new(Exit::TryAgain, what, cure)
    }

    /// Returns the failure of a question to somebody who cannot be reached (exit 75).
    pub fn away(what: impl Into<String>, cure: impl Into<String>) -> Failure {
        Failure { away: true, ..Failure::try_again(what, cure) }
    }

    /// Returns the failure of a question: where nothing was to be recorded, a refusal says nothing of the ledger's rules.
    ///
    /// What the register does have an answer to, and cannot give, stays a refusal.
    pub fn of_reading(error: impl Into<Failure>) -> Failure {
        let failure: Failure = error.into();
        let is_answer = [
            "ambiguous",
            "certificate_too_large",
            "card_withdrawn",
            "crossing_too_large",
            "crossing_unknown",
            "stats_too_large",
        ]
        .contains(&failure.code());
        if failure.exit != Exit::Refused || is_answer {
            return failure;
        }
        Failure::failed(
            format!("the node did not understand what was asked: {}", failure.what),
            "check that the address is a register's, and that this software is as new as its node's",
        )
    }

    /// Returns how the process should end.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Returns whether whoever was asked could not be reached, and so said neither yes nor no.
    pub fn is_away(&self) -> bool {
        self.away
    }

    /// Returns the stable code for programs.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns what happened.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Returns what the rules of the corridor say, where they refuse.
    pub fn objections(&self) -> Option<&Objections> {
        self.crossing.as_deref()
    }

    /// Returns what to do about it.
    pub fn cure(&self) -> &str {
        &self.cure
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.cure)
    }
}

impl std::error::Error for Failure {}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Failure {
        let cure = error.cure();
        let exit = match &error {
            FileError::Missing(_) | FileError::Folder(_) | FileError::Special(_) => Exit::Usage,
            FileError::Forbidden(_) | FileError::TooLarge(_) | FileError::Read { .. } => Exit::Failed,
            FileError::Changed { .. } => Exit::TryAgain,
        };
        Failure::new(exit, error.to_string(), cure)
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Failure {
        let cure = error.cure();
        match error {
            FolderError::File(error) => error.into(),
            error @ FolderError::List(_) => Failure::failed(error.to_string(), cure),
            error => Failure::usage(error.to_string(), cure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_the_manual() {
        let all = [
            (Exit::Done, 0),
            (Exit::Failed, 1),
            (Exit::Usage, 2),
            (Exit::NotRegistered, 3),
            (Exit::NotVerified, 4),
            (Exit::Stale, 5),
            (Exit::Refused, 6),
            (Exit::TryAgain, 75),
        ];
        for (exit, number) in all {
            assert_eq!(exit.number(), number);
        }
    }

    #[test]
    fn a_forgery_is_told_before_anything_else() {
        assert_eq!(worst([Exit::Done, Exit::Stale]), Exit::Stale);
        assert_eq!(worst([Exit::NotRegistered, Exit::Stale, Exit::Done]), Exit::NotRegistered);
        assert_eq!(worst([Exit::NotVerified, Exit::Failed, Exit::TryAgain]), Exit::NotVerified);
        assert_eq!(worst([]), Exit::Done);
    }

    #[test]
    fn a_question_is_not_refused_by_the_rules() {
        let refused = |code: &'static str| Failure::of_reading(Failure::refused(code, "so it is", "do that"));
        assert_eq!((refused("bad_request").exit(), refused("bad_request").code()), (Exit::Failed, "failed"));
        assert_eq!(refused("certificate_too_large").exit(), Exit::Refused);
        assert_eq!(Failure::of_reading(Failure::usage("a", "b")).exit(), Exit::Usage);
    }

    #[test]
    fn a_refusal_of_the_corridor_names_rule_source_and_cure_and_what_it_is_not() {
        let rules = colophon_ledger::field::Digest(colophon_tlog::hash::sha256(b"rules"));
        let objection = |rule: &str, holds| Objection {
            rule: rule.to_owned(),
            holds,
            because: "relics leave only with a licence".to_owned(),
            cite: "Act on Relics, section 5".to_owned(),
            cure: "get NAT_EXPORT_LICENCE by an authority enrolled for CN".to_owned(),
        };
        let objections = vec![objection("LAW/licence", false), objection("LAW/seal", true)];
        let failure = Failure::crossing("crossing_refused", Objections { rules, objections });
        assert_eq!((failure.exit(), failure.code()), (Exit::Refused, "crossing_refused"));
        assert_eq!(
            failure.what(),
            "the rules of the corridor refuse this\n  LAW/licence refuses: relics leave only with a licence\n    source: Act on \
             Relics, section 5\n  LAW/seal waits: relics leave only with a licence\n    source: Act on Relics, section 5"
        );
        let end = format!("\n  checked against rule set {}; not legal advice", short(&rules));
        assert_eq!(failure.cure(), format!("get NAT_EXPORT_LICENCE by an authority enrolled for CN{end}"));
        assert_eq!(failure.objections().map(|said| said.objections.len()), Some(2));
    }

    #[test]
    fn a_file_that_changes_is_worth_another_try() {
        let error = FileError::Changed { path: "work.mov".into(), read: 1, now: 2 };
        assert_eq!(Failure::from(FolderError::File(error)).exit(), Exit::TryAgain);
        assert_eq!(Failure::from(FolderError::Empty("work".into())).exit(), Exit::Usage);
    }
}
