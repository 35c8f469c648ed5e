//! Words that are searched for: bounded, without anything that does not count, the same when they are taken apart again.

use colophon_node::text_search::words::{Piece, WORD_LETTERS_MAX, WORDS_MAX, pairs, pieces, terms};

/// Words of texts in many scripts.
pub const WORDS: &[&str] = &[
    "ẞ",
    "ſ",
    "ς",
    "İ",
    "e\u{301}",
    "か\u{3099}",
    "ﾊﾟ",
    "ﬃ",
    "山",
    "서",
    "ก\u{e48}",
    "न\u{94d}",
    "№",
    " ",
    "-",
    "\u{200d}",
    "\u{fe0f}",
];

/// Takes a text apart, and what it gave again.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let found = pieces(&text);
    let mut count = 0;
    let mut again = Vec::new();
    for piece in &found {
        match piece {
            Piece::Word(word) => {
                assert!((1..=WORD_LETTERS_MAX).contains(&word.chars().count()));
                assert!(!word.contains(char::is_whitespace));
                again.push(word.clone());
                count += 1;
            }
            Piece::Run(run) => {
                assert!(!run.is_empty());
                assert_eq!(pairs(run).len(), run.len().saturating_sub(1).max(1));
                again.push(run.iter().collect());
                count += run.len();
            }
        }
    }
    assert!(count <= WORDS_MAX);
    assert_eq!(pieces(&again.join(" ")), found, "{again:?}");
    let terms = terms(&text);
    assert!(terms.len() <= 2 * count && terms.iter().all(|term| term.place < count));
    assert!(terms.is_sorted_by_key(|term| term.place));
    // Whatever is looked up stands in what is found.
    let mut looked_up = found.iter().flat_map(|piece| match piece {
        Piece::Word(word) => vec![word.clone()],
        Piece::Run(run) => pairs(run),
    });
    assert!(looked_up.all(|text| terms.iter().any(|term| term.text == text)));
}

/// Titles in many scripts.
pub fn seeds() -> Vec<Vec<u8>> {
    let titles = [
        "Mountains in mist, nach dem Regen",
        "溪山行旅图 (Travellers among Mountains and Streams)",
        "冨嶽三十六景 神奈川沖浪裏 ｶﾞｸｾｲ",
        "서울의 봄",
        "ภาพวาด2026",
        "हिन्दी में चित्र",
        "شَاهْنَامَه שָׁלוֹם",
        "Ёлка і Їжак; ΟΔΥΣΣΕΎΣ",
        "STRAẞE ﬁne №7 İstanbul Łódź",
    ];
    titles.map(|title| title.as_bytes().to_vec()).to_vec()
}
