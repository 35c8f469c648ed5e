//! A node that lies, and a reader that sees through it.
