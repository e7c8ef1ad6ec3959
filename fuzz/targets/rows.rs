//! Any bytes as a rows file.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    blackstart_fuzz::rows::rows(data);
});
