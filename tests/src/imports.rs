//! Which file of a package imports from which, as the house rules read it.

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::Source;

/// The files of a package, as paths without ending below its `src/`, and from which others each imports.
#[derive(Debug)]
pub struct Imports(BTreeMap<String, BTreeSet<String>>);

impl Imports {
    /// Reads them from the sources below `root`, such as `crates/tlog/src/`.
    ///
    /// What a face hands on (`pub use`) is no import, and a private part of a file is one with it.
    pub fn of(root: &str, sources: &[Source]) -> Imports {
        let below = sources.iter().filter_map(|source| {
            let name = source.path.strip_prefix(root)?.strip_suffix(".rs")?;
            (!matches!(name, "lib" | "main")).then(|| (name.to_owned(), source.code_without_tests()))
        });
        let codes: BTreeMap<String, String> = below.collect();
        let found = |name: &String, code: &String| {
            let named = paths(code).into_iter().filter_map(|path| defining_file(&codes, name, &path));
            let others = named.filter(|other| other != name && !is_private_part(&codes, name, other));
            others.collect()
        };
        Imports(codes.iter().map(|(name, code)| (name.clone(), found(name, code))).collect())
    }

    /// Returns the files that stand in circles or between two of them: none, where all imports run one way.
    pub fn in_circles(mut self) -> Vec<String> {
        loop {
            let imported: BTreeSet<String> = self.0.values().flatten().cloned().collect();
            let before = self.0.len();
            self.0.retain(|name, others| !others.is_empty() && imported.contains(name));
            let left: BTreeSet<String> = self.0.keys().cloned().collect();
            self.0.values_mut().for_each(|others| others.retain(|other| left.contains(other)));
            if self.0.len() == before {
                return left.into_iter().collect();
            }
        }
    }
}

/// Returns whether `name` is a file of `parent`'s own folder that `parent` alone knows.
fn is_private_part(codes: &BTreeMap<String, String>, name: &str, parent: &str) -> bool {
    let Some((folder, stem)) = name.rsplit_once('/') else { return false };
    folder == parent && codes[parent].lines().any(|line| line == format!("mod {stem};"))
}

/// Returns the file in which what `path` names is defined, seen from the file `name`.
fn defining_file(codes: &BTreeMap<String, String>, name: &str, path: &[String]) -> Option<String> {
    let mut place: Vec<&str> = name.split('/').collect();
    let mut rest = path.iter().map(String::as_str).peekable();
    match *rest.peek()? {
        "crate" => place.clear(),
        "self" | "super" => {}
        // A part of the file itself; all else is another package's.
        first if codes.contains_key(&format!("{name}/{first}")) => {}
        _ => return None,
    }
    for part in rest {
        match part {
            "crate" | "self" => {}
            "super" => drop(place.pop()),
            part => place.push(part),
        }
    }
    (1..=place.len()).rev().map(|parts| place[..parts].join("/")).find(|file| codes.contains_key(file))
}

/// Lists each path that code imports or names from its own package.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut named = String::new();
    let mut rest = code;
    while let Some(line) = rest.split_inclusive('\n').next() {
        let statement = line.trim_start();
        let handed_on = statement
            .strip_prefix("pub")
            .is_some_and(|rest| rest.starts_with(" use ") || (rest.starts_with('(') && rest.contains(") use ")));
        let is_import = statement.starts_with("use ") || handed_on;
        let length = if is_import { rest.find(';').map_or(rest.len(), |end| end + 1) } else { line.len() };
        match rest[..length].trim_start().strip_prefix("use ") {
            // In a module within the file, `super` is the file.
            Some(tree) if tree.starts_with("super::") && !line.starts_with("use") => {}
            Some(tree) => expand(tree.trim_end_matches(';'), "", &mut paths),
            None if handed_on => {}
            None => named.push_str(line),
        }
        rest = &rest[length..];
    }
    let inner = ["crate::", "super::"].into_iter().flat_map(|start| named.match_indices(start));
    paths.extend(inner.map(|(start, _)| {
        let path = named[start..].split(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '_' | ':'));
        parts(path.take(1).collect::<String>().as_str())
    }));
    paths
}

/// Lists each path of a tree such as `a::{b, c::{d, e}}`, after what stands `before` it.
fn expand(tree: &str, before: &str, paths: &mut Vec<Vec<String>>) {
    let Some((start, group)) = tree.split_once('{') else {
        paths.push(parts(&format!("{before}{tree}")));
        return;
    };
    let before = format!("{before}{start}");
    let mut depth = 0_usize;
    let group = group.trim_end().trim_end_matches('}');
    for member in group.split(|letter| {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    }) {
        // The last member's own braces were cut with those of the group, and are not missed.
        expand(member.trim(), &before, paths);
    }
}

fn parts(path: &str) -> Vec<String> {
    let path = path.split(" as ").next().unwrap_or_default();
    path.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(files: &[(&str, &str)]) -> Imports {
        let source =
            |(name, text): &(&str, &str)| Source { path: format!("x/src/{name}.rs"), text: (*text).to_owned() };
        Imports::of("x/src/", &files.iter().map(source).collect::<Vec<_>>())
    }

    #[test]
    fn what_runs_one_way_is_no_circle() {
        let down = [
            ("lib", "pub mod a;"),
            ("a", "mod part;\npub use part::P;\nuse crate::b::{self, c::{C, D}, B};\nuse part::Part;\n"),
            ("a/part", "use super::A;\nuse crate::b::B;\n"),
            ("b", "pub mod c;\nuse std::fmt;\n"),
            ("b/c", "// use crate::a::A;\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n"),
        ];
        let found = imports(&down);
        assert_eq!(found.0["a"].iter().map(String::as_str).collect::<Vec<_>>(), ["a/part", "b", "b/c"]);
        assert_eq!(found.0["a/part"].len(), 1);
        assert!(found.in_circles().is_empty());
    }

    #[test]
    fn circles_are_found_however_they_are_written() {
        for (a, c) in [
            ("use crate::b::B;", "use crate::a::A;"),
            ("use crate::b::{\n    B,\n    Other,\n};", "use crate::{a::A, b::B};"),
            ("fn f() {\n    use crate::b::B;\n}", "fn g() -> crate::a::A {}"),
            ("use super::b::B as Other;", "pub(crate) fn g() -> super::super::a::A {}"),
        ] {
            let circle = [("a", a), ("b", "pub mod c;\nuse c::C;\n"), ("b/c", c), ("d", "use crate::a::A;\n")];
            assert_eq!(imports(&circle).in_circles(), ["a", "b", "b/c"], "{a} {c}");
        }
        let child = [("a", "pub mod part;\nuse part::Part;\n"), ("a/part", "use crate::a::A;\n")];
        assert_eq!(imports(&child).in_circles(), ["a", "a/part"]);
    }
}
