//! Facts as one line of `key=value` pairs: the language of the case tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::facts::{Facts, Money, NUMBER_MAX, Party, currency};
use crate::paper::Paper;
use crate::place::Country;
use crate::territory::Licence;
use crate::word::WordError;

/// The longest line of facts, in bytes.
pub const FACTS_BYTES_MAX: usize = 8 * 1024;
/// The most members of a list in a line of facts.
pub const LIST_MAX: usize = 64;

const ID_BYTES_MAX: usize = 64;
const OLDER_MAX: u64 = 100_000; // years
const DAYS_MAX: u64 = 1_000_000;
const YEAR_MAX: u64 = 9999;

/// Why text was not accepted as facts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// Longer than facts may be.
    #[error("the facts have {0} bytes; at most {FACTS_BYTES_MAX} are allowed")]
    TooLong(usize),
    /// A word that is no pair.
    #[error("{0:?} is not KEY=VALUE")]
    Pair(String),
    /// A key that facts do not have.
    #[error("{0:?} is no fact")]
    Unknown(String),
    /// A key that stands there twice.
    #[error("{0:?} is told twice")]
    Twice(String),
    /// One of the two countries is missing.
    #[error("{0:?} is not told")]
    Missing(&'static str),
    /// A list that is too long, or tells something twice.
    #[error("{0:?} is told twice, or the list has more than {LIST_MAX} members")]
    List(String),
    /// A value that is wrong.
    #[error("{key}: {source}")]
    Value {
        /// The key.
        key: String,
        /// What is wrong.
        source: WordError,
    },
}

/// Reads pairs joined by single spaces, such as `from=CN to=FR delivery=physical papers=EU_IMPORT_LICENCE@FR`.
///
/// What is not told is as in [`Facts::plain`]. Lists are joined by commas.
impl FromStr for Facts {
    type Err = FactsError;

    fn from_str(text: &str) -> Result<Facts, FactsError> {
        let mut pairs = Pairs::read(text)?;
        let from = pairs.value("from")?.ok_or(FactsError::Missing("from"))?;
        let to = pairs.value("to")?.ok_or(FactsError::Missing("to"))?;
        let mut facts = Facts::plain(from, to);
        pairs.set("act", &mut facts.act)?;
        pairs.set("basis", &mut facts.basis)?;
        pairs.set("delivery", &mut facts.delivery)?;
        pairs.party("giver", &mut facts.giver)?;
        pairs.party("recipient", &mut facts.recipient)?;
        pairs.read_work(&mut facts)?;
        pairs.flag("professional", &mut facts.professional)?;
        facts.price = pairs.money("price")?;
        facts.value = pairs.money("value")?;
        facts.papers = pairs.set_of("papers")?;
        let enrolled: BTreeSet<Paper> = pairs.set_of("enrolled")?;
        for paper in enrolled {
            let Some(country) = paper.issuer.country() else {
                return Err(value("enrolled")(WordError::new(&paper.to_string(), "a paper of a country")));
            };
            facts.enrolled.insert((paper.document, country));
        }
        facts.year = pairs.number("year", YEAR_MAX)?.unwrap_or(facts.year);
        facts.held_days = pairs.number("held", DAYS_MAX)?;
        facts.licence = pairs.licence()?;
        pairs.end()?;
        Ok(facts)
    }
}

fn value(key: &str) -> impl FnOnce(WordError) -> FactsError {
    let key = key.to_owned();
    move |source| FactsError::Value { key, source }
}

/// The pairs of a line that were not taken yet.
struct Pairs<'t>(BTreeMap<&'t str, &'t str>);

impl<'t> Pairs<'t> {
    fn read(text: &'t str) -> Result<Pairs<'t>, FactsError> {
        if text.len() > FACTS_BYTES_MAX {
            return Err(FactsError::TooLong(text.len()));
        }
        let short = |text: &str| text.chars().take(80).collect::<String>();
        let mut pairs = BTreeMap::new();
        for word in text.split(' ') {
            let (key, value) = word.split_once('=').ok_or_else(|| FactsError::Pair(short(word)))?;
            if pairs.insert(key, value).is_some() {
                return Err(FactsError::Twice(short(key)));
            }
        }
        Ok(Pairs(pairs))
    }

    fn value<T: FromStr<Err = WordError>>(&mut self, key: &str) -> Result<Option<T>, FactsError> {
        self.0.remove(key).map(|text| text.parse().map_err(value(key))).transpose()
    }

    fn set<T: FromStr<Err = WordError>>(&mut self, key: &str, place: &mut T) -> Result<(), FactsError> {
        if let Some(found) = self.value(key)? {
            *place = found;
        }
        Ok(())
    }

    fn flag(&mut self, key: &str, place: &mut bool) -> Result<(), FactsError> {
        match self.0.remove(key) {
            None => {}
            Some("yes") => *place = true,
            Some("no") => *place = false,
            Some(other) => return Err(value(key)(WordError::new(other, "yes or no"))),
        }
        Ok(())
    }

    fn id(&mut self, key: &str, place: &mut String) -> Result<(), FactsError> {
        let Some(text) = self.0.remove(key) else { return Ok(()) };
        if !(1..=ID_BYTES_MAX).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(value(key)(WordError::new(text, "an id of 1 to 64 letters and digits")));
        }
        text.clone_into(place);
        Ok(())
    }

    fn number<T: TryFrom<u64>>(&mut self, key: &str, max: u64) -> Result<Option<T>, FactsError> {
        let Some(text) = self.0.remove(key) else { return Ok(None) };
        let number = decimal(text, max).and_then(|number| T::try_from(number).ok());
        number.map(Some).ok_or_else(|| value(key)(WordError::new(text, "a number that fits here")))
    }

    fn members(&mut self, key: &str) -> Result<Vec<&'t str>, FactsError> {
        let members: Vec<&str> = self.0.remove(key).map(|text| text.split(',').collect()).unwrap_or_default();
        if members.len() > LIST_MAX {
            return Err(FactsError::List(key.to_owned()));
        }
        Ok(members)
    }

    fn set_of<T: FromStr<Err = WordError> + Ord>(&mut self, key: &str) -> Result<BTreeSet<T>, FactsError> {
        let mut found = BTreeSet::new();
        for text in self.members(key)? {
            if !found.insert(text.parse().map_err(value(key))?) {
                return Err(FactsError::List(key.to_owned()));
            }
        }
        Ok(found)
    }

    fn money(&mut self, key: &str) -> Result<Money, FactsError> {
        let mut money = Money::new();
        for text in self.members(key)? {
            let wrong = || value(key)(WordError::new(text, "an amount, such as EUR:1800000 in cents"));
            let (code, amount) = text.split_once(':').ok_or_else(wrong)?;
            let (code, amount) = currency(code).zip(decimal(amount, NUMBER_MAX)).ok_or_else(wrong)?;
            if money.insert(code, amount).is_some() {
                return Err(FactsError::List(key.to_owned()));
            }
        }
        Ok(money)
    }

    fn party(&mut self, key: &str, party: &mut Party) -> Result<(), FactsError> {
        self.id(key, &mut party.account)?;
        self.set(&format!("{key}.country"), &mut party.country)?;
        self.flag(&format!("{key}.maker"), &mut party.maker)?;
        party.listed = self.set_of(&format!("{key}.listed"))?;
        Ok(())
    }

    fn read_work(&mut self, facts: &mut Facts) -> Result<(), FactsError> {
        let work = &mut facts.work;
        self.id("work", &mut work.id)?;
        self.set("work.category", &mut work.category)?;
        self.set("work.protection", &mut work.protection)?;
        self.set("work.source", &mut work.source)?;
        work.older_than = self.number("work.older", OLDER_MAX)?.unwrap_or(work.older_than);
        work.origin = self.value("work.origin")?;
        work.maker_died = self.number("work.died", YEAR_MAX)?;
        Ok(())
    }

    fn licence(&mut self) -> Result<Option<Licence>, FactsError> {
        let held = self.value("holds")?;
        let granted = self.members("granted")?.into_iter().map(|text| text.parse().map_err(value("granted")));
        let granted = granted.collect::<Result<Vec<_>, _>>()?;
        match self.value("asks")? {
            Some(asked) => Ok(Some(Licence { asked, held, granted })),
            None if held.is_some() || !granted.is_empty() => Err(FactsError::Missing("asks")),
            None => Ok(None),
        }
    }

    fn end(&self) -> Result<(), FactsError> {
        self.0.keys().next().map_or(Ok(()), |key| Err(FactsError::Unknown(key.chars().take(80).collect())))
    }
}

fn decimal(text: &str, max: u64) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| *number <= max && number.to_string() == text)
}

/// Writes the line that reads as the same facts, without what is as in [`Facts::plain`].
impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = Facts::plain(self.from, self.to);
        write!(f, "from={} to={}", self.from, self.to)?;
        macro_rules! tell {
            ($($key:literal: $($field:ident).+),+ $(,)?) => {
                $(if self.$($field).+ != plain.$($field).+ {
                    write!(f, concat!(" ", $key, "={}"), self.$($field).+)?;
                })+
            };
        }
        tell!("act": act, "basis": basis, "delivery": delivery, "giver": giver.account, "giver.country": giver.country);
        tell!("recipient": recipient.account, "recipient.country": recipient.country, "work": work.id);
        tell!("work.category": work.category, "work.protection": work.protection, "work.source": work.source);
        tell!("work.older": work.older_than, "year": year);
        let flags = [
            ("giver.maker", self.giver.maker),
            ("recipient.maker", self.recipient.maker),
            ("professional", self.professional),
        ];
        for (key, _) in flags.iter().filter(|(_, set)| *set) {
            write!(f, " {key}=yes")?;
        }
        let list = |f: &mut fmt::Formatter<'_>, key: &str, members: Vec<String>| match &members[..] {
            [] => Ok(()),
            members => write!(f, " {key}={}", members.join(",")),
        };
        let codes = |listed: &BTreeSet<Country>| listed.iter().map(Country::to_string).collect();
        let money = |money: &Money| money.iter().map(|(code, amount)| format!("{code}:{amount}")).collect();
        list(f, "giver.listed", codes(&self.giver.listed))?;
        list(f, "recipient.listed", codes(&self.recipient.listed))?;
        list(f, "work.origin", self.work.origin.iter().map(Country::to_string).collect())?;
        list(f, "work.died", self.work.maker_died.iter().map(u16::to_string).collect())?;
        list(f, "price", money(&self.price))?;
        list(f, "value", money(&self.value))?;
        list(f, "papers", self.papers.iter().map(Paper::to_string).collect())?;
        list(f, "enrolled", self.enrolled.iter().map(|(document, country)| format!("{document}@{country}")).collect())?;
        list(f, "held", self.held_days.iter().map(u32::to_string).collect())?;
        if let Some(Licence { asked, held, granted }) = &self.licence {
            write!(f, " asks={asked}")?;
            list(f, "holds", held.iter().map(ToString::to_string).collect())?;
            list(f, "granted", granted.iter().map(ToString::to_string).collect())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_tells_everything_is_written_as_it_was_read() {
        let line = "from=CN to=FR act=licence basis=auction delivery=physical giver=z6Mk1 giver.country=US recipient=z6Mk2 \
            recipient.country=DE work=w1 work.category=painting work.protection=listed work.source=print work.older=200 year=2030 \
            giver.maker=yes recipient.maker=yes professional=yes giver.listed=EU,US recipient.listed=CN work.origin=CN work.died=1960 \
            price=CNY:1,EUR:2 value=EUR:9007199254740991 papers=EU_EXPORT_OPEN@FR,INVOICE@giver enrolled=EU_EXPORT_OPEN@FR held=1000 \
            asks=simple:FR:1..2 holds=exclusive:world:0..9 granted=simple:CN:1..2,simple:DE+FR:3..4";
        let facts: Facts = line.parse().unwrap();
        assert_eq!(facts.to_string(), line);
        assert_eq!("from=CN to=FR".parse::<Facts>().unwrap().to_string(), "from=CN to=FR");
    }

    #[test]
    fn wrong_facts_are_refused() {
        let told = |line: &str| line.parse::<Facts>().unwrap_err().to_string();
        assert_eq!(told("from=CN"), "\"to\" is not told");
        assert_eq!(told("from=CN to=FR x"), "\"x\" is not KEY=VALUE");
        assert_eq!(told("from=CN to=FR x=y"), "\"x\" is no fact");
        assert_eq!(told("from=CN to=FR to=DE"), "\"to\" is told twice");
        assert_eq!(told("from=CN  to=FR"), "\"\" is not KEY=VALUE");
        assert_eq!(
            told("from=CN to=FR price=EUR:1,EUR:2"),
            "\"price\" is told twice, or the list has more than 64 members"
        );
        assert_eq!(told("from=CN to=FR granted=simple:FR:1..2"), "\"asks\" is not told");
        for wrong in [
            "price=EUR:-1",
            "price=EUR:01",
            "price=EUR:9007199254740992",
            "price=BTC:1",
            "price=EUR",
            "work.older=100001",
            "year=10000",
            "work.died=65536",
            "held=1000001",
            "professional=true",
            "giver=",
            "giver=a.b",
            "enrolled=INVOICE@giver",
            "papers=INVOICE",
            "basis=theft",
        ] {
            assert!(format!("from=CN to=FR {wrong}").parse::<Facts>().is_err(), "{wrong}");
        }
        let account = |count| format!("from=CN to=FR giver={}", "a".repeat(count)).parse::<Facts>();
        assert!(account(ID_BYTES_MAX).is_ok());
        assert!(account(ID_BYTES_MAX + 1).is_err());
    }

    #[test]
    fn one_beyond_the_limits_of_a_line_is_refused() {
        let codes: Vec<String> =
            ('A'..='Z').flat_map(|one| ('A'..='Z').map(move |two| format!("{one}{two}"))).collect();
        let listed = |count| format!("from=CN to=FR giver.listed={}", codes[..count].join(",")).parse::<Facts>();
        assert!(listed(LIST_MAX).is_ok());
        assert!(listed(LIST_MAX + 1).is_err());
        let line = format!("from=CN to=FR giver={}", "a".repeat(FACTS_BYTES_MAX));
        assert_eq!(line.parse::<Facts>(), Err(FactsError::TooLong(line.len())));
    }
}
