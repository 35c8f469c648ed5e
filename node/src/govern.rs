//! Acts of the governors, composed from a register's folder or a copy of it, and signed by a governor's key. Nothing is sent:
//! the draft is handed in as any other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use colophon_ledger::account::AccountId;
use colophon_ledger::canonical::INTEGER_MAX;
use colophon_ledger::crossing::rule_book::{can_be_asked_for, days_checked, document_types};
use colophon_ledger::draft::{Draft, DraftError};
use colophon_ledger::entry::authority::{AuthorityWord, EnrolAuthority, TYPES_MAX};
use colophon_ledger::entry::genesis::Genesis;
use colophon_ledger::entry::log_key::{LogKey, LogKeyWord};
use colophon_ledger::entry::retire::{Retire, RetireWord};
use colophon_ledger::entry::rules::{self, LINES_MAX, PublishRules, RulesWord, SCHEMA_VERSION};
use colophon_ledger::entry::seal::Seal;
use colophon_ledger::entry::upgrade::{AHEAD_BATCHES_MIN, Upgrade, UpgradeWord, VOIDS_MAX};
use colophon_ledger::entry::{Body, Entry, text_of};
use colophon_ledger::field::{
    Citation, Country, Digest, DocumentType, Int, Jurisdiction, Line, List, Origin, RuleSetName,
};
use colophon_ledger::governance::Governors;
use colophon_ledger::refusal::Refusal;
use colophon_ledger::register::Successor;
use colophon_ledger::replay::{ReplayError, read_genesis};
use colophon_ledger::rule::Rules;
use colophon_ledger::state::{RuleListRecord, RuleSetRecord};
use colophon_ledger::voiding::VoidLists;
use colophon_storage::published::{Published, PublishedError};
use colophon_tlog::key::SecretKey;
use colophon_tlog::note::VerifierKey;

/// What every act has in its leaf, and few other leaves do.
const ACT_WORDS: [&str; 5] =
    [r#""kind":"log_key""#, r#""kind":"upgrade""#, r#""kind":"retire""#, r#""kind":"rules""#, r#""kind":"authority""#];

/// Why an act was not composed.
#[derive(Debug, thiserror::Error)]
pub enum GovernError {
    /// The register's log cannot be read.
    #[error(transparent)]
    Published(#[from] PublishedError),
    /// Its first leaf is no genesis.
    #[error("the log does not begin as a register's: {0}")]
    Genesis(#[from] ReplayError),
    /// A leaf is no entry.
    #[error("the log has a leaf that is no entry: run `colophon-node fsck`")]
    Leaf,
    /// It has been retired.
    #[error("the register has been retired: nothing can be changed any more")]
    Retired,
    /// The key, or an account named, is no governor's.
    #[error("{account} is no governor of {origin}: its governors are {governors}")]
    NotGovernor {
        /// Who it is.
        account: String,
        /// The register.
        origin: Origin,
        /// Who they are.
        governors: String,
    },
    /// Too few or too many governors were named.
    #[error(
        "an act takes {needed} of the governors of {origin}, no fewer and no more, and {named} are named: name those who sign with \
         you by --with ACCOUNT"
    )]
    Number {
        /// How many it takes.
        needed: u64,
        /// How many were named.
        named: usize,
        /// The register.
        origin: Origin,
    },
    /// The height or version is out of bounds.
    #[error("the new rules need a version from 2 on, and a height from {least} on: at least 1000 batches ahead")]
    TooNear {
        /// The lowest height.
        least: u64,
    },
    /// What is to be voided cannot be a list of leaves.
    #[error("an upgrade voids 1 to {VOIDS_MAX} leaves, by their indices from 1 on")]
    Void,
    /// Rules would judge what came before them.
    #[error("the rules can be in force from height {least} on, and from some more if other batches come first")]
    RulesTooNear {
        /// The lowest height.
        least: u64,
    },
    /// There is no such height.
    #[error("a height is a whole number up to {INTEGER_MAX}")]
    Height,
    /// The rules would be refused.
    #[error("the register would refuse these rules: {0}")]
    Rules(Refusal),
    /// A rule was compared with its source on no day that there is.
    #[error("the rule {rule} says that it was checked on {day}, and the calendar has no such day")]
    Day {
        /// The rule.
        rule: String,
        /// What it says.
        day: String,
    },
    /// The text is no list of lines.
    #[error("the rules are 1 to {LINES_MAX} lines of printable ASCII, at most 1000 characters each")]
    Lines,
    /// The rule set comes into force later than it would be withdrawn.
    #[error(
        "{name} is not in force in batch {from}, so to withdraw it then withdraws nothing: it comes into force with batch {begins}, and \
         --height {begins} takes that back"
    )]
    NotYet {
        /// Its name.
        name: RuleSetName,
        /// From when it would be withdrawn.
        from: u64,
        /// The first batch that it judges.
        begins: u64,
    },
    /// There is no such rule set to withdraw.
    #[error("no rule set {name} is in force or to come, so none can be withdrawn; there {there}")]
    NoRules {
        /// Its name.
        name: RuleSetName,
        /// Which there are.
        there: String,
    },
    /// There is no such authority to remove.
    #[error("{account} is not enrolled for {country}, so it cannot be removed{elsewhere}")]
    NotEnrolled {
        /// The account.
        account: String,
        /// The country.
        country: Country,
        /// For which countries it is enrolled instead, if for any.
        elsewhere: String,
    },
    /// No rule can ask for a document of a type.
    #[error(
        "no rule can ask for a document of the type {0}; the types are {types}",
        types = document_types().collect::<Vec<_>>().join(", ")
    )]
    UnknownType(DocumentType),
    /// What an authority is enrolled for is no list of types.
    #[error("an authority is enrolled for 1 to {TYPES_MAX} types of documents")]
    Types,
    /// The draft is none.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The file is no founding of a successor.
    #[error("{0:?} is not what `colophon-node init --founding` writes")]
    Founding(PathBuf),
}

impl GovernError {
    fn no_rules(name: &RuleSetName, there: &BTreeSet<&str>) -> GovernError {
        let names: Vec<&str> = there.iter().copied().collect();
        let there = if names.is_empty() { "are none".to_owned() } else { format!("are {}", names.join(", ")) };
        GovernError::NoRules { name: name.clone(), there }
    }
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The log gets this key.
    LogKey(VerifierKey),
    /// Other rules judge from a height on, or leaves against the rules are voided, or both.
    Upgrade {
        /// The version of the rules and the height.
        rules: Option<(u64, u64)>,
        /// The indices of the leaves, in any order.
        void: Vec<u64>,
    },
    /// The register ends, and perhaps another goes on with it.
    Retire(Option<Successor>),
    /// A rule set of the corridor is published, or withdrawn.
    Rules {
        /// Its name.
        name: RuleSetName,
        /// The law or decision that it states.
        citation: Citation,
        /// Whose law it is.
        jurisdiction: Jurisdiction,
        /// The first batch that it judges.
        from: Beginning,
        /// The rules; none withdraws the set.
        text: Option<String>,
    },
    /// An account is enrolled as an authority, or removed.
    Authority {
        /// The authority.
        account: AccountId,
        /// For which country.
        country: Country,
        /// For which types of documents, in any order; none removes it.
        types: Vec<DocumentType>,
    },
}

/// The first batch that rules judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// The one of this height.
    Height(u64),
    /// The one that so many others come before, after those that there are: at least one, which holds the act itself.
    Ahead(u64),
}

/// What an act takes from an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Losses {
    /// The types of documents that it was enrolled for, and will not be.
    pub lost: Vec<DocumentType>,
    /// Those of them that nobody of its country is enrolled for any more.
    pub unattested: Vec<DocumentType>,
}

/// How a register stands for its governors.
#[derive(Debug)]
pub struct Standing {
    /// What its genesis lays down.
    pub rules: Rules,
    /// The height of the next batch.
    pub height: u64,
    /// The acts in the log.
    acts: Vec<Recorded>,
    /// What the upgrades among them void.
    lists: VoidLists,
}

/// An act in the log, by its form.
#[derive(Debug)]
struct Recorded {
    index: u64,
    /// The height of its batch.
    height: u64,
    /// Nothing in place of one that is no entry.
    entry: Option<Entry>,
}

/// What has been read of a log so far.
#[derive(Default)]
struct Reading {
    index: u64,
    rules: Option<Rules>,
    height: u64,
    acts: Vec<Recorded>,
    lists: VoidLists,
}

impl Standing {
    /// Reads the register in `dir`, which may be served meanwhile, or a copy of it.
    pub fn read(dir: &Path) -> Result<Standing, GovernError> {
        let mut reading = Reading::default();
        Published::of(dir)?.each_leaf::<GovernError>(|leaf| reading.take(leaf))?;
        let Reading { rules, height, acts, lists, .. } = reading;
        Ok(Standing { rules: rules.ok_or(GovernError::Leaf)?, height, acts, lists })
    }

    /// Returns what the upgrades among the acts void.
    pub fn void_lists(&self) -> &VoidLists {
        &self.lists
    }

    /// Returns the newest act, if there is one, but for those that are voided, or will be by the act that is composed.
    fn newest(&self, act: &Act) -> Result<Option<&Entry>, GovernError> {
        let voids = match act {
            Act::Upgrade { void, .. } => void.as_slice(),
            Act::LogKey(_) | Act::Retire(_) | Act::Rules { .. } | Act::Authority { .. } => &[],
        };
        let mut acts = self.acts.iter().rev();
        match acts.find(|act| !voids.contains(&act.index) && !self.lists.names(act.index)) {
            Some(act) => Ok(Some(act.entry.as_ref().ok_or(GovernError::Leaf)?)),
            None => Ok(None),
        }
    }

    /// Returns what the acts say, but for those that are voided, each with the height of its batch.
    fn said(&self) -> impl DoubleEndedIterator<Item = (u64, &Body)> {
        let acts = self.acts.iter().filter(|act| !self.lists.names(act.index));
        acts.filter_map(|act| Some((act.height, act.entry.as_ref()?.body())))
    }

    /// Returns which rule sets the acts publish and withdraw. Which texts they are does not matter here, so no digest is computed.
    fn rule_list(&self) -> RuleListRecord {
        let mut list = RuleListRecord::default();
        for (height, body) in self.said() {
            let Body::Rules(act) = body else { continue };
            let digest = act.text.as_ref().map(|_| Digest([0; 32].into()));
            list.put(RuleSetRecord { digest, height: act.height.get(), name: act.name.clone() }, height);
        }
        list
    }

    /// Lists the names of the rule sets in a list that are in force or to come.
    fn standing_rules<'l>(&self, list: &'l RuleListRecord) -> BTreeSet<&'l str> {
        let is_over = |set: &RuleSetRecord| {
            let mut others = list.sets.iter().filter(|other| other.name == set.name);
            others.any(|other| other.height > set.height && other.height <= self.height)
        };
        let stands = |set: &&RuleSetRecord| set.digest.is_some() && !is_over(set);
        list.sets.iter().filter(stands).map(|set| set.name.as_str()).collect()
    }

    /// Refuses to withdraw a rule set that is not in force at this height, though sets of its name may come later.
    fn check_withdraws(&self, name: &RuleSetName, height: u64) -> Result<(), GovernError> {
        let list = self.rule_list();
        if list.in_force(height).iter().any(|set| set.name == *name) {
            return Ok(());
        }
        let begins = list.sets.iter().find(|set| set.name == *name && set.height > height && set.digest.is_some());
        Err(match begins {
            Some(begins) => GovernError::NotYet { name: name.clone(), from: height, begins: begins.height },
            None => GovernError::no_rules(name, &self.standing_rules(&list)),
        })
    }

    /// Returns the law and the jurisdiction that a set was published with last, to withdraw it with; it must be in force or to come.
    pub fn source_of(&self, name: &RuleSetName) -> Result<(Citation, Jurisdiction), GovernError> {
        let list = self.rule_list();
        let there = self.standing_rules(&list);
        if !there.contains(name.as_str()) {
            return Err(GovernError::no_rules(name, &there));
        }
        let mut said = self.said().filter_map(|(_, body)| match body {
            Body::Rules(act) if act.name == *name && act.text.is_some() => Some(act),
            _ => None,
        });
        let act = said.next_back().expect("a set that is in force or to come was published");
        Ok((act.citation.clone(), act.jurisdiction.clone()))
    }

    /// Returns which documents count no more once an account is enrolled in a country for these types alone; none removes it.
    pub fn losses(&self, account: &AccountId, country: &Country, types: &[DocumentType]) -> Losses {
        let mut enrolled: BTreeMap<&AccountId, &[DocumentType]> = BTreeMap::new();
        for (_, body) in self.said() {
            match body {
                Body::Authority(act) if act.country == *country => {
                    let types = act.types.as_ref().map(List::as_slice).unwrap_or_default();
                    enrolled.insert(&act.account, types);
                }
                _ => {}
            }
        }
        let before = enrolled.remove(account).unwrap_or_default();
        let lost: Vec<DocumentType> = before.iter().filter(|kind| !types.contains(kind)).cloned().collect();
        let is_left = |kind: &DocumentType| enrolled.values().any(|types| types.contains(kind));
        let unattested = lost.iter().filter(|kind| !is_left(kind)).cloned().collect();
        Losses { lost, unattested }
    }

    /// Refuses to remove an authority that is not enrolled for a country.
    fn check_enrolled(&self, account: &AccountId, country: &Country) -> Result<(), GovernError> {
        let mut enrolled = BTreeSet::new();
        for (_, body) in self.said() {
            match body {
                Body::Authority(act) if act.account == *account && act.types.is_some() => {
                    enrolled.insert(act.country.as_str());
                }
                Body::Authority(act) if act.account == *account => drop(enrolled.remove(act.country.as_str())),
                _ => {}
            }
        }
        if enrolled.contains(country.as_str()) {
            return Ok(());
        }
        let elsewhere: Vec<&str> = enrolled.into_iter().collect();
        let elsewhere =
            if elsewhere.is_empty() { String::new() } else { format!("; it is for {}", elsewhere.join(", ")) };
        Err(GovernError::NotEnrolled { account: account.to_string(), country: country.clone(), elsewhere })
    }

    /// Returns an act of the governor `own` and of those `with` them, signed by `key`.
    pub fn draft(&self, act: &Act, own: AccountId, with: &[AccountId], key: SecretKey) -> Result<Draft, GovernError> {
        let newest = self.newest(act)?;
        if newest.is_some_and(|act| matches!(act.body(), Body::Retire(_))) {
            return Err(GovernError::Retired);
        }
        let prev = newest.map_or(self.rules.register.genesis, Entry::id);
        let governors = self.governors(own, with)?;
        let by = governors.as_slice().first().copied().unwrap_or(own);
        let body = match act {
            Act::LogKey(key) => {
                Body::LogKey(LogKey { by, governors, kind: LogKeyWord::It, log_vkey: key.to_string(), prev })
            }
            Act::Upgrade { rules, void } => {
                let (rules, height) = rules.map(|coming| self.coming(coming)).transpose()?.unzip();
                let void = if void.is_empty() { None } else { Some(void_list(void)?) };
                Body::Upgrade(Upgrade { by, governors, height, kind: UpgradeWord::It, prev, rules, void })
            }
            Act::Retire(successor) => {
                Body::Retire(Retire { by, governors, kind: RetireWord::It, prev, successor: successor.clone() })
            }
            Act::Rules { name, citation, jurisdiction, from, text } => {
                let least = self.height.saturating_add(1);
                let height = match *from {
                    Beginning::Height(height) => height,
                    Beginning::Ahead(batches) => self.height.saturating_add(batches),
                };
                let begins = Int::new(height).ok_or(GovernError::Height)?;
                if height < least {
                    return Err(GovernError::RulesTooNear { least });
                }
                if text.is_none() {
                    self.check_withdraws(name, height)?;
                }
                Body::Rules(Box::new(PublishRules {
                    by,
                    citation: citation.clone(),
                    governors,
                    height: begins,
                    jurisdiction: jurisdiction.clone(),
                    kind: RulesWord::It,
                    name: name.clone(),
                    prev,
                    schema: Int::new(SCHEMA_VERSION).expect("the version that there is"),
                    text: text.as_ref().map(|text| lines_to_publish(name, text)).transpose()?,
                }))
            }
            Act::Authority { account, country, types } => {
                let (account, country) = (*account, country.clone());
                let types = if types.is_empty() {
                    self.check_enrolled(&account, &country)?;
                    None
                } else {
                    Some(type_list(types)?)
                };
                Body::Authority(EnrolAuthority {
                    account,
                    by,
                    country,
                    governors,
                    kind: AuthorityWord::It,
                    prev,
                    types,
                })
            }
        };
        let mut draft = Draft::new(text_of(&self.rules.register, &body), None, None)?;
        draft.sign(&own, key)?;
        Ok(draft)
    }

    /// Returns the version and the height of new rules, if they are far enough ahead.
    fn coming(&self, (rules, height): (u64, u64)) -> Result<(Int<2, INTEGER_MAX>, Int<1, INTEGER_MAX>), GovernError> {
        let least = self.height.saturating_add(AHEAD_BATCHES_MIN);
        let height = Int::new(height).filter(|_| height >= least);
        Int::new(rules).zip(height).ok_or(GovernError::TooNear { least })
    }

    fn governors(&self, own: AccountId, with: &[AccountId]) -> Result<Governors, GovernError> {
        let origin = || self.rules.register.origin.clone();
        let mut named = [&[own], with].concat();
        named.sort_unstable();
        named.dedup();
        if let Some(account) = named.iter().find(|account| !self.rules.governors.contains(account)) {
            let governors: Vec<String> = self.rules.governors.iter().map(ToString::to_string).collect();
            let governors = governors.join(", ");
            return Err(GovernError::NotGovernor { account: account.to_string(), origin: origin(), governors });
        }
        let (needed, count) = (self.rules.governor_threshold, named.len());
        Governors::new(named)
            .filter(|governors| governors.as_slice().len() as u64 == needed)
            .ok_or_else(|| GovernError::Number { needed, named: count, origin: origin() })
    }
}

/// Returns the list of the leaves that an upgrade voids.
fn void_list(void: &[u64]) -> Result<List<Int<1, INTEGER_MAX>, 1, VOIDS_MAX>, GovernError> {
    let indices: BTreeSet<u64> = void.iter().copied().collect();
    let indices: Option<Vec<_>> = indices.into_iter().map(Int::new).collect();
    indices.and_then(List::new).ok_or(GovernError::Void)
}

/// Returns the lines of rules that the register would take.
fn lines_to_publish(name: &RuleSetName, text: &str) -> Result<List<Line, 1, LINES_MAX>, GovernError> {
    let lines = rules::lines_of(text).ok_or(GovernError::Lines)?;
    rules::check(name, &rules::text_of(lines.as_slice())).map_err(GovernError::Rules)?;
    Ok(lines)
}

/// Refuses rules that say they were compared with their sources on a day that is in no calendar. The register would take them.
pub fn check_days(name: &RuleSetName, text: &str) -> Result<(), GovernError> {
    let mut days = days_checked(name, text).into_iter();
    let unknown = days.find(|(_, day)| day.parse::<jiff::civil::Date>().is_err());
    unknown.map_or(Ok(()), |(rule, day)| Err(GovernError::Day { rule, day }))
}

fn type_list(types: &[DocumentType]) -> Result<List<DocumentType, 1, TYPES_MAX>, GovernError> {
    if let Some(unknown) = types.iter().find(|document| !can_be_asked_for(document)) {
        return Err(GovernError::UnknownType(unknown.clone()));
    }
    let types: BTreeSet<DocumentType> = types.iter().cloned().collect();
    List::new(types.into_iter().collect()).ok_or(GovernError::Types)
}

impl Reading {
    fn take(&mut self, leaf: &[u8]) -> Result<(), GovernError> {
        let index = self.index;
        self.index += 1;
        if self.rules.is_none() {
            self.rules = Some(read_genesis(leaf)?.0);
            return Ok(());
        }
        let Ok(text) = std::str::from_utf8(leaf) else { return Ok(()) };
        if ACT_WORDS.iter().any(|words| text.contains(words)) {
            let entry = Entry::parse(leaf).ok();
            if entry.as_ref().is_none_or(|entry| entry.body().is_act()) {
                self.acts.push(Recorded { index, height: self.height, entry });
            }
            self.lists.leaf(index, leaf);
        } else if let Some(seal) = Seal::peek(leaf) {
            self.height = seal.height.get() + 1;
        }
        Ok(())
    }
}

/// Returns what a retirement says of the register whose founding stands in a file.
pub fn successor_in(path: &Path, text: &str) -> Result<Successor, GovernError> {
    let (origin, genesis) = founding_of(text).ok_or_else(|| GovernError::Founding(path.to_owned()))?;
    Ok(Successor { founding: genesis.founding(&origin), origin })
}

/// Reads the text of a founding: a genesis without `succeeds`.
pub fn founding_of(text: &str) -> Option<(Origin, Genesis)> {
    let text = colophon_ledger::entry::Text::parse(text).ok()?;
    match text.body {
        Body::Genesis(genesis) if genesis.succeeds.is_none() => Some((text.origin, genesis)),
        _ => None,
    }
}
