//! May this crossing go ahead? Adopted trade rules over the facts of one transfer.
//!
//! Rules are [Cedar](https://docs.cedarpolicy.com) policies that a lawyer can read. A [`RuleSet`] is read, measured and validated
//! against the schema ([`SCHEMA_TEXT`](engine::SCHEMA_TEXT)) when it is loaded; a [`Corridor`] of sets judges [`Facts`] and
//! gives an [`Answer`]: allow; refuse or hold, with each rule's id, its source and the paper that would help; and what remains to be
//! done afterwards. An answer is total and the same everywhere: integers alone, bounded size, and the engine's version
//! ([`ENGINE`](engine::ENGINE)) is part of every digest. A rule that fails refuses.
//!
//! ```
//! use colophon_corridor::{Corridor, Facts, RuleSet};
//!
//! let text = r#"
//! @id("licence")
//! @cite("Act on Heritage, section 5")
//! @checked("2026-11-29")
//! @because("listed works leave the country only with a licence")
//! @outcome("refuse")
//! @document("NAT_EXPORT_LICENCE")
//! @by("from")
//! forbid (principal, action in Action::"crossing", resource)
//! when { context.from != context.to && context.work.protection == Protection::"listed" }
//! unless { context.papers.contains({ document: Document::"NAT_EXPORT_LICENCE", by: "from" }) };
//! "#;
//! let corridor = Corridor::of(&[RuleSet::parse("XX-HERITAGE", text)?])?;
//!
//! let facts: Facts = "from=CN to=FR work.protection=listed enrolled=NAT_EXPORT_LICENCE@CN".parse()?;
//! let answer = corridor.judge(&facts);
//! assert_eq!(answer.to_string(), "refuse; XX-HERITAGE/licence refuses: needs NAT_EXPORT_LICENCE of CN");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What the ledger does with it: papers and enrolments come from the state at one height, so that each transfer is judged for ever by
//! the rules of its own.
//!
//! Absent: I/O, clock, and any knowledge of entries, accounts' keys or state.

pub mod answer;
pub mod case;
pub mod corridor;
pub mod engine;
pub mod facts;
pub mod paper;
pub mod place;
pub mod royalty;
pub mod rule;
pub mod rule_set;
pub mod shipped;
pub mod territory;
pub mod word;

pub use answer::{Answer, Outcome};
pub use corridor::Corridor;
pub use facts::Facts;
pub use rule_set::RuleSet;
