//! EDAX TSL orientation maps as text (`.ang`).
//!
//! A header of lines that begin with `#` declares phases and grid; then comes one point a line:
//! `phi1 Phi phi2 x y IQ CI phase [SEM signal, fit, …]`, angles in radians and lengths in
//! micrometres unless the header says otherwise. Points may come in any order: their coordinates
//! place them. Points with a confidence index of -1 or an angle of 4 pi are not indexed.
//! Hexagonal scans are resampled to square pixels, each taking its nearest point.

mod header;
#[cfg(test)]
mod tests;

use super::Format;
use super::text_map::TextMap;
use crate::Result;
use crate::microstructure::Microstructure;
use std::path::Path;

/// The EDAX TSL text format.
pub(super) struct Ang;

impl Format for Ang {
    fn name(&self) -> &'static str {
        "EDAX TSL text"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["ang"]
    }

    fn recognises(&self, _path: &Path, head: &[u8]) -> bool {
        let marks: [&[u8]; 4] = [b"TEM_PIXperUM", b"x-star", b"# GRID:", b"# HEADER: Start"];
        let holds = |mark: &[u8]| head.windows(mark.len()).any(|part| part == mark);
        head.starts_with(b"#") && marks.into_iter().any(holds)
    }

    fn read(&self, path: &Path) -> Result<Microstructure> {
        let mut file = TextMap::open(path)?;
        let (header, first_row) = header::read(&mut file, path)?;
        file.into_map(header, first_row)
    }
}
