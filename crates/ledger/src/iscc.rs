//! An ISCC (ISO 24138) as it stands in the `fingerprint` of a file: a sequence of units, each with its own header.
//!
//! ```text
//! ISCC:BASE32(unit ‖ unit ‖ …)      RFC 4648, section 6, without padding
//! unit = main type, subtype, version 0, length in 32 bits less one: 4 bits each; then the code
//! ```
//!
//! No rule reads it: a fingerprint is the maker's signed claim about a file that the register never sees. Those who search
//! for similar works read it, and pass over what they do not know.

use std::fmt;
use std::str::FromStr;

use crate::field::FieldError;

/// The most bits of a unit's code.
pub const CODE_BITS_MAX: usize = 256;
/// The fewest bits of a unit's code that are worth comparing.
pub const CODE_BITS_MIN: usize = 64;
/// The fewest bits that are set in the first 64 of a picture with something in it: in such a picture half of them are.
const PICTURE_BITS_MIN: u32 = 24;
/// The same of a video. Of those with something in them 16 and more were seen; one of a single colour has none.
const VIDEO_BITS_MIN: u32 = 8;
const CODE_BYTES_MAX: usize = CODE_BITS_MAX / 8;
const HEADER_BYTES: usize = 2;
/// The longest text: one unit of each main type that is known here.
pub const TEXT_BYTES_MAX: usize = 169;
const TAG: &str = "ISCC:";
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The longest sequence of units that others send, in bytes: 30 units of 256 bits. A picture in 8 orientations, each in negative too, has 16.
pub const SEQUENCE_BYTES_MAX: usize = 1024;
/// Beyond these nibbles a header is longer than two bytes: no such main type, subtype or version is in use.
const NIBBLE_MAX: u8 = 7;
/// The last main type of a unit, the instance. Those beyond it are of whole ISCCs and of their names.
const UNIT_MAIN_TYPE_MAX: u8 = 4;

/// What a unit's code is made of. In this order units stand in an ISCC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnitKind {
    /// The text of a document.
    Text,
    /// A still picture.
    Image,
    /// A sound.
    Audio,
    /// A moving picture.
    Video,
    /// Bytes, whatever they mean: similar for bytes of which some differ.
    Data,
    /// Exactly these bytes: a BLAKE3 digest.
    Instance,
}

impl UnitKind {
    const ALL: [UnitKind; 6] =
        [UnitKind::Text, UnitKind::Image, UnitKind::Audio, UnitKind::Video, UnitKind::Data, UnitKind::Instance];

    /// Returns main type and subtype, as the header has them.
    fn types(self) -> u8 {
        match self {
            UnitKind::Text => 0x20,
            UnitKind::Image => 0x21,
            UnitKind::Audio => 0x22,
            UnitKind::Video => 0x23,
            UnitKind::Data => 0x30,
            UnitKind::Instance => 0x40,
        }
    }

    /// Returns what it is called in questions and answers.
    pub fn word(self) -> &'static str {
        match self {
            UnitKind::Text => "text",
            UnitKind::Image => "image",
            UnitKind::Audio => "audio",
            UnitKind::Video => "video",
            UnitKind::Data => "data",
            UnitKind::Instance => "instance",
        }
    }

    /// Returns whether the code is of what people see, hear or read.
    pub fn is_content(self) -> bool {
        !matches!(self, UnitKind::Data | UnitKind::Instance)
    }
}

/// One unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    kind: UnitKind,
    bytes: usize,
    code: [u8; CODE_BYTES_MAX],
}

impl Unit {
    /// Returns a unit of 256 bits.
    pub fn new(kind: UnitKind, code: [u8; CODE_BYTES_MAX]) -> Unit {
        Unit { kind, bytes: CODE_BYTES_MAX, code }
    }

    /// Returns what the code is made of.
    pub fn kind(&self) -> UnitKind {
        self.kind
    }

    /// Returns the code: 8 to 32 bytes, of which any beginning is a code too.
    pub fn code(&self) -> &[u8] {
        self.code.get(..self.bytes).unwrap_or(&self.code)
    }

    /// Returns the first 64 bits of the code, which every unit has.
    pub fn head(&self) -> u64 {
        self.code.first_chunk().copied().map_or(0, u64::from_be_bytes)
    }

    /// Returns whether it is of a picture, still or moving, with next to nothing in it: such codes are alike, and say nothing.
    pub fn is_flat(&self) -> bool {
        match self.kind {
            UnitKind::Image => self.head().count_ones() < PICTURE_BITS_MIN,
            UnitKind::Video => self.head().count_ones() < VIDEO_BITS_MIN,
            UnitKind::Text | UnitKind::Audio | UnitKind::Data | UnitKind::Instance => false,
        }
    }
}

/// 1 to 3 units of different main types, in their order: at most one of content, one of data, one of the instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iscc(Vec<Unit>);

impl Iscc {
    /// Returns the units as an ISCC, if they stand in their order and none is of a main type that another is of.
    pub fn new(units: Vec<Unit>) -> Option<Iscc> {
        let main = |unit: &Unit| unit.kind.types() >> 4;
        let ordered = units.windows(2).all(|pair| matches!(pair, [one, two] if main(one) < main(two)));
        (ordered && !units.is_empty()).then_some(Iscc(units))
    }

    /// Returns the units.
    pub fn units(&self) -> &[Unit] {
        &self.0
    }

    /// Returns the unit of what people see, hear or read.
    pub fn content(&self) -> Option<&Unit> {
        self.0.first().filter(|unit| unit.kind.is_content())
    }

    /// Reads an ISCC that must be in its one spelling.
    pub fn parse(text: &str) -> Result<Iscc, FieldError> {
        read(text).ok_or_else(|| FieldError::new(text, "an ISCC of content, data and instance units"))
    }
}

/// Reads units side by side in their binary form, as a C2PA soft binding `io.iscc.v0` has them. Units of kinds that are not known here, of
/// titles for one, and codes of another length than 256 bits are passed over (IEP-0020). Nothing, where the bytes are no units.
///
/// ```
/// # use colophon_ledger::iscc::{UnitKind, units_of_sequence};
/// let picture = [&[0x21, 0x07][..], &[0xa5; 32]].concat();
/// let title = [&[0x00, 0x07][..], &[1; 32]].concat();
/// let units = units_of_sequence(&[title, picture].concat()).unwrap();
/// assert_eq!((units.len(), units[0].kind()), (1, UnitKind::Image));
/// ```
pub fn units_of_sequence(bytes: &[u8]) -> Option<Vec<Unit>> {
    if bytes.is_empty() || bytes.len() > SEQUENCE_BYTES_MAX {
        return None;
    }
    let (mut rest, mut units) = (bytes, Vec::new());
    while let Some((&[types, length], after)) = rest.split_first_chunk::<HEADER_BYTES>() {
        let nibbles = [types >> 4, types & 15, length >> 4, length & 15];
        if nibbles.into_iter().any(|nibble| nibble > NIBBLE_MAX) || nibbles[0] > UNIT_MAIN_TYPE_MAX {
            return None;
        }
        let (code, next) = after.split_at_checked((usize::from(nibbles[3]) + 1) * 4)?;
        let kind = UnitKind::ALL.into_iter().find(|kind| kind.types() == types && nibbles[2] == 0);
        if let Some((kind, code)) = kind.zip(code.try_into().ok()) {
            units.push(Unit::new(kind, code));
        }
        rest = next;
    }
    rest.is_empty().then_some(units)
}

impl FromStr for Iscc {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Iscc, FieldError> {
        Iscc::parse(text)
    }
}

impl fmt::Display for Iscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::new();
        for unit in &self.0 {
            let length = u8::try_from(unit.bytes / 4 - 1).unwrap_or_default();
            bytes.extend_from_slice(&[unit.kind.types(), length]);
            bytes.extend_from_slice(unit.code());
        }
        f.write_str(TAG)?;
        f.write_str(&to_base32(&bytes))
    }
}

fn read(text: &str) -> Option<Iscc> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let bytes = from_base32(text.strip_prefix(TAG)?)?;
    let (mut rest, mut units) = (bytes.as_slice(), Vec::new());
    while !rest.is_empty() {
        let (header, after) = rest.split_first_chunk::<HEADER_BYTES>()?;
        let kind = UnitKind::ALL.into_iter().find(|kind| kind.types() == header[0])?;
        let bytes = (usize::from(header[1]) + 1) * 4;
        if bytes * 8 < CODE_BITS_MIN || bytes > CODE_BYTES_MAX {
            return None;
        }
        let (body, next) = after.split_at_checked(bytes)?;
        let mut code = [0; CODE_BYTES_MAX];
        code.get_mut(..bytes)?.copy_from_slice(body);
        units.push(Unit { kind, bytes, code });
        rest = next;
    }
    Iscc::new(units)
}

fn to_base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    for part in bytes.chunks(5) {
        let mut block = [0; 8];
        block[3..3 + part.len()].copy_from_slice(part);
        let block = u64::from_be_bytes(block);
        let digits = (part.len() * 8).div_ceil(5);
        for place in 0..digits {
            let digit = (block >> (35 - 5 * place)) & 31;
            text.push(char::from(ALPHABET[usize::try_from(digit).unwrap_or_default()]));
        }
    }
    text
}

/// Reads base32 that is written as [`to_base32`] writes it.
fn from_base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut waiting, mut bits) = (0_u32, 0);
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|known| *known == byte)?;
        waiting = (waiting << 5 | u32::try_from(digit).ok()?) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(waiting >> bits & 0xff).ok()?);
        }
    }
    (to_base32(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Iscc {
        let units = [UnitKind::Image, UnitKind::Data, UnitKind::Instance].map(|kind| Unit::new(kind, [0x5a; 32]));
        Iscc::new(units.to_vec()).unwrap()
    }

    /// Units out of ISO 24138's conformance data, as the reference writes them.
    #[test]
    fn the_standards_own_units_are_read() {
        for (text, kind, bits) in [
            ("ISCC:EED4GQZQTY6J5DTHNDQ7S7EGNENJNRTEGLGHFWXFGNDZHSMO4HEZGZI", UnitKind::Image, 256),
            ("ISCC:EAASKDNZNYGUUF5A", UnitKind::Text, 64),
            ("ISCC:GAAXL2XYM5BQIAZ3", UnitKind::Data, 64),
            ("ISCC:IAA26E2JXH27TING", UnitKind::Instance, 64),
        ] {
            let iscc = Iscc::parse(text).unwrap();
            let [unit] = iscc.units() else { panic!("{text} has one unit") };
            assert_eq!((unit.kind(), unit.code().len() * 8), (kind, bits));
            assert_eq!(iscc.to_string(), text);
            assert_eq!(iscc.content().is_some(), kind.is_content());
        }
    }

    #[test]
    fn pictures_of_nothing_are_known() {
        let unit = |kind, head: u64| {
            let mut code = [0xff; 32];
            code[..8].copy_from_slice(&head.to_be_bytes());
            Unit::new(kind, code)
        };
        assert!(unit(UnitKind::Image, 1 << 63).is_flat() && unit(UnitKind::Image, (1 << 23) - 1).is_flat());
        assert!(unit(UnitKind::Video, (1 << 7) - 1).is_flat() && !unit(UnitKind::Video, (1 << 8) - 1).is_flat());
        assert!(!unit(UnitKind::Image, (1 << 24) - 1).is_flat() && !unit(UnitKind::Text, 0).is_flat());
    }

    #[test]
    fn a_sequence_is_read_unit_by_unit_and_what_is_strange_is_passed_over() {
        let unit = |types: u8, length: u8| [vec![types, length], vec![9; (usize::from(length & 15) + 1) * 4]].concat();
        let kinds =
            |bytes: &[u8]| units_of_sequence(bytes).map(|units| units.iter().map(Unit::kind).collect::<Vec<_>>());
        let whole = [unit(0x00, 7), unit(0x10, 7), unit(0x21, 7), unit(0x30, 7), unit(0x40, 7)].concat();
        assert_eq!(kinds(&whole), Some(vec![UnitKind::Image, UnitKind::Data, UnitKind::Instance]));
        // Too short a code, another version, an unknown subtype.
        assert_eq!(kinds(&[unit(0x21, 1), unit(0x21, 0x17), unit(0x24, 7)].concat()), Some(vec![]));
        for wrong in [
            &[][..],
            &[0x21],
            &unit(0x21, 7)[..33],
            &[unit(0x21, 7), vec![0x30]].concat(),
            &unit(0x50, 7),
            &unit(0x81, 7),
            &unit(0x21, 8),
        ] {
            assert_eq!(kinds(wrong), None, "{wrong:?}");
        }
        assert_eq!(kinds(&unit(0x21, 7).repeat(30)), Some(vec![UnitKind::Image; 30]));
        assert_eq!(kinds(&unit(0x21, 7).repeat(31)), None, "longer than a sequence may be");
        let longest = [unit(0x21, 7).repeat(29), unit(0x21, 0).repeat(2), unit(0x21, 5)].concat();
        assert_eq!((longest.len(), kinds(&longest)), (SEQUENCE_BYTES_MAX, Some(vec![UnitKind::Image; 29])));
        let text = |length: u8| format!("ISCC:{}", to_base32(&unit(0x21, length)));
        assert_eq!([0, 1, 7, 8].map(|length| Iscc::parse(&text(length)).is_ok()), [false, true, true, false]);
    }

    #[test]
    fn a_whole_one_is_as_long_as_allowed() {
        let text = whole().to_string();
        assert_eq!(text.len(), TEXT_BYTES_MAX);
        assert_eq!(Iscc::parse(&text).unwrap(), whole());
        assert!(Iscc::parse(&(text + "A")).is_err());
    }

    #[test]
    fn what_is_none_is_refused() {
        let unit = |kind| Unit::new(kind, [1; 32]);
        assert!(Iscc::new(vec![]).is_none());
        assert!(Iscc::new(vec![unit(UnitKind::Data), unit(UnitKind::Image)]).is_none());
        assert!(Iscc::new(vec![unit(UnitKind::Text), unit(UnitKind::Image)]).is_none());
        for text in [
            "",
            "ISCC:",
            "EEAQAAAAAAAAAAAA",
            "ISCC:eeaqaaaaaaaaaaaa",
            "ISCC:EEA4GQZQTY6J5DT",
            "ISCC:EEAQAAAAAAAAAAAAA",
            "ISCC:KECYCMZIOY36XXGZ",
            "ISCC:EEAAAAAA",
            "ISCC:EEAQAAAAAAAAAAA=",
        ] {
            assert!(Iscc::parse(text).is_err(), "{text}");
        }
    }
}
