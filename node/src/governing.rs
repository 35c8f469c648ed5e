//! The commands of governors, and what they are told.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use colophon_ledger::account::AccountId;
use colophon_ledger::crossing::candidate::Candidate;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::genesis::Genesis;
use colophon_ledger::entry::{Body, Text};
use colophon_ledger::field::{Citation, Country, DocumentType, Jurisdiction, Origin, RuleSetName};
use colophon_node::clock::Clock;
use colophon_node::govern::{Act, Beginning, GovernError, Losses, Standing, check_days, successor_in};
use colophon_node::governors::Governed;
use colophon_node::keys::{self, NEXT_LOG_KEY_FILE};
use colophon_node::mend::{Mended, mend};
use colophon_node::prepare::{Accounts, check_as_written, lacking};
use colophon_node::rehearsal::rehearse;
use colophon_storage::durable::{self, Access};
use colophon_tlog::note::{Signer, VerifierKey};
use indicatif::{ProgressBar, ProgressStyle};

/// The longest file that is read here, in bytes: a draft.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// How many entries are read between two looks at the bar.
const ENTRIES_A_LOOK: u64 = 1_024;

/// What governors do.
#[derive(Debug, Subcommand)]
pub(crate) enum Governing {
    /// Makes a governor's key in a file of its own, and tells the account that a genesis is to name
    Key {
        /// The file; nothing may be there yet. Whoever has it speaks for the governor; if it is lost, so is that governor's word
        file: PathBuf,
    },
    /// Gives the log another key, which must lie ready where the register is served
    LogKey {
        #[command(flatten)]
        signing: Signing,
        /// The new verifier key, as `colophon-node next-log-key` prints it
        #[arg(long, value_name = "VKEY")]
        vkey: String,
    },
    /// Puts other rules in force, at least 1000 batches ahead; or voids entries against the rules that a fault of the software has
    /// put into the log
    Upgrade {
        #[command(flatten)]
        signing: Signing,
        /// The version of the new rules
        #[arg(long, value_name = "N", requires = "height")]
        rules: Option<u64>,
        /// The height of the first batch that they judge
        #[arg(long, value_name = "N", requires = "rules")]
        height: Option<u64>,
        /// The index of an entry that the rules refuse, to be voided; may be given again
        #[arg(long, value_name = "INDEX", required_unless_present = "rules")]
        void: Vec<u64>,
    },
    /// Ends the register: no entry will ever follow
    Retire {
        #[command(flatten)]
        signing: Signing,
        /// The founding of the register that goes on with it, as `colophon-node init --founding` writes it
        #[arg(long, value_name = "FILE")]
        successor: Option<PathBuf>,
    },
    /// Publishes a rule set of the corridor, or withdraws it. It is in force for transfers from a height on, never for earlier ones
    Rules {
        #[command(flatten)]
        signing: Signing,
        /// The set's name, such as EU-IMP-880; one of the same name is replaced
        #[arg(long)]
        name: RuleSetName,
        /// The rules
        #[arg(long, value_name = "FILE", required_unless_present = "withdraw", conflicts_with = "withdraw")]
        file: Option<PathBuf>,
        /// Withdraws the set of this name
        #[arg(long)]
        withdraw: bool,
        /// The height of the first batch whose transfers it judges
        #[arg(long, value_name = "N", required_unless_present = "ahead", conflicts_with = "ahead")]
        height: Option<u64>,
        /// How many more batches come before that one, instead: at least the one that takes the act
        #[arg(long, value_name = "N")]
        ahead: Option<u64>,
        /// The law or decision that it states; of a set that is withdrawn, the one that it was published with
        #[arg(long, value_name = "TEXT", required_unless_present = "withdraw")]
        citation: Option<Citation>,
        /// Whose law it is: a country, or a region such as EU; of a set that is withdrawn, the one that it was published with
        #[arg(long, value_name = "CODE", required_unless_present = "withdraw")]
        jurisdiction: Option<Jurisdiction>,
    },
    /// Tries a rule set on every crossing so far, and says which it would have refused; writes nothing. `rules` does the same before it
    /// writes the draft
    TryRules {
        /// The register's folder, served or not, or a backup of it
        dir: PathBuf,
        /// The set's name, such as EU-IMP-880
        #[arg(long)]
        name: RuleSetName,
        /// The rules
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Enrols an account as an authority of a country, or removes it
    Authority {
        #[command(flatten)]
        signing: Signing,
        /// The authority's account
        #[arg(long, value_name = "ACCOUNT")]
        authority: AccountId,
        /// For which country it speaks; EU for one of the Union itself
        #[arg(long, value_name = "CC")]
        country: Country,
        /// A type of document that counts when it attests it; may be given again, and takes the place of those before
        #[arg(long = "type", value_name = "TYPE", required_unless_present = "remove", conflicts_with = "remove")]
        types: Vec<DocumentType>,
        /// Removes it
        #[arg(long)]
        remove: bool,
    },
    /// Adds a governor's signature to a draft: of an act, or of the genesis of a register that is to begin
    Sign {
        /// The draft, which then holds the signature too
        draft: PathBuf,
        /// The governor's key
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The governor's account, if the key is not its first one
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<AccountId>,
    },
}

/// Who signs what, and where it is written.
#[derive(Debug, Args)]
pub(crate) struct Signing {
    /// The register's folder, served or not, or a backup of it
    dir: PathBuf,
    /// The governor's key, such as governor.key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The governor's account, if the key is not its first one
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<AccountId>,
    /// Another governor who will sign, where it takes more than one; may be given again
    #[arg(long, value_name = "ACCOUNT")]
    with: Vec<AccountId>,
    /// Where the draft is written; nothing may be there yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Composes an act, or signs one, and returns what to tell.
pub(crate) fn run(governing: Governing) -> anyhow::Result<String> {
    match governing {
        Governing::Key { file } => new_key(&file),
        Governing::LogKey { signing, vkey } => {
            let vkey: VerifierKey = vkey.parse().with_context(|| format!("{vkey:?} is no verifier key"))?;
            signing.write(&Act::LogKey(vkey))
        }
        Governing::Upgrade { signing, rules, height, void } => {
            signing.write(&Act::Upgrade { rules: rules.zip(height), void })
        }
        Governing::Retire { signing, successor } => {
            let successor = match successor {
                Some(path) => Some(successor_in(&path, &read(&path)?)?),
                None => None,
            };
            signing.write(&Act::Retire(successor))
        }
        Governing::Rules { signing, name, file, withdraw: _, height, ahead, citation, jurisdiction } => {
            let text = file.map(|path| read(&path)).transpose()?;
            let tried = match &text {
                Some(text) => try_rules(&signing.dir, &name, text)? + "\n\n",
                None => String::new(),
            };
            let (citation, jurisdiction) = match (citation, jurisdiction) {
                (Some(citation), Some(jurisdiction)) => (citation, jurisdiction),
                (citation, jurisdiction) => {
                    let (published, of) = Standing::read(&signing.dir)?.source_of(&name)?;
                    (citation.unwrap_or(published), jurisdiction.unwrap_or(of))
                }
            };
            let from = height.map_or(Beginning::Ahead(ahead.unwrap_or_default()), Beginning::Height);
            Ok(tried + &signing.write(&Act::Rules { name, citation, jurisdiction, from, text })?)
        }
        Governing::TryRules { dir, name, file } => try_rules(&dir, &name, &read(&file)?),
        Governing::Authority { signing, authority, country, types, remove: _ } => {
            let losses = Standing::read(&signing.dir)?.losses(&authority, &country, &types);
            let told = told_losses(&losses, &authority, &country);
            Ok(told + &signing.write(&Act::Authority { account: authority, country, types })?)
        }
        Governing::Sign { draft, key, account } => sign(&draft, &key, account),
    }
}

/// Returns what is told of the documents that will count no more, if there are any.
fn told_losses(losses: &Losses, account: &AccountId, country: &Country) -> String {
    let named = |types: &[DocumentType]| types.iter().map(DocumentType::as_str).collect::<Vec<_>>().join(", ");
    if losses.lost.is_empty() {
        return String::new();
    }
    let loses = format!("{account} loses, for {country}: {}\n", named(&losses.lost));
    if losses.unattested.is_empty() {
        return loses + "\n";
    }
    let unattested = named(&losses.unattested);
    format!(
        "{loses}Nobody of {country} is left to attest {unattested}: rules that ask for it of {country} only note that from then on\n\n"
    )
}

/// Tries rules on every transfer of a register so far, and returns what to tell.
fn try_rules(dir: &Path, name: &RuleSetName, text: &str) -> anyhow::Result<String> {
    let candidate = Candidate::read(name, text).map_err(GovernError::Rules)?;
    check_days(name, text)?;
    let digest = candidate.digest();
    let standing = Standing::read(dir)?;
    let bar = bar_of_entries();
    let rehearsed = rehearse(dir, &standing, candidate, |read, size| {
        if read.is_multiple_of(ENTRIES_A_LOOK) {
            bar.set_length(size);
            bar.set_position(read);
        }
    });
    bar.finish_and_clear();
    Ok(format!("{name} {digest}\n{}", rehearsed?))
}

/// Returns a bar that shows on a terminal alone.
fn bar_of_entries() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} entries, {per_sec}, {eta} to go");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

impl Signing {
    fn write(&self, act: &Act) -> anyhow::Result<String> {
        let key = keys::load_file(&self.key)?;
        let own = self.account.unwrap_or_else(|| AccountId::from(&key.public()));
        let draft = Standing::read(&self.dir)?.draft(act, own, &self.with, key)?;
        durable::write_new(&self.out, draft.to_json().as_bytes(), Access::Public)
            .with_context(|| format!("{} cannot be written", self.out.display()))?;
        Ok(told(&draft, &self.out))
    }
}

/// Makes a governor's key, and returns what to tell of it.
fn new_key(file: &Path) -> anyhow::Result<String> {
    let account = AccountId::from(&keys::create_file(file)?.public());
    let file = file.display();
    Ok(format!(
        "A governor's key is in {file}: keep it off every machine that serves, and a copy in another place\n  account  {account}\n\n\
         Give the account to whoever begins the register:\n  colophon-node init DIR --origin NAME --governor {account}\nThen read and \
         sign the genesis that they send:\n  colophon-node govern sign genesis.draft --key {file}"
    ))
}

fn sign(path: &Path, key: &Path, account: Option<AccountId>) -> anyhow::Result<String> {
    let mut draft = Draft::parse(read(path)?.as_bytes())?;
    let Text { origin, body, .. } = draft.parts()?;
    let key = keys::load_file(key)?;
    let first = AccountId::from(&key.public());
    let own = account.unwrap_or(first);
    let governors = match &body {
        Body::Genesis(genesis) => {
            genesis.rules(&origin, draft.id()).context("no register can begin with this genesis")?;
            anyhow::ensure!(
                own == first,
                "a genesis is signed by each account's first key, and this is not that of {own}"
            );
            check_as_written(path, &draft, genesis)?;
            genesis.governors.as_slice().to_vec()
        }
        act if act.is_act() => act.signers(),
        other => {
            anyhow::bail!("{} is no genesis and no act of governors: its kind is {}", path.display(), other.kind())
        }
    };
    let named: Vec<&str> = governors.iter().map(AccountId::as_str).collect();
    anyhow::ensure!(governors.contains(&own), "{own} is not among the governors that it names: {}", named.join(", "));
    draft.sign(&own, key)?;
    durable::replace(path, draft.to_json().as_bytes(), Access::Public)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    match &body {
        Body::Genesis(genesis) => told_genesis(&draft, path, &origin, genesis),
        _ => Ok(told(&draft, path)),
    }
}

/// Returns what a governor is told who has signed a genesis: all that it lays down, and who is next.
fn told_genesis(draft: &Draft, path: &Path, origin: &Origin, genesis: &Genesis) -> anyhow::Result<String> {
    let Genesis { log_vkey, by, governors, governor_threshold, succeeds, .. } = genesis;
    let governed = Governed { governors: governors.as_slice(), threshold: governor_threshold.get() };
    let succeeds =
        succeeds.as_ref().map(|old| format!("  succeeds      {}, after {} entries\n", old.origin, old.size.get()));
    let begin = if succeeds.is_some() { "--succeeds OLD" } else { "--begin" };
    let lacking = lacking(path, draft)?;
    let next = if lacking.is_empty() {
        format!(
            "Everybody has signed. Whoever begins the register puts it into its folder:\n  colophon-node init DIR {begin}"
        )
    } else {
        format!("Still to sign, this draft or a copy of it: {}", Accounts(lacking))
    };
    Ok(format!(
        "Signed, in {}: the genesis of the register {origin}\n  verifier key  {log_vkey}\n  operator      {by}\n{governed}{}\n{next}",
        path.display(),
        succeeds.unwrap_or_default()
    ))
}

fn told(draft: &Draft, path: &Path) -> String {
    let text = draft.text().lines().nth(1).unwrap_or_default();
    let path = path.display();
    let voids = draft.parts().is_ok_and(|parts| matches!(parts.body, Body::Upgrade(act) if act.void.is_some()));
    let next = if voids {
        format!("Then append it, where the register is not served:\n  colophon-node mend DIR {path}")
    } else {
        format!("Then hand it in:\n  colophon submit {path}")
    };
    format!(
        "The draft {} is in {path}. It says:\n  {text}\n\nLet the other governors sign it, if it names any:\n  \
         colophon-node govern sign {path} --key FILE\n{next}",
        draft.id()
    )
}

/// Appends an upgrade that voids entries against the rules to a log that is not served, and returns what to tell.
pub(crate) fn mend_with(dir: &Path, draft: &Path, clock: &Clock) -> anyhow::Result<String> {
    let entry = Draft::parse(read(draft)?.as_bytes())?.to_entry()?;
    let Mended { id, index, voided } = mend(dir, entry, clock)?;
    let voided: Vec<String> = voided.iter().map(u64::to_string).collect();
    let (dir, voided) = (dir.display(), voided.join(", "));
    Ok(format!(
        "The log is mended: the upgrade {id} at index {index} voids {voided}, which leave no trace in the state\n\nServe it: the \
         start signs the checkpoint. Who follows, and stopped there, starts again too\nNext: colophon-node serve {dir}"
    ))
}

fn read(path: &Path) -> anyhow::Result<String> {
    let length = fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.len();
    anyhow::ensure!(
        length <= FILE_BYTES_MAX,
        "{} has {length} bytes; at most {FILE_BYTES_MAX} are read",
        path.display()
    );
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// Makes the key that is to take the place of the log's, unless one lies ready, and returns what to tell of it.
pub(crate) fn next_log_key(dir: &Path) -> anyhow::Result<String> {
    let origin = Standing::read(dir)?.rules.register.origin;
    let file = dir.join(NEXT_LOG_KEY_FILE);
    let key = if file.exists() { keys::load_file(&file)? } else { keys::create(dir, NEXT_LOG_KEY_FILE)? };
    let vkey = Signer::new(origin.as_str(), key)?.verifier();
    Ok(format!(
        "The next key of {origin} lies ready in {}: back it up\n  verifier key  {vkey}\n\nTell it to everybody who follows, \
         witnesses or verifies, beside the one they have. Then let the governors name it:\n  colophon-node govern log-key DIR \
         --key governor.key --vkey {vkey} --out log-key.draft",
        file.display()
    ))
}
