//! Asks what the rules would answer to terms that nobody has signed, and judges it here: the node hands out the records, each with its
//! proof, and is not believed when it says what follows from them.

use colophon_ledger::crossing::Deed;
use colophon_ledger::crossing::judgement::Judgement;
use colophon_ledger::crossing::proposed::Proposed;
use colophon_ledger::deal::{Money, Price};
use colophon_ledger::field::Digest;
use colophon_ledger::proved::StateAnswer;
use colophon_ledger::rule::Stop;
use colophon_ledger::state::{RecordKey, RuleListRecord, RuleSetRecord};
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::failure::shown;
use crate::lookup::{AsOf, LookupError, STATE_BYTES_MAX, record, refused};
use crate::problem::Problem;

/// The most objections in one refusal that are read: as many rules as can be in force.
const OBJECTIONS_MAX: usize = 64 * 32;

/// What the rules would answer, judged from records that are proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreseen {
    /// As of when.
    pub as_of: AsOf,
    /// The height of the next batch, by whose rules it was judged.
    pub height: u64,
    /// The answer. None: no rules are in force.
    pub judgement: Option<Judgement>,
    /// What later batches will find in force, or not any more, in ascending order of names.
    pub to_come: Vec<RuleSetRecord>,
}

impl Client {
    /// Asks for what a crossing would be judged by, and judges it at `now_ms`, or at the register's newest time if that is later.
    ///
    /// That the register's state follows from its entries is the word of whoever replays it, as in every answer.
    pub async fn foresee(&self, proposed: &Proposed, now_ms: u64) -> Result<Foreseen, LookupError> {
        let asked = self.asking().await?;
        let answer: StateAnswer = self.transport().get_json(&path_of(proposed), STATE_BYTES_MAX).await?;
        let (records, as_of) = self.proved(asked, &answer).await?;
        let height = as_of.seal.height.get() + 1;
        let judged = proposed.judge(height, now_ms.max(as_of.time_ms()), &records);
        let judgement = judged.map_err(|stop| match stop {
            Stop::Refused(refusal) => refused(answer.seal.index)(refusal),
            Stop::Unreadable(unreadable) => unreadable.into(),
        })?;
        let list: RuleListRecord = record(&records, &RecordKey::RuleList)?.unwrap_or_default();
        let to_come = list.sets.into_iter().filter(|set| set.height > height).collect();
        Ok(Foreseen { as_of, height, judgement, to_come })
    }
}

fn path_of(proposed: &Proposed) -> String {
    let Proposed { work, edition, to, to_country, deed, delivery, price, professional, value } = proposed;
    let money = |name: &str, currency: &str, money: &Money| {
        format!("&{name}={}&{currency}={}", money.amount.get(), money.currency)
    };
    let price = match price {
        Some(Price::Open(open)) => money("amount", "currency", open),
        _ => String::new(),
    };
    let value = value.as_ref().map(|value| money("value", "value_currency", value)).unwrap_or_default();
    let professional = if *professional { "&professional=true" } else { "" };
    let deed = match deed {
        Deed::Transfer(basis) => format!("basis={}", basis.word()),
        Deed::Move => "deed=move".to_owned(),
        Deed::Transmit(decree) => format!("deed=transmit&basis={}", decree.word()),
    };
    let delivery = delivery.word();
    format!(
        "v1/works/{work}/crossing?edition={edition}&to={to}&to_country={to_country}&{deed}&delivery={delivery}\
         {price}{value}{professional}"
    )
}

/// What a node says that the rules of the corridor say against an entry. **Not proved**; its texts are safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Objections {
    /// The digest of the rule sets that it says it applied.
    pub rules: Digest,
    /// What each rule says that stands in the way.
    pub objections: Vec<Objection>,
}

/// What one rule says against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    /// The rule's id.
    pub rule: String,
    /// Whether it waits for a document; otherwise it refuses.
    pub holds: bool,
    /// Why.
    pub because: String,
    /// Which law or decision says so.
    pub cite: String,
    /// What would help.
    pub cure: String,
}

#[derive(Deserialize)]
struct Member {
    rules: Digest,
    objections: Vec<Objection>,
}

impl Problem {
    /// Returns what the rules of the corridor say, of a `crossing_refused` and a `crossing_held`.
    pub fn objections(&self) -> Option<Objections> {
        let Member { rules, objections } = self.member("crossing")?;
        let objection = |Objection { rule, holds, because, cite, cure }: Objection| Objection {
            rule: shown(&rule),
            holds,
            because: shown(&because),
            cite: shown(&cite),
            cure: shown(&cure),
        };
        let objections = objections.into_iter().take(OBJECTIONS_MAX).map(objection).collect();
        Some(Objections { rules, objections })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rules_object_is_read_and_cannot_steer_a_terminal() {
        let rules = Digest(colophon_tlog::hash::sha256(b"rules"));
        let body = format!(
            r#"{{"code":"crossing_refused","crossing":{{"rules":"{rules}","objections":[{{"rule":"LAW/licence","holds":false,
            "because":"so\u001b[2J","cite":"an act","cure":"get it","document":"INVOICE","of":"CN"}}]}}}}"#
        );
        let problem = Problem::read(422, None, body.into_bytes());
        let objections = problem.objections().unwrap();
        assert_eq!((objections.rules, objections.objections.len()), (rules, 1));
        assert_eq!(objections.objections[0].because, "so\u{fffd}[2J");
        assert_eq!(Problem::read(422, None, b"{}".to_vec()).objections(), None);
    }
}
