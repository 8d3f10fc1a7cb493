//! Neper's raster tessellations (`.tesr`), format 2: a text header of sections (`**cell`) and
//! entries (`*ori`), then the cell of each voxel, x fastest, as text or as binary numbers.
//!
//! Cells are grains; cell 0 is void. A volume or a plane of one orientation for each cell is read;
//! orientations that vary within cells (`**oridata`) are not. Of Neper's descriptors of a rotation
//! the one is read that means the same to everybody, `euler-bunge:passive`: Bunge's angles, which
//! turn components from sample to crystal. Lengths have no unit.

use super::Format;
use super::grain_map::{GrainMap, TableRow};
use super::hdf5::to_xyz;
use super::symmetry::{self, unknown_phase};
use crate::microstructure::{Grid, LengthUnit, Microstructure};
use crate::orientation::Euler;
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// The format of Neper's raster tessellations.
pub(super) struct Neper;

impl Format for Neper {
    fn name(&self) -> &'static str {
        "Neper raster tessellation"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["tesr"]
    }

    fn recognises(&self, _path: &Path, head: &[u8]) -> bool {
        head.starts_with(b"***tesr")
    }

    fn read(&self, path: &Path) -> Result<Microstructure> {
        read(path)
    }
}

const DATA: &[u8] = b"**data";
const DESCRIPTOR: &str = "euler-bunge:passive";

fn read(path: &Path) -> Result<Microstructure> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    let data = bytes
        .windows(DATA.len() + 1)
        .position(|part| part.starts_with(DATA) && part[DATA.len()].is_ascii_whitespace())
        .ok_or_else(|| Error::format(path, "section **data", "expected one, found none"))?;
    let text = String::from_utf8_lossy(&bytes[..data]);
    let header = Header::new(path, &text)?;
    let grid = header.grid()?;
    let table = header.orientations()?;
    let mut phase = unknown_phase("unknown");
    if let Some(entry) = header.entries.get(&("cell", "crysym")) {
        phase.laue_group = entry
            .words
            .first()
            .map_or("", |name| laue_group(name))
            .into();
    }
    let [nx, ny, nz] = grid.shape;
    let cells = header.cells(&bytes[data + DATA.len()..], grid.voxels())?;
    let ids = to_xyz(&cells, [nz, ny, nx], |_, cell| Ok(cell))?;
    let map = GrainMap {
        grid,
        ids,
        table,
        phases: vec![phase],
    };
    map.into_map(path, "section **data")
}

/// The Laue group of Neper's name for a crystal symmetry: of the lattice, or the group itself.
fn laue_group(name: &str) -> &str {
    match symmetry::of_crystal_system(name) {
        "" => name,
        group => group,
    }
}

/// The words of an entry, and the line of its name.
struct Entry<'a> {
    line: usize,
    words: Vec<&'a str>,
}

/// What comes before the data, by section and entry; words right below a section's name are the
/// entry without a name.
struct Header<'a> {
    path: &'a Path,
    entries: BTreeMap<(&'a str, &'a str), Entry<'a>>,
}

impl<'a> Header<'a> {
    fn new(path: &'a Path, text: &'a str) -> Result<Self> {
        let mut entries = BTreeMap::new();
        let mut key = ("", "");
        for (line, text) in (1..).zip(text.lines()) {
            for word in text.split_whitespace() {
                let section = word
                    .strip_prefix("**")
                    .filter(|name| !name.starts_with('*'));
                let entry = word.strip_prefix('*').filter(|name| !name.starts_with('*'));
                match (section, entry) {
                    (Some(section), _) => key = (section, ""),
                    (None, Some(entry)) => key = (key.0, entry),
                    (None, None) if key.0.is_empty() => continue,
                    (None, None) => {
                        let words = Vec::new();
                        let entry = entries.entry(key).or_insert(Entry { line, words });
                        entry.words.push(word);
                    }
                }
            }
        }
        Ok(Header { path, entries })
    }

    fn entry(&self, section: &'static str, name: &'static str) -> Result<&Entry<'a>> {
        self.entries
            .get(&(section, name))
            .ok_or_else(|| Error::format(self.path, place(section, name), "expected, not found"))
    }

    fn bad(&self, entry: &Entry<'_>, problem: String) -> Error {
        Error::format(self.path, format!("line {}", entry.line), problem)
    }

    /// Words `from` on of an entry, as numbers.
    fn numbers<T: std::str::FromStr>(&self, entry: &Entry<'_>, from: usize) -> Result<Vec<T>> {
        let words = entry.words.iter().skip(from);
        words
            .map(|word| {
                let expected = || self.bad(entry, format!("expected a number, found `{word}`"));
                word.parse().map_err(|_| expected())
            })
            .collect()
    }

    fn grid(&self) -> Result<Grid> {
        let general = self.entry("general", "")?;
        let bad = |problem: String| self.bad(general, problem);
        let dimensions = match general.words.first().copied() {
            Some("2") => 2,
            Some("3") => 3,
            found => return Err(bad(format!("expected 2 or 3 dimensions, found {found:?}"))),
        };
        if general.words.len() != 1 + 2 * dimensions {
            let problem = format!(
                "expected the dimension, {dimensions} numbers of voxels and {dimensions} edges, \
                 found {} words",
                general.words.len()
            );
            return Err(bad(problem));
        }
        let lengths: Vec<f64> = self.numbers(general, 1 + dimensions)?;
        let counts: Vec<usize> = general.words[1..=dimensions]
            .iter()
            .map(|word| {
                let expected = || bad(format!("expected a number of voxels, found `{word}`"));
                word.parse().map_err(|_| expected())
            })
            .collect::<Result<_>>()?;
        // A plane is one voxel thick, and that voxel as thick as it is wide.
        let shape = std::array::from_fn(|axis| counts.get(axis).copied().unwrap_or(1));
        let spacing = std::array::from_fn(|axis| *lengths.get(axis).unwrap_or(&lengths[0]));
        let mut grid = Grid::with_spacing(shape, spacing, LengthUnit::Voxel)
            .map_err(|e| bad(e.to_string()))?;
        let mut corner = vec![0.0; dimensions];
        if let Some(origin) = self.entries.get(&("general", "origin")) {
            corner = self.numbers(origin, 0)?;
            if corner.len() != dimensions || !corner.iter().all(|c: &f64| c.is_finite()) {
                let problem = format!("expected {dimensions} coordinates, found {corner:?}");
                return Err(self.bad(origin, problem));
            }
        }
        for (axis, corner) in corner.into_iter().enumerate() {
            grid.origin[axis] = corner + 0.5 * spacing[axis];
        }
        Ok(grid)
    }

    /// The orientation of each cell, by its number.
    fn orientations(&self) -> Result<BTreeMap<u32, TableRow>> {
        let cell = self.entry("cell", "")?;
        let count: usize = match self.numbers(cell, 0)?[..] {
            [count] => count,
            _ => return Err(self.bad(cell, "expected the number of cells".into())),
        };
        let ids: Vec<u32> = match self.entries.get(&("cell", "id")) {
            Some(ids) => self.numbers(ids, 0)?,
            None => (1..).take(count.min(1 << 24)).collect(),
        };
        let entry = self.entry("cell", "ori")?;
        if entry.words.first() != Some(&DESCRIPTOR) {
            let problem = format!(
                "expected {DESCRIPTOR} (Neper writes it with -oridescriptor {DESCRIPTOR}), found {:?}",
                entry.words.first()
            );
            return Err(self.bad(entry, problem));
        }
        let angles: Vec<f64> = self.numbers(entry, 1)?;
        if ids.len() != count || count.checked_mul(3) != Some(angles.len()) {
            let problem = format!(
                "expected 3 angles for each of {count} cells, found {} cells and {} angles",
                ids.len(),
                angles.len()
            );
            return Err(self.bad(entry, problem));
        }
        let mut table = BTreeMap::new();
        for (id, angles) in ids.into_iter().zip(angles.chunks_exact(3)) {
            if let Some(angle) = angles.iter().find(|angle| !angle.is_finite()) {
                return Err(self.bad(entry, format!("{angle} for cell {id}")));
            }
            let orientation = Euler::from_degrees(angles[0], angles[1], angles[2]);
            let row = TableRow {
                orientation,
                phase: 1,
            };
            if table.insert(id, row).is_some() {
                return Err(self.bad(entry, format!("cell {id} is declared twice")));
            }
        }
        Ok(table)
    }

    /// The cells of all voxels. Their encoding stands beside the version, or since version 2.1
    /// before the data.
    fn cells(&self, after: &[u8], voxels: usize) -> Result<Vec<u32>> {
        let bad = |problem: String| Error::format(self.path, "section **data", problem);
        let format = self.entry("format", "")?;
        let (encoding, data) = match format.words[..] {
            [_, encoding] => (encoding.to_owned(), line(after).1),
            _ => {
                let (first, rest) = line(after);
                let (own, rest) = if first.trim_ascii().is_empty() {
                    line(rest)
                } else {
                    (first, rest)
                };
                (String::from_utf8_lossy(own.trim_ascii()).into_owned(), rest)
            }
        };
        let width = match encoding.as_str() {
            "ascii" => return self.cells_as_text(data, voxels),
            "binary8" => 1,
            "binary16" => 2,
            "binary32" => 4,
            _ => {
                let expected = "ascii, binary8, binary16 or binary32";
                return Err(bad(format!("expected {expected}, found `{encoding}`")));
            }
        };
        let needed = voxels.checked_mul(width).filter(|&n| n <= data.len());
        let needed = needed.ok_or_else(|| {
            let found = data.len();
            bad(format!(
                "expected {voxels} voxels of {width} bytes, found {found} bytes"
            ))
        })?;
        Ok(data[..needed]
            .chunks_exact(width)
            .map(|bytes| {
                bytes
                    .iter()
                    .rev()
                    .fold(0, |cell, &byte| cell << 8 | u32::from(byte))
            })
            .collect())
    }

    fn cells_as_text(&self, data: &[u8], voxels: usize) -> Result<Vec<u32>> {
        let bad = |problem: String| Error::format(self.path, "section **data", problem);
        let text = std::str::from_utf8(data).map_err(|e| bad(e.to_string()))?;
        let cells = text
            .split_whitespace()
            .take_while(|word| !word.starts_with('*'))
            .map(|word| {
                let expected = |_| bad(format!("expected the number of a cell, found `{word}`"));
                word.parse().map_err(expected)
            })
            .collect::<Result<Vec<u32>>>()?;
        match cells.len() == voxels {
            true => Ok(cells),
            false => Err(bad(format!(
                "expected {voxels} voxels, found {}",
                cells.len()
            ))),
        }
    }
}

/// The first line, without its end, and what follows it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|&byte| byte == b'\n') {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &[]),
    }
}

fn place(section: &str, name: &str) -> String {
    match name {
        "" => format!("section **{section}"),
        name => format!("section **{section}, entry *{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::attacks::neper;
    use super::*;

    fn read(text: &[u8]) -> Result<Microstructure> {
        let folder = tempfile::tempdir().map_err(|e| Error::io("a temporary folder", e))?;
        let path = folder.path().join("a.tesr");
        std::fs::write(&path, text).map_err(|e| Error::io(&path, e))?;
        Microstructure::open(&path)
    }

    /// Cells 1 and 3 and a void, in 3 x 2 x 1 voxels, in all encodings and either version.
    #[test]
    fn every_encoding_gives_the_same_cells() -> Result<()> {
        let cells = [1u32, 3, 0, 3, 3, 1];
        let sound = read(neper().as_bytes())?;
        assert_eq!(sound.grid().shape, [3, 2, 1]);
        assert_eq!(sound.grid().origin, [-0.75, 0.25, 0.125]);
        let ids = sound.grain_ids().map(|ids| ids.iter().copied().collect());
        assert_eq!(ids, Some(vec![1, 3, 3, 3, 0, 1]));
        assert_eq!(sound.phases()[0].laue_group, "m-3m");
        let angles = [0, 1, 2].map(|c| sound.euler()[[c, 1, 0, 0]].to_degrees());
        assert!((angles[0] - 350.0).abs() < 1e-4 && (angles[1] - 40.0).abs() < 1e-4);
        assert!(!sound.mask()[[2, 0, 0]] && sound.mask()[[2, 1, 0]]);

        let head = neper();
        let head = &head[..head.find("**data").unwrap_or(0)];
        for (name, width) in [("binary8", 1), ("binary16", 2), ("binary32", 4)] {
            let data: Vec<u8> = cells
                .iter()
                .flat_map(|cell| cell.to_le_bytes()[..width].to_vec())
                .collect();
            let old = [
                head.replace("2.0 ascii", &format!("2.0 {name}")),
                "**data\n".into(),
            ];
            let new = [
                head.replace("2.0 ascii", "2.1"),
                format!("**data\n {name}\n"),
            ];
            for head in [old, new] {
                let whole = [head.concat().as_bytes(), &data, b"\n***end\n"].concat();
                let again = read(&whole)?;
                assert_eq!(again.grain_ids(), sound.grain_ids());
                assert_eq!(again.euler(), sound.euler());
            }
        }
        Ok(())
    }
}
