//! Laboratory diffraction contrast tomography.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    polymicros_fuzz::read("Xnovo LabDCT HDF5", "a.h5", bytes);
});
