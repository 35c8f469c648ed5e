//! Labelled lines in 80 columns: how cards and timelines are laid out.

use std::fmt;

use dialoguer::console::measure_text_width;

use crate::ui::{Tone, paint};

/// How wide a sheet is. Wide enough for a whole id beside its label, and what mails and court files keep unbroken.
pub const WIDTH: usize = 80;
/// How far a value stands in, after its label: 80 less the 64 digits of an id.
const VALUE_COLUMN: usize = 16;
/// How far a label stands in.
const LABEL_COLUMN: usize = 2;

/// Lines as they are printed, each of at most 80 columns but for what must stay whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    text: String,
}

impl Sheet {
    /// Returns an empty sheet.
    pub fn new() -> Sheet {
        Sheet::default()
    }

    /// Adds a heading behind a mark that says in shape what its colour says.
    pub fn heading(&mut self, mark: &str, tone: Tone, text: &str) {
        for (n, line) in wrap(text, WIDTH - 2).iter().enumerate() {
            let mark = if n == 0 { mark } else { " " };
            self.push(&paint(&format!("{mark} {line}"), tone));
        }
    }

    /// Adds text across the whole width, `indent` columns in.
    pub fn text(&mut self, indent: usize, text: &str) {
        for line in wrap(text, WIDTH - indent) {
            self.push(&format!("{:indent$}{line}", ""));
        }
    }

    /// Adds a value beside its label. An empty label goes on under the one before.
    pub fn row(&mut self, label: &str, value: &str) {
        self.beside(label, VALUE_COLUMN, value);
    }

    /// Adds a value that is never cut, such as a key or a path: it must stay whole to be copied.
    pub fn whole(&mut self, label: &str, value: &str) {
        let label = pad(label, VALUE_COLUMN - LABEL_COLUMN - 1);
        self.push(&format!("{:LABEL_COLUMN$}{} {value}", "", paint(&label, Tone::Faint)));
    }

    /// Adds values beside one label, each on lines of its own behind a dot.
    pub fn items<T: AsRef<str>>(&mut self, label: &str, items: &[T]) {
        for (n, item) in items.iter().enumerate() {
            let label = if n == 0 { label } else { "" };
            for (n, line) in wrap(item.as_ref(), WIDTH - VALUE_COLUMN - 2).iter().enumerate() {
                if n == 0 { self.row(label, &format!("· {line}")) } else { self.text(VALUE_COLUMN + 2, line) }
            }
        }
    }

    /// Adds text beside a label, `column` columns in from where all its lines stand.
    pub fn beside(&mut self, label: &str, column: usize, text: &str) {
        let label_width = column.saturating_sub(LABEL_COLUMN + 1);
        for (n, line) in wrap(text, WIDTH - column).iter().enumerate() {
            let label = if n == 0 { pad(label, label_width) } else { " ".repeat(label_width) };
            let label = if label.trim().is_empty() { label } else { paint(&label, tone_of(&label)) };
            self.push(&format!("{:LABEL_COLUMN$}{label} {line}", ""));
        }
    }

    /// Adds an empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    fn push(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the tone of a label: one in capitals warns.
fn tone_of(label: &str) -> Tone {
    if label.chars().any(char::is_lowercase) || label.contains(char::is_numeric) { Tone::Faint } else { Tone::Warning }
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(measure_text_width(text))))
}

/// Cuts text into lines of at most `width` columns, between words where it can. Never returns nothing.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        for (n, piece) in pieces(word, width).into_iter().enumerate() {
            let columns = measure_text_width(&piece);
            let space = usize::from(used > 0 && n == 0);
            if used + space + columns > width && used > 0 {
                lines.push(String::new());
                used = 0;
            } else if space == 1 {
                push_last(&mut lines, " ");
                used += 1;
            }
            push_last(&mut lines, &piece);
            used += columns;
        }
    }
    lines
}

fn push_last(lines: &mut [String], piece: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(piece);
    }
}

/// Cuts a word that is wider than a line, as one in a script without spaces may be.
fn pieces(word: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut used = 0;
    for c in word.chars() {
        let columns = measure_text_width(c.encode_utf8(&mut [0; 4]));
        if used + columns > width && used > 0 {
            pieces.push(String::new());
            used = 0;
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
        used += columns;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_stand_beside_their_labels() {
        let mut sheet = Sheet::new();
        sheet.heading("✔", Tone::Good, "verified");
        sheet.gap();
        sheet.row("work", &"a".repeat(64));
        sheet.row("", "and on");
        sheet.row("title", &"word ".repeat(20));
        let lines: Vec<String> = sheet.to_string().lines().map(ToOwned::to_owned).collect();
        assert_eq!(lines[0], "✔ verified");
        assert_eq!(lines[2], format!("  work          {}", "a".repeat(64)));
        assert_eq!(lines[3], format!("{:16}and on", ""));
        assert_eq!(lines[4], format!("  title         {}", "word ".repeat(13).trim_end()));
        assert_eq!(lines[5], format!("{:16}{}", "", "word ".repeat(7).trim_end()));
    }

    #[test]
    fn wide_letters_take_two_columns() {
        assert_eq!(wrap("渡江 渡江", 4), ["渡江", "渡江"]);
        assert_eq!(wrap("渡江渡江渡", 4), ["渡江", "渡江", "渡"]);
        assert_eq!(wrap("a 渡江渡江", 4), ["a", "渡江", "渡江"]);
        assert_eq!(wrap("", 4), [""]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_sheet(text in "[a-z 渡江\u{e9}]{0,300}", width in 2_usize..80) {
            let lines = wrap(&text, width);
            for line in &lines {
                prop_assert!(measure_text_width(line) <= width, "{line:?}");
            }
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}
