//! A witness: it decides as the specification says, and what it cosigned last is on its disk before anybody hears of it.

use std::path::Path;

use colophon_storage::log::Log;
use colophon_storage::slots::Slots;
use colophon_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use colophon_tlog::cosignature::Cosigner;
use colophon_tlog::note::{CosignedAt, VerifierKey};
use colophon_tlog::witness::{AddCheckpoint, Reply, decide};

use crate::dice::Dice;
use crate::disk::SimDisk;
use crate::fact::Fact;
use crate::message::{Deeds, Died, Message, Who};
use crate::roles::{EPOCH_MS, cosigner, log_signer};

const DIR: &str = "witness";

/// A witness and its disk.
#[derive(Debug)]
pub(crate) struct Witness {
    number: usize,
    cosigner: Cosigner,
    logs: Vec<VerifierKey>,
    pub(crate) disk: SimDisk,
    /// Two slots on the disk, of which one is always whole: the store of a register does for a witness too.
    store: Option<Slots>,
}

impl Witness {
    pub(crate) fn new(number: usize) -> Witness {
        let disk = SimDisk::default();
        Log::create_on(&disk, Path::new(DIR)).expect("a disk without faults");
        let mut witness =
            Witness { number, cosigner: cosigner(number), logs: vec![log_signer().verifier()], disk, store: None };
        witness.start();
        witness
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.store.is_some()
    }

    pub(crate) fn kill(&mut self, dice: &mut Dice) {
        self.store = None;
        self.disk.crash(dice);
    }

    pub(crate) fn start(&mut self) {
        // It fails if it dies meanwhile.
        self.store = Slots::open_on(&self.disk, Path::new(DIR)).ok();
    }

    /// Returns what it cosigned last.
    pub(crate) fn last(&self) -> Option<Checkpoint> {
        let note = self.store.as_ref()?.newest().published.as_ref()?;
        let signed = SignedCheckpoint::open(note.as_bytes(), &self.logs[0]).expect("it kept what it had verified");
        Some(signed.checkpoint().clone())
    }

    pub(crate) fn hear(&mut self, now_ms: u64, from: Who, message: Message, deeds: &mut Deeds) -> Result<(), Died> {
        let Message::AddCheckpoint(request) = message else { return Ok(()) };
        let reply = match AddCheckpoint::parse(&request) {
            Ok(request) => self.answer(now_ms, &request, deeds)?,
            Err(error) => Reply::malformed(&error),
        };
        deeds.send(from, Message::WitnessReply { status: reply.status, body: reply.body });
        Ok(())
    }

    fn answer(&mut self, now_ms: u64, request: &AddCheckpoint, deeds: &mut Deeds) -> Result<Reply, Died> {
        match decide(request, &self.logs, self.last().as_ref()) {
            Ok(signed) => {
                let store = self.store.as_mut().ok_or(Died)?;
                store.write(None, Some(&signed.to_string())).map_err(|_| Died)?;
                let Checkpoint { size, root, .. } = *signed.checkpoint();
                deeds.tell(Fact::Cosigned { witness: self.number, size: size.get(), root });
                let at = CosignedAt::new((EPOCH_MS + now_ms) / 1_000).expect("after 1970");
                Ok(Reply::cosigned(&[self.cosigner.cosign(&signed, at)]))
            }
            Err(refusal) => Ok(Reply::refused(&refusal)),
        }
    }
}
