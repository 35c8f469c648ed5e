//! A reader of registers that trusts no server: nothing is shown before it is proved.
//!
//! A register is [`pinned`](register) once: its address, its log's key and its genesis. From then on every answer is held
//! against these and against the newest checkpoint that this reader has [`seen`]: signatures, inclusion proofs, state
//! proofs, and that the log only ever grew. *Absent: keys that sign, rules of the ledger, printing.*

pub mod account;
pub mod answer;
pub mod behind;
pub mod card;
pub mod certificate;
pub mod client;
pub mod cosign;
pub mod crossing;
pub mod download;
pub mod draft;
pub mod entry;
pub mod evidence;
pub mod failure;
pub mod file;
pub mod follow;
pub mod http;
pub mod inbox;
pub mod look;
pub mod lookalikes;
pub mod lookup;
pub mod pass;
pub mod pinned;
pub mod points;
pub mod problem;
pub mod prove;
pub mod register;
pub mod rules;
pub mod search;
pub mod security;
pub mod seen;
pub mod stated;
pub mod stats;
pub mod submit;
pub mod tiles;
pub mod voids;
pub mod work;
