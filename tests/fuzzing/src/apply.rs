//! Any run of entries, applied by the ledger and by a simple model: the same answers, records and roots, however the run
//! is cut into batches.

pub mod beside;
pub mod borders;
pub mod cast;
pub mod charges;
pub mod model;
pub mod records;
pub mod register;
pub mod script;

use std::collections::BTreeSet;

use arbitrary::Unstructured;
use colophon_ledger::batch::Batch;
use colophon_ledger::crossing::judgement::Outcome;
use colophon_ledger::crossing::proposed::Proposed;
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::refusal::Refusal;
use colophon_ledger::rule::Stop;
use colophon_ledger::signature::Signed;
use colophon_ledger::state::Records;

use crate::apply::cast::Cast;
use crate::apply::model::{Model, Moment, Said};
use crate::apply::records::{records, state_root};
use crate::apply::register::{Register, regrouped};
use crate::apply::script::{Later, STEPS_MAX, Step};
use crate::choices::rest;
use crate::mutate::Dice;
use crate::story::DAY_MS;

/// Nothing in a script is text.
pub const WORDS: &[&str] = &["\u{0}\u{0}\u{0}", "\u{1}", "\u{3f}\u{3f}"];

/// Plays a script to the ledger and to the model.
pub fn check(data: &[u8]) {
    play(data);
}

/// Plays a script, and returns what became of its entries: the kind of each that was taken, the code of each refusal.
pub fn play(data: &[u8]) -> BTreeSet<&'static str> {
    let mut answers = BTreeSet::new();
    let mut steps = rest::<Step>(&mut Unstructured::new(data), STEPS_MAX).into_iter().peekable();
    let (mut register, mut model, mut cast) = (Register::begin(), Model::default(), Cast::default());
    model.height = register.position().height;
    let (mut refused, mut mend) = (None, None);
    while steps.peek().is_some() || mend.is_some() {
        let base = register.records().clone();
        let tree = register.tree().clone();
        let (rules, position) = (register.rules().clone(), register.position());
        let voiding = register.voiding().clone();
        let mut batch = Batch::open_owing(&rules, &base, position, register.clock_ms, voiding);
        let time_ms = register.clock_ms.max(position.time_ms);
        let mut later = Later::Same;
        if let Some(mend) = mend.take() {
            let answer = submit(&mut batch, &mut model, &mend, &cast, (position.index, time_ms));
            assert_eq!(answer, "upgrade", "what was owed is voided");
            answers.insert("voided");
        }
        for step in steps.by_ref() {
            let said = match step {
                Step::Seal(passed) => {
                    later = passed;
                    break;
                }
                Step::Act(act) | Step::ActToo(act) | Step::ActAgain(act) => cast.resolve(&act, &model, time_ms),
                Step::Repeat(which) => cast.earlier(which),
            };
            if let Some(said) = said {
                let taken = batch.entries().len();
                answers.insert(submit(&mut batch, &mut model, &said, &cast, (position.index, time_ms)));
                refused = if batch.entries().len() == taken { Some(said) } else { refused };
            }
        }
        if !batch.entries().is_empty() {
            let bad = refused.take().filter(|_| matches!(later, Later::Wounded) && model.acts.retired.is_none());
            let index = position.index + batch.entries().len() as u64;
            let bad = bad.and_then(|said| still_refused(&batch, &model, &said, &cast, (index, time_ms)));
            let closed = batch.close(model::account_of(3), &tree).unwrap();
            match bad {
                Some(bad) => {
                    model.acts.owed = Some(index);
                    let said = Cast::mend(index, &model);
                    register.seal_wounded(&closed, &bad.to_bytes(), &cast.entry(&said).unwrap());
                    mend = Some(said);
                }
                None => register.seal(closed),
            }
            model.height = register.position().height;
            compare(&register, &model);
        }
        register.clock_ms = match later {
            Later::Same | Later::Wounded => time_ms,
            Later::Day => time_ms + DAY_MS,
            Later::Year => time_ms + 366 * DAY_MS,
            Later::Back => time_ms - DAY_MS,
        };
    }
    // What is voided is named by its index, which depends on where the seals stand; and where rules are in force from a height on, it
    // matters which batch an entry is in.
    if !register.was_wounded() && !model.borders.has_rules() {
        regrouped(&register);
    }
    answers
}

/// Returns the entry of something that was refused, if it would be at the end of the batch, too.
fn still_refused<R: Records>(
    batch: &Batch<'_, R>,
    model: &Model,
    said: &Said,
    cast: &Cast,
    (index, time_ms): (u64, u64),
) -> Option<Entry> {
    let entry = cast.entry(said)?;
    let (id, is_in_batch) = (entry.id(), batch.entries().iter().any(|other| other.id() == entry.id()));
    let judged = model.clone().take(said, Moment { id, index, time_ms, is_in_batch });
    judged.is_err().then_some(entry)
}

/// Submits one entry to both, and compares what they say and what is left of it.
fn submit<R: Records>(
    batch: &mut Batch<'_, R>,
    model: &mut Model,
    said: &Said,
    cast: &Cast,
    (first, time_ms): (u64, u64),
) -> &'static str {
    let text = cast.text(said);
    let id = colophon_ledger::entry::entry_id_of_text(&text);
    let index = first + batch.entries().len() as u64;
    let is_in_batch = batch.entries().iter().any(|entry| entry.id() == id);
    let before = batch.records().changes().clone();
    let mut judged_by_model = model.clone();
    let expected = judged_by_model.take(said, Moment { id, index, time_ms, is_in_batch });
    let mut foreseen = None;
    let answer = Entry::from_parts(&text, cast.lines(said, &text)).map_err(Stop::from).and_then(|entry| {
        foreseen = foresee(entry.body(), batch.records(), (model.height, time_ms));
        let signed = Signed::check(entry, batch.records())?;
        batch.push(signed)
    });
    agree(foreseen, &answer);
    match answer {
        Ok(place) => {
            assert_eq!(expected, Ok(()), "the ledger takes {said:?}");
            assert_eq!(place, index);
            *model = judged_by_model;
            batch.entries().last().map_or("nothing", |entry| entry.body().kind())
        }
        Err(Stop::Refused(refusal)) => {
            assert_eq!(expected, Err(refusal.code()), "{refusal}: {said:?}");
            assert_eq!(*batch.records().changes(), before, "a refused entry leaves a trace");
            assert_eq!(first + batch.entries().len() as u64, index);
            refusal.code()
        }
        Err(Stop::Unreadable(error)) => panic!("{error}"),
    }
}

/// Foresees what rules answer to an entry by which an edition crosses, as whoever has the records does before anybody signs.
fn foresee(body: &Body, records: &impl Records, (height, time_ms): (u64, u64)) -> Option<Outcome> {
    let proposed = Proposed::of(body, records).expect("the records can be read")?;
    match proposed.judge(height, time_ms, records) {
        Ok(judgement) => Some(judgement.map_or(Outcome::Allow, |judgement| judgement.outcome)),
        Err(Stop::Refused(_)) => None,
        Err(Stop::Unreadable(error)) => panic!("{error}"),
    }
}

/// Holds what was foreseen against what came of the entry. What else is wrong with one is not foreseen.
fn agree(foreseen: Option<Outcome>, answer: &Result<u64, Stop>) {
    let came = match answer {
        Ok(_) => Outcome::Allow,
        Err(Stop::Refused(Refusal::CrossingRefused(_))) => Outcome::Refuse,
        Err(Stop::Refused(Refusal::CrossingHeld(_))) => Outcome::Hold,
        Err(_) => return,
    };
    assert_eq!(foreseen.unwrap_or(Outcome::Allow), came, "what rules answer was foreseen otherwise");
}

fn compare(register: &Register, model: &Model) {
    let expected = records(model);
    assert_eq!(register.named_records(), expected);
    assert_eq!(register.tree().root(), state_root(&expected));
}

/// Bytes of which scripts of every length are made.
pub fn seeds() -> Vec<Vec<u8>> {
    Dice::new(7).runs(64, 12)
}
