//! Ids of people and organisations: ORCID and ISNI, sixteen characters of which the last is a check digit.

use crate::codes::refuse;
use crate::failure::Failure;

/// Returns an ORCID iD as its address, `https://orcid.org/0000-0002-1825-0097`.
pub fn orcid(text: &str) -> Result<String, Failure> {
    let id = checked(
        text,
        &["https://orcid.org/", "http://orcid.org/", "orcid.org/"],
        "an ORCID iD",
        "0000-0002-1825-0097",
    )?;
    let groups: Vec<&str> = [0..4, 4..8, 8..12, 12..16].into_iter().filter_map(|range| id.get(range)).collect();
    Ok(format!("https://orcid.org/{}", groups.join("-")))
}

/// Returns an ISNI as its sixteen characters, `000000012146438X`.
pub fn isni(text: &str) -> Result<String, Failure> {
    let prefixes = ["https://isni.org/isni/", "https://www.isni.org/", "http://isni.org/isni/", "ISNI:", "ISNI"];
    checked(text, &prefixes, "an ISNI", "0000 0001 2146 438X")
}

fn checked(text: &str, prefixes: &[&str], what: &str, example: &str) -> Result<String, Failure> {
    let typed = text.trim();
    let bare = prefixes.iter().find_map(|prefix| typed.strip_prefix(prefix)).unwrap_or(typed);
    let id: String = bare.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_uppercase()).collect();
    let hint = format!("it has 16 characters, such as {example}");
    let shape =
        id.len() == 16 && id.bytes().enumerate().all(|(place, b)| b.is_ascii_digit() || (place == 15 && b == b'X'));
    if !shape {
        return Err(refuse(format!("{text:?} is not {what}"), None::<&str>, &hint));
    }
    if !id.ends_with(check_digit(&id)) {
        return Err(refuse(
            format!("the check digit of {text:?} is wrong"),
            None::<&str>,
            "compare it with the original, digit by digit",
        ));
    }
    Ok(id)
}

/// Returns the check digit over the first 15 digits (ISO 7064, MOD 11-2).
fn check_digit(id: &str) -> char {
    let sum = id.chars().take(15).filter_map(|c| c.to_digit(10)).fold(0, |sum, digit| (sum + digit) * 2 % 11);
    match (12 - sum) % 11 {
        10 => 'X',
        digit => char::from_digit(digit, 10).unwrap_or('X'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_ids_pass() {
        // The examples of orcid.org and of ISO 27729.
        for text in ["0000-0002-1825-0097", "https://orcid.org/0000-0002-1825-0097", "0000000218250097"] {
            assert_eq!(orcid(text).unwrap(), "https://orcid.org/0000-0002-1825-0097");
        }
        assert_eq!(orcid("0000-0002-1694-233x").unwrap(), "https://orcid.org/0000-0002-1694-233X");
        for text in ["ISNI 0000 0001 2146 438X", "https://isni.org/isni/000000012146438X", "0000-0001-2146-438x"] {
            assert_eq!(isni(text).unwrap(), "000000012146438X");
        }
    }

    #[test]
    fn any_single_wrong_digit_is_noticed() {
        let right = "0000000218250097";
        for place in 0..right.len() {
            for digit in '0'..='9' {
                let mut typed: Vec<char> = right.chars().collect();
                typed[place] = digit;
                let typed: String = typed.into_iter().collect();
                assert_eq!(orcid(&typed).is_ok(), typed == right, "{typed}");
            }
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in ["", "1234", "0000-0002-1825-00977", "X000000218250097", "0000-0002-1825-\u{0660}097"] {
            assert!(orcid(text).unwrap_err().cure().starts_with("it has 16 characters"), "{text}");
        }
    }
}
