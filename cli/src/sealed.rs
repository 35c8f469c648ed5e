//! Bytes under a passphrase, in age format (c2sp.org/age, scrypt recipient): any age tool opens them too.

use std::io::Read as _;
use std::path::Path;

use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, scrypt};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Lowers the work that a passphrase costs, in tests: the logarithm of scrypt's N.
const TEST_LOG_N: &str = "COLOPHON_TEST_SCRYPT_LOG_N";
/// The highest work factor that the variable may set; what age itself takes is about a second's worth, 17 and more.
const TEST_LOG_N_MAX: u8 = 16;
/// The most work that a file may ask for: 2^22 is half a minute and 4 GiB of memory.
const LOG_N_MAX: u8 = 22;
/// The most that a file may hold.
const CONTENT_BYTES_MAX: u64 = 64 * 1024;

/// Seals and opens files under passphrases.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sealer {
    log_n: Option<u8>,
}

impl Sealer {
    /// Returns a sealer that takes about a second, or less if `COLOPHON_TEST_SCRYPT_LOG_N` says so.
    pub fn from_env() -> Result<Sealer, Failure> {
        let Ok(text) = std::env::var(TEST_LOG_N) else { return Ok(Sealer::default()) };
        match text.parse() {
            Ok(log_n) if (1..=TEST_LOG_N_MAX).contains(&log_n) => Ok(Sealer::weak(log_n)),
            _ => Err(Failure::usage(
                format!("{TEST_LOG_N} is {text:?}"),
                format!("unset it; it is for tests, and takes 1 to {TEST_LOG_N_MAX}"),
            )),
        }
    }

    /// Returns a sealer for tests, whose passphrases cost an attacker little.
    pub(crate) fn weak(log_n: u8) -> Sealer {
        Sealer { log_n: Some(log_n) }
    }

    /// Returns `content` under `passphrase`.
    pub fn seal(&self, content: &[u8], passphrase: SecretString) -> Result<Vec<u8>, Failure> {
        let mut recipient = scrypt::Recipient::new(passphrase);
        if let Some(log_n) = self.log_n {
            recipient.set_work_factor(log_n);
        }
        age::encrypt(&recipient, content)
            .map_err(|error| Failure::failed(format!("encryption failed: {error}"), "try again"))
    }

    /// Returns what is in `sealed`. `path` is for messages alone.
    pub fn open(&self, sealed: &[u8], passphrase: SecretString, path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let mut identity = scrypt::Identity::new(passphrase);
        identity.set_max_work_factor(LOG_N_MAX);
        let decryptor = Decryptor::new(sealed).map_err(|error| explain(&error, path))?;
        if !decryptor.is_scrypt() {
            return Err(Failure::usage(
                format!("{} is encrypted for a key and not with a passphrase", path.display()),
                "decrypt it with the age tool first",
            ));
        }
        let identities = std::iter::once(&identity as &dyn age::Identity);
        let reader = decryptor.decrypt(identities).map_err(|error| explain(&error, path))?;
        let mut content = Zeroizing::new(Vec::new());
        reader
            .take(CONTENT_BYTES_MAX)
            .read_to_end(&mut content)
            .map_err(|error| explain(&DecryptError::from(error), path))?;
        Ok(content)
    }
}

fn explain(error: &DecryptError, path: &Path) -> Failure {
    let path = path.display();
    match error {
        DecryptError::KeyDecryptionFailed | DecryptError::DecryptionFailed | DecryptError::NoMatchingKeys => {
            Failure::failed(format!("the passphrase does not open {path}"), "type it again; nobody can reset it")
        }
        DecryptError::ExcessiveWork { required, .. } => Failure::failed(
            format!("{path} asks for 2^{required} units of work, more than 2^{LOG_N_MAX}"),
            "check where it comes from: Colophon makes no such files",
        ),
        // The rest are ways of being no such file; age may come to know more of them.
        _ => Failure::failed(format!("{path} is no file in age format, or is damaged"), "take a backup of it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "ana.age";

    fn open(sealed: &[u8], passphrase: &str) -> Result<Vec<u8>, Failure> {
        Sealer::weak(1).open(sealed, passphrase.to_owned().into(), Path::new(FILE)).map(|content| content.to_vec())
    }

    #[test]
    fn only_the_passphrase_opens() {
        let sealed = Sealer::weak(2).seal(b"content", "four words in a row".to_owned().into()).unwrap();
        assert!(sealed.starts_with(b"age-encryption.org/v1\n-> scrypt "));
        assert_eq!(open(&sealed, "four words in a row").unwrap(), b"content");
        let failure = open(&sealed, "four words in a rov").unwrap_err();
        assert_eq!(failure.what(), "the passphrase does not open ana.age");
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let sealed = Sealer::weak(1).seal(b"content", "p".to_owned().into()).unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(open(&changed, "p").is_err(), "byte {place}");
            assert!(open(&sealed[..place], "p").is_err(), "cut at {place}");
        }
    }

    #[test]
    fn a_file_that_asks_for_too_much_work_is_refused() {
        let sealed = Sealer::weak(9).seal(b"content", "p".to_owned().into()).unwrap();
        let header = String::from_utf8_lossy(&sealed).into_owned();
        let end = header.find(" 9\n").unwrap();
        let asked = [&sealed[..end], b" 23", &sealed[end + 2..]].concat();
        assert!(open(&asked, "p").unwrap_err().what().contains("2^23"));
    }
}
