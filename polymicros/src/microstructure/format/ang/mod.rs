//! EDAX TSL orientation maps as text (`.ang`).
//!
//! A header of lines that begin with `#` declares phases and grid; then comes one point a line:
//! `phi1 Phi phi2 x y IQ CI phase [SEM signal, fit, …]`, angles in radians and lengths in
//! micrometres unless the header says otherwise. Points may come in any order: their coordinates
//! place them. Points with a confidence index of -1 or an angle of 4 pi are not indexed.
//! Hexagonal scans are resampled to square pixels, each taking its nearest point.

mod header;

use super::layout::Misfit;
use super::table::line_of_point;
use super::{Format, points::Points};
use crate::microstructure::{LengthUnit, Microstructure};
use crate::{Error, Result};
use header::Header;
use std::fs::File;
use std::io::{BufReader, Cursor, Read};
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
        head.starts_with(b"#")
            && marks
                .iter()
                .any(|mark| head.windows(mark.len()).any(|w| w == *mark))
    }

    fn read(&self, path: &Path) -> Result<Microstructure> {
        let file = File::open(path).map_err(|e| Error::io(path, e))?;
        let bytes = file.metadata().map_err(|e| Error::io(path, e))?.len();
        let mut text = BufReader::new(file);
        let header = Header::read(&mut text, path)?;
        header.fits_in(bytes, path)?;
        let mut text = Cursor::new(&header.first_row).chain(text);
        let points = header.table.read(&mut text, path, header.first_row_line)?;
        place(header, points, path)
    }
}

fn place(header: Header, points: Points, path: &Path) -> Result<Microstructure> {
    let pixels = header.layout.place(&points).map_err(|misfit| {
        let (k, problem) = match misfit {
            Misfit::Point(k, problem) => (k, problem),
            Misfit::Whole(problem) => (points.len().saturating_sub(1), problem),
        };
        let place = match line_of_point(path, header.first_row_line, k) {
            Some(line) => format!("line {line}"),
            None => format!("point {}", k + 1),
        };
        Error::format(path, place, problem)
    })?;
    points.into_map(
        path,
        pixels,
        LengthUnit::Micrometre,
        header.phases,
        &header.properties,
    )
}
