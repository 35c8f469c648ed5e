//! HTML and XHTML, read by the tokenizer of the standard alone: no tree is built, so none can grow too deep.

use std::cell::{Cell, RefCell};

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

/// Elements whose content nobody reads.
const UNREAD: [&str; 4] = ["noscript", "script", "style", "template"];
/// Elements that stand within a line of text.
const WITHIN_LINES: [&str; 28] = [
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q",
    "ruby", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var",
];

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
pub(super) fn text(markup: &str) -> String {
    let sink = TextSink { text: RefCell::new(String::new()), unread: Cell::new(0) };
    tokenize(markup, sink).text.into_inner()
}

/// Returns the start tags of a small document, in order: enough to read the lists in an EPUB.
pub(super) fn elements(markup: &str) -> Vec<Element> {
    tokenize(markup, ElementSink(RefCell::new(Vec::new()))).0.into_inner()
}

fn tokenize<S: TokenSink>(markup: &str, sink: S) -> S {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(markup));
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    while !input.is_empty() {
        // The tokenizer stops after each script, for somebody to run it.
        let _script = tokenizer.feed(&input);
    }
    tokenizer.end();
    tokenizer.sink
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
