//! A retired register and the one that goes on with it: what comes over, what does not, and what that takes.

use colophon_ledger::account::AccountId;
use colophon_ledger::canonical::to_canonical;
use colophon_ledger::carried::CarriedRecord;
use colophon_ledger::certificate::CertificateError;
use colophon_ledger::entry::carry_account::{CarryAccount, CarryAccountWord};
use colophon_ledger::entry::carry_edition::{CarriedMint, CarryEdition, CarryEditionWord};
use colophon_ledger::entry::genesis::Genesis;
use colophon_ledger::entry::lien::{Lien, LienWord};
use colophon_ledger::entry::mint::Mint;
use colophon_ledger::entry::release::{Release, ReleaseWord};
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::{Int, List, Marker, WorkId};
use colophon_ledger::replay::read_genesis;
use colophon_ledger::state::{
    AccountRecord, Burden, EditionRecord, RecordKey, Records as _, WorkRecord, record_digest,
};
use colophon_ledger::state_root::{Base64Hash, OtherRecord, StateTree};
use colophon_tlog::note::Signer;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::rules::{close_body, mint_body, profile_body, retire_body, terms_body};
use crate::world::{DAY_MS, NEXT, World, account, digest, key, signed};

/// A retired register: ana, whose first key was stolen and rotated away, minted two editions and sold the first to bo;
/// the second is under a lien of the bank, which has changed its keys since; her offer of it still stands. With it: the work, its mint, and the register that goes on.
struct Ended {
    old: World,
    new: World,
    work: WorkId,
    mint: Mint,
}

fn ended() -> Ended {
    let mut old = World::new();
    let mint = mint_body("ana", "hills");
    let work = old.must("hills", &Body::Mint(mint.clone()), &["ana"]);
    let sale = terms_body("ana", "bo", work, work, old.time_ms + 30 * DAY_MS);
    old.must("sale", &Body::Transfer(sale), &["ana", "bo"]);
    old.must("stones", &Body::Mint(mint_body("dee", "stones")), &["dee"]);
    old.rotate("ana", &["ana.2"], 1);
    let (by, creditor, edition) = (account("ana"), account("bank"), Int::new(2).unwrap());
    let lien = Lien { by, card: None, creditor, edition, kind: LienWord::It, prev: work, sha256: None, work };
    old.submit(&Body::Lien(lien), &[("ana", "ana.2"), ("bank", "bank")]).unwrap();
    let lien = old.ids["last"];
    old.rotate("bank", &["bank.2"], 1);
    let mut offer = terms_body("ana", "bo", work, lien, old.time_ms + 30 * DAY_MS);
    (offer.edition, offer.kind) = (Int::new(2).unwrap(), colophon_ledger::entry::terms::TermsWord::Offer);
    old.submit(&Body::Offer(offer), &[("ana", "ana.2")]).unwrap();
    let mut retire = retire_body(&["governor"], old.act_prev(), None);
    if let Body::Retire(retire) = &mut retire {
        retire.successor = Some(World::successor());
    }
    old.must("retire", &retire, &["governor"]);
    let new = World::successor_of(&old);
    Ended { old, new, work, mint }
}

/// Returns what the old register has, or has not, under a name.
fn carried<T: Serialize + DeserializeOwned>(old: &World, key: &RecordKey) -> CarriedRecord<T> {
    carried_by(old.replay.tree(), key, old.replay.records().read(key).unwrap())
}

fn carried_by<T>(tree: &StateTree, key: &RecordKey, record: Option<T>) -> CarriedRecord<T> {
    let proof = tree.prove(&key.state_key());
    let other =
        proof.other.map(|(key, value)| OtherRecord { key: Base64Hash(*key.as_hash()), value: Base64Hash(value) });
    let path = List::new(proof.path.into_iter().map(Base64Hash).collect()).unwrap();
    CarriedRecord { other, path, record }
}

fn carry_account(old: &World, name: &str) -> Body {
    let account = account(name);
    let proof = carried(old, &RecordKey::Account(account));
    Body::CarryAccount(CarryAccount { account, by: self::account("anybody"), kind: CarryAccountWord::It, proof })
}

fn edition_body(carry: CarryEdition) -> Body {
    Body::CarryEdition(Box::new(carry))
}

impl Ended {
    fn carry_edition(&self, edition: u64, with_mint: bool) -> CarryEdition {
        let register = &self.old.rules.register;
        let mint = CarriedMint { body: self.mint.clone(), genesis: register.genesis, origin: register.origin.clone() };
        CarryEdition {
            by: account("anybody"),
            edition: Int::new(edition).unwrap(),
            edition_proof: carried(&self.old, &RecordKey::Edition(self.work, edition)),
            kind: CarryEditionWord::It,
            mint: with_mint.then_some(mint),
            work: self.work,
            work_proof: carried(&self.old, &RecordKey::Work(self.work)),
        }
    }

    fn take(&mut self, body: &Body) -> Result<u64, &'static str> {
        self.new.submit(body, &[("anybody", "anybody")]).map_err(|refusal| refusal.code())
    }

    /// Carries over everything there is.
    fn take_all(&mut self) {
        for name in ["ana", "bo", "bank"] {
            self.take(&carry_account(&self.old, name)).unwrap();
        }
        self.take(&edition_body(self.carry_edition(1, true))).unwrap();
        self.take(&edition_body(self.carry_edition(2, false))).unwrap();
    }
}

#[test]
fn each_of_the_two_registers_names_the_other() {
    let Ended { old, new, .. } = ended();
    let genesis = |world: &World| match Entry::parse(&world.leaves[0]).unwrap().body() {
        Body::Genesis(genesis) => genesis.clone(),
        body => panic!("{body:?}"),
    };
    let named = genesis(&new).founding(&new.rules.register.origin);
    let record = colophon_ledger::governance::current(old.replay.records()).unwrap().unwrap();
    assert_eq!(record.successor.unwrap().founding, named);
    assert_ne!(Genesis { nonce: digest("another"), ..genesis(&new) }.founding(&new.rules.register.origin), named);
    let succeeds = new.rules.succeeds.clone().unwrap();
    assert_eq!((succeeds.genesis, succeeds.state.0), (old.rules.register.genesis, old.replay.state_root()));
    // No register goes on under the name of the one it succeeds.
    let same =
        text_with(&new, |text| text.replace("\"origin\":\"registry.example/art\"", "\"origin\":\"next.example/art\""));
    assert!(read_genesis(&same).is_err());
}

/// Returns a genesis with its text changed, signed anew.
fn text_with(world: &World, change: impl Fn(&str) -> String) -> Vec<u8> {
    let entry = Entry::parse(&world.leaves[0]).unwrap();
    let text = change(entry.text());
    assert_ne!(text, entry.text());
    signed(&text, &[("operator", "operator"), ("governor", "governor")]).to_bytes()
}

#[test]
fn titles_go_on_in_the_successor_and_their_certificates_verify() {
    let mut ended = ended();
    let before = ended.old.certificate(ended.work);
    let since_ms = ended.old.time_ms;
    ended.new.time_ms += 30 * DAY_MS;
    ended.take_all();
    let Ended { old, mut new, work, .. } = ended;
    let edition = new.edition(&work).unwrap();
    assert_eq!((edition.holder, edition.transfers, edition.offer), (account("bo"), 1, None));
    assert_eq!((edition.country, edition.since_ms), ("FR".parse().unwrap(), since_ms), "as the predecessor knew it");
    let vkey = Signer::new(NEXT, key("the log")).unwrap().verifier();
    let provenance = new.certificate(work).verify(&vkey).unwrap();
    assert_eq!((provenance.state.holder, provenance.mint.by), (account("bo"), account("ana")));
    assert_eq!(provenance.steps.len(), 1);
    assert!(provenance.accounts[&account("ana")].carried.is_some());
    // It is sold on, by the holder's keys as they were carried over.
    let mut sale = terms_body("bo", "cy", work, edition.newest, new.time_ms + DAY_MS);
    sale.from_country = "FR".parse().unwrap();
    new.must("sold on", &Body::Transfer(sale), &["bo", "cy"]);
    let provenance = new.certificate(work).verify(&vkey).unwrap();
    assert_eq!((provenance.state.holder, provenance.state.transfers), (account("cy"), 2));
    // What the old register issued is still true.
    assert!(before.verify(&World::vkey()).is_ok() && old.certificate(work).verify(&World::vkey()).is_ok());
    // The second edition's own entry did not bring the mint, so the first's is in its certificate.
    let mut without = new.certificate(work);
    without.entries.retain(|proved| !proved.entry.contains("\"mint\":{"));
    assert!(without.verify(&vkey).is_err());
}

#[test]
fn an_edition_that_never_came_over_to_the_predecessor_does_not_come_from_there() {
    for (carried_before, expected) in [(Some(Marker), Err("carry_unfit")), (None, Ok(()))] {
        let mut ended = ended();
        let minted: WorkRecord = ended.old.replay.records().read(&RecordKey::Work(ended.work)).unwrap().unwrap();
        let minted = WorkRecord { carried: carried_before, ..minted };
        let name = RecordKey::Work(ended.work);
        let tree = StateTree::new().apply([(name.state_key(), record_digest(&to_canonical(&minted)))]);
        ended.new = World::successor_with(&ended.old, tree.root());
        let ana = account("ana");
        let proof = carried_by(&tree, &RecordKey::Account(ana), None);
        let carry = CarryAccount { account: ana, by: account("anybody"), kind: CarryAccountWord::It, proof };
        ended.take(&Body::CarryAccount(carry)).unwrap();
        let edition_proof = carried_by(&tree, &RecordKey::Edition(ended.work, 2), None);
        let work_proof = carried_by(&tree, &name, Some(minted));
        let carry = CarryEdition { edition_proof, work_proof, ..ended.carry_edition(2, true) };
        assert_eq!(ended.take(&edition_body(carry)).map(|_| ()), expected);
    }
}

#[test]
fn what_was_judged_and_alleged_in_the_predecessor_stays_there() {
    let mut ended = ended();
    let (work_name, edition_name) = (RecordKey::Work(ended.work), RecordKey::Edition(ended.work, 1));
    let minted: WorkRecord = ended.old.replay.records().read(&work_name).unwrap().unwrap();
    let stood = ended.old.edition(&ended.work).unwrap();
    let stood = EditionRecord { allegations: Some(2), judged: Some(1), rules: Some(digest("rules")), ..stood };
    let records = [(&work_name, to_canonical(&minted)), (&edition_name, to_canonical(&stood))];
    let tree = StateTree::new().apply(records.map(|(key, text)| (key.state_key(), record_digest(&text))));
    ended.new = World::successor_with(&ended.old, tree.root());
    let (bo, by) = (account("bo"), account("anybody"));
    let proof = carried_by(&tree, &RecordKey::Account(bo), None);
    ended.take(&Body::CarryAccount(CarryAccount { account: bo, by, kind: CarryAccountWord::It, proof })).unwrap();
    let edition_proof = carried_by(&tree, &edition_name, Some(stood));
    let work_proof = carried_by(&tree, &work_name, Some(minted));
    let carry = CarryEdition { edition_proof, work_proof, ..ended.carry_edition(1, true) };
    ended.take(&edition_body(carry)).unwrap();
    let here = ended.new.edition(&ended.work).unwrap();
    assert_eq!((here.holder, here.allegations, here.judged, here.rules), (bo, None, None, None));
}

#[test]
fn a_certificate_has_room_for_no_other_work_that_came_over() {
    let mut ended = ended();
    ended.take_all();
    let work = std::mem::replace(&mut ended.work, ended.old.ids["stones"]);
    ended.mint = mint_body("dee", "stones");
    ended.take(&carry_account(&ended.old, "dee")).unwrap();
    let index = ended.take(&edition_body(ended.carry_edition(1, true))).unwrap();
    let mut certificate = ended.new.certificate(work);
    let vkey = Signer::new(NEXT, key("the log")).unwrap().verifier();
    certificate.verify(&vkey).unwrap();
    certificate.entries.push(ended.new.prove(index));
    certificate.entries.sort_by_key(|proved| proved.index);
    let error = certificate.verify(&vkey).unwrap_err();
    assert_eq!(error, CertificateError::LeftOver(format!("the entry at index {index}")));
}

#[test]
fn a_first_key_that_was_rotated_away_gets_no_title() {
    let mut ended = ended();
    // The thief is first in the successor: a profile, and keys of their own.
    let prev = ended.new.account_prev("ana");
    ended.new.submit(&profile_body("ana", prev), &[("ana", "ana")]).unwrap();
    ended.new.rotate("ana", &["thief"], 1);
    ended.take_all();
    let record: Option<AccountRecord> = ended.new.replay.records().read(&RecordKey::Account(account("ana"))).unwrap();
    let record = record.unwrap();
    assert_eq!((record.keys, record.threshold), (vec![crate::world::multikey("ana.2")], 1));
    let close = |world: &World| {
        let mut close = close_body("ana", ended.work, ended.work);
        if let Body::Close(close) = &mut close {
            close.edition = Int::new(2).unwrap();
            close.prev = newest(world, ended.work);
        }
        close
    };
    let body = close(&ended.new);
    assert_eq!(ended.new.submit(&body, &[("ana", "thief")]).unwrap_err().code(), "signature_set");
    assert_eq!(ended.new.submit(&body, &[("ana", "ana")]).unwrap_err().code(), "signature_set");
    ended.new.submit(&body, &[("ana", "ana.2")]).unwrap();
}

#[test]
fn a_lien_comes_over_and_is_let_go_by_the_creditor_s_keys_of_now() {
    let mut ended = ended();
    ended.take_all();
    let stood = colophon_ledger::edition::current(ended.new.replay.records(), &ended.work, 2).unwrap();
    let minted: WorkRecord = ended.old.replay.records().read(&RecordKey::Work(ended.work)).unwrap().unwrap();
    assert_eq!(stood.since_ms, minted.minted_ms, "the maker has it still");
    let [lien] = stood.burdens() else { panic!("{stood:?}") };
    assert_eq!((lien.kind, lien.of), (Burden::Lien, account("bank")));
    let mut sale = terms_body("ana", "bo", ended.work, stood.newest, ended.new.time_ms + DAY_MS);
    sale.edition = Int::new(2).unwrap();
    let parties = [("ana", "ana.2"), ("bo", "bo")];
    assert_eq!(ended.new.submit(&Body::Transfer(sale.clone()), &parties).unwrap_err().code(), "encumbered");
    let (by, edition, of) = (account("bank"), sale.edition, Some(lien.entry));
    let release = Release { by, edition, kind: ReleaseWord::It, of, prev: stood.newest, work: ended.work };
    let release = Body::Release(release);
    assert_eq!(ended.new.submit(&release, &[("bank", "bank")]).unwrap_err().code(), "signature_set");
    ended.new.submit(&release, &[("bank", "bank.2")]).unwrap();
    sale.prev = newest(&ended.new, ended.work);
    ended.new.submit(&Body::Transfer(sale), &parties).unwrap();
}

fn newest(world: &World, work: WorkId) -> colophon_ledger::field::EntryId {
    colophon_ledger::edition::current(world.replay.records(), &work, 2).unwrap().newest
}

#[test]
fn what_is_not_proved_does_not_come_over() {
    assert_eq!(refusals().len(), 6);
}

/// Tries everything that must not come over, and returns the codes that only a successor gives.
pub(crate) fn refusals() -> Vec<&'static str> {
    let mut ended = ended();
    let work = ended.work;
    // Nothing comes over to a register that succeeds none.
    let mut alone = World::new();
    for body in [carry_account(&ended.old, "bo"), edition_body(ended.carry_edition(1, true))] {
        assert_eq!(alone.submit(&body, &[("anybody", "anybody")]).unwrap_err().code(), "no_predecessor");
    }
    // No edition before its holder.
    assert_eq!(ended.take(&edition_body(ended.carry_edition(1, true))), Err("holder_not_carried"));
    // No account but as it stood, and no officer's.
    let mut forged = carry_account(&ended.old, "ana");
    let Body::CarryAccount(carry) = &mut forged else { panic!("it carries an account") };
    carry.proof.record.as_mut().unwrap().keys = vec![crate::world::multikey("thief")];
    assert_eq!(ended.take(&forged), Err("carry_unfit"));
    let Body::CarryAccount(carry) = &mut forged else { panic!("it carries an account") };
    carry.proof.record = None;
    assert_eq!(ended.take(&forged), Err("carry_unfit"));
    assert_eq!(ended.take(&carry_account(&ended.old, "operator")), Err("carry_unfit"));
    assert_eq!(ended.take(&carry_account(&ended.old, "governor")), Err("carry_unfit"));
    for name in ["ana", "bo"] {
        ended.take(&carry_account(&ended.old, name)).unwrap();
        let again = Body::CarryAccount(CarryAccount { by: account("cy"), ..account_carry(&ended.old, name) });
        assert_eq!(ended.new.submit(&again, &[("cy", "cy")]).unwrap_err().code(), "carried_before");
    }
    // No edition but as it stood, with its own mint.
    let wrong: [(&str, Change); 8] = [
        ("carry_unfit", |carry| carry.mint = None),
        ("carry_unfit", |carry| carry.mint.as_mut().unwrap().body.by = account("thief")),
        ("carry_unfit", |carry| carry.mint.as_mut().unwrap().genesis = digest("another")),
        ("carry_unfit", |carry| carry.edition_proof.record.as_mut().unwrap().holder = account("thief")),
        ("carry_unfit", |carry| carry.edition_proof.record = None),
        ("carry_unfit", |carry| carry.work_proof.record.as_mut().unwrap().maker = account("thief")),
        ("carry_unfit", |carry| carry.work_proof.record = None),
        ("edition_unknown", |carry| carry.edition = Int::new(3).unwrap()),
    ];
    for (place, (code, change)) in wrong.into_iter().enumerate() {
        let mut carry = ended.carry_edition(1, true);
        change(&mut carry);
        assert_eq!(ended.take(&edition_body(carry)), Err(code), "{place}");
    }
    ended.take(&edition_body(ended.carry_edition(1, true))).unwrap();
    let again = CarryEdition { by: account("cy"), ..ended.carry_edition(1, false) };
    assert_eq!(ended.new.submit(&edition_body(again), &[("cy", "cy")]).unwrap_err().code(), "carried_before");
    // The work is here, and its second edition is not: it is nobody's yet, and not the maker's.
    let mut offer = terms_body("ana", "bo", work, work, ended.new.time_ms + DAY_MS);
    offer.edition = Int::new(2).unwrap();
    let signers = [("ana", "ana.2"), ("bo", "bo")];
    assert_eq!(ended.new.submit(&Body::Transfer(offer), &signers).unwrap_err().code(), "edition_not_carried");
    assert_eq!(ended.take(&edition_body(ended.carry_edition(2, false))), Err("party_not_carried"));
    ended.take(&carry_account(&ended.old, "bank")).unwrap();
    assert_eq!(ended.take(&edition_body(ended.carry_edition(2, true))), Err("carry_unfit"));
    ended.take(&edition_body(ended.carry_edition(2, false))).unwrap();
    // Its face is known, as in the old register.
    let claim = mint_body("cy", "hills");
    assert_eq!(ended.new.submit(&Body::Mint(claim), &[("cy", "cy")]).unwrap_err().code(), "ack_first_missing");
    let successors = ["no_predecessor", "holder_not_carried", "carry_unfit", "carried_before", "edition_not_carried"];
    [&successors[..], &["party_not_carried"]].concat()
}

/// What is changed in an entry that was right.
type Change = fn(&mut CarryEdition);

fn account_carry(old: &World, name: &str) -> CarryAccount {
    match carry_account(old, name) {
        Body::CarryAccount(carry) => carry,
        body => panic!("{body:?}"),
    }
}

#[test]
fn an_account_of_the_predecessor_goes_on_whatever_it_was_there() {
    let mut ended = ended();
    // Of an account that was never rotated there, what it has done here stands.
    ended.new.rotate("dee", &["dee.2"], 1);
    ended.take(&carry_account(&ended.old, "dee")).unwrap();
    let read = |world: &World, of: AccountId| -> AccountRecord {
        world.replay.records().read(&RecordKey::Account(of)).unwrap().unwrap()
    };
    let dee = read(&ended.new, account("dee"));
    assert_eq!((dee.keys, dee.rotated), (vec![crate::world::multikey("dee.2")], Some(2)));
    // And a register can be succeeded again: works that it did not mint itself come over too.
    ended.take_all();
    let mut new = ended.new;
    new.must("retire", &retire_body(&["governor"], new.act_prev(), None), &["governor"]);
    let work: Option<WorkRecord> = new.replay.records().read(&RecordKey::Work(ended.work)).unwrap();
    assert!(work.unwrap().carried.is_some());
}
