//! Names of keys (<https://c2sp.org/signed-note>).

/// The longest key name, in bytes: some signature formats count a name's bytes in one byte.
pub const NAME_BYTES_MAX: usize = 255;

/// Returns whether text can be the name of a key: 1 to 255 bytes without Unicode space, control character or `+`.
pub fn is_valid_name(name: &str) -> bool {
    let good = |c: char| !c.is_whitespace() && c >= ' ' && c != '+';
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_bounds() {
        for name in ["a", "example.com/foo", "ключ", &"a".repeat(NAME_BYTES_MAX)] {
            assert!(is_valid_name(name), "{name:?}");
        }
        for name in ["", "a b", "a+b", "a\u{a0}b", "a\u{2003}b", "a\nb", "a\u{1}b", &"a".repeat(NAME_BYTES_MAX + 1)] {
            assert!(!is_valid_name(name), "{name:?}");
        }
    }
}
