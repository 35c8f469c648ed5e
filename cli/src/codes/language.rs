//! Languages: tags of BCP 47 whose parts are in the IANA registry.

use language_tags::{LanguageTag, ValidationError};

use crate::codes::{letters, refuse};
use crate::failure::Failure;

/// What people write for a language that is the code of a country, or a name.
const OFTEN_MEANT: [(&str, &str); 22] = [
    ("cn", "zh-Hans"),
    ("chinese", "zh"),
    ("mandarin", "zh"),
    ("jp", "ja"),
    ("japanese", "ja"),
    ("korean", "ko"),
    ("english", "en"),
    ("us", "en-US"),
    ("gb", "en-GB"),
    ("french", "fr"),
    ("francais", "fr"),
    ("français", "fr"),
    ("german", "de"),
    ("deutsch", "de"),
    ("at", "de-AT"),
    ("spanish", "es"),
    ("espanol", "es"),
    ("español", "es"),
    ("dk", "da"),
    ("cz", "cs"),
    ("ua", "uk"),
    ("arabic", "ar"),
];
const HINT: &str = "a language is a tag of BCP 47, such as en, zh-Hant or pt-BR";

/// The longest tag, in characters (RFC 5646, 4.4.1 asks for at least 35).
pub const LANGUAGE_CHARS_MAX: usize = 35;

/// Returns a language tag in its usual letters: `PT-br` becomes `pt-BR`.
pub fn language(text: &str) -> Result<String, Failure> {
    let typed = text.trim().replace('_', "-");
    let wrong = |why: &str| {
        let typed = letters(&typed);
        let meant = OFTEN_MEANT.iter().find_map(|(words, tag)| (*words == typed).then_some(*tag));
        refuse(format!("{text:?} is not a language tag: {why}"), meant, HINT)
    };
    if typed.len() > LANGUAGE_CHARS_MAX {
        return Err(wrong("it is too long"));
    }
    let tag = LanguageTag::parse(&typed).map_err(|error| wrong(&error.to_string()))?;
    tag.validate().map_err(|error| match error {
        ValidationError::PrimaryLanguageNotInRegistry => {
            wrong(&format!("{} is not in the registry of languages", tag.primary_language()))
        }
        ValidationError::RegionNotInRegistry => {
            wrong(&format!("{} is not in the registry of regions", tag.region().unwrap_or_default()))
        }
        ValidationError::ScriptNotInRegistry => {
            wrong(&format!("{} is not in the registry of scripts", tag.script().unwrap_or_default()))
        }
        other => wrong(&other.to_string()),
    })?;
    Ok(tag.into_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_the_registry_pass_in_their_usual_letters() {
        for (text, tag) in [
            ("en", "en"),
            ("PT-br", "pt-BR"),
            ("zh_hant", "zh-Hant"),
            ("zh-Hans-CN", "zh-Hans-CN"),
            ("kr", "kr"),
            ("yue", "yue"),
            ("de-1996", "de-1996"),
            ("x-atelier", "x-atelier"),
        ] {
            assert_eq!(language(text).unwrap(), tag);
        }
    }

    #[test]
    fn others_are_told_what_they_meant() {
        for (text, tag) in [("cn", "zh-Hans"), ("jp", "ja"), ("English", "en"), ("Français", "fr")] {
            assert_eq!(language(text).unwrap_err().cure(), format!("did you mean {tag}?"));
        }
        for text in ["", "qq-QQQ", "xy", "en-ZQ", "en-Abcd", "e", "en--US", "en US", &"en-".repeat(20)] {
            assert_eq!(language(text).unwrap_err().cure(), HINT, "{text}");
        }
        assert!(language("xy").unwrap_err().what().ends_with("xy is not in the registry of languages"));
    }
}
