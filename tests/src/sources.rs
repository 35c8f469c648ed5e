//! The project's own files, as the house rules read them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::binaries::workspace_root;

/// Directories that hold nothing written by hand.
const NOT_OURS: [&str; 5] = [".git", "target", "node_modules", "corpus", "artifacts"];

/// One file of the checkout.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path from the root of the checkout, with `/` between the parts.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl Source {
    /// Reads every text file of the checkout whose name ends in one of `endings`, in order of path.
    pub fn all(endings: &[&str]) -> Vec<Self> {
        let mut paths = Vec::new();
        walk(workspace_root(), &mut paths);
        let mut sources: Vec<Self> = paths.iter().filter_map(|path| read(path, endings)).collect();
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        sources
    }

    /// Reads one file by its path from the root; nothing if there is none.
    pub fn one(path: &str) -> Option<Self> {
        let text = fs::read_to_string(workspace_root().join(path)).ok()?;
        Some(Self { path: path.to_owned(), text })
    }

    /// Returns the name without directory and ending.
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.split('.').next().unwrap_or_default()
    }

    /// Returns the code without comments and without what stands in quotes.
    pub fn code(&self) -> String {
        code_of(&self.text)
    }

    /// Returns the code like [`Source::code`], without its tests. A file of tests alone has none.
    pub fn code_without_tests(&self) -> String {
        let tests_alone = self.stem() == "tests" || self.stem().ends_with("_tests") || self.path.contains("/tests/");
        let code = if tests_alone { String::new() } else { self.code() };
        without_test_modules(&code)
    }
}

/// Says whether `word` stands in `text` as a word of its own.
pub fn has_word(text: &str, word: &str) -> bool {
    let part_of_name = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    text.match_indices(word).any(|(start, _)| {
        !part_of_name(text[..start].chars().next_back()) && !part_of_name(text[start + word.len()..].chars().next())
    })
}

/// Says whether `code` has a number with a fraction, or one that is called a float.
pub fn has_float(code: &str) -> bool {
    let digit = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_digit());
    let fraction = |place: usize| {
        let before = code[..place].trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '_');
        let whole = &code[before.len()..place];
        // In `pair.0.1` the digits are names of fields, in `x1.0` the end of a name.
        let is_number = !before.ends_with(|letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '_'));
        digit(whole.chars().next()) && is_number && digit(code[place + 1..].chars().next())
    };
    let called = |kind: &str| {
        code.match_indices(kind).any(|(start, _)| code[..start].ends_with(|letter: char| letter.is_ascii_digit()))
    };
    has_word(code, "f32")
        || has_word(code, "f64")
        || called("f32")
        || called("f64")
        || called("_f64")
        || called("_f32")
        || code.match_indices('.').any(|(place, _)| fraction(place))
}

/// Lists what follows each `prefix` (such as `std::`) in `code`: one name, or each name of a `{...}` group.
pub fn names_after(code: &str, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (start, _) in code.match_indices(prefix) {
        let before = code[..start].chars().next_back();
        if before.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '$' | ':')) {
            continue;
        }
        let rest = &code[start + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(group_heads(group)),
            None => names.push(leading_name(rest)),
        }
    }
    names
}

fn walk(directory: &Path, paths: &mut Vec<PathBuf>) {
    let found = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    for entry in found.flatten() {
        let ours = !NOT_OURS.iter().any(|name| entry.file_name() == *name);
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && ours => walk(&entry.path(), paths),
            Ok(kind) if kind.is_file() => paths.push(entry.path()),
            _ => {}
        }
    }
}

fn read(path: &Path, endings: &[&str]) -> Option<Source> {
    let relative = path.strip_prefix(workspace_root()).ok()?.to_str()?.replace('\\', "/");
    endings.iter().any(|ending| relative.ends_with(ending)).then_some(())?;
    Some(Source { text: fs::read_to_string(path).ok()?, path: relative })
}

/// Takes out every `#[cfg(test)] mod name { ... }`; a declaration (`mod name;`) hides nothing here.
fn without_test_modules(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(start) = rest.find("#[cfg(test)]\nmod ") {
        kept.push_str(&rest[..start]);
        let module = &rest[start..];
        rest = match (module.find('{'), module.find(';')) {
            (Some(open), end) if end.is_none_or(|end| open < end) => &module[open + block(&module[open..])..],
            (_, Some(end)) => &module[end + 1..],
            _ => "",
        };
    }
    kept + rest
}

/// Returns how many bytes a block takes, both braces included.
fn block(code: &str) -> usize {
    let mut depth = 0_usize;
    for (place, letter) in code.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 1 => return place + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// Lists the first name of each member of a group, up to its closing brace; inner groups are skipped.
fn group_heads(group: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut heads = vec![String::new()];
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(String::new()),
            _ if depth == 0 => heads.last_mut().expect("there is always one").push(letter),
            _ => {}
        }
    }
    heads.iter().map(|head| leading_name(head.trim())).filter(|head| !head.is_empty()).collect()
}

fn leading_name(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// Blanks comments and what stands in quotes; every line break stays.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let (kept, skipped) = match letter {
            '/' if rest.starts_with("//") => ("", rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => ("", rest.find("*/").map_or(rest.len(), |end| end + 2)),
            '"' => ("\"\"", quoted(rest)),
            'r' if raw_hashes(rest).is_some() && !ends_in_name(&code) => ("\"\"", raw(rest)),
            '\'' => ("'", character(rest)),
            _ => (&rest[..letter.len_utf8()], letter.len_utf8()),
        };
        code.push_str(kept);
        if kept != &rest[..skipped] {
            code.extend(rest[..skipped].chars().filter(|letter| *letter == '\n'));
        }
        rest = &rest[skipped..];
    }
    code
}

fn ends_in_name(code: &str) -> bool {
    // `br"..."` is a raw byte string; any other name that ends in r is a name.
    let mut letters = code.chars().rev();
    let last = letters.next();
    let before = letters.next();
    let is_name = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    is_name(last) && (last != Some('b') || is_name(before))
}

/// Returns how many bytes a quoted string takes, both quotes included.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (place, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return place + 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns the hashes of a raw string that `text` begins with.
fn raw_hashes(text: &str) -> Option<&str> {
    let after = text.strip_prefix('r')?;
    let hashes = &after[..after.len() - after.trim_start_matches('#').len()];
    after[hashes.len()..].starts_with('"').then_some(hashes)
}

fn raw(text: &str) -> usize {
    let hashes = raw_hashes(text).unwrap_or_default();
    let start = 1 + hashes.len() + 1;
    let close = format!("\"{hashes}");
    text[start..].find(&close).map_or(text.len(), |end| start + end + close.len())
}

/// Returns how many bytes a character literal takes; one for the quote that begins a lifetime.
fn character(text: &str) -> usize {
    let mut letters = text.char_indices().skip(1);
    match letters.next() {
        Some((_, '\\')) => text[3..].find('\'').map_or(text.len(), |end| 3 + end + 1),
        Some(_) => match letters.next() {
            Some((place, '\'')) => place + 1,
            _ => 1,
        },
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_quotes_are_no_code() {
        let text = "let a = \"std::fs \\\" // x\"; // std::net\nlet b = r#\"Instant \"# ; /* f64\n */ let c: &'static str = '\\'';\n";
        let code = code_of(text);
        for hidden in ["std", "Instant", "f64", "x"] {
            assert!(!has_word(&code, hidden), "{hidden} in {code}");
        }
        assert!(code.contains("let c: &'static str = '"));
        assert_eq!(code.lines().count(), text.lines().count());
    }

    #[test]
    fn tests_in_a_file_are_left_out_and_the_rest_stays() {
        let source = |text: &str| Source { path: "crates/x/src/x.rs".into(), text: text.into() };
        let block = source("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n");
        assert_eq!(block.code_without_tests(), "fn a() {}\n\nfn c() {}\n");
        let declared = source("#[cfg(test)]\nmod tests;\nfn b() {}\n");
        assert!(declared.code_without_tests().contains("fn b"));
    }

    #[test]
    fn names_are_found_one_by_one_and_in_groups() {
        let code =
            "use std::fs; use std::{collections::{HashMap, VecDeque}, env, net::TcpStream};\nmystd::x; a::std::y";
        assert_eq!(names_after(code, "std::"), ["fs", "collections", "env", "net"]);
        assert_eq!(names_after("use crate::{Hash, note::Note}; $crate::Macro", "crate::"), ["Hash", "note"]);
    }

    #[test]
    fn floats_are_told_from_fields_ranges_and_names() {
        for float in ["1.5", "let x: f64 = y;", "1f32", "2_f64", "a(0.25)", "1_000.5"] {
            assert!(has_float(float), "{float}");
        }
        for other in ["pair.0.1", "0..5", "1..=9", "x.0", "0xf64a", "xf64", "v1.0"] {
            assert!(!has_float(other), "{other}");
        }
    }

    #[test]
    fn a_word_is_not_a_part_of_another() {
        assert!(has_word("let x: f64 = 1;", "f64"));
        assert!(!has_word("let xf64 = f64_;", "f64"));
    }
}
