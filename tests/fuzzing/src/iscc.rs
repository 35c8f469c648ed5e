//! ISCCs in a file's fingerprint: one spelling, their order, their lengths.

use colophon_ledger::field::Fingerprint;
use colophon_ledger::iscc::{CODE_BITS_MAX, CODE_BITS_MIN, Iscc, TEXT_BYTES_MAX, Unit, UnitKind};

/// Words of ISCCs.
pub const WORDS: &[&str] = &["ISCC:", "EED", "EADQ", "GAD", "IAD", "AAAAAAAA", "77777777", "=", "a", "KEC"];

/// Reads an ISCC and writes it back.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(iscc) = Iscc::parse(text) else { return };
    assert_eq!(iscc.to_string(), text);
    assert!(text.len() <= TEXT_BYTES_MAX && text.parse::<Fingerprint>().is_ok());
    let units = iscc.units();
    assert!((1..=3).contains(&units.len()));
    for unit in units {
        let bits = unit.code().len() * 8;
        assert!((CODE_BITS_MIN..=CODE_BITS_MAX).contains(&bits) && bits % 32 == 0);
        assert_eq!(unit.code()[..8], unit.head().to_be_bytes());
    }
    assert!(units.iter().skip(1).all(|unit| !unit.kind().is_content()), "content comes first");
    assert_eq!(iscc.content(), units.first().filter(|unit| unit.kind().is_content()));
    assert_eq!(Iscc::new(units.to_vec()), Some(iscc));
}

/// ISCCs of every content, whole and in part, and one of the reference's that is shorter.
pub fn seeds() -> Vec<Vec<u8>> {
    let bytes = [Unit::new(UnitKind::Data, [0x5a; 32]), Unit::new(UnitKind::Instance, [0xa5; 32])];
    let contents = [UnitKind::Text, UnitKind::Image, UnitKind::Audio, UnitKind::Video];
    let whole = contents.map(|kind| [&[Unit::new(kind, [0x3c; 32])], &bytes[..]].concat());
    let part = [bytes.to_vec(), bytes[1..].to_vec()];
    let texts = whole.into_iter().chain(part).filter_map(|units| Some(Iscc::new(units)?.to_string()));
    texts.chain(["ISCC:EEAQAAAAAAAAAAAA".to_owned()]).map(String::into_bytes).collect()
}
