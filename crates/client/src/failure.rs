//! How a failure is to be met: the classes that are never mixed, and what to do about each.

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The register says no, or knows nothing of what was asked: another question or another entry is needed.
    Refusal,
    /// It will pass: try again later.
    Fault,
    /// What was given does not prove what it should, or contradicts what was proved before. Nothing of it may be used, and
    /// asking again in the hope of a better answer would hide a lie.
    Security,
    /// Neither time nor another question cures it: a wrong address, a directory that cannot be written, old software.
    Unable,
}

/// A failure that says how it is to be met.
pub trait Failure: std::error::Error {
    /// Returns the kind of failure.
    fn class(&self) -> Class;

    /// Returns what a person can do about it: a phrase without a full stop.
    fn cure(&self) -> String;
}

/// The most characters of a foreign text that are shown.
const SHOWN_CHARS_MAX: usize = 500;

/// Returns text that came from outside as it may be shown: one line without control characters, of bounded length.
pub(crate) fn shown(text: &str) -> String {
    let visible = |c: char| if c.is_control() || is_direction_mark(c) { '\u{fffd}' } else { c };
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).map(visible).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// Returns whether a character changes the direction of the text around it, and so could make a message read otherwise.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_steer_a_terminal() {
        assert_eq!(shown("a\u{1b}[2Jb\nc\u{202e}d é 山"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d é 山");
    }

    #[test]
    fn foreign_text_is_cut() {
        assert_eq!(shown(&"x".repeat(SHOWN_CHARS_MAX)).chars().count(), SHOWN_CHARS_MAX);
        assert!(shown(&"x".repeat(SHOWN_CHARS_MAX + 1)).ends_with('…'));
    }
}
