//! ISCCs in a file's fingerprint: one spelling, their order, their lengths.

use colophon_ledger::field::Fingerprint;
use colophon_ledger::iscc::{
    CODE_BITS_MAX, CODE_BITS_MIN, Iscc, SEQUENCE_BYTES_MAX, TEXT_BYTES_MAX, Unit, UnitKind, units_of_sequence,
};

/// Words of ISCCs.
pub const WORDS: &[&str] = &["ISCC:", "EED", "EADQ", "GAD", "IAD", "AAAAAAAA", "77777777", "=", "a", "KEC"];

/// Reads an ISCC and writes it back, and units side by side.
pub fn check(data: &[u8]) {
    check_sequence(data);
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

/// Units of a sequence are whole, and as many as there is room for.
fn check_sequence(data: &[u8]) {
    let Some(units) = units_of_sequence(data) else { return };
    let bytes: usize = units.iter().map(|unit| unit.code().len() + 2).sum();
    assert!(units.iter().all(|unit| unit.code().len() * 8 == CODE_BITS_MAX));
    assert!(bytes <= data.len() && data.len() <= SEQUENCE_BYTES_MAX);
    assert!(units.iter().all(|unit| data.windows(32).any(|code| code == unit.code())));
}

/// ISCCs of every content, whole and in part, and one of the reference's that is shorter.
pub fn seeds() -> Vec<Vec<u8>> {
    let bytes = [Unit::new(UnitKind::Data, [0x5a; 32]), Unit::new(UnitKind::Instance, [0xa5; 32])];
    let contents = [UnitKind::Text, UnitKind::Image, UnitKind::Audio, UnitKind::Video];
    let whole = contents.map(|kind| [&[Unit::new(kind, [0x3c; 32])], &bytes[..]].concat());
    let part = [bytes.to_vec(), bytes[1..].to_vec()];
    let texts = whole.into_iter().chain(part).filter_map(|units| Some(Iscc::new(units)?.to_string()));
    let texts = texts.chain(["ISCC:EEAQAAAAAAAAAAAA".to_owned()]).map(String::into_bytes);
    let sequence = [0x00, 0x21, 0x30, 0x40].map(|types| [&[types, 7][..], &[0x3c; 32]].concat()).concat();
    texts.chain([sequence]).collect()
}
