//! Certificates from a dishonest operator, who has the log's key: every leaf is in the log, and the seals lie.

use colophon_ledger::certificate::{Certificate, CertificateError};
use colophon_ledger::entry::seal::Seal;
use colophon_ledger::entry::terms::TermsWord;
use colophon_ledger::entry::{Body, Entry, text_of};
use colophon_ledger::field::{EntryId, Int};
use colophon_ledger::proved::ProvedError;
use colophon_ledger::refusal::Refusal;

use crate::attacks::story;
use crate::rules::{check_in, close_body, mint_body, raw_note, terms_body};
use crate::world::{DAY_MS, World, account, digest, signed};

/// A register in which, between the genesis and ana's work, another work was minted, and nothing has come after.
fn work_after_another() -> (World, EntryId) {
    let mut world = World::new();
    world.must("other", &Body::Mint(mint_body("dee", "sea")), &["dee"]);
    let work = world.must("work", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    (world, work)
}

/// Puts a changed seal in the place of the one at `index`, signed by the operator.
fn forge_seal(world: &mut World, index: usize, change: impl FnOnce(&mut Seal)) {
    let Body::Seal(mut seal) = Entry::parse(&world.leaves[index]).unwrap().body().clone() else {
        panic!("no seal at index {index}")
    };
    change(&mut seal);
    let text = text_of(&world.rules.register, &Body::Seal(seal));
    let mut leaves = world.leaves.clone();
    leaves[index] = signed(&text, &[("operator", "operator")]).to_bytes();
    world.relog(leaves);
}

/// Returns the certificate with its entries, and more, proved to the log as it is now.
fn reproved(world: &World, certificate: &Certificate, more: &[u64]) -> Certificate {
    let mut indices: Vec<u64> = certificate.entries.iter().map(|proved| proved.index).chain(more.to_vec()).collect();
    indices.sort_unstable();
    indices.dedup();
    let entries = indices.into_iter().map(|index| world.prove(index)).collect();
    Certificate { checkpoint: world.checkpoint().to_string(), entries, ..certificate.clone() }
}

fn seals_error(world: &World, work: EntryId) -> String {
    match world.certificate(work).verify(&World::vkey()).unwrap_err() {
        CertificateError::Seals(why) => why,
        other => panic!("{other}"),
    }
}

#[test]
fn a_first_batch_that_does_not_begin_the_register_is_refused() {
    let (world, work) = work_after_another();
    world.certificate(work).verify(&World::vkey()).unwrap();
    let lies: [fn(&mut Seal); 2] =
        [|seal| seal.prev_seal = digest("another genesis"), |seal| seal.height = Int::new(1).unwrap()];
    for lie in lies {
        let (mut world, work) = work_after_another();
        forge_seal(&mut world, 1, lie);
        let expected = "the first batch holds the genesis alone; this one does not begin so, at index 1";
        assert_eq!(seals_error(&world, work), expected);
    }
    // A later batch that says it is the first.
    let (mut world, work) = work_after_another();
    forge_seal(&mut world, 5, |seal| seal.height = Int::new(0).unwrap());
    let expected = "the first batch holds the genesis alone; this one does not begin so, at index 5";
    assert_eq!(seals_error(&world, work), expected);
}

#[test]
fn a_first_batch_of_more_than_the_genesis_is_refused() {
    let mut world = World::new();
    let work = world.must("work", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    // Genesis, mint, and one seal over both.
    let mut leaves = world.leaves.clone();
    leaves.remove(1);
    world.relog(leaves);
    forge_seal(&mut world, 2, |seal| {
        seal.first = Int::new(0).unwrap();
        seal.count = Int::new(2).unwrap();
        seal.height = Int::new(0).unwrap();
    });
    let expected = "the first batch holds the genesis alone; this one does not begin so, at index 2";
    assert_eq!(seals_error(&world, work), expected);
}

#[test]
fn a_seal_that_covers_the_seal_before_it_is_refused() {
    let mut world = World::new();
    let work = world.must("work", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    forge_seal(&mut world, 3, |seal| {
        seal.first = Int::new(1).unwrap();
        seal.count = Int::new(2).unwrap();
        seal.height = Int::new(2).unwrap();
        seal.prev_seal = digest("a seal that is left out");
    });
    assert_eq!(seals_error(&world, work), "it does not follow the seal before, at index 3");
}

#[test]
fn two_seals_of_one_height_are_refused() {
    let mut world = World::new();
    let work = world.must("work", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    world.must("other", &Body::Mint(mint_body("dee", "sea")), &["dee"]);
    world.must("close", &close_body("ana", work, work), &["ana"]);
    world.certificate(work).verify(&World::vkey()).unwrap();
    forge_seal(&mut world, 7, |seal| {
        seal.height = Int::new(1).unwrap();
        seal.prev_seal = digest("a seal that is left out");
    });
    assert_eq!(seals_error(&world, work), "it does not follow the seal before, at index 7");
}

#[test]
fn the_genesis_a_second_time_does_not_belong_there() {
    let mut world = World::new();
    let work = world.must("work", &Body::Mint(mint_body("ana", "hills")), &["ana"]);
    let certificate = world.certificate(work);
    let (end, next) = (world.size(), world.replay.position());
    let Body::Seal(before) = Entry::parse(world.leaves.last().unwrap()).unwrap().body().clone() else { panic!() };
    let seal = Seal {
        first: Int::new(end).unwrap(),
        height: Int::new(next.height).unwrap(),
        prev_seal: next.prev_seal,
        ..before
    };
    let seal = signed(&text_of(&world.rules.register, &Body::Seal(seal)), &[("operator", "operator")]);
    let mut leaves = world.leaves.clone();
    leaves.extend([leaves[0].clone(), seal.to_bytes()]);
    world.relog(leaves);
    // Without it, all the rest proves the work: nothing else is wrong.
    reproved(&world, &certificate, &[end + 1]).verify(&World::vkey()).unwrap();
    let error = reproved(&world, &certificate, &[end, end + 1]).verify(&World::vkey()).unwrap_err();
    assert_eq!(error, CertificateError::LeftOver(format!("the entry at index {end}")));
}

#[test]
fn what_is_of_another_work_does_not_belong_there() {
    let mut world = World::new();
    check_in(
        &mut world,
        "
        ana mint face=hills as hills                -> accepted
        dee mint face=sea as sea                    -> accepted
        dee amend work=sea age=lt50                 -> accepted
        dee profile                                 -> accepted
        dee offer work=sea to=cy                    -> accepted
        cy  accept work=sea                         -> accepted
        ana transfer work=hills edition=2 prev=hills to=bo -> accepted
        ",
    );
    let certificate = world.certificate(world.ids["hills"]);
    certificate.verify(&World::vkey()).unwrap();
    let is_seal = |index: &u64| Seal::peek(&world.leaves[usize::try_from(*index).unwrap()]).is_some();
    let known = |index: &u64| certificate.entries.iter().any(|proved| proved.index == *index);
    let others: Vec<u64> = (0..world.size()).filter(|index| !is_seal(index) && !known(index)).collect();
    assert_eq!(others.len(), 6);
    for index in others {
        let seal = (index..world.size()).find(is_seal).unwrap();
        let error = reproved(&world, &certificate, &[index, seal]).verify(&World::vkey()).unwrap_err();
        let CertificateError::LeftOver(what) = &error else { panic!("{index}: {error}") };
        assert!(what.starts_with(&format!("the entry at index {index}")), "{what}");
    }
}

#[test]
fn a_seal_that_covers_nothing_does_not_belong_there() {
    let (world, work) = work_after_another();
    let more = reproved(&world, &world.certificate(work), &[3]);
    let error = more.verify(&World::vkey()).unwrap_err();
    assert_eq!(error, CertificateError::LeftOver("the seal at index 3".to_owned()));
}

#[test]
fn an_entry_of_newer_rules_asks_for_newer_software() {
    let (world, work) = work_after_another();
    let certificate = world.certificate(work);
    let text = text_of(&world.rules.register, &Body::Mint(mint_body("ana", "hills")));
    let unknown = [
        (text.replacen("\"kind\":\"mint\"", "\"kind\":\"bless\"", 1), Refusal::UnknownKind("bless".to_owned())),
        (text.replacen("\"license\"", "\"licence\"", 1), Refusal::UnknownMember("licence".to_owned())),
    ];
    for (text, refusal) in unknown {
        let (mut world, _) = work_after_another();
        let mut leaves = world.leaves.clone();
        leaves[4] = raw_note(&text);
        world.relog(leaves);
        let error = reproved(&world, &certificate, &[]).verify(&World::vkey()).unwrap_err();
        assert_eq!(error, CertificateError::Proved(ProvedError::NeedsNewer(refusal.to_string())));
    }
}

#[test]
fn the_offer_that_stands_is_told() {
    let (world, work) = story();
    assert_eq!(world.certificate(work).verify(&World::vkey()).unwrap().offer(), None);
    let (mut world, work) = work_after_another();
    let mut offer = terms_body("ana", "bo", work, work, world.time_ms + DAY_MS);
    offer.kind = TermsWord::Offer;
    world.must("offer", &Body::Offer(offer), &["ana"]);
    let provenance = world.certificate(work).verify(&World::vkey()).unwrap();
    assert_eq!(provenance.offer().unwrap().to, account("bo"));
    assert_eq!(provenance.offer().unwrap().expires_ms, world.time_ms + DAY_MS);
}
