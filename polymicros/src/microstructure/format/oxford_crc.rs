//! Oxford and HKL maps as a pair of files: `.cpr`, a text of entries in sections, and `.crc`, the
//! points as binary records in row order. Either name opens the pair. Angles in radians, lengths
//! in micrometres; phase 0 is not indexed.

use super::layout::{Layout, Pattern};
use super::points::{MapParts, Points};
use super::{Format, symmetry};
use crate::microstructure::{Microstructure, Phase};
use crate::{Error, Result};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The Oxford `.cpr` and `.crc` format.
pub(super) struct OxfordCrc;

impl Format for OxfordCrc {
    fn name(&self) -> &'static str {
        "Oxford CPR and CRC"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["cpr", "crc"]
    }

    fn recognises(&self, _path: &Path, head: &[u8]) -> bool {
        let text = String::from_utf8_lossy(head);
        text.starts_with("[General]") && text.contains("\n[Job]")
    }

    fn read(&self, path: &Path) -> Result<Microstructure> {
        let entries = Entries::read(&partner(path, "cpr"))?;
        read(&entries, &partner(path, "crc"))
    }
}

/// The file of the pair with this ending, in the case of letters in which it is there.
fn partner(path: &Path, ending: &str) -> PathBuf {
    let upper = path.with_extension(ending.to_uppercase());
    if upper.exists() {
        upper
    } else {
        path.with_extension(ending)
    }
}

/// The largest `.cpr` that is taken for one; they hold some kilobytes.
const LARGEST_TEXT: u64 = 1 << 24;

/// The entries `key=value` of a `.cpr` file by section and key, both in lower case.
struct Entries {
    path: PathBuf,
    entries: HashMap<(String, String), (usize, String)>,
}

impl Entries {
    fn read(path: &Path) -> Result<Self> {
        let io = |e| Error::io(path, e);
        let bytes = std::fs::metadata(path).map_err(io)?.len();
        if bytes > LARGEST_TEXT {
            let problem = format!("expected a text of some kilobytes, found {bytes} bytes");
            return Err(Error::format(path, "file", problem));
        }
        let text = std::fs::read(path).map_err(io)?;
        let mut section = String::new();
        let mut entries = HashMap::new();
        for (number, line) in (1..).zip(String::from_utf8_lossy(&text).lines()) {
            let line = line.trim();
            if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                section = name.to_lowercase();
            } else if let Some((key, value)) = line.split_once('=') {
                let key = (section.clone(), key.trim().to_lowercase());
                entries.insert(key, (number, value.trim().to_owned()));
            }
        }
        Ok(Entries {
            path: path.to_owned(),
            entries,
        })
    }

    fn get(&self, section: &str, key: &str) -> Option<&(usize, String)> {
        self.entries
            .get(&(section.to_lowercase(), key.to_lowercase()))
    }

    /// An entry's value, which must parse and suit.
    fn value<T: std::str::FromStr>(
        &self,
        section: &str,
        key: &str,
        expected: &str,
        suits: impl Fn(&T) -> bool,
    ) -> Result<T> {
        let Some((line, text)) = self.get(section, key) else {
            let problem = format!("expected the entry {key} in the section [{section}]");
            return Err(Error::format(&self.path, "entries", problem));
        };
        let value = text.replace(',', ".").parse().ok().filter(suits);
        value.ok_or_else(|| {
            let problem = format!("{key}: expected {expected}, found `{text}`");
            Error::format(&self.path, format!("line {line}"), problem)
        })
    }

    fn count(&self, section: &str, key: &str) -> Result<usize> {
        self.value(section, key, "a whole number above 0", |n: &usize| *n > 0)
    }

    fn length(&self, section: &str, key: &str) -> Result<f64> {
        let positive = |l: &f64| l.is_finite() && *l > 0.0;
        self.value(section, key, "a positive number", positive)
    }
}

/// A part of a record.
enum Part {
    Euler(usize),
    Byte(usize),
    Float(usize),
}

impl Part {
    fn bytes(&self) -> usize {
        match self {
            Part::Byte(_) => 1,
            Part::Euler(_) | Part::Float(_) => 4,
        }
    }
}

fn read(entries: &Entries, path: &Path) -> Result<Microstructure> {
    if let Some((line, mode)) = entries.get("General", "JobMode")
        && !matches!(mode.as_str(), "RegularGrid" | "Grid")
    {
        let problem = format!("JobMode: expected RegularGrid, found `{mode}`");
        return Err(Error::format(
            &entries.path,
            format!("line {line}"),
            problem,
        ));
    }
    let columns = entries.count("Job", "xCells")?;
    let rows = entries.count("Job", "yCells")?;
    let layout = Layout {
        pattern: Pattern::Square,
        columns: [columns; 2],
        rows,
        step: [
            entries.length("Job", "GridDistX")?,
            entries.length("Job", "GridDistY")?,
        ],
    };
    let phases = phases(entries)?;
    let (parts, properties) = record(entries)?;
    let record = 1 + parts.iter().map(Part::bytes).sum::<usize>();

    // The size is compared before the points are read.
    let found = std::fs::metadata(path)
        .map_err(|e| Error::io(path, e))?
        .len();
    let expected = layout
        .points()
        .and_then(|points| points.checked_mul(record));
    if expected.map(|bytes| bytes as u64) != Some(found) {
        let problem =
            format!("expected {columns} x {rows} records of {record} bytes, found {found} bytes");
        return Err(Error::format(path, "file", problem));
    }
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    let mut points = Points::new(properties.len());
    for (k, bytes) in bytes.chunks_exact(record).enumerate() {
        let fail = |problem: String| Err(Error::format(path, format!("record {k}"), problem));
        let phase = bytes[0];
        if usize::from(phase) > phases.len() {
            return fail(format!("phase {phase}, but {} are declared", phases.len()));
        }
        let mut euler = [0.0; 3];
        let mut at = 1;
        for part in &parts {
            let float = || f32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
            match *part {
                Part::Euler(c) => euler[c] = float(),
                Part::Float(p) => points.properties[p].push(float()),
                Part::Byte(p) => points.properties[p].push(f32::from(bytes[at])),
            }
            at += part.bytes();
        }
        if phase > 0 && !euler.iter().all(|angle| angle.is_finite()) {
            return fail(format!("expected three angles, found {euler:?}"));
        }
        points.euler.push(if phase > 0 { euler } else { [0.0; 3] });
        points.phase.push(phase);
        points
            .x
            .push(((k % columns) as f64 * layout.step[0]) as f32);
        points
            .y
            .push(((k / columns) as f64 * layout.step[1]) as f32);
    }
    let parts = MapParts {
        points,
        layout,
        phases,
        properties,
    };
    parts.into_map(path, |k| format!("record {k}"))
}

fn phases(entries: &Entries) -> Result<Vec<Phase>> {
    let count: u8 = entries.value("Phases", "Count", "a number up to 255", |_| true)?;
    let mut phases = Vec::new();
    for k in 1..=count {
        let section = format!("Phase{k}");
        let mut lattice = [0.0; 6];
        for (value, key) in lattice
            .iter_mut()
            .zip(["a", "b", "c", "alpha", "beta", "gamma"])
        {
            *value = entries.length(&section, key)?;
        }
        let laue: i64 = entries.value(&section, "LaueGroup", "a whole number", |_| true)?;
        let name = entries.get(&section, "StructureName");
        phases.push(Phase {
            name: name.map_or_else(|| format!("phase {k}"), |(_, name)| name.clone()),
            laue_group: symmetry::of_channel(laue).into(),
            lattice: Some(lattice),
        });
    }
    Ok(phases)
}

/// What follows the phase's byte in a record, and the properties' names. Field numbers are those
/// of the binary files that are known; one outside of them would shift all behind it.
fn record(entries: &Entries) -> Result<(Vec<Part>, Vec<String>)> {
    let mut names: Vec<String> = Vec::new();
    let mut parts = Vec::new();
    let mut angles = [0; 3];
    for k in 1..=entries.count("Fields", "Count")?.min(1000) {
        let key = format!("Field{k}");
        let field: usize = entries.value("Fields", &key, "a field number", |_| true)?;
        let mut float = |name: &str| {
            names.push(name.into());
            Part::Float(names.len() - 1)
        };
        let part = match field {
            3..=5 => {
                angles[field - 3] += 1;
                Part::Euler(field - 3)
            }
            6 => float("mean angular deviation"),
            12 => float("reliability index"),
            101.. => {
                let window = entries.get("EDX Windows", &format!("Window{}", field - 100));
                float(&window.map_or_else(|| key.clone(), |(_, name)| format!("EDX {name}")))
            }
            7 | 8 | 10 | 11 => {
                let name = match field {
                    7 => "band contrast",
                    8 => "band slope",
                    10 => "bands",
                    _ => "error",
                };
                names.push(name.into());
                Part::Byte(names.len() - 1)
            }
            _ => {
                let problem = format!("{key}: field {field} is not known, nor how long it is");
                return Err(Error::format(&entries.path, "section [Fields]", problem));
            }
        };
        parts.push(part);
    }
    if angles != [1; 3] {
        let problem = "expected the fields 3, 4 and 5, the Euler angles, each once";
        return Err(Error::format(&entries.path, "section [Fields]", problem));
    }
    Ok((parts, names))
}
