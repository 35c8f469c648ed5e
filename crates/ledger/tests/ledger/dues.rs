//! What is owed when title moves, and its receipt; what a maker states of a work, and amends.

use std::collections::BTreeSet;

use colophon_ledger::entry::Body;
use colophon_ledger::facts::{AMENDS_MAX, AgeClass, WorkFacts};
use colophon_ledger::refusal::Refusal;
use colophon_ledger::state::{RecordKey, Records as _, WorkRecord};

use crate::borders::{body_of, corridor, crossing, facts_of, sell};
use crate::rules::{Words, check, check_in, mint_body};
use crate::world::{World, account};

const RECEIPTS: &str = "
    ana      mint face=hills as hills                              -> accepted
    governor rules set=LAW text=royalty ahead=1                    -> accepted
    ana      transfer work=hills to=bo                             -> accepted
    # every refusal of a receipt, each hiding the ones after it
    bo       receipt work=nothing rule=LAW/share                   -> work_unknown
    bo       receipt work=hills edition=3 rule=LAW/share           -> edition_unknown
    bo       receipt work=hills edition=2 rule=LAW/share           -> nothing_owed
    bo       receipt work=hills crossing=2 rule=LAW/share          -> nothing_owed
    bo       receipt work=hills rule=LAW/other                     -> nothing_owed
    # by who owes it, by a stranger, by a society that is not enrolled, or for another paper, or says no country
    bo       receipt work=hills rule=LAW/share                     -> not_payee
    cy       receipt work=hills rule=LAW/share country=DE          -> not_payee
    governor authority account=society country=DE types=INVOICE    -> accepted
    society  receipt work=hills rule=LAW/share country=DE          -> not_payee
    governor authority account=society country=DE types=ARR_RECEIPT -> accepted
    society  receipt work=hills rule=LAW/share                     -> not_payee
    society  receipt work=hills rule=LAW/share country=FR          -> not_payee
    society  receipt work=hills rule=LAW/share country=DE          -> accepted
    # once, by one of them
    society  receipt work=hills rule=LAW/share country=DE          -> nothing_owed
    ana      receipt work=hills rule=LAW/share                     -> nothing_owed
    # what is owed goes with the edition, whoever holds it
    bo       transfer work=hills to=cy from=FR                     -> accepted
    cy       transfer work=hills to=bo from=FR                     -> accepted
    ana      receipt work=hills rule=LAW/share crossing=3          -> accepted
    ana      receipt work=hills rule=LAW/share crossing=2          -> accepted
";

/// To whom something is owed decides who says that it was done.
const PAYEES: &str = "
    ana      mint face=hills as hills                              -> accepted
    governor authority account=union country=US types=ARR_RECEIPT  -> accepted
    governor authority account=bureau country=FR types=ARR_RECEIPT -> accepted
    governor rules set=LAW text=to_recipient ahead=1               -> accepted
    ana      transfer work=hills to=bo                             -> accepted
    ana      receipt work=hills rule=LAW/due                       -> not_payee
    bo       receipt work=hills rule=LAW/due                       -> accepted
    governor rules set=LAW text=to_giver ahead=1                   -> accepted
    bo       transfer work=hills to=cy from=FR                     -> accepted
    cy       receipt work=hills crossing=2 rule=LAW/due            -> not_payee
    bo       receipt work=hills crossing=2 rule=LAW/due            -> accepted
    # an authority of that country, or of one in that region
    governor rules set=LAW text=to_country ahead=1                 -> accepted
    cy       transfer work=hills to=ana from=FR                    -> accepted
    cy       receipt work=hills crossing=3 rule=LAW/due            -> not_payee
    union    receipt work=hills crossing=3 rule=LAW/due country=US -> not_payee
    bureau   receipt work=hills crossing=3 rule=LAW/due country=FR -> accepted
    governor rules set=LAW text=to_union ahead=1                   -> accepted
    ana      transfer work=hills to=bo from=FR                     -> accepted
    union    receipt work=hills crossing=4 rule=LAW/due country=US -> not_payee
    bureau   receipt work=hills crossing=4 rule=LAW/due country=FR -> accepted
";

const FACTS: &str = "
    ana      mint face=hills category=manuscript age=gt250 as hills -> accepted
    ana      mint face=sea as sea                                  -> accepted
    governor rules set=LAW text=relics ahead=1                     -> accepted
    governor authority account=bureau country=CN types=NAT_EXPORT_LICENCE -> accepted
    # the facts of the mint are asked for
    ana      transfer work=hills to=bo                             -> crossing_refused
    ana      transfer work=sea to=bo                               -> accepted
    # every refusal of an amendment, each hiding the ones after it
    bo       amend work=nothing age=lt50 prev=x                    -> work_unknown
    bo       amend work=hills age=lt50 prev=x                      -> prev_stale
    bo       amend work=hills age=lt50                             -> not_maker
    ana      amend work=hills age=100_200 category=manuscript as younger -> accepted
    ana      transfer work=hills to=bo                             -> accepted
    # who made it can still amend it when another holds it, and nobody else
    bo       amend work=hills age=lt50                             -> not_maker
    ana      amend work=hills age=lt50 prev=hills                  -> prev_stale
    ana      amend work=hills age=200_250 category=manuscript      -> accepted
    bo       transfer work=hills to=cy from=FR                     -> accepted
    # that it was made long ago says the date, too
    ana      mint face=scroll category=manuscript as scroll        -> accepted
    ana      amend work=scroll created=1771                        -> accepted
    ana      transfer work=scroll to=bo                            -> crossing_refused
    ana      amend work=scroll created=1773                        -> accepted
    ana      transfer work=scroll to=bo                            -> accepted
    # a word that no rule knows is never judged
    ana      mint face=pot category=pottery as pot                 -> accepted
    ana      transfer work=pot to=bo                               -> crossing_unknown
    ana      amend work=pot category=antique protection=much       -> accepted
    ana      transfer work=pot to=bo                               -> crossing_unknown
";

/// Amends a work as often as may be, and once more.
fn too_often() -> Refusal {
    let mut world = World::new();
    let work = world.must("hills", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    let amend = |world: &mut World, number: u64| {
        let card = number.to_string();
        let words = ["work=hills".to_owned(), "age=lt50".to_owned(), format!("card={card}")];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let body = body_of(world, "ana", "amend", &Words::read(&words));
        world.submit(&body, &[("ana", "ana")])
    };
    for number in 0..AMENDS_MAX {
        amend(&mut world, number).unwrap();
    }
    assert_eq!(world.certificate(work).verify(&World::vkey()).unwrap().amends.len() as u64, AMENDS_MAX);
    amend(&mut world, AMENDS_MAX).unwrap_err()
}

/// Runs the tables, and returns the codes that they reach.
pub(crate) fn refusals() -> BTreeSet<String> {
    let mut seen: BTreeSet<String> = [RECEIPTS, PAYEES, FACTS].into_iter().flat_map(check).collect();
    let too_often = too_often();
    assert_eq!(too_often.code(), "amended_too_often");
    seen.insert(too_often.code().to_owned());
    seen
}

#[test]
fn a_certificate_shows_the_facts_as_amended_and_what_was_stated_first() {
    let mut world = World::new();
    let mut mint = mint_body("ana", "hills");
    mint.facts = facts_of(&Words::read(&["category=painting", "age=lt50"])).map(Box::new);
    let work = world.must("hills", &Body::Mint(mint), &["ana"]);
    let amend = body_of(&world, "ana", "amend", &Words::read(&["work=hills", "category=painting", "age=gt250"]));
    world.must("amend", &amend, &["ana"]);
    let certificate = world.certificate(work);
    let provenance = certificate.verify(&World::vkey()).unwrap();
    let age = |facts: Option<Box<WorkFacts>>| facts.and_then(|facts| facts.age).map(AgeClass::older_than);
    assert_eq!((age(provenance.mint.facts), age(provenance.record.facts)), (Some(0), Some(250)));
    assert_eq!(provenance.amends.len(), 1);
    // It cannot be left out.
    let mut without = certificate;
    without.entries.retain(|proved| !proved.entry.contains("\"kind\":\"amend\""));
    assert!(without.verify(&World::vkey()).is_err());
}

#[test]
fn a_share_is_due_to_the_cent_until_its_receipt_and_a_certificate_says_so() {
    let (mut world, work) = corridor("royalty");
    sell(&mut world, work).unwrap();
    let due = crossing(&world, work, 1).unwrap();
    // 4 % of 1 250.00.
    assert_eq!((due.noted[0].amount, due.noted[0].currency.as_deref()), (Some(5_000), Some("EUR")));
    assert_eq!((due.giver, due.recipient), (account("ana"), account("bo")));
    let before = world.certificate(work);
    assert_eq!(before.verify(&World::vkey()).unwrap().crossings[0].noted[0].receipt, None);
    let receipt = body_of(&world, "ana", "receipt", &Words::read(&["work=hills", "rule=LAW/share"]));
    let id = world.must("receipt", &receipt, &["ana"]);
    let after = world.certificate(work);
    let settled = after.verify(&World::vkey()).unwrap().crossings[0].noted[0].receipt.clone().unwrap();
    assert_eq!((settled.by, settled.entry), (account("ana"), id));
    // It moves no chain: what is there besides is the newest seal. And what was said before does not pass for what is said now.
    assert_eq!(before.entries.len() + 1, after.entries.len());
    let mut mixed = after;
    for (place, record) in before.records.iter().enumerate().filter(|(_, record)| record.key.starts_with("crossing/")) {
        mixed.records[place] = record.clone();
    }
    assert!(mixed.verify(&World::vkey()).is_err());
}

#[test]
fn what_is_amended_takes_the_place_of_what_was_stated() {
    let mut world = World::new();
    let table = "
        ana mint face=hills as hills                                     -> accepted
        ana amend work=hills source=print created=1999 made_in=FR age=lt50 -> accepted
    ";
    check_in(&mut world, table);
    let record: WorkRecord = world.replay.records().read(&RecordKey::Work(world.ids["hills"])).unwrap().unwrap();
    assert_eq!((record.source_type.as_str(), record.created.as_str()), ("print", "1999"));
    assert_eq!(record.made_in.map(|country| country.to_string()).as_deref(), Some("FR"));
    assert_eq!(record.facts.and_then(|facts| facts.age), Some(AgeClass::Under50));
}
