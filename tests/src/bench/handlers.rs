//! The least that a server could do, in a process of its own: verify one signature, or answer from memory.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use tokio::net::TcpListener;

use crate::bench::wire;

/// The path that verifies one signature: 64 bytes of it, then what is signed.
const VERIFY: &str = "/verify";
/// The path that answers with as many bytes as a full tile has.
pub(crate) const MEMORY: &str = "/memory";
const TILE_BYTES: usize = 8 * 1024;
const LISTENING: &str = "Listening on ";

/// The process that serves the handlers. Dropping it ends it.
pub(crate) struct Handlers {
    process: Child,
    authority: String,
}

impl Handlers {
    /// Starts this program a second time, as the server.
    pub(crate) fn start() -> Result<Handlers> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = command.arg("--handlers").stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take().context("standard output is piped")?;
        let mut handlers = Handlers { process, authority: String::new() };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        line.trim().strip_prefix(LISTENING).context("the handlers did not start")?.clone_into(&mut handlers.authority);
        Ok(handlers)
    }

    /// Returns `host:port`.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }
}

impl Drop for Handlers {
    fn drop(&mut self) {
        // It may be gone already.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Returns a request that the verifying handler finds good, with a message of its own.
pub(crate) fn request(message: &[u8]) -> Vec<u8> {
    wire::post(VERIFY, "text/plain", &[&key().sign(message).to_bytes()[..], message].concat())
}

/// Serves the handlers for ever, with the same kind of runtime as a register.
pub(crate) fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (public, tile) = (key().verifying_key(), Bytes::from(vec![7; TILE_BYTES]));
        let routes = Router::new()
            .route(VERIFY, post(async move |body: Bytes| verify(&public, &body)))
            .route(MEMORY, get(async move || tile.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{LISTENING}{}", listener.local_addr()?);
        // A stream that cannot be told not to wait answers later, which the figures would show.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, routes).await?;
        ensure!(false, "the handlers ended");
        Ok(())
    })
}

fn verify(public: &VerifyingKey, body: &[u8]) -> StatusCode {
    let verified = body
        .split_first_chunk()
        .is_some_and(|(signature, message)| public.verify_strict(message, &Signature::from_bytes(signature)).is_ok());
    if verified { StatusCode::OK } else { StatusCode::FORBIDDEN }
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_signature_that_verifies_is_accepted() {
        let made = request(b"message");
        let mut body = wire::body_of(&made).to_vec();
        assert_eq!(verify(&key().verifying_key(), &body), StatusCode::OK);
        body[70] ^= 1;
        assert_eq!(verify(&key().verifying_key(), &body), StatusCode::FORBIDDEN);
        assert_eq!(verify(&key().verifying_key(), b"short"), StatusCode::FORBIDDEN);
    }
}
