//! Ways to cheat that a review of the format found, each with what stops it.

use colophon_ledger::canonical::to_canonical;
use colophon_ledger::certificate::{Certificate, CertificateError};
use colophon_ledger::entry::terms::TermsWord;
use colophon_ledger::entry::{Body, Entry, text_of};
use colophon_ledger::field::{EntryId, Marker};
use colophon_ledger::proved::{ProvedError, StateAnswer};
use colophon_ledger::state::RecordKey;
use colophon_tlog::key::SecretKey;

use crate::rules::{accept_body, close_body, mint_body, profile_body, rotate_body, terms_body};
use crate::world::{DAY_MS, World, account, multikey, signed};

/// A register in which ana's work, after profiles and a rotation, has come to bo and then to cy.
pub(crate) fn story() -> (World, EntryId) {
    let mut world = World::new();
    let profile = profile_body("ana", world.account_prev("ana"));
    world.must("profile", &profile, &["ana"]);
    let work = world.must("work", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    world.must("other", &Body::Mint(mint_body("dee", "sea")), &["dee"]);
    let mut offer = terms_body("ana", "bo", work, work, world.time_ms + DAY_MS);
    offer.kind = TermsWord::Offer;
    offer.firm = Some(Marker);
    let offer = world.must("offer", &Body::Offer(offer), &["ana"]);
    world.must("accept", &accept_body("bo", work, offer), &["bo"]);
    world.rotate("bo", &["bo.2"], 1);
    let prev = world.edition_prev(&work);
    let mut sale = terms_body("bo", "cy", work, prev, world.time_ms + DAY_MS);
    sale.from_country = "FR".parse().unwrap();
    world.submit(&Body::Transfer(sale), &[("bo", "bo.2"), ("cy", "cy")]).unwrap();
    world.must("last mint", &Body::Mint(mint_body("dee", "stones")), &["dee"]);
    (world, work)
}

fn without(certificate: &Certificate, world: &World, gone: impl Fn(&Body) -> bool) -> Certificate {
    let mut less = certificate.clone();
    less.entries.retain(|proved| !gone(Entry::parse(proved.entry.as_bytes()).unwrap().body()));
    // What a forger would do too: leave out the seals that now cover nothing.
    let covered: Vec<u64> = less.entries.iter().map(|proved| proved.index).collect();
    less.entries.retain(|proved| match Entry::parse(proved.entry.as_bytes()).unwrap().body() {
        Body::Seal(seal) => proved.index + 1 == world.size() || covered.iter().any(|index| seal.covers(*index)),
        _ => true,
    });
    assert!(less.entries.len() < certificate.entries.len());
    less
}

#[test]
fn a_true_certificate_proves_the_whole_story() {
    let (world, work) = story();
    let certificate = world.certificate(work);
    let read = Certificate::parse(certificate.to_text().as_bytes()).unwrap();
    let provenance = read.verify(&World::vkey()).unwrap();
    assert_eq!(provenance.mint.by, account("ana"));
    assert_eq!(provenance.state.holder, account("cy"));
    assert_eq!(provenance.steps.len(), 3);
    assert_eq!(provenance.accounts[&account("bo")].rotations.len(), 1);
    assert_eq!(provenance.accounts[&account("ana")].profiles.len(), 1);
    assert!(!provenance.accounts.contains_key(&account("dee")));
}

#[test]
fn an_old_seal_and_state_under_a_new_checkpoint_are_refused() {
    let (mut world, work) = story();
    let old = world.certificate(work);
    world.must("more", &Body::Mint(mint_body("dee", "rain")), &["dee"]);
    let new = world.certificate(work);
    // The old seal, state proofs and entries, each shown to be in the new tree, under the new checkpoint.
    let mut mixed = Certificate { checkpoint: new.checkpoint.clone(), ..old.clone() };
    for proved in &mut mixed.entries {
        *proved = world.prove(proved.index);
    }
    assert_eq!(
        mixed.verify(&World::vkey()).unwrap_err(),
        CertificateError::Proved(ProvedError::Seal("it is not the last entry of the checkpoint".to_owned()))
    );
    // The new seal with the old state proofs.
    let mixed = Certificate { records: old.records, ..new };
    assert!(matches!(mixed.verify(&World::vkey()), Err(CertificateError::Proved(ProvedError::Record { .. }))));
}

#[test]
fn a_certificate_that_leaves_something_out_is_refused() {
    let (world, work) = story();
    let certificate = world.certificate(work);
    let check = |less: Certificate| less.verify(&World::vkey()).unwrap_err();
    let rotation = check(without(&certificate, &world, |body| matches!(body, Body::Rotate(_))));
    assert!(matches!(rotation, CertificateError::Proved(ProvedError::Refused { .. })), "{rotation}");
    let profile = check(without(&certificate, &world, |body| matches!(body, Body::Profile(_))));
    assert_eq!(profile, CertificateError::Record(format!("account/{}", account("ana"))));
    let transfer = check(without(&certificate, &world, |body| matches!(body, Body::Transfer(_))));
    assert!(matches!(transfer, CertificateError::Missing(_) | CertificateError::Record(_)), "{transfer}");
    // Even with the recipient's state proof taken out, the edition's own record tells.
    let mut less = without(&certificate, &world, |body| matches!(body, Body::Transfer(_)));
    less.records.retain(|record| record.key != format!("account/{}", account("cy")));
    assert_eq!(check(less), CertificateError::Record(format!("edition/{work}/1")));
    let mint = check(without(&certificate, &world, |body| matches!(body, Body::Mint(_))));
    assert!(matches!(mint, CertificateError::Proved(ProvedError::Refused { .. })), "{mint}");
    let mut no_records = certificate.clone();
    no_records.records.pop();
    assert!(matches!(check(no_records), CertificateError::Missing(_)));
}

#[test]
fn a_certificate_that_carries_more_than_belongs_to_it_is_refused() {
    let (world, work) = story();
    let certificate = world.certificate(work);
    let stranger = world.ids["other"];
    let indices = world.certificate_indices(stranger);
    let mut more = certificate.clone();
    let mint = indices
        .into_iter()
        .find(|index| matches!(Entry::parse(world.prove(*index).entry.as_bytes()).unwrap().body(), Body::Mint(_)));
    more.entries.push(world.prove(mint.unwrap()));
    more.entries.push(world.prove(mint.unwrap() + 1));
    more.entries.sort_by_key(|proved| proved.index);
    more.entries.dedup();
    assert!(matches!(more.verify(&World::vkey()), Err(CertificateError::LeftOver(_))));
    let mut more = certificate.clone();
    more.records.push(world.proved_record(&RecordKey::Work(stranger)));
    assert!(matches!(more.verify(&World::vkey()), Err(CertificateError::LeftOver(_))));
    let mut twice = certificate;
    twice.entries.insert(1, twice.entries[1].clone());
    assert_eq!(twice.verify(&World::vkey()).unwrap_err(), CertificateError::Order);
}

#[test]
fn absence_proved_by_another_records_path_is_refused() {
    let (world, work) = story();
    let mut certificate = world.certificate(work);
    // The transfer is hidden and the edition is said to have no record, "proved" by the path of another.
    let foreign = world.proved_record(&RecordKey::Work(world.ids["other"]));
    for record in &mut certificate.records {
        if record.key.starts_with("edition/") {
            record.record = None;
            record.path.clone_from(&foreign.path);
            record.other.clone_from(&foreign.other);
        }
    }
    certificate = without(&certificate, &world, |body| body.edition().is_some());
    assert!(certificate.verify(&World::vkey()).is_err());
    let answer = StateAnswer {
        checkpoint: certificate.checkpoint.clone(),
        seal: world.prove(world.size() - 1),
        records: certificate.records,
    };
    assert!(matches!(answer.verify(&world.rules), Err(ProvedError::Record { .. })));
}

#[test]
fn a_key_that_was_rotated_away_signs_nothing() {
    let (mut world, _) = story();
    let work = world.must("fresh", &Body::Mint(mint_body("ana", "fresh")), &["ana"]);
    world.rotate("ana", &["ana.2"], 1);
    let close = close_body("ana", work, work);
    assert_eq!(world.submit(&close, &[("ana", "ana")]).unwrap_err().code(), "signature_set");
    world.submit(&close, &[("ana", "ana.2")]).unwrap();
}

#[test]
fn one_key_twice_is_not_two_of_three() {
    let mut world = World::new();
    world.rotate("ana", &["a1", "a2", "a3"], 2);
    let body = Body::Mint(mint_body("ana", "hills"));
    let text = text_of(&world.rules.register, &body);
    let once = signed(&text, &[("ana", "a1")]);
    let line = once.signatures()[0].clone();
    // Draft::sign would not do this: the same line twice, written by hand.
    let twice = format!("{text}\n{line}\n{line}\n");
    assert_eq!(world.submit_bytes(twice.as_bytes()).unwrap_err().code(), "signature_set");
    world.submit(&body, &[("ana", "a1"), ("ana", "a3")]).unwrap();
}

/// Two keys whose 4-byte ids under the account `ana` are the same: anybody can find such a pair in seconds.
fn colliding_keys() -> (SecretKey, SecretKey) {
    let seed = |number: u32| {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        SecretKey::from_seed(seed)
    };
    (seed(COLLIDING.0), seed(COLLIDING.1))
}

const COLLIDING: (u32, u32) = (12_276, 24_356);

#[test]
fn two_keys_of_one_id_never_come_into_an_account() {
    let (first, second) = colliding_keys();
    let ana = account("ana");
    let ids = [&first, &second].map(|key| colophon_ledger::account::Multikey::from(&key.public()));
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids[0].id_under(&ana), ids[1].id_under(&ana));
    let mut world = World::new();
    let rotate = |world: &World, key| match rotate_body(world.account_prev("ana"), "ana", &["placeholder"], 1, None) {
        Body::Rotate(rotate) => {
            let keys = colophon_ledger::account::KeyList::new(vec![key]).unwrap();
            Body::Rotate(colophon_ledger::entry::rotate::Rotate { keys, ..rotate })
        }
        other => other,
    };
    let submit = |world: &mut World, body: &Body, keys: &[&SecretKey]| {
        let mut draft = colophon_ledger::draft::Draft::new(text_of(&world.rules.register, body), None, None).unwrap();
        for key in keys {
            draft.sign(&ana, (*key).clone()).unwrap();
        }
        world.submit_bytes(&draft.to_entry().unwrap().to_bytes())
    };
    let body = rotate(&world, ids[0]);
    submit(&mut world, &body, &[&crate::world::key("ana"), &first]).unwrap();
    // Now the other key of the same id: it cannot even be told apart in the signature lines, and after one more
    // rotation it is still refused as a former one.
    let body = rotate(&world, ids[1]);
    assert!(submit(&mut world, &body, &[&first, &second]).is_err());
    let body = rotate(&world, multikey("a2"));
    submit(&mut world, &body, &[&first, &crate::world::key("a2")]).unwrap();
    let body = rotate(&world, ids[1]);
    assert_eq!(submit(&mut world, &body, &[&crate::world::key("a2"), &second]).unwrap_err().code(), "key_reused");
}

#[test]
fn an_entry_for_a_register_of_the_same_name_is_refused() {
    let (mut world, other) = (World::new(), World::with_nonce("another genesis"));
    assert_eq!(world.rules.register.origin, other.rules.register.origin);
    let foreign = signed(&text_of(&other.rules.register, &Body::Mint(mint_body("ana", "hills"))), &[("ana", "ana")]);
    assert_eq!(world.submit_bytes(&foreign.to_bytes()).unwrap_err().code(), "wrong_genesis");
}

#[test]
fn a_half_signed_transfer_dies_with_a_close() {
    let mut world = World::new();
    let work = world.must("work", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    let sale = Body::Transfer(terms_body("ana", "bo", work, work, world.time_ms + DAY_MS));
    // ana has signed and changes her mind before bo signs.
    world.must("close", &close_body("ana", work, work), &["ana"]);
    assert_eq!(world.submit(&sale, &[("ana", "ana"), ("bo", "bo")]).unwrap_err().code(), "prev_stale");
}

#[test]
fn another_logs_key_or_a_forged_checkpoint_proves_nothing() {
    let (world, work) = story();
    let certificate = world.certificate(work);
    let stranger = colophon_tlog::note::Signer::new("registry.example/art", crate::world::key("stranger")).unwrap();
    assert!(certificate.verify(&stranger.verifier()).is_err());
    // A forger with a log of his own, and the true genesis in it.
    let forged = Certificate {
        checkpoint: world.checkpoint().checkpoint().clone().sign(&stranger).unwrap().to_string(),
        ..certificate
    };
    assert!(matches!(forged.verify(&stranger.verifier()), Err(CertificateError::Genesis(_))));
}

#[test]
fn a_certificate_that_was_reformatted_is_not_byte_for_byte_one() {
    let (world, work) = story();
    let text = world.certificate(work).to_text();
    let spaced = text.replacen("\"edition\":1", "\"edition\": 1", 1);
    assert_eq!(Certificate::parse(spaced.as_bytes()).unwrap_err(), CertificateError::Spelling);
    let newer = text.replacen("\"edition\":1", "\"edition\":1,\"encumbrances\":[]", 1);
    assert_eq!(
        Certificate::parse(newer.as_bytes()).unwrap_err(),
        CertificateError::NeedsNewer("encumbrances".to_owned())
    );
    assert_eq!(to_canonical(&Certificate::parse(text.as_bytes()).unwrap()) + "\n", text);
}
