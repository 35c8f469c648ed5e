//! Lookalikes: which works have a file whose content code is near to one that somebody asks about.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use colophon_ledger::field::WorkId;
use colophon_ledger::iscc::UnitKind;
use serde::Serialize;
use tokio::task::spawn_blocking;

use super::Api;
use super::body::{json, number};
use super::problem::Problem;
use crate::answers::AnswerError;
use crate::lookalikes::shelf::DISTANCE_MAX;
use crate::lookalikes::{CODES_MAX, work_at};

const CODE_DIGITS: usize = 16;

/// What was found. The mints of the works say the rest, with proofs.
#[derive(Debug, Serialize)]
struct LookalikesAnswer {
    /// In how many entries of the log was searched.
    size: u64,
    lookalikes: Vec<Lookalike>,
}

#[derive(Debug, Serialize)]
struct Lookalike {
    work: WorkId,
    file: u64,
    index: u64,
    distance: u32,
    code: usize,
}

/// What is asked about.
struct Question {
    kind: UnitKind,
    codes: Vec<u64>,
    distance: u32,
    /// Only files of mints with a smaller index are wanted.
    before: Option<u64>,
}

pub(super) async fn lookalikes(State(api): State<Arc<Api>>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let question = Question::read(&query.unwrap_or_default())?;
    let _permit = api.searches.acquire().await.map_err(|_| Problem::Stopping)?;
    let searching = Arc::clone(&api);
    // All codes are compared: too long for a thread that answers others.
    let found = spawn_blocking(move || search(&searching, &question)).await;
    Ok(json(&found.map_err(|_| Problem::Internal)??))
}

impl Question {
    fn read(query: &str) -> Result<Question, Problem> {
        let distance = number(Some(query), "distance")?.and_then(|distance| u32::try_from(distance).ok());
        let distance = distance.filter(|distance| *distance <= DISTANCE_MAX);
        let distance = distance.ok_or_else(|| bad(&format!("distance should be a number from 0 to {DISTANCE_MAX}")))?;
        Ok(Question { kind: kind(query)?, codes: codes(query)?, distance, before: number(Some(query), "before")? })
    }
}

fn search(api: &Api, question: &Question) -> Result<LookalikesAnswer, AnswerError> {
    let log = &api.register.log;
    api.lookalikes.read(log, api.register.newest().size)?;
    let found = api.lookalikes.near(question.kind, &question.codes, question.distance, question.before);
    let mut lookalikes = Vec::new();
    for near in found.near {
        let work = work_at(log, near.index)?;
        let work = work.map(|work| Ok::<_, AnswerError>((work, api.register.index_of(&work)?))).transpose()?;
        // A mint that is voided is in the log, and is no work.
        if let Some((work, _)) = work.filter(|(_, index)| *index == Some(near.index)) {
            let (file, index, distance, code) = (near.file, near.index, near.distance, near.code);
            lookalikes.push(Lookalike { work, file, index, distance, code });
        }
    }
    Ok(LookalikesAnswer { size: found.size, lookalikes })
}

fn bad(why: &str) -> Problem {
    Problem::BadRequest(why.to_owned())
}

fn value<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(found, _)| *found == name).map(|(_, value)| value)
}

fn kind(query: &str) -> Result<UnitKind, Problem> {
    match value(query, "kind") {
        Some("text") => Ok(UnitKind::Text),
        Some("image") => Ok(UnitKind::Image),
        Some("audio") => Ok(UnitKind::Audio),
        Some("video") => Ok(UnitKind::Video),
        _ => Err(bad("kind should be text, image, audio or video")),
    }
}

fn codes(query: &str) -> Result<Vec<u64>, Problem> {
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let code = |text: &str| {
        let plain = text.len() == CODE_DIGITS && hex(text);
        u64::from_str_radix(text, 16).ok().filter(|_| plain)
    };
    let codes: Option<Vec<u64>> = value(query, "codes").unwrap_or_default().split(',').map(code).collect();
    codes.filter(|codes| codes.len() <= CODES_MAX).ok_or_else(|| {
        bad(&format!("codes should be 1 to {CODES_MAX} codes of {CODE_DIGITS} lower-case hex digits, with commas"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_plain_and_at_most_sixteen() {
        let many = |count: usize| format!("codes={}", vec!["00000000000000ff"; count].join(","));
        assert_eq!(codes(&many(CODES_MAX)), Ok(vec![255; CODES_MAX]));
        for wrong in [
            many(CODES_MAX + 1).as_str(),
            "",
            "codes=",
            "codes=ff",
            "codes=00000000000000FF",
            "codes=+0000000000000ff",
            "codes=00000000000000ff,",
        ] {
            assert!(matches!(codes(wrong), Err(Problem::BadRequest(_))), "{wrong}");
        }
        assert_eq!(kind("a=b&kind=image"), Ok(UnitKind::Image));
        assert!(kind("kind=data").is_err());
    }
}
