//! Witnesses that answer in every way there is, and what a log makes of it.

use std::time::Duration;

use colophon_client::cosign::{CosignError, WitnessClient};
use colophon_client::http::HttpError;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::cosignature::{CosignedAt, Cosigner, CosignerKey};
use colophon_tlog::hash::sha256;
use colophon_tlog::note::{Algorithm, NoteError};
use colophon_tlog::tree::TreeSize;
use colophon_tlog::witness::{AddCheckpoint, REPLY_BYTES_MAX, Reply as WitnessReply, ReplyError};

use crate::node::{Node, Reply, patience};
use crate::register::{ORIGIN, TrueRegister, log_key};

fn cosigner(seed: u8) -> Cosigner {
    let key = CosignerKey::from_seed(Algorithm::CosignatureV1, [seed; 32]).unwrap();
    Cosigner::new("witness.example", key).unwrap()
}

struct Scene {
    node: Node,
    signed: SignedCheckpoint,
}

impl Scene {
    async fn new() -> Scene {
        let register = TrueRegister::begin(1);
        let signed = register.checkpoint(register.size());
        Scene { node: Node::start(register).await, signed }
    }

    fn client(&self) -> WitnessClient {
        WitnessClient::new(&self.node.address, vec![cosigner(7).verifier().clone()], patience()).unwrap()
    }

    async fn ask(&self, reply: Reply) -> Result<Vec<String>, CosignError> {
        self.node.lie(move |path, _| {
            assert_eq!(path, "add-checkpoint");
            reply.clone()
        });
        let request = AddCheckpoint::new(TreeSize::ZERO, Vec::new(), &self.signed).unwrap();
        let lines = self.client().cosign(&request, &self.signed).await?;
        Ok(lines.iter().map(ToString::to_string).collect())
    }

    fn cosigned_by(&self, seed: u8) -> String {
        cosigner(seed).cosign(&self.signed, CosignedAt::new(5).unwrap()).to_string()
    }
}

fn status(status: u16, body: &str) -> Reply {
    Reply { status, ..Reply::ok(body) }
}

#[tokio::test]
async fn its_own_cosignatures_are_taken_and_no_others() {
    let scene = Scene::new().await;
    let (line, stranger) = (scene.cosigned_by(7), scene.cosigned_by(8));
    assert_eq!(scene.ask(Reply::ok(format!("{stranger}\n{line}\n"))).await, Ok(vec![line.clone()]));
    let only_a_stranger = scene.ask(Reply::ok(format!("{stranger}\n"))).await;
    assert_eq!(only_a_stranger, Err(ReplyError::from(NoteError::NoKnownKey).into()));
    assert_eq!(scene.ask(Reply::ok("")).await, Err(ReplyError::Lines.into()));
    let endless = scene.ask(Reply::ok(vec![b'x'; REPLY_BYTES_MAX + 1])).await;
    assert!(matches!(endless, Err(CosignError::Http(HttpError::TooLarge { .. }))), "{endless:?}");
}

#[tokio::test]
async fn every_status_is_told_apart() {
    let scene = Scene::new().await;
    let size =
        |content_type: &str| Reply { headers: vec![("content-type", content_type.to_owned())], ..status(409, "7\n") };
    let later = Reply { headers: vec![("retry-after", "3".to_owned())], ..status(429, "") };
    let busy = |seconds: Option<u64>| CosignError::Busy { retry_after: seconds.map(Duration::from_secs) };
    let cases = [
        (size("text/x.tlog.size"), CosignError::Conflict(TreeSize::new(7).unwrap())),
        (size("text/plain"), CosignError::ConflictWithoutSize),
        (status(409, ""), CosignError::ConflictWithoutSize),
        (status(400, "what?\n"), CosignError::NotUnderstood("what?".into())),
        (status(403, "no\n"), CosignError::Untrusted("no".into())),
        (status(404, "no\n"), CosignError::UnknownLog("no".into())),
        (status(422, "no\n"), CosignError::Inconsistent("no".into())),
        (later, busy(Some(3))),
        (status(503, ""), busy(None)),
        (status(500, "oh\n"), CosignError::Failed { status: 500, why: "oh".into() }),
        (status(302, ""), CosignError::Failed { status: 302, why: String::new() }),
    ];
    for (reply, expected) in cases {
        assert_eq!(scene.ask(reply).await, Err(expected));
    }
}

#[tokio::test]
async fn what_it_cosigned_last_is_believed_if_the_log_signed_it() {
    let scene = Scene::new().await;
    let path = format!("{}/checkpoint", sha256(ORIGIN.as_bytes()));
    let latest = async |reply: Reply| {
        let path = path.clone();
        scene.node.lie(move |asked, _| {
            assert_eq!(asked, path);
            reply.clone()
        });
        scene.client().latest(&log_key(1)).await
    };
    assert_eq!(latest(Reply::ok(scene.signed.to_string())).await, Ok(Some(scene.signed.clone())));
    assert_eq!(latest(status(404, "")).await, Ok(None));
    let other = TrueRegister::begin(2);
    let other = latest(Reply::ok(other.checkpoint(other.size()).to_string())).await;
    assert!(matches!(other, Err(CosignError::Http(HttpError::NotUnderstood { .. }))), "{other:?}");
    assert_eq!(latest(status(503, "")).await, Err(CosignError::Busy { retry_after: None }));
}

#[tokio::test]
async fn a_reply_written_by_the_same_house_is_read() {
    let scene = Scene::new().await;
    let line = cosigner(7).cosign(&scene.signed, CosignedAt::new(5).unwrap());
    let reply = WitnessReply::cosigned(std::slice::from_ref(&line));
    assert_eq!(scene.ask(status(reply.status, &reply.body)).await, Ok(vec![line.to_string()]));
}
