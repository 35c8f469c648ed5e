//! Problem documents as a client reads them: whatever a node sends, what is shown is short and harmless.

use std::time::Duration;

use colophon_client::failure::Failure as _;
use colophon_client::problem::Problem;
use serde_json::json;

/// Words of problem documents.
pub const WORDS: &[&str] = &[
    "\"code\":\"",
    "\"title\":\"",
    "\"detail\":\"",
    "\"cure\":\"",
    "\"status\":",
    "prev_stale",
    "\\u001b[31m",
    "\\u202e",
    "\\n",
    "null",
    "\u{202e}",
    "[[[[[[[[[[[[[[[[",
];

/// The most characters of a message: the node's words are cut, what stands around them is short.
const SHOWN_CHARS_MAX: usize = 700;

/// Reads a document under a status that its first bytes choose.
pub fn check(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let status = [200, 304, 400, 404, 408, 409, 410, 422, 429, 500, 503, 999][usize::from(*choice) % 12];
    let retry_after = (choice % 2 == 0).then_some(Duration::from_secs(3));
    let problem = Problem::read(status, retry_after, body.to_vec());
    assert_eq!((problem.status, problem.retry_after), (status, retry_after));
    assert!((1..=64).contains(&problem.code.len()));
    assert!(problem.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'));
    for shown in [problem.to_string(), problem.cure(), format!("{problem:?}"), problem.detail.clone()] {
        assert!(!shown.is_empty());
        assert!(shown.chars().count() <= 2 * SHOWN_CHARS_MAX);
        assert!(
            !shown.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')),
            "{shown:?}"
        );
    }
    assert!(problem.detail.chars().count() <= SHOWN_CHARS_MAX);
    let class = problem.class();
    assert_eq!(Problem::read(status, retry_after, body.to_vec()).class(), class);
}

/// Documents as nodes write them, and answers that are none.
pub fn seeds() -> Vec<Vec<u8>> {
    let documents = [
        json!({"type": "about:blank", "title": "late", "status": 409, "code": "prev_stale", "detail": "another came first", "cure": "look again"}),
        json!({"code": "x".repeat(64), "detail": "山".repeat(500)}),
        json!({"code": "X", "detail": ""}),
    ];
    let mut seeds: Vec<Vec<u8>> = documents.iter().map(|document| format!("\u{5}{document}").into_bytes()).collect();
    seeds.push(b"\x02<html>502 Bad Gateway</html>".to_vec());
    seeds
}
