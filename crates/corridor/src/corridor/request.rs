//! Facts as the request that Cedar evaluates.

use cedar_policy::{Context, Request, RestrictedExpression};

use crate::engine::uid;
use crate::facts::{Facts, Money, Party};
use crate::paper::Paper;
use crate::place::Country;

type Value = RestrictedExpression;

/// Turns facts into the request that rules are evaluated over. It is as the schema has it, whatever the facts are.
pub(super) fn of(facts: &Facts) -> Request {
    let mut members = vec![
        ("from", country(facts.from)),
        ("to", country(facts.to)),
        ("basis", word("Basis", facts.basis.as_str())),
        ("delivery", word("Delivery", facts.delivery.as_str())),
        ("giver", party(&facts.giver)),
        ("recipient", party(&facts.recipient)),
        ("work", work(facts)),
        ("professional", Value::new_bool(facts.professional)),
        ("price", money(&facts.price)),
        ("value", money(&facts.value)),
        ("papers", Value::new_set(facts.papers.iter().flat_map(|each| paper(facts, *each)))),
        ("year", long(facts.year)),
    ];
    members.extend(facts.held_days.map(|days| ("held_days", long(days))));
    members.extend(facts.licence.as_ref().map(|licence| {
        let members = [
            ("exclusive", Value::new_bool(licence.asked.exclusive)),
            ("beyond", Value::new_bool(licence.is_beyond())),
            ("clashes", Value::new_bool(licence.clashes())),
        ];
        ("licence", record(members))
    }));
    let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
    let context = Context::from_pairs(members).expect("no member stands there twice");
    let account = uid("Account", &facts.giver.account);
    let (act, work) = (uid("Action", facts.act.as_str()), uid("Work", &facts.work.id));
    Request::new(account, act, work, context, None).expect("without a schema nothing is judged here")
}

fn party(party: &Party) -> Value {
    let listed = party.listed.iter().flat_map(|country| {
        std::iter::once(country.to_string()).chain(country.regions().map(|region| region.to_string()))
    });
    record([
        ("country", country(party.country)),
        ("maker", Value::new_bool(party.maker)),
        ("listed", Value::new_set(listed.map(Value::new_string))),
    ])
}

fn work(facts: &Facts) -> Value {
    let work = &facts.work;
    let mut members = vec![
        ("category", word("Category", work.category.as_str())),
        ("protection", word("Protection", work.protection.as_str())),
        ("source", word("Source", work.source.as_str())),
        ("older_than", long(work.older_than)),
    ];
    members.extend(work.origin.map(|origin| ("origin", country(origin))));
    members.extend(work.maker_died.map(|year| ("maker_died", long(year))));
    record(members)
}

/// A paper stands there once for each name of its issuer.
fn paper(facts: &Facts, paper: Paper) -> Vec<Value> {
    let document = || word("Document", paper.document.as_str());
    let names = facts.names_of(paper.issuer).into_iter();
    names.map(|by| record([("document", document()), ("by", Value::new_string(by))])).collect()
}

fn money(money: &Money) -> Value {
    record(money.iter().map(|(code, amount)| (*code, long(i64::try_from(*amount).unwrap_or(i64::MAX)))))
}

fn record<'n>(members: impl IntoIterator<Item = (&'n str, Value)>) -> Value {
    let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
    Value::new_record(members).expect("no member stands there twice")
}

fn long(number: impl Into<i64>) -> Value {
    Value::new_long(number.into())
}

fn word(entity_type: &'static str, text: &str) -> Value {
    Value::new_entity_uid(uid(entity_type, text))
}

fn country(country: Country) -> Value {
    word("Country", country.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::engine;
    use crate::word::Act;

    /// Cedar itself compares the request with the schema.
    fn as_the_schema_has_it(line: &str) {
        let facts: Facts = line.parse().unwrap();
        for act in Act::ALL {
            let request = of(&Facts { act: *act, ..facts.clone() });
            let whole = Request::new(
                request.principal().unwrap().clone(),
                request.action().unwrap().clone(),
                request.resource().unwrap().clone(),
                request.context().unwrap().clone(),
                Some(engine().validator.schema()),
            );
            assert!(whole.is_ok(), "{line}: {}", whole.unwrap_err());
        }
    }

    #[test]
    fn facts_are_as_the_schema_has_them() {
        as_the_schema_has_it("from=CN to=FR");
        as_the_schema_has_it(
            "from=CN to=FR basis=court_order delivery=rights giver.listed=FR,CN recipient.maker=yes work.category=antique \
             work.protection=national_treasure work.source=print work.older=300 work.origin=NO work.died=1900 professional=yes \
             price=EUR:9007199254740991,USD:0 value=ZAR:1 papers=INVOICE@giver,ARR_RECEIPT@FR held=3 asks=simple:world:0..1",
        );
    }
}
