//! Drafts on their way: what they carry, how two become one, and who must still sign.

use colophon_ledger::account::Multikey;
use colophon_ledger::card::Card;
use colophon_ledger::deal::{Commitment, Money, Price};
use colophon_ledger::draft::{DRAFT_BYTES_MAX, Draft, DraftError, Missing, PriceOpening};
use colophon_ledger::entry::terms::{Terms, TermsWord};
use colophon_ledger::entry::{Body, SIGNATURES_MAX, text_of};
use colophon_ledger::field::Int;
use colophon_ledger::refusal::Refusal;

use crate::rules::{mint_body, rotate_body, terms_body};
use crate::world::{DAY_MS, World, account, digest, key, key_list, multikey};

fn draft(world: &World, body: &Body) -> Draft {
    Draft::new(text_of(&world.rules.register, body), None, None).unwrap()
}

fn signed_by(draft: &Draft, signers: &[(&str, &str)]) -> Draft {
    let mut draft = draft.clone();
    for (of, by) in signers {
        draft.sign(&account(of), key(by)).unwrap();
    }
    draft
}

fn opening(amount: u64) -> PriceOpening {
    let price = Money { amount: Int::new(amount).unwrap(), currency: "EUR".parse().unwrap() };
    PriceOpening { price, salt: digest("salt") }
}

/// A sale from ana to bo whose price is what `opening` opens.
fn sale(opening: &PriceOpening) -> Terms {
    let work = digest("work");
    let mut terms = terms_body("ana", "bo", work, work, DAY_MS);
    let commitment = terms.price_commitment(&opening.price, opening.salt.0.as_bytes());
    terms.price = Some(Price::Committed(Commitment { commitment }));
    terms
}

fn card() -> Card {
    Card::new([1; 32], "{\"about\":\"hills\"}".to_owned()).unwrap()
}

#[test]
fn a_draft_comes_back_from_its_file_with_all_it_carries() {
    let world = World::new();
    let mut terms = sale(&opening(125_000));
    terms.card = Some(card().digest());
    let text = text_of(&world.rules.register, &Body::Transfer(terms));
    let unsigned = Draft::new(text.clone(), Some(card()), Some(opening(125_000))).unwrap();
    let draft = signed_by(&unsigned, &[("ana", "ana")]);
    let read = Draft::parse(draft.to_json().as_bytes()).unwrap();
    assert_eq!(read, draft);
    assert_eq!(read.text(), text);
    assert_eq!(read.card(), Some(&card()));
    assert_eq!(read.price(), Some(&opening(125_000)));
    assert_eq!(read.to_entry().unwrap().signatures().len(), 1);
    let bare = Draft::new(text, None, None).unwrap();
    assert_eq!((bare.card(), bare.price()), (None, None));
}

#[test]
fn a_draft_of_what_is_no_entry_is_refused() {
    let world = World::new();
    assert!(matches!(Draft::new("no entry\n".to_owned(), None, None), Err(DraftError::Refused(_))));
    let text = text_of(&world.rules.register, &Body::Mint(mint_body("ana", "hills")));
    let foreign = Draft::new(text.clone(), Some(card()), None);
    assert!(matches!(foreign, Err(DraftError::Refused(Refusal::CardMismatch(_)))), "{foreign:?}");
    let json = Draft::new(text, None, None).unwrap().to_json();
    let line = json.replacen("\"signatures\": []", "\"signatures\": [\"no signature\"]", 1);
    assert_ne!(line, json);
    assert!(matches!(Draft::parse(line.as_bytes()), Err(DraftError::Malformed(_))));
}

#[test]
fn a_price_is_opened_by_its_opening_alone() {
    let world = World::new();
    let register = &world.rules.register;
    let (right, wrong) = (opening(125_000), opening(99));
    let terms = sale(&right);
    assert!(right.opens(&terms) && !wrong.opens(&terms));
    let carries = |body: &Body, opening: &PriceOpening| {
        Draft::new(text_of(register, body), None, Some(opening.clone())).map(|draft| draft.price().cloned())
    };
    let offer = Body::Offer(Terms { kind: TermsWord::Offer, ..terms.clone() });
    for body in [offer, Body::Transfer(terms.clone())] {
        assert_eq!(carries(&body, &right), Ok(Some(right.clone())));
        assert_eq!(carries(&body, &wrong), Err(DraftError::Price));
    }
    // A price that is told needs no opening, and other kinds have no price.
    let open = Terms { price: Some(Price::Open(right.price.clone())), ..terms };
    assert!(!right.opens(&open));
    assert_eq!(carries(&Body::Transfer(open), &right), Err(DraftError::Price));
    assert_eq!(carries(&Body::Mint(mint_body("ana", "hills")), &right), Err(DraftError::Price));
}

#[test]
fn a_draft_file_has_65_536_bytes_at_most() {
    let json = draft(&World::new(), &Body::Mint(mint_body("ana", "hills"))).to_json();
    let padded = |bytes: usize| json.clone() + &" ".repeat(bytes - json.len());
    assert_eq!(DRAFT_BYTES_MAX, 65_536);
    Draft::parse(padded(DRAFT_BYTES_MAX).as_bytes()).unwrap();
    let more = padded(DRAFT_BYTES_MAX + 1);
    assert_eq!(Draft::parse(more.as_bytes()), Err(DraftError::TooLarge(DRAFT_BYTES_MAX + 1)));
}

#[test]
fn a_draft_has_32_signature_lines_at_most() {
    let mut draft = draft(&World::new(), &Body::Mint(mint_body("ana", "hills")));
    for number in 0..SIGNATURES_MAX {
        draft.sign(&account("ana"), key(&format!("key {number}"))).unwrap();
    }
    assert_eq!(Draft::parse(draft.to_json().as_bytes()).unwrap(), draft);
    draft.sign(&account("ana"), key("one too many")).unwrap();
    let error = Draft::parse(draft.to_json().as_bytes()).unwrap_err();
    assert_eq!(error, DraftError::Malformed("33 signature lines".to_owned()));
}

#[test]
fn two_drafts_of_one_text_become_one() {
    let world = World::new();
    let mut terms = sale(&opening(125_000));
    terms.card = Some(card().digest());
    let text = text_of(&world.rules.register, &Body::Transfer(terms));
    let both = Draft::new(text.clone(), Some(card()), Some(opening(125_000))).unwrap();
    let both = signed_by(&both, &[("ana", "ana"), ("bo", "bo")]);
    // Each has what the other lacks; ana's line is in both.
    let one = signed_by(&Draft::new(text.clone(), Some(card()), None).unwrap(), &[("ana", "ana")]);
    let bare = Draft::new(text, None, Some(opening(125_000))).unwrap();
    let other = signed_by(&bare, &[("bo", "bo"), ("ana", "ana")]);
    for (mut first, second) in [(one.clone(), &other), (other.clone(), &one), (one.clone(), &both), (bare, &both)] {
        assert_ne!(first, both);
        first.merge(second).unwrap();
        assert_eq!(first, both);
        first.merge(second).unwrap();
        assert_eq!(first, both);
    }
}

#[test]
fn of_two_lines_by_one_key_the_drafts_own_stays() {
    let world = World::new();
    let unsigned = draft(&world, &Body::Mint(mint_body("ana", "hills")));
    let own = signed_by(&unsigned, &[("ana", "ana")]);
    // The same key under another text: the same name and key id, another signature.
    let elsewhere = signed_by(&draft(&world, &Body::Mint(mint_body("ana", "sea"))), &[("ana", "ana")]);
    let line = |draft: &Draft| draft.to_entry().unwrap().signatures()[0].to_string();
    let foreign = own.to_json().replacen(&line(&own), &line(&elsewhere), 1);
    let foreign = Draft::parse(foreign.as_bytes()).unwrap();
    assert_ne!(foreign, own);
    let mut merged = own.clone();
    merged.merge(&foreign).unwrap();
    assert_eq!(merged, own);
    let mut merged = foreign.clone();
    merged.merge(&own).unwrap();
    assert_eq!(merged, foreign);
}

#[test]
fn drafts_of_different_texts_stay_apart() {
    let world = World::new();
    let (one, other) = (mint_body("ana", "hills"), mint_body("ana", "sea"));
    let mut own = draft(&world, &Body::Mint(one));
    let before = own.clone();
    let error = own.merge(&signed_by(&draft(&world, &Body::Mint(other)), &[("ana", "ana")])).unwrap_err();
    assert_eq!(error, DraftError::Malformed("the two drafts are of different texts".to_owned()));
    assert_eq!(own, before);
}

fn missing(name: &str, count: u64, keys: &[&str], new: &[&str]) -> Missing {
    let in_order = |names: &[&str]| if names.is_empty() { Vec::new() } else { key_list(names).as_slice().to_vec() };
    Missing { account: account(name), count, keys: in_order(keys), new: in_order(new) }
}

#[test]
fn a_transfer_lacks_each_partys_signature() {
    let world = World::new();
    let records = world.replay.records();
    let sale = draft(&world, &Body::Transfer(sale(&opening(1))));
    let (ana, bo) = (missing("ana", 1, &["ana"], &[]), missing("bo", 1, &["bo"], &[]));
    let mut both = vec![ana.clone(), bo.clone()];
    both.sort_by_key(|missing| missing.account);
    assert_eq!(sale.missing(records), Ok(both.clone()));
    assert_eq!(signed_by(&sale, &[("ana", "ana")]).missing(records), Ok(vec![bo]));
    assert_eq!(signed_by(&sale, &[("bo", "bo")]).missing(records), Ok(vec![ana]));
    assert_eq!(signed_by(&sale, &[("bo", "bo"), ("ana", "ana")]).missing(records), Ok(vec![]));
    // bo's own key under ana's name is nobody's signature.
    assert_eq!(signed_by(&sale, &[("ana", "bo")]).missing(records), Ok(both));
}

#[test]
fn two_of_three_keys_are_counted_one_by_one() {
    let mut world = World::new();
    world.rotate("ana", &["a1", "a2", "a3"], 2);
    let records = world.replay.records();
    let mint = draft(&world, &Body::Mint(mint_body("ana", "hills")));
    let lacks = |signers: &[(&str, &str)]| signed_by(&mint, signers).missing(records).unwrap();
    assert_eq!(lacks(&[]), [missing("ana", 2, &["a1", "a2", "a3"], &[])]);
    assert_eq!(lacks(&[("ana", "a2")]), [missing("ana", 1, &["a1", "a3"], &[])]);
    assert_eq!(lacks(&[("ana", "a2"), ("ana", "a2")]), [missing("ana", 1, &["a1", "a3"], &[])]);
    assert_eq!(lacks(&[("ana", "a2"), ("ana", "ana")]), [missing("ana", 1, &["a1", "a3"], &[])]);
    assert_eq!(lacks(&[("ana", "a2"), ("ana", "a1")]), []);
}

#[test]
fn a_rotation_lacks_the_old_threshold_and_every_new_key() {
    let world = World::new();
    let records = world.replay.records();
    let body = rotate_body(world.account_prev("ana"), "ana", &["a1", "a2"], 1, None);
    let rotation = draft(&world, &body);
    let lacks = |signers: &[(&str, &str)]| signed_by(&rotation, signers).missing(records).unwrap();
    assert_eq!(lacks(&[]), [missing("ana", 1, &["ana"], &["a1", "a2"])]);
    assert_eq!(lacks(&[("ana", "ana")]), [missing("ana", 0, &[], &["a1", "a2"])]);
    assert_eq!(lacks(&[("ana", "ana"), ("ana", "a2")]), [missing("ana", 0, &[], &["a1"])]);
    assert_eq!(lacks(&[("ana", "a1"), ("ana", "a2")]), [missing("ana", 1, &["ana"], &[])]);
    assert_eq!(lacks(&[("ana", "ana"), ("ana", "a1"), ("ana", "a2")]), []);
    // Of two of three, one has signed: what is open then is not told as a new key's.
    let mut world = World::new();
    world.rotate("ana", &["a1", "a2", "a3"], 2);
    let body = rotate_body(world.account_prev("ana"), "ana", &["b1"], 1, None);
    let enough = signed_by(&draft(&world, &body), &[("ana", "a1"), ("ana", "a3")]);
    let new: Vec<Multikey> = vec![multikey("b1")];
    let expected = Missing { account: account("ana"), count: 0, keys: Vec::new(), new };
    assert_eq!(enough.missing(world.replay.records()), Ok(vec![expected]));
}
