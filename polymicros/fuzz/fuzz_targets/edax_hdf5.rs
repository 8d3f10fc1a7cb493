//! EDAX maps as HDF5.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    polymicros_fuzz::read("EDAX HDF5", "a.h5", bytes);
});
