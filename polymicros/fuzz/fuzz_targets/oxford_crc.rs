//! Oxford's pair of files: the header up to the first line of dashes, then the records.
#![no_main]

const BORDER: &[u8] = b"\n---\n";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let border = bytes.windows(BORDER.len()).position(|part| part == BORDER);
    let (header, records) = match border {
        Some(at) => (&bytes[..at], &bytes[at + BORDER.len()..]),
        None => (bytes, &[][..]),
    };
    polymicros_fuzz::put("a.crc", records);
    polymicros_fuzz::read("Oxford CPR and CRC", "a.cpr", header);
});
