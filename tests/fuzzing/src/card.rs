//! Cards: JSON objects of bounded length, whose bytes are what counts.

use colophon_ledger::card::{CARD_BYTES_MAX, CARD_DEPTH_MAX, Card, ProfileWords, TermsWords, WorkWords};
use colophon_tlog::hash::sha256;
use serde_json::Value;

use crate::story::story;

/// Words of cards.
pub const WORDS: &[&str] = &[
    "\"titles\":[",
    "{\"lang\":\"en\",\"text\":\"",
    "\"name\":",
    "\"about\":",
    "null",
    "1e999",
    "1e308",
    "\\ud800",
    "\\udc00",
    "\\u0000",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":{\"a\":",
    "-0",
    "\u{feff}",
    "\u{202e}",
];

/// To names that begin so, escaped or not, `Value` gives a meaning of its own: there it is no judge of cards.
const LIBRARYS_OWN: [&str; 2] = ["$serde_json::", "\\u00"];

/// Reads the text of a card and holds it against what a card is, its digest and the words that are shown of it.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let card = Card::new([7; 32], text.to_owned());
    let is_judged = !LIBRARYS_OWN.iter().any(|own| text.contains(own));
    if is_judged {
        let is_object = serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object());
        assert_eq!(card.is_ok(), is_object && text.len() <= CARD_BYTES_MAX, "{card:?}");
    }
    let Ok(card) = card else { return };
    let preimage = [b"colophon.card/v1\n", &[7; 32][..], data].concat();
    assert_eq!(card.digest().0, sha256(&preimage));
    let carried = serde_json::to_string(&card).unwrap();
    let back: Card = serde_json::from_str(&carried).unwrap();
    assert_eq!((back.check(), &back), (Ok(()), &card));
    let words: [Option<Value>; 3] = [
        card.read::<WorkWords>().ok().map(|words| serde_json::to_value(words).unwrap()),
        card.read::<ProfileWords>().ok().map(|words| serde_json::to_value(words).unwrap()),
        card.read::<TermsWords>().ok().map(|words| serde_json::to_value(words).unwrap()),
    ];
    if !is_judged {
        return;
    }
    // What is shown stands in the card.
    let all: Value = serde_json::from_str(text).unwrap();
    for (name, value) in words.iter().flatten().filter_map(Value::as_object).flatten() {
        match (value, all.get(name)) {
            (Value::Array(shown), Some(Value::Array(there))) => assert_eq!(shown.len(), there.len()),
            (shown, there) => assert_eq!(Some(shown), there),
        }
    }
}

/// Every card of the story, and one as deep as cards go.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = story().cards.iter().map(|card| card.text.clone().into_bytes()).collect();
    seeds.push(format!("{}1{}", "{\"a\":".repeat(CARD_DEPTH_MAX), "}".repeat(CARD_DEPTH_MAX)).into_bytes());
    seeds.push(b" {\"a\":1.5e-3,\"a\":null,\"b\":[true,-0]} ".to_vec());
    seeds
}
