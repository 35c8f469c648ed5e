//! Countries: ISO 3166-1 alpha-2.

use colophon_ledger::field::Country;
use isocountry::CountryCode;

use crate::codes::{letters, refuse};
use crate::failure::Failure;

/// What stands in the place of a country where an authority of the European Union itself speaks.
const UNION: &str = "EU";
/// What people write for a country that is neither its code nor its name in the list.
const OFTEN_MEANT: [(&str, &str); 24] = [
    ("uk", "GB"),
    ("england", "GB"),
    ("scotland", "GB"),
    ("wales", "GB"),
    ("britain", "GB"),
    ("greatbritain", "GB"),
    ("unitedkingdom", "GB"),
    ("el", "GR"),
    ("usa", "US"),
    ("america", "US"),
    ("korea", "KR"),
    ("southkorea", "KR"),
    ("russia", "RU"),
    ("taiwan", "TW"),
    ("vietnam", "VN"),
    ("iran", "IR"),
    ("turkiye", "TR"),
    ("türkiye", "TR"),
    ("eswatini", "SZ"),
    ("holland", "NL"),
    ("czechrepublic", "CZ"),
    ("ivorycoast", "CI"),
    ("uae", "AE"),
    ("mainlandchina", "CN"),
];
/// How much of a name must be typed before it counts as meant.
const NAME_LETTERS_MIN: usize = 4;

/// Returns a country by its code; `fr` is taken for `FR`.
pub fn country(text: &str) -> Result<Country, Failure> {
    let code = text.trim().to_ascii_uppercase();
    let found = if code.len() == 2 { CountryCode::for_alpha2(&code).ok() } else { None };
    found.and_then(|found| found.alpha2().parse().ok()).ok_or_else(|| {
        let hint = "a country is two letters of ISO 3166-1, such as CN, FR or US";
        refuse(format!("{text:?} is not a country code of ISO 3166"), meant(text), hint)
    })
}

/// Returns for whom an authority speaks: a country, or `EU`, the Union itself, for which governors enrol some.
pub fn authority(text: &str) -> Result<Country, Failure> {
    let union = text.trim().eq_ignore_ascii_case(UNION).then(|| UNION.parse().ok()).flatten();
    union.map_or_else(|| country(text), Ok)
}

/// Returns the English name of a country, for people to read beside its code.
pub fn name(country: &Country) -> Option<&'static str> {
    CountryCode::for_alpha2(country.as_str()).ok().map(|found| found.name())
}

fn meant(text: &str) -> Option<&'static str> {
    let typed = letters(text);
    let listed = || CountryCode::iter().map(|country| (country.alpha2(), letters(country.name())));
    let often = OFTEN_MEANT.iter().find_map(|(words, code)| (*words == typed).then_some(*code));
    let by_alpha3 = || CountryCode::iter().find(|country| country.alpha3().eq_ignore_ascii_case(text.trim()));
    let by_name = || listed().find(|(_, name)| *name == typed);
    let by_beginning =
        || listed().find(|(_, name)| typed.chars().count() >= NAME_LETTERS_MIN && name.starts_with(&typed));
    often
        .or_else(|| by_alpha3().map(CountryCode::alpha2))
        .or_else(|| by_name().or_else(by_beginning).map(|(code, _)| code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_the_list_pass() {
        assert_eq!(CountryCode::num_country_codes(), 249, "ISO 3166-1 has 249 officially assigned codes");
        for (text, code) in [("CN", "CN"), ("fr", "FR"), (" gb ", "GB"), ("SS", "SS")] {
            assert_eq!(country(text).unwrap().as_str(), code);
        }
        assert_eq!(name(&"FR".parse().unwrap()), Some("France"));
        assert_eq!(name(&"QQ".parse().unwrap()), None);
    }

    #[test]
    fn an_authority_speaks_for_a_country_or_for_the_union() {
        for (text, code) in [("EU", "EU"), (" eu ", "EU"), ("fr", "FR")] {
            assert_eq!(authority(text).unwrap().as_str(), code);
        }
        assert_eq!(authority("XX").unwrap_err().what(), "\"XX\" is not a country code of ISO 3166");
    }

    #[test]
    fn others_are_told_what_they_meant() {
        for (text, code) in [
            ("UK", "GB"),
            ("EL", "GR"),
            ("FRA", "FR"),
            ("France", "FR"),
            ("china", "CN"),
            ("Switz", "CH"),
            ("U.S.A.", "US"),
        ] {
            let failure = country(text).unwrap_err();
            assert_eq!(failure.what(), format!("{text:?} is not a country code of ISO 3166"));
            assert_eq!(failure.cure(), format!("did you mean {code}?"));
        }
        for text in ["", "QQ", "XX", "1", "C\u{e9}", "Atlantis", "EU"] {
            assert!(country(text).unwrap_err().cure().starts_with("a country is two letters"), "{text}");
        }
    }
}
