//! NumPy arrays, as orientations and as fields.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    polymicros_fuzz::read("NumPy array", "a.npy", bytes);
    polymicros_fuzz::read_field("a.npy", bytes);
});
