//! Asks for a certificate, and verifies it before it is given to anybody.

use colophon_ledger::certificate::{CERTIFICATE_BYTES_MAX, Certificate, Provenance};
use colophon_ledger::field::WorkId;

use crate::client::Client;
use crate::follow::Standing;
use crate::http::HttpError;
use crate::lookup::LookupError;
use crate::security::SecurityError;

/// A certificate, and what it proves.
#[derive(Debug, Clone)]
pub struct Certified {
    /// The file.
    pub text: String,
    /// What it proves, as of its checkpoint.
    pub provenance: Provenance,
    /// Whether a newer checkpoint of the register has been seen.
    pub standing: Standing,
}

impl Client {
    /// Asks for the certificate of an edition.
    pub async fn certificate(&self, work: &WorkId, edition: u64) -> Result<Certified, LookupError> {
        let path = format!("v1/works/{work}/certificate?edition={edition}");
        let asked = self.asking().await?;
        let bytes = self.transport().get(&path, CERTIFICATE_BYTES_MAX).await.map_err(|error: HttpError| {
            if error.is_not_found() { LookupError::Unproved(format!("work {work}")) } else { error.into() }
        })?;
        let (text, provenance) = self.check_certificate(&bytes)?;
        if (provenance.work, provenance.edition) != (*work, edition) {
            let given = format!("edition {} of {}", provenance.edition, provenance.work);
            return Err(SecurityError::other(format!("edition {edition} of {work}"), given).into());
        }
        let standing = self.follow_as_asked(asked, &provenance.checkpoint).await?;
        Ok(Certified { text, provenance, standing })
    }

    /// Verifies a certificate that came from anywhere, and holds its checkpoint against the register as it is known. It may
    /// be as old as it likes.
    pub async fn verify_certificate(&self, bytes: &[u8]) -> Result<Certified, LookupError> {
        let (text, provenance) = self.check_certificate(bytes)?;
        let standing = self.follow(&provenance.checkpoint).await?;
        Ok(Certified { text, provenance, standing })
    }

    /// Verifies a certificate of this register without asking anybody.
    pub fn check_certificate(&self, bytes: &[u8]) -> Result<(String, Provenance), LookupError> {
        let certificate = Certificate::parse(bytes)?;
        let provenance = certificate.verify(self.log_key())?;
        let (pinned, given) = (&self.rules().register, &provenance.rules.register);
        if !self.rules().agrees_with(&provenance.rules) {
            let name =
                |register: &colophon_ledger::register::Register| format!("{} {}", register.origin, register.genesis);
            return Err(SecurityError::other(name(pinned), name(given)).into());
        }
        Ok((certificate.to_text(), provenance))
    }
}
