//! A provenance made in memory, for tests of what is shown of it.

use std::collections::BTreeMap;

use colophon_ledger::account::AccountId;
use colophon_ledger::card::Card;
use colophon_ledger::certificate::{AccountFacts, Moment, Provenance, Step};
use colophon_ledger::deal::{Basis, Delivery};
use colophon_ledger::entry::Body;
use colophon_ledger::field::{Digest, EntryId};
use colophon_ledger::register::Register;
use colophon_ledger::rule::Rules;
use colophon_ledger::state::{AllegationsRecord, EditionRecord, OfferRecord, WorkRecord};
use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::cosignature::{CosignedAt, Cosigner, CosignerKey};
use colophon_tlog::hash::{Hash, sha256};
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::{Algorithm, Signer, VerifierKey};
use colophon_tlog::tree::TreeSize;
use serde_json::{Value, json};

/// The name of the register.
pub(crate) const ORIGIN: &str = "demo.example/art";
/// 2026-11-23 20:43 UTC, when the work is registered.
pub(crate) const MINTED_MS: u64 = 1_795_466_580_000;
/// One day.
pub(crate) const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Returns the secret key that a name stands for.
fn secret(name: &str) -> SecretKey {
    SecretKey::from_seed(*sha256(name.as_bytes()).as_bytes())
}

/// Returns the account of a name.
pub(crate) fn account(name: &str) -> AccountId {
    AccountId::from(&secret(name).public())
}

/// Returns the digest that a name stands for.
pub(crate) fn digest(name: &str) -> Digest {
    Digest(sha256(name.as_bytes()))
}

/// Returns the key of the log.
pub(crate) fn log_key() -> VerifierKey {
    VerifierKey::new(ORIGIN, Algorithm::Ed25519, secret("log").public()).unwrap()
}

/// Returns the witness of a name.
pub(crate) fn cosigner(name: &str) -> Cosigner {
    let key = CosignerKey::from_seed(Algorithm::CosignatureV1, *sha256(name.as_bytes()).as_bytes()).unwrap();
    Cosigner::new(&format!("{name}.example"), key).unwrap()
}

fn rules() -> Rules {
    Rules {
        register: Register { origin: ORIGIN.parse().unwrap(), genesis: digest("genesis") },
        log_key: log_key(),
        operators: vec![account("operator")],
        governors: vec![account("governor")],
        governor_threshold: 1,
        succeeds: None,
    }
}

/// A work of Ana's in China, of which one edition can be moved on.
pub(crate) struct Sample {
    provenance: Provenance,
}

impl Sample {
    /// Returns the work as registered, at index 5.
    pub(crate) fn minted() -> Sample {
        let words = r#"{"about":"Ink on a scanned scroll.","names":["Ana Lu"],"titles":[{"lang":"en","text":"Crossing the River"},{"lang":"zh","text":"渡江"}]}"#;
        let card = Card::new([1; 32], words.to_owned()).unwrap();
        let body = json!({
            "by": account("ana"), "card": card.digest(), "country": "CN", "created": "2026",
            "creators": [{"role": "art", "share_bp": 10000}], "editions": 10,
            "files": [
                {"bytes": 48_213, "media_type": "image/png", "sha256": digest("river.png")},
                {"bytes": 1_300_000, "media_type": "video/mp4", "sha256": digest("river.mp4")},
            ],
            "kind": "mint", "license": "LicenseRef-ARR", "source_type": "digitalCreation",
            "training": "notAllowed", "work_kind": "digital_image",
        });
        let Body::Mint(mint) = body_of(&body) else { panic!("it is a mint") };
        let minted = Moment { id: digest("work"), index: 5, time_ms: MINTED_MS };
        let state = EditionRecord {
            allegations: None,
            country: mint.country.clone(),
            encumbrances: None,
            holder: mint.by,
            judged: None,
            newest: minted.id,
            offer: None,
            rules: None,
            since_ms: MINTED_MS,
            transfers: 0,
        };
        let record = WorkRecord {
            amended: None,
            carried: None,
            country: mint.country.clone(),
            created: mint.created.clone(),
            editions: 10,
            facts: None,
            index: 5,
            made_in: None,
            maker: mint.by,
            minted_ms: MINTED_MS,
            source_type: mint.source_type.clone(),
        };
        let mut sample = Sample {
            provenance: Provenance {
                rules: rules(),
                log_key: log_key(),
                checkpoint: checkpoint(7),
                seal: seal(6, MINTED_MS),
                work: minted.id,
                edition: 1,
                mint,
                minted,
                state,
                steps: Vec::new(),
                crossings: Vec::new(),
                alleged: AllegationsRecord::default(),
                papers: Vec::new(),
                corridors: BTreeMap::new(),
                amends: Vec::new(),
                record,
                accounts: BTreeMap::new(),
                cards: [(card.digest(), card.text)].into(),
            },
        };
        sample.name("ana", "CN", "Ana Lu");
        sample
    }

    /// Gives an account a profile.
    pub(crate) fn name(&mut self, who: &str, country: &str, name: &str) {
        let card = Card::new([2; 32], json!({ "name": name }).to_string()).unwrap();
        let body = json!({
            "by": account(who), "card": card.digest(), "country": country, "kind": "profile", "prev": account(who),
        });
        let Body::Profile(profile) = body_of(&body) else { panic!("it is a profile") };
        let moment = Moment { id: digest(&format!("{who} profile")), index: 1, time_ms: MINTED_MS };
        let facts = AccountFacts { profiles: vec![(moment, profile)], ..AccountFacts::default() };
        self.provenance.accounts.insert(account(who), facts);
        self.provenance.cards.insert(card.digest(), card.text);
    }

    /// Lets a witness cosign the checkpoint.
    pub(crate) fn cosign(&mut self, who: &str, time_ms: u64) {
        let line = cosigner(who).cosign(&self.provenance.checkpoint, CosignedAt::new(time_ms / 1000).unwrap());
        self.provenance.checkpoint = self.provenance.checkpoint.with_lines(&[line]).unwrap();
    }

    /// Puts a line in the name of a witness under the checkpoint that the witness did not make.
    pub(crate) fn forge(&mut self, who: &str) {
        let mut line = cosigner(who).cosign(&self.provenance.checkpoint, CosignedAt::new(1).unwrap());
        line.signature[20] ^= 1;
        self.provenance.checkpoint = self.provenance.checkpoint.with_lines(&[line]).unwrap();
    }

    /// Lets an account change its keys at an index.
    pub(crate) fn rotate(&mut self, who: &str, index: u64) {
        let moment = Moment { id: digest("rotation"), index, time_ms: MINTED_MS };
        self.provenance.accounts.entry(account(who)).or_default().rotations.push(moment);
    }

    /// Adds a step, so many days after the registration, and returns its entry.
    pub(crate) fn step(&mut self, days: u64, body: &Value) -> EntryId {
        let index = self.provenance.checkpoint.checkpoint().size.get() + 1;
        let time_ms = MINTED_MS + days * DAY_MS;
        let id = digest(&format!("entry {index}"));
        self.provenance.steps.push(Step { moment: Moment { id, index, time_ms }, body: body_of(body) });
        self.provenance.checkpoint = checkpoint(index + 2);
        self.provenance.seal = seal(index + 1, time_ms);
        self.provenance.state.newest = id;
        id
    }

    /// Changes what the edition's record says.
    pub(crate) fn state(&mut self, change: impl FnOnce(&mut EditionRecord)) {
        change(&mut self.provenance.state);
    }

    /// Lets the newest step be an offer that the record knows of.
    pub(crate) fn offer(&mut self, to: &str, to_country: &str, until_days: u64) {
        let index = self.provenance.steps.last().unwrap().moment.index;
        let expires_ms = MINTED_MS + until_days * DAY_MS;
        let (to, to_country) = (account(to), to_country.parse().unwrap());
        self.provenance.state.offer = Some(OfferRecord {
            basis: Basis::Sale,
            delivery: Delivery::Digital,
            expires_ms,
            firm: true,
            index,
            price: None,
            professional: None,
            to,
            to_country,
            value: None,
        });
    }

    /// Takes away all words.
    pub(crate) fn withdraw_words(&mut self) {
        self.provenance.cards.clear();
    }

    /// Lets the mint acknowledge an earlier registration.
    pub(crate) fn acknowledge(&mut self, first: EntryId) {
        self.provenance.mint.ack_first = Some(first);
    }

    /// Returns the provenance.
    pub(crate) fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Returns the work as it stands after a sale to Bo in France with papers.
    pub(crate) fn sold_abroad() -> Sample {
        let mut sample = Sample::minted();
        sample.name("bo", "FR", "Galerie Rive");
        let words = r#"{"document_numbers":["CN-2026-0815"],"note":"For the autumn show."}"#;
        let card = Card::new([3; 32], words.to_owned()).unwrap();
        let mut terms = terms("transfer", "bo", "FR", 9);
        terms["card"] = json!(card.digest());
        terms["documents"] = json!([{"sha256": digest("paper"), "type": "EXPORT_CERT_ORIGIN"}]);
        sample.provenance.cards.insert(card.digest(), card.text);
        sample.step(8, &terms);
        sample.state(|state| {
            (state.holder, state.country, state.transfers) = (account("bo"), "FR".parse().unwrap(), 1);
        });
        sample
    }
}

/// Returns the body of a transfer or an offer of Ana's at 1250 EUR, good until so many days after the registration.
pub(crate) fn terms(kind: &str, to: &str, to_country: &str, until_days: u64) -> Value {
    json!({
        "basis": "sale", "by": account("ana"), "delivery": "digital", "edition": 1,
        "expires_ms": MINTED_MS + until_days * DAY_MS, "from_country": "CN", "kind": kind, "prev": digest("work"),
        "price": {"amount": 125_000, "currency": "EUR"}, "to": account(to), "to_country": to_country,
        "work": digest("work"),
    })
}

/// Returns the body of an acceptance or a close.
pub(crate) fn short_body(kind: &str, by: &str) -> Value {
    json!({ "by": account(by), "edition": 1, "kind": kind, "prev": digest("work"), "work": digest("work") })
}

/// Reads a body whose members may stand in any order.
fn body_of(value: &Value) -> Body {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    Body::parse(&sorted.to_string()).unwrap()
}

fn checkpoint(size: u64) -> colophon_tlog::checkpoint::SignedCheckpoint {
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: TreeSize::new(size).unwrap(), root: Hash::ZERO };
    checkpoint.sign(&Signer::new(ORIGIN, secret("log")).unwrap()).unwrap()
}

fn seal(index: u64, time_ms: u64) -> colophon_ledger::entry::seal::Seal {
    let body = json!({
        "by": account("operator"), "count": 1, "first": index - 1, "height": 1, "kind": "seal",
        "prev_seal": digest("seal"), "rules": 1, "state": digest("state"), "time_ms": time_ms,
    });
    let Body::Seal(seal) = body_of(&body) else { panic!("it is a seal") };
    seal
}
