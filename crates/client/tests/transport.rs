//! Servers that send too much, too slowly, or nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use colophon_client::failure::{Class, Failure as _};
use colophon_client::http::{HttpError, Patience, Transport};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::node::{Node, Reply, patience};
use crate::register::TrueRegister;

/// What a server sends after the head of its answer.
#[derive(Debug, Clone, Copy)]
enum Body {
    Endless,
    Silent,
    Trickle,
    BrokenOff,
}

/// Starts a server that answers everything with `head` and then `body`. Returns its address and how often it was asked.
async fn raw(head: &'static str, body: Body) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _read = stream.read(&mut request).await;
                let _written = stream.write_all(head.as_bytes()).await;
                loop {
                    let sent = match body {
                        Body::Endless => stream.write_all(&[b' '; 16 * 1024]).await,
                        Body::Silent => std::future::pending().await,
                        Body::Trickle => {
                            tokio::time::sleep(Duration::from_millis(20)).await;
                            stream.write_all(b" ").await
                        }
                        Body::BrokenOff => break,
                    };
                    if sent.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (address, asked)
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";

fn hasty() -> Patience {
    Patience { read: Duration::from_millis(200), total: Duration::from_millis(600), ..patience() }
}

async fn ask(address: &str) -> HttpError {
    let transport = Transport::new(address, hasty()).unwrap();
    let begun = Instant::now();
    let error = transport.get("checkpoint", 1000).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(5), "{error}");
    error
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    for head in [HEAD, "HTTP/1.1 500 No\r\nConnection: close\r\n\r\n"] {
        let (address, asked) = raw(head, Body::Endless).await;
        let error = ask(&address).await;
        assert!(matches!(error, HttpError::TooLarge { .. }), "{error}");
        assert_eq!((error.class(), asked.load(Ordering::SeqCst)), (Class::Unable, 1));
    }
}

#[tokio::test]
async fn a_slow_or_silent_answer_is_given_up() {
    for body in [Body::Trickle, Body::Silent] {
        let (address, asked) = raw(HEAD, body).await;
        let error = ask(&address).await;
        assert!(matches!(error, HttpError::Broken { .. }), "{body:?} {error}");
        assert_eq!((error.class(), asked.load(Ordering::SeqCst)), (Class::Fault, 1));
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let (address, _) = raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nabc", Body::BrokenOff).await;
    assert!(matches!(ask(&address).await, HttpError::Broken { .. }));
    let (address, _) = raw("nonsense\r\n\r\n", Body::BrokenOff).await;
    assert_eq!(ask(&address).await.class(), Class::Fault);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (elsewhere, asked) = raw(HEAD, Body::Endless).await;
    let node = Node::start(TrueRegister::begin(1)).await;
    node.lie(move |_, _| Reply { status: 302, headers: vec![("location", elsewhere.clone())], body: Vec::new() });
    let error = node.transport().get("checkpoint", 1000).await.unwrap_err();
    assert_eq!((error.class(), asked.load(Ordering::SeqCst)), (Class::Unable, 0));
}

#[tokio::test]
async fn an_answer_at_its_limit_is_taken_and_one_byte_more_is_not() {
    let node = Node::start(TrueRegister::begin(1)).await;
    node.lie(|_, _| Reply::ok(vec![b'a'; 1001]));
    let transport = node.transport();
    assert_eq!(transport.get("checkpoint", 1001).await.unwrap().len(), 1001);
    let error = transport.get("checkpoint", 1000).await.unwrap_err();
    assert_eq!(error, HttpError::TooLarge { path: "checkpoint".to_owned(), limit: 1000 });
}

#[tokio::test]
async fn an_answer_that_unpacks_to_too_much_is_cut_off() {
    // gzip of 100 000 zero bytes.
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    for left in (0..2).rev() {
        // A stored block of 50 000 bytes.
        packed.extend([u8::from(left == 0), 0x50, 0xc3, 0xaf, 0x3c]);
        packed.extend(vec![0; 50_000]);
    }
    let node = Node::start(TrueRegister::begin(1)).await;
    node.lie(move |_, _| Reply {
        status: 200,
        headers: vec![("content-encoding", "gzip".to_owned())],
        body: packed.clone(),
    });
    let error = node.transport().get("checkpoint", 99_999).await.unwrap_err();
    assert!(matches!(error, HttpError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_busy_node_is_asked_again_and_not_for_ever() {
    let node = Node::start(TrueRegister::begin(1)).await;
    let busy = |after: &str| Reply { headers: vec![("retry-after", after.to_owned())], ..Reply::problem(503, "busy") };
    let zero = busy("0");
    let mut left = 2;
    node.lie(move |_, truth| {
        left -= 1;
        if left >= 0 { zero.clone() } else { truth }
    });
    node.client().newest().await.unwrap();
    let asked = || node.shelf.lock().unwrap().asked.drain(..).filter(|path| path == "checkpoint").count();
    assert_eq!(asked(), 3);
    for (reply, times) in
        [(busy("0"), 3), (busy("3600"), 1), (Reply::problem(503, "busy"), 1), (Reply::problem(500, "x"), 1)]
    {
        node.lie(move |_, _| reply.clone());
        let error = node.client().newest().await.unwrap_err();
        assert_eq!((error.class(), asked()), (Class::Fault, times), "{error}");
    }
}

#[tokio::test]
async fn a_node_that_is_away_is_tried_again_and_not_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let transport = Transport::new(&address, hasty()).unwrap();
    let begun = Instant::now();
    let error = transport.get("checkpoint", 1000).await.unwrap_err();
    assert!(matches!(error, HttpError::Unreachable { .. }), "{error}");
    // Three attempts with 5 and 10 ms between them.
    assert!(begun.elapsed() >= Duration::from_millis(15));
    assert_eq!(error.class(), Class::Fault);
}

#[tokio::test]
async fn garbage_is_never_more_than_an_error() {
    let node = Node::start(TrueRegister::begin(1)).await;
    let client = node.client();
    let deep = "[".repeat(100_000);
    let entry = TrueRegister::begin(1).id_at(0);
    for garbage in ["", "null", "{}", "[]", "\u{0}", "{\"a\":", &deep, "{\"checkpoint\":\"\\ud800\"}"] {
        let garbage = garbage.to_owned();
        node.lie(move |_, _| Reply::ok(garbage.clone()));
        assert!(client.newest().await.is_err());
        assert!(client.work(&(&entry).into(), 1).await.is_err());
        assert!(client.file(&entry, 1).await.is_err());
        assert!(client.card(&entry).await.is_err());
        assert!(client.certificate(&entry, 1).await.is_err());
        assert!(client.entry(colophon_client::entry::EntryName::Index(0)).await.is_err());
        assert!(client.account(&crate::people::ARTIST.account()).await.is_err());
        assert!(client.draft(&entry).await.is_err());
    }
}
