//! Pinned decisions: an update of Cedar, or of this crate, that changes one is seen.
//!
//! Who changes them on purpose gives the engine another version, says so in the changelog, and pins anew. The second
//! implementation (`tests/spec/corridor_rules.py`) reads the same file and computes the same digest.

use colophon_corridor::Corridor;
use colophon_corridor::case::Case;
use colophon_corridor::engine::ENGINE;
use colophon_corridor::shipped::shipped;

const DECISIONS: &str = include_str!("decisions.txt");

#[test]
fn decisions_are_pinned() {
    let corridor = Corridor::of(&shipped()).unwrap();
    let cases = Case::parse(DECISIONS).unwrap();
    assert!(cases.len() >= 190);
    for case in cases {
        assert_eq!(corridor.judge(&case.facts).to_string(), case.expected, "line {}: {}", case.line, case.facts);
    }
    let digest = corridor.digest_text();
    let pinned = DECISIONS.lines().nth(2).unwrap();
    assert_eq!(pinned, format!("# {ENGINE} {digest}"), "the engine or a shipped rule changed");
}
