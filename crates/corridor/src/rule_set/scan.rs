//! A look at a text before Cedar sees it: how long, how many policies, how deep.
//!
//! Cedar's parser recurses. What this lets through needs little stack and little time there, whatever it says.

/// The longest text of a rule set, in bytes: it has to fit into an entry.
pub const RULES_BYTES_MAX: usize = 12 * 1024;
/// The most rules of a set.
pub const POLICIES_MAX: usize = 32;
/// The most tokens of one policy. No expression is deeper than it has tokens.
pub const TOKENS_MAX: usize = 512;
/// The most brackets within brackets.
pub const BRACKETS_MAX: usize = 12;

/// Why a text is not given to Cedar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// Longer than a rule set may be.
    #[error("the rules have {0} bytes; at most {RULES_BYTES_MAX} are allowed")]
    TooLarge(usize),
    /// A byte that is neither printable ASCII nor a newline: letters that look alike would deceive whoever reads the rules.
    #[error("byte {place} is {byte:#04x}: rules are printable ASCII and newlines")]
    Byte {
        /// Where, from 0.
        place: usize,
        /// What stands there.
        byte: u8,
    },
    /// A string without its end.
    #[error("a string does not end")]
    OpenString,
    /// More policies than a set may have.
    #[error("it has more than {POLICIES_MAX} rules")]
    Policies,
    /// A policy that is too long.
    #[error("rule {0} has more than {TOKENS_MAX} words and signs")]
    Tokens(usize),
    /// Brackets too deep.
    #[error("rule {0} has more than {BRACKETS_MAX} brackets within brackets")]
    Brackets(usize),
}

/// Makes sure that a text is small and shallow enough to be parsed.
pub(super) fn scan(text: &str) -> Result<(), ScanError> {
    if text.len() > RULES_BYTES_MAX {
        return Err(ScanError::TooLarge(text.len()));
    }
    let strange = |byte: &u8| !(b' '..=b'~').contains(byte) && *byte != b'\n';
    if let Some((place, byte)) = text.bytes().enumerate().find(|(_, byte)| strange(byte)) {
        return Err(ScanError::Byte { place, byte });
    }
    let (mut policy, mut tokens, mut depth) = (1, 0, 0_usize);
    let mut rest = text;
    while let Some((token, after)) = next(rest)? {
        rest = after;
        tokens += 1;
        match token {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            ";" => {
                policy += 1;
                (tokens, depth) = (0, 0);
            }
            _ => {}
        }
        if policy > POLICIES_MAX && tokens > 0 {
            return Err(ScanError::Policies);
        }
        if tokens > TOKENS_MAX {
            return Err(ScanError::Tokens(policy));
        }
        if depth > BRACKETS_MAX {
            return Err(ScanError::Brackets(policy));
        }
    }
    Ok(())
}

/// Splits the next token off: a word, a string, or a single sign.
fn next(text: &str) -> Result<Option<(&str, &str)>, ScanError> {
    let mut text = text.trim_start_matches([' ', '\n']);
    while let Some(comment) = text.strip_prefix("//") {
        text = comment.trim_start_matches(|letter| letter != '\n').trim_start_matches([' ', '\n']);
    }
    let Some(first) = text.bytes().next() else { return Ok(None) };
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let end = if first == b'"' {
        string_end(text).ok_or(ScanError::OpenString)?
    } else if word(&first) {
        text.bytes().position(|byte| !word(&byte)).unwrap_or(text.len())
    } else {
        1
    };
    Ok(Some(text.split_at(end)))
}

/// Finds where the string that the text begins with ends.
fn string_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (place, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(place + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_beyond_each_limit_is_refused() {
        let spaces = |count| scan(&" ".repeat(count));
        assert_eq!(spaces(RULES_BYTES_MAX), Ok(()));
        assert_eq!(spaces(RULES_BYTES_MAX + 1), Err(ScanError::TooLarge(RULES_BYTES_MAX + 1)));
        let words = |count| scan(&format!("a;{}", "a ".repeat(count)));
        assert_eq!(words(TOKENS_MAX), Ok(()));
        assert_eq!(words(TOKENS_MAX + 1), Err(ScanError::Tokens(2)));
        let brackets = |count| scan(&format!("{}a", "([{".chars().cycle().take(count).collect::<String>()));
        assert_eq!(brackets(BRACKETS_MAX), Ok(()));
        assert_eq!(brackets(BRACKETS_MAX + 1), Err(ScanError::Brackets(1)));
        let policies = |count| scan(&"a;\n".repeat(count));
        assert_eq!(policies(POLICIES_MAX), Ok(()));
        assert_eq!(policies(POLICIES_MAX + 1), Err(ScanError::Policies));
    }

    #[test]
    fn comments_and_strings_hide_signs() {
        let hidden = "(".repeat(BRACKETS_MAX + 1);
        for text in [format!("// {hidden}\na"), format!("\"{hidden}\""), format!("\"\\\"{hidden}\"")] {
            assert_eq!(scan(&text), Ok(()), "{text}");
        }
        assert_eq!(scan(&format!("\"\"{hidden}")), Err(ScanError::Brackets(1)));
        assert_eq!(scan(&format!("\"\\\\\"{hidden}")), Err(ScanError::Brackets(1)));
        assert_eq!(scan("\"a"), Err(ScanError::OpenString));
        assert_eq!(scan("\"a\\\""), Err(ScanError::OpenString));
        assert_eq!(scan("a // b"), Ok(()));
    }

    #[test]
    fn letters_that_look_alike_are_refused() {
        assert_eq!(scan("a\u{430}"), Err(ScanError::Byte { place: 1, byte: 0xd0 }));
        assert_eq!(scan("a\tb"), Err(ScanError::Byte { place: 1, byte: b'\t' }));
        assert_eq!(scan("a\rb"), Err(ScanError::Byte { place: 1, byte: b'\r' }));
    }
}
