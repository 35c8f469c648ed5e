//! The corridor once more, as the specification tells it, for two sets of one rule each and one type of document for each.

use std::collections::{BTreeMap, BTreeSet};

use colophon_ledger::crossing::ENGINE;
use colophon_ledger::field::{Digest, EntryId, WorkId};
use colophon_tlog::hash::{sha256, sha256_concat};
use serde_json::{Value, json};

use crate::apply::model::{Edition, HOME, Moment, account_of};

/// The name of every set.
const NAME: &str = "LAW";
/// The types of the documents that the sets ask for.
pub const TYPES: [&str; 2] = ["NAT_EXPORT_LICENCE", "AI_LABEL_ATTEST"];
/// The types for which somebody is enrolled.
pub const ENROLLED: [&str; 3] = ["ARR_RECEIPT", "COURT_ORDER", "NAT_EXPORT_LICENCE"];
/// The rule that notes what is owed.
pub const SHARE: &str = "LAW/share";
/// So long must an edition have been held that the second set asks for nothing: 366 days.
const A_YEAR_MS: u64 = 366 * 24 * 60 * 60 * 1000;
/// The last day on which a document is valid that was never so.
pub const LONG_AGO: &str = "2000-01-01";

/// What a document is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A work.
    Work(WorkId),
    /// An edition of one.
    Edition(WorkId, u64),
    /// A person.
    Person(usize),
}

impl Thing {
    fn name(self) -> String {
        match self {
            Thing::Work(work) => format!("work/{work}"),
            Thing::Edition(work, number) => format!("edition/{work}/{number}"),
            Thing::Person(person) => format!("account/{}", account_of(person)),
        }
    }

    /// Adds what it is to a body.
    pub fn write(self, body: &mut Value) {
        match self {
            Thing::Work(work) => body["work"] = json!(work),
            Thing::Edition(work, number) => {
                body["work"] = json!(work);
                body["edition"] = json!(number);
            }
            Thing::Person(person) => body["account"] = json!(account_of(person)),
        }
    }
}

/// The newest document of a chain.
#[derive(Debug, Clone)]
pub struct Paper {
    /// The attestation.
    pub attest: EntryId,
    /// Its index.
    pub index: u64,
    /// The newest entry of the chain.
    pub newest: EntryId,
    /// Where it was taken back.
    pub revoked: Option<u64>,
    /// Whether it has run out long ago.
    pub is_over: bool,
}

/// What the rules said of a crossing.
#[derive(Debug, Clone)]
struct Crossing {
    index: u64,
    /// Of whom a licence would be asked for if somebody were enrolled.
    noted: Option<&'static str>,
    papers: BTreeMap<EntryId, BTreeSet<&'static str>>,
    sets: usize,
    giver: usize,
    recipient: usize,
    /// Whether a share is owed to the maker, and who has given a receipt for it in which entry.
    owed: bool,
    receipt: Option<(usize, EntryId, u64)>,
}

/// Rules, authorities and documents.
#[derive(Debug, Clone, Default)]
pub struct Borders {
    /// The set of each height from which one is in force, or none.
    list: BTreeMap<u64, Option<usize>>,
    /// The index of the act that published each set last.
    published: BTreeMap<usize, u64>,
    /// Who is enrolled at home for the first type, to flag, and for receipts; nothing before anybody ever was.
    enrolled: Option<BTreeSet<usize>>,
    papers: BTreeMap<(Thing, usize, usize), Paper>,
    notes: BTreeMap<Thing, Vec<(EntryId, u64)>>,
    crossings: BTreeMap<(WorkId, u64), Vec<Crossing>>,
}

/// Returns the lines of a set.
pub fn lines_of(set: usize) -> Vec<String> {
    let (outcome, by) = [("refuse", "from"), ("hold", "giver")][set];
    let when = [
        "context.from != context.to",
        "context.to == Country::\"JP\" && context has held_days && context.held_days < 366",
    ][set];
    let document = TYPES[set];
    let text = format!(
        "@id(\"only\")\n@cite(\"an act\")\n@checked(\"2026-11-29\")\n@because(\"so it is\")\n@outcome(\"{outcome}\")\n\
         @document(\"{document}\")\n@by(\"{by}\")\nforbid (principal, action, resource) when {{ {when} }}\n\
         unless {{ context.papers.contains({{ document: Document::\"{document}\", by: \"{by}\" }}) }};"
    );
    let share = "@id(\"share\")\n@cite(\"an act\")\n@checked(\"2026-11-29\")\n@because(\"so it is\")\n@owes(\"ARR_RECEIPT\")\n\
                 @by(\"maker\")\npermit (principal, action, resource) when { context.to == Country::\"FR\" };";
    let share = if set == 1 { share } else { "" };
    text.lines().chain(share.lines()).map(str::to_owned).collect()
}

fn digest_of(set: usize) -> Digest {
    let text: String = lines_of(set).iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    Digest(sha256(format!("colophon.rules/v1\n{ENGINE}\n{NAME}\n{text}").as_bytes()))
}

fn together(set: usize) -> Digest {
    Digest(sha256_concat(&[b"colophon.corridor/v1\n", digest_of(set).0.as_bytes()]))
}

impl Borders {
    /// Returns whether rules were ever published: then what becomes of an entry depends on its batch's height.
    pub fn has_rules(&self) -> bool {
        !self.published.is_empty()
    }

    /// Publishes a set, or withdraws the one that there is.
    pub fn publish(&mut self, set: Option<usize>, from: u64, height: u64, index: u64) -> Result<(), &'static str> {
        if from <= height {
            return Err("rules_retroactive");
        }
        if set.is_none() && !self.list.values().any(Option::is_some) {
            return Err("rules_unknown");
        }
        self.list.insert(from, set);
        if let Some(newest) = self.list.range(..=height).next_back().map(|(from, _)| *from) {
            self.list.retain(|from, set| *from > newest || (*from == newest && set.is_some()));
        }
        let mut before = None;
        self.list.retain(|_, set| {
            let ends = set.is_none() && before.is_none();
            before = *set;
            !ends
        });
        self.published.extend(set.map(|set| (set, index)));
        Ok(())
    }

    /// Enrols somebody, or removes them.
    pub fn enrol(&mut self, person: usize, enrols: bool) -> Result<(), &'static str> {
        let before = self.enrolled.clone().unwrap_or_default();
        if !enrols && !before.contains(&person) {
            return Err("authority_unfit");
        }
        let enrolled = self.enrolled.get_or_insert_default();
        if enrols {
            enrolled.insert(person)
        } else {
            enrolled.remove(&person)
        };
        Ok(())
    }

    /// Returns the newest entry of a chain of documents.
    pub fn newest(&self, thing: Thing, kind: usize, by: usize) -> Option<EntryId> {
        self.papers.get(&(thing, kind, by)).map(|paper| paper.newest)
    }

    /// Attests a document, or takes it back.
    pub fn say(
        &mut self,
        (thing, kind, by): (Thing, usize, usize),
        prev: Option<EntryId>,
        said: Saying,
        moment: Moment,
    ) -> Result<(), &'static str> {
        let before = self.papers.get(&(thing, kind, by));
        if said == Saying::Revoke && before.is_none() {
            return Err("nothing_attested");
        }
        if before.map(|paper| paper.newest) != prev {
            return Err("prev_stale");
        }
        let paper = match (said, before) {
            (Saying::Revoke, Some(paper)) if paper.revoked.is_some() => return Err("nothing_attested"),
            (Saying::Revoke, Some(paper)) => Paper { newest: moment.id, revoked: Some(moment.index), ..paper.clone() },
            (said, _) => Paper {
                attest: moment.id,
                index: moment.index,
                newest: moment.id,
                revoked: None,
                is_over: said == Saying::AttestOver,
            },
        };
        self.papers.insert((thing, kind, by), paper);
        self.note(thing, moment);
        Ok(())
    }

    /// Hangs an entry on something.
    pub fn note(&mut self, thing: Thing, moment: Moment) {
        self.notes.entry(thing).or_default().push((moment.id, moment.index));
    }

    /// Returns whether somebody is enrolled.
    pub fn is_enrolled(&self, person: usize) -> bool {
        self.enrolled.as_ref().is_some_and(|enrolled| enrolled.contains(&person))
    }

    /// Judges title that moves.
    pub fn cross(
        &mut self,
        (work, number): (WorkId, u64),
        (edition, maker): (&Edition, usize),
        (to, towards): (usize, &str),
        (height, moment): (u64, Moment),
    ) -> Result<(), &'static str> {
        let set = self.list.range(..=height).next_back().and_then(|(_, set)| *set);
        let Some(set) = set else { return Ok(()) };
        let things =
            [Thing::Edition(work, number), Thing::Work(work), Thing::Person(edition.holder), Thing::Person(to)];
        let stands = |kind: usize, by: usize| -> Vec<EntryId> {
            let newest = things.iter().filter_map(|thing| self.papers.get(&(*thing, kind, by)));
            newest.filter(|paper| paper.revoked.is_none() && !paper.is_over).map(|paper| paper.attest).collect()
        };
        let enrolled = self.enrolled.clone().unwrap_or_default();
        let licences: BTreeSet<EntryId> = enrolled.iter().flat_map(|by| stands(0, *by)).collect();
        let mut papers: BTreeMap<EntryId, BTreeSet<&'static str>> = BTreeMap::new();
        for id in &licences {
            papers.entry(*id).or_default().insert(HOME);
        }
        for (by, party) in [(edition.holder, "giver"), (to, "recipient"), (maker, "maker")] {
            for id in [stands(0, by), stands(1, by)].concat() {
                papers.entry(id).or_default().insert(party);
            }
        }
        let from_home = edition.country == HOME;
        let mut noted = None;
        if set == 0 && edition.country != towards && (!from_home || licences.is_empty()) {
            if from_home && !enrolled.is_empty() {
                return Err("crossing_refused");
            }
            noted = Some(edition.country);
        }
        let is_held_long = moment.time_ms - edition.since_ms >= A_YEAR_MS;
        if set == 1 && towards == "JP" && !is_held_long && stands(1, edition.holder).is_empty() {
            return Err("crossing_held");
        }
        let owed = set == 1 && towards == "FR";
        let (giver, recipient) = (edition.holder, to);
        let crossing =
            Crossing { index: moment.index, noted, papers, sets: set, giver, recipient, owed, receipt: None };
        self.crossings.entry((work, number)).or_default().push(crossing);
        Ok(())
    }

    /// Returns the crossings of an edition for which a receipt is still owed, numbered from 1.
    pub fn owing(&self, place: &(WorkId, u64)) -> Option<u64> {
        let crossings = self.crossings.get(place)?;
        (1..).zip(crossings).find(|(_, crossing)| crossing.owed && crossing.receipt.is_none()).map(|(count, _)| count)
    }

    /// Takes a receipt; the maker of the work speaks, or somebody for the country.
    pub fn settle(
        &mut self,
        (place, count): ((WorkId, u64), u64),
        (by, speaks, maker): (usize, bool, usize),
        moment: Moment,
    ) -> Result<(), &'static str> {
        let is_enrolled = self.is_enrolled(by);
        let crossing = usize::try_from(count - 1).ok().and_then(|n| self.crossings.get_mut(&place)?.get_mut(n));
        let open = crossing.filter(|crossing| crossing.owed && crossing.receipt.is_none()).ok_or("nothing_owed")?;
        if (speaks && !is_enrolled) || (!speaks && by != maker) {
            return Err("not_payee");
        }
        open.receipt = Some((by, moment.id, moment.index));
        self.note(Thing::Edition(place.0, place.1), moment);
        Ok(())
    }

    /// Adds what an edition's record says of rules.
    pub fn tell(&self, place: &(WorkId, u64), record: &mut Value) {
        if let Some(crossings) = self.crossings.get(place) {
            record["judged"] = json!(crossings.len());
            record["rules"] = json!(crossings.last().map(|crossing| together(crossing.sets)));
        }
    }

    /// Writes every record of its own.
    pub fn records(&self, mut write: impl FnMut(String, &Value)) {
        if !self.published.is_empty() {
            let set = |(height, set): (&u64, &Option<usize>)| {
                let mut item = json!({"height": height, "name": NAME});
                if let Some(set) = set {
                    item["digest"] = json!(digest_of(*set));
                }
                item
            };
            write("rules".to_owned(), &json!({"sets": self.list.iter().map(set).collect::<Vec<_>>()}));
        }
        for (set, index) in &self.published {
            let record = json!({
                "citation": "an act", "index": index, "jurisdiction": HOME, "name": NAME, "text": lines_of(*set),
            });
            write(format!("rules/{}", digest_of(*set)), &record);
        }
        if let Some(enrolled) = &self.enrolled {
            let mut accounts: Vec<_> = enrolled.iter().map(|person| account_of(*person)).collect();
            accounts.sort();
            let one = |account| json!({"account": account, "types": ENROLLED});
            let country = json!({"country": HOME, "types": ENROLLED});
            let countries = if accounts.is_empty() { vec![] } else { vec![country] };
            write(format!("authority/{HOME}"), &json!({"accounts": accounts.iter().map(one).collect::<Vec<_>>()}));
            write("authorities".to_owned(), &json!({"countries": countries}));
        }
        for ((thing, kind, by), paper) in &self.papers {
            let mut record = json!({
                "attest": paper.attest, "index": paper.index, "newest": paper.newest, "sha256": file(),
            });
            if let Some(revoked) = paper.revoked {
                record["revoked"] = json!(revoked);
            }
            if paper.is_over {
                record["valid_to"] = json!(LONG_AGO);
            }
            write(format!("paper/{}/{}/{}", thing.name(), TYPES[*kind], account_of(*by)), &record);
        }
        for (thing, notes) in &self.notes {
            write(format!("note/{}", thing.name()), &json!({"count": notes.len()}));
            for (number, (entry, index)) in (1..).zip(notes) {
                write(format!("note/{}/{number}", thing.name()), &json!({"entry": entry, "index": index}));
            }
        }
        for ((work, number), crossings) in &self.crossings {
            for (count, crossing) in (1..).zip(crossings) {
                let counted = |(id, of): (&EntryId, &BTreeSet<&str>)| json!({"attest": id, "of": of});
                let note = |of| json!({"of": of, "owed": false, "rule": format!("{NAME}/only"), "type": TYPES[0]});
                let mut noted: Vec<Value> = crossing.noted.map(note).into_iter().collect();
                if crossing.owed {
                    let mut share = json!({"of": "maker", "owed": true, "rule": SHARE, "type": "ARR_RECEIPT"});
                    if let Some((by, entry, index)) = crossing.receipt {
                        share["receipt"] = json!({"by": account_of(by), "entry": entry, "index": index});
                    }
                    noted.push(share);
                }
                let record = json!({
                    "giver": account_of(crossing.giver), "index": crossing.index, "noted": noted,
                    "papers": crossing.papers.iter().map(counted).collect::<Vec<_>>(), "recipient": account_of(crossing.recipient),
                    "rules": together(crossing.sets),
                });
                write(format!("crossing/{work}/{number}/{count}"), &record);
                let named = json!({"sets": [{"digest": digest_of(crossing.sets), "name": NAME}]});
                write(format!("corridor/{}", together(crossing.sets)), &named);
            }
        }
    }
}

/// What is done about a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saying {
    /// It is stated.
    Attest,
    /// It is stated, and has run out.
    AttestOver,
    /// It is taken back.
    Revoke,
}

/// Returns the digest of the file of every document.
pub fn file() -> Digest {
    Digest(sha256(b"paper"))
}
