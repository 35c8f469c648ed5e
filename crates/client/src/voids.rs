//! What the upgrades of a log void: fetched where a leaf was met that is against the rules, and not before.

use colophon_ledger::voiding::VoidLists;

use crate::download::Download;
use crate::http::Transport;
use crate::tiles::{Span, TreeError};

/// Fetches the entries of a log from one tree to a larger one, each of them proved, and returns what the upgrades among them void.
pub async fn fetch_void_lists(transport: &Transport, from: Span, to: Span) -> Result<VoidLists, TreeError> {
    let (mut lists, mut index) = (VoidLists::default(), from.size.get());
    let mut download = Download::begin(transport, from, to, |leaves| leaves).await?;
    while let Some(leaves) = download.next().await? {
        for leaf in leaves {
            lists.leaf(index, &leaf);
            index += 1;
        }
    }
    Ok(lists)
}
