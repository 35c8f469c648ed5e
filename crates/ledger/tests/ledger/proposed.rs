//! What would be answered to terms that nobody has signed: the same as is answered once they are.

use std::cell::RefCell;
use std::collections::BTreeMap;

use colophon_ledger::crossing::Deed;
use colophon_ledger::crossing::candidate::Candidate;
use colophon_ledger::crossing::judgement::{Does, Outcome};
use colophon_ledger::crossing::proposed::Proposed;
use colophon_ledger::crossing::rehearsal::{NAMED_MAX, Rehearsal, Tally};
use colophon_ledger::entry::terms::{Terms, TermsWord};
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::EntryId;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::replay::ReplayError;
use colophon_ledger::rule::Stop;
use colophon_ledger::state::{Changes, RecordKey, Records, Unreadable};
use colophon_ledger::voiding::VoidLists;

use crate::borders::{body_of, corridor, text};
use crate::rules::{Words, accept_body, check_in, mint_body, terms_body};
use crate::world::{DAY_MS, World, digest};

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
    Proposed::stated(&Body::Transfer(terms_body("ana", "bo", work, work, 1))).unwrap()
}

#[test]
fn the_answer_follows_from_the_records_that_were_asked_for_and_from_no_others() {
    let (world, work) = corridor("licence");
    let (height, records) = (world.replay.position().height, world.replay.records());
    let asked = Asked(RefCell::default());
    let first = proposed(work).judge(height, world.time_ms, &Asking(records, &asked)).unwrap().unwrap();
    let again = proposed(work).judge(height, world.time_ms, &asked).unwrap().unwrap();
    assert_eq!(first, again);
    // Also by who has judged under these sets before.
    let once_more = Asked(RefCell::default());
    proposed(work).judge(height, world.time_ms, &Asking(records, &once_more)).unwrap();
    assert_eq!(asked.0, once_more.0);
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
    let move_of_another = Proposed { deed: Deed::Move, ..proposed(work) };
    assert_eq!(code(move_of_another), "not_holder", "who takes it along must have it");
    // And before any rule is in force there is nothing to answer.
    assert_eq!(proposed(work).judge(0, world.time_ms, records).unwrap(), None);
}

#[test]
fn two_registers_at_one_height_have_their_own_rules() {
    let outcome = |rules: &str| {
        let (world, work) = corridor(rules);
        let (height, records) = (world.replay.position().height, world.replay.records());
        proposed(work).judge(height, world.time_ms, records).unwrap().unwrap().outcome
    };
    assert_eq!(["licence", "label"].map(outcome), [Outcome::Refuse, Outcome::Hold]);
}

/// Tries a rule set on the whole log of a world.
fn rehearsed(world: &World, text: &str) -> Tally {
    let mut lists = VoidLists::default();
    (0..).zip(&world.leaves).for_each(|(index, leaf)| lists.leaf(index, leaf));
    rehearsed_by(&world.leaves, text, &lists).unwrap()
}

/// Tries a rule set on a log, by who knows that these leaves are voided further on.
pub(crate) fn rehearsed_by(leaves: &[Vec<u8>], text: &str, lists: &VoidLists) -> Result<Tally, ReplayError> {
    let candidate = Candidate::read(&"TRIAL".parse().unwrap(), text).unwrap();
    let mut rehearsal = Rehearsal::begin(&leaves[0], lists, Changes::new(), candidate).unwrap();
    leaves.iter().try_for_each(|leaf| rehearsal.leaf(leaf.clone()))?;
    Ok(rehearsal.into_tally())
}

#[test]
fn of_those_that_would_not_have_passed_so_many_are_named() {
    let (mut world, work) = corridor("royalty");
    for number in 0..=NAMED_MAX {
        let (from, to) = if number % 2 == 0 { ("ana", "bo") } else { ("bo", "ana") };
        let mut terms = terms_body(from, to, work, world.edition_prev(&work), world.time_ms + DAY_MS);
        (terms.from_country, terms.to_country) = ("CN".parse().unwrap(), "CN".parse().unwrap());
        world.must("sale", &Body::Transfer(terms), &[from, to]);
    }
    let within = text("licence").replace("context.from != context.to", "context.from == context.to");
    let tally = rehearsed(&world, &within);
    assert_eq!((tally.stopped(), tally.named.len()), (NAMED_MAX as u64 + 1, NAMED_MAX));
}

#[test]
fn a_set_is_tried_on_a_log_that_has_rules_already() {
    let mut world = World::new();
    check_in(
        &mut world,
        "
        ana      mint face=hills as hills                              -> accepted
        governor rules set=LAW text=royalty ahead=1                    -> accepted
        ana      transfer work=hills to=bo                             -> accepted
        ana      receipt work=hills rule=LAW/share                     -> accepted
        ",
    );
    let tally = rehearsed(&world, &text("label"));
    assert_eq!((tally.transfers, tally.held), (1, 1));
}

#[test]
fn a_set_is_tried_on_every_crossing_by_what_was_known_at_its_own_time() {
    let mut world = World::new();
    let sell = |world: &mut World, work, from: &str, to: &str, (from_country, to_country): (&str, &str)| {
        let terms = Terms {
            from_country: from_country.parse().unwrap(),
            to_country: to_country.parse().unwrap(),
            ..terms_body(from, to, work, world.edition_prev(&work), world.time_ms + DAY_MS)
        };
        world.must("sale", &Body::Transfer(terms), &[from, to])
    };
    let [hills, sea, rain] =
        ["hills", "sea", "rain"].map(|name| world.must(name, &Body::Mint(mint_body("ana", name)), &["ana"]));
    // Before anybody is enrolled, so that the rule could only have noted.
    sell(&mut world, hills, "ana", "bo", ("CN", "FR"));
    let words = ["account=bureau", "country=CN", "types=NAT_EXPORT_LICENCE"];
    let authority = body_of(&world, "governor", "authority", &Words::read(&words));
    world.must("authority", &authority, &["governor"]);
    // Without the paper; within a country; with the paper, as an offer that is accepted; back; and after the paper was taken back.
    let refused = sell(&mut world, sea, "ana", "bo", ("CN", "FR"));
    sell(&mut world, sea, "bo", "ana", ("FR", "FR"));
    let words = ["type=NAT_EXPORT_LICENCE", "work=rain"];
    let paper = body_of(&world, "bureau", "attest", &Words::read(&words));
    world.must("paper", &paper, &["bureau"]);
    let offer = Terms { kind: TermsWord::Offer, ..terms_body("ana", "bo", rain, rain, world.time_ms + DAY_MS) };
    let offer = world.must("offer", &Body::Offer(offer), &["ana"]);
    world.must("taken", &accept_body("bo", rain, offer), &["bo"]);
    sell(&mut world, rain, "bo", "ana", ("FR", "CN"));
    let revoke = body_of(&world, "bureau", "revoke", &Words::read(&words));
    world.must("revoked", &revoke, &["bureau"]);
    let late = sell(&mut world, rain, "ana", "bo", ("CN", "FR"));
    // Elsewhere without a sale: the holder takes one along, and a court gives one back, each without the paper, then within a country.
    let words = ["account=court", "country=CN", "types=COURT_ORDER"];
    let authority = body_of(&world, "governor", "authority", &Words::read(&words));
    world.must("court", &authority, &["governor"]);
    for name in ["snow", "wind"] {
        world.must(name, &Body::Mint(mint_body("ana", name)), &["ana"]);
    }
    let moved = crate::burdens::body_of(&world, "ana", "move", &Words::read(&["work=snow"]));
    let moved = world.must("moved", &moved, &["ana"]);
    let words = ["work=wind", "to=bo"];
    let given = crate::burdens::body_of(&world, "court", "transmit", &Words::read(&words));
    let given = world.must("given", &given, &["court", "bo"]);
    let words = ["work=wind", "to=ana", "from=FR", "towards=FR"];
    let back = crate::burdens::body_of(&world, "court", "transmit", &Words::read(&words));
    world.must("back", &back, &["court", "ana"]);

    let tally = rehearsed(&world, &text("licence"));
    assert_eq!(
        (tally.transfers, tally.refused, tally.held, tally.unattested),
        (6, 4, 0, 2),
        "nobody is enrolled in France either"
    );
    assert_eq!((tally.moves, tally.transmissions), (1, 2));
    assert_eq!(tally.named.iter().map(|named| named.entry).collect::<Vec<_>>(), [refused, late, moved, given]);
    assert_eq!(tally.rules, [("TRIAL/licence".to_owned(), 4)].into());
    let index = world.leaves.iter().position(|leaf| Entry::parse(leaf).unwrap().id() == refused).unwrap();
    assert_eq!((tally.named[0].index, tally.named[0].work), (index as u64, sea));
    // A set that waits for what nobody stated, and one that asks for nothing.
    let held = rehearsed(&world, &text("label"));
    assert_eq!((held.held, held.refused, held.stopped()), (8, 0, 8));
    assert!(held.named.iter().all(|named| named.holds) && !tally.named[0].holds);
    assert_eq!(rehearsed(&world, &text("royalty")).stopped(), 0);
}

#[test]
fn what_could_not_be_published_is_not_tried() {
    for (name, code) in [("huge", "rules_too_large"), ("overflow", "rules_overflow"), ("broken", "rules_invalid")] {
        let refusal = Candidate::read(&"TRIAL".parse().unwrap(), &text(name)).unwrap_err();
        assert_eq!(refusal.code(), code);
    }
    let licence = text("licence");
    let name = "TRIAL".parse().unwrap();
    let digest = |text: &str| Candidate::read(&name, text).unwrap().digest();
    assert_eq!(digest(&licence), digest(licence.trim_end()), "as its lines will stand in the entry");
}
