//! What other nodes show of the register, held against its own log before anything is signed.
//!
//! An old backup that was put back remembers nothing of what came after it, and would sign another history. Whoever has a copy
//! remembers: a follower, a mirror, a cache.

use std::time::Duration;

use colophon_client::failure::Failure as _;
use colophon_client::http::{AddressError, Patience, Transport};
use colophon_storage::log::Log;
use colophon_storage::reader::ReadError;
use colophon_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use colophon_tlog::note::{NOTE_BYTES_MAX, Note, SIGNATURES_MAX, VerifierKey};
use colophon_tlog::tree::TreeSize;
use tracing::{info, warn};

/// How long a peer has for its answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// What a peer shows as the register's checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The peer's address.
    pub address: String,
    /// The bytes it answers with.
    pub checkpoint: Vec<u8>,
}

/// Why the log here must not be signed.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The address cannot be that of a peer.
    #[error("the peer's address: {error}; {cure}", error = .0, cure = .0.cure())]
    Address(#[from] AddressError),
    /// People were shown more than is here.
    #[error(
        "the peer {address} shows {size} entries, signed by this register, and there are {held} here: this is an older backup. To sign \
         it would show people another history than they were given. Put back the newest log, from a newer backup or from that \
         peer's copy (docs/operating.md, \"From a copy\")"
    )]
    Ahead {
        /// The peer.
        address: String,
        /// How many entries it shows.
        size: u64,
        /// How many there are here.
        held: u64,
    },
    /// People were shown something else than is here.
    #[error(
        "the peer {address} shows another log of {size} entries, signed by this register, than there is here: one of the two is \
         not the register's. Nothing was signed; find out which of them people were shown before you go on"
    )]
    Differs {
        /// The peer.
        address: String,
        /// The size at which they differ.
        size: u64,
    },
    /// People were shown more than is here, by another key of the log.
    #[error(
        "the peer {address} shows {size} entries of this register by another key than its log has here, where {held} are: if its \
         governors have changed the key since, this is an older backup. Put back the newest log (docs/operating.md, \"From a copy\"). If \
         they have not, that peer is none of this register: leave it out"
    )]
    OtherKey {
        /// The peer.
        address: String,
        /// How many entries it shows.
        size: u64,
        /// How many there are here.
        held: u64,
    },
    /// The log here cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Asks peers for the register's checkpoint, all at once. One that gives no answer in time is told of, and stops nothing.
pub async fn ask(addresses: &[String]) -> Result<Vec<Said>, AddressError> {
    let mut asked = Vec::new();
    for address in addresses {
        let patience = Patience { attempts: 2, total: ANSWER_TIME_MAX, ..Patience::default() };
        let transport = Transport::new(address, patience)?;
        let address = transport.address().to_owned();
        asked.push((address, tokio::spawn(async move { transport.get("checkpoint", NOTE_BYTES_MAX).await })));
    }
    let mut said = Vec::new();
    for (address, asked) in asked {
        let why = match asked.await {
            Ok(Ok(checkpoint)) => {
                said.push(Said { address, checkpoint });
                continue;
            }
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        warn!("A peer cannot be asked whether the log here is the newest: {address}: {why}");
    }
    Ok(said)
}

/// Refuses a log of which a peer shows more, or something else. Only what the register's own key has signed counts, or what says that the
/// log has had another key since.
pub(crate) fn check(said: &[Said], key: &VerifierKey, log: &Log) -> Result<(), PeerError> {
    for Said { address, checkpoint } in said {
        let checkpoint = match SignedCheckpoint::open(checkpoint, key) {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                if let Some(size) = size_shown(checkpoint, key.name()).filter(|size| *size > log.size()) {
                    let (address, held) = (address.clone(), log.size().get());
                    return Err(PeerError::OtherKey { address, size: size.get(), held });
                }
                warn!("A peer shows no checkpoint of this register: {address}: {error}");
                continue;
            }
        };
        let (size, address) = (checkpoint.checkpoint().size, address.clone());
        if size > log.size() {
            return Err(PeerError::Ahead { address, size: size.get(), held: log.size().get() });
        }
        if log.reader().root(size)? != checkpoint.checkpoint().root {
            return Err(PeerError::Differs { address, size: size.get() });
        }
        info!("A peer shows {size} entries of this log, and no others: {address}");
    }
    Ok(())
}

/// Returns how many entries of the log called `origin` a peer shows, whoever has signed it.
fn size_shown(checkpoint: &[u8], origin: &str) -> Option<TreeSize> {
    let note = Note::parse(checkpoint, SIGNATURES_MAX).ok()?;
    let shown = Checkpoint::parse(note.text()).ok()?;
    (shown.origin == origin).then_some(shown.size)
}
