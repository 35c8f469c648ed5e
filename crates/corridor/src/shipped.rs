//! The rule sets that come with the software. None is in force until a register's governors adopt it.

use crate::rule_set::RuleSet;

macro_rules! shipped {
    ($($name:literal),+ $(,)?) => {
        /// Name and text of each rule set, by name.
        pub const SHIPPED: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../rules/", $name, ".cedar")))),+
        ];
    };
}

shipped!(
    "AI-LABEL",
    "ARR-EU",
    "CN-EXP-HERITAGE",
    "E-TRANSMIT",
    "EU-EXP-116",
    "EU-IMP-880",
    "EU-SANCTIONS",
    "TERR-LICENCE"
);

/// Reads the rule sets that come with the software.
pub fn shipped() -> Vec<RuleSet> {
    let sets = SHIPPED.iter().map(|(name, text)| RuleSet::parse(name, text));
    sets.collect::<Result<_, _>>().expect("what is shipped was tested")
}
