//! Asks which rules are in force, who may attest documents, and what an account has attested; and checks the answers.

use colophon_ledger::account::AccountId;
use colophon_ledger::crossing::rule_book::{RuleTold, digest_in_force, rules_of};
use colophon_ledger::field::{Country, Digest, DocumentType, RuleSetName};
use colophon_ledger::proved::StateAnswer;
use colophon_ledger::state::{
    About, AuthoritiesRecord, AuthorityRecord, CorridorRecord, NamedSetRecord, PaperRecord, PublishedRecord, RecordKey,
    Records as _, RuleListRecord,
};

use crate::client::Client;
use crate::lookup::{AsOf, Looked, LookupError, STATE_BYTES_MAX, record, required};

/// The rules of a register as they stand, and who attests what they ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesFacts {
    /// As of when.
    pub as_of: AsOf,
    /// The height of the next batch.
    pub height: u64,
    /// The digest of the sets in force together for the next batch. None: no rules are in force.
    pub in_force: Option<Digest>,
    /// Each set that is in force or to come, in ascending order of names and heights.
    pub sets: Vec<Listed>,
    /// The authorities of each country, in ascending order.
    pub authorities: Vec<(Country, AuthorityRecord)>,
}

/// A set that is in force or to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: RuleSetName,
    /// The height of the first batch that it judges.
    pub height: u64,
    /// The set. None: from then on nothing of this name is in force.
    pub set: Option<RuleSetFacts>,
}

/// A rule set that was published, its text shown to be the one under its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSetFacts {
    /// Its digest, over engine, name and text.
    pub digest: Digest,
    /// What was published.
    pub record: PublishedRecord,
    /// Its rules, as they are read.
    pub rules: Vec<RuleTold>,
}

impl RulesFacts {
    /// Lists the countries, and regions under their own codes, for which an account is enrolled for a type of document.
    pub fn countries_of(&self, account: &AccountId, document: &str) -> Vec<&Country> {
        let countries = self.authorities.iter().map(|(country, _)| country);
        countries.filter(|country| self.enrolled(country.as_str(), document).any(|one| one == account)).collect()
    }

    /// Lists the accounts that are enrolled for a type of document in a country, or in a region under its own code.
    pub fn enrolled(&self, country: &str, document: &str) -> impl Iterator<Item = &AccountId> {
        let of_country = self.authorities.iter().filter(move |(code, _)| code.as_str() == country);
        let accounts = of_country.flat_map(|(_, authority)| &authority.accounts);
        let attests = move |types: &[DocumentType]| types.iter().any(|kind| kind.as_str() == document);
        accounts.filter(move |enrolled| attests(&enrolled.types)).map(|enrolled| &enrolled.account)
    }
}

impl Client {
    /// Asks for the rules in force and to come, with their texts, and for the authorities.
    pub async fn rules_in_force(&self) -> Result<RulesFacts, LookupError> {
        let asked = self.asking().await?;
        let answer: StateAnswer = self.transport().get_json("v1/rules", STATE_BYTES_MAX).await?;
        let (shown, as_of) = self.proved(asked, &answer).await?;
        let height = as_of.seal.height.get() + 1;
        let list: RuleListRecord = record(&shown, &RecordKey::RuleList)?.unwrap_or_default();
        let mut sets = Vec::new();
        for set in list.sets {
            let read = |digest| set_of(digest, required(&shown, &RecordKey::RuleSet(digest))?);
            let facts = set.digest.map(read).transpose()?;
            sets.push(Listed { name: set.name, height: set.height, set: facts });
        }
        let all: AuthoritiesRecord = record(&shown, &RecordKey::Authorities)?.unwrap_or_default();
        let mut authorities = Vec::new();
        for country in all.countries.into_iter().map(|record| record.country) {
            let authority = required(&shown, &RecordKey::Authority(country.clone()))?;
            authorities.push((country, authority));
        }
        let in_force = digest_in_force(height, &shown)?;
        Ok(RulesFacts { as_of, height, in_force, sets, authorities })
    }

    /// Asks for a rule set by its digest, in force or not.
    pub async fn rule_set(&self, digest: &Digest) -> Result<Looked<(RuleSetFacts, AsOf)>, LookupError> {
        let asked = self.asking().await?;
        let path = format!("v1/rules/{digest}");
        let answer: StateAnswer = self.transport().get_json(&path, STATE_BYTES_MAX).await?;
        let (shown, as_of) = self.proved(asked, &answer).await?;
        match record::<PublishedRecord>(&shown, &RecordKey::RuleSet(*digest))? {
            Some(record) => Ok(Looked::Found((set_of(*digest, record)?, as_of))),
            None => Ok(Looked::Absent(Box::new(as_of))),
        }
    }

    /// Asks for the rule sets that were in force together, by the digest of them all, which must be that of some crossing or of those in
    /// force now.
    pub async fn rules_together(&self, digest: &Digest) -> Result<Looked<(Vec<RuleSetFacts>, AsOf)>, LookupError> {
        let asked = self.asking().await?;
        let path = format!("v1/rules/{digest}");
        let answer: StateAnswer = self.transport().get_json(&path, STATE_BYTES_MAX).await?;
        let (shown, as_of) = self.proved(asked, &answer).await?;
        let absent = record::<PublishedRecord>(&shown, &RecordKey::RuleSet(*digest))?.is_none();
        let name = RecordKey::Corridor(*digest);
        match shown.holds(&name).ok().filter(|there| absent && *there) {
            Some(_) => {
                let together: CorridorRecord = required(&shown, &name)?;
                let read = |set: NamedSetRecord| set_of(set.digest, required(&shown, &RecordKey::RuleSet(set.digest))?);
                Ok(Looked::Found((together.sets.into_iter().map(read).collect::<Result<_, _>>()?, as_of)))
            }
            None => Ok(Looked::Absent(Box::new(as_of))),
        }
    }

    /// Asks for the newest document of a type that an account has attested about something.
    pub async fn paper(
        &self,
        about: About,
        document: &DocumentType,
        by: &AccountId,
    ) -> Result<Looked<PaperRecord>, LookupError> {
        let asked = self.asking().await?;
        let about_what = match about {
            About::Account(account) => format!("account={account}"),
            About::Edition(work, edition) => format!("work={work}&edition={edition}"),
            About::Work(work) => format!("work={work}"),
        };
        let path = format!("v1/papers?{about_what}&type={document}&by={by}");
        let answer: StateAnswer = self.transport().get_json(&path, STATE_BYTES_MAX).await?;
        let (shown, as_of) = self.proved(asked, &answer).await?;
        let key = RecordKey::Paper(about, document.clone(), *by);
        Ok(record(&shown, &key)?.map_or_else(|| Looked::Absent(Box::new(as_of)), Looked::Found))
    }
}

/// Returns a set whose text is the one under its digest. That citation and jurisdiction are right, the proof of its record shows.
fn set_of(digest: Digest, record: PublishedRecord) -> Result<RuleSetFacts, LookupError> {
    let rules = rules_of(&digest, &record)?;
    Ok(RuleSetFacts { digest, record, rules })
}
