//! `mint`: a work comes into the register. Its entry id is the work id.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::account::AccountId;
use crate::canonical::INTEGER_MAX;
use crate::edition::EDITIONS_MAX;
use crate::entry::kind::kind_word;
use crate::facts::WorkFacts;
use crate::field::{
    Country, Date, Digest, Fingerprint, Int, License, List, ManifestLabel, MediaType, PictureHash, Prep, Role,
    SourceType, WorkId, WorkKind,
};
use crate::refusal::Refusal;
use crate::rule::{Context, Scope, Stop};
use crate::state::{Changes, ClaimRecord, FileRecord, RecordKey, Records, WorkRecord, write};

kind_word!(MintWord, "mint");

/// The most creators of a work.
pub const CREATORS_MAX: usize = 16;
/// The most files of a work; a folder of any size goes into `tree`.
pub const FILES_MAX: usize = 16;
/// The most works a work can be derived from.
pub const SOURCES_MAX: usize = 16;
/// The most works that a work is acknowledged to be like.
pub const SIMILAR_MAX: usize = 16;
/// All shares of a work, in basis points.
const WHOLE_BP: u64 = 10_000;

/// The body of a mint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mint {
    /// The work under which another account registered the face first, acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ack_first: Option<WorkId>,
    /// Earlier works in this register that the maker knows it to be like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ack_similar: Option<List<WorkId, 1, SIMILAR_MAX>>,
    /// The maker, who holds every edition at first.
    pub by: AccountId,
    /// The digest of the card with titles and names.
    pub card: Digest,
    /// Where it is held.
    pub country: Country,
    /// When it was made.
    pub created: Date,
    /// Who made it, in what role and with what share.
    pub creators: Creators,
    /// Works in this register that it is derived from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub derived_from: Option<List<WorkId, 1, SOURCES_MAX>>,
    /// How many editions there are.
    pub editions: Int<1, EDITIONS_MAX>,
    /// What laws of heritage, trade and machine-made content ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<Box<WorkFacts>>,
    /// Its files; the first is its face.
    pub files: Files,
    /// The word `mint`.
    pub kind: MintWord,
    /// Under which licence it is published.
    pub license: License,
    /// Where it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_in: Option<Country>,
    /// How the bytes came about (IPTC digital source type).
    pub source_type: SourceType,
    /// Whether machines may be trained on it.
    pub training: Training,
    /// A folder of files that belongs to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<FileTree>,
    /// What sort of work it is.
    pub work_kind: WorkKind,
}

/// Somebody who made a part of the work. Names stand in the card, in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Creator {
    /// Their account, which then signs the mint too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// What they did (MARC relator).
    pub role: Role,
    /// Their share, in basis points.
    pub share_bp: Int<0, WHOLE_BP>,
}

/// 1 to 16 creators whose shares are 10 000 basis points together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Creators(List<Creator, 1, CREATORS_MAX>);

impl Creators {
    /// Returns the creators as a field, if their number and shares allow.
    pub fn new(creators: Vec<Creator>) -> Option<Creators> {
        let sum: u64 = creators.iter().map(|creator| creator.share_bp.get()).sum();
        (sum == WHOLE_BP).then(|| List::new(creators).map(Creators)).flatten()
    }

    /// Returns the creators.
    pub fn as_slice(&self) -> &[Creator] {
        self.0.as_slice()
    }
}

impl<'de> Deserialize<'de> for Creators {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Creators, D::Error> {
        let creators = List::<Creator, 1, CREATORS_MAX>::deserialize(deserializer)?;
        Creators::new(creators.into_vec()).ok_or_else(|| D::Error::custom("the creators' share_bp are 10000 together"))
    }
}

/// One file of a work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkFile {
    /// How long it is.
    pub bytes: Int<0, INTEGER_MAX>,
    /// The Content Credentials in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c2pa: Option<Credentials>,
    /// The difference hash of the picture that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dhash: Option<PictureHash>,
    /// A similarity code of its content: an ISCC (see [`crate::iscc`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// What it is, by its content.
    pub media_type: MediaType,
    /// How it was prepared for the content's unit of the fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prep: Option<Prep>,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
}

/// The Content Credentials (C2PA) that a file carries. Under the same store there may be other pixels: it says nothing
/// without the file's digest beside it. What was found when they were validated is the maker's word, as all of it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Credentials {
    /// The label of the active manifest.
    pub label: ManifestLabel,
    /// SHA-256 of the certificate (DER) that signed the active manifest: a name in it may be a person's, and would stay for ever.
    /// Absent where it is not shown who signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<Digest>,
    /// What they were found to be. Absent: they were not validated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<CredentialsState>,
    /// SHA-256 of the manifest store.
    pub store: Digest,
    /// SHA-256 of the file of certificates (PEM) that were trusted when they were validated. Absent: none were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_list: Option<Digest>,
}

impl Credentials {
    /// Returns whether its members fit: a trust list belongs to a validation, a signer to one that shows who signed, and nothing is
    /// trusted without a list.
    fn fits(&self) -> bool {
        match self.state {
            None => self.signer.is_none() && self.trust_list.is_none(),
            Some(CredentialsState::Invalid) => self.signer.is_none(),
            Some(CredentialsState::Valid) => true,
            Some(CredentialsState::Trusted) => self.trust_list.is_some(),
        }
    }
}

// `remote = "Self"` derives both as functions of the type itself, which the traits call: one more check on the way in.
impl Serialize for Credentials {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Credentials::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Credentials {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Credentials, D::Error> {
        let credentials = Credentials::deserialize(deserializer)?;
        let wrong = "trust_list stands beside a state, signer beside valid or trusted, and trusted beside a trust_list";
        if credentials.fits() { Ok(credentials) } else { Err(D::Error::custom(wrong)) }
    }
}

/// What Content Credentials were found to be (C2PA 2.2, 14.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialsState {
    /// Well-formed, unbroken, and of this very file; who signed them is not known.
    Valid,
    /// Valid, and signed by somebody on the trust list.
    Trusted,
    /// Damaged, broken, or of another file.
    Invalid,
}

/// 1 to 16 different files; the first is the work's face.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Files(List<WorkFile, 1, FILES_MAX>);

impl Files {
    /// Returns the files as a field, if their number allows and none stands there twice.
    pub fn new(files: Vec<WorkFile>) -> Option<Files> {
        let repeated =
            files.iter().enumerate().any(|(n, file)| files[..n].iter().any(|other| other.sha256 == file.sha256));
        if repeated { None } else { List::new(files).map(Files) }
    }

    /// Returns the files.
    pub fn as_slice(&self) -> &[WorkFile] {
        self.0.as_slice()
    }

    /// Returns the digest of the first file, the one people recognise.
    pub fn face(&self) -> Digest {
        self.as_slice().first().expect("a work has at least one file").sha256
    }
}

impl<'de> Deserialize<'de> for Files {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Files, D::Error> {
        let files = List::<WorkFile, 1, FILES_MAX>::deserialize(deserializer)?;
        Files::new(files.into_vec()).ok_or_else(|| D::Error::custom("no file stands in files twice"))
    }
}

/// A folder of any size: RFC 6962 root over its path-digest and file-digest leaves, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileTree {
    /// The length of all files together.
    pub bytes: Int<0, INTEGER_MAX>,
    /// How many files there are.
    pub count: Int<1, INTEGER_MAX>,
    /// The root.
    pub root: Digest,
}

/// Whether machines may be trained on a work (CAWG training and data mining).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Training {
    /// They may.
    #[serde(rename = "allowed")]
    Allowed,
    /// They may not.
    #[serde(rename = "notAllowed")]
    NotAllowed,
    /// Ask first.
    #[serde(rename = "constrained")]
    Constrained,
}

impl Mint {
    /// Returns the maker and every creator named by account.
    pub(crate) fn signers(&self) -> Vec<AccountId> {
        self.creators.as_slice().iter().filter_map(|creator| creator.account).chain([self.by]).collect()
    }

    pub(crate) fn apply(&self, context: &Context<'_>, records: &impl Records) -> Result<Changes, Stop> {
        if let Some(there) = records.read::<WorkRecord>(&RecordKey::Work(context.id))? {
            return Err(Refusal::Repeated { index: there.index }.into());
        }
        let mut changes = match context.scope {
            Scope::Whole => {
                let first = self.first_claim(records)?;
                self.check_claims(context, records, first.as_ref())?;
                self.claims(&context.id, records, first)?
            }
            Scope::OneWork => {
                context.check_may_own(&self.by)?;
                Changes::new()
            }
        };
        let record = WorkRecord {
            amended: None,
            carried: None,
            country: self.country.clone(),
            created: self.created.clone(),
            editions: self.editions.get(),
            facts: self.facts.clone(),
            index: context.index,
            made_in: self.made_in.clone(),
            maker: self.by,
            minted_ms: context.time_ms,
            source_type: self.source_type.clone(),
        };
        write(&mut changes, RecordKey::Work(context.id), &record);
        Ok(changes)
    }

    /// Refuses a mint that names works there are not, or files that it may not claim.
    fn check_claims(
        &self,
        context: &Context<'_>,
        records: &impl Records,
        first: Option<&FileRecord>,
    ) -> Result<(), Stop> {
        let sources = self.derived_from.iter().flat_map(List::as_slice);
        for named in sources.chain(self.ack_similar.iter().flat_map(List::as_slice)) {
            if records.record(&RecordKey::Work(*named))?.is_none() {
                return Err(Refusal::WorkUnknown(*named).into());
            }
        }
        context.check_may_own(&self.by)?;
        self.check_face(records, first)
    }

    /// Returns what is known of the face: its first registration.
    pub(crate) fn first_claim(&self, records: &impl Records) -> Result<Option<FileRecord>, Stop> {
        Ok(records.read(&RecordKey::File(self.files.face()))?)
    }

    /// Returns what the mint of `work` adds to the register of files, in which the face has the record `first`.
    pub(crate) fn claims(
        &self,
        work: &WorkId,
        records: &impl Records,
        mut first: Option<FileRecord>,
    ) -> Result<Changes, Stop> {
        let mut changes = Changes::new();
        for (n, file) in self.files.as_slice().iter().enumerate() {
            let face = n == 0;
            let known = if face { first.take() } else { records.read(&RecordKey::File(file.sha256))? };
            let claim = ClaimRecord { work: *work };
            if let Some(known) = known {
                let count = known.count + 1;
                write(&mut changes, RecordKey::Claim(file.sha256, count), &claim);
                write(&mut changes, RecordKey::File(file.sha256), &FileRecord { count, ..known });
                if face {
                    write(&mut changes, RecordKey::Face(file.sha256, self.by), &claim);
                }
            } else {
                write(&mut changes, RecordKey::File(file.sha256), &FileRecord { count: 1, face, work: *work });
            }
        }
        Ok(changes)
    }

    /// Refuses a face registered before: silently after another account, or twice by the same.
    fn check_face(&self, records: &impl Records, first: Option<&FileRecord>) -> Result<(), Stop> {
        let face = self.files.face();
        let wrong = |found: WorkId| Stop::from(Refusal::AckFirstWrong { found });
        let Some(first) = first else {
            return self.ack_first.map_or(Ok(()), |found| Err(wrong(found)));
        };
        let minted: WorkRecord = records
            .read(&RecordKey::Work(first.work))?
            .ok_or_else(|| crate::state::Unreadable(format!("the file {face} names no work {}", first.work)))?;
        match self.ack_first {
            None if minted.maker != self.by => return Err(Refusal::AckFirstMissing { first: first.work }.into()),
            Some(found) if minted.maker == self.by || found != first.work => return Err(wrong(found)),
            _ => {}
        }
        if minted.maker == self.by && first.face {
            return Err(Refusal::FaceRepeated { face, work: first.work }.into());
        }
        match records.read::<ClaimRecord>(&RecordKey::Face(face, self.by))? {
            Some(claim) => Err(Refusal::FaceRepeated { face, work: claim.work }.into()),
            None => Ok(()),
        }
    }
}
