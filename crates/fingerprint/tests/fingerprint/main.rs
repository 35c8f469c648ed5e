//! Fingerprints from outside: equal to the reference, stable under what happens to pictures, and safe from broken files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alike;
mod bombs;
mod carriers;
mod corpus;
mod credentials;
mod hostile;
mod painting;
mod reference;
mod reference_codes;
mod robustness;
mod samples;
mod videos;
