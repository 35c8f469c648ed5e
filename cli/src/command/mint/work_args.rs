//! What is said about a work when it is registered: the same words for one work and for each of many.

use clap::Args;
use colophon_ledger::edition::EDITIONS_MAX;
use colophon_ledger::entry::mint::Training;
use colophon_ledger::field::{Country, Date, Int, License, SourceType, WorkKind};

use super::creator::{CreatorArg, creator};
use super::title::TitleArg;
use super::vocabulary;
use crate::codes::country::country;
use crate::codes::date::date;
use crate::codes::licence::licence;
use crate::facts::FactsArgs;
use crate::failure::Failure;

/// What the options of `colophon mint` say about a work.
#[derive(Debug, Clone, Args)]
pub(super) struct WorkArgs {
    /// Its title, or `LANG:TEXT` with a language tag, as in zh:雾中山; up to 8
    #[arg(long = "title", value_name = "TEXT")]
    pub(super) titles: Vec<TitleArg>,
    /// The country it is held in, such as CN
    #[arg(long, value_name = "CC", value_parser = country)]
    pub(super) country: Option<Country>,
    /// Who made it: `NAME[:ROLE[:SHARE%[:ACCOUNT]]]`, with a MARC role such as aut; up to 16. One named by account signs too
    #[arg(long = "creator", value_name = "CREATOR", value_parser = creator)]
    pub(super) creators: Vec<CreatorArg>,
    /// What sort of work it is, such as photograph; by default what the face looks like
    #[arg(long, value_name = "KIND", value_parser = vocabulary::work_kind)]
    pub(super) work_kind: Option<WorkKind>,
    /// When it was made: a year, a month or a day. By default this year
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(super) created: Option<Date>,
    /// The country it was made in
    #[arg(long, value_name = "CC", value_parser = country)]
    pub(super) made_in: Option<Country>,
    /// The licence it is published under: an SPDX id, or a rights statement
    #[arg(long, value_name = "ID", default_value = "LicenseRef-ARR", value_parser = licence)]
    pub(super) license: License,
    /// Whether machines may be trained on it: allowed, notAllowed or constrained
    #[arg(long, default_value = "notAllowed", value_parser = vocabulary::training)]
    pub(super) training: Training,
    /// How its bytes came about, in the words of IPTC, such as digitalCapture for a photograph
    #[arg(long, value_name = "TYPE", default_value = "digitalCreation", value_parser = vocabulary::source_type)]
    pub(super) source_type: SourceType,
    /// How many editions there are
    #[arg(long, value_name = "N", default_value = "1", value_parser = editions)]
    pub(super) editions: Int<1, EDITIONS_MAX>,
    /// A few words about it. They go into the card: published, and erasable
    #[arg(long, value_name = "TEXT")]
    pub(super) about: Option<String>,
    /// A work in this register that it is derived from; up to 16
    #[arg(long = "derived-from", value_name = "WORK")]
    pub(super) derived_from: Vec<String>,
    /// The work under which another account registered the face first: knowingly register it again
    #[arg(long, value_name = "WORK")]
    pub(super) ack_first: Option<String>,
    /// An earlier work in this register that it is knowingly like; up to 16. The entry says so for ever
    #[arg(long = "ack-similar", value_name = "WORK")]
    pub(super) ack_similar: Vec<String>,
    #[command(flatten)]
    pub(super) facts: FactsArgs,
}

/// Reads how many editions there are.
pub(super) fn editions(text: &str) -> Result<Int<1, EDITIONS_MAX>, Failure> {
    let number = text.trim().parse().ok().and_then(Int::new);
    number.ok_or_else(|| {
        Failure::usage(format!("{text:?} is no number of editions"), format!("give 1 to {EDITIONS_MAX}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editions_are_counted_within_their_bounds() {
        assert_eq!((editions("1").unwrap().get(), editions(" 10000 ").unwrap().get()), (1, EDITIONS_MAX));
        for wrong in ["0", "10001", "-1", "many", ""] {
            assert!(editions(wrong).is_err(), "{wrong}");
        }
    }
}
