//! What a verdict rests on: a certificate, by itself or with the register behind it.

use std::cell::{OnceCell, RefCell};
use std::path::Path;

use colophon_client::client::Client;
use colophon_client::evidence::keep;
use colophon_client::lookup::{AsOf, Looked, LookupError};
use colophon_client::seen::SeenDir;
use colophon_client::work::WorkPrefix;
use colophon_ledger::account::AccountId;
use colophon_ledger::certificate::{Certificate, CertificateError, Provenance};
use colophon_ledger::entry::{Body, Entry};
use colophon_ledger::evidence::{Claim, Evidence, ForkClaim};
use colophon_ledger::field::WorkId;
use colophon_ledger::proved::ProvedError;
use colophon_ledger::replay::read_genesis;
use colophon_ledger::rule::Rules;
use colophon_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use colophon_tlog::note::{Note, SIGNATURES_MAX, VerifierKey};
use colophon_tlog::policy::Policy;

use crate::as_of::judge;
use crate::clock;
use crate::command::trust::read_vkey;
use crate::command::verify::VerifyArgs;
use crate::command::verify::target::read_certificate;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::party::own_accounts;
use crate::register::trust::{Trust, read_pinned};
use crate::words::{shown, time};

/// How many works that have a folder are kept at hand for the folders that are given beside them.
const KEPT_MAX: usize = 64;

/// A certificate that somebody gave.
#[derive(Debug)]
pub(super) struct Handed {
    name: String,
    bytes: Vec<u8>,
    certificate: Certificate,
}

impl Handed {
    /// Reads a certificate. Of one that was given, an error is a failed verification.
    pub(super) fn read(name: String, bytes: Vec<u8>) -> Result<Handed, CertificateError> {
        let certificate = Certificate::parse(&bytes)?;
        Ok(Handed { name, bytes, certificate })
    }

    /// Returns the work that it says it is of.
    pub(super) fn work(&self) -> WorkId {
        self.certificate.work
    }

    /// Returns the key of the log that it says it is of: the one that its genesis names, or the newest that its governors have.
    fn claimed_key(&self) -> Option<VerifierKey> {
        let first = self.certificate.entries.first().filter(|first| first.index == 0)?;
        let act = |leaf: &str| match Entry::parse(leaf.as_bytes()).ok()?.body() {
            Body::LogKey(act) => act.log_vkey.parse().ok(),
            _ => None,
        };
        let mut acts = self.certificate.entries.iter().rev().filter(|proved| proved.entry.contains("\"log_key\""));
        let newest = acts.find_map(|proved| act(&proved.entry));
        newest.or_else(|| read_genesis(first.entry.as_bytes()).ok().map(|(rules, _)| rules.log_key))
    }

    /// Returns the register that it says it is of.
    fn origin(&self) -> Result<String, Failure> {
        let note = Note::parse(self.certificate.checkpoint.as_bytes(), SIGNATURES_MAX);
        let checkpoint = note.ok().and_then(|note| Checkpoint::parse(note.text()).ok());
        checkpoint.map(|checkpoint| checkpoint.origin).ok_or_else(|| {
            let what = format!("the checkpoint in {} is none", self.name);
            Failure::not_verified(what, "do not rely on it; ask whoever gave it for a new one")
        })
    }
}

/// What is proved of an edition, and how.
#[derive(Debug, Clone)]
pub(super) struct Proof {
    /// What is proved.
    pub(super) provenance: Provenance,
    /// What this person asks of a checkpoint.
    pub(super) policy: Policy,
    /// Whether the register was asked.
    pub(super) online: bool,
    /// The size of the log at which the certificate given was made, if the edition has gone on since.
    pub(super) overtaken: Option<u64>,
}

/// What is the same for everything that one command checks.
#[derive(Debug)]
pub(super) struct Judge<'c> {
    pub(super) context: &'c Context,
    pub(super) now_ms: u64,
    /// The accounts of whoever asks.
    pub(super) own: Vec<AccountId>,
    pub(super) max_age_ms: Option<u64>,
    edition: Option<u64>,
    offline: bool,
    vkey: Option<VerifierKey>,
    handed: Option<Handed>,
    client: OnceCell<Client>,
    /// What was proved of works that have a folder: a folder among the arguments may be theirs.
    proved: RefCell<Vec<Proof>>,
}

impl<'c> Judge<'c> {
    pub(super) fn new(args: &VerifyArgs, context: &'c Context) -> Result<Judge<'c>, Failure> {
        let read = |path: &Path| read_certificate(path).and_then(|(name, bytes)| Ok(Handed::read(name, bytes)?));
        Ok(Judge {
            context,
            now_ms: clock::now_ms()?,
            own: own_accounts(&context.keys),
            max_age_ms: args.max_age,
            edition: args.edition,
            offline: args.offline,
            vkey: args.vkey.as_deref().map(read_vkey).transpose()?,
            handed: args.certificate.as_deref().map(read).transpose()?,
            client: OnceCell::new(),
            proved: RefCell::default(),
        })
    }

    /// Keeps what was proved of a work that has a folder.
    pub(super) fn keep(&self, proof: &Proof) {
        let mut proved = self.proved.borrow_mut();
        let is_same = |kept: &Proof| kept.provenance.work == proof.provenance.work;
        if proof.provenance.mint.tree.is_some() && proved.len() < KEPT_MAX && !proved.iter().any(is_same) {
            proved.push(proof.clone());
        }
    }

    /// Returns what was proved so far of works that have a folder.
    pub(super) fn proved(&self) -> Vec<Proof> {
        self.proved.borrow().clone()
    }

    /// Returns the certificate that was given beside what is checked.
    pub(super) fn handed(&self) -> Option<&Handed> {
        self.handed.as_ref()
    }

    /// Returns a client of the register, if one is to be asked.
    pub(super) fn client(&self) -> Result<Option<&Client>, Failure> {
        self.client_for(self.handed())
    }

    /// Returns whether a register is to be asked at all.
    pub(super) fn asks(&self) -> Result<bool, Failure> {
        Ok(!self.offline && self.context.has_node()?)
    }

    /// Returns a client like [`Judge::client`], which is not met for the first time by another key than a certificate's.
    fn client_for(&self, handed: Option<&Handed>) -> Result<Option<&Client>, Failure> {
        if !self.asks()? {
            return Ok(None);
        }
        if let Some(client) = self.client.get() {
            return Ok(Some(client));
        }
        let claimed = handed.and_then(Handed::claimed_key);
        let client = self.context.client_expecting(self.vkey.as_ref(), claimed.as_ref())?;
        Ok(Some(self.client.get_or_init(|| client)))
    }

    /// Returns a client of the register whose log has this name, if that is the one to be asked.
    pub(super) fn client_of_log(&self, origin: &str) -> Result<Option<&Client>, Failure> {
        let client = self.client().map_err(or_offline)?;
        Ok(client.filter(|client| client.rules().register.origin.as_str() == origin))
    }

    /// Returns a client of the register, which is needed for `name`.
    pub(super) fn need_client(&self, name: &str) -> Result<&Client, Failure> {
        if self.offline {
            let what = format!("{name} cannot be looked up without asking a register");
            return Err(Failure::usage(what, "give its certificate with --certificate, or leave out --offline"));
        }
        self.client()?.ok_or_else(|| {
            Failure::usage(
                format!("no register is named in which {name} could be looked up"),
                "give --node URL, or set COLOPHON_NODE, or give its certificate with --certificate",
            )
        })
    }

    /// Returns the moment of an answer in words, and whether the policy's witnesses have cosigned it: what is absent from a log
    /// that this person alone is shown may be in the one that everybody else is shown.
    pub(super) fn moment(&self, as_of: &AsOf) -> Result<String, Failure> {
        let checkpoint = as_of.checkpoint.checkpoint();
        let policy = self.policy_for(&self.need_client("it")?.rules().log_key)?;
        let witnessed = judge(&policy, &as_of.checkpoint.to_string(), self.now_ms)?;
        let short = if witnessed.quorum_met { "" } else { ", not cosigned by the witnesses that your policy asks for" };
        Ok(format!("checkpoint {}, operator's time {}{short}", checkpoint.size, time(as_of.time_ms())))
    }

    /// Returns what is proved of a work now, in the edition asked for.
    pub(super) fn proof_of_work(&self, asked: &WorkPrefix) -> Result<Proof, Failure> {
        let client = self.need_client(&format!("the work {asked}"))?;
        let edition = self.edition.unwrap_or(1);
        let facts = match self.context.wait_for(client.work(asked, edition))?? {
            Looked::Found(facts) => facts,
            Looked::Absent(as_of) => {
                let (checkpoint, moment) = (as_of.checkpoint.checkpoint(), self.moment(&as_of)?);
                return Err(Failure::not_registered(
                    format!(
                        "the work {asked} is not registered in {}; this is proved, as of {moment}",
                        checkpoint.origin
                    ),
                    "check the id, and that it is of this register",
                ));
            }
        };
        let provenance = self.context.wait_for(client.certificate(&facts.work, edition))??.provenance;
        Ok(Proof { policy: self.policy(&provenance)?, provenance, online: true, overtaken: None })
    }

    /// Returns what a certificate proves, or with its register at hand what is proved of the same edition now.
    pub(super) fn proof_of_certificate(&self, handed: &Handed) -> Result<Proof, Failure> {
        let (work, edition) = (handed.work(), self.edition_of(handed)?);
        let origin = handed.origin()?;
        let client = self.client_of(handed, &origin).map_err(or_offline)?;
        let Some(client) = client else { return self.proof_alone(handed) };
        // By itself first: what is wrong with it is not the node's doing.
        let alone = self.verify_by_any(handed, &origin, &client.rules().log_key)?;
        hold_against_rules(&alone, client.rules())?;
        let given = if alone.log_key == client.rules().log_key {
            self.context.wait_for(client.verify_certificate(&handed.bytes))?.map_err(told)?.provenance
        } else {
            // By another key that the log has had: the log that it is of must be the beginning of the one that goes on.
            self.context.wait_for(client.newest())??;
            self.context.wait_for(client.hold(&alone.checkpoint))??;
            alone
        };
        let newest = self.context.wait_for(client.certificate(&work, edition))?.map_err(told)?.provenance;
        let has_gone_on = newest.state.newest != given.state.newest;
        let overtaken = has_gone_on.then_some(given.checkpoint.checkpoint().size.get());
        Ok(Proof { policy: self.policy(&newest)?, provenance: newest, online: true, overtaken })
    }

    /// Returns what a certificate proves by itself: nobody is asked.
    pub(super) fn proof_alone(&self, handed: &Handed) -> Result<Proof, Failure> {
        self.edition_of(handed)?;
        let provenance = self.prove_alone(handed, &handed.origin()?)?;
        Ok(Proof { policy: self.policy(&provenance)?, provenance, online: false, overtaken: None })
    }

    /// Returns the edition that a certificate is of, if no other was asked for.
    fn edition_of(&self, handed: &Handed) -> Result<u64, Failure> {
        let edition = handed.certificate.edition;
        match self.edition.filter(|asked| *asked != edition) {
            None => Ok(edition),
            Some(asked) => Err(Failure::usage(
                format!("{} is of edition {edition}, not {asked}", handed.name),
                "ask for the certificate of that edition, or leave out --edition",
            )),
        }
    }

    /// Verifies a certificate by the key that its log has now, or else by another one that it is trusted by.
    fn verify_by_any(&self, handed: &Handed, origin: &str, now: &VerifierKey) -> Result<Provenance, Failure> {
        let verified = handed.certificate.verify(now);
        if let Err(CertificateError::Proved(ProvedError::Checkpoint(_))) = verified {
            let mut others = self.keys_of(origin)?.into_iter().filter(|key| key != now);
            if let Some(proved) = others.find_map(|key| handed.certificate.verify(&key).ok()) {
                return Ok(proved);
            }
        }
        Ok(verified?)
    }

    /// Returns a client of the register of this origin, if that is the one to be asked.
    fn client_of(&self, handed: &Handed, origin: &str) -> Result<Option<&Client>, Failure> {
        let Some(client) = self.client_for(Some(handed))? else { return Ok(None) };
        let asked = &client.rules().register.origin;
        if asked.as_str() == origin {
            return Ok(Some(client));
        }
        self.context.ui.note(format_args!(
            "the certificate is of the register {}, not of {asked}: checked without asking either",
            shown(origin)
        ));
        Ok(None)
    }

    /// Verifies a certificate without asking anybody, by the key that was given or the keys that are trusted.
    fn prove_alone(&self, handed: &Handed, origin: &str) -> Result<Provenance, Failure> {
        let mut proved = Err(Failure::usage(
            format!("{} is of the register {}, whose key is not known here", handed.name, shown(origin)),
            "give the key that its operator publishes with --vkey FILE, or pin it once with colophon trust pin",
        ));
        for key in self.keys_of(origin)? {
            proved = handed.certificate.verify(&key).map_err(Failure::from);
            if proved.is_ok() {
                break;
            }
        }
        let provenance = proved?;
        if let Some(pinned) = read_pinned(&self.context.home, origin)? {
            hold_against_rules(&provenance, pinned.rules())?;
        }
        self.hold_checkpoint(&provenance.checkpoint, &provenance.log_key)?;
        Ok(provenance)
    }

    /// Returns the keys that a log of this name is believed by: the one that was given, or those in the policy.
    pub(super) fn keys_of(&self, origin: &str) -> Result<Vec<VerifierKey>, Failure> {
        match &self.vkey {
            Some(vkey) => Ok(vec![vkey.clone()]),
            None => Ok(self.trust()?.logs_of(origin).map(|log| log.key.clone()).collect()),
        }
    }

    /// Reads what is trusted. Not kept: whoever meets a register, or its new key, adds to it.
    fn trust(&self) -> Result<Trust, Failure> {
        Trust::read(&self.context.home)
    }

    /// Holds a checkpoint against what this machine has seen of its register, without asking anybody.
    pub(super) fn hold_checkpoint(&self, checkpoint: &SignedCheckpoint, log: &VerifierKey) -> Result<(), Failure> {
        if !self.context.home.seen_dir().is_dir() {
            return Ok(());
        }
        let Some(seen) = SeenDir::open(&self.context.home.seen_dir())?.last(log)? else { return Ok(()) };
        let (given, known) = (checkpoint.checkpoint(), seen.checkpoint());
        if known.size != given.size || known.root == given.root {
            return Ok(());
        }
        let fork = ForkClaim::new(&seen, checkpoint, given.root, &[]);
        let kept = keep(&self.context.home.evidence_dir(), &Evidence::of(Claim::Fork(fork)));
        let place = kept.map_or_else(|_| String::new(), |path| format!("; the evidence is kept in {}", path.display()));
        Err(Failure::not_verified(
            format!("the register {} has signed two different logs of {} entries{place}", given.origin, given.size),
            "do not rely on this register; show the evidence to its operator and to others who use it",
        ))
    }

    /// Returns what this person asks of a checkpoint: the policy file's demands, or the signature of the key given.
    fn policy(&self, provenance: &Provenance) -> Result<Policy, Failure> {
        self.policy_for(&provenance.log_key)
    }

    /// Returns what this person asks of a checkpoint by this key.
    pub(super) fn policy_for(&self, log: &VerifierKey) -> Result<Policy, Failure> {
        match self.trust()?.policy().filter(|_| self.vkey.is_none()) {
            Some(policy) => Ok(policy.clone()),
            None => Policy::of_log(log)
                .map_err(|error| Failure::failed(format!("the log's key: {error}"), "report this as a fault")),
        }
    }
}

/// Holds a certificate against the register that is known here by its name.
fn hold_against_rules(provenance: &Provenance, known: &Rules) -> Result<(), Failure> {
    let given = &provenance.rules;
    if given.agrees_with(known) {
        return Ok(());
    }
    let (given, known) = (&given.register, &known.register);
    let what = format!(
        "the certificate's register begins with {}, {} here with {}",
        given.genesis, known.origin, known.genesis
    );
    Err(Failure::not_verified(what, "do not rely on it: it is of another register of the same name"))
}

/// Returns the failure of a question about a certificate that was proved to be of this register: the node may not deny it.
fn told(error: LookupError) -> Failure {
    match error {
        LookupError::Unproved(_) | LookupError::NoEdition { .. } | LookupError::NotCarried { .. } => {
            Failure::not_verified(
                format!("{error}, and the certificate shows that the register has it"),
                "tell the operator; ask another node of the register",
            )
        }
        error => or_offline(error.into()),
    }
}

/// Adds that a certificate can be checked without the register, where that cannot be reached.
fn or_offline(failure: Failure) -> Failure {
    if failure.exit() == Exit::TryAgain {
        let cure = format!("{}; or check the certificate by itself, with --offline", failure.cure());
        return Failure::try_again(failure.what(), cure);
    }
    failure
}
