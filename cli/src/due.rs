//! What rules have noted to be owed of an edition, and that nobody has given a receipt for.

use colophon_ledger::certificate::Provenance;
use colophon_ledger::field::DocumentType;
use serde::Serialize;

use crate::ruled::money_of;
use crate::sheet::Sheet;
use crate::words;

/// One thing that is outstanding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Due {
    /// Which crossing of the edition it was, counted from 1.
    pub crossing: u64,
    /// The rule that noted it.
    pub rule: String,
    /// Whose receipt closes it: a party, a country or a region.
    pub of: String,
    /// The paper that shows it.
    #[serde(rename = "type")]
    pub document_type: DocumentType,
    /// How much, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<u64>,
    /// Of which currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Within how many days of the crossing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_days: Option<u64>,
    /// The operator's time of the crossing, in milliseconds after 1970.
    pub since_ms: u64,
}

impl Due {
    /// Returns all that is outstanding, oldest first.
    pub fn outstanding(provenance: &Provenance) -> Vec<Due> {
        let mut all = Vec::new();
        for (number, crossing) in (1..).zip(&provenance.crossings) {
            let step = provenance.steps.iter().find(|step| step.moment.index == crossing.index);
            let since_ms = step.map(|step| step.moment.time_ms).unwrap_or_default();
            let open = crossing.noted.iter().filter(|noted| noted.owed && noted.receipt.is_none());
            all.extend(open.map(|noted| Due {
                crossing: number,
                rule: noted.rule.clone(),
                of: noted.of.clone(),
                document_type: noted.document_type.clone(),
                amount: noted.amount,
                currency: noted.currency.clone(),
                within_days: noted.within_days,
                since_ms,
            }));
        }
        all
    }

    /// Returns it in a few words.
    pub fn told(&self) -> String {
        let money =
            money_of(self.amount, self.currency.as_deref()).map(|money| format!("{money}, ")).unwrap_or_default();
        format!("{money}{} of {} ({})", self.document_type, self.of, self.rule)
    }

    /// Writes it into a card.
    pub fn write(&self, sheet: &mut Sheet) {
        let within = self.within_days.map(|days| format!(", within {}", words::count(days, "day"))).unwrap_or_default();
        sheet.row("OWED", &self.told());
        sheet.row("", &format!("since {}{within}; no receipt yet", words::day(self.since_ms)));
    }
}
