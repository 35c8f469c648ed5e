//! The records and the state root that the model's maps lead to, computed from nothing.

use std::collections::BTreeMap;

use colophon_tlog::hash::{Hash, sha256, sha256_concat};
use serde_json::{Value, json};

use crate::apply::model::{HOME, Model, account_of, key_name, log_vkey};
use crate::people::{canonical, multikey};

/// The age classes that are stated.
pub const AGES: [&str; 2] = ["lt50", "gt250"];

/// Returns every record under its name (specification, section 9.1).
pub fn records(model: &Model) -> BTreeMap<String, String> {
    let mut records = BTreeMap::new();
    let mut write = |name: String, record: &Value| records.insert(name, canonical(record));
    for (id, work) in &model.works {
        let maker = account_of(work.maker);
        let mut record = json!({
            "country": HOME, "created": "2026", "editions": work.editions, "index": work.index, "maker": maker,
            "minted_ms": work.minted_ms, "source_type": "digitalCreation",
        });
        if let Some((count, newest, age)) = work.amended {
            record["amended"] = json!({"count": count, "newest": newest});
            record["facts"] = json!({"age": AGES[age]});
        }
        write(format!("work/{id}"), &record);
    }
    for (file, claims) in &model.files {
        let first = &claims[0];
        write(format!("file/{file}"), &json!({"count": claims.len(), "face": first.is_face, "work": first.work}));
        for (number, claim) in (2..).zip(&claims[1..]) {
            write(format!("file/{file}/{number}"), &json!({"work": claim.work}));
            if claim.is_face {
                write(format!("face/{file}/{}", account_of(claim.maker)), &json!({"work": claim.work}));
            }
        }
    }
    for ((work, number), edition) in &model.editions {
        let mut record =
            json!({"country": edition.country, "holder": account_of(edition.holder), "newest": edition.newest});
        if let Some(offer) = &edition.offer {
            record["offer"] = json!({
                "basis": "gift", "delivery": "digital", "expires_ms": offer.expires_ms, "firm": offer.firm,
                "index": offer.index, "to": account_of(offer.to), "to_country": offer.towards,
            });
        }
        record["since_ms"] = json!(edition.since_ms);
        record["transfers"] = json!(edition.transfers);
        model.borders.tell(&(*work, *number), &mut record);
        model.charges.tell(&(*work, *number), &mut record);
        write(format!("edition/{work}/{number}"), &record);
    }
    model.borders.records(|name, record| drop(write(name, record)));
    model.charges.records(|name, record| drop(write(name, record)));
    if let Some(newest) = model.acts.newest {
        let mut record = json!({});
        if let Some(key) = model.acts.key {
            record["log_vkey"] = json!(log_vkey(key));
        }
        record["newest"] = json!(newest);
        if let Some(retired) = model.acts.retired {
            record["retired"] = json!(retired);
        }
        if let Some(height) = model.acts.upgrade {
            record["upgrade"] = json!({"height": height, "rules": 2});
        }
        write("register".to_owned(), &record);
    }
    accounts(model, |name, record| drop(write(name, record)));
    records
}

/// Writes the records of accounts and of their keys.
fn accounts(model: &Model, mut write: impl FnMut(String, &Value)) {
    for (person, account) in &model.accounts {
        let key = |key: &usize| multikey(&key_name(*person, *key));
        let mut keys: Vec<_> = account.keys.iter().map(key).collect();
        keys.sort();
        let mut record = json!({"keys": keys, "newest": account.newest});
        if let Some(next) = account.next {
            record["next"] = json!(next);
        }
        if let Some(rotated) = account.rotated {
            record["rotated"] = json!(rotated);
        }
        record["threshold"] = json!(account.threshold);
        let name = account_of(*person);
        write(format!("account/{name}"), &record);
        for (brought, index) in &account.brought {
            let id = key(brought).id_under(&name).unwrap();
            write(format!("key/{name}/{id}"), &json!({"index": index}));
        }
    }
}

/// Returns the state root of records (specification, section 9.2).
pub fn state_root(records: &BTreeMap<String, String>) -> Hash {
    let place = |name: &String| sha256_concat(&[b"colophon.state/v1\n", name.as_bytes()]);
    let placed: Vec<(Hash, Hash)> =
        records.iter().map(|(name, record)| (place(name), sha256(record.as_bytes()))).collect();
    subtree(&placed, 0)
}

fn subtree(records: &[(Hash, Hash)], depth: usize) -> Hash {
    match records {
        [] => Hash::ZERO,
        [(place, value)] => sha256_concat(&[&[2], place.as_bytes(), value.as_bytes()]),
        _ => {
            let is_right = |place: &Hash| place.as_bytes()[depth / 8] & (0x80 >> (depth % 8)) != 0;
            let (right, left): (Vec<_>, Vec<_>) = records.iter().partition(|(place, _)| is_right(place));
            sha256_concat(&[&[3], subtree(&left, depth + 1).as_bytes(), subtree(&right, depth + 1).as_bytes()])
        }
    }
}
