//! Text that people type, where it is to be shown as it was typed.

use crate::failure::Failure;
use crate::words::shown;

/// Refuses text that would not be shown as it was typed: control characters, line ends, marks that turn the direction.
pub fn plain(flag: &str, text: &str) -> Result<(), Failure> {
    let is_hidden = |c: char| shown(&format!("x{c}x")).contains(char::REPLACEMENT_CHARACTER);
    if text.trim().contains(['\n', '\r', '\t']) || text.chars().any(is_hidden) {
        let what = format!("{flag} holds a line end or a character that is not seen");
        return Err(Failure::usage(what, "type it as one line of plain text"));
    }
    Ok(())
}
