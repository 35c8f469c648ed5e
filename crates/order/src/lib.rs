//! Entries in, one agreed order of batches out.
//!
//! Absent: I/O, signatures, rules. What is put in order is whatever the caller hands over; whether it may stand where it
//! came to stand is for the rules to say.

pub mod solo;
