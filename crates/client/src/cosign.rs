//! Asking a witness for its cosignature, and for what it cosigned last (<https://c2sp.org/tlog-witness>).

use std::time::Duration;

use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::sha256;
use colophon_tlog::note::{NOTE_BYTES_MAX, SignatureLine, VerifierKey};
use colophon_tlog::tree::TreeSize;
use colophon_tlog::witness::{
    AddCheckpoint, REPLY_BYTES_MAX, ReplyError, SIZE_CONTENT_TYPE, read_cosignatures, read_size,
};

use crate::failure::shown;
use crate::http::{AddressError, Answer, HttpError, Patience, Transport, not_understood};

/// The media type of a request to cosign.
const REQUEST_MEDIA_TYPE: &str = "text/plain; charset=utf-8";

/// Why a witness gave no cosignature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignError {
    /// It cosigned another size last: 409 with that size.
    #[error("it cosigned the size {0} last")]
    Conflict(TreeSize),
    /// 409 without a size: nothing to be learnt from it this time.
    #[error("it cosigned something else last, and does not say what")]
    ConflictWithoutSize,
    /// 400: the request is not as it reads them.
    #[error("it does not understand the request: {0}")]
    NotUnderstood(String),
    /// 403: it does not take the log's signature.
    #[error("it does not take the log's signature: {0}")]
    Untrusted(String),
    /// 404: it does not witness this log.
    #[error("it does not witness this log: {0}")]
    UnknownLog(String),
    /// 422: the checkpoint does not follow on what it cosigned last.
    #[error("the checkpoint does not follow on what it cosigned last: {0}")]
    Inconsistent(String),
    /// 429 or 503: it has no time now.
    #[error("it has no time now")]
    Busy {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// Any other status.
    #[error("it answered with status {status}: {why}")]
    Failed {
        /// The status.
        status: u16,
        /// The beginning of what it says.
        why: String,
    },
    /// A reply that gives no cosignature of this witness.
    #[error(transparent)]
    Reply(#[from] ReplyError),
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// One witness: where it is, and the keys that it may cosign with.
#[derive(Debug, Clone)]
pub struct WitnessClient {
    transport: Transport,
    keys: Vec<VerifierKey>,
}

impl WitnessClient {
    /// Returns a client of the witness at `address`, its submission prefix and its monitoring prefix.
    pub fn new(address: &str, keys: Vec<VerifierKey>, patience: Patience) -> Result<WitnessClient, AddressError> {
        Ok(WitnessClient { transport: Transport::new(address, patience)?, keys })
    }

    /// Returns the client of the same witness, if it may cosign with this key too.
    #[must_use]
    pub fn with_key(&self, key: VerifierKey) -> WitnessClient {
        let mut client = self.clone();
        client.keys.push(key);
        client
    }

    /// Returns the address.
    pub fn address(&self) -> &str {
        self.transport.address()
    }

    /// Asks once for the cosignatures of a checkpoint, and returns those by this witness's keys, verified.
    pub async fn cosign(
        &self,
        request: &AddCheckpoint,
        signed: &SignedCheckpoint,
    ) -> Result<Vec<SignatureLine>, CosignError> {
        let content = (REQUEST_MEDIA_TYPE, request.to_string().into_bytes());
        let answer = self.transport.exchange("add-checkpoint", Some(content), REPLY_BYTES_MAX).await?;
        match answer.status {
            200 => Ok(read_cosignatures(&answer.body, signed, &self.keys)?),
            _ => Err(refusal(&answer)),
        }
    }

    /// Returns the checkpoint that the witness cosigned last of a log, signed by that log's key, if it shows one.
    ///
    /// It may be up to an hour older than the last one.
    pub async fn latest(&self, log: &VerifierKey) -> Result<Option<SignedCheckpoint>, CosignError> {
        let path = format!("{}/checkpoint", sha256(log.name().as_bytes()));
        let answer = self.transport.exchange(&path, None, NOTE_BYTES_MAX).await?;
        match answer.status {
            200 => {
                let opened = SignedCheckpoint::open(&answer.body, log);
                Ok(Some(opened.map_err(|error| not_understood(&path, &error.to_string()))?))
            }
            404 => Ok(None),
            _ => Err(refusal(&answer)),
        }
    }
}

fn refusal(answer: &Answer) -> CosignError {
    let why = shown(String::from_utf8_lossy(&answer.body).trim());
    match answer.status {
        400 => CosignError::NotUnderstood(why),
        403 => CosignError::Untrusted(why),
        404 => CosignError::UnknownLog(why),
        409 => {
            let size = read_size(&answer.body).filter(|_| answer.media_type == SIZE_CONTENT_TYPE);
            size.map_or(CosignError::ConflictWithoutSize, CosignError::Conflict)
        }
        422 => CosignError::Inconsistent(why),
        429 | 503 => CosignError::Busy { retry_after: answer.retry_after },
        status => CosignError::Failed { status, why },
    }
}
