//! Somebody who registers works and sells them, some of them twice.

use std::collections::BTreeMap;

use colophon_ledger::deal::{Basis, Delivery};
use colophon_ledger::entry::terms::{Terms, TermsWord};
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::field::{EntryId, Int};
use colophon_ledger::rule::Rules;
use colophon_tlog::hash::leaf_hash;
use colophon_tlog::note::VerifierKey;
use colophon_tlog::receipt::Receipt;
use e2e::minting::Minter;

use crate::dice::Dice;
use crate::fact::Fact;
use crate::message::{Deeds, Message, Who};
use crate::roles::{EPOCH_MS, log_signer};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// How many works each person registers.
const WORKS: u64 = 8;

/// A person. They are never killed, and ask again until they have an answer.
#[derive(Debug)]
pub(crate) struct Person {
    minter: Minter,
    log_key: VerifierKey,
    minted: u64,
    /// What was sent and not answered.
    waiting: BTreeMap<EntryId, Entry>,
    /// To whom works are sold once they are registered.
    buyers: Vec<Minter>,
}

impl Person {
    /// Returns person `number` of `all`.
    pub(crate) fn new(number: usize, all: usize, rules: &Rules) -> Person {
        let minter = |number: usize| Minter::at(&format!("person {number}"), rules.register.clone());
        let buyers = (0..all).filter(|other| *other != number).map(minter).collect();
        Person { minter: minter(number), log_key: log_signer().verifier(), minted: 0, waiting: BTreeMap::new(), buyers }
    }

    /// Returns how many answers are missing.
    pub(crate) fn waits_for(&self) -> usize {
        self.waiting.len()
    }

    /// Registers something new once in a while, and asks again for what was not answered.
    pub(crate) fn tick(&mut self, dice: &mut Dice, deeds: &mut Deeds) {
        if self.minted < WORKS && dice.chance(300) {
            let (entry, _) = self.minter.mint(&format!("work {}", self.minted));
            self.minted += 1;
            self.waiting.insert(entry.id(), entry);
        }
        let ask = |entry: &Entry| (Who::Register, Message::Submit(entry.to_bytes()));
        deeds.sent.extend(self.waiting.values().map(ask));
    }

    pub(crate) fn hear(&mut self, dice: &mut Dice, message: Message, deeds: &mut Deeds) {
        match message {
            Message::Recorded { id, receipt } => {
                let Some(entry) = self.waiting.remove(&id) else { return };
                let receipt = Receipt::parse(receipt.as_bytes()).expect("a receipt");
                let leaf = leaf_hash(&entry.to_bytes());
                receipt.verify(&leaf, &self.log_key).expect("a receipt that proves the entry");
                deeds.tell(Fact::Acknowledged { id, index: receipt.index.get(), leaf });
                if matches!(entry.body(), Body::Mint(_)) && dice.chance(600) {
                    self.sell(id, dice);
                }
            }
            Message::Refused { id } => drop(self.waiting.remove(&id)),
            _ => {}
        }
    }

    /// Sells a work, and now and then to two at the same time.
    fn sell(&mut self, work: EntryId, dice: &mut Dice) {
        for _ in 0..dice.between(1, 2) {
            let buyer = dice.pick(&self.buyers);
            let terms = Terms {
                basis: Basis::Gift,
                by: self.minter.account(),
                card: None,
                delivery: Delivery::Digital,
                documents: None,
                edition: Int::new(1).expect("the first edition"),
                expires_ms: Int::new(EPOCH_MS + DAY_MS).expect("a time"),
                firm: None,
                professional: None,
                value: None,
                from_country: "CN".parse().expect("a country"),
                kind: TermsWord::Transfer,
                prev: work,
                price: None,
                to: buyer.account(),
                to_country: "FR".parse().expect("a country"),
                work,
            };
            let entry = self.minter.sign_with(&Body::Transfer(terms), &[buyer]);
            self.waiting.insert(entry.id(), entry);
        }
    }
}
