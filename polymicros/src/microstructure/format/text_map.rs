//! Text files of a header and a table of points, as the makers of EBSD systems export them.

use super::layout::Layout;
use super::points::MapParts;
use super::table::{Table, line_of_point};
use crate::microstructure::{Microstructure, Phase};
use crate::{Error, Result};
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::Path;

/// The longest header line that is taken for text.
const LONGEST_LINE: u64 = 1 << 16;

/// A text file being read from the top.
pub(super) struct TextMap<'a> {
    path: &'a Path,
    text: BufReader<File>,
    bytes: u64,
    lines: usize,
}

/// All that a header says.
pub(super) struct MapHeader {
    pub phases: Vec<Phase>,
    pub layout: Layout,
    pub table: Table,
    /// The names of the table's properties.
    pub properties: Vec<String>,
    /// What the header calls its numbers of rows and columns.
    pub size_entries: &'static str,
}

impl<'a> TextMap<'a> {
    pub fn open(path: &'a Path) -> Result<Self> {
        let io = |e| Error::io(path, e);
        let file = File::open(path).map_err(io)?;
        Ok(TextMap {
            path,
            bytes: file.metadata().map_err(io)?.len(),
            text: BufReader::new(file),
            lines: 0,
        })
    }

    /// The next line; empty at the end of the file.
    pub fn next_line(&mut self) -> Result<Vec<u8>> {
        let mut line = Vec::new();
        (&mut self.text)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|e| Error::io(self.path, e))?;
        self.lines += 1;
        if line.len() as u64 == LONGEST_LINE {
            return Err(self.bad(format!("no line end within {LONGEST_LINE} bytes")));
        }
        Ok(line)
    }

    /// The number of the line read last.
    pub fn line(&self) -> usize {
        self.lines
    }

    /// An error in the line read last.
    pub fn bad(&self, problem: impl Into<String>) -> Error {
        Error::format(self.path, format!("line {}", self.lines), problem)
    }

    /// Reads the points behind the header, of which `first_row` is read already, and puts them
    /// on the grid.
    pub fn into_map(self, header: MapHeader, first_row: Vec<u8>) -> Result<Microstructure> {
        let path = self.path;
        self.fits(&header)?;
        let first_line = self.lines;
        let mut text = Cursor::new(first_row).chain(self.text);
        let points = header.table.read(&mut text, path, first_line)?;
        let parts = MapParts {
            points,
            layout: header.layout,
            phases: header.phases,
            properties: header.properties,
        };
        parts.into_map(path, |k| match line_of_point(path, first_line, k) {
            Some(line) => format!("line {line}"),
            None => format!("point {}", k + 1),
        })
    }

    /// Refuses a header that promises more points than the file can hold.
    fn fits(&self, header: &MapHeader) -> Result<()> {
        // The shortest row has one digit and one separator a column.
        let room = self.bytes / (2 * header.table.roles.len() as u64).max(1) + 1;
        match header.layout.points() {
            Some(points) if points as u64 <= room => Ok(()),
            _ => {
                let Layout { columns, rows, .. } = header.layout;
                let problem = format!(
                    "{} promise {rows} rows of {} points, more points than {} bytes can hold",
                    header.size_entries, columns[0], self.bytes
                );
                Err(Error::format(self.path, "header", problem))
            }
        }
    }
}
