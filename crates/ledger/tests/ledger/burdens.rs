//! Flags, liens, loans and what anybody alleges: who may place them, what they block, who lets them go, and that a certificate shows it.

use std::collections::BTreeSet;

use colophon_ledger::account::AccountId;
use colophon_ledger::deal::{Decree, Delivery};
use colophon_ledger::entry::Body;
use colophon_ledger::entry::flag::{Flag, FlagWord};
use colophon_ledger::entry::lien::{Lien, LienWord};
use colophon_ledger::entry::loan::{Loan, LoanWord};
use colophon_ledger::entry::release::{Release, ReleaseWord};
use colophon_ledger::entry::relocate::{MoveWord, Relocate};
use colophon_ledger::entry::transmit::{Transmit, TransmitWord};
use colophon_ledger::field::{EntryId, Int};
use colophon_ledger::state::{
    AllegationsRecord, Burden, EditionRecord, EncumbranceRecord, Ground, Listed, RecordKey, Records as _,
};

use crate::rules::{Words, check, id, mint_body, terms_body};
use crate::world::{DAY_MS, World, account, digest};

/// Returns the body of one line of a table: `flag`, `lien`, `loan`, `release`, `move` or `transmit`.
pub(crate) fn body_of(world: &World, actor: &str, kind: &str, words: &Words<'_>) -> Body {
    let work = id(world, words.get("work").unwrap());
    let number = words.get("edition").map_or(1, |number| number.parse().unwrap());
    let record: Option<EditionRecord> = world.replay.records().read(&RecordKey::Edition(work, number)).unwrap();
    let named = words.get("prev").map(|label| id(world, label));
    let prev = named.unwrap_or_else(|| record.map_or(work, |record| record.newest));
    let (by, edition, card) = (account(actor), Int::new(number).unwrap(), None);
    match kind {
        "flag" => {
            let country = words.get("country").map(|code| code.parse().unwrap());
            let order = country.is_some().then(|| digest(words.get("file").unwrap_or("the order")));
            let prev = if country.is_some() { Some(prev) } else { named.or_else(|| alleged(world, actor, work)) };
            let ground = match words.get("ground") {
                Some("frozen") => Ground::Frozen,
                Some("disputed") => Ground::Disputed,
                _ => Ground::Stolen,
            };
            Body::Flag(Flag { by, card, country, edition, ground, kind: FlagWord::It, prev, sha256: order, work })
        }
        "lien" => {
            let creditor = account(words.get("creditor").unwrap());
            let sha256 = words.get("file").map(digest);
            Body::Lien(Lien { by, card, creditor, edition, kind: LienWord::It, prev, sha256, work })
        }
        "loan" => {
            let borrower = account(words.get("borrower").unwrap());
            let until = words.get("until").map(|day| day.parse().unwrap());
            Body::Loan(Loan { borrower, by, card, edition, kind: LoanWord::It, prev, until, work })
        }
        "move" => Body::Move(Relocate {
            by,
            card,
            delivery: Delivery::Digital,
            edition,
            from_country: words.get("from").unwrap_or("CN").parse().unwrap(),
            kind: MoveWord::It,
            prev,
            to_country: words.get("towards").unwrap_or("FR").parse().unwrap(),
            value: None,
            work,
        }),
        "transmit" => Body::Transmit(Transmit {
            basis: Decree::Restitution,
            by,
            card,
            country: words.get("country").unwrap_or("CN").parse().unwrap(),
            delivery: Delivery::Digital,
            edition,
            from_country: words.get("from").unwrap_or("CN").parse().unwrap(),
            kind: TransmitWord::It,
            prev,
            sha256: digest("the order"),
            to: account(words.get("to").unwrap()),
            to_country: words.get("towards").unwrap_or("FR").parse().unwrap(),
            value: None,
            work,
        }),
        _ => {
            let of = words.get("of").map(|label| id(world, label));
            let own = || named.or_else(|| alleged(world, actor, work)).unwrap_or(digest("nothing"));
            let prev = if of.is_some() { prev } else { own() };
            Body::Release(Release { by, edition, kind: ReleaseWord::It, of, prev, work })
        }
    }
}

/// Returns the newest entry of what somebody has alleged about the first edition.
fn alleged(world: &World, actor: &str, work: EntryId) -> Option<EntryId> {
    let name = RecordKey::Allegation(work, 1, account(actor));
    let record: Option<colophon_ledger::state::AllegationRecord> = world.replay.records().read(&name).unwrap();
    record.map(|record| record.newest)
}

const FLAGS: &str = "
    ana      mint face=hills as hills                              -> accepted
    governor authority account=bureau country=CN types=COURT_ORDER -> accepted
    governor authority account=court country=CN types=COURT_ORDER,INVOICE -> accepted
    governor authority account=ministry country=FR types=INVOICE   -> accepted
    ana      offer work=hills to=bo as offer                       -> accepted
    # every refusal of a flag, each hiding the ones after it
    cy       flag work=nothing edition=3 country=CN prev=x         -> work_unknown
    cy       flag work=hills edition=3 country=CN prev=x           -> edition_unknown
    cy       flag work=hills country=CN prev=x                     -> prev_stale
    cy       flag work=hills country=CN                            -> not_authority
    ministry flag work=hills country=FR                            -> not_authority
    bureau   flag work=hills country=FR                            -> not_authority
    bureau   flag work=hills country=CN as flag                    -> accepted
    # title does not move, whatever else is wrong
    bo       accept work=hills prev=offer                          -> encumbered
    cy       accept work=hills                                     -> encumbered
    bo       transfer work=hills to=cy from=QQ days=-1             -> encumbered
    ana      lien work=hills creditor=bank                         -> encumbered
    ana      loan work=hills borrower=bank                         -> encumbered
    # the other edition is free
    ana      transfer work=hills edition=2 prev=hills to=bo        -> accepted
    ana      release work=hills of=flag                            -> not_authority
    ministry release work=hills of=flag                            -> not_authority
    bureau   release work=hills of=flag prev=offer                 -> prev_stale
    bureau   release work=hills of=offer                           -> nothing_to_release
    bureau   release work=hills of=flag as freed                   -> accepted
    bureau   release work=hills of=flag                            -> nothing_to_release
    # the offer has waited; its acceptance follows the release
    bo       accept work=hills prev=offer                          -> prev_stale
    bo       accept work=hills                                     -> accepted
    # another authority of the country can release; one that was removed can release its own and place none
    court    flag work=hills country=CN ground=frozen as flag      -> accepted
    bureau   release work=hills of=flag                            -> accepted
    court    flag work=hills country=CN as flag                    -> accepted
    governor authority account=court country=CN                    -> accepted
    court    flag work=hills country=CN                            -> not_authority
    court    release work=hills of=flag                            -> accepted
    # the holder may close an offer under a flag, and a firm one stays firm
    bo       offer work=hills to=ana from=FR firm as offer         -> accepted
    bureau   flag work=hills country=CN as flag                    -> accepted
    bo       close work=hills                                      -> offer_firm
    ana      close work=hills                                      -> accepted
    bo       transfer work=hills to=ana from=FR                    -> encumbered
    # as many flags as there may be
    bureau   flag work=hills country=CN file=2                     -> accepted
    bureau   flag work=hills country=CN file=3                     -> accepted
    bureau   flag work=hills country=CN file=4                     -> accepted
    bureau   flag work=hills country=CN file=5                     -> accepted
    bureau   flag work=hills country=CN file=6                     -> accepted
    bureau   flag work=hills country=CN file=7                     -> accepted
    bureau   flag work=hills country=CN file=8                     -> accepted
    bureau   flag work=hills country=CN file=9                     -> encumbrances_too_many
";

const ALLEGED: &str = "
    ana      mint face=hills as hills                              -> accepted
    cy       release work=hills                                    -> nothing_to_release
    cy       flag work=nothing                                     -> work_unknown
    cy       flag work=hills prev=hills                            -> prev_stale
    cy       flag work=hills as said                               -> accepted
    # it cannot be recorded twice, by nobody
    cy       flag work=hills prev=said                             -> accepted
    cy       flag work=hills prev=said                             -> prev_stale
    bo       flag work=hills prev=said                             -> prev_stale
    cy       flag work=hills ground=disputed                       -> accepted
    # and nothing that the parties do is in its way
    ana      transfer work=hills prev=hills to=bo                  -> accepted
    cy       release work=hills prev=said                          -> prev_stale
    bo       release work=hills                                    -> nothing_to_release
    cy       release work=hills as back                            -> accepted
    cy       release work=hills                                    -> nothing_to_release
    cy       flag work=hills prev=back                             -> accepted
";

const CHARGES: &str = "
    ana      mint face=hills as hills                              -> accepted
    # every refusal of a lien, each hiding the ones after it
    bo       lien work=hills creditor=bank prev=x                  -> prev_stale
    bo       lien work=hills creditor=bank                         -> not_holder
    ana      lien work=hills creditor=bank signed=ana              -> signature_set
    ana      lien work=hills creditor=bank signed=ana,cy           -> signature_set
    ana      offer work=hills to=bo as offer                       -> accepted
    ana      lien work=hills creditor=bank                         -> offer_stands
    ana      loan work=hills borrower=bank                         -> offer_stands
    ana      close work=hills                                      -> accepted
    ana      lien work=hills creditor=bank as lien                 -> accepted
    # blocked, until the creditor and nobody else lets it go
    ana      transfer work=hills to=bo                             -> encumbered
    ana      release work=hills of=lien                            -> not_releaser
    cy       release work=hills of=lien                            -> not_releaser
    # it may be offered meanwhile
    ana      offer work=hills to=bo as offer                       -> accepted
    bo       accept work=hills                                     -> encumbered
    bank     release work=hills of=lien                            -> accepted
    bo       accept work=hills                                     -> accepted
    # custody is not title: a loan goes on under the next holder, who ends it
    bo       loan work=hills borrower=museum until=1973-06-30 as loan -> accepted
    bo       loan work=hills borrower=bank                         -> encumbrances_too_many
    bo       transfer work=hills to=cy from=FR                     -> accepted
    museum   release work=hills of=loan                            -> not_releaser
    bo       release work=hills of=loan                            -> not_releaser
    cy       release work=hills of=loan                            -> accepted
";

const CROSSINGS: &str = "
    ana      mint face=hills as hills                              -> accepted
    governor authority account=court country=CN types=COURT_ORDER,NAT_EXPORT_LICENCE -> accepted
    # every refusal of a move, each hiding the ones after it
    bo       move work=nothing prev=x                              -> work_unknown
    court    flag work=hills country=CN as flag                    -> accepted
    bo       move work=hills prev=x                                -> encumbered
    court    release work=hills of=flag                            -> accepted
    bo       move work=hills prev=x                                -> prev_stale
    bo       move work=hills from=DE                               -> not_holder
    ana      move work=hills from=DE                               -> country_mismatch
    ana      offer work=hills to=bo as offer                       -> accepted
    ana      move work=hills                                       -> offer_stands
    ana      close work=hills                                      -> accepted
    governor rules set=LAW text=licence ahead=1                    -> accepted
    ana      move work=hills                                       -> crossing_refused
    court    attest type=NAT_EXPORT_LICENCE work=hills             -> accepted
    # a lien is no obstacle for a move, and title stays
    ana      lien work=hills creditor=bank                         -> accepted
    ana      move work=hills as moved                              -> accepted
    ana      move work=hills                                       -> country_mismatch
    # every refusal of a transmission
    bo       transmit work=hills to=operator from=DE country=DE prev=x -> prev_stale
    bo       transmit work=hills to=operator from=DE country=DE    -> operator_cannot_own
    bo       transmit work=hills to=ana from=DE country=DE         -> same_holder
    bo       transmit work=hills to=cy from=DE country=DE          -> country_mismatch
    bo       transmit work=hills to=cy from=FR                     -> not_authority
    court    transmit work=hills to=cy from=FR country=FR          -> not_authority
    court    transmit work=hills to=cy from=FR signed=court        -> signature_set
    # neither a lien nor an offer keeps a court from giving it back
    ana      offer work=hills to=bo from=FR firm as offer          -> accepted
    court    transmit work=hills to=cy from=FR                     -> accepted
    bo       accept work=hills prev=offer                          -> encumbered
    ana      transfer work=hills to=bo from=FR                     -> encumbered
    ana      release work=hills of=nothing                         -> nothing_to_release
    cy       transfer work=hills to=bo from=FR                     -> encumbered
    # and the rules of the corridor are asked there, too
    ana      mint face=sea as sea                                  -> accepted
    court    transmit work=sea to=cy                               -> crossing_refused
    court    transmit work=sea to=cy towards=CN                    -> accepted
";

/// Runs the tables, and returns the codes that they reach.
pub(crate) fn refusals() -> BTreeSet<String> {
    [FLAGS, ALLEGED, CHARGES, CROSSINGS].into_iter().flat_map(check).collect()
}

fn put(world: &mut World, label: &str, actor: &str, line: &[&str], signers: &[&str]) -> EntryId {
    let [kind, rest @ ..] = line else { panic!("{line:?}") };
    let body = match *kind {
        "authority" | "rules" => crate::borders::body_of(world, actor, kind, &Words::read(rest)),
        _ => body_of(world, actor, kind, &Words::read(rest)),
    };
    world.must(label, &body, signers)
}

/// Returns a register with a work that is flagged, charged and lent, and about which two allege something.
fn burdened() -> (World, EntryId) {
    let mut world = World::new();
    let work = world.must("hills", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    let enrol = ["authority", "account=bureau", "country=CN", "types=COURT_ORDER"];
    put(&mut world, "enrolled", "governor", &enrol, &["governor"]);
    put(&mut world, "loan", "ana", &["loan", "work=hills", "borrower=museum", "until=1973-06-30"], &["ana", "museum"]);
    put(&mut world, "lien", "ana", &["lien", "work=hills", "creditor=bank"], &["ana", "bank"]);
    put(&mut world, "flag", "bureau", &["flag", "work=hills", "country=CN"], &["bureau"]);
    for by in ["cy", "dee"] {
        put(&mut world, "said", by, &["flag", "work=hills", "ground=disputed"], &[by]);
    }
    (world, work)
}

#[test]
fn a_certificate_shows_every_flag_lien_and_loan_and_what_is_alleged() {
    let (world, work) = burdened();
    let certificate = world.certificate(work);
    let provenance = certificate.verify(&World::vkey()).unwrap();
    let shown: Vec<(Burden, AccountId)> =
        provenance.state.burdens().iter().map(|burden| (burden.kind, burden.of)).collect();
    let expected = [(Burden::Loan, "museum"), (Burden::Lien, "bank"), (Burden::Flag, "bureau")];
    assert_eq!(shown, expected.map(|(kind, of)| (kind, account(of))));
    assert_eq!(provenance.state.allegations, Some(2));
    let alleged: Vec<AccountId> = provenance.alleged.open.iter().map(|alleged| alleged.by).collect();
    assert_eq!(alleged, [account("cy"), account("dee")]);
    assert_eq!(provenance.steps.len(), 3);
    // The flags of strangers are not in it, and so cannot make it longer; nothing that is can be left out.
    assert!(!certificate.entries.iter().any(|proved| proved.entry.contains("\"ground\":\"disputed\"")));
    for place in 0..certificate.entries.len() {
        let mut without = certificate.clone();
        without.entries.remove(place);
        assert!(without.verify(&World::vkey()).is_err(), "without entry {place}");
    }
    for place in 0..certificate.records.len() {
        let mut without = certificate.clone();
        without.records.remove(place);
        assert!(without.verify(&World::vkey()).is_err(), "without record {place}");
    }
}

#[test]
fn a_certificate_shows_a_move_and_an_authority_s_word_with_what_rules_said() {
    let mut world = World::new();
    let work = world.must("hills", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    let enrol = ["authority", "account=court", "country=CN", "types=COURT_ORDER"];
    put(&mut world, "enrolled", "governor", &enrol, &["governor"]);
    put(&mut world, "rules", "governor", &["rules", "set=LAW", "text=royalty", "ahead=1"], &["governor"]);
    let minted_ms = world.time_ms;
    world.time_ms += DAY_MS;
    put(&mut world, "moved", "ana", &["move", "work=hills"], &["ana"]);
    let moved = world.certificate(work).verify(&World::vkey()).unwrap().state;
    assert_eq!((moved.holder, moved.since_ms), (account("ana"), minted_ms), "she has had it all the time");
    world.time_ms += DAY_MS;
    put(&mut world, "given", "court", &["transmit", "work=hills", "to=cy", "from=FR", "towards=DE"], &["court", "cy"]);
    let provenance = world.certificate(work).verify(&World::vkey()).unwrap();
    let state = &provenance.state;
    assert_eq!((state.holder, state.country.as_str(), state.transfers), (account("cy"), "DE", 1));
    assert_eq!((provenance.record.minted_ms, state.since_ms), (minted_ms, world.time_ms));
    // A move has no price and no grounds: nothing is owed for it.
    assert_eq!((provenance.crossings.len(), provenance.crossings[0].noted.len()), (2, 0));
    assert_eq!((provenance.crossings[0].giver, provenance.crossings[0].recipient), (account("ana"), account("ana")));
}

#[test]
fn a_certificate_of_before_does_not_pass_for_one_of_after() {
    let (mut world, work) = burdened();
    let before = world.certificate(work);
    put(&mut world, "back", "dee", &["release", "work=hills"], &["dee"]);
    let mut mixed = world.certificate(work);
    for (place, record) in before.records.iter().enumerate().filter(|(_, record)| record.key.starts_with("alleg")) {
        mixed.records[place] = record.clone();
    }
    assert!(mixed.verify(&World::vkey()).is_err());
    assert_eq!(world.certificate(work).verify(&World::vkey()).unwrap().state.allegations, Some(1));
}

#[test]
fn a_stranger_s_word_about_a_work_that_never_moved_leaves_it_with_its_maker() {
    let mut world = World::new();
    let work = world.must("hills", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    put(&mut world, "said", "cy", &["flag", "work=hills"], &["cy"]);
    let provenance = world.certificate(work).verify(&World::vkey()).unwrap();
    assert_eq!((provenance.state.holder, provenance.state.newest), (account("ana"), work));
    assert_eq!((provenance.state.allegations, provenance.steps.len()), (Some(1), 0));
    let mut hidden = world.certificate(work);
    hidden.records.retain(|record| !record.key.starts_with("allegations/"));
    assert!(hidden.verify(&World::vkey()).is_err());
    put(&mut world, "back", "cy", &["release", "work=hills"], &["cy"]);
    let provenance = world.certificate(work).verify(&World::vkey()).unwrap();
    assert_eq!((provenance.state.allegations, provenance.alleged.open.len()), (None, 0));
    // And title moves as before.
    let terms = terms_body("ana", "bo", work, work, world.time_ms + DAY_MS);
    world.must("sale", &Body::Transfer(terms), &["ana", "bo"]);
}

#[test]
fn a_crowd_makes_the_record_no_longer_than_sixteen_names() {
    let mut world = World::new();
    let work = world.must("hills", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    for number in 0..20 {
        let by = format!("crowd {number}");
        put(&mut world, "said", &by, &["flag", "work=hills"], &[&by]);
    }
    let record: AllegationsRecord = world.replay.records().read(&RecordKey::Allegations(work, 1)).unwrap().unwrap();
    assert_eq!((record.open.len(), world.edition(&work).unwrap().allegations), (16, Some(20)));
    assert_eq!(record.open[0].by, account("crowd 4"));
    let entries = world.certificate(work).entries.len();
    assert!(entries <= 5, "{entries}");
}

#[test]
fn what_stands_on_an_edition_is_told_in_one_sentence() {
    let (ana, bo) = (account("ana"), account("bo"));
    let entry = digest("the entry");
    let one = |kind: Burden, of: AccountId, ground: Option<Ground>| {
        let country = ground.map(|_| "CN".parse().unwrap());
        EncumbranceRecord { country, entry, ground, index: 7, kind, of, until: None }
    };
    let grounds = [Ground::Disputed, Ground::Frozen, Ground::Stolen].map(Ground::word);
    assert_eq!(grounds, ["disputed", "frozen", "stolen"]);
    let listed = Listed(vec![
        one(Burden::Flag, ana, Some(Ground::Stolen)),
        one(Burden::Lien, bo, None),
        one(Burden::Loan, bo, None),
    ]);
    assert_eq!(
        listed.to_string(),
        format!(
            "flagged as stolen by {ana}, an authority of CN, which releases the flag {entry}; \
             under a lien of {bo}, who releases the lien {entry}; on loan to {bo}; the holder releases the loan {entry}"
        )
    );
}
