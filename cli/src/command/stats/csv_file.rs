//! Counts as CSV (RFC 4180): a line for its columns, then one for each cell. Amounts are in minor units.

use super::{Table, word_of};
use crate::failure::Failure;

/// Returns the table as a file.
pub(super) fn bytes(table: &Table) -> Result<Vec<u8>, Failure> {
    let unwritten = |error: csv::Error| Failure::failed(format!("the table cannot be written: {error}"), "report this");
    let by = &table.stats.by;
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let titles = by.iter().map(|dimension| dimension.word()).chain(["transfers", "amount_minor"]);
    writer.write_record(titles).map_err(unwritten)?;
    for cell in &table.stats.cells {
        let words = by.iter().map(|dimension| word_of(cell, *dimension));
        let numbers = [cell.transfers.to_string(), cell.amount.map(|amount| amount.to_string()).unwrap_or_default()];
        writer.write_record(words.chain(numbers)).map_err(unwritten)?;
    }
    writer.into_inner().map_err(|error| unwritten(error.into_error().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::stats::sample;

    #[test]
    fn each_cell_is_a_line() {
        let text = String::from_utf8(bytes(&sample::table()).unwrap()).unwrap();
        let expected = "from,to,year,currency,transfers,amount_minor\r\nCN,FR,2026,EUR,12,1500000\r\n\
                        CN,FR,2026,committed,6,\r\nFR,IT,2026,JPY,5,42\r\n";
        assert_eq!(text, expected);
    }
}
