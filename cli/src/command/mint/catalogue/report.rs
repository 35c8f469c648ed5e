//! What became of each work of a catalogue, as it is told at the end.

use std::fmt;

use colophon_ledger::field::WorkId;
use serde::Serialize;

use super::row::Row;
use crate::failure::{Exit, Failure, worst};
use crate::sheet::Sheet;
use crate::ui::{Answer, Tone};
use crate::words::count;
use crate::words::ids::short;

/// How far values stand in: behind the beginning of an id.
const COLUMN: usize = 20;
/// How far what is told of a work stands in, below it: an id in it stays in one line.
const TOLD_COLUMN: usize = 4;

/// How far a work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// It was registered now.
    Registered,
    /// This account had registered it before.
    ThereBefore,
    /// Nothing was signed: this is what would be.
    DryRun,
    /// The register's rules, or what is registered already, stand against it.
    Refused,
    /// Its file, or what is said about it, cannot be taken.
    Failed,
    /// It is signed and noted, and the register has not acknowledged it.
    Unacknowledged,
    /// The run ended before it.
    NotReached,
}

/// What became of one work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Fate {
    /// Its file, as it was named.
    pub(super) file: String,
    /// Its line in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<u64>,
    /// How far it has come.
    pub(super) outcome: Outcome,
    /// Its id, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) work: Option<WorkId>,
    /// Its place in the log, if it was registered now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<u64>,
    /// Why it is not registered.
    #[serde(flatten)]
    pub(super) why: Option<Why>,
    /// The works of others that it is like, which are to be acknowledged first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) like: Vec<WorkId>,
    /// What else is to be told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
    /// How the command ends for what is missing of a work that is registered: its certificate.
    #[serde(skip)]
    pub(super) lacking: Option<Exit>,
    /// In a dry run, exactly what would be signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    /// In a dry run, the card that the text commits to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) card: Option<String>,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Why {
    #[serde(skip)]
    exit: Exit,
    code: String,
    what: String,
    cure: String,
}

impl From<Failure> for Why {
    fn from(failure: Failure) -> Why {
        Why {
            exit: failure.exit(),
            code: failure.code().to_owned(),
            what: failure.what().to_owned(),
            cure: failure.cure().to_owned(),
        }
    }
}

impl Fate {
    /// Returns what is known of a row that has come so far.
    pub(super) fn of(row: &Row, outcome: Outcome) -> Fate {
        Fate {
            file: row.name(),
            line: row.line,
            outcome,
            work: None,
            index: None,
            why: None,
            like: Vec::new(),
            notes: Vec::new(),
            lacking: None,
            text: None,
            card: None,
        }
    }

    /// Returns the fate of a row that is not registered, and why.
    pub(super) fn not(row: &Row, failure: Failure) -> Fate {
        let outcome = if failure.exit() == Exit::Refused { Outcome::Refused } else { Outcome::Failed };
        Fate { why: Some(failure.into()), ..Fate::of(row, outcome) }
    }

    /// Notes why its certificate could not be written.
    pub(super) fn lacks_certificate(&mut self, failure: &Failure) {
        self.notes.push(format!("{}; {}", failure.what(), failure.cure()));
        self.lacking = Some(failure.exit());
    }

    fn exit(&self) -> Exit {
        match (self.outcome, &self.why) {
            (Outcome::Registered | Outcome::ThereBefore | Outcome::DryRun, _) => self.lacking.unwrap_or(Exit::Done),
            (Outcome::Unacknowledged | Outcome::NotReached, _) => Exit::TryAgain,
            (Outcome::Refused | Outcome::Failed, why) => why.as_ref().map_or(Exit::Failed, |why| why.exit),
        }
    }
}

/// What became of a catalogue: the answer of `mint` for many works.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    registered: u64,
    there_before: u64,
    refused: u64,
    failed: u64,
    unacknowledged: u64,
    not_reached: u64,
    /// Why the run ended before its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<Why>,
    /// What became of each, in the order of the rows.
    works: Vec<Fate>,
}

impl Report {
    /// Returns the report over all rows.
    pub(super) fn new(works: Vec<Fate>, stopped: Option<Failure>) -> Report {
        let number = |outcome: Outcome| works.iter().filter(|fate| fate.outcome == outcome).count() as u64;
        Report {
            registered: number(Outcome::Registered),
            there_before: number(Outcome::ThereBefore),
            refused: number(Outcome::Refused),
            failed: number(Outcome::Failed),
            unacknowledged: number(Outcome::Unacknowledged),
            not_reached: number(Outcome::NotReached),
            stopped: stopped.map(Into::into),
            works,
        }
    }

    /// Returns how the command ends: a run that was stopped ends by what stopped it, another by the worst of its works.
    pub(super) fn exit(&self) -> Exit {
        let stopped = self.stopped.as_ref().map(|why| why.exit);
        stopped.unwrap_or_else(|| worst(self.works.iter().map(Fate::exit)))
    }

    /// Returns the first work that was registered now.
    pub(super) fn first(&self) -> Option<&Fate> {
        self.works.iter().find(|fate| fate.outcome == Outcome::Registered)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new();
        let groups = [
            (Outcome::Registered, "✔", Tone::Good, "registered"),
            (Outcome::ThereBefore, "·", Tone::Good, "there before"),
            (Outcome::DryRun, "·", Tone::Good, "this would be signed"),
            (Outcome::Refused, "!", Tone::Warning, "refused"),
            (Outcome::Failed, "✘", Tone::Bad, "not taken"),
            (Outcome::Unacknowledged, "!", Tone::Warning, "signed, and not acknowledged yet"),
            (Outcome::NotReached, "!", Tone::Warning, "not reached"),
        ];
        for (outcome, mark, tone, heading) in groups {
            let fates: Vec<&Fate> = self.works.iter().filter(|fate| fate.outcome == outcome).collect();
            if fates.is_empty() {
                continue;
            }
            sheet.heading(mark, tone, &format!("{heading}: {}", count(fates.len() as u64, "work")));
            for fate in fates {
                fate.write(&mut sheet);
            }
            sheet.gap();
        }
        if let Some(why) = &self.stopped {
            sheet.heading("✘", Tone::Bad, &format!("stopped: {}", why.what));
            let again =
                if why.exit == Exit::TryAgain { "; then run the same command again: it goes on from here" } else { "" };
            sheet.text(2, &format!("what to do: {}{again}", why.cure));
        }
        sheet.fmt(f)
    }
}

impl Fate {
    fn write(&self, sheet: &mut Sheet) {
        let label = match (&self.work, self.line) {
            (Some(work), _) => short(work),
            (None, Some(line)) => format!("line {line}"),
            (None, None) => String::new(),
        };
        sheet.beside(&label, COLUMN, &self.file);
        if let Some(why) = &self.why {
            sheet.text(TOLD_COLUMN, &why.what);
            sheet.text(TOLD_COLUMN, &format!("what to do: {}", why.cure));
        }
        for note in &self.notes {
            sheet.text(TOLD_COLUMN, note);
        }
        for text in self.text.iter().flat_map(|text| text.lines()).chain(self.card.as_deref()) {
            sheet.whole("", text);
        }
    }
}

impl Answer for Report {
    const SCHEMA: &'static str = "colophon.mint_catalogue/v1";
}

#[cfg(test)]
mod tests {
    use super::super::row::Common;
    use super::*;
    use crate::command::mint::plan::Sources;
    use crate::command::mint::sample::mint_args;

    fn row(name: &str, line: Option<u64>) -> Row {
        let common = Common { work: mint_args(&["x"]).unwrap().work, sources: Sources::default() };
        common.row(line, name.as_ref())
    }

    fn report(stopped: Option<Failure>) -> Report {
        let work = "5f1c".repeat(16).parse().unwrap();
        let hills = Fate { work: Some(work), index: Some(7), ..Fate::of(&row("hills.png", None), Outcome::Registered) };
        let river = Fate { work: Some(work), ..Fate::of(&row("river.png", Some(2)), Outcome::ThereBefore) };
        let refused = Failure::refused("ack_similar_missing", "it is like another's", "look");
        let copy = Fate { like: vec![work], ..Fate::not(&row("copy.png", Some(3)), refused) };
        Report::new(vec![hills, river, copy], stopped)
    }

    #[test]
    fn a_table_says_what_became_of_each() {
        let text = report(None).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "✔ registered: 1 work");
        assert_eq!(lines[1], "  5f1c5f1c5f1c5f1c  hills.png");
        assert_eq!(lines[3], "· there before: 1 work");
        assert_eq!(lines[6], "! refused: 1 work");
        assert_eq!(lines[7], "  line 3            copy.png");
        assert_eq!(lines[8].trim(), "it is like another's");
        assert_eq!(lines[9].trim(), "what to do: look");
    }

    #[test]
    fn an_id_is_never_cut() {
        let id = "5f1c".repeat(16);
        let told =
            format!("it is like what others have registered before: \"Hills\" (work {id}); \"Rain\" (work {id})");
        let refused =
            Failure::refused("ack_similar_missing", told, format!("put into its column ack_similar {id}; {id}"));
        let mut fate = Fate::not(&row("copy.png", Some(3)), refused);
        fate.notes.push(format!("registered before and like it: {id}"));
        let text = Report::new(vec![fate], None).to_string();
        assert_eq!(text.matches(&id).count(), 5, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn a_work_without_its_certificate_is_registered() {
        let mut fate = Fate::of(&row("hills.png", None), Outcome::Registered);
        fate.lacks_certificate(&Failure::failed("its certificate is not written: the disk is full", "write it later"));
        assert_eq!(fate.notes, ["its certificate is not written: the disk is full; write it later"]);
        let report = Report::new(vec![fate], None);
        assert_eq!((report.registered, report.failed, report.exit()), (1, 0, Exit::Failed));
        assert!(report.first().is_some());
    }

    #[test]
    fn programs_are_told_the_same() {
        let json = serde_json::to_value(report(None)).unwrap();
        assert_eq!((json["registered"].as_u64(), json["there_before"].as_u64()), (Some(1), Some(1)));
        let copy = &json["works"][2];
        assert_eq!((copy["outcome"].as_str(), copy["code"].as_str()), (Some("refused"), Some("ack_similar_missing")));
        assert_eq!(copy["like"].as_array().map(Vec::len), Some(1));
        assert!(json["works"][0].get("code").is_none() && json.get("stopped").is_none());
    }

    #[test]
    fn it_ends_by_what_stopped_it_or_by_its_worst_work() {
        assert_eq!(report(None).exit(), Exit::Refused);
        assert_eq!(report(Some(Failure::not_verified("a lie", "keep it"))).exit(), Exit::NotVerified);
        let reached = vec![Fate::of(&row("a", None), Outcome::NotReached)];
        assert_eq!(Report::new(reached, None).exit(), Exit::TryAgain);
        assert_eq!(Report::new(Vec::new(), None).exit(), Exit::Done);
        let missing = Failure::usage("a does not exist", "check");
        assert_eq!(Report::new(vec![Fate::not(&row("a", None), missing)], None).exit(), Exit::Usage);
    }
}
