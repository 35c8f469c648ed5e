//! Files of every type that is decoded: an answer or an error, the same each time, and never a decoder that breaks down.

use colophon_fingerprint::{Content, ContentError, content_of_bytes, content_of_file};

use crate::corpus::corpus;

/// The types, of which a file's first byte chooses one. The last is told from plain text by its name alone.
const TYPES: [&str; 20] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/tiff",
    "audio/wav",
    "text/plain",
    "text/html",
    "application/epub+zip",
    "application/pdf",
    "application/xhtml+xml",
    "audio/aac",
    "audio/aiff",
    "audio/flac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "image/apng",
    MARKDOWN,
];
const MARKDOWN: &str = "text/markdown";

/// Words of such files.
pub const WORDS: &[&str] = &[
    "IHDR",
    "IDAT",
    "IEND",
    "RIFF",
    "WEBP",
    "<p>",
    "&amp;",
    "endstream",
    "PK\u{3}\u{4}",
    "PK\u{1}\u{2}",
    "data",
    "<script>",
    "<![CDATA[",
    "/Kids [3 0 R]",
    " Tj ",
    "](",
    "> ",
    "# ",
    "`",
    "**",
];

/// Decodes a file.
pub fn check(data: &[u8]) {
    let Some((choice, file)) = data.split_first() else { return };
    let media_type = TYPES[usize::from(*choice) % TYPES.len()];
    let result = content(file, media_type);
    assert!(
        !matches!(result, Err(ContentError::BrokeDown | ContentError::TooSlow(_) | ContentError::LeftBehind(_))),
        "{media_type}: {result:?}"
    );
    let again = content(file, media_type);
    assert_eq!(result.as_ref().ok(), again.as_ref().ok(), "{media_type}");
    if let Ok(content) = result {
        let content = content.expect("every type of the list has a code");
        assert_eq!(content.thumbnail.map_or(content.code, |thumbnail| thumbnail.code()), content.code);
    }
}

fn content(file: &[u8], media_type: &str) -> Result<Option<Content>, ContentError> {
    if media_type != MARKDOWN {
        return content_of_bytes(file.to_vec(), media_type);
    }
    let named = tempfile::Builder::new().suffix(".md").tempfile().unwrap();
    std::fs::write(named.path(), file).unwrap();
    content_of_file(named.path(), "text/plain")
}

/// A small file of each type.
pub fn seeds() -> Vec<Vec<u8>> {
    let poem = "# Hills\n\nbefore *rain*, `and`\n\n> - the [river](http://x)\n\n<p>behind &amp; **beyond**</p>\n\n|a|b|\n|-|-|\n";
    let markdown = (MARKDOWN, poem.as_bytes().to_vec());
    let seed = |(media_type, file): (&str, Vec<u8>)| {
        let choice = TYPES.iter().position(|known| *known == media_type).expect("the type is in the list");
        [&[u8::try_from(choice).unwrap()], file.as_slice()].concat()
    };
    corpus().into_iter().chain([markdown]).map(seed).collect()
}
