//! Asks which works and accounts have these words in their titles and names. What is found is a hint, to be asked about by itself.

use std::fmt::Write as _;

use colophon_ledger::account::AccountId;
use colophon_ledger::field::WorkId;
use serde::Deserialize;

use crate::client::Client;
use crate::http::HttpError;
use crate::lookup::LookupError;

/// The longest text that is asked about, in bytes.
pub const TEXT_BYTES_MAX: usize = 256;
/// How many hits a node shows of one search, however many there are.
pub const PLACE_MAX: usize = 1_000;
/// The most hits in an answer.
pub const HITS_MAX: usize = 20;
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// What a node says it found. **Not proved**: good for asking on, never to be shown as it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SearchHints {
    /// In how many entries it says that it searched.
    pub size: u64,
    /// How many hits it says there are in all.
    pub count: u64,
    /// Those of this page, the best first.
    pub hits: Vec<SearchHint>,
    /// What to give as `after` for the next page.
    pub next: Option<u64>,
}

/// One hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SearchHint {
    /// A work, to be asked about by [`Client::certificate`].
    Work {
        /// The work.
        work: WorkId,
    },
    /// An account, to be asked about by [`Client::account`].
    Account {
        /// The account.
        account: AccountId,
    },
}

impl Client {
    /// Asks for works and accounts that have every word of `text` in a title or a name, those after the first `after`. A node that
    /// does not search answers with [`LookupError::NotKnown`].
    pub async fn search(&self, text: &str, after: u64) -> Result<SearchHints, LookupError> {
        let path = format!("v1/search?q={}&after={after}", encoded(text));
        let answer = self.transport().get_json(&path, ANSWER_BYTES_MAX).await;
        let mut hints: SearchHints = answer.map_err(|error: HttpError| {
            if error.is_not_found() { LookupError::NotKnown("search by words".to_owned()) } else { error.into() }
        })?;
        hints.hits.truncate(HITS_MAX);
        Ok(hints)
    }
}

/// Returns a text as it stands in a query (RFC 3986, section 2.1).
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_is_written_so_that_it_cannot_be_taken_for_anything_else() {
        assert_eq!(encoded("山 & a-b=c#d+e"), "%E5%B1%B1%20%26%20a-b%3Dc%23d%2Be");
    }

    #[test]
    fn an_answer_is_read_and_what_is_unknown_is_not() {
        let work = "1".repeat(64);
        let answer = json!({"size": 7, "count": 1, "hits": [{"kind": "work", "work": work, "index": 4}]});
        let hints: SearchHints = serde_json::from_value(answer).unwrap();
        assert_eq!((hints.hits, hints.next), (vec![SearchHint::Work { work: work.parse().unwrap() }], None));
        assert!(
            serde_json::from_value::<SearchHints>(json!({"size": 7, "count": 1, "hits": [{"kind": "x"}]})).is_err()
        );
    }
}
