//! Puts the terminal back as it was when a question is broken off with Ctrl-C.
//!
//! While a passphrase is typed the terminal shows nothing; a process that dies in that moment would leave it so. From the
//! first question on, a thread waits for the interrupt, puts the terminal back and ends the process. Files need no such
//! care: each is written aside and renamed, so at any moment there is the old one or the new one.

use std::sync::{Mutex, Once, PoisonError};

use dialoguer::console::Term;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// What shells report for a process ended by an interrupt: 128 and the signal's number.
const INTERRUPTED: i32 = 130;

static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);
static WATCH: Once = Once::new();

/// Keeps the terminal's settings until it is dropped, and restores them on an interrupt.
#[derive(Debug)]
pub(crate) struct Guard(());

/// Remembers the terminal as it is now.
pub(crate) fn guard() -> Guard {
    *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = tcgetattr(std::io::stdin()).ok();
    WATCH.call_once(|| {
        // Without the thread an interrupt still ends the process, as it does anywhere.
        let _watcher = std::thread::Builder::new().name("interrupt".to_owned()).spawn(end_on_interrupt);
    });
    Guard(())
}

impl Drop for Guard {
    fn drop(&mut self) {
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[expect(clippy::exit, reason = "the thread that asks is blocked in a read and cannot be told to return")]
fn end_on_interrupt() {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
        if let Some(before) = &*BEFORE.lock().unwrap_or_else(PoisonError::into_inner) {
            // If the terminal is gone there is nothing to put back.
            let _restored = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
            let _cursor = Term::stderr().show_cursor();
        }
        std::process::exit(INTERRUPTED);
    }
}
