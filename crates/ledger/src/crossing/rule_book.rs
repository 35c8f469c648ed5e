//! Rule sets as people read them: each rule with its source, and what it asks for.

use colophon_corridor::RuleSet;
use colophon_corridor::place::Region;
use colophon_corridor::rule::{Demand, Rule, Weight};
use serde::Serialize;

use super::in_force::{in_force, read_set};
use super::judgement::Does;
use crate::field::{Digest, DocumentType, RuleSetName};
use crate::state::{PublishedRecord, Records, Unreadable};

/// One rule of a set, whatever crossing there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleTold {
    /// Its reason, in plain words.
    pub because: String,
    /// The day on which somebody compared it with its source.
    pub checked: String,
    /// Which law or decision says so.
    pub cite: String,
    /// What helps, in words, where no document does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
    /// The document that it asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// What it does where it applies.
    pub does: Does,
    /// Of whom the document is: a country, a region, a party; or `from`, `to` or `origin` for that of the crossing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The share of the price that is owed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub royalty: Option<String>,
    /// Its id: the set's name, a slash, its own.
    pub rule: String,
    /// Within how many days what is owed is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_days: Option<u32>,
}

/// Returns the rules of a set that was published under this digest, in the order of its text. The digest is held against name and text.
pub fn rules_of(digest: &Digest, record: &PublishedRecord) -> Result<Vec<RuleTold>, Unreadable> {
    Ok(read_set(digest, record)?.rules().iter().map(told).collect())
}

/// Returns what "checked against" means at a height: the digest of the sets in force together, if any are.
pub fn digest_in_force(height: u64, records: &impl Records) -> Result<Option<Digest>, Unreadable> {
    Ok(in_force(height, records)?.map(|corridor| Digest(corridor.digest().into())))
}

/// Tells whether any rule can ask for a document of this type.
pub fn can_be_asked_for(document: &DocumentType) -> bool {
    document_types().any(|known| known == document.as_str())
}

/// Lists the types of documents that rules can ask for, in ascending order.
pub fn document_types() -> impl Iterator<Item = &'static str> {
    colophon_corridor::word::DocumentType::ALL.iter().map(|document| document.as_str())
}

/// Returns the rules of a text, each with the day on which it is said to have been compared with its source. The engine reads such a day
/// by its syntax alone.
pub fn days_checked(name: &RuleSetName, text: &str) -> Vec<(String, String)> {
    let set = RuleSet::parse(name.as_str(), text).ok();
    let rules = set.iter().flat_map(RuleSet::rules);
    rules.map(|rule| (rule.id.clone(), rule.checked.clone())).collect()
}

/// Lists the codes under which an authority is enrolled whose document this is: a country's own, or those of a region's members and its
/// own. None for a party.
pub fn enrolled_for(of: &str) -> Vec<String> {
    if let Some(region) = Region::of(of) {
        let own = std::iter::once(region.to_string()).filter(|code| code.len() == 2);
        return region.members().map(|country| country.to_string()).chain(own).collect();
    }
    of.parse::<colophon_corridor::place::Country>().map(|country| vec![country.to_string()]).unwrap_or_default()
}

fn told(rule: &Rule) -> RuleTold {
    let (document, of, cure) = match &rule.demand {
        Demand::Paper { document, by } => (Some(document.to_string()), Some(by.to_string()), None),
        Demand::Nothing(cure) => (None, None, Some(cure.clone())),
    };
    let does = match rule.weight {
        Weight::Refuse => Does::Refuses,
        Weight::Hold => Does::Waits,
        Weight::Note => Does::Owes,
    };
    RuleTold {
        because: rule.because.clone(),
        checked: rule.checked.clone(),
        cite: rule.cite.clone(),
        cure,
        document,
        does,
        of,
        royalty: rule.royalty.as_ref().map(ToString::to_string),
        rule: rule.id.clone(),
        within_days: rule.within_days,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::rules::lines_of;

    fn published(name: &str, text: &str) -> PublishedRecord {
        PublishedRecord {
            citation: "an act".parse().unwrap(),
            index: 7,
            jurisdiction: "EU".parse().unwrap(),
            name: name.parse().unwrap(),
            text: lines_of(text).unwrap().as_slice().to_vec(),
        }
    }

    #[test]
    fn each_shipped_rule_is_told_with_its_source_and_what_it_asks_for() {
        for (name, text) in colophon_corridor::shipped::SHIPPED {
            let record = published(name, text);
            let digest = crate::entry::rules::check(&record.name, text).unwrap();
            let rules = rules_of(&digest, &record).unwrap();
            assert_eq!(rules.len(), text.matches("@id(").count(), "{name}");
            let owing = rules.iter().filter(|rule| rule.does == Does::Owes).count();
            assert_eq!(owing, text.matches("@owes(").count(), "{name}");
            let days: Vec<(String, String)> =
                rules.iter().map(|rule| (rule.rule.clone(), rule.checked.clone())).collect();
            assert_eq!(days_checked(&record.name, text), days);
            assert!(days.iter().all(|(_, day)| text.contains(&format!("@checked(\"{day}\")"))), "{name}");
            for rule in rules {
                assert!(text.contains(&rule.cite) && text.contains(&rule.because), "{}", rule.rule);
                assert_ne!(rule.document.is_some(), rule.cure.is_some(), "{}", rule.rule);
                let by = rule.of.map(|of| format!("@by(\"{of}\")"));
                assert!(by.is_none_or(|by| text.contains(&by)), "{}", rule.rule);
            }
        }
    }

    #[test]
    fn a_text_under_another_digest_is_no_rule_set() {
        let (name, text) = colophon_corridor::shipped::SHIPPED[0];
        let other = Digest(colophon_tlog::hash::sha256(b"another"));
        assert!(rules_of(&other, &published(name, text)).is_err());
    }

    #[test]
    fn whose_document_it_is_says_where_its_authority_is_enrolled() {
        assert_eq!(enrolled_for("CN"), ["CN"]);
        let of_union = enrolled_for("EU");
        assert_eq!((of_union.len(), of_union.last().map(String::as_str)), (28, Some("EU")));
        assert_eq!(enrolled_for("EEA").len(), 30);
        assert!(enrolled_for("giver").is_empty() && enrolled_for("origin").is_empty());
    }

    #[test]
    fn a_misspelt_document_is_known_to_be_one() {
        assert!(can_be_asked_for(&"NAT_EXPORT_LICENCE".parse().unwrap()));
        assert!(!can_be_asked_for(&"NAT_EXPORT_LICENSE".parse().unwrap()));
        assert!(document_types().is_sorted());
    }
}
