//! A node in this process that answers truly, until it is told how to lie.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body as HttpBody, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Response, Uri};
use colophon_client::client::{Client, Memory, Stale};
use colophon_client::http::{Patience, Transport};
use colophon_client::pinned::Pinned;
use colophon_ledger::account::AccountId;
use colophon_ledger::card::Card;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::Entry;
use colophon_ledger::field::{Digest, WorkId};
use colophon_ledger::refusal::Refusal;
use colophon_ledger::state::RecordKey;
use serde_json::{Value, json};

use crate::answers::with;
use crate::register::TrueRegister;

/// The longest body that a node takes.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// An answer on its way.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Reply {
        Reply { status: 200, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn json(value: &Value) -> Reply {
        Reply::ok(value.to_string())
    }

    pub(crate) fn problem(status: u16, code: &str) -> Reply {
        Reply { status, ..Reply::json(&json!({"status": status, "code": code, "title": code})) }
    }

    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Lie = Box<dyn FnMut(&str, Reply) -> Reply + Send>;

/// What the node knows.
pub(crate) struct Shelf {
    pub(crate) register: TrueRegister,
    /// The size up to which it publishes; the tests may roll it back.
    pub(crate) published: u64,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) inbox_offers: Vec<Value>,
    /// Every path asked for.
    pub(crate) asked: Vec<String>,
    lie: Option<Lie>,
}

pub(crate) struct Node {
    pub(crate) shelf: Arc<Mutex<Shelf>>,
    pub(crate) address: String,
    pub(crate) dir: tempfile::TempDir,
}

impl Node {
    pub(crate) async fn start(register: TrueRegister) -> Node {
        let published = register.size();
        let (drafts, inbox_offers, asked) = (Vec::new(), Vec::new(), Vec::new());
        let shelf = Arc::new(Mutex::new(Shelf { register, published, drafts, inbox_offers, asked, lie: None }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let limit = DefaultBodyLimit::max(BODY_BYTES_MAX);
        let app = Router::new().fallback(serve).with_state(shelf.clone()).layer(limit);
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Node { shelf, address, dir: tempfile::tempdir().unwrap() }
    }

    /// From now on every answer goes through `lie`, with the path it answers.
    pub(crate) fn lie(&self, lie: impl FnMut(&str, Reply) -> Reply + Send + 'static) {
        self.shelf.lock().unwrap().lie = Some(Box::new(lie));
    }

    /// From now on every question of `/v1` is answered by `reply`. Checkpoints and tiles stay true.
    pub(crate) fn answer(&self, reply: Reply) {
        self.lie(move |path, truth| if path.starts_with("v1/") { reply.clone() } else { truth });
    }

    pub(crate) fn tell_the_truth(&self) {
        self.shelf.lock().unwrap().lie = None;
    }

    pub(crate) fn transport(&self) -> Transport {
        Transport::new(&self.address, patience()).unwrap()
    }

    pub(crate) fn pinned(&self) -> Pinned {
        let shelf = self.shelf.lock().unwrap();
        Pinned::new(&self.address, &shelf.register.rules.log_key, &shelf.register.leaf(0)).unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        self.client_that(Stale::Refuse)
    }

    pub(crate) fn client_that(&self, stale: Stale) -> Client {
        let memory = Memory { seen: self.dir.path().join("seen"), evidence: self.dir.path().join("evidence"), stale };
        Client::new(self.transport(), self.pinned(), memory).unwrap()
    }

    pub(crate) fn evidence(&self) -> Vec<String> {
        let Ok(files) = std::fs::read_dir(self.dir.path().join("evidence")) else { return Vec::new() };
        files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }
}

pub(crate) fn patience() -> Patience {
    Patience {
        connect: Duration::from_secs(5),
        read: Duration::from_secs(5),
        total: Duration::from_secs(10),
        attempts: 3,
        backoff: Duration::from_millis(5),
        proxy: None,
    }
}

async fn serve(State(shelf): State<Arc<Mutex<Shelf>>>, uri: Uri, body: Bytes) -> Response<HttpBody> {
    let path = uri.path_and_query().unwrap().as_str().trim_start_matches('/').to_owned();
    let reply = {
        let mut shelf = shelf.lock().unwrap();
        shelf.asked.push(path.clone());
        let truth = shelf.answer(&path, &body).unwrap_or_else(|| Reply::problem(404, "not_found"));
        match shelf.lie.as_mut() {
            Some(lie) => lie(&path, truth),
            None => truth,
        }
    };
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(HttpBody::from(reply.body)).unwrap()
}

impl Shelf {
    /// Returns the true answer, as of the published size.
    pub(crate) fn answer(&mut self, path: &str, body: &[u8]) -> Option<Reply> {
        let size = self.published;
        let (route, query) = path.split_once('?').unwrap_or((path, ""));
        let number = || query.split_once('=').and_then(|(_, number)| number.parse::<u64>().ok()).unwrap_or_default();
        let parts: Vec<&str> = route.split('/').collect();
        let register = &self.register;
        match parts[..] {
            ["checkpoint"] => Some(Reply::ok(register.checkpoint(size).to_string())),
            ["tile", ..] => Some(Reply::ok(register.tile_bytes(route, size)?)),
            ["v1", "entries"] => Some(self.take(&[serde_json::from_slice(body).ok()?], false)),
            ["v1", "entries", "many"] => {
                let sent: Value = serde_json::from_slice(body).ok()?;
                Some(self.take(sent["entries"].as_array()?, true))
            }
            ["v1", "entries", name] => Some(Reply::json(&register.entry_answer(self.place(name)?))),
            ["v1", "entries", name, "receipt"] => {
                Some(Reply::ok(register.receipt(self.place(name)?, size).to_string()))
            }
            ["v1", "works", name] => Some(self.work(name, number())),
            ["v1", "works", work, "certificate"] => {
                let work = work.parse().ok().filter(|work| register.places.contains_key(work))?;
                Some(Reply::ok(register.certificate(&work, number(), size).to_text()))
            }
            ["v1", "works", work, "crossing"] => {
                Some(Reply::json(&register.crossing_answer(&work.parse().ok()?, query, size)))
            }
            ["v1", "rules"] => Some(Reply::json(&register.rules_answer(size))),
            ["v1", "rules", digest] => {
                let key = RecordKey::RuleSet(digest.parse().ok()?);
                Some(Reply::json(&serde_json::to_value(register.state_answer(&[key], size)).unwrap()))
            }
            ["v1", "papers"] => Some(Reply::json(&register.paper_answer(query, size)?)),
            ["v1", "files", file] => Some(Reply::json(&register.file_answer(&file.parse().ok()?, number(), size))),
            ["v1", "accounts", account] => Some(self.account(&account.parse().ok()?)),
            ["v1", "accounts", _, "inbox"] => {
                let drafts: Vec<Value> =
                    self.drafts.iter().map(|draft| serde_json::from_str(&draft.to_json()).unwrap()).collect();
                Some(Reply::json(&json!({"drafts": drafts, "offers": self.inbox_offers})))
            }
            ["v1", "cards", digest] => {
                let card = register.cards.get(&digest.parse::<Digest>().ok()?)?;
                Some(Reply::json(&serde_json::to_value(card).unwrap()))
            }
            ["v1", "drafts"] => self.take_draft(body),
            ["v1", "drafts", id] => {
                Some(Reply::ok(self.drafts.iter().find(|draft| draft.id().to_string() == id)?.to_json()))
            }
            ["v1", "drafts", _, "decline"] => Some(Reply { status: 204, ..Reply::ok("") }),
            _ => None,
        }
    }

    fn place(&self, name: &str) -> Option<u64> {
        let index = match name.parse::<u64>() {
            Ok(index) => index,
            Err(_) => *self.register.places.get(&name.parse().ok()?)?,
        };
        (index < self.published).then_some(index)
    }

    fn work(&self, name: &str, edition: u64) -> Reply {
        let is_work = |work: &&WorkId| {
            work.to_string().starts_with(name)
                && self.register.moment(self.published).records.contains_key(&RecordKey::Work(**work))
        };
        let found: Vec<&WorkId> = self.register.places.keys().filter(is_work).collect();
        match (found[..].first(), name.parse::<WorkId>()) {
            (Some(work), _) if found.len() == 1 => {
                Reply::json(&self.register.work_answer(work, edition, self.published))
            }
            (Some(_), _) => Reply::problem(409, "ambiguous"),
            (None, Ok(work)) => Reply { status: 404, ..Reply::json(&self.register.absent_work(&work, self.published)) },
            (None, Err(_)) => Reply::problem(404, "not_found"),
        }
    }

    fn account(&self, account: &AccountId) -> Reply {
        let state = self.register.state_answer(&[RecordKey::Account(*account)], self.published);
        Reply::json(&with(&state, &json!({"chain": [], "held": [], "minted": []})))
    }

    /// Takes submissions as one batch, and answers with a receipt or a problem for each.
    fn take(&mut self, sent: &[Value], many: bool) -> Reply {
        let entries: Vec<Entry> =
            sent.iter().map(|one| Entry::parse(one["entry"].as_str().unwrap().as_bytes()).unwrap()).collect();
        for one in sent {
            self.register.keep(serde_json::from_value::<Card>(one["card"].clone()).ok());
        }
        let results = self.register.submit(&entries);
        self.published = self.register.size();
        let answers: Vec<Value> = results.iter().map(|result| self.placed(result)).collect();
        if many {
            return Reply::json(&json!({"results": answers}));
        }
        match answers[0].get("problem") {
            Some(problem) => Reply { status: 422, ..Reply::json(problem) },
            None => Reply { status: 201, ..Reply::json(&answers[0]) },
        }
    }

    fn placed(&self, result: &Result<u64, Refusal>) -> Value {
        let (index, repeated) = match result {
            Ok(index) => (*index, false),
            Err(Refusal::Repeated { index }) => (*index, true),
            Err(refusal) => {
                return json!({"problem": {"status": 422, "code": refusal.code(), "detail": refusal.to_string()}});
            }
        };
        let receipt = self.register.receipt(index, self.published).to_string();
        let (id, entry) = (self.register.id_at(index), self.register.leaf(index));
        json!({"id": id, "index": index, "repeated": repeated, "receipt": receipt, "entry": entry})
    }

    fn take_draft(&mut self, body: &[u8]) -> Option<Reply> {
        let draft = Draft::parse(body).ok()?;
        let to: Vec<AccountId> = draft.parts().ok()?.body.signers();
        let answer = json!({"id": draft.id(), "to": to, "until_ms": 5});
        self.drafts.push(draft);
        Some(Reply { status: 201, ..Reply::json(&answer) })
    }
}
