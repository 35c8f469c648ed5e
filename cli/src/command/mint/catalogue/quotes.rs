//! Whether the quotation marks of a list stand where RFC 4180 has them.
//!
//! The reader of CSV takes more than that, and then reads what nobody has written: a mark that is not closed swallows the works
//! behind it.

/// Where in a cell a text has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before its first character.
    Begin,
    /// In a cell without quotation marks around it.
    Bare,
    /// In such a cell of which a mistake was told.
    Told,
    /// In a cell in quotation marks.
    Quoted,
    /// Behind the mark that closes it.
    Closed,
}

/// Returns what is wrong with the quotation marks of a list, each with its line; `most` at most. What stands behind one that is not
/// closed where it should be is not judged.
pub(super) fn misquoted(text: &str, most: usize) -> Vec<String> {
    let mut mistakes = Vec::new();
    let (mut place, mut line, mut opened) = (Place::Begin, 1_u64, 1_u64);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        place = match (place, byte) {
            (Place::Quoted, b'"') if bytes.next_if_eq(&b'"').is_some() => Place::Quoted,
            // Spaces behind a cell are no part of it.
            (Place::Quoted, b'"') | (Place::Closed, b' ' | b'\t') => Place::Closed,
            (Place::Quoted, _) => Place::Quoted,
            (_, b',' | b'\r' | b'\n') => Place::Begin,
            (Place::Begin, b'"') => {
                opened = line;
                Place::Quoted
            }
            (Place::Bare, b'"') => {
                mistakes.push(in_a_bare_cell(line));
                if mistakes.len() >= most {
                    return mistakes;
                }
                Place::Told
            }
            (Place::Begin | Place::Bare, _) => Place::Bare,
            (Place::Closed, _) => {
                mistakes.push(behind_a_closed_one(opened, line));
                return mistakes;
            }
            (Place::Told, _) => Place::Told,
        };
        // A carriage return alone ends a line too.
        if byte == b'\n' || byte == b'\r' && bytes.peek() != Some(&b'\n') {
            line += 1;
        }
    }
    if place == Place::Quoted {
        mistakes.push(format!("line {opened}: a quotation mark that is not closed"));
    }
    mistakes
}

fn in_a_bare_cell(line: u64) -> String {
    format!(
        "line {line}: a quotation mark inside a cell that does not begin with one (put the cell in quotation marks, and write those \
         in it twice)"
    )
}

fn behind_a_closed_one(opened: u64, line: u64) -> String {
    let closed = if line == opened { String::new() } else { format!(" in line {line}") };
    format!(
        "line {opened}: the quotation marks around a cell are closed{closed}, and text stands behind them (write those in it twice, and \
         look for one that is not closed)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let line = |mistake: String| mistake.split(':').next().map(ToOwned::to_owned);
        misquoted(text, 3).into_iter().filter_map(line).collect()
    }

    #[test]
    fn marks_around_cells_are_as_they_should_be() {
        for text in [
            "",
            "file,title\na.png,\"The \"\"Blue\"\" Hour\",\"\"\"\"\n",
            "file,about\r\na.png,\"two\r\nlines\" ,\"\"\r\n",
            "\"file\"\r\"a, b\"\t\r",
            "file\n\"a\"",
        ] {
            assert_eq!(misquoted(text, 3), Vec::<String>::new(), "{text:?}");
        }
    }

    #[test]
    fn a_mark_out_of_place_is_named_by_its_line() {
        assert_eq!(misquoted("file\n\na,\"b\nc\n", 3), ["line 3: a quotation mark that is not closed"]);
        let closed = &misquoted("file\na,\"b\nc,\"d\"\ne\n", 3)[0];
        assert!(
            closed.starts_with("line 2: the quotation marks around a cell are closed in line 3, and text"),
            "{closed}"
        );
        for (text, line) in [
            ("file\n\"x\"y\n", "line 2"),
            ("file\n\"x\"\"\"y\n", "line 2"),
            ("file\r\r\n5\" by 7\"\n", "line 3"),
            ("file\na, \"b\"\n", "line 2"),
            ("\"file", "line 1"),
        ] {
            assert_eq!(lines(text), [line], "{text:?}");
        }
    }

    #[test]
    fn mistakes_are_told_up_to_their_limit() {
        assert_eq!(lines(&"a\"b\"c\n".repeat(5)), ["line 1", "line 2", "line 3"]);
        assert_eq!(lines("a\"\n\"b\"c\n\"d"), ["line 1", "line 2"]);
    }
}
