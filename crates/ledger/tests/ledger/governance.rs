//! What governors may change: the key of the log, its end, and how certificates and replays see it.

use colophon_ledger::certificate::{Certificate, CertificateError};
use colophon_ledger::entry::{Body, Entry, text_of};
use colophon_ledger::governance::{self, Governors};
use colophon_ledger::refusal::Refusal;
use colophon_ledger::rule::Rules;
use colophon_ledger::state::RegisterRecord;
use colophon_tlog::note::{Algorithm, VerifierKey};

use crate::rules::{log_key_body, mint_body, raw_note, retire_body, terms_body, upgrade_body};
use crate::world::{DAY_MS, World, account, key, signed, signer_of};

/// Returns a register whose work was sold before and after its log got another key, and the work.
fn rekeyed() -> (World, colophon_ledger::field::WorkId) {
    let mut world = World::new();
    let work = world.must("hills", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    let expires_ms = world.time_ms + 30 * DAY_MS;
    world.must("sale", &Body::Transfer(terms_body("ana", "bo", work, work, expires_ms)), &["ana", "bo"]);
    let key = signer_of("the log.2").verifier();
    world.must("log_key", &log_key_body(&["governor"], world.act_prev(), &key), &["governor"]);
    world.log_key = "the log.2";
    (world, work)
}

#[test]
fn registers_agree_whatever_key_the_log_has_by_now() {
    let (world, other) = (World::new(), World::with_nonce("another"));
    let rekeyed = Rules { log_key: signer_of("the log.2").verifier(), ..world.rules.clone() };
    assert!(world.rules.agrees_with(&rekeyed) && rekeyed.agrees_with(&world.rules));
    assert!(!world.rules.agrees_with(&other.rules));
}

#[test]
fn only_a_key_that_signs_checkpoints_becomes_the_log_s() {
    let world = World::new();
    let register = &world.rules.register;
    let code = |algorithm: Algorithm, by: &str| {
        let vkey = VerifierKey::new(register.origin.as_str(), algorithm, key("the log.2").public()).unwrap();
        let text = text_of(register, &log_key_body(&["governor"], world.act_prev(), &vkey));
        let text =
            text.replacen(&format!("\"by\":\"{}\"", account("governor")), &format!("\"by\":\"{}\"", account(by)), 1);
        Entry::parse(&raw_note(&text)).map(|_| ()).map_err(|refusal| refusal.code())
    };
    assert_eq!(code(Algorithm::Ed25519, "governor"), Ok(()));
    assert_eq!(code(Algorithm::CosignatureV1, "governor"), Err("body_invalid"));
    assert_eq!(code(Algorithm::Ed25519, "ana"), Err("body_invalid"));
}

#[test]
fn a_certificate_verifies_across_a_change_of_the_log_s_key() {
    let mut world = World::new();
    let work = world.must("hills", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    let before = world.certificate(work);
    assert!(before.verify(&World::vkey()).is_ok());
    let (world, work) = rekeyed();
    let key = signer_of("the log.2").verifier();
    let certificate = world.certificate(work);
    let provenance = certificate.verify(&key).unwrap();
    assert_eq!((provenance.state.holder, &provenance.log_key), (account("bo"), &key));
    assert_eq!(provenance.rules.log_key, World::vkey());
    // The old key signed nothing of this; a certificate from before is still what it was.
    assert!(certificate.verify(&World::vkey()).is_err());
    assert!(before.verify(&World::vkey()).is_ok());
    assert!(before.verify(&key).is_err());
}

#[test]
fn a_key_that_no_governor_named_signs_no_certificate() {
    let (mut world, work) = rekeyed();
    let true_one = world.certificate(work);
    world.log_key = "a thief's";
    let refused = |certificate: &Certificate, name: &str| certificate.verify(&signer_of(name).verifier()).unwrap_err();
    assert!(matches!(refused(&world.certificate(work), "a thief's"), CertificateError::Genesis(_)));
    // Without the act, or without the proof of what the acts led to.
    let act = true_one.entries.iter().position(|proved| proved.entry.contains("\"log_key\"")).unwrap();
    let mut without = true_one.clone();
    without.entries.remove(act);
    assert!(matches!(refused(&without, "the log.2"), CertificateError::Genesis(_)));
    let mut without = true_one.clone();
    without.records.retain(|record| record.key != "register");
    assert!(matches!(refused(&without, "the log.2"), CertificateError::Missing(_)));
}

#[test]
fn a_key_that_was_replaced_again_signs_no_certificate() {
    let (mut world, work) = rekeyed();
    let key = signer_of("the log.3").verifier();
    world.must("log_key", &log_key_body(&["governor"], world.act_prev(), &key), &["governor"]);
    let stale = world.certificate(work);
    assert!(matches!(stale.verify(&signer_of("the log.2").verifier()), Err(CertificateError::Genesis(_))));
    world.log_key = "the log.3";
    assert!(world.certificate(work).verify(&key).is_ok());
}

#[test]
fn acts_do_not_belong_to_a_certificate_under_the_genesis_key() {
    let mut world = World::new();
    let work = world.must("hills", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    let height = world.replay.position().height + 1_000;
    world.must("upgrade", &upgrade_body(&["governor"], world.act_prev(), height), &["governor"]);
    let mut certificate = world.certificate(work);
    assert!(certificate.verify(&World::vkey()).is_ok());
    let act = world.size() - 2;
    certificate.entries.insert(certificate.entries.len() - 1, world.prove(act));
    let expected = CertificateError::LeftOver(format!("the entry at index {act}"));
    assert_eq!(certificate.verify(&World::vkey()).unwrap_err(), expected);
}

#[test]
fn an_act_takes_as_many_governors_as_the_genesis_says() {
    let mut world = World::with_governors(&["one", "two", "three"], 2);
    let act = |world: &World, names: &[&str]| retire_body(names, world.act_prev(), None);
    let submit = |world: &mut World, names: &[&str], signers: &[&str]| {
        let body = act(world, names);
        let signers: Vec<_> = signers.iter().map(|name| (*name, *name)).collect();
        world.submit(&body, &signers).map_err(|refusal| refusal.code())
    };
    assert_eq!(submit(&mut world, &["one"], &["one"]), Err("not_governor"));
    assert_eq!(submit(&mut world, &["one", "two", "three"], &["one", "two", "three"]), Err("not_governor"));
    assert_eq!(submit(&mut world, &["one", "ana"], &["one", "ana"]), Err("not_governor"));
    assert_eq!(submit(&mut world, &["one", "two"], &["one"]), Err("signature_set"));
    assert_eq!(submit(&mut world, &["one", "two"], &["one", "three"]), Err("signature_set"));
    assert!(submit(&mut world, &["three", "one"], &["one", "three"]).is_ok());
    let record = governance::current(world.replay.records()).unwrap().unwrap();
    let RegisterRecord { retired, successor, log_vkey, upgrade, newest } = record;
    assert_eq!((retired, successor, log_vkey, upgrade), (Some(2), None, None, None));
    assert_eq!(newest, world.ids["last"]);
}

#[test]
fn nothing_but_its_seal_follows_a_retirement_in_its_own_batch() {
    let world = World::new();
    let records = world.replay.records();
    let mut batch = colophon_ledger::batch::Batch::open(&world.rules, records, world.replay.position(), world.time_ms);
    let mut push = |body: &Body, name: &str| {
        let entry = signed(&text_of(&world.rules.register, body), &[(name, name)]);
        batch.push(colophon_ledger::signature::Signed::check(entry, records).unwrap())
    };
    push(&Body::Mint(mint_body("ana", "hills")), "ana").unwrap();
    push(&retire_body(&["governor"], world.act_prev(), Some("next")), "governor").unwrap();
    let stop = push(&Body::Mint(mint_body("ana", "other")), "ana").unwrap_err();
    let successor = Some("next.example/art".parse().unwrap());
    assert_eq!(stop, Refusal::Retired { successor }.into());
    assert_eq!(stop.to_string(), "the register has been retired; next.example/art goes on with it");
}

#[test]
fn acts_with_governors_out_of_order_or_by_another_are_no_entries() {
    let world = World::with_governors(&["one", "two"], 2);
    let text = text_of(&world.rules.register, &retire_body(&["one", "two"], world.act_prev(), None));
    let governors = Governors::new(vec![account("one"), account("two")]).unwrap();
    let [first, second] = governors.as_slice() else { panic!("two governors") };
    let (listed, reversed) = (format!("[\"{first}\",\"{second}\"]"), format!("[\"{second}\",\"{first}\"]"));
    let other = [
        text.replace(&listed, &reversed),
        text.replace(&listed, &format!("[\"{first}\",\"{first}\"]")),
        text.replace(&format!("\"by\":\"{first}\""), &format!("\"by\":\"{second}\"")),
    ];
    for text in other {
        let refusal = Entry::parse(&raw_note(&text)).unwrap_err();
        assert_eq!(refusal.code(), "body_invalid", "{text}");
    }
    assert!(Governors::new(vec![account("one"), account("one")]).is_none());
    let seventeen: Vec<_> = (0..17).map(|n| account(&format!("governor {n}"))).collect();
    assert!(Governors::new(seventeen[..16].to_vec()).is_some());
    assert!(Governors::new(seventeen).is_none());
}
