//! Certificates that were tampered with, or are another's.

use colophon_client::failure::{Class, Failure as _};
use colophon_client::lookup::LookupError;

use crate::node::{Node, Reply};
use crate::register::Story;

#[tokio::test]
async fn every_changed_byte_of_a_certificate_is_noticed() {
    let story = Story::tell(1);
    let client = Node::start(story.register.clone()).await.client();
    let text = story.register.certificate(&story.given, 1, story.register.size()).to_text();
    assert!(client.check_certificate(text.as_bytes()).is_ok());
    for at in (0..text.len()).step_by(5) {
        let mut changed = text.clone().into_bytes();
        changed[at] ^= 1 << (at % 7);
        let error = client.check_certificate(&changed).expect_err("a changed byte");
        assert!(matches!(error.class(), Class::Security | Class::Unable), "{at}: {error}");
    }
    for length in (0..text.len()).step_by(97) {
        assert!(client.check_certificate(&text.as_bytes()[..length]).is_err(), "{length}");
    }
}

#[tokio::test]
async fn another_certificate_than_the_one_asked_for_is_noticed() {
    let story = Story::tell(1);
    let node = Node::start(story.register.clone()).await;
    let client = node.client();
    let size = story.register.size();
    let others =
        [story.register.certificate(&story.stolen, 1, size), story.register.certificate(&story.given, 2, size)];
    for other in others {
        node.lie(move |_, _| Reply::ok(other.to_text()));
        let error = client.certificate(&story.given, 1).await.unwrap_err();
        assert_eq!(error.class(), Class::Security, "{error}");
    }
}

#[tokio::test]
async fn a_certificate_of_another_register_is_noticed() {
    let story = Story::tell(1);
    let node = Node::start(story.register.clone()).await;
    let other = Story::tell(2).register;
    let text = other.certificate(&story.given, 1, other.size());
    assert!(
        matches!(node.client().verify_certificate(text.to_text().as_bytes()).await, Err(error) if error.class() == Class::Security)
    );
    let error = node.client().certificate(&crate::people::digest("nothing"), 1).await.unwrap_err();
    assert!(matches!(error, LookupError::Unproved(_)), "{error}");
}
