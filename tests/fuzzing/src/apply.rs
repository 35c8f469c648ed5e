//! Any run of entries, applied by the ledger and by a simple model: the same answers, records and roots, however the run
//! is cut into batches.

pub mod cast;
pub mod model;
pub mod records;
pub mod register;
pub mod script;

use std::collections::BTreeSet;

use arbitrary::Unstructured;
use colophon_ledger::batch::Batch;
use colophon_ledger::entry::Entry;
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
    while steps.peek().is_some() {
        let base = register.records().clone();
        let tree = register.tree().clone();
        let (rules, position) = (register.rules().clone(), register.position());
        let mut batch = Batch::open(&rules, &base, position, register.clock_ms);
        let time_ms = register.clock_ms.max(position.time_ms);
        let mut later = Later::Same;
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
                answers.insert(submit(&mut batch, &mut model, &said, &cast, (position.index, time_ms)));
            }
        }
        if !batch.entries().is_empty() {
            let closed = batch.close(model::account_of(3), &tree).unwrap();
            register.seal(closed);
            model.height = register.position().height;
            compare(&register, &model);
        }
        register.clock_ms = match later {
            Later::Same => time_ms,
            Later::Day => time_ms + DAY_MS,
            Later::Year => time_ms + 366 * DAY_MS,
            Later::Back => time_ms - DAY_MS,
        };
    }
    regrouped(&register);
    answers
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
    let answer = Entry::from_parts(&text, cast.lines(said, &text)).map_err(Stop::from).and_then(|entry| {
        let signed = Signed::check(entry, batch.records())?;
        batch.push(signed)
    });
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

fn compare(register: &Register, model: &Model) {
    let expected = records(model);
    assert_eq!(register.named_records(), expected);
    assert_eq!(register.tree().root(), state_root(&expected));
}

/// Bytes of which scripts of every length are made.
pub fn seeds() -> Vec<Vec<u8>> {
    Dice::new(7).runs(64, 12)
}
