//! Neper's raster tessellations.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    polymicros_fuzz::read("Neper raster tessellation", "a.tesr", bytes);
});
