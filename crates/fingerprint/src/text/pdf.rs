//! PDF: the text that its pages show, page by page.

use std::io::Read;

use lopdf::{Document, LoadOptions};

use super::add;
use crate::deadline::Deadline;
use crate::error::{ContentError, broken};

/// The longest file, in bytes.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// The most that one stream in it may unpack to, in bytes.
const STREAM_BYTES_MAX: usize = 32 << 20;
/// The most pages.
const PAGES_MAX: usize = 10_000;

/// Returns the text of a document.
pub(super) fn text(reader: &mut dyn Read, deadline: &Deadline) -> Result<String, ContentError> {
    let bytes = super::bytes(reader, FILE_BYTES_MAX)?;
    let options = LoadOptions { max_decompressed_size: Some(STREAM_BYTES_MAX), ..LoadOptions::default() };
    let document = Document::load_mem_with_options(&bytes, options).map_err(|error| broken("document", &error))?;
    drop(bytes);
    if document.is_encrypted() {
        return Err(broken("document", &"it is encrypted"));
    }
    let pages = document.get_pages();
    if pages.len() > PAGES_MAX {
        return Err(ContentError::TooMuch { what: "pages", found: pages.len() as u64, max: PAGES_MAX as u64 });
    }
    if pages.is_empty() {
        return Err(broken("document", &"it has no pages"));
    }
    let mut text = String::new();
    for page in pages.keys() {
        deadline.check()?;
        let shown = document.extract_text_with_limit(&[*page], STREAM_BYTES_MAX);
        add(&mut text, &shown.map_err(|error| broken("document", &format!("page {page}: {error}")))?)?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lopdf::content::{Content, Operation};
    use lopdf::{Object, Stream, dictionary};
    use std::time::Duration;

    fn soon() -> Deadline {
        Deadline::after(Duration::from_mins(1))
    }

    /// Returns a document of these pages.
    fn document(pages: &[&str]) -> Vec<u8> {
        let mut document = Document::with_version("1.5");
        let tree = document.new_object_id();
        let font = document.add_object(dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Courier" });
        let resources = document.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
        let kids: Vec<Object> = pages
            .iter()
            .map(|words| {
                let operations = vec![
                    Operation::new("BT", vec![]),
                    Operation::new("Tf", vec!["F1".into(), 12.into()]),
                    Operation::new("Tj", vec![Object::string_literal(*words)]),
                    Operation::new("ET", vec![]),
                ];
                let mut stream = Stream::new(dictionary! {}, Content { operations }.encode().unwrap());
                stream.compress().unwrap();
                let content = document.add_object(stream);
                document.add_object(dictionary! { "Type" => "Page", "Parent" => tree, "Contents" => content }).into()
            })
            .collect();
        let count = i64::try_from(pages.len()).unwrap();
        let pages = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count, "Resources" => resources,
        "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()] };
        document.objects.insert(tree, Object::Dictionary(pages));
        let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
        document.trailer.set("Root", catalog);
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn pages_are_read_in_their_order() {
        let bytes = document(&["First the wind,", "then rain."]);
        let text = text(&mut bytes.as_slice(), &soon()).unwrap();
        assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["First", "the", "wind,", "then", "rain."]);
    }

    #[test]
    fn a_bomb_and_a_document_without_pages_are_refused() {
        let long = "a".repeat(STREAM_BYTES_MAX + 1);
        let bomb = document(&[&long]);
        assert!(bomb.len() < long.len() / 100, "a bomb is small");
        for bytes in [bomb, document(&[]), b"%PDF-1.7\nnothing".to_vec()] {
            assert!(text(&mut bytes.as_slice(), &soon()).is_err());
        }
    }
}
