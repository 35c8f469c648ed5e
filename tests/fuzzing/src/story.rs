//! A small register in memory in which everything happens once: what the seeds are cut from, and what is true.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use colophon_ledger::account::{AccountId, KeyList};
use colophon_ledger::batch::{Batch, Closed, first_batch};
use colophon_ledger::card::Card;
use colophon_ledger::certificate::{Certificate, Format, Parts, accounts_of, records_of};
use colophon_ledger::deal::Money;
use colophon_ledger::entry::genesis::{Genesis, GenesisWord};
use colophon_ledger::entry::{Body, Entry, genesis_text, text_of};
use colophon_ledger::field::{Digest, EntryId, Int, List, WorkId};
use colophon_ledger::proved::{ProvedEntry, ProvedRecord, StateAnswer};
use colophon_ledger::replay::{Replay, read_genesis};
use colophon_ledger::signature::Signed;
use colophon_ledger::state::{RecordKey, Records as _};
use colophon_tlog::checkpoint::Checkpoint;
use colophon_tlog::hash::{Hash, leaf_hash, sha256};
use colophon_tlog::note::Signer;
use colophon_tlog::proof::inclusion;
use colophon_tlog::receipt::Receipt;
use colophon_tlog::tile::TileSet;
use colophon_tlog::tree::{EntryIndex, TileHashes, Tree};
use serde_json::{Value, json};

use crate::people::{account, body_of, digest, multikey, secret, sign};

/// The name of every register here.
pub const ORIGIN: &str = "registry.example/art";
/// When it begins, in milliseconds after 1970.
pub const START_MS: u64 = 1_800_000_000_000;
/// A day, in milliseconds.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The signer of the log.
pub fn log_signer() -> Signer {
    Signer::new(ORIGIN, secret("log")).unwrap()
}

/// Returns the signed genesis of every register here.
pub fn genesis() -> Entry {
    let alone = |name: &str| List::new(vec![account(name)]).unwrap();
    let body = Genesis {
        by: account("op"),
        governor_threshold: Int::new(1).unwrap(),
        governors: alone("gov"),
        kind: GenesisWord::It,
        log_vkey: log_signer().verifier().to_string(),
        nonce: digest("nonce"),
        operators: alone("op"),
        rules: 1,
        succeeds: None,
    };
    sign(genesis_text(&ORIGIN.parse().unwrap(), &body), &[("op", "op"), ("gov", "gov")])
}

/// A register, and everything that was ever said in it.
#[derive(Debug)]
pub struct Story {
    /// The state after the last batch.
    pub replay: Replay,
    /// Every leaf, by batch.
    pub batches: Vec<Vec<Vec<u8>>>,
    /// Every card.
    pub cards: Vec<Card>,
    /// The works, oldest first.
    pub works: Vec<WorkId>,
    /// Every leaf.
    pub leaves: Vec<Vec<u8>>,
    /// The tree of all leaves.
    pub tree: Tree,
    /// Its tiles.
    pub tiles: TileSet,
    /// The signed checkpoint over all leaves.
    pub checkpoint: String,
    time_ms: u64,
}

/// Returns the story, which is told once.
pub fn story() -> &'static Story {
    static STORY: OnceLock<Story> = OnceLock::new();
    STORY.get_or_init(Story::tell)
}

impl Story {
    fn tell() -> Story {
        let genesis = genesis();
        let leaf = genesis.to_bytes();
        let (rules, genesis) = read_genesis(&leaf).unwrap();
        let closed = first_batch(&rules, genesis, START_MS);
        let replay = Replay::begin(&leaf).unwrap();
        let mut story = Story {
            replay,
            batches: Vec::new(),
            cards: Vec::new(),
            works: Vec::new(),
            leaves: Vec::new(),
            tree: Tree::new(),
            tiles: TileSet::new(),
            checkpoint: String::new(),
            time_ms: START_MS,
        };
        story.seal(closed);
        story.introductions();
        story.mints();
        story.sales();
        story.leaves = story.batches.concat();
        (story.tree, story.tiles) = tree_of(&story.leaves);
        story.checkpoint = checkpoint(story.tree.size().get(), story.tree.root());
        story
    }

    fn seal(&mut self, closed: Closed) {
        let text = text_of(&self.replay.rules().register, &Body::Seal(closed.seal.clone()));
        let leaves = closed.sealed(sign(text, &[("op", "op")])).leaves();
        for leaf in &leaves {
            self.replay.leaf(leaf.clone()).unwrap();
        }
        self.batches.push(leaves);
    }

    /// Records entries in one batch, a day after the one before.
    fn record(&mut self, said: &[(Value, &[(&str, &str)])]) -> Vec<EntryId> {
        self.time_ms += DAY_MS;
        let records = self.replay.records().clone();
        let mut batch = Batch::open(self.replay.rules(), &records, self.replay.position(), self.time_ms);
        for (body, signers) in said {
            let body = body_of(body);
            let entry = sign(text_of(&self.replay.rules().register, &body), signers);
            batch.push(Signed::check(entry, batch.records()).unwrap()).unwrap();
        }
        let ids = batch.entries().iter().map(Entry::id).collect();
        let closed = batch.close(account("op"), self.replay.tree()).unwrap();
        self.seal(closed);
        ids
    }

    fn card(&mut self, words: &Value) -> Digest {
        let salt = sha256(words.to_string().as_bytes());
        let card = Card::new(*salt.as_bytes(), words.to_string()).unwrap();
        let digest = card.digest();
        self.cards.push(card);
        digest
    }

    fn introductions(&mut self) {
        let (ana, bo) = (account("ana"), account("bo"));
        let of_ana = self.card(&json!({"name": "Ana 安娜", "website": "https://ana.example"}));
        let of_bo = self.card(&json!({"name": "Bo", "about": "a \"friend\" \\ \n"}));
        let profiles = self.record(&[
            (json!({"by": ana, "card": of_ana, "country": "CN", "kind": "profile", "prev": ana}), &[("ana", "ana")]),
            (json!({"by": bo, "card": of_bo, "country": "FR", "kind": "profile", "prev": bo}), &[("bo", "bo")]),
        ]);
        let keys = |names: [&str; 2]| KeyList::new(names.map(multikey).to_vec()).unwrap();
        let (first, next) = (keys(["ana 2", "ana 3"]), keys(["ana 4", "ana 5"]));
        let rotate = json!({
            "by": ana, "keys": first, "kind": "rotate", "next": next.commitment(), "prev": profiles[0], "threshold": 2,
        });
        self.record(&[(rotate, &[("ana", "ana"), ("ana", "ana 2"), ("ana", "ana 3")])]);
    }

    fn mints(&mut self) {
        let words = self.card(&json!({"titles": [{"lang": "zh", "text": "山水"}, {"lang": "en", "text": "Hills"}]}));
        let mut hills = mint_body("ana", &words, "hills.png");
        hills["creators"] =
            json!([{"role": "art", "share_bp": 7_500}, {"account": account("bo"), "role": "clr", "share_bp": 2_500}]);
        hills["files"] = json!([
            {"bytes": 7, "fingerprint": "ISCC:KECYCMZIOY36XXGZ", "media_type": "image/png", "sha256": digest("hills.png")},
            {"bytes": 0, "media_type": "font/woff2", "sha256": digest("font")},
        ]);
        hills["made_in"] = json!("FR");
        hills["tree"] = json!({"bytes": 9_007_199_254_740_991_u64, "count": 3, "root": digest("tree")});
        let hills = self.record(&[(hills, &[("ana", "ana 2"), ("ana", "ana 3"), ("bo", "bo")])])[0];
        let words = self.card(&json!({"titles": [{"lang": "en", "text": "Hills, again"}]}));
        let mut copy = mint_body("bo", &words, "hills.png");
        copy["ack_first"] = json!(hills);
        copy["derived_from"] = json!([hills]);
        let copy = self.record(&[(copy, &[("bo", "bo")])])[0];
        self.works = vec![hills, copy];
    }

    fn sales(&mut self) {
        let work = self.works[0];
        let ana: &[(&str, &str)] = &[("ana", "ana 2"), ("ana", "ana 3")];
        let mut offer = self.terms("offer", ("ana", "bo"), ("CN", "FR"), (work, 1, work));
        offer["card"] = json!(self.card(&json!({"note": "for the autumn", "document_numbers": ["7"]})));
        offer["documents"] = json!([{"sha256": digest("paper"), "type": "EXPORT_CERT_ORIGIN"}]);
        offer["firm"] = json!(true);
        let Body::Offer(terms) = body_of(&offer) else { panic!("an offer") };
        let money = Money { amount: Int::new(1_250_000).unwrap(), currency: "EUR".parse().unwrap() };
        offer["price"] = json!({"commitment": terms.price_commitment(&money, &[9; 32])});
        let other = self.terms("offer", ("ana", "cy"), ("CN", "JP"), (work, 2, work));
        let offers = self.record(&[(offer, ana), (other, ana)]);
        let chain = |by: &str, kind: &str, edition: u64, prev: EntryId| json!({"by": account(by), "edition": edition, "kind": kind, "prev": prev, "work": work});
        let accepted = self.record(&[
            (chain("bo", "accept", 1, offers[0]), &[("bo", "bo")]),
            (chain("cy", "close", 2, offers[1]), &[("cy", "cy")]),
        ])[0];
        let mut transfer = self.terms("transfer", ("bo", "cy"), ("FR", "JP"), (work, 1, accepted));
        transfer["price"] = json!({"amount": 1_300_000, "currency": "EUR"});
        self.record(&[(transfer, &[("bo", "bo"), ("cy", "cy")])]);
    }

    fn terms(
        &self,
        kind: &str,
        (by, to): (&str, &str),
        (from, towards): (&str, &str),
        (work, edition, prev): (WorkId, u64, EntryId),
    ) -> Value {
        json!({
            "basis": "sale", "by": account(by), "delivery": "digital", "edition": edition,
            "expires_ms": self.time_ms + 30 * DAY_MS, "from_country": from, "kind": kind, "prev": prev,
            "to": account(to), "to_country": towards, "work": work,
        })
    }

    /// Returns the receipt of the entry at `index`.
    pub fn receipt(&self, index: u64) -> Receipt {
        let index = EntryIndex::new(index).unwrap();
        let proof = inclusion(index, self.tree.size(), &self.tiles).unwrap();
        Receipt { extra: None, index, proof, checkpoint: self.checkpoint.clone() }
    }

    /// Returns an entry with its proof.
    pub fn proved(&self, index: u64) -> ProvedEntry {
        let leaf = &self.leaves[usize::try_from(index).unwrap()];
        ProvedEntry::new(leaf, index, &self.receipt(index).proof).unwrap()
    }

    /// Returns a node's answer about records.
    pub fn answer(&self, keys: &[RecordKey]) -> StateAnswer {
        let operator = RecordKey::Account(account("op"));
        let records = keys.iter().chain([&operator]).map(|key| self.proved_record(key)).collect();
        let last = self.leaves.len() as u64 - 1;
        StateAnswer { checkpoint: self.checkpoint.clone(), seal: self.proved(last), records }
    }

    fn proved_record(&self, key: &RecordKey) -> ProvedRecord {
        ProvedRecord::new(key, self.replay.records().record(key).unwrap(), self.replay.tree())
    }

    /// Returns the certificate of an edition.
    pub fn certificate(&self, work: WorkId, edition: u64) -> Certificate {
        let entries: Vec<Entry> = self.leaves.iter().map(|leaf| Entry::parse(leaf).unwrap()).collect();
        let belongs = |entry: &Entry| match entry.body() {
            Body::Genesis(_) => true,
            Body::Mint(_) => entry.id() == work,
            body => body.edition() == Some((work, edition)),
        };
        let mut accounts: BTreeSet<AccountId> = BTreeSet::from([account("op")]);
        entries.iter().filter(|entry| belongs(entry)).for_each(|entry| accounts.extend(accounts_of(entry.body())));
        let has_part = |entry: &Entry| {
            matches!(entry.body(), Body::Profile(_) | Body::Rotate(_)) && accounts.contains(entry.body().by())
        };
        let mut kept: BTreeSet<u64> =
            (0..).zip(&entries).filter(|(_, entry)| belongs(entry) || has_part(entry)).map(|(n, _)| n).collect();
        let last = entries.len() as u64 - 1;
        let seals: Vec<u64> = (0..)
            .zip(&entries)
            .filter(|(index, entry)| match entry.body() {
                Body::Seal(seal) => *index == last || kept.iter().any(|kept| seal.covers(*kept)),
                _ => false,
            })
            .map(|(index, _)| index)
            .collect();
        let committed: BTreeSet<Digest> =
            kept.iter().filter_map(|n| entries[usize::try_from(*n).unwrap()].body().card()).collect();
        kept.extend(seals);
        let mut cards: Vec<Card> =
            self.cards.iter().filter(|card| committed.contains(&card.digest())).cloned().collect();
        cards.sort_by_key(Card::digest);
        let parts = Parts { accounts, ..Parts::default() };
        let records = records_of(&work, edition, parts).iter().map(|key| self.proved_record(key)).collect();
        Certificate {
            cards,
            checkpoint: self.checkpoint.clone(),
            edition,
            entries: kept.into_iter().map(|index| self.proved(index)).collect(),
            format: Format::V1,
            records,
            work,
        }
    }
}

/// Returns the tree of leaves and its tiles.
pub fn tree_of(leaves: &[Vec<u8>]) -> (Tree, TileSet) {
    let (mut tree, mut hashes, mut tiles) = (Tree::new(), TileHashes::default(), TileSet::new());
    for leaf in leaves {
        tree.append(leaf_hash(leaf), &mut hashes);
    }
    for (level, hashes) in (0..).zip(hashes.levels) {
        for (index, tile) in (0..).zip(hashes.chunks(256)) {
            tiles.insert_hashes(level, index, tile.to_vec());
        }
    }
    (tree, tiles)
}

/// Returns a checkpoint that the log has signed.
pub fn checkpoint(size: u64, root: Hash) -> String {
    let size = colophon_tlog::tree::TreeSize::new(size).unwrap();
    Checkpoint { origin: ORIGIN.to_owned(), size, root }.sign(&log_signer()).unwrap().to_string()
}

/// Returns the body of a mint with one file.
pub fn mint_body(by: &str, card: &Digest, face: &str) -> Value {
    json!({
        "by": account(by), "card": card, "country": "CN", "created": "2026-11-23",
        "creators": [{"role": "art", "share_bp": 10_000}], "editions": 2,
        "files": [{"bytes": 48_213, "media_type": "image/png", "sha256": digest(face)}],
        "kind": "mint", "license": "LicenseRef-ARR", "source_type": "digitalCreation", "training": "notAllowed",
        "work_kind": "digital_image",
    })
}

/// Returns the leaf of the story's first entry of this kind.
pub fn leaf_of_kind(kind: &str) -> Vec<u8> {
    let of_kind = |leaf: &Vec<u8>| Entry::parse(leaf).unwrap().body().kind() == kind;
    story().leaves.iter().find(|leaf| of_kind(leaf)).unwrap().clone()
}
