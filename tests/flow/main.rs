//! Whole stories with the real programs: each file one way that a work, an offer or a key goes.

mod borders;
mod burdens;
#[path = "../../crates/fingerprint/tests/fingerprint/carriers.rs"]
mod carriers;
mod catalogue;
mod credentials;
mod drafts;
mod governors;
mod heritage;
mod keys;
mod lookalikes;
mod offers;
mod royalties;
mod sales;
mod scene;
mod searches;
mod sidecars;
mod statistics;
mod theft;
mod trust;
mod verdicts;
