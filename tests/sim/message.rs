//! Who there is, and what they say to each other.

use colophon_ledger::field::EntryId;

/// Somebody with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Who {
    Register,
    Follower(usize),
    Witness(usize),
    Person(usize),
}

/// What is sent. Where the protocol has bytes for it, it is those.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// Record this entry.
    Submit(Vec<u8>),
    /// The entry is there; the receipt proves it.
    Recorded {
        id: EntryId,
        receipt: String,
    },
    /// The rules say no.
    Refused {
        id: EntryId,
    },
    /// Cosign this: a request as in c2sp.org/tlog-witness.
    AddCheckpoint(Vec<u8>),
    /// The reply to it, as over HTTP.
    WitnessReply {
        status: u16,
        body: String,
    },
    AskCheckpoint,
    Checkpoint(String),
    /// The entries from one index to another, the last one not included.
    AskEntries {
        first: u64,
        end: u64,
    },
    Entries {
        first: u64,
        entries: Vec<Vec<u8>>,
    },
}

/// What somebody does about what they heard.
#[derive(Debug, Default)]
pub(crate) struct Deeds {
    pub(crate) sent: Vec<(Who, Message)>,
    pub(crate) facts: Vec<crate::fact::Fact>,
}

impl Deeds {
    pub(crate) fn send(&mut self, to: Who, message: Message) {
        self.sent.push((to, message));
    }

    pub(crate) fn tell(&mut self, fact: crate::fact::Fact) {
        self.facts.push(fact);
    }
}

/// A process ended in the middle of something.
#[derive(Debug)]
pub(crate) struct Died;
