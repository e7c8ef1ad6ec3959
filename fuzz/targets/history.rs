//! Any bytes as a history.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    blackstart_fuzz::history::history(data);
});
