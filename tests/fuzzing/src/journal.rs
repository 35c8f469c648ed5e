//! The journal of a catalogue: every whole line in front of the first that cannot be read counts, and nothing behind it does.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use arbitrary::{Arbitrary, Unstructured};
use colophon_cli::command::mint::catalogue::fuzzed::{ReadJournal, journal};
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::text_of;
use colophon_ledger::field::EntryId;
use serde_json::{Value, json};

use crate::choices::rest;
use crate::mutate::Dice;
use crate::people::{account, body_of, signed_draft};
use crate::story::story;

/// Words of journals.
pub const WORDS: &[&str] = &[
    "{\"recorded\":\"",
    "{\"refused\":\"",
    "{\"signed\":{",
    "\"draft\":",
    "\"file\":",
    "\"modified_ns\":",
    "\n",
    "null",
];

/// The most lines.
const LINES_MAX: usize = 64;

/// Lines that no journal has.
const NO_LINES: [&str; 7] = [
    "",
    "{}",
    "null",
    "{\"signed\":{}}",
    "{\"signed\":{\"draft\":null}}",
    "{\"recorded\":\"8ed2\"}",
    "{\"format\":\"colophon.catalogue/v1\"}",
];

#[derive(Debug, Arbitrary)]
enum Line {
    Signed { number: u8, file: Option<u8> },
    Recorded(u8),
    Refused(u8),
    None(u8),
    Garbage(Vec<u8>),
}

/// What is signed here.
fn drafts() -> &'static [Draft] {
    static DRAFTS: OnceLock<Vec<Draft>> = OnceLock::new();
    let register = &story().replay.rules().register;
    let draft = |country: &str| {
        let card = story().cards[0].digest();
        let ana = account("ana");
        let profile = json!({"by": ana, "card": card, "country": country, "kind": "profile", "prev": ana});
        signed_draft(text_of(register, &body_of(&profile)), &[("ana", "ana")])
    };
    DRAFTS.get_or_init(|| ["CN", "FR", "JP"].map(draft).to_vec())
}

fn id(number: u8) -> EntryId {
    drafts()[usize::from(number) % drafts().len()].id()
}

fn genesis() -> EntryId {
    story().replay.rules().register.genesis
}

impl Line {
    fn bytes(&self) -> Vec<u8> {
        let line: Value = match self {
            Line::Signed { number, file } => {
                let draft = &drafts()[usize::from(*number) % drafts().len()];
                let file = file.map(|file| json!({"path": format!("/art/{file}"), "bytes": 1, "modified_ns": 1}));
                file.map_or_else(
                    || json!({"signed": {"draft": draft}}),
                    |file| json!({"signed": {"draft": draft, "file": file}}),
                )
            }
            Line::Recorded(number) => json!({"recorded": id(*number)}),
            Line::Refused(number) => json!({"refused": id(*number)}),
            Line::None(which) => {
                return (NO_LINES[usize::from(*which) % NO_LINES.len()].to_owned() + "\n").into_bytes();
            }
            Line::Garbage(bytes) => {
                let own = bytes.iter().copied().filter(|byte| *byte != b'\n');
                return b"!".iter().copied().chain(own).chain([b'\n']).collect();
            }
        };
        (line.to_string() + "\n").into_bytes()
    }
}

/// What a journal says, kept in the plainest way.
#[derive(Default)]
struct Model {
    open: Vec<(EntryId, Option<u8>)>,
    done: BTreeMap<u8, EntryId>,
}

impl Model {
    /// Takes a line; returns whether it can be read.
    fn take(&mut self, line: &Line) -> bool {
        match line {
            Line::Signed { number, file } => {
                self.settle(id(*number));
                self.open.push((id(*number), *file));
                true
            }
            Line::Recorded(number) => match self.settle(id(*number)) {
                Some((id, file)) => {
                    self.done.extend(file.map(|file| (file, id)));
                    true
                }
                None => false,
            },
            Line::Refused(number) => self.settle(id(*number)).is_some(),
            Line::None(_) | Line::Garbage(_) => false,
        }
    }

    /// Takes an entry out of what is open; returns it and its file, if it was there.
    fn settle(&mut self, id: EntryId) -> Option<(EntryId, Option<u8>)> {
        let place = self.open.iter().position(|(open, _)| *open == id)?;
        Some(self.open.remove(place))
    }
}

fn read(bytes: &[u8]) -> Option<ReadJournal> {
    let mut read = journal(bytes, genesis(), account("ana")).ok()?;
    read.done.sort_unstable();
    Some(read)
}

/// Reads bytes as a journal, and lines that are made up, cut off somewhere, and holds what is found against what was put there.
pub fn check(data: &[u8]) {
    let header =
        format!("{}\n", json!({"format": "colophon.catalogue/v1", "genesis": genesis(), "account": account("ana")}));
    check_again(data);
    check_again(&[header.as_bytes(), data].concat());

    let mut choices = Unstructured::new(data);
    let Ok(cut) = Option::<u16>::arbitrary(&mut choices) else { return };
    let lines: Vec<Line> = rest(&mut choices, LINES_MAX);
    let mut bytes = header.clone().into_bytes();
    let ends: Vec<usize> = lines
        .iter()
        .map(|line| {
            bytes.extend(line.bytes());
            bytes.len()
        })
        .collect();
    if let Some(cut) = cut {
        bytes.truncate(usize::from(cut));
    }
    let mut model = Model::default();
    let whole = lines.iter().zip(&ends).take_while(|(line, end)| **end <= bytes.len() && model.take(line));
    let begin = if bytes.len() < header.len() { 0 } else { header.len() };
    let whole_bytes = whole.last().map_or(begin, |(_, end)| *end) as u64;
    let open = model.open.iter().map(|(id, _)| *id).collect();
    let mut done: Vec<EntryId> = model.done.into_values().collect();
    done.sort_unstable();
    assert_eq!(read(&bytes), Some(ReadJournal { whole_bytes, open, done }));
}

/// What was whole of a journal is so again without the rest.
fn check_again(bytes: &[u8]) {
    let Some(found) = read(bytes) else { return };
    let whole = &bytes[..usize::try_from(found.whole_bytes).unwrap()];
    assert!(whole.is_empty() || whole.ends_with(b"\n"));
    assert_eq!(read(whole), Some(found));
}

/// Choices of which lines of every sort are made, and lines.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Dice::new(23).runs(48, 4);
    let lines = [Line::Signed { number: 0, file: Some(1) }, Line::Signed { number: 1, file: None }, Line::Recorded(0)];
    seeds.push(lines.iter().flat_map(Line::bytes).collect());
    seeds
}
