//! What happens on Ctrl-C: the terminal is put back as it was, and who broke off long work is told how it stands.
//!
//! While a passphrase is typed the terminal shows nothing; a process that dies in that moment would leave it so. From the
//! first question or long work on, a thread waits for the interrupt, does both and ends the process. Files need no such
//! care: each is written aside and renamed, so at any moment there is the old one or the new one.

use std::sync::{Mutex, Once, PoisonError};

use dialoguer::console::Term;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// What shells report for a process ended by an interrupt: 128 and the signal's number.
const INTERRUPTED: i32 = 130;

static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);
static LAST_WORDS: Mutex<Option<&'static str>> = Mutex::new(None);
static WATCH: Once = Once::new();

/// Keeps the terminal's settings until it is dropped, and restores them on an interrupt.
#[derive(Debug)]
pub(crate) struct Guard(());

/// Remembers the terminal as it is now.
pub(crate) fn guard() -> Guard {
    set(&BEFORE, tcgetattr(std::io::stdin()).ok());
    watch();
    Guard(())
}

impl Drop for Guard {
    fn drop(&mut self) {
        set(&BEFORE, None);
    }
}

/// Shows the cursor again, which a question that was broken off may have hidden.
pub(crate) fn show_cursor() {
    let terminal = Term::stderr();
    if terminal.is_term() {
        // If the terminal is gone nobody misses it.
        let _shown = terminal.show_cursor();
    }
}

/// Keeps what an interrupt is answered with until it is dropped.
#[derive(Debug)]
pub(crate) struct LastWords(());

/// Says `text`, if there is any, where the process is interrupted, and ends it.
pub(crate) fn last_words(text: &'static str) -> LastWords {
    set(&LAST_WORDS, Some(text));
    watch();
    LastWords(())
}

impl Drop for LastWords {
    fn drop(&mut self) {
        set(&LAST_WORDS, None);
    }
}

fn set<T>(place: &Mutex<Option<T>>, value: Option<T>) {
    *place.lock().unwrap_or_else(PoisonError::into_inner) = value;
}

fn watch() {
    WATCH.call_once(|| {
        // Without the thread an interrupt still ends the process, as it does anywhere.
        let _watcher = std::thread::Builder::new().name("interrupt".to_owned()).spawn(end_on_interrupt);
    });
}

#[expect(clippy::exit, reason = "the thread that asks is blocked in a read and cannot be told to return")]
fn end_on_interrupt() {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
        if let Some(before) = &*BEFORE.lock().unwrap_or_else(PoisonError::into_inner) {
            // If the terminal is gone there is nothing to put back.
            let _restored = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
        let terminal = Term::stderr();
        show_cursor();
        if let Some(text) = *LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner) {
            if terminal.is_term() {
                // A bar may stand on the line.
                let _bar = terminal.clear_line();
            }
            if !text.is_empty() {
                // A text that cannot be written has no reader.
                let _told = terminal.write_line(text);
            }
        }
        std::process::exit(INTERRUPTED);
    }
}
