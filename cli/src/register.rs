//! The register that a command talks to: found, pinned on first use, and held to what it was pinned as.
//!
//! What is pinned is the key of the log (a line of the trust policy) and the genesis (`registers/ORIGIN.json`). From then on
//! a register of the same name with another key or another beginning is a security error; nothing that was kept is replaced.

pub mod trust;

use colophon_client::card::CardFound;
use colophon_client::client::{Client, Memory, Stale};
use colophon_client::http::{Patience, Transport};
use colophon_client::lookup::LookupError;
use colophon_client::register::{FirstUse, Pinned, first_use};
use colophon_client::seen::SeenDir;
use colophon_client::tiles::{Span, check_extends};
use colophon_ledger::account::AccountId;
use colophon_ledger::card::ProfileWords;
use colophon_ledger::entry::Body;
use colophon_tlog::hash::sha256;
use colophon_tlog::note::VerifierKey;

use crate::command::Context;
use crate::failure::Failure;
use crate::register::trust::{Trust, pinned_path, read_pinned, url_of};
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
        Ok(Client::new(transport, pinned, Memory { seen, evidence, stale: Stale::Refuse })?)
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

    /// Returns the address of the only register in the policy.
    fn only_node(&self) -> Result<Option<String>, Failure> {
        let trust = Trust::read(&self.home)?;
        let mut addresses = trust.logs().iter().filter_map(url_of);
        Ok(addresses.next().filter(|_| addresses.next().is_none()).map(ToOwned::to_owned))
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
            return self.keep(met);
        };
        if let Some(expected) = expected.filter(|expected| **expected != log.key) {
            let what = format!("{} is known by the key {}, not by {expected}", transport.address(), log.key);
            return Err(Failure::not_verified(what, "check which key is the one that the operator publishes"));
        }
        match read_pinned(&self.home, log.key.name())? {
            Some(pinned) if pinned.rules().log_key == log.key => Ok(pinned),
            Some(known) => self.rekey(transport, &known, &log.key),
            None => self.keep(self.wait_for(first_use(transport, Some(&log.key)))??),
        }
    }

    /// Keeps another key of a register that is known, if its governors have given it to the log, and the log goes on from what has
    /// been seen of it under the key before. The person has named the key, in the policy or in a command.
    pub(crate) fn rekey(&self, transport: &Transport, known: &Pinned, key: &VerifierKey) -> Result<Pinned, Failure> {
        let met = self.wait_for(first_use(transport, Some(key)))??;
        let lock = self.home.lock()?;
        let genesis = known.rules().register.genesis;
        if met.pinned.rules().register != known.rules().register {
            return Err(self.other_register(&lock, &met, &format!("the genesis {genesis}")));
        }
        if let Some(seen) = SeenDir::open(&self.home.seen_dir())?.last(&known.rules().log_key)? {
            let (seen, now) = (Span::of(&seen), Span::of(&met.checkpoint));
            if self.wait_for(check_extends(transport, &seen, &now))?.is_err() {
                return Err(self.other_register(&lock, &met, &format!("a log of {} entries", seen.size)));
            }
        }
        let origin = known.rules().register.origin.as_str();
        Trust::read(&self.home)?.add_log(&self.home, &lock, key, Some(transport.address()))?;
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
        if known.is_some() {
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
        if !is_trusted {
            self.ui
                .note("compare the log key with the one that its operator publishes: from now on no other is believed");
        }
        Ok(met.pinned)
    }

    /// Says loudly that a register is not the one that is known by its name, and keeps what it showed.
    fn other_register(&self, lock: &crate::home::HomeLock, met: &FirstUse, known: &str) -> Failure {
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
