//! Oxford and HKL orientation maps as text (`.ctf`, Channel Text File).
//!
//! A header of tab-separated entries, the phases, a line that names the columns, then one point
//! a line. Angles in degrees, lengths in micrometres, decimals with a point or a comma. Phase 0
//! is not indexed.

use super::Format;
use super::layout::{Layout, Pattern};
use super::symmetry;
use super::table::{Role, Table, is_point};
use super::text_map::{MapHeader, TextMap};
use crate::Result;
use crate::microstructure::{Microstructure, Phase};
use std::collections::BTreeMap;
use std::path::Path;

/// The Channel Text File format.
pub(super) struct Ctf;

impl Format for Ctf {
    fn name(&self) -> &'static str {
        "Channel Text File"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["ctf"]
    }

    fn recognises(&self, _path: &Path, head: &[u8]) -> bool {
        head.starts_with(b"Channel Text File")
    }

    fn read(&self, path: &Path) -> Result<Microstructure> {
        let mut file = TextMap::open(path)?;
        let header = read_header(&mut file)?;
        let mut first_row = file.next_line()?;
        while !first_row.is_empty() && !is_point(&first_row) {
            first_row = file.next_line()?;
        }
        if first_row.is_empty() {
            return Err(file.bad("the file ends before the first point"));
        }
        file.into_map(header, first_row)
    }
}

fn read_header(file: &mut TextMap<'_>) -> Result<MapHeader> {
    let mut entries = BTreeMap::new();
    let mut phases: Option<Vec<Phase>> = None;
    let columns = loop {
        let line = file.next_line()?;
        if line.is_empty() {
            return Err(file.bad("the file ends before the line that names the columns"));
        }
        let line = String::from_utf8_lossy(&line).trim().to_owned();
        let (key, value) = line.split_once('\t').unwrap_or((&line, ""));
        match key {
            "Phase" => break line,
            "Phases" => phases = Some(read_phases(file, value)?),
            _ => {
                entries.insert(key.to_owned(), value.trim().to_owned());
            }
        }
    };
    let columns_line = file.line();
    let entry = |key: &str| {
        entries.get(key).ok_or_else(|| {
            file.bad(format!(
                "no entry `{key}` above the names of the columns on line {columns_line}"
            ))
        })
    };
    let count = |key: &str| -> Result<usize> {
        let value = entry(key)?;
        let count = value.parse().ok().filter(|count| *count > 0);
        count.ok_or_else(|| {
            file.bad(format!(
                "entry {key}: expected a number of points, found `{value}`"
            ))
        })
    };
    let step = |key: &str| -> Result<f64> {
        let value = entry(key)?;
        let step = decimal(value).filter(|step| *step > 0.0);
        step.ok_or_else(|| {
            file.bad(format!(
                "entry {key}: expected a positive length, found `{value}`"
            ))
        })
    };
    if let Some(layers) = entries
        .get("ZCells")
        .filter(|layers| !matches!(layers.as_str(), "0" | "1"))
    {
        return Err(file.bad(format!(
            "entry ZCells: expected a map of one layer, found {layers}"
        )));
    }
    let columns_across = count("XCells")?;
    let layout = Layout {
        pattern: Pattern::Square,
        columns: [columns_across; 2],
        rows: count("YCells")?,
        step: [step("XStep")?, step("YStep")?],
    };
    let phases =
        phases.ok_or_else(|| file.bad("no entry `Phases` above the names of the columns"))?;
    let (roles, properties) = roles(&columns).map_err(|problem| file.bad(problem))?;
    let table = Table {
        roles,
        properties: properties.len(),
        angle: 1f32.to_radians(),
        phase_numbers: (1..=phases.len() as i64).collect(),
        zero_is_first_phase: false,
        unindexed_at: None,
        four_pi_unindexed: false,
        decimal_comma: true,
    };
    Ok(MapHeader {
        phases,
        layout,
        table,
        properties,
        size_entries: "XCells and YCells",
    })
}

/// As many lines as the entry `Phases` says: `a;b;c  alpha;beta;gamma  name  Laue group  …`.
fn read_phases(file: &mut TextMap<'_>, count: &str) -> Result<Vec<Phase>> {
    let count: u8 = count.trim().parse().map_err(|_| {
        file.bad(format!(
            "entry Phases: expected a number up to 255, found `{}`",
            count.trim()
        ))
    })?;
    let mut phases = Vec::new();
    for _ in 0..count {
        let line = file.next_line()?;
        let line = String::from_utf8_lossy(&line);
        let parts: Vec<&str> = line.trim().split('\t').collect();
        let [lengths, angles, name, laue, ..] = parts[..] else {
            let expected = "a phase: three lengths, three angles, name and Laue group between tabs";
            return Err(file.bad(format!("expected {expected}, found {} parts", parts.len())));
        };
        let numbers: Option<Vec<f64>> = [lengths, angles]
            .iter()
            .flat_map(|part| part.split(';'))
            .map(decimal)
            .collect();
        let lattice = numbers.and_then(|numbers| numbers.try_into().ok());
        if lattice.is_none() {
            return Err(file.bad(format!("expected lattice constants a;b;c and alpha;beta;gamma, found `{lengths}` and `{angles}`")));
        }
        phases.push(Phase {
            name: name.into(),
            laue_group: symmetry::of_channel(laue.trim().parse().unwrap_or(0)).into(),
            lattice,
        });
    }
    Ok(phases)
}

fn roles(columns: &str) -> Result<(Vec<Role>, Vec<String>), String> {
    let mut properties = Vec::new();
    let mut roles = Vec::new();
    for name in columns.split('\t').map(str::trim) {
        let role = match name {
            "Phase" => Role::Phase,
            "X" => Role::X,
            "Y" => Role::Y,
            "Euler1" => Role::Euler(0),
            "Euler2" => Role::Euler(1),
            "Euler3" => Role::Euler(2),
            other => {
                let name = match other {
                    "MAD" => "mean angular deviation",
                    "BC" => "band contrast",
                    "BS" => "band slope",
                    "Bands" => "bands",
                    "Error" => "error",
                    other => other,
                };
                properties.push(name.to_owned());
                Role::Property(properties.len() - 1)
            }
        };
        roles.push(role);
    }
    let needed = [
        Role::Phase,
        Role::X,
        Role::Y,
        Role::Euler(0),
        Role::Euler(1),
        Role::Euler(2),
    ];
    let once = |role: &Role| roles.iter().filter(|other| *other == role).count() == 1;
    if needed.iter().all(once) {
        Ok((roles, properties))
    } else {
        Err(format!(
            "expected the columns Phase, X, Y, Euler1, Euler2 and Euler3, each once, found `{columns}`"
        ))
    }
}

/// A finite number with a point or a comma.
fn decimal(text: &str) -> Option<f64> {
    let value: f64 = text.trim().replace(',', ".").parse().ok()?;
    value.is_finite().then_some(value)
}
