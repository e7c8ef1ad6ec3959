//! Secrets: made for one run, handed over in files, never shown.
