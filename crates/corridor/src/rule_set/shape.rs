//! What a policy may say: a small part of Cedar, of bounded size, whose sums cannot overflow.
//!
//! After this and the schema's validation nothing is left that could fail when a rule is evaluated: it is total.

use cedar_policy::Policy;
use cedar_policy::pst::{ActionConstraint, BinaryOp, Clause, Expr, Literal, UnaryOp};

use crate::facts::NUMBER_MAX;
use crate::paper::By;
use crate::place::{Country, Region};
use crate::rule::Demand;

/// How deep an expression may be.
pub const DEPTH_MAX: usize = 32;
/// How many parts the conditions of a rule may have.
pub const NODES_MAX: usize = 256;

/// Why a policy says what a rule may not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// Too deep.
    #[error("its conditions are deeper than {DEPTH_MAX} steps")]
    Depth,
    /// Too large.
    #[error("its conditions have more than {NODES_MAX} parts")]
    Nodes,
    /// Part of Cedar that rules do without.
    #[error("it uses {0}, which rules do without")]
    Operator(&'static str),
    /// A sum or product that may not fit.
    #[error("its arithmetic may overflow")]
    Overflow,
    /// A country that is none by its syntax.
    #[error("{0:?} is no country code")]
    Country(String),
    /// A gate that its own paper does not open.
    #[error(
        "it asks for {document}, but no condition of it looks for {{ document: Document::\"{document}\", by: \"{by}\" }}"
    )]
    Unopened {
        /// The document.
        document: String,
        /// Of whom.
        by: String,
    },
    /// Cedar cannot show its parts.
    #[error("it cannot be taken apart: {0}")]
    Opaque(String),
}

/// The numbers that an expression may come to. What is no number has a range all the same, and is never counted with.
type Range = (i128, i128);

/// Measures a policy. With `opened_by`, one of its conditions must look for that paper.
pub(super) fn measure(policy: &Policy, opened_by: Option<&Demand>) -> Result<(), ShapeError> {
    let parts = policy.to_pst().map_err(|error| ShapeError::Opaque(error.to_string().chars().take(80).collect()))?;
    let body = parts.body();
    let mut tape = Tape { nodes: 0, papers: Vec::new() };
    if let ActionConstraint::In(actions) = &body.action {
        tape.count(actions.len())?;
    }
    for clause in body.clauses() {
        let (Clause::When(condition) | Clause::Unless(condition)) = clause;
        tape.measure(condition, 1)?;
    }
    let Some(Demand::Paper { document, by }) = opened_by else { return Ok(()) };
    let wanted = (document.to_string(), written(*by));
    if tape.papers.contains(&wanted) {
        return Ok(());
    }
    let (document, by) = wanted;
    Err(ShapeError::Unopened { document, by })
}

/// Returns how a rule's condition writes of whom a paper is.
fn written(by: By) -> String {
    match by {
        By::From => "from".to_owned(),
        By::To => "to".to_owned(),
        By::Origin => "origin".to_owned(),
        By::Party(party) => party.to_string(),
        By::Region(region) => Region::to_string(&region),
        By::Country(country) => country.to_string(),
    }
}

/// What was met so far.
struct Tape {
    nodes: usize,
    /// Papers that conditions look for: their document and by whom.
    papers: Vec<(String, String)>,
}

impl Tape {
    fn count(&mut self, more: usize) -> Result<(), ShapeError> {
        self.nodes += more;
        if self.nodes > NODES_MAX { Err(ShapeError::Nodes) } else { Ok(()) }
    }

    fn measure(&mut self, expr: &Expr, depth: usize) -> Result<Range, ShapeError> {
        if depth > DEPTH_MAX {
            return Err(ShapeError::Depth);
        }
        self.count(1)?;
        let deeper = depth + 1;
        let any = (0, i128::from(NUMBER_MAX));
        match expr {
            Expr::Literal(literal) => literal_range(literal),
            Expr::Var(_) => Ok(any),
            Expr::GetAttr { expr, .. } => self.measure(expr, deeper).and(Ok(any)),
            Expr::HasAttr { expr, attrs } => {
                self.count(attrs.len())?;
                self.measure(expr, deeper).and(Ok(any))
            }
            Expr::UnaryOp { op, expr } => unary(*op, self.measure(expr, deeper)?),
            Expr::BinaryOp { op, left, right } => {
                binary(*op, self.measure(left, deeper)?, self.measure(right, deeper)?)
            }
            Expr::IfThenElse { cond, then_expr, else_expr } => {
                self.measure(cond, deeper)?;
                let (one, two) = (self.measure(then_expr, deeper)?, self.measure(else_expr, deeper)?);
                Ok((one.0.min(two.0), one.1.max(two.1)))
            }
            Expr::Set(members) => {
                members.iter().try_for_each(|member| self.measure(member, deeper).map(drop)).and(Ok(any))
            }
            Expr::Record(members) => {
                let of = |name: &str| members.get(name).map(|member| &**member);
                if let (Some(Expr::Literal(Literal::EntityUID(document))), Some(Expr::Literal(Literal::String(by)))) =
                    (of("document"), of("by"))
                {
                    self.papers.push((document.eid.to_string(), by.to_string()));
                }
                members.values().try_for_each(|member| self.measure(member, deeper).map(drop)).and(Ok(any))
            }
            Expr::Like { .. } => Err(ShapeError::Operator("like")),
            Expr::Is { .. } => Err(ShapeError::Operator("is")),
            _ => Err(ShapeError::Operator("a part of Cedar")),
        }
    }
}

fn literal_range(literal: &Literal) -> Result<Range, ShapeError> {
    match literal {
        Literal::Long(number) => Ok((i128::from(*number), i128::from(*number))),
        Literal::EntityUID(uid) if uid.ty.to_string() == "Country" && uid.eid.parse::<Country>().is_err() => {
            Err(ShapeError::Country(uid.eid.chars().take(80).collect()))
        }
        Literal::EntityUID(_) | Literal::Bool(_) | Literal::String(_) => Ok((0, 0)),
        _ => Err(ShapeError::Operator("a part of Cedar")),
    }
}

fn unary(op: UnaryOp, (low, high): Range) -> Result<Range, ShapeError> {
    match op {
        UnaryOp::Not | UnaryOp::IsEmpty => Ok((0, 0)),
        UnaryOp::Neg => within((-high, -low)),
        _ => Err(ShapeError::Operator("a function of an extension")),
    }
}

fn binary(op: BinaryOp, left: Range, right: Range) -> Result<Range, ShapeError> {
    match op {
        BinaryOp::Add => within((left.0 + right.0, left.1 + right.1)),
        BinaryOp::Sub => within((left.0 - right.1, left.1 - right.0)),
        BinaryOp::Mul => {
            let corners = [left.0 * right.0, left.0 * right.1, left.1 * right.0, left.1 * right.1];
            let (low, high) =
                corners.iter().fold((i128::MAX, i128::MIN), |(low, high), one| (low.min(*one), high.max(*one)));
            within((low, high))
        }
        BinaryOp::Eq
        | BinaryOp::NotEq
        | BinaryOp::Less
        | BinaryOp::LessEq
        | BinaryOp::Greater
        | BinaryOp::GreaterEq
        | BinaryOp::And
        | BinaryOp::Or
        | BinaryOp::In
        | BinaryOp::Contains
        | BinaryOp::ContainsAll
        | BinaryOp::ContainsAny => Ok((0, 0)),
        BinaryOp::GetTag | BinaryOp::HasTag => Err(ShapeError::Operator("tags")),
        _ => Err(ShapeError::Operator("a function of an extension")),
    }
}

/// Every range stays within 64 bits, so that four corners fit into 128.
fn within(range: Range) -> Result<Range, ShapeError> {
    let fits = |number: i128| i64::try_from(number).is_ok();
    if fits(range.0) && fits(range.1) { Ok(range) } else { Err(ShapeError::Overflow) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(condition: &str) -> Result<(), ShapeError> {
        let text = format!("forbid (principal, action, resource) when {{ {condition} }};");
        measure(&Policy::parse(None, text).unwrap(), None)
    }

    #[test]
    fn arithmetic_that_may_overflow_is_refused() {
        for fine in [
            "context.year - context.work.older_than < 1950",
            "context.price.EUR + context.value.EUR > 5",
            "context.price.EUR * 1000 > 5",
            "context.price.EUR * -1000 > 5",
            "-context.price.EUR < 5",
            "(if context.professional then 5 else context.year) * 1000 > 5",
        ] {
            assert_eq!(measured(fine), Ok(()), "{fine}");
        }
        for wrong in [
            "context.price.EUR * 1025 > 5",
            "context.price.EUR * context.value.EUR > 5",
            "context.price.EUR + 9223372036854775807 > 5",
            "-9223372036854775807 - context.price.EUR < 5",
            "-(-9223372036854775807 - 1) > 0",
            "(if context.professional then 9223372036854775807 else 1) + 1 > 5",
        ] {
            assert_eq!(measured(wrong), Err(ShapeError::Overflow), "{wrong}");
        }
    }

    #[test]
    fn rules_do_without_parts_of_cedar() {
        for (wrong, part) in [
            ("context.giver.listed.contains(\"x\") && \"x\" like \"*\"", "like"),
            ("principal is Account", "is"),
            ("principal.hasTag(\"x\")", "tags"),
            ("decimal(\"1.0\").lessThan(decimal(\"2.0\"))", "a function of an extension"),
            ("datetime(\"2026-01-01\") < datetime(\"2027-01-01\")", "a function of an extension"),
            ("ip(\"::1\").isLoopback()", "a function of an extension"),
        ] {
            assert_eq!(measured(wrong), Err(ShapeError::Operator(part)), "{wrong}");
        }
    }

    #[test]
    fn one_beyond_depth_and_size_is_refused() {
        let chain = |count: usize| measured(&vec!["true"; count].join(" && "));
        assert_eq!(chain(DEPTH_MAX), Ok(()));
        assert_eq!(chain(DEPTH_MAX + 1), Err(ShapeError::Depth));
        // The set, the contains and its argument are three parts more.
        let set = |count: usize| measured(&format!("[{}].contains(1)", vec!["1"; count].join(",")));
        assert_eq!(set(NODES_MAX - 3), Ok(()));
        assert_eq!(set(NODES_MAX - 2), Err(ShapeError::Nodes));
    }

    #[test]
    fn a_gate_looks_for_its_own_paper() {
        let demand = |by: &str| Demand::Paper { document: "INVOICE".parse().unwrap(), by: by.parse().unwrap() };
        let text = "forbid (principal, action, resource) \
            unless { context.papers.contains({ document: Document::\"INVOICE\", by: \"EU\" }) };";
        let policy = Policy::parse(None, text).unwrap();
        assert_eq!(measure(&policy, Some(&demand("EU"))), Ok(()));
        assert!(matches!(measure(&policy, Some(&demand("to"))), Err(ShapeError::Unopened { .. })));
        assert!(matches!(measure(&policy, Some(&demand("giver"))), Err(ShapeError::Unopened { .. })));
    }
}
