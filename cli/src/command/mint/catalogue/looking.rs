//! What the register has already of a file of a catalogue: the very same, or works like it.

use std::collections::BTreeSet;
use std::sync::Arc;

use colophon_client::client::Client;
use colophon_ledger::account::AccountId;
use colophon_ledger::field::{Digest, WorkId};

use super::super::known::{Said, Standing, like_others, registered_and_like, registered_by_others, unacknowledged};
use super::super::plan::Sources;
use super::reading::Read;
use super::row::Row;
use crate::failure::Failure;
use crate::likeness::{Asked, NOBODY_SEEKS, Sought, Wanted, seek};
use crate::register::name_of;

/// What has come of looking.
#[derive(Debug)]
pub(super) enum Seen {
    /// Nothing stands against it; the works that its mint names.
    Free(Sources),
    /// It is registered by this account.
    Mine(WorkId),
    /// Something is to be acknowledged first: why, and the works of others that it is like.
    Against(Failure, Vec<WorkId>),
}

/// Who looks, and for whom.
#[derive(Debug, Clone)]
pub(super) struct Looker {
    /// The register.
    pub(super) client: Arc<Client>,
    /// Who would register.
    pub(super) account: AccountId,
    /// The account's works that are known here: no work of its own stands against another.
    pub(super) own: Arc<BTreeSet<WorkId>>,
}

impl Looker {
    /// Looks for a file, and adds to its notes what is merely to be told. An error is no answer: the register cannot be asked, or lies.
    pub(super) async fn look(&self, row: &Row, read: &mut Read) -> Result<Seen, Failure> {
        let mut sources = row.sources.clone();
        let said = if row.line.is_some() { Said::InList } else { Said::ByItself };
        let face = Digest(read.recognised.file.sha256);
        let looked = self.client.file(&face, 1).await?;
        match Standing::of(&looked, &self.account, sources.ack_first) {
            Standing::Free => {}
            Standing::Mine(work) => return Ok(Seen::Mine(work)),
            Standing::Taken(first) => {
                let name = name_of(&self.client, &first.record.maker).await?;
                let against = registered_by_others(first, name.as_deref(), sources.ack_first.is_some(), said);
                return Ok(Seen::Against(against, Vec::new()));
            }
        }
        let asked = read.recognised.content.as_ref().and_then(Asked::of);
        let wanted = Wanted { before: None, own: Some(self.account), passed_over: Arc::clone(&self.own) };
        let likes = match seek(&self.client, asked.as_ref(), &wanted).await? {
            Sought::NothingToSeekBy => Vec::new(),
            Sought::NobodySeeks => {
                read.notes.push(NOBODY_SEEKS.to_owned());
                Vec::new()
            }
            Sought::Found(likes) => likes,
        };
        let is_like = |work: &WorkId| likes.iter().any(|like| like.work == *work);
        sources.ack_similar.extend(row.acknowledged.iter().copied().filter(is_like));
        let (open, told) = unacknowledged(&likes, &self.account, &sources);
        if !open.is_empty() {
            return Ok(Seen::Against(like_others(&open, said), open.iter().map(|like| like.work).collect()));
        }
        read.notes.extend(told.into_iter().map(registered_and_like));
        Ok(Seen::Free(sources))
    }
}
