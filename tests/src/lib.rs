//! What the whole-system tests and the demo share: real programs, real people, pictures to register.

pub mod bench;
pub mod binaries;
pub mod demo;
pub mod forger;
pub mod imports;
pub mod liar;
pub mod minting;
pub mod node;
pub mod painting;
pub mod person;
pub mod sources;
pub mod strace;
pub mod told;
pub mod witness;
