//! Counts as Parquet: a column for each dimension, the transfers, and the amount in minor units where there is one.
//!
//! The file says of itself, in its key-value metadata, which register was counted, up to where, and what was left out.

use std::sync::Arc;

use colophon_client::stats::{Dimension, Stats};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::{Table, word_of};
use crate::failure::Failure;

/// Returns the table as a file.
pub(super) fn bytes(table: &Table) -> Result<Vec<u8>, Failure> {
    write(table).map_err(|error| Failure::failed(format!("the table cannot be written: {error}"), "report this"))
}

fn write(table: &Table) -> Result<Vec<u8>, ParquetError> {
    let Stats { by, cells, .. } = &table.stats;
    let schema = Arc::new(parse_message_type(&message(by))?);
    let properties = WriterProperties::builder().set_key_value_metadata(Some(about(table))).build();
    let mut bytes = Vec::new();
    let mut file = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties))?;
    let mut rows = file.next_row_group()?;
    for dimension in by {
        match dimension {
            Dimension::Year => {
                let years =
                    cells.iter().map(|cell| cell.year.and_then(|year| i32::try_from(year).ok()).unwrap_or_default());
                column::<Int32Type>(&mut rows, &years.collect::<Vec<_>>(), None)?;
            }
            Dimension::Quarter => {
                let quarters = cells.iter().map(|cell| cell.quarter.map(i32::from).unwrap_or_default());
                column::<Int32Type>(&mut rows, &quarters.collect::<Vec<_>>(), None)?;
            }
            Dimension::From
            | Dimension::To
            | Dimension::Category
            | Dimension::Domain
            | Dimension::Delivery
            | Dimension::Ordering
            | Dimension::Currency => {
                let words = cells.iter().map(|cell| ByteArray::from(word_of(cell, *dimension).into_bytes()));
                column::<ByteArrayType>(&mut rows, &words.collect::<Vec<_>>(), None)?;
            }
        }
    }
    let transfers: Vec<i64> = cells.iter().map(|cell| number(cell.transfers)).collect();
    column::<Int64Type>(&mut rows, &transfers, None)?;
    let amounts: Vec<i64> = cells.iter().filter_map(|cell| cell.amount.map(number)).collect();
    let is_there: Vec<i16> = cells.iter().map(|cell| i16::from(cell.amount.is_some())).collect();
    column::<Int64Type>(&mut rows, &amounts, Some(&is_there))?;
    rows.close()?;
    file.close()?;
    Ok(bytes)
}

fn message(by: &[Dimension]) -> String {
    let column = |dimension: &Dimension| {
        let (kind, logical) = match dimension {
            Dimension::Year | Dimension::Quarter => ("INT32", ""),
            Dimension::From
            | Dimension::To
            | Dimension::Category
            | Dimension::Domain
            | Dimension::Delivery
            | Dimension::Ordering
            | Dimension::Currency => ("BYTE_ARRAY", " (STRING)"),
        };
        format!("  REQUIRED {kind} {}{logical};\n", dimension.word())
    };
    let columns: String = by.iter().map(column).collect();
    format!("message transfers {{\n{columns}  REQUIRED INT64 transfers;\n  OPTIONAL INT64 amount_minor;\n}}\n")
}

fn about(table: &Table) -> Vec<KeyValue> {
    let Stats { size, time_ms, k, left_out, .. } = &table.stats;
    let pairs = [
        ("colophon.register", table.origin.clone()),
        ("colophon.size", size.to_string()),
        ("colophon.time_ms", time_ms.to_string()),
        ("colophon.k", k.to_string()),
        ("colophon.left_out", left_out.to_string()),
    ];
    pairs.into_iter().map(|(key, value)| KeyValue::new(key.to_owned(), value)).collect()
}

/// Writes the next column: its values, and for one that may have none, for each row whether it has.
fn column<T: DataType>(
    rows: &mut SerializedRowGroupWriter<'_, &mut Vec<u8>>,
    values: &[T::T],
    is_there: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let next = rows.next_column()?;
    let mut column = next.ok_or_else(|| ParquetError::General("the schema has fewer columns".to_owned()))?;
    column.typed::<T>().write_batch(values, is_there, None)?;
    column.close()
}

/// The register's numbers have 53 bits.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::stats::sample;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::RowAccessor as _;

    #[test]
    fn what_was_written_is_read_back() {
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), bytes(&sample::table()).unwrap()).unwrap();
        let reader = SerializedFileReader::new(path.reopen().unwrap()).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 3);
        let first = &rows[0];
        assert_eq!((first.get_string(0).unwrap().as_str(), first.get_string(1).unwrap().as_str()), ("CN", "FR"));
        assert_eq!((first.get_int(2).unwrap(), first.get_string(3).unwrap().as_str()), (2026, "EUR"));
        assert_eq!((first.get_long(4).unwrap(), first.get_long(5).unwrap()), (12, 1_500_000));
        assert!(rows[1].get_long(5).is_err(), "a price that is committed to has no amount");
        assert_eq!((rows[2].get_long(4).unwrap(), rows[2].get_long(5).unwrap()), (5, 42));
        let about = reader.metadata().file_metadata().key_value_metadata().unwrap();
        let of = |key: &str| about.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.clone());
        assert_eq!((of("colophon.k").as_deref(), of("colophon.left_out").as_deref()), (Some("5"), Some("true")));
    }

    #[test]
    fn a_table_without_cells_is_a_file_without_rows() {
        let mut empty = sample::table();
        empty.stats.cells.clear();
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), bytes(&empty).unwrap()).unwrap();
        let reader = SerializedFileReader::new(path.reopen().unwrap()).unwrap();
        assert_eq!(reader.get_row_iter(None).unwrap().count(), 0);
    }
}
