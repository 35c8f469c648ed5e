//! `colophon verify`: takes what the buyer has, and gives a verdict.

mod evidence;
mod folder;
mod likes;
mod proof;
mod receipt;
mod target;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use clap::value_parser;
use colophon_client::file::FileFacts;
use colophon_client::lookup::{AsOf, Looked};
use colophon_client::work::WorkPrefix;
use colophon_fingerprint::Content;
use colophon_ledger::certificate::{CERTIFICATE_BYTES_MAX, CertificateError};
use colophon_ledger::field::Digest;

use crate::as_of::Backing;
use crate::audited;
use crate::codes::date::age;
use crate::command::verify::proof::{Handed, Judge, Proof};
use crate::command::verify::target::{GivenFile, Target};
use crate::context::Context;
use crate::failure::{Exit, Failure, worst};
use crate::home::read_file;
use crate::likeness::Like;
use crate::party::Party;
use crate::recognition::{carries_credentials, is_scant, told_of_credentials_now};
use crate::recomputed::recompute;
use crate::register::name_of;
use crate::sidecar::sidecar_of;
use crate::validation::{self, Validator};
use crate::verdict::{Claim, Findings, Subject, Verdict};
use crate::words::{named, shown};

/// The most registrations of one file that are listed.
const CLAIMS_MAX: u64 = 100;
/// How many makers of later registrations are asked for their names.
const CLAIM_NAMES_MAX: usize = 10;

/// Arguments of `colophon verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// What to check: files, folders, certificates, receipts, evidence, or works by their id (or 8 or more of its first
    /// digits); - reads standard input. A folder whose face lies outside it is found by the face, the work or the certificate beside it
    #[arg(required = true, value_name = "FILE|FOLDER|WORK|CERTIFICATE")]
    what: Vec<OsString>,
    /// The certificate that the files belong to; - reads standard input
    #[arg(long, value_name = "CERTIFICATE")]
    certificate: Option<PathBuf>,
    /// The key of the register's log, in a file or as text, for whoever has not pinned the register
    #[arg(long, value_name = "FILE|TEXT", value_parser = NonEmptyStringValueParser::new())]
    vkey: Option<String>,
    /// Ask no register: check certificates, and files against them, by themselves
    #[arg(long)]
    offline: bool,
    /// Which edition; 1 unless a certificate says otherwise
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    edition: Option<u64>,
    /// How long ago the witnesses of the policy may have cosigned, such as "12 hours" or "30 days", or where none did, how
    /// old the newest entry of the register may be; else the verdict is stale
    #[arg(long, value_name = "DURATION", value_parser = age)]
    max_age: Option<u64>,
}

pub(super) fn run(args: &VerifyArgs, context: &Context) -> Result<Exit, Failure> {
    if args.certificate.as_deref() == Some(Path::new("-")) && args.what.iter().any(|what| what == "-") {
        return Err(Failure::usage("standard input is given twice", "save one of the two as a file"));
    }
    let judge = Judge::new(args, context)?;
    let is_folder: Vec<bool> = args.what.iter().map(|what| Path::new(what).is_dir()).collect();
    let mut verdicts: Vec<Option<Result<Answered, Failure>>> = args.what.iter().map(|_| None).collect();
    let mut ends = Vec::new();
    // Folders are checked last: what is given beside them may show which work they belong to. It is told in the order given.
    for is_turn_of_folders in [false, true] {
        for (n, what) in args.what.iter().enumerate().filter(|(n, _)| is_folder.get(*n) == Some(&is_turn_of_folders)) {
            let verdict = Target::find(what, &context.ui).and_then(|target| judge_target(&judge, target));
            if let Some(place) = verdicts.get_mut(n) {
                *place = Some(verdict);
            }
            while let Some(verdict) = verdicts.get_mut(ends.len()).and_then(Option::take) {
                ends.push(tell(verdict, context)?);
            }
        }
    }
    Ok(worst(ends))
}

/// Registrations of a file, and how many there are.
type Claims = (Vec<Claim>, u64);

/// What is answered about one argument.
enum Answered {
    /// Who registered a work, and who holds it.
    Verdict(Box<Verdict>),
    /// That an entry is in the register.
    Receipt(Box<receipt::Recorded>),
    /// That a register has broken its word.
    Evidence(evidence::Conviction),
}

fn tell(answered: Result<Answered, Failure>, context: &Context) -> Result<Exit, Failure> {
    match answered {
        Ok(Answered::Verdict(verdict)) => context.ui.answer(&*verdict).map(|()| verdict.exit()),
        Ok(Answered::Receipt(recorded)) => context.ui.answer(&*recorded).map(|()| recorded.exit()),
        Ok(Answered::Evidence(conviction)) => context.ui.answer(&conviction).map(|()| Exit::Done),
        Err(failure) => Ok(context.ui.failure(&Failure::of_reading(failure))),
    }
}

fn judge_target(judge: &Judge<'_>, target: Target) -> Result<Answered, Failure> {
    match target {
        Target::Receipt { name, bytes } => {
            receipt::judge(judge, &name, &bytes).map(|recorded| Answered::Receipt(Box::new(recorded)))
        }
        Target::Evidence { name, bytes } => evidence::judge(judge, &name, &bytes).map(Answered::Evidence),
        Target::File(file) => judge_file(judge, &file).map(Answered::of),
        Target::Folder { name, path } => {
            let (subject, proof) = folder::judge(judge, &name, &path)?;
            verdict_on(judge, subject, &proof).map(Answered::of)
        }
        Target::Certificate { name, bytes } => {
            let proof = judge.proof_of_certificate(&Handed::read(name.clone(), bytes)?)?;
            verdict_on(judge, Subject::Certificate { name }, &proof).map(Answered::of)
        }
        Target::Work(asked) => {
            let proof = proof_of_work(judge, &asked)?;
            verdict_on(judge, Subject::Work { asked: asked.to_string() }, &proof).map(Answered::of)
        }
    }
}

impl Answered {
    fn of(verdict: Verdict) -> Answered {
        Answered::Verdict(Box::new(verdict))
    }
}

/// Returns the verdict on a work that is proved, with who else has registered its face.
fn verdict_on(judge: &Judge<'_>, subject: Subject, proof: &Proof) -> Result<Verdict, Failure> {
    let claims = claims_beside(judge, proof, &proof.provenance.mint.files.face())?;
    judge.keep(proof);
    let mut verdict = verdict(judge, subject, proof, claims)?;
    likes::disclose_stated(judge, &mut verdict, proof)?;
    Ok(verdict)
}

fn proof_of_work(judge: &Judge<'_>, asked: &WorkPrefix) -> Result<Proof, Failure> {
    match judge.handed() {
        Some(handed) if asked.begins(&handed.work()) => judge.proof_of_certificate(handed),
        Some(handed) => {
            let what = format!("the certificate is of the work {}, not of {asked}", handed.work());
            Err(Failure::not_registered(what, "give the certificate of that work, or leave out --certificate"))
        }
        None => judge.proof_of_work(asked),
    }
}

fn judge_file(judge: &Judge<'_>, file: &GivenFile) -> Result<Verdict, Failure> {
    let Found { proof, claims, sidecar } = proof_of_file(judge, file)?;
    let (name, sha256) = (file.name.clone(), Digest(file.fingerprint.sha256));
    let files = proof.provenance.mint.files.as_slice();
    let (place, stated) =
        (1..).zip(files).find(|(_, stated)| stated.sha256 == sha256).ok_or_else(|| match &sidecar {
            Some(sidecar) => sidecar_of_another(&name, sidecar, &proof),
            None => not_of_the_work(&name, &sha256, &proof),
        })?;
    let subject = Subject::File { name, sha256, place, of: files.len() };
    judge.keep(&proof);
    let mut verdict = verdict(judge, subject, &proof, claims)?;
    let validator = Validator::of(&judge.context.home);
    if let Some(told) = file.path.as_deref().and_then(|path| told_of_credentials_now(path, &validator)) {
        judge.context.ui.note(told);
    }
    let carries = || stated.c2pa.is_some() || file.path.as_deref().is_some_and(carries_credentials);
    if !validation::IS_BUILT_IN && carries() {
        verdict.note_credentials();
    }
    // Decoding takes long: not where nothing would come of it.
    let content = (verdict.as_of.online || stated.prep.is_some()).then(|| file.content()).flatten();
    verdict.hold(recompute(stated, &file.units, content.as_ref()));
    likes::disclose(judge, &mut verdict, content.as_ref())?;
    Ok(verdict)
}

/// What is found of a file.
struct Found {
    /// What is proved of the work that it is of.
    proof: Proof,
    /// Who has registered it.
    claims: Claims,
    /// The certificate beside it, where nothing else was asked.
    sidecar: Option<PathBuf>,
}

/// Returns what is found of a file: by the certificate that was given, by the register, or where none can be asked by the certificate that
/// lies beside the file.
fn proof_of_file(judge: &Judge<'_>, file: &GivenFile) -> Result<Found, Failure> {
    if let Some(handed) = judge.handed() {
        let proof = judge.proof_of_certificate(handed)?;
        let claims = claims_beside(judge, &proof, &Digest(file.fingerprint.sha256))?;
        return Ok(Found { proof, claims, sidecar: None });
    }
    let sidecar = file.path.as_deref().map(sidecar_of).filter(|path| path.is_file());
    let Some(sidecar) = sidecar else { return proof_by_register(judge, file) };
    if judge.asks()? {
        match proof_by_register(judge, file) {
            Err(failure) if failure.is_away() => judge.context.ui.warn(format_args!(
                "{}; it is judged by the certificate beside it alone, {}",
                failure.what(),
                named(&sidecar)
            )),
            answered => return answered,
        }
    }
    let handed = read_sidecar(&sidecar)?;
    Ok(Found { proof: judge.proof_alone(&handed)?, claims: Claims::default(), sidecar: Some(sidecar) })
}

/// Reads the certificate beside a file. One that is cut off or empty proves nothing, neither for the file nor against it.
fn read_sidecar(sidecar: &Path) -> Result<Handed, Failure> {
    let bytes = read_file(sidecar, CERTIFICATE_BYTES_MAX)?.unwrap_or_default();
    match Handed::read(named(sidecar), bytes) {
        Err(CertificateError::Malformed(_)) => Err(Failure::failed(
            format!("{}, which lies beside it, is damaged or cut off, and no certificate any more", named(sidecar)),
            "ask a register, or write it anew: colophon certificate WORK -o FILE",
        )),
        handed => Ok(handed?),
    }
}

fn proof_by_register(judge: &Judge<'_>, file: &GivenFile) -> Result<Found, Failure> {
    let (name, sha256) = (&file.name, Digest(file.fingerprint.sha256));
    let client = judge.need_client(name)?;
    let facts = match judge.context.wait_for(client.file(&sha256, CLAIMS_MAX))?? {
        Looked::Found(facts) => facts,
        Looked::Absent(as_of) => {
            let moment = judge.moment(&as_of)?;
            let content = file.content();
            let likes = likes::of_unregistered(judge, content.as_ref())?;
            let cure = not_sought(content.as_ref());
            return Err(not_registered(name, &sha256, (&as_of, &moment), likes.as_deref().ok_or(cure)));
        }
    };
    let first = facts.registrations.first().ok_or_else(|| nothing_shown(name))?;
    let proof = judge.proof_of_work(&WorkPrefix::from(&first.work))?;
    Ok(Found { proof, claims: claims_of(judge, &facts)?, sidecar: None })
}

/// Returns who has registered a file of the work that is proved, if its register is asked at all.
fn claims_beside(judge: &Judge<'_>, proof: &Proof, file: &Digest) -> Result<Claims, Failure> {
    let Some(client) = judge.client()?.filter(|_| proof.online) else { return Ok(Claims::default()) };
    match judge.context.wait_for(client.file(file, CLAIMS_MAX))?? {
        Looked::Found(facts) => claims_of(judge, &facts),
        Looked::Absent(_) => Ok(Claims::default()),
    }
}

/// Returns all registrations of a file, earliest first, with the names of the first few makers.
fn claims_of(judge: &Judge<'_>, facts: &FileFacts) -> Result<Claims, Failure> {
    let Some(client) = judge.client()? else { return Ok(Claims::default()) };
    let mut claims: Vec<Claim> = Vec::new();
    for registration in &facts.registrations {
        let maker = &registration.record.maker;
        let known = claims.iter().find(|claim| claim.maker.account == *maker).map(|claim| claim.maker.clone());
        let maker = match known {
            Some(party) => party,
            // The card of the first names its maker; a file with one registration needs no more questions.
            None if facts.count > 1 && claims.len() < CLAIM_NAMES_MAX => {
                Party::named(maker, judge.context.wait_for(name_of(client, maker))??)
            }
            None => Party::named(maker, None),
        };
        claims.push(Claim { number: registration.number, work: registration.work, maker });
    }
    Ok((claims, facts.count))
}

fn verdict(judge: &Judge<'_>, subject: Subject, proof: &Proof, claims: Claims) -> Result<Verdict, Failure> {
    let provenance = &proof.provenance;
    let audited = audited::holds(&judge.context.home, &provenance.log_key, provenance.checkpoint.checkpoint())?;
    let backing = Backing { policy: &proof.policy, audited, online: proof.online, now_ms: judge.now_ms };
    let (overtaken, max_age_ms) = (proof.overtaken, judge.max_age_ms);
    let mut verdict = Verdict::new(Findings { subject, provenance, backing, claims, overtaken, max_age_ms })?;
    verdict.card.mark_own(&judge.own);
    if proof.online {
        verdict.card.introduced = likes::introduced(judge, &verdict.card.acknowledges_similar)?;
    }
    Ok(verdict)
}

/// Returns what is said of works like a file of this content where nobody has looked for them.
fn not_sought(content: Option<&Content>) -> &'static str {
    if content.is_some_and(is_scant) {
        "what is like it is not looked for: too little is in it"
    } else {
        "what is registered that looks or reads like it, colophon search tells"
    }
}

/// Returns the proof that a file is not registered, at a moment in words, with what is like it or why nobody has looked for that.
fn not_registered(
    name: &str,
    sha256: &Digest,
    (as_of, moment): (&AsOf, &str),
    likes: Result<&[Like], &str>,
) -> Failure {
    let origin = shown(&as_of.checkpoint.checkpoint().origin);
    let mut what =
        format!("{name} is not registered in {origin}; this is proved, as of {moment}; its SHA-256 is {sha256}");
    let mut cure = "check that it is the file as it was registered, not an export, a preview or a copy saved again: a single changed byte is another file".to_owned();
    match likes {
        Err(not_sought) => {
            cure.push_str("; ");
            cure.push_str(not_sought);
        }
        Ok([]) => what.push_str("\nnothing that the register shows is like it"),
        Ok(likes) => {
            what.push_str("\nregistered, and like it:");
            for like in likes {
                write!(what, "\n  {}\n    work {}", like.told(), like.work).ok();
            }
            cure.push_str("; look at what is like it with colophon show WORK");
        }
    }
    Failure::not_registered(what, cure)
}

fn not_of_the_work(name: &str, sha256: &Digest, proof: &Proof) -> Failure {
    Failure::not_registered(
        format!(
            "{name} is not the registered file: its SHA-256 {sha256} is not among those of the work {}",
            proof.provenance.work
        ),
        "ask for the file as it was registered; a single changed byte is another file",
    )
}

fn sidecar_of_another(name: &str, sidecar: &Path, proof: &Proof) -> Failure {
    Failure::failed(
        format!(
            "{name} is not a file of the certificate beside it, {}, of the work {}: it was changed, or the certificate is of another file; \
             whether it is registered is not known",
            named(sidecar),
            proof.provenance.work
        ),
        "ask a register: leave out --offline, or give --node URL; or ask for the file as it was registered",
    )
}

fn nothing_shown(name: &str) -> Failure {
    Failure::not_verified(
        format!("the node shows no registration of {name}, and says that there is one"),
        "tell the operator",
    )
}
