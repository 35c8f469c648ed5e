//! A register on a real disk for tests: people with keys from their names, batches by the rules, a view.

use std::path::Path;

use colophon_ledger::account::{AccountId, AccountPrev, Multikey};
use colophon_ledger::batch::{Batch, Closed, Position, first_batch};
use colophon_ledger::deal::{Basis, Delivery};
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::accept::{Accept, AcceptWord};
use colophon_ledger::entry::amend::{Amend, AmendWord};
use colophon_ledger::entry::genesis::{Genesis, GenesisWord};
use colophon_ledger::entry::mint::{Creator, Creators, Files, Mint, MintWord, Training, WorkFile};
use colophon_ledger::entry::profile::{Profile, ProfileWord};
use colophon_ledger::entry::terms::{Terms, TermsWord};
use colophon_ledger::entry::{Body, Entry, genesis_text, text_of};
use colophon_ledger::field::{Digest, EntryId, Int, List};
use colophon_ledger::replay::read_genesis;
use colophon_ledger::rule::Rules;
use colophon_ledger::signature::Signed;
use colophon_ledger::state_root::StateTree;
use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::hash::{Hash, sha256};
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::Signer;

use crate::log::Log;
use crate::slots::Slots;
use crate::tables::writes_of;
use crate::view::View;
use crate::view::engine::EngineKind;

const ORIGIN: &str = "registry.example/art";
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A running register.
pub(crate) struct Register {
    pub(crate) log: Log,
    pub(crate) view: View,
    pub(crate) slots: Slots,
    pub(crate) genesis: Hash,
    pub(crate) tree: StateTree,
    rules: Rules,
    time_ms: u64,
}

impl Register {
    /// Begins a register in an empty folder, with the default engine.
    pub(crate) fn begin(dir: &Path) -> Register {
        Register::begin_with(dir, EngineKind::default())
    }

    /// Begins a register in an empty folder, with this engine under its view.
    pub(crate) fn begin_with(dir: &Path, kind: EngineKind) -> Register {
        Log::create(dir).unwrap();
        let (log, _) = Log::open(dir).unwrap();
        let (rules, entry) = read_genesis(&genesis().to_bytes()).unwrap();
        let genesis = entry.id().0;
        let view = View::open(dir, kind, &genesis, 0).unwrap().0;
        let slots = Slots::open(dir).unwrap();
        let time_ms = 1_000 * DAY_MS;
        let first = first_batch(&rules, entry, time_ms);
        let mut register = Register { log, view, slots, genesis, tree: StateTree::new(), rules, time_ms };
        register.seal(first);
        register
    }

    /// Appends one batch of these bodies, each signed by these people, and returns the entries' ids.
    pub(crate) fn batch(&mut self, bodies: &[(Body, &[&str])]) -> Vec<EntryId> {
        self.time_ms += 1_000;
        let position: Position = self.log.position().unwrap();
        let mut batch = Batch::open(&self.rules, &self.view, position, self.time_ms);
        for (body, signers) in bodies {
            let entry = signed(&text_of(&self.rules.register, body), signers);
            batch.push(Signed::check(entry, batch.records()).unwrap()).unwrap();
        }
        let ids = batch.entries().iter().map(Entry::id).collect();
        let closed = batch.close(account("operator"), &self.tree).unwrap();
        self.seal(closed);
        ids
    }

    fn seal(&mut self, closed: Closed) {
        let text = text_of(&self.rules.register, &Body::Seal(closed.seal.clone()));
        let applied = closed.sealed(signed(&text, &["operator"]));
        self.log.append(&applied.leaves()).unwrap();
        let note = checkpoint_of(&self.log);
        self.slots.write(Some(&note), Some(&note)).unwrap();
        self.view.stage(writes_of(&applied, &self.view).unwrap(), applied.next.index).unwrap();
        self.tree = applied.tree;
    }

    /// Runs a story in which editions are minted, offered, taken and sold on within one batch, and returns the work of ana.
    pub(crate) fn story(&mut self) -> EntryId {
        let bodies: [(Body, &[&str]); 3] =
            [(profile("ana"), &["ana"]), (mint("ana", "hills"), &["ana"]), (mint("dee", "sea"), &["dee"])];
        let work = self.batch(&bodies)[1];
        let offer = self.batch(&[(self.terms(TermsWord::Offer, ("ana", "bo"), work, work), &["ana"])])[0];
        let accepted = accept("bo", work, offer);
        let taken = self.batch(&[(accepted, &["bo"]), (profile("bo"), &["bo"])])[0];
        // The id of an entry does not depend on signatures, so the second sale can follow the first in one batch.
        let first = self.terms(TermsWord::Transfer, ("bo", "cy"), work, taken);
        let id = signed(&text_of(&self.rules.register, &first), &["bo", "cy"]).id();
        let second = self.terms(TermsWord::Transfer, ("cy", "dee"), work, id);
        let last = self.batch(&[(first, &["bo", "cy"]), (second, &["cy", "dee"])])[1];
        let offer = self.terms(TermsWord::Offer, ("dee", "ana"), work, last);
        self.batch(&[(offer, &["dee"])]);
        work
    }

    fn terms(&self, kind: TermsWord, (by, to): (&str, &str), work: EntryId, prev: EntryId) -> Body {
        let from_country = if prev == work { "CN" } else { "FR" }.parse().unwrap();
        let terms = Terms {
            basis: Basis::Gift,
            by: account(by),
            card: None,
            delivery: Delivery::Digital,
            documents: None,
            edition: Int::new(1).unwrap(),
            expires_ms: Int::new(self.time_ms + 30 * DAY_MS).unwrap(),
            firm: None,
            professional: None,
            value: None,
            from_country,
            kind,
            prev,
            price: None,
            to: account(to),
            to_country: "FR".parse().unwrap(),
            work,
        };
        if kind == TermsWord::Offer { Body::Offer(terms) } else { Body::Transfer(terms) }
    }
}

/// Returns the entry that a register begins with.
pub(crate) fn genesis() -> Entry {
    let body = Genesis {
        by: account("operator"),
        governor_threshold: Int::new(1).unwrap(),
        governors: List::new(vec![account("governor")]).unwrap(),
        kind: GenesisWord::It,
        log_vkey: log_signer().verifier().to_string(),
        nonce: digest("nonce"),
        operators: List::new(vec![account("operator")]).unwrap(),
        rules: 1,
        succeeds: None,
    };
    signed(&genesis_text(&ORIGIN.parse().unwrap(), &body), &["operator", "governor"])
}

/// Returns the checkpoint of a log, signed by the log's key.
pub(crate) fn checkpoint_of(log: &Log) -> String {
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: log.size(), root: log.root() };
    checkpoint.sign(&log_signer()).unwrap().to_string()
}

/// Returns the account whose first key has that name.
pub(crate) fn account(name: &str) -> AccountId {
    AccountId::of(Multikey::from(&key(name).public()))
}

/// Returns a mint of two editions.
pub(crate) fn mint(by: &str, face: &str) -> Body {
    let creator = Creator { account: None, role: "art".parse().unwrap(), share_bp: Int::new(10_000).unwrap() };
    let file = WorkFile {
        bytes: Int::new(7).unwrap(),
        c2pa: None,
        dhash: None,
        fingerprint: None,
        media_type: "image/png".parse().unwrap(),
        prep: None,
        sha256: digest(face),
    };
    Body::Mint(Mint {
        ack_first: None,
        ack_similar: None,
        by: account(by),
        card: digest("a card"),
        country: "CN".parse().unwrap(),
        created: "2026-11".parse().unwrap(),
        creators: Creators::new(vec![creator]).unwrap(),
        derived_from: None,
        editions: Int::new(2).unwrap(),
        files: Files::new(vec![file]).unwrap(),
        facts: None,
        kind: MintWord::It,
        license: "LicenseRef-ARR".parse().unwrap(),
        made_in: None,
        source_type: "digitalCreation".parse().unwrap(),
        training: Training::NotAllowed,
        tree: None,
        work_kind: "digital_image".parse().unwrap(),
    })
}

fn accept(by: &str, work: EntryId, prev: EntryId) -> Body {
    Body::Accept(Accept { by: account(by), edition: Int::new(1).unwrap(), kind: AcceptWord::It, prev, work })
}

/// Returns an amendment by which a work was made in another country, after `prev`.
pub(crate) fn amend(by: &str, work: EntryId, prev: EntryId, made_in: &str) -> Body {
    Body::Amend(Box::new(Amend {
        by: account(by),
        card: None,
        created: None,
        facts: None,
        kind: AmendWord::It,
        made_in: Some(made_in.parse().unwrap()),
        prev,
        source_type: None,
        work,
    }))
}

/// Returns the first profile of an account.
pub(crate) fn profile(by: &str) -> Body {
    Body::Profile(Profile {
        by: account(by),
        card: digest("a profile"),
        country: "CN".parse().unwrap(),
        kind: ProfileWord::It,
        prev: AccountPrev::Account(account(by)),
    })
}

fn key(name: &str) -> SecretKey {
    SecretKey::from_seed(*sha256(name.as_bytes()).as_bytes())
}

fn digest(name: &str) -> Digest {
    Digest(sha256(name.as_bytes()))
}

fn log_signer() -> Signer {
    Signer::new(ORIGIN, key("the log")).unwrap()
}

/// Returns an entry with this text and these people's signatures.
pub(crate) fn signed(text: &str, signers: &[&str]) -> Entry {
    let mut draft = Draft::new(text.to_owned(), None, None).unwrap();
    for name in signers {
        draft.sign(&account(name), key(name)).unwrap();
    }
    draft.to_entry().unwrap()
}
