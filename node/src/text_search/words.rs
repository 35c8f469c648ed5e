//! The words of a text as they are searched for: without case, accents and widths, and pairs of signs where a script has no spaces.
//!
//! A run of a script that is written without spaces between words (Chinese, Japanese, Korean, Thai, …) is taken apart into its
//! signs and its pairs of neighbours: `山水画` is 山 at 0, 山水 at 0, 水 at 1, 水画 at 1, 画 at 2. What is searched for is found in the
//! middle of such a run, and no dictionary is needed.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// The longest word that is kept, in letters: of a longer one the beginning counts.
pub const WORD_LETTERS_MAX: usize = 64;
/// The most words and signs that one text gives.
pub const WORDS_MAX: usize = 4_096;

/// A word, or a run of signs, of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A word between spaces or punctuation.
    Word(String),
    /// Signs of a script without spaces, side by side.
    Run(Vec<char>),
}

/// Something that is looked up: where it stands in its text, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Which word or sign of the text it is, or begins with.
    pub place: usize,
    /// The word, the sign or the pair.
    pub text: String,
}

/// Returns the words and runs of a text, in their order.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let (mut count, mut is_open) = (0, false);
    for letter in folded(text) {
        if !(letter.is_alphanumeric() || is_combining_mark(letter)) {
            is_open = false;
            continue;
        }
        let in_run = is_unspaced(letter);
        match pieces.last_mut().filter(|_| is_open) {
            // A mark belongs to what it stands on.
            Some(Piece::Word(word)) if !in_run => {
                if word.chars().count() < WORD_LETTERS_MAX {
                    word.push(letter);
                }
                continue;
            }
            Some(Piece::Run(_)) if !in_run && is_combining_mark(letter) => continue,
            _ if count == WORDS_MAX => break,
            Some(Piece::Run(run)) if in_run => run.push(letter),
            _ if in_run => pieces.push(Piece::Run(vec![letter])),
            _ => pieces.push(Piece::Word(letter.to_string())),
        }
        count += 1;
        is_open = true;
    }
    for piece in &mut pieces {
        // A mark that was passed over may have stood between signs that are written otherwise side by side.
        if let Piece::Run(run) = piece {
            *run = run.iter().copied().nfc().collect();
        }
    }
    pieces
}

/// Returns everything under which a text is to be found.
pub fn terms(text: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut place = 0;
    for piece in pieces(text) {
        match piece {
            Piece::Word(text) => {
                terms.push(Term { place, text });
                place += 1;
            }
            Piece::Run(signs) => {
                for (n, sign) in signs.iter().enumerate() {
                    terms.push(Term { place: place + n, text: sign.to_string() });
                    if let Some(next) = signs.get(n + 1) {
                        terms.push(Term { place: place + n, text: [*sign, *next].iter().collect() });
                    }
                }
                place += signs.len();
            }
        }
    }
    terms
}

/// Returns the pairs of a run by which it is looked up; of a single sign, that.
pub fn pairs(run: &[char]) -> Vec<String> {
    match run {
        [sign] => vec![sign.to_string()],
        _ => run.windows(2).map(|pair| pair.iter().collect()).collect(),
    }
}

/// Returns a text without what people leave out when they search: case, accents, widths, ligatures, vowel points.
fn folded(text: &str) -> impl Iterator<Item = char> {
    let bare = text.nfkd().filter(|letter| !is_left_out(*letter));
    // By way of capitals: ß, ſ and ς have no other way to their plain letters, nor ẞ but by ß.
    let capital = bare.flat_map(char::to_lowercase).flat_map(char::to_uppercase);
    let small = capital.flat_map(char::to_lowercase).flat_map(plain);
    // Marks that make another letter, as in Japanese and Hindi, go back on it, and Korean syllables are whole again.
    small.filter(|letter| !is_left_out(*letter)).nfc()
}

/// Returns whether a sign is one that people leave out: accents on Latin, Greek and Cyrillic letters, points of Hebrew and Arabic,
/// and what only tells a typesetter something.
fn is_left_out(sign: char) -> bool {
    matches!(sign,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{487}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}'
        | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{fe00}'..='\u{fe0f}')
}

/// Returns a letter that has a stroke or is two in one as people type it who do not have it.
fn plain(letter: char) -> impl Iterator<Item = char> {
    let typed = match letter {
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ĸ' => "k",
        'ł' => "l",
        'ŋ' => "n",
        'ŧ' => "t",
        'þ' => "th",
        _ => "",
    };
    let same = typed.is_empty().then_some(letter);
    same.into_iter().chain(typed.chars())
}

/// Returns whether a letter is of a script in which words stand side by side without spaces, or with endings grown onto them.
fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{e00}'..='\u{eff}'          // Thai, Lao
        | '\u{1000}'..='\u{109f}'      // Burmese
        | '\u{1100}'..='\u{11ff}'      // Korean letters
        | '\u{1780}'..='\u{17ff}'      // Khmer
        | '\u{2e80}'..='\u{2fdf}'      // Chinese radicals
        | '\u{3005}'..='\u{3007}'      // 々〆〇
        | '\u{3021}'..='\u{3029}'
        | '\u{3031}'..='\u{3035}'
        | '\u{3041}'..='\u{309f}'      // hiragana
        | '\u{30a1}'..='\u{30ff}'      // katakana
        | '\u{3105}'..='\u{312f}'      // bopomofo
        | '\u{31a0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' // Chinese signs
        | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}'                           // Korean syllables
        | '\u{1b000}'..='\u{1b16f}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let told = |piece| match piece {
            Piece::Word(word) => word,
            Piece::Run(run) => format!("[{}]", run.iter().collect::<String>()),
        };
        pieces(text).into_iter().map(told).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn case_accents_widths_and_ligatures_do_not_count() {
        for (text, expected) in [
            ("Été à la Mer", "ete a la mer"),
            ("Straße STRAẞE ſtraſse", "strasse strasse strasse"),
            ("ΟΔΥΣΣΕΎΣ Οδυσσεύς", "οδυσσευσ οδυσσευσ"),
            ("Łódź, Ørsted & Æsop's þing", "lodz orsted aesop s thing"),
            ("İstanbul ISTANBUL ıstanbul", "istanbul istanbul istanbul"),
            ("Ｃｏｌｏｐｈｏｎ ﬁne №7", "colophon fine no7"),
            ("Ёлка елка", "елка елка"),
            ("שָׁלוֹם", "שלום"),
            ("مُحَمَّد", "محمد"),
            ("e\u{301}te\u{301}", "ete"),
            ("हिन्दी", "हिन्दी"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn scripts_without_spaces_are_runs() {
        for (text, expected) in [
            ("溪山行旅图 (handscroll)", "[溪山行旅图] handscroll"),
            ("神奈川沖浪裏", "[神奈川沖浪裏]"),
            ("ｶﾞｸｾｲ ガクセイ", "[ガクセイ] [ガクセイ]"),
            ("か が", "[か] [が]"),
            ("ス\u{f9f}\u{3099}", "[ズ]"),
            ("ก\u{e48}\u{bca}\u{309a}", "[ก\u{309a}\u{e48}]"),
            ("서울의 봄", "[서울의] [봄]"),
            ("ภาพวาด2026", "[ภาพวาด] 2026"),
            ("Hokusai北斎", "hokusai [北斎]"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn every_sign_and_pair_has_its_place() {
        let told: Vec<_> = terms("Blue 山水画").into_iter().map(|term| (term.place, term.text)).collect();
        let expected = [(0, "blue"), (1, "山"), (1, "山水"), (2, "水"), (2, "水画"), (3, "画")];
        assert_eq!(told, expected.map(|(place, text)| (place, text.to_owned())));
        assert_eq!(pairs(&['山', '水', '画']), ["山水", "水画"]);
        assert_eq!(pairs(&['山']), ["山"]);
    }

    #[test]
    fn a_text_gives_no_more_than_it_may() {
        let Some(Piece::Word(word)) = pieces(&"a".repeat(10_000)).pop() else { panic!("one word") };
        assert_eq!(word.len(), WORD_LETTERS_MAX);
        assert_eq!(pieces(&"a ".repeat(10_000)).len(), WORDS_MAX);
        let Some(Piece::Run(run)) = pieces(&"山".repeat(10_000)).pop() else { panic!("one run") };
        assert_eq!(run.len(), WORDS_MAX);
        assert!(pieces(" \u{301}\u{200b}!?—\0").is_empty());
    }
}
