//! Answers that are put together to deceive.

use colophon_client::client::Client;
use colophon_client::entry::EntryName;
use colophon_client::failure::{Class, Failure as _};
use colophon_client::lookup::{Looked, LookupError};
use colophon_client::work::WorkPrefix;
use colophon_ledger::field::WorkId;
use colophon_ledger::state::RecordKey;
use serde_json::{Value, json};

use crate::node::{Node, Reply};
use crate::people::{ARTIST, BUYER, THIEF, digest};
use crate::register::{Story, TrueRegister};

struct Told {
    node: Node,
    client: Client,
    story: Story,
    size: u64,
}

async fn told() -> Told {
    let story = Story::tell(1);
    let node = Node::start(story.register.clone()).await;
    let (client, size) = (node.client(), story.register.size());
    Told { node, client, story, size }
}

impl Told {
    /// Answers every question with `lie` alone, and asks about edition 1 of `work`.
    async fn work(&self, work: &WorkId, lie: Value) -> LookupError {
        self.node.answer(Reply::json(&lie));
        let found = self.client.work(&WorkPrefix::from(work), 1).await;
        found.expect_err("the answer was a lie")
    }

    async fn is_noticed(&self, work: &WorkId, lie: Value) {
        let error = self.work(work, lie).await;
        assert_eq!(error.class(), Class::Security, "{error}");
        assert!(self.node.evidence().is_empty(), "the history is not what is wrong: {error}");
    }
}

#[tokio::test]
async fn an_old_seal_and_state_under_a_new_checkpoint_are_noticed() {
    let told = told().await;
    let register = &told.story.register;
    let before_gift = register
        .moments
        .iter()
        .rev()
        .find(|moment| !moment.records.contains_key(&RecordKey::Edition(told.story.given, 1)));
    let old_size = before_gift.unwrap().size;
    let old = register.work_answer(&told.story.given, 1, old_size);
    let new = register.work_answer(&told.story.given, 1, told.size);
    // The old answer is true in itself; the client has seen nothing newer yet, so it would do.
    // Under the new checkpoint it does not: neither with the old seal as it was ...
    let mut mixed = old.clone();
    mixed["checkpoint"] = new["checkpoint"].clone();
    told.is_noticed(&told.story.given, mixed.clone()).await;
    // ... nor with the old seal shown to be in the new tree, nor with the new seal over the old records.
    mixed["seal"] = json!(register.proved(old_size - 1, told.size));
    mixed["mint"] = new["mint"].clone();
    told.is_noticed(&told.story.given, mixed.clone()).await;
    mixed["seal"] = new["seal"].clone();
    told.is_noticed(&told.story.given, mixed).await;
}

#[tokio::test]
async fn absence_by_another_records_path_is_noticed() {
    let told = told().await;
    let register = &told.story.register;
    let moment = register.moment(told.size);
    let truth = register.work_answer(&told.story.given, 1, told.size);
    let edition = RecordKey::Edition(told.story.given, 1).to_string();
    // That the edition has a record, and with it the buyer, is hidden behind every other path there is.
    for key in moment.records.keys() {
        let foreign = json!(TrueRegister::proved_record(key, moment));
        for other in [foreign["other"].clone(), other_of(key, moment)] {
            let mut lie = truth.clone();
            lie["records"][1] = json!({"key": edition, "path": foreign["path"], "other": other});
            if other.is_null() {
                lie["records"][1].as_object_mut().unwrap().remove("other");
            }
            told.is_noticed(&told.story.given, lie).await;
        }
    }
}

/// A record as it would stand in the place of an absent one.
fn other_of(key: &RecordKey, moment: &crate::register::Moment) -> Value {
    let value = colophon_ledger::state::record_digest(&moment.records[key]);
    json!({"key": key.state_key().as_hash().to_base64(), "value": value.to_base64()})
}

#[tokio::test]
async fn swapped_and_missing_records_are_noticed() {
    let told = told().await;
    let register = &told.story.register;
    let truth = register.work_answer(&told.story.given, 1, told.size);
    let other = register.work_answer(&told.story.untouched, 1, told.size);
    for record in 0..3 {
        // Left out.
        let mut lie = truth.clone();
        lie["records"].as_array_mut().unwrap().remove(record);
        told.is_noticed(&told.story.given, lie).await;
        // Another work's under this one's name, with its proof and without.
        if record < 2 {
            for members in [&["record", "path", "other"][..], &["record"], &["path"]] {
                let mut lie = truth.clone();
                for member in members {
                    match other["records"][record].get(*member) {
                        Some(value) => lie["records"][record][*member] = value.clone(),
                        None => drop(lie["records"][record].as_object_mut().unwrap().remove(*member)),
                    }
                }
                // (The absence of one record may stand on the very path of another.)
                if lie != truth {
                    told.is_noticed(&told.story.given, lie).await;
                }
            }
        }
    }
    // Another mint, and another work altogether.
    let mut lie = truth.clone();
    lie["mint"] = other["mint"].clone();
    told.is_noticed(&told.story.given, lie).await;
    told.is_noticed(&told.story.given, other.clone()).await;
    let mut lie = other;
    lie["work"] = json!(told.story.given);
    told.is_noticed(&told.story.given, lie).await;
    // Another edition's state for the one asked about.
    told.is_noticed(&told.story.given, register.work_answer(&told.story.given, 2, told.size)).await;
    let mut lie = register.work_answer(&told.story.given, 2, told.size);
    lie["edition"] = json!(1);
    told.is_noticed(&told.story.given, lie).await;
}

#[tokio::test]
async fn what_newer_rules_lead_to_is_not_judged() {
    let story = Story::tell(1);
    let newer = story.register.under_rules(2);
    let node = Node::start(newer).await;
    let client = node.client();
    let error = client.work(&WorkPrefix::from(&story.given), 1).await.unwrap_err();
    assert!(matches!(error, LookupError::NeedsNewer(_)), "{error}");
    assert_eq!(client.account(&ARTIST.account()).await.unwrap_err().class(), Class::Unable);
    assert_eq!(client.certificate(&story.given, 1).await.unwrap_err().class(), Class::Unable);
    assert!(node.evidence().is_empty());
}

#[tokio::test]
async fn another_registers_answers_are_noticed() {
    let told = told().await;
    let other = Story::tell(2);
    told.is_noticed(&other.given, other.register.work_answer(&other.given, 1, other.register.size())).await;
    // The same key over a register that parted after the genesis: true in itself, but not this history.
    told.node.tell_the_truth();
    told.client.newest().await.unwrap();
    let mut forked = TrueRegister::begin(1);
    let stolen = forked.mint(THIEF, "hills", None);
    let answer = forked.work_answer(&stolen, 1, forked.size());
    told.node.lie(move |path, truth| match path.strip_prefix("tile/") {
        Some(_) => forked.tile_bytes(path, forked.size()).map_or(truth, Reply::ok),
        None => Reply::json(&answer),
    });
    let error = told.client.work(&WorkPrefix::from(&stolen), 1).await.unwrap_err();
    assert_eq!(error.class(), Class::Security, "{error}");
    assert_eq!(told.node.evidence().len(), 1);
}

#[tokio::test]
async fn a_work_that_is_there_cannot_be_denied() {
    let told = told().await;
    let register = &told.story.register;
    let denials = [
        // With a true proof that it is there, ...
        register.absent_work(&told.story.given, told.size),
        // ... with the proof of another's absence, ...
        register.absent_work(&digest("nothing"), told.size),
    ];
    for denial in denials {
        let denial = Reply { status: 404, ..Reply::json(&denial) };
        told.node.answer(denial);
        let error = told.client.work(&WorkPrefix::from(&told.story.given), 1).await.unwrap_err();
        assert_eq!(error.class(), Class::Security, "{error}");
    }
    // ... or without any: then nothing is said.
    told.node.lie(|_, _| Reply::problem(404, "not_found"));
    let error = told.client.work(&WorkPrefix::from(&told.story.given), 1).await.unwrap_err();
    assert!(matches!(error, LookupError::Unproved(_)), "{error}");
    // From before it was minted, its absence is true, and old.
    told.node.tell_the_truth();
    told.client.newest().await.unwrap();
    let early = Reply { status: 404, ..Reply::json(&register.absent_work(&told.story.given, 2)) };
    told.node.answer(early);
    let error = told.client.work(&WorkPrefix::from(&told.story.given), 1).await.unwrap_err();
    assert!(matches!(error, LookupError::Stale { .. }), "{error}");
}

#[tokio::test]
async fn every_changed_byte_of_a_works_answer_is_noticed_or_makes_no_difference() {
    let told = told().await;
    let given = WorkPrefix::from(&told.story.given);
    let truth = told.client.work(&given, 1).await.unwrap();
    let length = told.story.register.work_answer(&told.story.given, 1, told.size).to_string().len();
    for at in (0..length).step_by(3) {
        told.node.lie(move |_, mut truth| {
            truth.body[at] ^= 1 << (at % 6);
            truth
        });
        if let Ok(found) = told.client.work(&given, 1).await {
            assert_eq!(found, truth, "{at}");
        }
    }
}

#[tokio::test]
async fn claims_to_a_file_cannot_be_hidden_or_made_up() {
    let told = told().await;
    let register = &told.story.register;
    let file = digest("hills");
    let truth = register.file_answer(&file, 0, told.size);
    let ask = async |lie: Value| {
        told.node.answer(Reply::json(&lie));
        let found = told.client.file(&file, 100).await;
        assert!(told.node.evidence().is_empty(), "the history is not what is wrong");
        found
    };
    let mut unknown = truth.clone();
    unknown["known"] = json!(false);
    assert_eq!(ask(unknown).await.unwrap_err().class(), Class::Security);
    // Registrations after the first that are left out are asked for again, and then missed.
    let mut fewer = truth.clone();
    fewer["records"].as_array_mut().unwrap().retain(|record| !record["key"].as_str().unwrap().ends_with("/2"));
    assert_eq!(ask(fewer).await.unwrap_err().class(), Class::Security);
    for record in 0..truth["records"].as_array().unwrap().len() {
        let mut lie = truth.clone();
        let text = lie["records"][record]["record"].as_str().unwrap_or("{}").replacen('1', "2", 1) + " ";
        lie["records"][record]["record"] = json!(text);
        assert_eq!(ask(lie).await.unwrap_err().class(), Class::Security, "{record}");
    }
    // Another file's answer.
    let other = register.file_answer(&digest("river"), 0, told.size);
    assert_eq!(ask(other).await.unwrap_err().class(), Class::Security);
    assert!(matches!(ask(truth).await.unwrap(), Looked::Found(_)));
}

#[tokio::test]
async fn keys_of_an_account_cannot_be_hidden() {
    let told = told().await;
    let moment = told.story.register.moment(told.size);
    // The artist has a record; the buyer has none. Each is answered as the other is.
    let mut lie = told.story.register.state_answer(&[RecordKey::Account(BUYER.account())], told.size);
    lie.records[0].key = RecordKey::Account(ARTIST.account()).to_string();
    told.node.answer(Reply::json(&json!(lie)));
    assert_eq!(told.client.account(&ARTIST.account()).await.unwrap_err().class(), Class::Security);
    let mut lie = told.story.register.state_answer(&[RecordKey::Account(ARTIST.account())], told.size);
    lie.records[0].key = RecordKey::Account(BUYER.account()).to_string();
    assert!(lie.records[0].record.is_some() && moment.size == told.size);
    told.node.answer(Reply::json(&json!(lie)));
    assert_eq!(told.client.account(&BUYER.account()).await.unwrap_err().class(), Class::Security);
    assert!(told.node.evidence().is_empty(), "the history is not what is wrong");
}

#[tokio::test]
async fn changed_entries_and_receipts_are_noticed() {
    let told = told().await;
    let offer = EntryName::Id(told.story.offer);
    let truth = told.client.entry(offer).await.unwrap();
    let index = truth.index;
    let receipt = told.story.register.receipt(index, told.size).to_string();
    let answer = told.story.register.entry_answer(index).to_string();
    for (wrong_path, length) in [("receipt", receipt.len()), ("", answer.len())] {
        for at in (0..length).step_by(3) {
            told.node.lie(move |path, mut truth| {
                if path.ends_with("receipt") == (wrong_path == "receipt") {
                    truth.body[at] ^= 1;
                }
                truth
            });
            if let Ok(found) = told.client.entry(offer).await {
                assert_eq!(found, truth, "{wrong_path} {at}");
            }
        }
    }
    // Another entry's receipt, an older one with another proof, another entry for the one asked for.
    let register = told.story.register.clone();
    let mut wrong_proof = register.receipt(index, told.size);
    wrong_proof.proof.reverse();
    for lie in [register.receipt(index - 1, told.size), wrong_proof] {
        told.node.lie(move |path, truth| if path.ends_with("receipt") { Reply::ok(lie.to_string()) } else { truth });
        assert_eq!(told.client.entry(offer).await.unwrap_err().class(), Class::Security);
    }
    let other = register.entry_answer(index - 1);
    for renamed in [false, true] {
        let mut other = other.clone();
        if renamed {
            other["id"] = json!(told.story.offer);
        }
        told.node.lie(move |path, truth| if path.ends_with("receipt") { truth } else { Reply::json(&other) });
        assert_eq!(told.client.entry(offer).await.unwrap_err().class(), Class::Security);
    }
}

#[tokio::test]
async fn another_card_than_the_one_asked_for_is_noticed() {
    let told = told().await;
    let mut cards = told.story.register.cards.values();
    let (one, other) = (cards.next().unwrap().clone(), json!(cards.next().unwrap()));
    told.node.lie(move |_, _| Reply::json(&other));
    assert_eq!(told.client.card(&one.digest()).await.unwrap_err().class(), Class::Security);
    let mut changed = json!(one);
    changed["text"] = json!(one.text.replace("zh", "fr"));
    told.node.lie(move |_, _| Reply::json(&changed));
    assert_eq!(told.client.card(&one.digest()).await.unwrap_err().class(), Class::Security);
}
