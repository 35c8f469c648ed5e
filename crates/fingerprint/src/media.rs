//! What kind of file it is, told by its first bytes.
//!
//! The answer goes into signed statements, so a file and the same bytes through a pipe must get the same one: only the
//! first `HEAD_BYTES_MAX` bytes count, and no name. The readers of `file-format` that seek through whole containers stay
//! off for the same reason, and because they parse far more of a stranger's file than an answer is worth.

use file_format::FileFormat;

/// How many of a file's first bytes decide its media type; past the longest signature known to `file-format`.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;

/// The media type of bytes that are nothing known.
pub const UNKNOWN: &str = "application/octet-stream";
/// The media type of text in UTF-8 that is nothing more special.
pub const TEXT: &str = "text/plain";

/// Returns the media type of a file that begins with `head`, without parameters, in lower case.
///
/// `head` is the whole file, or its first `HEAD_BYTES_MAX` bytes or more.
pub fn media_type(head: &[u8]) -> String {
    let head = head.get(..HEAD_BYTES_MAX).unwrap_or(head);
    let refined = match FileFormat::from_bytes(head) {
        FileFormat::Empty => UNKNOWN,
        FileFormat::ArbitraryBinaryData => without_signature(head),
        FileFormat::Mpeg4Part14 => "video/mp4",
        FileFormat::Id3v2 => "audio/mpeg",
        FileFormat::ExtensibleBinaryMetaLanguage => matroska(head),
        FileFormat::ExtensibleMarkupLanguage => xml(head),
        FileFormat::Zip => zip(head),
        // Pictures in TGA begin with the same four bytes; a cursor says how many there are of it.
        FileFormat::WindowsCursor if matches!(head.get(4..6), None | Some([0, 0])) => UNKNOWN,
        other => return other.media_type().to_ascii_lowercase(),
    };
    refined.to_owned()
}

fn without_signature(head: &[u8]) -> &'static str {
    if head.get(4..8) == Some(b"ftyp") {
        return "video/mp4"; // a brand that no list has yet (ISO/IEC 14496-12, 4.3)
    }
    match text(head) {
        Some(text) if root_element(text) == Some("svg") => "image/svg+xml",
        Some(_) => TEXT,
        None => UNKNOWN,
    }
}

/// Tells the two kinds of EBML file apart by the document type that its header carries (RFC 8794, 11.2.2).
fn matroska(head: &[u8]) -> &'static str {
    const HEADER_BYTES_MAX: usize = 64;
    let header = head.get(..HEADER_BYTES_MAX).unwrap_or(head);
    let names = |name: &[u8]| header.windows(name.len()).any(|window| window == name);
    if names(b"webm") {
        "video/webm"
    } else if names(b"matroska") {
        "video/matroska"
    } else {
        "application/x-ebml"
    }
}

fn xml(head: &[u8]) -> &'static str {
    match text(head).and_then(root_element) {
        Some("svg") => "image/svg+xml",
        Some("html") => "application/xhtml+xml",
        Some("math") => "application/mathml+xml",
        Some("COLLADA") => "model/vnd.collada+xml",
        _ => "text/xml",
    }
}

/// Reads the type that EPUB and `OpenDocument` files store, uncompressed, as their first member (OCF 3.3, 4.3).
fn zip(head: &[u8]) -> &'static str {
    const KNOWN: [&str; 5] = [
        "application/epub+zip",
        "application/vnd.oasis.opendocument.graphics",
        "application/vnd.oasis.opendocument.presentation",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.text",
    ];
    let stored = head.get(30..).and_then(|rest| rest.strip_prefix(b"mimetype"));
    let is = |known: &str| {
        stored.and_then(|stored| stored.strip_prefix(known.as_bytes())).is_some_and(|rest| rest.first() != Some(&b'-'))
    };
    KNOWN.into_iter().find(|known| is(known)).unwrap_or("application/zip")
}

/// Returns `head` as text, if it is UTF-8 without control characters; its last character may be cut.
fn text(head: &[u8]) -> Option<&str> {
    const CHAR_BYTES_MAX: usize = 4;
    let text = match str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => {
            let cut = error.error_len().is_none() && head.len() == HEAD_BYTES_MAX;
            let valid = head.get(..error.valid_up_to())?;
            debug_assert!(!cut || head.len() - valid.len() < CHAR_BYTES_MAX);
            str::from_utf8(valid).ok().filter(|_| cut)?
        }
    };
    let is_text = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{c}' | '\u{1b}' | '\u{85}');
    (!text.is_empty() && text.chars().all(is_text)).then_some(text)
}

/// Returns the local name of an XML document's root element, past declarations, doctype and comments.
fn root_element(text: &str) -> Option<&str> {
    let mut rest = text.trim_start_matches('\u{feff}');
    loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->")?.1;
        } else if let Some(instruction) = rest.strip_prefix("<?") {
            rest = instruction.split_once("?>")?.1;
        } else if let Some(doctype) = rest.strip_prefix("<!") {
            rest = after_doctype(doctype)?;
        } else {
            let tag = rest.strip_prefix('<')?;
            let name = tag.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next()?;
            return Some(name.rsplit(':').next().unwrap_or(name)).filter(|name| !name.is_empty());
        }
    }
}

fn after_doctype(doctype: &str) -> Option<&str> {
    let end = doctype.find('>')?;
    match doctype.find('[') {
        Some(subset) if subset < end => {
            let after = doctype.get(subset..)?.split_once(']')?.1;
            Some(after.split_once('>')?.1)
        }
        _ => doctype.get(end + 1..),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn content_decides() {
        let epub = [b"PK\x03\x04".as_slice(), &[0; 26], b"mimetypeapplication/epub+zipPK"].concat();
        let template =
            [b"PK\x03\x04".as_slice(), &[0; 26], b"mimetypeapplication/vnd.oasis.opendocument.text-templatePK"]
                .concat();
        let cases: [(&[u8], &str); 21] = [
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            (b"%PDF-1.7\n", "application/pdf"),
            (b"\0\0\0\x20ftypisom\0\0\x02\0", "video/mp4"),
            (b"\0\0\0\x20ftypzz99\0\0\x02\0", "video/mp4"),
            (b"\0\0\0\x14ftypqt  \0\0\0\0", "video/quicktime"),
            (b"ID3\x04\0\0\0\0\0\0", "audio/mpeg"),
            (b"fLaC\0\0\0\x22", "audio/flac"),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "video/webm"),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska", "video/matroska"),
            (b"PK\x03\x04 and the rest of it, which is long enough", "application/zip"),
            (&epub, "application/epub+zip"),
            (&template, "application/zip"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
            (b"<?xml version='1.0'?>\n<!-- by <me> -->\n<!DOCTYPE svg [<!ENTITY a '>'>]>\n<svg:svg>", "image/svg+xml"),
            (b"<?xml version='1.0'?><catalogue/>", "text/xml"),
            ("une œuvre\n".as_bytes(), "text/plain"),
            (b"", "application/octet-stream"),
            (b"\0\x01\x02\xfe", "application/octet-stream"),
            (b"\0\0\x02\0\0\0\0\0\0\0\0\0", "application/octet-stream"),
            (b"\0\0\x02\0\x01\0 \0\0\0\0\0", "image/x-win-bitmap"),
        ];
        for (head, expected) in cases {
            assert_eq!(media_type(head), expected, "{}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn a_character_cut_by_the_limit_is_still_text() {
        let long = "a".repeat(HEAD_BYTES_MAX - 1) + "画 and more";
        assert_eq!(media_type(long.as_bytes()), TEXT);
        assert_eq!(media_type(&"画".as_bytes()[..2]), UNKNOWN, "cut by the file's own end");
    }

    #[test]
    fn what_comes_after_the_head_does_not_count() {
        let mut bytes = vec![b'a'; HEAD_BYTES_MAX];
        bytes.push(0xff);
        assert_eq!(media_type(&bytes), TEXT);
        bytes[HEAD_BYTES_MAX - 1] = 0xff;
        assert_eq!(media_type(&bytes), UNKNOWN);
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_media_type_that_a_body_takes(head in proptest::collection::vec(any::<u8>(), 0..300)) {
            let found = media_type(&head);
            let (kind, name) = found.split_once('/').unwrap();
            prop_assert!(found.len() <= 127 && !kind.is_empty() && !name.is_empty() && !name.contains('/'));
            prop_assert!(found.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase() && b != b';'));
        }

        #[test]
        fn any_markup_is_read_without_panic(text in "[<>!?\\-\\[\\] /:a-z\u{e9}]{0,80}") {
            let _name = root_element(&text);
        }
    }
}
