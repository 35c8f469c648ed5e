//! Whether the Content Credentials in a file hold: judged by the crate `c2pa`, where this program was built with that feature.
//!
//! A stranger's file must not take the command with it, so it is judged apart ([`crate::apart`]), where nothing can be opened: no file
//! and no connection. Without the feature nothing is judged, and nothing is recorded.

#[cfg(feature = "c2pa")]
pub(crate) mod judge;

use std::path::Path;
#[cfg(feature = "c2pa")]
use std::path::PathBuf;

use colophon_fingerprint::manifest::Manifest;
use colophon_ledger::entry::mint::CredentialsState;
use colophon_ledger::field::Digest;

use crate::home::Home;

/// Whether this program can judge Content Credentials.
pub const IS_BUILT_IN: bool = cfg!(feature = "c2pa");

/// What Content Credentials were found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validated {
    /// Whether they hold.
    pub state: CredentialsState,
    /// SHA-256 of the certificate (DER) that signed the active manifest. None where the state is invalid: then it is not shown
    /// who signed.
    pub signer: Option<Digest>,
    /// Whose certificate it says it is. For the person at this machine alone: nothing of it is recorded.
    pub name: Option<String>,
    /// SHA-256 of the file of trusted certificates, if there was one.
    pub trust_list: Option<Digest>,
}

impl Validated {
    /// Says in one line what was found.
    pub fn told(&self) -> String {
        let signed =
            self.name.as_deref().map(|name| format!(", signed under a certificate of {name}")).unwrap_or_default();
        match (self.state, self.trust_list) {
            (CredentialsState::Trusted, _) => format!("valid{signed}, who is on your trust list"),
            (CredentialsState::Valid, Some(_)) => format!("valid{signed}, who is not on your trust list"),
            (CredentialsState::Valid, None) => {
                format!("valid{signed}; whether that is so is not known: no trust list is kept here")
            }
            (CredentialsState::Invalid, _) => {
                "INVALID: the file was changed after they were made, or they are broken".to_owned()
            }
        }
    }
}

/// Judges Content Credentials by what this person trusts.
#[derive(Debug, Clone)]
pub struct Validator {
    /// The program that judges: this one.
    #[cfg(feature = "c2pa")]
    program: Option<PathBuf>,
    #[cfg(feature = "c2pa")]
    trust_list: PathBuf,
}

#[cfg(feature = "c2pa")]
impl Validator {
    /// Returns the validator of the person whose home this is.
    pub fn of(home: &Home) -> Validator {
        Validator { program: std::env::current_exe().ok(), trust_list: home.c2pa_trust_path() }
    }

    /// Returns the same, with another `colophon` to judge.
    #[must_use]
    pub fn by(self, program: &Path) -> Validator {
        Validator { program: Some(program.to_owned()), ..self }
    }

    /// Judges the Content Credentials that were found in a file; none if this program cannot. An error says, in words that can
    /// follow the file's name, why nothing could be said of them.
    pub fn validate(&self, path: &Path, found: &Manifest) -> Result<Option<Validated>, String> {
        let program = self.program.as_deref().ok_or("this program does not know where it is itself")?;
        let trust = Some(self.trust_list.as_path()).filter(|path| path.exists());
        judge::judge_apart(program, path, &found.label, trust).map(Some)
    }
}

#[cfg(not(feature = "c2pa"))]
impl Validator {
    /// Returns a validator that judges nothing.
    pub fn of(_home: &Home) -> Validator {
        Validator {}
    }

    /// Returns that nothing was judged.
    pub fn validate(&self, _path: &Path, _found: &Manifest) -> Result<Option<Validated>, String> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_told_with_whom_it_rests_on() {
        let found =
            |state, trust_list| Validated { state, signer: None, name: Some("Ana's Studio".to_owned()), trust_list };
        let list = Some(Digest(colophon_tlog::hash::sha256(b"anchors")));
        for (state, list, words) in [
            (CredentialsState::Trusted, list, "Ana's Studio, who is on your trust list"),
            (CredentialsState::Valid, list, "who is not on your trust list"),
            (CredentialsState::Valid, None, "no trust list is kept here"),
            (CredentialsState::Invalid, list, "INVALID"),
        ] {
            assert!(found(state, list).told().contains(words), "{words}");
        }
        assert!(!found(CredentialsState::Invalid, None).told().contains("Ana"));
    }
}
