//! Which document is meant: of which type, and what it is about.

use clap::{ArgGroup, Args, value_parser};
use colophon_ledger::account::AccountId;
use colophon_ledger::crossing::rule_book::{can_be_asked_for, document_types};
use colophon_ledger::field::{DocumentType, WorkId};
use colophon_ledger::state::About;

use crate::codes::account::account;
use crate::failure::Failure;
use crate::signing::Desk;

/// How many letters must be typed of a type before it is guessed at.
const GUESS_LETTERS_MIN: usize = 3;

/// What a document is, and what it is about.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("subject").required(true))]
pub struct PaperArgs {
    /// The work that it is about: its id, or the first digits of one in my history
    #[arg(value_name = "WORK", group = "subject")]
    work: Option<String>,
    /// Which edition of the work; left out, it is about all of them
    #[arg(long, value_name = "N", conflicts_with = "account", value_parser = value_parser!(u64).range(1..))]
    edition: Option<u64>,
    /// The account that it is about, instead of a work
    #[arg(long, value_name = "ACCOUNT", group = "subject", value_parser = account)]
    account: Option<AccountId>,
    /// What it is, such as `NAT_EXPORT_LICENCE`
    #[arg(long = "type", value_name = "TYPE", value_parser = document_type)]
    pub document_type: DocumentType,
}

/// What a document is about, as it was found.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// What it is about.
    pub about: About,
    /// The work, if it is about one.
    pub work: Option<WorkId>,
}

impl PaperArgs {
    /// Returns whether it is about an account.
    pub fn is_about_account(&self) -> bool {
        self.account.is_some()
    }

    /// Finds what is named, which must be there.
    pub fn subject(&self, desk: &Desk<'_>) -> Result<Subject, Failure> {
        if let Some(account) = self.account {
            return Ok(Subject { about: About::Account(account), work: None });
        }
        let work = desk.history()?.work(self.work.as_deref().unwrap_or_default())?;
        let found = desk.work(&work, self.edition.unwrap_or(1))?.work;
        let about = self.edition.map_or(About::Work(found), |edition| About::Edition(found, edition));
        Ok(Subject { about, work: Some(found) })
    }
}

/// Reads a type of document that some rule could ask for: another would never count, and nobody would notice.
fn document_type(text: &str) -> Result<DocumentType, Failure> {
    let typed = text.trim().to_ascii_uppercase().replace(['-', ' '], "_");
    let found = typed.parse::<DocumentType>().ok().filter(can_be_asked_for);
    found.ok_or_else(|| {
        let meant = document_types().find(|known| typed.len() >= GUESS_LETTERS_MIN && known.contains(&typed));
        let cure = match meant {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("take one of {}", document_types().collect::<Vec<_>>().join(", ")),
        };
        Failure::usage(format!("no rule can ask for a document of the type {text:?}"), cure)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_one_that_rules_know() {
        assert_eq!(document_type("nat-export-licence").unwrap().as_str(), "NAT_EXPORT_LICENCE");
        assert_eq!(document_type("receipt").unwrap_err().cure(), "did you mean ARR_RECEIPT?");
        assert!(document_type("LICENSE").unwrap_err().cure().starts_with("take one of AI_LABEL_ATTEST, "));
    }
}
