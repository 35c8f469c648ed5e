//! The rules of the corridor as they stand: the sets with their texts, who may attest what they ask for, and what was attested.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::Uri;
use axum::response::Response;
use colophon_ledger::account::AccountId;
use colophon_ledger::field::{DocumentType, WorkId};
use colophon_ledger::proved::StateAnswer;
use colophon_ledger::state::{
    About, AuthoritiesRecord, AuthorityRecord, CorridorRecord, PaperRecord, PublishedRecord, RecordKey, RuleListRecord,
};
use serde::Deserialize;

use super::Api;
use super::body::json;
use super::problem::Problem;
use super::segment::Segment;
use crate::answers::{AnswerError, Gathered};

/// Which document is asked about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    by: AccountId,
    #[serde(rename = "type")]
    document_type: DocumentType,
    account: Option<AccountId>,
    work: Option<WorkId>,
    edition: Option<u64>,
}

pub(super) async fn rules(State(api): State<Arc<Api>>) -> Result<Response, Problem> {
    Ok(json(&rules_answer(&api)?))
}

/// Proves the list of sets, each set in it, and the authorities of every country that has some.
fn rules_answer(api: &Api) -> Result<StateAnswer, AnswerError> {
    let moment = api.register.moment();
    let mut gathered = Gathered::new(&moment)?;
    let list: RuleListRecord = gathered.read(&RecordKey::RuleList)?.unwrap_or_default();
    for digest in list.sets.into_iter().filter_map(|set| set.digest) {
        gathered.read::<PublishedRecord>(&RecordKey::RuleSet(digest))?;
    }
    let all: AuthoritiesRecord = gathered.read(&RecordKey::Authorities)?.unwrap_or_default();
    for country in all.countries {
        gathered.read::<AuthorityRecord>(&RecordKey::Authority(country.country))?;
    }
    gathered.into_answer(&api.register.log)
}

/// Answers with a set by its digest, or with those that were in force together by the digest of them all.
pub(super) async fn rule_set(State(api): State<Arc<Api>>, digest: Segment) -> Result<Response, Problem> {
    let moment = api.register.moment();
    let mut gathered = Gathered::new(&moment)?;
    let digest = digest.digest()?;
    let mut is_there = gathered.read::<PublishedRecord>(&RecordKey::RuleSet(digest))?.is_some();
    if !is_there && let Some(together) = gathered.read::<CorridorRecord>(&RecordKey::Corridor(digest))? {
        is_there = true;
        for set in together.sets {
            gathered.read::<PublishedRecord>(&RecordKey::RuleSet(set.digest))?;
        }
    }
    let answer = gathered.into_answer(&api.register.log)?;
    if is_there { Ok(json(&answer)) } else { Err(Problem::Absent("such rule set".to_owned(), Box::new(answer))) }
}

/// Answers with the newest document of a type that an account has attested about something, or proves that there is none.
pub(super) async fn paper(State(api): State<Arc<Api>>, uri: Uri) -> Result<Response, Problem> {
    let query = Query::<Asked>::try_from_uri(&uri);
    let Query(asked) = query.map_err(|error| Problem::BadRequest(format!("the query: {error}")))?;
    let about = match (asked.account, asked.work, asked.edition) {
        (Some(account), None, None) => About::Account(account),
        (None, Some(work), None) => About::Work(work),
        (None, Some(work), Some(edition)) => About::Edition(work, edition),
        _ => {
            return Err(Problem::BadRequest(
                "a document is about an account, a work, or an edition of a work".to_owned(),
            ));
        }
    };
    let moment = api.register.moment();
    let mut gathered = Gathered::new(&moment)?;
    gathered.read::<PaperRecord>(&RecordKey::Paper(about, asked.document_type, asked.by))?;
    Ok(json(&gathered.into_answer(&api.register.log)?))
}
