//! The register that a command talks to: found, pinned on first use, and held to what it was pinned as.
//!
//! What is pinned is the key of the log (a line of the trust policy) and the genesis (`registers/ORIGIN.json`). From then on
//! a register of the same name with another key or another beginning is a security error; nothing that was kept is replaced.

pub mod trust;

use colophon_client::card::CardFound;
use colophon_client::client::{Asked, Client, Memory, Stale};
use colophon_client::follow::fetch_checkpoint_by;
use colophon_client::http::{Patience, Transport};
use colophon_client::lookup::LookupError;
use colophon_client::pinned::Pinned;
use colophon_client::register::{FirstUse, check_in_force, first_use, says_copy};
use colophon_client::seen::SeenDir;
use colophon_client::tiles::{Span, check_extends};
use colophon_ledger::account::AccountId;
use colophon_ledger::card::ProfileWords;
use colophon_ledger::entry::Body;
use colophon_tlog::checkpoint::SignedCheckpoint;
use colophon_tlog::hash::sha256;
use colophon_tlog::note::VerifierKey;

use crate::context::Context;
use crate::failure::Failure;
use crate::home::HomeLock;
use crate::register::trust::{Trust, is_same_address, pinned_path, read_pinned, url_of};
use crate::words::shown;

/// How many digits of a digest are in the name of an evidence file.
const EVIDENCE_NAME_DIGITS: usize = 16;

impl Context {
    /// Returns a client of the register that `--node` names, or of the only one that is pinned.
    ///
    /// A register met for the first time is pinned, and this is said. An answer older than what has been seen is not taken.
    /// Takes the lock of the home for a moment: not to be called by whoever holds it.
    pub fn client(&self) -> Result<Client, Failure> {
        self.client_expecting(None, None)
    }

    /// Returns a client like [`Context::client`] of a register whose log must have the key `expected`, if that is given.
    ///
    /// A register that is met for the first time is not pinned if a certificate of its name claims another key.
    pub(crate) fn client_expecting(
        &self,
        expected: Option<&VerifierKey>,
        claimed: Option<&VerifierKey>,
    ) -> Result<Client, Failure> {
        self.client_at(&self.address()?, expected, claimed)
    }

    /// Returns a client of the register at `address`.
    pub(crate) fn client_at(
        &self,
        address: &str,
        expected: Option<&VerifierKey>,
        claimed: Option<&VerifierKey>,
    ) -> Result<Client, Failure> {
        let transport = Transport::new(address, Patience::default())?;
        let pinned = self.pinned(&transport, expected, claimed)?;
        if !self.home.seen_dir().is_dir() {
            drop(self.home.lock()?);
        }
        let (seen, evidence) = (self.home.seen_dir(), self.home.evidence_dir());
        let asked = self.asked(&transport, &pinned)?;
        Ok(Client::new(transport, pinned, Memory { seen, evidence, stale: Stale::Refuse })?.of(asked))
    }

    /// Returns whether the node is a copy that may be behind, and where the register itself is then.
    ///
    /// Whoever says so is one, unless its address is the one that the register is known by: the register does not become a copy of
    /// itself to hide that it has gone back.
    fn asked(&self, transport: &Transport, pinned: &Pinned) -> Result<Asked, Failure> {
        let known = read_pinned(&self.home, pinned.rules().register.origin.as_str())?;
        let is_own = |address: &str| {
            known.as_ref().is_some_and(|known| !known.is_copy() && is_same_address(known.address(), address))
        };
        let address = transport.address();
        let is_copy = !is_own(address)
            && if is_same_address(pinned.address(), address) {
                pinned.is_copy()
            } else {
                self.wait_for(says_copy(transport))?
            };
        if !is_copy {
            return Ok(Asked::Register);
        }
        let trust = Trust::read(&self.home)?;
        let log = trust.logs().iter().find(|log| log.key == pinned.rules().log_key);
        let copies = [address].into_iter().chain(known.as_ref().filter(|known| known.is_copy()).map(Pinned::address));
        let copies: Vec<&str> = copies.collect();
        let register = [log.and_then(url_of), known.as_ref().map(Pinned::address)].into_iter().flatten();
        let mut register = register.filter(|known| !copies.iter().any(|copy| is_same_address(copy, known)));
        // One attempt: it is asked beside the node that the person named.
        let patience = Patience { attempts: 1, ..Patience::default() };
        Ok(Asked::Copy(register.next().map(|known| Transport::new(known, patience)).transpose()?))
    }

    /// Pins the register at `address`, if none of its name is known otherwise.
    pub(crate) fn pin(&self, address: &str) -> Result<Pinned, Failure> {
        let transport = Transport::new(address, Patience::default())?;
        self.pinned(&transport, None, None)
    }

    /// Returns whether `--node` or the policy leads to a register.
    pub(crate) fn has_node(&self) -> Result<bool, Failure> {
        Ok(self.node().is_ok() || self.only_node()?.is_some())
    }

    fn address(&self) -> Result<String, Failure> {
        match (self.node(), self.only_node()?) {
            (Ok(address), _) => Ok(address.to_owned()),
            (Err(_), Some(address)) => Ok(address),
            (Err(unnamed), None) => Err(unnamed),
        }
    }

    /// Returns the address of the only register in the policy, which may stand there by several keys.
    fn only_node(&self) -> Result<Option<String>, Failure> {
        let trust = Trust::read(&self.home)?;
        let mut reached = trust.logs().iter().filter_map(|log| url_of(log).map(|url| (log.key.name(), url)));
        let first = reached.next();
        let is_only = reached.all(|(origin, _)| first.is_some_and(|(only, _)| only == origin));
        Ok(first.filter(|_| is_only).map(|(_, url)| url.to_owned()))
    }

    fn pinned(
        &self,
        transport: &Transport,
        expected: Option<&VerifierKey>,
        claimed: Option<&VerifierKey>,
    ) -> Result<Pinned, Failure> {
        let trust = Trust::read(&self.home)?;
        let Some(log) = trust.log_at(transport.address()) else {
            let met = self.wait_for(first_use(transport, expected))??;
            check_claim(&met, claimed)?;
            let rules = met.pinned.rules();
            let known = read_pinned(&self.home, rules.register.origin.as_str())?;
            let is_trusted = trust.logs().iter().any(|log| log.key == rules.log_key);
            return match known.filter(|known| is_trusted && known.rules().log_key != rules.log_key) {
                Some(known) => self.rekey(transport, &known, &rules.log_key),
                None => self.keep(met),
            };
        };
        let origin = log.key.name();
        let known = read_pinned(&self.home, origin)?;
        let key = self.signing_key(transport, &trust, known.as_ref(), origin)?.unwrap_or_else(|| log.key.clone());
        if let Some(expected) = expected.filter(|expected| **expected != key) {
            let what = format!("{} is known by the key {key}, not by {expected}", transport.address());
            return Err(Failure::not_verified(what, "check which key is the one that the operator publishes"));
        }
        match known {
            Some(pinned) if pinned.rules().log_key == key => Ok(pinned),
            Some(known) => self.rekey(transport, &known, &key),
            None => self.keep(self.wait_for(first_use(transport, Some(&key)))??),
        }
    }

    /// Returns the key that the log at an address signs by now, of those that the policy names for it. Only where there are several
    /// is anybody asked, for a register may turn from one to the other at any time.
    fn signing_key(
        &self,
        transport: &Transport,
        trust: &Trust,
        known: Option<&Pinned>,
        origin: &str,
    ) -> Result<Option<VerifierKey>, Failure> {
        let pinned = |key: &VerifierKey| known.is_some_and(|known| known.rules().log_key == *key);
        let mut keys: Vec<VerifierKey> = trust.logs_of(origin).map(|log| log.key.clone()).collect();
        keys.sort_by_key(|key| !pinned(key));
        if keys.len() > 1 {
            let newest = self.wait_for(fetch_checkpoint_by(transport, &keys))??.to_string();
            keys.retain(|key| SignedCheckpoint::open(newest.as_bytes(), key).is_ok());
        }
        Ok(keys.into_iter().next())
    }

    /// Meets a register that is known by another key: its governors must have given this one to the log, and the log must go on from
    /// what has been seen of it under the key before. Keeps nothing.
    pub(crate) fn meet_by(
        &self,
        transport: &Transport,
        known: &Pinned,
        key: &VerifierKey,
    ) -> Result<FirstUse, Failure> {
        let met = self.wait_for(first_use(transport, Some(key)))??;
        let genesis = known.rules().register.genesis;
        if met.pinned.rules().register != known.rules().register {
            return Err(self.other_register(&self.home.lock()?, &met, &format!("the genesis {genesis}")));
        }
        self.wait_for(check_in_force(transport, &met.pinned))??;
        if let Some(seen) = SeenDir::open(&self.home.seen_dir())?.last(&known.rules().log_key)? {
            let (seen, now) = (Span::of(&seen), Span::of(&met.checkpoint));
            if self.wait_for(check_extends(transport, &seen, &now))?.is_err() {
                let known = format!("a log of {} entries", seen.size);
                return Err(self.other_register(&self.home.lock()?, &met, &known));
            }
        }
        Ok(met)
    }

    /// Keeps another key of a register that is known, if [`Context::meet_by`] finds it right. The person has named the key, in the
    /// policy or in a command.
    pub(crate) fn rekey(&self, transport: &Transport, known: &Pinned, key: &VerifierKey) -> Result<Pinned, Failure> {
        let met = self.meet_by(transport, known, key)?;
        let lock = self.home.lock()?;
        let mut trust = Trust::read(&self.home)?;
        if !trust.logs().iter().any(|log| log.key == *key && log.url.is_some()) {
            trust.add_log(&self.home, &lock, key, Some(transport.address()))?;
        }
        self.keep_rekeyed(&lock, known, met)
    }

    /// Pins a register that was met by another key of its log, and says so.
    pub(crate) fn keep_rekeyed(&self, lock: &HomeLock, known: &Pinned, met: FirstUse) -> Result<Pinned, Failure> {
        let (origin, key) = (known.rules().register.origin.as_str(), &met.pinned.rules().log_key);
        lock.write(&pinned_path(&self.home, origin), met.pinned.to_json().as_bytes())?;
        self.ui.note(format_args!(
            "the governors of {origin} have given its log another key; it is now pinned\n  log key   {key}\n  before    {}",
            known.rules().log_key
        ));
        Ok(met.pinned)
    }

    /// Keeps a register that was just met, unless one of its name is known otherwise. Says what it has pinned.
    fn keep(&self, met: FirstUse) -> Result<Pinned, Failure> {
        let lock = self.home.lock()?;
        let mut trust = Trust::read(&self.home)?;
        let FirstUse { pinned, checkpoint } = &met;
        let (rules, address) = (pinned.rules(), pinned.address());
        let origin = rules.register.origin.as_str();
        let known_key = trust.logs_of(origin).find(|log| log.key == rules.log_key);
        let (is_trusted, has_address) = (known_key.is_some(), known_key.is_some_and(|log| log.url.is_some()));
        if let Some(other) = trust.logs_of(origin).next().filter(|_| !is_trusted) {
            let known = format!("the key {}", other.key);
            return Err(self.other_register(&lock, &met, &known));
        }
        let known = read_pinned(&self.home, origin)?;
        if let Some(known) = known.as_ref().filter(|known| !known.rules().agrees_with(rules)) {
            let known = format!("the genesis {}", known.rules().register.genesis);
            return Err(self.other_register(&lock, &met, &known));
        }
        if !has_address {
            trust.add_log(&self.home, &lock, &rules.log_key, Some(address))?;
        }
        if known.as_ref().is_some_and(|known| !known.is_copy() || pinned.is_copy()) {
            return Ok(met.pinned);
        }
        if known.is_some() {
            // It was met by a copy before, and this is the register itself.
            lock.write(&pinned_path(&self.home, origin), pinned.to_json().as_bytes())?;
            return Ok(met.pinned);
        }
        lock.create(&pinned_path(&self.home, origin), pinned.to_json().as_bytes())?;
        let heading = if is_trusted {
            "this register's key was trusted; its genesis is now pinned"
        } else {
            "first use of this register; it is now pinned"
        };
        self.ui.note(format_args!(
            "{heading}\n  register  {origin}, {} entries\n  address   {address}\n  log key   {}\n  genesis   {}",
            checkpoint.checkpoint().size,
            rules.log_key,
            rules.register.genesis,
        ));
        if pinned.is_copy() {
            self.ui.note("this node says that it is a copy, which may be behind the register itself");
        }
        if !is_trusted {
            self.ui
                .note("compare the log key with the one that its operator publishes: from now on no other is believed");
        }
        Ok(met.pinned)
    }

    /// Says loudly that a register is not the one that is known by its name, and keeps what it showed.
    fn other_register(&self, lock: &HomeLock, met: &FirstUse, known: &str) -> Failure {
        let (rules, address) = (met.pinned.rules(), met.pinned.address());
        let evidence = format!("{}{}", met.pinned.to_json(), met.checkpoint);
        let digest = sha256(evidence.as_bytes()).to_string();
        let name: String = digest.chars().take(EVIDENCE_NAME_DIGITS).collect();
        let path = self.home.evidence_dir().join(format!("other-{name}.txt"));
        let kept =
            std::fs::create_dir_all(self.home.evidence_dir()).is_ok() && lock.write(&path, evidence.as_bytes()).is_ok();
        let place = if kept { format!("; what it showed is kept in {}", path.display()) } else { String::new() };
        Failure::not_verified(
            format!(
                "{address} is NOT the register {} that is known here: it is known by {known}, and this one has the key {} and the genesis {}{place}",
                rules.register.origin, rules.log_key, rules.register.genesis
            ),
            "do not use it; ask the operator, by a way that does not lead through this address, which of the two is theirs",
        )
    }
}

/// Fails if a certificate claims another key for the register that was just met.
fn check_claim(met: &FirstUse, claimed: Option<&VerifierKey>) -> Result<(), Failure> {
    let (rules, address) = (met.pinned.rules(), met.pinned.address());
    let Some(claimed) = claimed.filter(|key| key.name() == rules.log_key.name() && **key != rules.log_key) else {
        return Ok(());
    };
    Err(Failure::not_verified(
        format!(
            "the certificate is of the register {} by the key {claimed}, and {address} shows the key {}; nothing was pinned",
            rules.register.origin, rules.log_key
        ),
        "ask the operator, by a way that leads neither through this address nor through whoever gave the certificate, which key is theirs; then trust it with colophon trust pin KEY",
    ))
}

/// Returns what an account calls itself in its newest profile, if it has published one and the words are still there.
pub async fn name_of(client: &Client, account: &AccountId) -> Result<Option<String>, LookupError> {
    let facts = client.account(account).await?;
    let Some(profile) = client.newest_profile(&facts).await? else { return Ok(None) };
    let Body::Profile(profile) = profile.entry.body() else { return Ok(None) };
    let CardFound::Card(card) = client.card(&profile.card).await? else { return Ok(None) };
    let name = card.read::<ProfileWords>().ok().map(|words| shown(&words.name));
    Ok(name.filter(|name| !name.is_empty()))
}
