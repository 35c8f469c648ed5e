//! EPUB 2 and 3: the documents of the spine, in its order (EPUB 3.3, 5.7), out of a ZIP archive.

use std::io::{Read, Seek};

use zip::ZipArchive;

use super::html::{Element, elements, text as html_text};
use super::{TEXT_BYTES_MAX, add, utf8};
use crate::deadline::Deadline;
use crate::error::{ContentError, broken};

/// The most members of the archive, and the most documents of the spine.
pub(super) const MEMBERS_MAX: usize = 10_000;
/// The longest list (container and package document), in bytes.
const LIST_BYTES_MAX: u64 = 4 << 20;
/// Where the package document is named (OCF 3.3, 4.2.6.3).
const CONTAINER: &str = "META-INF/container.xml";

/// Returns the text of a book.
pub(super) fn text<R: Read + Seek>(reader: R, deadline: &Deadline) -> Result<String, ContentError> {
    let mut archive = ZipArchive::new(reader).map_err(|error| broken("book", &error))?;
    at_most_members(archive.len())?;
    let container = elements(&member(&mut archive, CONTAINER, LIST_BYTES_MAX)?, deadline)?;
    let package = container.iter().find(|element| element.name == "rootfile");
    let package = package.and_then(|element| element.attribute("full-path"));
    let package = package.ok_or_else(|| broken("book", &"its container names no package document"))?;
    let folder = package.rsplit_once('/').map_or("", |(folder, _)| folder);
    let list = elements(&member(&mut archive, package, LIST_BYTES_MAX)?, deadline)?;
    let documents = spine(&list);
    at_most_members(documents.len())?;
    let mut book = String::new();
    for href in documents {
        let document = member(&mut archive, &path(folder, href), TEXT_BYTES_MAX)?;
        add(&mut book, &html_text(&document, deadline)?)?;
    }
    Ok(book)
}

fn at_most_members(found: usize) -> Result<(), ContentError> {
    if found > MEMBERS_MAX {
        let (found, max) = (found as u64, MEMBERS_MAX as u64);
        return Err(ContentError::TooMuch { what: "documents", found, max });
    }
    Ok(())
}

/// Returns where each document of the spine is, as the manifest says.
fn spine(list: &[Element]) -> Vec<&str> {
    let named = |name: &'static str| list.iter().filter(move |element| element.name == name);
    let manifest: std::collections::BTreeMap<&str, &str> =
        named("item").filter_map(|item| Some((item.attribute("id")?, item.attribute("href")?))).collect();
    named("itemref").filter_map(|item| manifest.get(item.attribute("idref")?).copied()).collect()
}

/// Reads a member of the archive, however long its directory says it is, up to `max` bytes.
fn member<R: Read + Seek>(archive: &mut ZipArchive<R>, name: &str, max: u64) -> Result<String, ContentError> {
    let mut member = archive.by_name(name).map_err(|error| broken("book", &format!("{name:?}: {error}")))?;
    utf8(&mut member, max).map_err(|error| match error {
        // What the operating system does not complain of is the archive's own: a checksum, or packed data that break off.
        ContentError::Read(error) if error.raw_os_error().is_none() => broken("book", &format!("{name:?}: {error}")),
        error => error,
    })
}

/// Returns the path within the archive of what a package document in `folder` calls `href`.
fn path(folder: &str, href: &str) -> String {
    let href = unescaped(href.split('#').next().unwrap_or_default());
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in href.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Undoes percent-encoding (RFC 3986, 2.1).
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten();
        let value = escaped.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(value.unwrap_or(*first));
        rest = if value.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write as _};
    use std::time::Duration;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    const PACKAGE: &str = r#"<?xml version="1.0"?><opf:package><opf:manifest>
        <opf:item id="b" href="text/two%20b.xhtml" media-type="application/xhtml+xml"/>
        <opf:item id="a" href="./one.xhtml" media-type="application/xhtml+xml"/>
        <opf:item id="unread" href="notes.xhtml" media-type="application/xhtml+xml"/>
        </opf:manifest><opf:spine><opf:itemref idref="a"/><opf:itemref idref="b"/></opf:spine></opf:package>"#;
    const ROOT: &str = r#"<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>"#;

    fn soon() -> Deadline {
        Deadline::after(Duration::from_mins(1))
    }

    /// A spine may name one document ten thousand times.
    #[test]
    fn a_book_is_given_up_when_its_time_is_over() {
        let refs = r#"<itemref idref="a"/>"#.repeat(MEMBERS_MAX);
        let package = format!(r#"<package><item id="a" href="a.xhtml"/>{refs}</package>"#);
        let tags = "<p></p>".repeat(usize::try_from(TEXT_BYTES_MAX).unwrap() / 16);
        let book = book(&[(CONTAINER, ROOT), ("OEBPS/book.opf", &package), ("OEBPS/a.xhtml", &tags)]);
        let given = Deadline::after(Duration::from_millis(1));
        assert!(matches!(text(Cursor::new(book), &given), Err(ContentError::TooSlow(_))));
    }

    fn book(members: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in members {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn a_book_is_read_in_the_order_of_its_spine() {
        let whole = book(&[
            ("mimetype", "application/epub+zip"),
            (CONTAINER, ROOT),
            ("OEBPS/book.opf", PACKAGE),
            ("OEBPS/text/two b.xhtml", "<html><body><p>then rain.</p></body></html>"),
            ("OEBPS/one.xhtml", "<html><head><title/></head><body><h1>First</h1>the wind,</body></html>"),
            ("OEBPS/notes.xhtml", "<p>unread</p>"),
        ]);
        let text = text(Cursor::new(whole), &soon()).unwrap();
        assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["First", "the", "wind,", "then", "rain."]);
    }

    #[test]
    fn a_book_that_lacks_a_part_is_broken() {
        for members in [
            vec![],
            vec![(CONTAINER, "<container/>")],
            vec![(CONTAINER, ROOT)],
            vec![(CONTAINER, ROOT), ("OEBPS/book.opf", PACKAGE)],
        ] {
            let error = text(Cursor::new(book(&members)), &soon()).unwrap_err();
            assert!(matches!(error, ContentError::Broken { what: "book", .. }), "{error}");
        }
    }

    #[test]
    fn a_book_that_was_damaged_is_broken() {
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file(CONTAINER, stored).unwrap();
        writer.write_all(ROOT.as_bytes()).unwrap();
        let mut book = writer.finish().unwrap().into_inner();
        let place = book.windows(4).position(|bytes| bytes == b"OEBP").unwrap();
        book[place] = b'o';
        let error = text(Cursor::new(book), &soon()).unwrap_err();
        assert!(matches!(&error, ContentError::Broken { what: "book", why } if why.contains("checksum")), "{error}");
        assert!(error.cure().contains("save it anew"), "{}", error.cure());
    }

    #[test]
    fn a_bomb_is_cut_off() {
        let long = "a".repeat(usize::try_from(TEXT_BYTES_MAX).unwrap() + 1);
        let bomb = book(&[
            (CONTAINER, ROOT),
            ("OEBPS/book.opf", PACKAGE),
            ("OEBPS/one.xhtml", &long),
            ("OEBPS/text/two b.xhtml", ""),
        ]);
        assert!(bomb.len() < long.len() / 100, "a bomb is small");
        assert!(matches!(text(Cursor::new(bomb), &soon()), Err(ContentError::TooMuch { .. })));
        assert!(at_most_members(MEMBERS_MAX).is_ok() && at_most_members(MEMBERS_MAX + 1).is_err());
    }

    #[test]
    fn paths_stay_within_the_archive() {
        for (folder, href, expected) in [
            ("OEBPS", "a.xhtml#part", "OEBPS/a.xhtml"),
            ("OEBPS/x", "../b.xhtml", "OEBPS/b.xhtml"),
            ("", "../../c%2fd%zz", "c/d%zz"),
        ] {
            assert_eq!(path(folder, href), expected);
        }
    }
}
