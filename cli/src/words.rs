//! How things are said to people: accounts, times, countries, prices, and words that came from others.

pub mod ids;

use std::path::Path;

use colophon_ledger::account::AccountId;
use colophon_ledger::deal::{Delivery, Price};
use colophon_ledger::entry::mint::Training;
use colophon_ledger::field::{Country, License, Role, SourceType, WorkKind};
use jiff::Timestamp;

use crate::codes::{country, money};
use crate::words::ids::short_account;

/// The most characters of one foreign text that are shown.
const SHOWN_CHARS_MAX: usize = 1000;

/// What the roles are called that are met most (MARC relators).
const ROLES: [(&str, &str); 20] = [
    ("anm", "animator"),
    ("arr", "arranger"),
    ("art", "artist"),
    ("aut", "author"),
    ("cmp", "composer"),
    ("cre", "creator"),
    ("ctb", "contributor"),
    ("drt", "director"),
    ("dsr", "designer"),
    ("edt", "editor"),
    ("flm", "film editor"),
    ("ill", "illustrator"),
    ("lyr", "lyricist"),
    ("mus", "musician"),
    ("pht", "photographer"),
    ("prf", "performer"),
    ("prg", "programmer"),
    ("pro", "producer"),
    ("sng", "singer"),
    ("trl", "translator"),
];

/// Returns text that came from others as it may be shown: one line, of bounded length, that cannot steer a terminal or make
/// the text around it read otherwise.
///
/// ```
/// assert_eq!(colophon_cli::words::shown("Sun\u{1b}[2J\nrise\u{202e}"), "Sun\u{fffd}[2J rise\u{fffd}");
/// ```
pub fn shown(text: &str) -> String {
    let visible = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() || is_invisible(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    let mut shown: String = text.trim().chars().take(SHOWN_CHARS_MAX).map(visible).collect();
    if text.trim().chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// Returns whether a character is not seen and changes how others read: direction marks, line and paragraph separators,
/// zero-width spaces, tags. The two joiners stay: scripts and emoji need them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns an account as it is named in a sentence: what it calls itself and both ends of its id.
pub fn called(account: &AccountId, name: Option<&str>) -> String {
    let id = short_account(account);
    match name.map(shown).filter(|name| !name.is_empty()) {
        Some(name) => format!("\"{name}\" ({id})"),
        None => id,
    }
}

/// Returns a time in milliseconds after 1970 as `2026-11-23 20:43 UTC`.
pub fn time(time_ms: u64) -> String {
    at(time_ms, "%Y-%m-%d %H:%M UTC")
}

/// Returns the day of a time in milliseconds after 1970, as `2026-11-23`, in UTC.
pub fn day(time_ms: u64) -> String {
    at(time_ms, "%Y-%m-%d")
}

fn at(time_ms: u64, format: &str) -> String {
    let time = i64::try_from(time_ms).ok().and_then(|time_ms| Timestamp::from_millisecond(time_ms).ok());
    time.map_or_else(|| format!("{time_ms} ms after 1970"), |time| time.strftime(format).to_string())
}

/// Returns how long a span is, in its largest unit: `3 days`, `1 hour`, `under a minute`.
pub fn span(span_ms: u64) -> String {
    const MINUTE_MS: u64 = 60_000;
    let units = [("day", 24 * 60 * MINUTE_MS), ("hour", 60 * MINUTE_MS), ("minute", MINUTE_MS)];
    let found = units.iter().find_map(|(unit, unit_ms)| Some(*unit).zip((span_ms / unit_ms).checked_sub(1)));
    match found {
        Some((unit, 0)) => format!("1 {unit}"),
        Some((unit, more)) => format!("{} {unit}s", more + 1),
        None => "under a minute".to_owned(),
    }
}

/// Returns a country by its name and code, or its code alone where it has no name in ISO 3166.
pub fn place(code: &Country) -> String {
    country::name(code).map_or_else(|| code.to_string(), |name| format!("{name} ({code})"))
}

/// Returns a price, or what is known of it.
pub fn price(price: &Price) -> String {
    match price {
        Price::Open(open) => money::Shown(open).to_string(),
        Price::Committed(_) => "a price that the parties keep to themselves".to_owned(),
    }
}

/// Returns how something is handed over.
pub fn delivery(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Digital => "as files",
        Delivery::Physical => "as a physical thing",
        Delivery::Rights => "as rights alone",
    }
}

/// Returns a kind of work in words.
pub fn work_kind(kind: &WorkKind) -> String {
    match kind.to_string().as_str() {
        "text_literary" => "text".to_owned(),
        "film_video" => "film or video".to_owned(),
        "music_work" => "music".to_owned(),
        "model_3d" => "3D model".to_owned(),
        "performance_doc" => "record of a performance".to_owned(),
        code => code.replace('_', " "),
    }
}

/// Returns how the bytes of a work came about, in words: `digitalCreation` is a digital creation.
pub fn source_type(source: &SourceType) -> String {
    let mut words = String::new();
    for c in source.to_string().chars() {
        if c.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

/// Returns the word for a role, or its MARC code where people would not say it in one word.
pub fn role(role: &Role) -> String {
    let code = role.to_string();
    let found = ROLES.iter().find(|(named, _)| *named == code);
    found.map_or(code, |(_, word)| (*word).to_owned())
}

/// Returns a licence by its id, or in words if nothing is licensed.
pub fn licence(license: &License) -> &str {
    match license.as_str() {
        "LicenseRef-ARR" => "all rights reserved",
        id => id,
    }
}

/// Returns whether machines may be trained on a work.
pub fn training(training: Training) -> &'static str {
    match training {
        Training::Allowed => "allowed",
        Training::NotAllowed => "not allowed",
        Training::Constrained => "only as agreed with the maker",
    }
}

/// Returns a count with its noun: `1 edition`, `3 editions`.
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Says that so many accounts allege something about an edition.
pub fn alleged(accounts: u64) -> String {
    let verb = if accounts == 1 { "alleges" } else { "allege" };
    format!("{} {verb} something about this edition, and nobody vouches for it", count(accounts, "account"))
}

/// Returns a number of bytes as people read it.
pub fn bytes(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}

/// Returns text that may be of several lines as it may be shown: nothing in it can steer a terminal.
pub(crate) fn visible(text: &str) -> String {
    let visible = |c: char| match c {
        '\n' => c,
        c if c.is_control() || is_invisible(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(visible).collect()
}

/// Returns the path of a file as it is named to people.
pub fn named(path: &Path) -> String {
    shown(&path.display().to_string())
}

/// Returns a path as it is typed in a shell (POSIX.1-2024), in quotes where it needs them; one that cannot be seen as it is, in the
/// quotes that name its bytes.
pub fn argument(path: &Path) -> String {
    // What begins with a dash would be taken for an option, and `-` for standard input.
    let dashed = path.as_os_str().as_encoded_bytes().starts_with(b"-") && path != Path::new("-");
    let path = if dashed { &Path::new(".").join(path) } else { path };
    let Some(text) = path.to_str().filter(|text| !text.chars().any(|c| c.is_control() || is_invisible(c))) else {
        let byte = |byte: &u8| match byte {
            b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
            b' '..=b'~' => char::from(*byte).to_string(),
            _ => format!("\\{byte:03o}"),
        };
        let bytes: String = path.as_os_str().as_encoded_bytes().iter().map(byte).collect();
        return format!("$'{bytes}'");
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '+' | ',' | ':' | '@' | '%');
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_stay_on_their_line() {
        assert_eq!(
            shown("  a\u{1b}[2Jb\nc\u{202e}d é 山\u{200b}\u{e0041} "),
            "a\u{fffd}[2Jb c\u{fffd}d é 山\u{fffd}\u{fffd}"
        );
        assert_eq!(shown("👩\u{200d}🎨 نام\u{200c}ه"), "👩\u{200d}🎨 نام\u{200c}ه");
        assert_eq!(shown(&"x".repeat(SHOWN_CHARS_MAX)).chars().count(), SHOWN_CHARS_MAX);
        assert!(shown(&"x".repeat(SHOWN_CHARS_MAX + 1)).ends_with("x…"));
    }

    #[test]
    fn times_are_read_in_utc() {
        assert_eq!(time(1_795_466_580_000), "2026-11-23 20:43 UTC");
        assert_eq!(day(1_795_466_580_000), "2026-11-23");
        assert_eq!(time(0), "1970-01-01 00:00 UTC");
        assert_eq!(time(u64::MAX), "18446744073709551615 ms after 1970");
        assert_eq!(time((1 << 53) - 1), "9007199254740991 ms after 1970");
    }

    #[test]
    fn paths_can_be_typed_again() {
        for (path, typed) in [
            ("a/b-1.png", "a/b-1.png"),
            ("渡江.png", "渡江.png"),
            ("my work", "'my work'"),
            ("it's", r"'it'\''s'"),
            ("a\nb'\u{1b}[2J ü", r"$'a\012b\'\033[2J \303\274'"),
            ("-rf", "./-rf"),
            ("-", "-"),
            ("", "''"),
        ] {
            assert_eq!(argument(Path::new(path)), typed);
        }
    }

    #[test]
    fn spans_have_one_unit() {
        let minute = 60_000;
        for (span_ms, text) in [
            (0, "under a minute"),
            (minute - 1, "under a minute"),
            (minute, "1 minute"),
            (59 * minute, "59 minutes"),
            (60 * minute, "1 hour"),
            (49 * 60 * minute, "2 days"),
        ] {
            assert_eq!(span(span_ms), text);
        }
    }

    #[test]
    fn accounts_and_places_are_named() {
        let account: AccountId = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK".parse().unwrap();
        assert_eq!(called(&account, None), "z6MkhaXg…EGta2doK");
        assert_eq!(called(&account, Some("Ana\u{1b}")), format!("\"Ana\u{fffd}\" ({})", short_account(&account)));
        assert_eq!(place(&"FR".parse().unwrap()), "France (FR)");
        assert_eq!(place(&"QQ".parse().unwrap()), "QQ");
        assert_eq!((role(&"art".parse().unwrap()), role(&"vdg".parse().unwrap())), ("artist".into(), "vdg".into()));
        assert_eq!(work_kind(&"digital_image".parse().unwrap()), "digital image");
        assert_eq!(source_type(&"digitalCreation".parse().unwrap()), "digital creation");
        assert_eq!(licence(&"LicenseRef-ARR".parse().unwrap()), "all rights reserved");
        assert_eq!((count(1, "edition"), count(3, "edition")), ("1 edition".to_owned(), "3 editions".to_owned()));
    }
}
