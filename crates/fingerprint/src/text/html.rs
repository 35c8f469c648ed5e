//! HTML and XHTML, read by the tokenizer of the standard alone: no tree is built, so none can grow too deep.

use std::cell::{Cell, RefCell};

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use crate::deadline::Deadline;
use crate::error::ContentError;

/// Elements whose content nobody reads.
const UNREAD: [&str; 4] = ["noscript", "script", "style", "template"];
/// Elements that stand within a line of text.
const WITHIN_LINES: [&str; 28] = [
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q",
    "ruby", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var",
];

/// How many bytes are read between two looks at the time: what a tag with very many attributes costs grows with their square.
const PIECE_BYTES: usize = 4096;

/// A tag, with its attributes.
pub(super) struct Element {
    /// Its name without a prefix, in lower case.
    pub(super) name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// Returns the value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// Returns the text of a document.
pub(super) fn text(markup: &str, deadline: &Deadline) -> Result<String, ContentError> {
    let sink = TextSink { text: RefCell::new(String::new()), unread: Cell::new(0) };
    Ok(tokenize(markup, sink, deadline)?.text.into_inner())
}

/// Returns the start tags of a small document, in order: enough to read the lists in an EPUB.
pub(super) fn elements(markup: &str, deadline: &Deadline) -> Result<Vec<Element>, ContentError> {
    Ok(tokenize(markup, ElementSink(RefCell::new(Vec::new())), deadline)?.0.into_inner())
}

fn tokenize<S: TokenSink>(markup: &str, sink: S, deadline: &Deadline) -> Result<S, ContentError> {
    let input = BufferQueue::default();
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let mut rest = markup;
    while !rest.is_empty() {
        deadline.check()?;
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES));
        rest = after;
        input.push_back(StrTendril::from(piece));
        while !input.is_empty() {
            // The tokenizer stops after each script, for somebody to run it.
            let _script = tokenizer.feed(&input);
        }
    }
    tokenizer.end();
    Ok(tokenizer.sink)
}

struct TextSink {
    text: RefCell<String>,
    /// How many unread elements are open.
    unread: Cell<usize>,
}

impl TokenSink for TextSink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::CharacterTokens(text) if self.unread.get() == 0 => self.text.borrow_mut().push_str(&text),
            Token::TagToken(tag) => return self.tag(&tag),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl TextSink {
    fn tag(&self, tag: &Tag) -> TokenSinkResult<()> {
        let name = &*tag.name;
        if !WITHIN_LINES.contains(&name) {
            self.text.borrow_mut().push('\n');
        }
        let start = tag.kind == TagKind::StartTag;
        if UNREAD.contains(&name) && !tag.self_closing {
            let open = self.unread.get();
            self.unread.set(if start { open + 1 } else { open.saturating_sub(1) });
        }
        match name {
            "script" if start && !tag.self_closing => TokenSinkResult::RawData(RawKind::ScriptData),
            "style" if start && !tag.self_closing => TokenSinkResult::RawData(RawKind::Rawtext),
            "textarea" | "title" if start && !tag.self_closing => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }
}

struct ElementSink(RefCell<Vec<Element>>);

impl TokenSink for ElementSink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if let Token::TagToken(Tag { kind: TagKind::StartTag, name, attrs, .. }) = token {
            let name = name.rsplit(':').next().unwrap_or_default().to_owned();
            let attribute =
                |attribute: html5ever::Attribute| (attribute.name.local.to_string(), attribute.value.to_string());
            self.0.borrow_mut().push(Element { name, attributes: attrs.into_iter().map(attribute).collect() });
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn read(markup: &str) -> String {
        text(markup, &Deadline::after(Duration::from_mins(1))).unwrap()
    }

    #[test]
    fn what_is_read_in_pieces_is_read_as_a_whole() {
        for (unit, words) in [("&amp;", "&"), ("<b>ü</b>", "ü"), ("<!-- x -->y", "y"), ("<script>a</script>z", "\nz\n")]
        {
            for before in 0..unit.len() {
                let markup = format!("{}{}", "-".repeat(before), unit.repeat(2_000));
                let expected = format!("{}{}", "-".repeat(before), words.repeat(2_000));
                assert_eq!(read(&markup).replace('\n', ""), expected.replace('\n', ""), "{unit} after {before}");
            }
        }
    }

    #[test]
    fn a_tag_of_endless_attributes_is_given_up_when_its_time_is_over() {
        let attributes: Vec<String> = (0..1_000_000).map(|number| format!(" a{number}")).collect();
        let (begun, given) = (Instant::now(), Deadline::after(Duration::from_millis(200)));
        let error = text(&format!("<p{}>", attributes.concat()), &given).unwrap_err();
        assert!(matches!(error, ContentError::TooSlow(_)), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}
