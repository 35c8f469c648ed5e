//! Licences: SPDX ids, or the addresses of Creative Commons and RightsStatements.org.

use colophon_ledger::field::License;

use crate::codes::{letters, refuse};
use crate::failure::Failure;

const HINT: &str = "take an SPDX id such as CC-BY-4.0, a LicenseRef-… of your own, or an https:// address of \
                    creativecommons.org or rightsstatements.org";
/// The licences of Creative Commons, as they stand in addresses.
const CC_LICENCES: [&str; 6] = ["by", "by-sa", "by-nd", "by-nc", "by-nc-sa", "by-nc-nd"];
/// The versions that Creative Commons has published.
const CC_VERSIONS: [&str; 5] = ["1.0", "2.0", "2.5", "3.0", "4.0"];
/// The twelve statements of RightsStatements.org, version 1.0.
const RIGHTS_STATEMENTS: [&str; 12] =
    ["InC", "InC-OW-EU", "InC-EDU", "InC-NC", "InC-RUU", "NoC-CR", "NoC-NC", "NoC-OKLR", "NoC-US", "CNE", "UND", "NKC"];

/// Returns a licence that is in one of the lists.
pub fn licence(text: &str) -> Result<License, Failure> {
    let typed = text.trim();
    if !is_listed(typed) {
        return Err(refuse(format!("{text:?} is no licence of the lists"), meant(typed), HINT));
    }
    typed.parse().map_err(|_| Failure::usage(format!("{text:?} is too long for a licence"), HINT))
}

fn is_listed(text: &str) -> bool {
    if let Some(address) = text.strip_prefix("https://") {
        return is_listed_address(address);
    }
    if let Some(own) = text.strip_prefix("LicenseRef-") {
        // SPDX 3.0, annex B: idstring = 1*(ALPHA / DIGIT / "-" / ".")
        return !own.is_empty() && own.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    }
    spdx::license_id(text).is_some_and(|id| id.name == text && !id.is_deprecated())
}

/// Judges an address without its scheme, by the forms that the two publishers use.
fn is_listed_address(address: &str) -> bool {
    let mut parts = address.trim_end_matches('/').split('/');
    let mut next = || parts.next();
    match (next(), next(), next(), next(), next(), next()) {
        (Some("creativecommons.org"), Some("licenses"), Some(licence), Some(version), ported, None) => {
            let ported = ported
                .is_none_or(|place| (2..=5).contains(&place.len()) && place.bytes().all(|b| b.is_ascii_lowercase()));
            CC_LICENCES.contains(&licence) && CC_VERSIONS.contains(&version) && ported
        }
        (Some("creativecommons.org"), Some("publicdomain"), Some("zero" | "mark"), Some("1.0"), None, None) => true,
        (Some("rightsstatements.org"), Some("vocab" | "page"), Some(statement), Some("1.0"), None, None) => {
            RIGHTS_STATEMENTS.contains(&statement)
        }
        _ => false,
    }
}

fn meant(text: &str) -> Option<String> {
    let https = text.strip_prefix("http://").or_else(|| text.strip_prefix("www.")).unwrap_or(text);
    let https = https.strip_prefix("https://").unwrap_or(https);
    let https = https.strip_prefix("www.").unwrap_or(https);
    let https = https.strip_suffix("deed.en").or_else(|| https.strip_suffix("legalcode")).unwrap_or(https);
    if is_listed_address(https) {
        return Some(format!("https://{https}"));
    }
    successor(text).or_else(|| by_letters(text)).or_else(|| by_common_name(text))
}

/// Finds what a withdrawn id of the GNU family became.
fn successor(text: &str) -> Option<String> {
    let suffix = if text.ends_with('+') { "-or-later" } else { "-only" };
    let id = format!("{}{suffix}", text.trim_end_matches('+'));
    spdx::license_id(&id).filter(|found| found.name == id).map(|_| id)
}

/// Finds an id with the same letters and digits, such as `CC-BY-4.0` for `cc by 4.0`.
fn by_letters(text: &str) -> Option<String> {
    let typed = letters(text);
    let typed = match typed.as_str() {
        "cc0" | "publicdomain" | "cczero" => "cc010",
        "allrightsreserved" | "copyright" | "arr" => {
            return Some("https://rightsstatements.org/vocab/InC/1.0/".to_owned());
        }
        other => other,
    };
    let same = |full: &str, id: &str| !typed.is_empty() && (letters(id) == typed || letters(full) == typed);
    spdx::identifiers::LICENSES
        .iter()
        .find(|licence| same(licence.full_name, licence.name) && is_listed(licence.name))
        .map(|licence| licence.name.to_owned())
}

fn by_common_name(text: &str) -> Option<String> {
    let (id, matched) = spdx::imprecise_license_id(text)?;
    (matched == text.len() && !id.is_deprecated()).then(|| id.name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_the_lists_pass() {
        for text in [
            "CC-BY-4.0",
            "CC0-1.0",
            "MIT",
            "GPL-3.0-or-later",
            "LicenseRef-Gallery-Terms.2",
            "https://creativecommons.org/licenses/by-nc-nd/4.0/",
            "https://creativecommons.org/licenses/by/3.0/de/",
            "https://creativecommons.org/publicdomain/zero/1.0/",
            "https://rightsstatements.org/vocab/InC/1.0/",
        ] {
            assert_eq!(licence(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn others_are_told_what_they_meant() {
        for (text, meant) in [
            ("cc by 4.0", "CC-BY-4.0"),
            ("CC-BY-NC-4.0-", "CC-BY-NC-4.0"),
            ("CC0", "CC0-1.0"),
            ("mit", "MIT"),
            ("GPL-3.0", "GPL-3.0-only"),
            ("GPL-3.0+", "GPL-3.0-or-later"),
            ("Creative Commons Attribution 4.0 International", "CC-BY-4.0"),
            ("all rights reserved", "https://rightsstatements.org/vocab/InC/1.0/"),
            ("http://creativecommons.org/licenses/by/4.0/", "https://creativecommons.org/licenses/by/4.0/"),
            ("https://www.creativecommons.org/licenses/by/4.0/deed.en", "https://creativecommons.org/licenses/by/4.0/"),
        ] {
            assert_eq!(licence(text).unwrap_err().cure(), format!("did you mean {meant}?"), "{text}");
        }
        for text in [
            "",
            "LicenseRef-",
            "LicenseRef-a b",
            "MIT OR Apache-2.0",
            "https://example.org/licence",
            "https://creativecommons.org/licenses/by/9.0/",
            "https://creativecommons.org/licenses/by-me/4.0/",
            "https://rightsstatements.org/vocab/InC/2.0/",
            "-",
        ] {
            assert_eq!(licence(text).unwrap_err().cure(), HINT, "{text}");
        }
        let long = format!("LicenseRef-{}", "a".repeat(200));
        assert!(licence(&long).unwrap_err().what().ends_with("is too long for a licence"));
    }
}
