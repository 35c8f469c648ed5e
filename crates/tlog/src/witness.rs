//! Witnessing: `add-checkpoint`, its request, its decision and its reply (<https://c2sp.org/tlog-witness>).
//!
//! ```text
//! old 20852014
//! PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
//! jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
//!
//! example.com/behind-the-sofa
//! 20852163
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
//! ```
//!
//! Before the empty line stand the size that the witness cosigned last and the consistency proof from there, after it the
//! checkpoint. What is decided here holds only if nothing else is cosigned for the origin between the reading of the last
//! checkpoint and the durable writing of the new one: that is the caller's duty.

mod decide;
mod reply;
mod request;

pub use crate::witness::decide::{WitnessRefusal, decide};
pub use crate::witness::reply::{
    REPLY_BYTES_MAX, REPLY_SIGNATURES_MAX, Reply, ReplyError, SIZE_CONTENT_TYPE, read_cosignatures, read_size,
};
pub use crate::witness::request::{
    ADD_CHECKPOINT_BYTES_MAX, ADD_CHECKPOINT_SIGNATURES_MAX, AddCheckpoint, AddCheckpointError,
};
