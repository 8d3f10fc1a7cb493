//! DREAM.3D's HDF5.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    polymicros_fuzz::read("DREAM.3D", "a.dream3d", bytes);
});
