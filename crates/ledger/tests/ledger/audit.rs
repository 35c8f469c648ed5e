//! An audit of a whole register: what it claims, and what convicts it.

use colophon_ledger::audit::{Audit, Claims, Stage};
use colophon_ledger::entry::terms::{Terms, TermsWord};
use colophon_ledger::entry::{Body, Entry, text_of};
use colophon_ledger::evidence::{Lie, ProvedLeaf};
use colophon_ledger::look::Looked;
use colophon_ledger::replay::ReplayError;
use colophon_ledger::signature::FirstKeys;
use colophon_ledger::state::{Changes, RecordKey, Unreadable, record_digest};
use colophon_ledger::state_root::StateTree;

use crate::attacks::story;
use crate::rules::{accept_body, check_in, mint_body, terms_body};
use crate::world::{DAY_MS, World, signed};

/// Audits every leaf of the world's log, looked at before or not.
fn audited(world: &World, before: bool) -> (Audit<Changes>, Result<(), ReplayError>) {
    let mut audit = Audit::begin(&world.leaves[0], Changes::new()).unwrap();
    for leaf in &world.leaves {
        let looked = if before { Looked::at(leaf.clone(), &FirstKeys) } else { Looked::later(leaf.clone()) };
        if let Err(error) = audit.leaf(looked) {
            return (audit, Err(error));
        }
    }
    let finished = audit.finish();
    (audit, finished)
}

#[test]
fn all_that_was_ever_claimed_is_counted() {
    let (world, _) = story();
    for before in [false, true] {
        let (audit, finished) = audited(&world, before);
        assert_eq!(finished, Ok(()));
        assert_eq!(audit.state_root(), world.replay.state_root());
        let claims = audit.claims();
        let kind = |kind: &str| {
            let of_kind = |leaf: &&Vec<u8>| Entry::parse(leaf).unwrap().body().kind() == kind;
            world.leaves.iter().filter(of_kind).count() as u64
        };
        assert_eq!(claims.kinds.values().sum::<u64>(), world.size());
        assert!(claims.kinds.iter().all(|(name, count)| *count == kind(name)));
        assert_eq!((claims.works, claims.moves, claims.batches), (kind("mint"), 2, kind("seal")));
        assert_eq!(claims.records, world.replay.records().len() as u64);
        // Ana published a profile, bo changed keys.
        assert_eq!(claims.accounts, 2);
        // Bo accepted an offer of ana's across a border, in another batch, and sold on where it was.
        let borders: Vec<String> =
            claims.borders.iter().map(|((from, to), count)| format!("{from} {to} {count}")).collect();
        assert_eq!(borders, ["CN FR 1"]);
        assert_eq!((claims.first_ms, claims.last_ms), (1_000 * DAY_MS, world.time_ms));
    }
}

#[test]
fn each_way_over_a_border_is_counted_and_told() {
    let mut world = World::new();
    for (maker, face) in [("ana", "hills"), ("ana", "sea"), ("dee", "stones")] {
        world.must(face, &Body::Mint(mint_body(maker, face)), &[maker]);
    }
    world.time_ms += DAY_MS;
    let (hills, sea, until_ms) = (world.ids["hills"], world.ids["sea"], world.time_ms + DAY_MS);
    let body = Terms { kind: TermsWord::Offer, ..terms_body("ana", "bo", hills, hills, until_ms) };
    let offer = signed(&text_of(&world.rules.register, &Body::Offer(body)), &[("ana", "ana")]);
    let accept = accept_body("bo", hills, offer.id());
    let accept = signed(&text_of(&world.rules.register, &accept), &[("bo", "bo")]);
    world.submit_together(vec![offer, accept]);
    world.must("sale", &Body::Transfer(terms_body("ana", "cy", sea, sea, until_ms)), &["ana", "cy"]);
    check_in(
        &mut world,
        "
        governor authority account=court country=CN types=COURT_ORDER -> accepted
        bo       move work=hills from=FR towards=JP                   -> accepted
        court    transmit work=stones to=eve                          -> accepted
        ",
    );
    let (audit, finished) = audited(&world, true);
    assert_eq!(finished, Ok(()));
    let claims = audit.claims();
    assert_eq!((claims.first_ms, claims.last_ms), (1_000 * DAY_MS, 1_001 * DAY_MS));
    let told = "\
3 works, 0 accounts with a profile or new keys, RECORDS records
entries: accept 1, authority 1, genesis 1, mint 3, move 1, offer 1, seal 9, transfer 1, transmit 1
moves of title: 3
moves over the border CN to FR: 3
moves over the border FR to JP: 1";
    let told = told.replace("RECORDS", &claims.records.to_string());
    assert_eq!(claims.to_string(), told);
    let voided = told.replace("\nmoves of", "\nvoided by the governors, for being against the rules: 2\nmoves of");
    assert_eq!(Claims { voided: 2, ..claims.clone() }.to_string(), voided);
}

/// Returns the audit of the world's first leaves up to a seal, put down and taken up again.
fn taken_up(world: &World, size: u64, records: impl FnOnce(Changes) -> Changes) -> Audit<Changes> {
    let mut audit = Audit::begin(&world.leaves[0], Changes::new()).unwrap();
    for leaf in &world.leaves[..usize::try_from(size).unwrap()] {
        audit.leaf(Looked::later(leaf.clone())).unwrap();
    }
    assert_eq!(audit.stage().position.index, size, "not at a seal");
    let kept = audit.kept_mut().clone();
    let tree = StateTree::new().apply(kept.iter().map(|(key, text)| (key.state_key(), record_digest(text))));
    assert_eq!(tree.root(), audit.state_root());
    let stage: Stage = serde_json::from_str(&serde_json::to_string(audit.stage()).unwrap()).unwrap();
    assert_eq!(&stage, audit.stage());
    Audit::resume(&world.leaves[0], records(kept), tree, stage).unwrap()
}

#[test]
fn an_audit_that_was_broken_off_comes_to_the_same_end() {
    let (world, _) = story();
    let whole = audited(&world, false).0;
    let seals = world.leaves.iter().zip(1..).filter(|(leaf, _)| Looked::later((*leaf).clone()).closes());
    for (_, size) in seals {
        let mut audit = taken_up(&world, size, |records| records);
        for leaf in &world.leaves[usize::try_from(size).unwrap()..] {
            audit.leaf(Looked::later(leaf.clone())).unwrap();
        }
        assert_eq!((audit.stage(), audit.state_root()), (whole.stage(), whole.state_root()), "from {size}");
        assert_eq!(audit.finish(), Ok(()));
    }
}

#[test]
fn a_record_that_was_damaged_where_it_is_kept_convicts_nobody() {
    let (mut world, work) = story();
    let before = world.size();
    let mut sale = terms_body("cy", "ana", work, world.edition_prev(&work), world.time_ms + DAY_MS);
    sale.from_country = "FR".parse().unwrap();
    world.submit(&Body::Transfer(sale), &[("ana", "ana"), ("cy", "cy")]).unwrap();
    for damage in [false, true] {
        let mut audit = taken_up(&world, before, |mut records| {
            if damage {
                let edition = records.get_mut(&RecordKey::Edition(work, 1)).unwrap();
                *edition = edition.replace("\"FR\"", "\"CN\"");
            }
            records
        });
        let rest = world.leaves[usize::try_from(before).unwrap()..].iter();
        let judged: Result<Vec<_>, _> = rest.map(|leaf| audit.leaf(Looked::later(leaf.clone()))).collect();
        match judged {
            Ok(_) => assert!(!damage),
            Err(error) => assert!(damage && matches!(error, ReplayError::Unreadable(_)), "{error}"),
        }
    }
}

#[test]
fn what_an_audit_finds_wrong_convicts_the_register() {
    let (mut world, work) = story();
    let before = world.size();
    let sale = terms_body("ana", "bo", work, world.edition_prev(&work), world.time_ms + DAY_MS);
    let sale = signed(&text_of(&world.rules.register, &Body::Transfer(sale)), &[("ana", "ana"), ("bo", "bo.2")]);
    let seal = world.leaves.last().unwrap().clone();
    for end in [vec![sale.to_bytes(), seal], vec![sale.to_bytes()]] {
        let honest = world.leaves[..usize::try_from(before).unwrap()].to_vec();
        world.relog([honest, end.clone()].concat());
        let (audit, found) = audited(&world, true);
        let error = found.unwrap_err();
        let checkpoint = world.checkpoint();
        assert_eq!(audit.case(&checkpoint).indices().len(), end.len() + 2);
        let prove = |index: u64| {
            let leaf = &world.leaves[usize::try_from(index).unwrap()];
            Ok::<_, Unreadable>(ProvedLeaf::new(leaf, index, &world.proof(index)))
        };
        let evidence = audit.case(&checkpoint).evidence(prove).unwrap();
        let lie = Lie::Batch { first: before, size: world.size(), error };
        assert_eq!(evidence.judge(&World::vkey()), Ok(lie));
        assert_eq!(audit.claims().entries, before);
    }
}
