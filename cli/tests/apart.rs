//! Documents whose reader would take all the memory there is: it is another process, and has bounds.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_colophon");

/// Returns what the process apart says of a document; nothing if it was ended.
fn said(bytes: &[u8]) -> Option<String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["apart", "document"]).env_clear().stderr(Stdio::null()).stdin(File::open(file.path()).unwrap());
    let output = command.output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

/// Returns a PDF of these objects, the first of which is its catalogue, with a table of where they are.
fn pdf_of(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"%PDF-1.5\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(objects) {
        places.push(bytes.len());
        bytes.extend(format!("{number} 0 obj\n").bytes());
        bytes.extend(object);
        bytes.extend(b"\nendobj\n");
    }
    let table = bytes.len();
    bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).bytes());
    for place in &places {
        bytes.extend(format!("{place:010} 00000 n \n").bytes());
    }
    let size = places.len() + 1;
    bytes.extend(format!("trailer<</Root 1 0 R/Size {size}>>\nstartxref\n{table}\n%%EOF").bytes());
    bytes
}

fn stream(dictionary: &str, packed: &[u8]) -> Vec<u8> {
    let head = format!("<</Filter/FlateDecode/Length {} {dictionary}>>\nstream\n", packed.len());
    [head.as_bytes(), packed, b"\nendstream"].concat()
}

/// Returns a document with one page that says something, and these objects.
fn document(more: &[Vec<u8>]) -> Vec<u8> {
    let mut objects: Vec<Vec<u8>> = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        "<</Length 39>>\nstream\nBT /F1 9 Tf (Hills before the rain) Tj ET\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Courier>>",
    ]
    .map(|object| object.as_bytes().to_vec())
    .to_vec();
    objects.extend_from_slice(more);
    pdf_of(&objects)
}

#[test]
fn a_document_is_read_apart() {
    let told = said(&document(&[])).unwrap();
    assert!(told.starts_with(r#"{"code":""#), "{told}");
    let told = said(b"%PDF-1.7\nnothing").unwrap();
    assert!(told.contains("cannot be decoded") && told.contains("digests alone"), "{told}");
}

/// A number in a list takes two bytes in the file, and more than a hundred in memory.
#[test]
fn a_document_of_very_many_objects_is_ended_at_its_bounds() {
    let list = [b"[".as_slice(), &b"0 ".repeat(40 << 20), b"]"].concat();
    let packed = packed(b"90000 0 [", 15 << 20);
    assert!(packed.len() < 1 << 18, "a bomb is small");
    let bombs: Vec<Vec<u8>> = (0..20).map(|_| stream("/Type/ObjStm/N 1/First 8", &packed)).collect();
    for (what, bytes) in [("a list", document(&[list])), ("20 packed lists", document(&bombs))] {
        let begun = Instant::now();
        assert_eq!(
            said(&bytes),
            None,
            "{what}: if it is read now, its memory is bounded by its reader; make the bomb larger"
        );
        assert!(begun.elapsed() < Duration::from_mins(1), "{what}: {:?}", begun.elapsed());
    }
}

/// Returns `head`, then so many times `0 `, then `]`, as a zlib stream (RFC 1950): one block of fixed codes (RFC 1951, 3.2.6), which
/// says the first `0 ` and then, over and over, "258 bytes as two bytes ago".
fn packed(head: &[u8], times: usize) -> Vec<u8> {
    let whole = [head, &b"0 ".repeat(times), b"]"].concat();
    let repeated = (2 * times - 2) / 258;
    let (first, rest) = (head.len() + 2, head.len() + 2 + 258 * repeated);
    let mut bits = vec![true, true, false];
    let put =
        |bits: &mut Vec<bool>, code: u32, length: u32| bits.extend((0..length).rev().map(|bit| code >> bit & 1 == 1));
    // Codes stand with their first bit first: a byte below 144 is 48 more in 8 bits; a length of 258 is 0xc5, a distance of two 1 in 5.
    whole[..first].iter().for_each(|byte| put(&mut bits, 48 + u32::from(*byte), 8));
    (0..repeated).for_each(|_| put(&mut bits, 0xc5 << 5 | 1, 13));
    whole[rest..].iter().for_each(|byte| put(&mut bits, 48 + u32::from(*byte), 8));
    put(&mut bits, 0, 7);
    let bytes = bits.chunks(8).map(|bits| bits.iter().rev().fold(0_u8, |byte, bit| byte << 1 | u8::from(*bit)));
    let (a, b) = whole.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    [0x78, 0x9c].into_iter().chain(bytes).chain((b << 16 | a).to_be_bytes()).collect()
}
