//! Volumes of pymicro.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    polymicros_fuzz::read("pymicro HDF5", "a.h5", bytes);
});
