//! What burdens an edition beside its title, as it is told: flags of authorities, liens, loans, and what anybody alleges.

use colophon_ledger::certificate::Provenance;
use colophon_ledger::field::{Country, Day, EntryId};
use colophon_ledger::state::{AllegedRecord, Burden, EncumbranceRecord, Ground};
use serde::Serialize;

use crate::party::Party;
use crate::sheet::Sheet;
use crate::words;
use crate::words::ids;

/// One flag, lien or loan that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Encumbrance {
    /// What it is.
    pub kind: Burden,
    /// Whether title cannot move while it stands.
    pub blocks: bool,
    /// The authority, the creditor or the borrower.
    pub of: Party,
    /// The entry that placed it.
    pub entry: EntryId,
    /// Of a flag, the country for which the authority spoke.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Of a flag, why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    /// Of a loan, the day on which it is to be back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
}

/// What anybody alleges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alleged {
    /// How many accounts allege something.
    pub count: u64,
    /// The newest of it, oldest first; at most 16.
    pub newest: Vec<Allegation>,
}

/// What one account alleges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Allegation {
    /// Whose word it is.
    pub by: Party,
    /// What is alleged.
    pub ground: Ground,
    /// The entry.
    pub entry: EntryId,
}

impl Encumbrance {
    /// Returns all that stand, oldest first.
    pub fn all(provenance: &Provenance) -> Vec<Encumbrance> {
        let told = |record: &EncumbranceRecord| Encumbrance {
            kind: record.kind,
            blocks: record.kind.blocks(),
            of: Party::of(&record.of, provenance),
            entry: record.entry,
            country: record.country.clone(),
            ground: record.ground,
            until: record.until.clone(),
        };
        provenance.state.burdens().iter().map(told).collect()
    }

    /// Writes it into a card; what blocks is told in capitals.
    pub fn write(&self, sheet: &mut Sheet) {
        let Encumbrance { of, country, ground, until, .. } = self;
        match self.kind {
            Burden::Flag => {
                let country = country.as_ref().map(words::place).unwrap_or_default();
                sheet.row("FLAGGED", &format!("as {} by {}", ground.map_or("flagged", Ground::word), of.called()));
                sheet.row("", &format!("an authority of {country}"));
                sheet.row("", "it, or another of its country, can release it");
            }
            Burden::Lien => {
                sheet.row("LIEN", &format!("of {}, who alone can release it", of.called()));
            }
            Burden::Loan => {
                let until = until.as_ref().map(|day| format!(", to be back by {day}")).unwrap_or_default();
                sheet.row("on loan", &format!("to {}{until}; custody is not title", of.called()));
            }
        }
        if self.blocks {
            sheet.row("", "title cannot move while it stands");
        }
        sheet.row("", &format!("entry {}", ids::short(&self.entry)));
    }
}

impl Alleged {
    /// Returns what is alleged, if anything is.
    pub fn of(provenance: &Provenance) -> Option<Alleged> {
        let count = provenance.state.allegations?;
        let told = |record: &AllegedRecord| Allegation {
            by: Party::of(&record.by, provenance),
            ground: record.ground,
            entry: record.entry,
        };
        Some(Alleged { count, newest: provenance.alleged.open.iter().map(told).collect() })
    }

    /// Writes it into a card: strangers' words, and how many more there are.
    pub fn write(&self, sheet: &mut Sheet) {
        sheet.row("ALLEGED", &format!("by {}; it blocks nothing, and nobody vouches for it:", accounts(self.count)));
        for Allegation { by, ground, entry } in &self.newest {
            sheet.row("", &format!("{}: {} (entry {})", by.called(), ground.word(), ids::short(entry)));
        }
        let more = self.count.saturating_sub(self.newest.len() as u64);
        if more > 0 {
            sheet.row("", &format!("and {} that are not named here", accounts(more)));
        }
    }
}

fn accounts(count: u64) -> String {
    words::count(count, "account")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::Dossier;
    use crate::sample::{Sample, account, digest};
    use colophon_ledger::state::AllegationsRecord;

    fn burden(kind: Burden, of: &str) -> EncumbranceRecord {
        let is_flag = kind == Burden::Flag;
        EncumbranceRecord {
            country: is_flag.then(|| "FR".parse().unwrap()),
            entry: digest("burden"),
            ground: is_flag.then_some(Ground::Stolen),
            index: 6,
            kind,
            of: account(of),
            until: (kind == Burden::Loan).then(|| "2027-01-31".parse().unwrap()),
        }
    }

    #[test]
    fn what_burdens_a_work_stands_on_its_card() {
        let mut sample = Sample::minted();
        let all = [(Burden::Flag, "bureau"), (Burden::Lien, "bank"), (Burden::Loan, "museum")];
        sample.state(|state| {
            state.encumbrances = Some(all.iter().map(|(kind, of)| burden(*kind, of)).collect());
            state.allegations = Some(3);
        });
        let alleged = AllegedRecord { by: account("cy"), entry: digest("said"), ground: Ground::Disputed, index: 7 };
        let mut provenance = sample.provenance().clone();
        provenance.alleged = AllegationsRecord { open: vec![alleged] };
        let card = Dossier::of(&provenance, 0);
        let mut sheet = Sheet::new();
        card.write(&mut sheet);
        let text = sheet.to_string();
        for told in [
            "FLAGGED       as stolen by",
            "an authority of France (FR)",
            "it, or another of its country, can release it",
            "LIEN          of",
            "on loan       to",
            "to be back by 2027-01-31",
            "ALLEGED       by 3 accounts; it blocks nothing",
            "disputed",
            "and 2 accounts that are not named here",
        ] {
            assert!(text.contains(told), "{told:?} is not in\n{text}");
        }
        assert_eq!(text.matches("title cannot move while it stands").count(), 2);
        let json = serde_json::to_value(&card).unwrap();
        assert_eq!(
            (json["encumbrances"][0]["kind"].as_str(), json["alleged"]["count"].as_u64()),
            (Some("flag"), Some(3))
        );
    }
}
