//! Second readers of small spellings, written without the project's own: what targets hold its answers against.

/// Says whether text is the canonical padded base64 of some bytes, and of how many.
pub fn base64_bytes(text: &str) -> Option<usize> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    let values: Option<Vec<usize>> =
        digits.bytes().map(|byte| ALPHABET.iter().position(|letter| *letter == byte)).collect();
    let values = values?;
    let padding = text.len() - digits.len();
    // The bits of the last digit that belong to no byte are zero.
    let stray = values.last().map_or(0, |last| last % [1, 4, 16][padding]);
    (stray == 0).then_some(text.len() / 4 * 3 - padding)
}

/// Says whether text is a plain decimal: no sign, no leading zero, below 2^64.
pub fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// Says whether text can be the name of a key (signed-note).
pub fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len()) && !text.chars().any(|c| c.is_whitespace() || c == '+' || (c as u32) < 0x20)
}

/// Says whether a line, without its newline, is a signature line (signed-note).
pub fn is_signature_line(line: &str) -> bool {
    let Some((name, base64)) = line.strip_prefix("\u{2014} ").and_then(|rest| rest.split_once(' ')) else {
        return false;
    };
    is_name(name) && base64_bytes(base64).is_some_and(|bytes| bytes > 4)
}
