//! Which crossings a rule can reach: what its conditions ask first of the act, the countries and the delivery.
//!
//! A register adopts the law of many countries, and few rules have to do with one crossing. What their conditions begin with is known
//! when they are read; so the rest of the rules need not be evaluated. A condition is a chain of parts that Cedar evaluates from the left
//! until one is false: only as many parts count here as are of the forms below, of which none can fail, so no answer depends on it.

use std::collections::BTreeSet;

use cedar_policy::Policy;
use cedar_policy::pst::{ActionConstraint, BinaryOp, Clause, EntityUID, Expr, Literal, UnaryOp, Var};

use crate::facts::Facts;
use crate::place::{Country, Region};
use crate::word::{Act, Delivery};

/// What must hold of a crossing for a rule to apply. Where all of it holds, the rule may still not apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reach {
    acts: Vec<Act>,
    tests: Vec<Test>,
}

/// One part of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Test {
    asks: Asks,
    /// What it must come to.
    wanted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Asks {
    From(BTreeSet<Country>),
    To(BTreeSet<Country>),
    Delivery(Delivery),
}

impl Reach {
    /// Reads what a policy asks first. One that cannot be taken apart reaches every crossing.
    pub(crate) fn of(policy: &Policy) -> Reach {
        let Ok(parts) = policy.to_pst() else { return Reach { acts: Act::ALL.to_vec(), tests: Vec::new() } };
        let body = parts.body();
        let mut tests = Vec::new();
        for clause in body.clauses() {
            let whole = match clause {
                Clause::When(condition) => add(&mut tests, condition),
                Clause::Unless(_) => false,
            };
            if !whole {
                break;
            }
        }
        Reach { acts: acts(&body.action), tests }
    }

    /// Tells whether the rule may apply to a crossing; if not, it does not.
    pub(crate) fn holds(&self, facts: &Facts) -> bool {
        self.acts.contains(&facts.act) && self.tests.iter().all(|test| test.holds(facts))
    }
}

impl Test {
    fn holds(&self, facts: &Facts) -> bool {
        let found = match &self.asks {
            Asks::From(countries) => countries.contains(&facts.from),
            Asks::To(countries) => countries.contains(&facts.to),
            Asks::Delivery(delivery) => *delivery == facts.delivery,
        };
        found == self.wanted
    }
}

/// Lists the acts that a scope has in it: those that it names, and those that belong to a group that it names.
fn acts(scope: &ActionConstraint) -> Vec<Act> {
    let named = |act: &Act, uid: &EntityUID| match &*uid.eid {
        "crossing" => *act != Act::Licence,
        word => word == act.as_str(),
    };
    let fits = |act: &Act| match scope {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => *uid.eid == *act.as_str(),
        ActionConstraint::In(uids) => uids.iter().any(|uid| named(act, uid)),
    };
    Act::ALL.iter().copied().filter(fits).collect()
}

/// Adds the tests that a chain of conditions begins with, and tells whether they were all of it.
fn add(tests: &mut Vec<Test>, condition: &Expr) -> bool {
    if let Expr::BinaryOp { op: BinaryOp::And, left, right } = condition {
        return add(tests, left) && add(tests, right);
    }
    let test = test(condition);
    let is_one = test.is_some();
    tests.extend(test);
    is_one
}

/// Reads `context.from == Country::"FR"`, `context.to in Region::"EU"`, `context.delivery == Delivery::"digital"`, and their opposites.
fn test(condition: &Expr) -> Option<Test> {
    match condition {
        Expr::UnaryOp { op: UnaryOp::Not, expr } => test(expr).map(|test| Test { wanted: !test.wanted, ..test }),
        Expr::BinaryOp { op, left, right } => {
            let (Expr::GetAttr { expr, attr }, Expr::Literal(Literal::EntityUID(uid))) = (&**left, &**right) else {
                return None;
            };
            let of_context = matches!(&**expr, Expr::Var(Var::Context));
            let asks = asks(attr, *op, uid).filter(|_| of_context)?;
            Some(Test { asks, wanted: *op != BinaryOp::NotEq })
        }
        _ => None,
    }
}

fn asks(attribute: &str, op: BinaryOp, uid: &EntityUID) -> Option<Asks> {
    let countries: fn(BTreeSet<Country>) -> Asks = match attribute {
        "from" => Asks::From,
        "to" => Asks::To,
        "delivery" if op != BinaryOp::In => return uid.eid.parse().ok().map(Asks::Delivery),
        _ => return None,
    };
    match op {
        BinaryOp::Eq | BinaryOp::NotEq => Some(countries(BTreeSet::from([uid.eid.parse().ok()?]))),
        BinaryOp::In => {
            let region = Region::of(&uid.eid)?;
            (uid.ty.to_string() == "Region").then(|| countries(region.members().collect()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(scope: &str, conditions: &str) -> Reach {
        Reach::of(&Policy::parse(None, format!("forbid (principal, {scope}, resource) {conditions};")).unwrap())
    }

    fn holds(scope: &str, conditions: &str, line: &str) -> bool {
        reach(scope, conditions).holds(&line.parse().unwrap())
    }

    #[test]
    fn a_rule_reaches_the_acts_of_its_scope() {
        let acts = |scope: &str| reach(scope, "").acts.iter().map(|act| act.as_str()).collect::<Vec<_>>();
        assert_eq!(acts("action"), ["licence", "move", "transfer", "transmit"]);
        assert_eq!(acts("action in Action::\"crossing\""), ["move", "transfer", "transmit"]);
        assert_eq!(acts("action in [Action::\"licence\", Action::\"move\"]"), ["licence", "move"]);
        assert_eq!(acts("action == Action::\"transfer\""), ["transfer"]);
        assert_eq!(acts("action == Action::\"crossing\""), [""; 0]);
    }

    #[test]
    fn what_a_condition_begins_with_tells_where_it_can_apply() {
        let chain = "when { context.from in Region::\"EU\" && !(context.to in Region::\"EEA\") && \
                     context.to != Country::\"CH\" && context.delivery == Delivery::\"physical\" && context.professional }";
        assert_eq!(reach("action", chain).tests.len(), 4);
        for (line, expected) in [
            ("from=FR to=CN delivery=physical", true),
            ("from=FR to=CN delivery=physical professional=yes", true),
            ("from=FR to=CN delivery=digital", false),
            ("from=NO to=CN delivery=physical", false),
            ("from=FR to=NO delivery=physical", false),
            ("from=FR to=CH delivery=physical", false),
        ] {
            assert_eq!(holds("action", chain, line), expected, "{line}");
        }
    }

    #[test]
    fn after_anything_else_nothing_is_looked_at() {
        let tests = |conditions: &str| reach("action", conditions).tests.len();
        let (cn, fr) = ("context.from == Country::\"CN\"", "context.to == Country::\"FR\"");
        assert_eq!(tests(&format!("when {{ {cn} && context.professional && {fr} }}")), 1);
        assert_eq!(tests(&format!("when {{ context.professional && {cn} }}")), 0);
        assert_eq!(tests(&format!("when {{ {cn} || {fr} }}")), 0);
        assert_eq!(tests(&format!("when {{ {cn} && ({fr} && {fr}) }} when {{ {fr} }}")), 4);
        assert_eq!(tests(&format!("when {{ {cn} && !({fr} && {fr}) }} when {{ {fr} }}")), 1);
        assert_eq!(tests(&format!("unless {{ {cn} }} when {{ {fr} }}")), 0);
        assert_eq!(tests("when { context.giver.country == Country::\"CN\" }"), 0);
        assert_eq!(tests("when { context.from == context.to }"), 0);
        assert_eq!(tests("when { context.from in Country::\"FR\" }"), 0);
        assert_eq!(tests("when { Country::\"CN\" == context.from }"), 0);
        assert_eq!(tests("when { context.from in [Region::\"EU\"] }"), 0);
    }
}
