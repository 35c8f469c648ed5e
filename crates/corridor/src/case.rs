//! Case tables: what a rule set answers, in a form that whoever wrote the law can read.
//!
//! A line is a case: facts, the expected answer and the reason, with `|` between them. A line `given …` tells facts that all cases
//! below share, until the next such line; a case may tell them otherwise. Lines that begin with `#`, and empty ones, say nothing.
//!
//! ```text
//! given from=CN to=FR delivery=physical enrolled=EU_IMPORT_LICENCE@FR
//! work.category=archaeology work.older=250 | refuse; EU-IMP-880/import-licence refuses: needs EU_IMPORT_LICENCE of EU | no licence
//! ```

use crate::facts::{Facts, FactsError};

/// The longest table, in bytes.
pub const TABLE_BYTES_MAX: usize = 64 * 1024;

/// One line of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The number of its line, from 1.
    pub line: usize,
    /// What is known.
    pub facts: Facts,
    /// The answer that is expected, as [`Answer`](crate::answer::Answer) writes it.
    pub expected: String,
    /// Why.
    pub reason: String,
}

/// Why text was not accepted as a table of cases.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// Longer than a table may be.
    #[error("the table has {0} bytes; at most {TABLE_BYTES_MAX} are allowed")]
    TooLong(usize),
    /// A line that is no case.
    #[error("line {0} is not 'FACTS | ANSWER | REASON'")]
    Form(usize),
    /// Facts that are wrong.
    #[error("line {line}: {source}")]
    Facts {
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong.
        source: FactsError,
    },
}

impl Case {
    /// Reads a table.
    pub fn parse(table: &str) -> Result<Vec<Case>, CaseError> {
        if table.len() > TABLE_BYTES_MAX {
            return Err(CaseError::TooLong(table.len()));
        }
        let mut cases = Vec::new();
        let mut given = "";
        for (number, line) in (1..).zip(table.lines()) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(shared) = line.strip_prefix("given ") {
                given = shared;
                continue;
            }
            let parts: Vec<&str> = line.split(" | ").collect();
            let [told, expected, reason] = parts[..] else { return Err(CaseError::Form(number)) };
            let facts = laid_over(given, told).parse::<Facts>();
            let facts = facts.map_err(|source| CaseError::Facts { line: number, source })?;
            cases.push(Case { line: number, facts, expected: expected.to_owned(), reason: reason.to_owned() });
        }
        Ok(cases)
    }
}

/// Joins what is given with what a case tells, which goes first.
fn laid_over(given: &str, told: &str) -> String {
    let key = |word: &str| word.split('=').next().unwrap_or_default().to_owned();
    let keys: Vec<String> = told.split(' ').map(key).collect();
    let kept = given.split(' ').filter(|word| !word.is_empty() && !keys.contains(&key(word)));
    kept.chain(told.split(' ').filter(|word| *word != "-")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_share_what_is_given() {
        let table = "# a table\n\ngiven from=CN to=FR year=2030\n- | allow | as given\nto=DE year=2031 | hold | otherwise\n\
            given from=US to=US\n- | allow | anew\n";
        let cases = Case::parse(table).unwrap();
        let told: Vec<(usize, String)> = cases.iter().map(|case| (case.line, case.facts.to_string())).collect();
        let expected = [(4, "from=CN to=FR year=2030"), (5, "from=CN to=DE year=2031"), (7, "from=US to=US")];
        assert_eq!(told, expected.map(|(line, facts)| (line, facts.to_owned())));
        assert_eq!((&*cases[1].expected, &*cases[1].reason), ("hold", "otherwise"));
    }

    #[test]
    fn wrong_tables_are_refused() {
        assert_eq!(Case::parse("from=CN to=FR | allow"), Err(CaseError::Form(1)));
        assert_eq!(Case::parse("\nfrom=CN to=FR | a | b | c"), Err(CaseError::Form(2)));
        assert!(matches!(Case::parse("from=CN | allow | x"), Err(CaseError::Facts { line: 1, .. })));
        assert!(Case::parse(&"#".repeat(TABLE_BYTES_MAX)).is_ok());
        assert_eq!(Case::parse(&"#".repeat(TABLE_BYTES_MAX + 1)), Err(CaseError::TooLong(TABLE_BYTES_MAX + 1)));
    }
}
