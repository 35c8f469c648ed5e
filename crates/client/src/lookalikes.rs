//! Asks which works look, sound or read like one, and takes the node's word for nothing but that there are no others.

use colophon_ledger::entry::mint::Mint;
use colophon_ledger::field::WorkId;
use colophon_ledger::iscc::{Iscc, Unit, UnitKind};

use crate::answer::{LookalikeAnswer, LookalikesAnswer};
use crate::client::Client;
use crate::http::HttpError;
use crate::lookup::LookupError;
use crate::security::SecurityError;

/// The most codes in one question.
pub const CODES_MAX: usize = 16;
/// The most works in an answer: the 50 nearest and the 10 earliest.
pub const LOOKALIKES_MAX: usize = 60;
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A work with a file that may be alike, as the node says. Its mint tells whether it is: see [`Lookalike::check`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lookalike {
    /// The work.
    pub work: WorkId,
    /// Which of its files, from 1 for the face.
    pub file: usize,
    /// The index of its mint.
    pub index: u64,
    /// In how many of 64 bits its code differs from the nearest of those asked about.
    pub distance: u32,
    /// Which of them that is, from 0.
    pub code: usize,
}

impl Lookalike {
    /// Checks what the node said against the mint of the work and its index, for a question about `codes`.
    pub fn check(&self, kind: UnitKind, codes: &[u64], mint: &Mint, index: u64) -> Result<(), LookupError> {
        let file = self.file.checked_sub(1).and_then(|place| mint.files.as_slice().get(place));
        let iscc = file.and_then(|file| Iscc::parse(file.fingerprint.as_ref()?.as_str()).ok());
        let head = iscc.as_ref().and_then(Iscc::content).filter(|unit| unit.kind() == kind).map(Unit::head);
        let distance = head.zip(codes.get(self.code)).map(|(head, code)| (head ^ code).count_ones());
        if distance == Some(self.distance) && index == self.index {
            return Ok(());
        }
        let why = format!(
            "the work {} is called a lookalike at distance {} and index {}, its mint differs",
            self.work, self.distance, self.index
        );
        Err(SecurityError::Contradiction(why).into())
    }
}

impl From<LookalikeAnswer> for Lookalike {
    fn from(answer: LookalikeAnswer) -> Lookalike {
        let LookalikeAnswer { work, file, index, distance, code } = answer;
        Lookalike { work, file, index, distance, code }
    }
}

impl Client {
    /// Asks for works with a file of this kind whose code is at most `distance` from one of `codes`: the nearest, nearest first, and behind them the earliest
    /// of those that are alike. With
    /// `before`, for works of mints with a smaller index alone, as the node says; a node that does not know this may give fewer.
    /// A node that does not search answers with [`LookupError::NotKnown`].
    pub async fn lookalikes(
        &self,
        kind: UnitKind,
        codes: &[u64],
        distance: u32,
        before: Option<u64>,
    ) -> Result<Vec<Lookalike>, LookupError> {
        let codes: Vec<String> = codes.iter().take(CODES_MAX).map(|code| format!("{code:016x}")).collect();
        let earlier = before.map_or_else(String::new, |before| format!("&before={before}"));
        let path = format!("v1/lookalikes?kind={}&codes={}&distance={distance}{earlier}", kind.word(), codes.join(","));
        let answer = self.transport().get_json(&path, ANSWER_BYTES_MAX).await;
        let answer: LookalikesAnswer = answer.map_err(|error: HttpError| {
            if error.is_not_found() { LookupError::NotKnown("search for lookalikes".to_owned()) } else { error.into() }
        })?;
        let found = answer.lookalikes.into_iter().take(LOOKALIKES_MAX).map(Lookalike::from);
        Ok(found.filter(|found| before.is_none_or(|before| found.index < before)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mint(head: u64) -> Mint {
        let mut code = [7; 32];
        code[..8].copy_from_slice(&head.to_be_bytes());
        let iscc = Iscc::new(vec![Unit::new(UnitKind::Image, code)]).unwrap();
        let zeros = "0".repeat(64);
        let maker = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
        serde_json::from_value(json!({
            "by": maker, "card": zeros, "country": "CN", "created": "2026", "editions": 1, "kind": "mint",
            "creators": [{"role": "art", "share_bp": 10_000}], "license": "CC0-1.0", "work_kind": "digital_image",
            "files": [{"bytes": 1, "fingerprint": iscc.to_string(), "media_type": "image/png", "sha256": zeros}],
            "source_type": "digitalCreation", "training": "allowed",
        }))
        .unwrap()
    }

    #[test]
    fn a_mint_that_is_not_as_near_as_said_is_a_contradiction() {
        let work = "1".repeat(64).parse().unwrap();
        let said = Lookalike { work, file: 1, index: 7, distance: 2, code: 1 };
        let codes = [0xffff, 0b1111];
        assert!(said.check(UnitKind::Image, &codes, &mint(0b1100), 7).is_ok());
        assert!(said.check(UnitKind::Image, &codes, &mint(0b1100), 8).is_err());
        for (said, kind, mint) in [
            (said, UnitKind::Image, mint(0b1000)),
            (said, UnitKind::Text, mint(0b1100)),
            (Lookalike { file: 2, ..said }, UnitKind::Image, mint(0b1100)),
            (Lookalike { file: 0, ..said }, UnitKind::Image, mint(0b1100)),
            (Lookalike { code: 2, ..said }, UnitKind::Image, mint(0b1100)),
        ] {
            assert!(said.check(kind, &codes, &mint, 7).is_err());
        }
    }
}
