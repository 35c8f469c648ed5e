//! Codes that people type, checked against the lists they come from before anything is signed.
//!
//! The ledger judges codes by syntax alone, so that every node gives one answer for ever; a typing error would be recorded.
//! Here each code must be a member of its list. Every refusal says what would be right, and what was probably meant.

pub mod account;
pub mod country;
pub mod date;
pub mod language;
pub mod licence;
pub mod money;
pub mod person;
pub mod plain;

use std::fmt::Display;

use crate::failure::Failure;

/// Returns the refusal of a code: `wrong` says why, `meant` what was probably meant, `hint` what would be right at all.
fn refuse(wrong: impl Into<String>, meant: Option<impl Display>, hint: &str) -> Failure {
    let cure = match meant {
        Some(meant) => format!("did you mean {meant}?"),
        None => hint.to_owned(),
    };
    Failure::usage(wrong, cure)
}

/// Returns the letters and digits of `text` in lower case: what is left when people disagree about dashes and capitals.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
