//! A record in which one file holds any bytes, judged.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    blackstart_fuzz::judge::judge(data, |folder| blackstart_judge::verdict::judge(folder).ok());
});
