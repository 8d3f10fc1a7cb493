//! Oxford maps as text.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    polymicros_fuzz::read("Channel Text File", "a.ctf", bytes);
});
