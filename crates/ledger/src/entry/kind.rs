//! The word by which a body says what kind of entry it is.

/// A body's `kind` member: one word, checked on reading.
macro_rules! kind_word {
    ($name:ident, $word:literal) => {
        #[doc = concat!("The word `", $word, "`.")]
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            #[doc = concat!("The word `", $word, "`.")]
            #[default]
            #[serde(rename = $word)]
            It,
        }
    };
}
pub(crate) use kind_word;
