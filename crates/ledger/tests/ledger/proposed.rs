//! What would be answered to terms that nobody has signed: the same as is answered once they are.

use std::cell::RefCell;
use std::collections::BTreeMap;

use colophon_ledger::crossing::judgement::{Does, Outcome};
use colophon_ledger::crossing::proposed::Proposed;
use colophon_ledger::entry::Body;
use colophon_ledger::field::EntryId;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::rule::Stop;
use colophon_ledger::state::{RecordKey, Records, Unreadable};

use crate::borders::corridor;
use crate::rules::terms_body;
use crate::world::{World, digest};

/// Judges what an entry is about to do, and holds it against what came of the entry.
pub(crate) fn agrees(world: &World, body: &Body, came: &Result<u64, Refusal>, foreseen: Option<Foreseen>) {
    let Some(foreseen) = foreseen else { return };
    let expected = match came {
        Ok(_) => Some(Outcome::Allow),
        Err(Refusal::CrossingRefused(_)) => Some(Outcome::Refuse),
        Err(Refusal::CrossingHeld(_)) => Some(Outcome::Hold),
        // What else is wrong with an entry is not looked at.
        Err(_) => return,
    };
    let at = world.replay.position().height;
    match foreseen {
        Ok(Some(outcome)) => assert_eq!(Some(outcome), expected, "{} at {at}", body.kind()),
        Ok(None) => assert_eq!(expected, Some(Outcome::Allow), "without rules everything goes, at {at}"),
        Err(stop) => panic!("{stop} at {at}"),
    }
}

/// What was foreseen: nothing where no rules are in force.
pub(crate) type Foreseen = Result<Option<Outcome>, Stop>;

/// Foresees what the rules will answer to an entry that moves title.
pub(crate) fn foresee(world: &World, body: &Body) -> Option<Foreseen> {
    let (height, records) = (world.replay.position().height, world.replay.records());
    let proposed = Proposed::of(body, records).unwrap()?;
    let judged = proposed.judge(height, world.time_ms, records);
    Some(judged.map(|judged| judged.map(|judgement| judgement.outcome)))
}

/// Records of which no more are known than were asked for before.
struct Asked(RefCell<BTreeMap<String, Option<String>>>);

struct Asking<'r, R>(&'r R, &'r Asked);

impl<R: Records> Records for Asking<'_, R> {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        let record = self.0.record(key)?;
        self.1.0.borrow_mut().insert(key.to_string(), record.clone());
        Ok(record)
    }
}

impl Records for Asked {
    fn record(&self, key: &RecordKey) -> Result<Option<String>, Unreadable> {
        let name = key.to_string();
        self.0.borrow().get(&name).cloned().ok_or(Unreadable(name))
    }
}

fn proposed(work: EntryId) -> Proposed {
    Proposed::of_terms(&terms_body("ana", "bo", work, work, 1))
}

#[test]
fn the_answer_follows_from_the_records_that_were_asked_for_and_from_no_others() {
    let (world, work) = corridor("licence");
    let (height, records) = (world.replay.position().height, world.replay.records());
    let asked = Asked(RefCell::default());
    let first = proposed(work).judge(height, world.time_ms, &Asking(records, &asked)).unwrap().unwrap();
    let again = proposed(work).judge(height, world.time_ms, &asked).unwrap().unwrap();
    assert_eq!(first, again);
    assert_eq!(first.outcome, Outcome::Refuse);
    let [said] = &first.findings[..] else { panic!("one rule") };
    assert_eq!((said.rule.as_str(), said.does), ("LAW/licence", Does::Refuses));
    assert_eq!((said.document.as_deref(), said.of.as_deref()), (Some("NAT_EXPORT_LICENCE"), Some("CN")));
    assert_eq!(said.cure, "get NAT_EXPORT_LICENCE by an authority enrolled for CN");
    // A record that is held back is no absence.
    let names: Vec<String> = asked.0.borrow().keys().cloned().collect();
    for name in names {
        let held_back = asked.0.borrow_mut().remove(&name).unwrap();
        let judged = proposed(work).judge(height, world.time_ms, &asked);
        assert!(matches!(judged, Err(Stop::Unreadable(_))), "{name}: {judged:?}");
        asked.0.borrow_mut().insert(name, held_back);
    }
}

#[test]
fn what_there_is_not_is_refused_and_not_judged() {
    let (world, work) = corridor("licence");
    let (height, records) = (world.replay.position().height, world.replay.records());
    let code = |proposed: Proposed| match proposed.judge(height, world.time_ms, records) {
        Err(Stop::Refused(refusal)) => refusal.code(),
        other => panic!("{other:?}"),
    };
    assert_eq!(code(proposed(digest("nothing"))), "work_unknown");
    assert_eq!(code(Proposed { edition: 3, ..proposed(work) }), "edition_unknown");
    // And before any rule is in force there is nothing to answer.
    assert_eq!(proposed(work).judge(0, world.time_ms, records).unwrap(), None);
}
