//! The codes that a mint states of a file, computed anew from the file: whoever registered it claims them, and no rule reads them.

use colophon_fingerprint::Content;
use colophon_fingerprint::units::ByteUnits;
use colophon_ledger::entry::mint::WorkFile;
use colophon_ledger::iscc::{Iscc, Unit, UnitKind};
use serde::Serialize;

use crate::recognition::unit_kind;

/// In how many of 64 bits a code of the content may differ from the one that is stated: decoders do not agree on each pixel and each sound.
const CONTENT_BITS_MAX: u32 = 2;

/// A code that a mint states of a file, and what it is found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Recomputed {
    /// What it is made of: `text`, `image`, `audio`, `video`, `data` or `instance`.
    pub code: &'static str,
    /// Whether it is the file's.
    pub found: Found,
}

/// Whether a code that is stated is the file's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// It is.
    Same,
    /// It is another.
    Other,
    /// It was prepared in a way that is not known here, or the file cannot be decoded here.
    NotCompared,
}

/// Returns what each code is found to be that a mint states of a file with these units and this content; nothing where it states none.
pub fn recompute(stated: &WorkFile, units: &ByteUnits, content: Option<&Content>) -> Vec<Recomputed> {
    let iscc = stated.fingerprint.as_ref().and_then(|fingerprint| Iscc::parse(fingerprint.as_str()).ok());
    // Another preparation may give another code.
    let content = content.filter(|content| stated.prep.as_ref().is_some_and(|prep| prep.as_str() == content.prep));
    let found = |unit: &Unit| match unit.kind() {
        UnitKind::Data => begins(&units.data, unit),
        UnitKind::Instance => begins(&units.instance, unit),
        UnitKind::Text | UnitKind::Image | UnitKind::Audio | UnitKind::Video => {
            content.map_or(Found::NotCompared, |content| is_near(content, unit))
        }
    };
    let units = iscc.iter().flat_map(Iscc::units);
    units.map(|unit| Recomputed { code: unit.kind().word(), found: found(unit) }).collect()
}

fn begins(own: &[u8], stated: &Unit) -> Found {
    if own.starts_with(stated.code()) { Found::Same } else { Found::Other }
}

fn is_near(content: &Content, stated: &Unit) -> Found {
    let own = Unit::new(unit_kind(content.kind), content.code);
    let is_near = own.kind() == stated.kind() && (own.head() ^ stated.head()).count_ones() <= CONTENT_BITS_MAX;
    if is_near { Found::Same } else { Found::Other }
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_fingerprint::{Code, ContentKind};
    use serde_json::json;

    const UNITS: ByteUnits = ByteUnits { data: [1; 32], instance: [2; 32] };

    fn stated(units: Vec<Unit>, prep: Option<&str>) -> WorkFile {
        let iscc = Iscc::new(units).unwrap().to_string();
        let mut file = json!({"bytes": 1, "fingerprint": iscc, "media_type": "image/png", "sha256": "0".repeat(64)});
        if let Some(prep) = prep {
            file["prep"] = prep.into();
        }
        serde_json::from_value(file).unwrap()
    }

    fn content(code: Code) -> Content {
        Content { kind: ContentKind::Image, code, prep: "image-1", thumbnail: None, scant: false }
    }

    /// What the code of a picture is found to be that is stated with this many bits turned over.
    fn picture(bits: u32, prep: Option<&str>, own: Option<&Content>) -> Found {
        let mut code = [0x5a; 32];
        code[7] ^= u8::try_from((1_u32 << bits) - 1).unwrap();
        let found = recompute(&stated(vec![Unit::new(UnitKind::Image, code)], prep), &UNITS, own);
        assert_eq!((found.len(), found[0].code), (1, "image"));
        found[0].found
    }

    #[test]
    fn a_code_of_content_may_be_two_bits_off_and_no_more() {
        let own = content([0x5a; 32]);
        let of = |bits| picture(bits, Some("image-1"), Some(&own));
        assert_eq!([0, 2, 3].map(of), [Found::Same, Found::Same, Found::Other]);
        let text = Content { kind: ContentKind::Text, ..own.clone() };
        assert_eq!(picture(0, Some("image-1"), Some(&text)), Found::Other);
    }

    #[test]
    fn what_was_prepared_otherwise_or_cannot_be_decoded_is_not_compared() {
        let own = content([0x5a; 32]);
        for (prep, own) in [(Some("image-2"), Some(&own)), (None, Some(&own)), (Some("image-1"), None)] {
            assert_eq!(picture(7, prep, own), Found::NotCompared);
        }
    }

    #[test]
    fn codes_of_bytes_are_exact() {
        let found = |data: Code, instance: Code| {
            let units = vec![Unit::new(UnitKind::Data, data), Unit::new(UnitKind::Instance, instance)];
            recompute(&stated(units, None), &UNITS, None)
                .into_iter()
                .map(|one| (one.code, one.found))
                .collect::<Vec<_>>()
        };
        assert_eq!(found([1; 32], [2; 32]), [("data", Found::Same), ("instance", Found::Same)]);
        let mut last = [2; 32];
        last[31] = 3;
        assert_eq!(found([2; 32], last), [("data", Found::Other), ("instance", Found::Other)]);
        let none = WorkFile { fingerprint: None, ..stated(vec![Unit::new(UnitKind::Data, [1; 32])], None) };
        assert!(recompute(&none, &UNITS, None).is_empty());
    }
}
