//! Where passphrases come from: a file or a question, never a flag or an environment variable.

use std::path::PathBuf;

use age::secrecy::SecretString;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::home::read_file;
use crate::ui::Ui;

/// The longest passphrase file.
const PASSPHRASE_BYTES_MAX: usize = 4096;
/// What to give where nobody can be asked.
const FLAG: &str = "--passphrase-file FILE";
/// The same for a new key, where there is another way out.
const NEW_FLAG: &str = "--passphrase-file FILE, or --no-passphrase for a key that is only a trial";

/// Answers for passphrases: from a file if one was named, else by asking.
#[derive(Debug, Clone)]
pub struct Passphrases {
    file: Option<PathBuf>,
    ui: Ui,
}

impl Passphrases {
    /// Returns a source that reads `file`, or asks through `ui` if there is none.
    pub fn new(file: Option<PathBuf>, ui: Ui) -> Passphrases {
        Passphrases { file: file.filter(|file| !file.as_os_str().is_empty()), ui }
    }

    /// Returns the passphrase that opens something; `what` says what, such as `key ana`.
    pub fn existing(&self, what: &str) -> Result<SecretString, Failure> {
        match self.in_file()? {
            Some(passphrase) => Ok(passphrase),
            None => self.ui.ask_passphrase(&format!("Passphrase of {what}"), FLAG),
        }
    }

    /// Returns the passphrase that is to protect something new, asked for twice.
    pub fn fresh(&self, what: &str) -> Result<SecretString, Failure> {
        match self.in_file()? {
            Some(passphrase) => Ok(passphrase),
            None => self.ui.ask_new_passphrase(&format!("New passphrase for {what}"), NEW_FLAG),
        }
    }

    fn in_file(&self) -> Result<Option<SecretString>, Failure> {
        let Some(path) = &self.file else { return Ok(None) };
        let wrong = |what: &str| {
            Failure::usage(
                format!("the passphrase file {} {what}", path.display()),
                "name a text file with the passphrase alone in it",
            )
        };
        let bytes = Zeroizing::new(read_file(path, PASSPHRASE_BYTES_MAX)?.ok_or_else(|| wrong("does not exist"))?);
        let text = str::from_utf8(&bytes).map_err(|_| wrong("is not text in UTF-8"))?;
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() {
            return Err(wrong("is empty"));
        }
        if line.contains('\n') {
            return Err(wrong("has more than one line"));
        }
        Ok(Some(line.to_owned().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use age::secrecy::ExposeSecret as _;

    fn from(bytes: &[u8]) -> Result<String, Failure> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let passphrases = Passphrases::new(Some(file.path().to_owned()), Ui::new(false, true, true));
        let existing = passphrases.existing("key ana")?.expose_secret().to_owned();
        assert_eq!(passphrases.fresh("key ana")?.expose_secret(), existing);
        Ok(existing)
    }

    #[test]
    fn one_line_is_the_passphrase() {
        for bytes in [b"four words in a row".as_slice(), b"four words in a row\n", b"four words in a row\r\n"] {
            assert_eq!(from(bytes).unwrap(), "four words in a row");
        }
        assert_eq!(from(b" kept \n").unwrap(), " kept ");
        for (bytes, end) in [
            (b"".as_slice(), "is empty"),
            (b"\n", "is empty"),
            (b"two\nlines\n", "has more than one line"),
            (b"\xff\n", "is not text in UTF-8"),
        ] {
            assert!(from(bytes).unwrap_err().what().ends_with(end), "{end}");
        }
        assert_eq!(from(&[b'a'; PASSPHRASE_BYTES_MAX]).unwrap().len(), PASSPHRASE_BYTES_MAX);
        assert!(from(&[b'a'; PASSPHRASE_BYTES_MAX + 1]).unwrap_err().what().ends_with("has more than 4.00 KiB"));
    }

    #[test]
    fn without_file_and_person_the_flag_is_named() {
        let passphrases = Passphrases::new(None, Ui::new(false, true, true));
        assert_eq!(passphrases.existing("key ana").unwrap_err().cure(), "give --passphrase-file FILE");
        assert!(passphrases.fresh("key ana").unwrap_err().cure().contains("--no-passphrase"));
    }
}
