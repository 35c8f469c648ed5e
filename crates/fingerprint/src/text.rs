//! The text of a document, out of the formats that texts are published in. What stays is words; what goes is markup.

mod epub;
mod html;
mod pdf;

use std::collections::BTreeSet;
use std::io::{Read, Seek};

use pulldown_cmark::{Event, Parser, TagEnd};

use crate::deadline::Deadline;
use crate::error::{ContentError, broken};

/// The longest text of a document, and the longest file of plain text, Markdown or HTML, in bytes.
pub const TEXT_BYTES_MAX: u64 = 16 << 20;
/// The fewest letters of a text with something in it, and the fewest different ones: what has fewer is a word, or numbers of pages.
const LETTERS_MIN: usize = 16;
const DIFFERENT_LETTERS_MIN: usize = 8;

/// The form in which a text comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextForm {
    /// Nothing but the text, in UTF-8.
    Plain,
    /// Markdown (`CommonMark`).
    Markdown,
    /// HTML or XHTML, in UTF-8.
    Html,
    /// EPUB.
    Epub,
    /// PDF.
    Pdf,
}

impl TextForm {
    /// Returns the name of how a text is taken out of the form.
    pub fn prep(self) -> &'static str {
        match self {
            TextForm::Plain => "plain-1",
            TextForm::Markdown => "markdown-1",
            TextForm::Html => "html-1",
            TextForm::Epub => "epub-1",
            TextForm::Pdf => "pdf-1",
        }
    }
}

/// Returns the text of a document.
pub(crate) fn text_of<R: Read + Seek>(
    form: TextForm,
    mut reader: R,
    deadline: &Deadline,
) -> Result<String, ContentError> {
    match form {
        TextForm::Plain => utf8(&mut reader, TEXT_BYTES_MAX),
        TextForm::Markdown => markdown(&utf8(&mut reader, TEXT_BYTES_MAX)?, deadline),
        TextForm::Html => html::text(&utf8(&mut reader, TEXT_BYTES_MAX)?, deadline),
        TextForm::Epub => epub::text(reader, deadline),
        TextForm::Pdf => pdf::text(&mut reader, deadline),
    }
}

/// Returns whether there is too little in a text to tell works apart by it.
pub(crate) fn is_scant(text: &str) -> bool {
    let (mut letters, mut different) = (0, BTreeSet::new());
    for letter in text.chars().filter(|c| c.is_alphabetic()) {
        letters += 1;
        different.extend(letter.to_lowercase());
        if letters >= LETTERS_MIN && different.len() >= DIFFERENT_LETTERS_MIN {
            return false;
        }
    }
    true
}

/// Reads bytes to their end, if they are not more than `max`.
fn bytes(reader: &mut dyn Read, max: u64) -> Result<Vec<u8>, ContentError> {
    let mut bytes = Vec::new();
    reader.take(max + 1).read_to_end(&mut bytes)?;
    let found = bytes.len() as u64;
    if found > max {
        return Err(ContentError::TooMuch { what: "bytes of text", found, max });
    }
    Ok(bytes)
}

fn utf8(reader: &mut dyn Read, max: u64) -> Result<String, ContentError> {
    String::from_utf8(bytes(reader, max)?).map_err(|error| broken("text", &error.utf8_error()))
}

/// Adds to a text, if it does not become too long by that.
fn add(text: &mut String, more: &str) -> Result<(), ContentError> {
    text.push_str(more);
    text.push('\n');
    let found = text.len() as u64;
    if found > TEXT_BYTES_MAX {
        return Err(ContentError::TooMuch { what: "bytes of text", found, max: TEXT_BYTES_MAX });
    }
    Ok(())
}

fn markdown(source: &str, deadline: &Deadline) -> Result<String, ContentError> {
    let mut text = String::with_capacity(source.len());
    let mut markup = String::new();
    for event in Parser::new(source) {
        deadline.check()?;
        match event {
            Event::Html(html) => markup.push_str(&html),
            Event::Text(words) | Event::Code(words) => text.push_str(&words),
            Event::End(TagEnd::HtmlBlock) => {
                text.push_str(&html::text(&std::mem::take(&mut markup), deadline)?);
                text.push('\n');
            }
            Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Link | TagEnd::Strikethrough) => {}
            Event::End(_) | Event::SoftBreak | Event::HardBreak | Event::Rule => text.push('\n'),
            _ => {}
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use std::time::Duration;

    fn soon() -> Deadline {
        Deadline::after(Duration::from_mins(1))
    }

    fn words(form: TextForm, document: &str) -> Vec<String> {
        let text = text_of(form, Cursor::new(document.as_bytes()), &soon()).unwrap();
        text.split_whitespace().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn the_words_are_the_same_in_every_form() {
        let expected = ["Rain", "First", "came", "the", "wind", "&", "then", "rain."];
        assert_eq!(words(TextForm::Plain, "Rain\n\nFirst came the wind & then rain."), expected);
        assert_eq!(
            words(TextForm::Markdown, "# Rain\n\n*First* came [the](http://x) **wind** & then\nrain."),
            expected
        );
        let html = "<!DOCTYPE html><style>p{}</style><h1>Rain</h1><script>if (a < b) {}</script><p>First came <b>the</b> \
                    wind &amp; then r<i>ain</i>.</p>";
        assert_eq!(words(TextForm::Html, html), expected);
    }

    #[test]
    fn a_text_of_next_to_no_words_is_scant() {
        let pages = "Page 1\nPage 2\nPage 3\n".repeat(50);
        for scant in ["", "x", &"x".repeat(100), "Hills before", &pages, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"] {
            assert!(is_scant(scant), "{scant}");
        }
        let poem = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。";
        for text in ["Hills before rain, and a road.", poem] {
            assert!(!is_scant(text), "{text}");
        }
    }

    #[test]
    fn a_text_ends_at_its_limit() {
        let max = usize::try_from(TEXT_BYTES_MAX).unwrap();
        let long = vec![b'a'; max + 1];
        assert_eq!(text_of(TextForm::Plain, Cursor::new(&long[..max]), &soon()).unwrap().len(), max);
        let error = text_of(TextForm::Plain, Cursor::new(&long), &soon()).unwrap_err();
        assert!(matches!(error, ContentError::TooMuch { found, .. } if found == TEXT_BYTES_MAX + 1), "{error}");
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let error = text_of(TextForm::Plain, Cursor::new(b"caf\xe9"), &soon()).unwrap_err();
        assert!(matches!(error, ContentError::Broken { what: "text", .. }));
    }
}
