//! Copies of a register, with real processes: made, kept up, killed, lied to, and gone back to after a loss.

mod behind;
mod borders;
mod copies;
mod lies;
mod losses;
mod policies;
mod rekeyed;
mod scene;
mod witnessing;
