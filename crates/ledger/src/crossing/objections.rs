//! Why rules do not let title move.

use std::fmt;

use colophon_corridor::answer::NOT_LEGAL_ADVICE;

use crate::field::Digest;

/// Why rules do not let title move: what each says that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objections {
    /// The digest of the rule sets that were applied together.
    pub rules: Digest,
    /// Each rule, in ascending order of ids.
    pub objections: Vec<Objection>,
}

/// What one rule says against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// The rule's id.
    pub rule: String,
    /// Whether it waits for a document; otherwise it refuses.
    pub holds: bool,
    /// The type of the document that it asks for, if one helps.
    pub document: Option<String>,
    /// Of whom the document is.
    pub of: Option<String>,
    /// Why, in plain words.
    pub because: String,
    /// Which law or decision says so.
    pub cite: String,
    /// What would help.
    pub cure: String,
}

impl fmt::Display for Objections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Objection { rule, holds, because, cite, cure, .. } in &self.objections {
            let does = if *holds { "waits" } else { "refuses" };
            write!(f, "{rule} {does}: {because} ({cite}); to do: {cure}. ")?;
        }
        write!(f, "Checked against rule set {}; {NOT_LEGAL_ADVICE}", self.rules)
    }
}
