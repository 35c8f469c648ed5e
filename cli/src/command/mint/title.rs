//! A title as it is typed, with its language.

use std::str::FromStr;

use colophon_ledger::card::Title;

use crate::codes::language::language;
use crate::codes::plain::plain;
use crate::failure::Failure;

/// The tag of a language that is not said (ISO 639-2).
const UNDETERMINED: &str = "und";

/// A title, and its language if it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TitleArg {
    language: Option<String>,
    text: String,
}

impl FromStr for TitleArg {
    type Err = Failure;

    /// Takes `zh:雾中山` for a title in Chinese, and `Fugue: in C` for a title with a colon: a tag stands without a space
    /// after its colon.
    fn from_str(typed: &str) -> Result<TitleArg, Failure> {
        let tagged = typed.split_once(':').filter(|(_, text)| !text.starts_with(char::is_whitespace));
        let tagged = tagged.and_then(|(tag, text)| Some((language(tag).ok()?, text)));
        let (language, text) = tagged.map_or((None, typed), |(tag, text)| (Some(tag), text));
        TitleArg::new(language, text)
    }
}

impl TitleArg {
    /// Returns a title, colons and all, in a language that was said or in the user's.
    pub(super) fn new(language: Option<String>, text: &str) -> Result<TitleArg, Failure> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Failure::usage("the title is empty", "give --title TEXT"));
        }
        plain("--title", text)?;
        Ok(TitleArg { language, text: text.to_owned() })
    }

    /// Returns its language, if that was given.
    pub(super) fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// Returns the title as it stands in a card, in `default` if its language was not given.
    pub(super) fn title(self, default: &str) -> Title {
        Title { lang: self.language.unwrap_or_else(|| default.to_owned()), text: self.text }
    }
}

/// Returns the language of this machine's user, out of `LC_ALL`, `LC_MESSAGES` or `LANG`; `und` where none is told.
pub(super) fn locale_language() -> String {
    let named =
        ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    language_of(&named.unwrap_or_default())
}

fn language_of(locale: &str) -> String {
    let tag = locale.split(['.', '@']).next().unwrap_or_default();
    if matches!(tag, "C" | "POSIX" | "") {
        return UNDETERMINED.to_owned();
    }
    language(tag).unwrap_or_else(|_| UNDETERMINED.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_told_from_a_colon_in_the_title() {
        for (typed, lang, text) in [
            ("zh:雾中山", "zh", "雾中山"),
            ("PT-br:Sem título", "pt-BR", "Sem título"),
            ("Fugue: in C", "und", "Fugue: in C"),
            ("io: a moon", "und", "io: a moon"),
            ("Notitle:x", "und", "Notitle:x"),
            (" Harbour ", "und", "Harbour"),
        ] {
            let title = typed.parse::<TitleArg>().unwrap().title("und");
            assert_eq!((title.lang.as_str(), title.text.as_str()), (lang, text), "{typed}");
        }
        assert!("zh:".parse::<TitleArg>().is_err() && "  ".parse::<TitleArg>().is_err());
    }

    #[test]
    fn the_locale_tells_the_language() {
        for (locale, tag) in
            [("zh_CN.UTF-8", "zh-CN"), ("fr", "fr"), ("C.UTF-8", "und"), ("POSIX", "und"), ("", "und"), ("??", "und")]
        {
            assert_eq!(language_of(locale), tag, "{locale}");
        }
    }
}
