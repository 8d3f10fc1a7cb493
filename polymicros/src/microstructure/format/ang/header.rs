//! The header of an `.ang` file: phases, grid and the meaning of the columns.

use super::super::layout::{Layout, Pattern};
use super::super::symmetry::{self, unknown_phase};
use super::super::table::{Role, Table, is_point};
use super::super::text_map::{MapHeader, TextMap};
use crate::microstructure::Phase;
use crate::{Error, Result};
use std::path::Path;

/// The columns of a file that does not name them.
const DEFAULT_COLUMNS: [&str; 10] = [
    "phi1",
    "PHI",
    "phi2",
    "x",
    "y",
    "IQ",
    "CI",
    "Phase index",
    "SEM",
    "Fit",
];

/// The entries as they come, each with its line.
#[derive(Default)]
struct Entries {
    phases: Vec<(i64, Phase)>,
    grid: Option<(usize, String)>,
    x_step: Option<(usize, f64)>,
    y_step: Option<(usize, f64)>,
    columns_odd: Option<(usize, usize)>,
    columns_even: Option<(usize, usize)>,
    rows: Option<(usize, usize)>,
    column_names: Vec<String>,
    column_units: Vec<String>,
    in_notes: bool,
}

/// The header, and the first row behind it.
pub(super) fn read(file: &mut TextMap<'_>, path: &Path) -> Result<(MapHeader, Vec<u8>)> {
    let mut entries = Entries::default();
    let first_row = loop {
        let line = file.next_line()?;
        if line.is_empty() {
            return Err(file.bad("the file ends before the first point"));
        }
        if is_point(&line) {
            break line;
        }
        let line = String::from_utf8_lossy(&line);
        entries
            .take(file.line(), line.trim().trim_start_matches('#'))
            .map_err(|problem| file.bad(problem))?;
    };
    let layout = entries.layout(path)?;
    let (table, properties) = entries.table(&first_row, path, file.line())?;
    let header = MapHeader {
        phases: entries.phases.into_iter().map(|(_, phase)| phase).collect(),
        layout,
        table,
        properties,
        size_entries: "NROWS, NCOLS_ODD and NCOLS_EVEN",
    };
    Ok((header, first_row))
}

impl Entries {
    /// One header line, without its `#`.
    fn take(&mut self, line: usize, text: &str) -> Result<(), String> {
        let text = text.trim();
        let (key, value) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let (key, value) = (key.trim_end_matches(':'), value.trim());
        if key == "NOTES" {
            self.in_notes = value == "Start";
        }
        if self.in_notes {
            return Ok(());
        }
        match key {
            "Phase" => {
                let number = whole(key, value)?;
                let number = i64::try_from(number).map_err(|e| format!("{key}: {value}: {e}"))?;
                if self.phases.iter().any(|(other, _)| *other == number) {
                    return Err(format!("phase {number} is declared twice"));
                }
                if self.phases.len() == usize::from(u8::MAX) {
                    return Err("more than 255 phases".into());
                }
                let phase = unknown_phase(format!("phase {number}"));
                self.phases.push((number, phase));
            }
            "MaterialName" | "Symmetry" | "LatticeConstants" => {
                let Some((_, phase)) = self.phases.last_mut() else {
                    return Err(format!("{key} comes before any `# Phase` line"));
                };
                match key {
                    "MaterialName" if value.is_empty() => {}
                    "MaterialName" => phase.name = value.into(),
                    "Symmetry" => {
                        // EMsoft writes point groups in words here; the number is TSL's own.
                        let number = value.parse().unwrap_or(0);
                        phase.laue_group = symmetry::of_tsl(number).into();
                    }
                    _ => phase.lattice = Some(lattice(value)?),
                }
            }
            "GRID" => self.grid = Some((line, value.into())),
            "XSTEP" => self.x_step = Some((line, step(key, value)?)),
            "YSTEP" => self.y_step = Some((line, step(key, value)?)),
            "NCOLS_ODD" => self.columns_odd = Some((line, whole(key, value)?)),
            "NCOLS_EVEN" => self.columns_even = Some((line, whole(key, value)?)),
            "NROWS" => self.rows = Some((line, whole(key, value)?)),
            "COLUMN_HEADERS" => self.column_names = words(value),
            "COLUMN_UNITS" => self.column_units = words(value),
            _ => {}
        }
        Ok(())
    }

    fn layout(&self, path: &Path) -> Result<Layout> {
        let missing =
            |key: &str| Error::format(path, "header", format!("the line `# {key}: …` is missing"));
        let (odd_line, odd) = self.columns_odd.ok_or_else(|| missing("NCOLS_ODD"))?;
        let (even_line, even) = self.columns_even.unwrap_or((odd_line, odd));
        let (rows_line, rows) = self.rows.ok_or_else(|| missing("NROWS"))?;
        let (x_line, x_step) = self.x_step.ok_or_else(|| missing("XSTEP"))?;
        let (y_line, y_step) = self.y_step.ok_or_else(|| missing("YSTEP"))?;
        let fail = |line: usize, problem: String| {
            Err(Error::format(path, format!("line {line}"), problem))
        };
        // Without the entry the points' coordinates decide: they must lie on a square grid.
        let pattern = match &self.grid {
            None => Pattern::Square,
            Some((_, grid)) if grid.eq_ignore_ascii_case("SqrGrid") => Pattern::Square,
            Some((_, grid)) if grid.eq_ignore_ascii_case("HexGrid") => Pattern::Hexagonal,
            Some((line, grid)) => {
                return fail(
                    *line,
                    format!("GRID: expected SqrGrid or HexGrid, found `{grid}`"),
                );
            }
        };
        if rows == 0 {
            return fail(rows_line, "NROWS: expected at least 1, found 0".into());
        }
        if odd == 0 {
            return fail(odd_line, "NCOLS_ODD: expected at least 1, found 0".into());
        }
        let even = if rows == 1 { odd } else { even };
        let allowed = match pattern {
            Pattern::Square => 0,
            Pattern::Hexagonal => 1,
        };
        if odd.abs_diff(even) > allowed {
            let problem = format!(
                "NCOLS_EVEN: expected {odd} as NCOLS_ODD{}, found {even}",
                if allowed == 1 { ", give or take 1" } else { "" }
            );
            return fail(even_line, problem);
        }
        if x_step == 0.0 && (odd > 1 || y_step == 0.0 || pattern == Pattern::Hexagonal) {
            return fail(x_line, "XSTEP: expected a positive length, found 0".into());
        }
        if y_step == 0.0 && rows > 1 {
            return fail(y_line, "YSTEP: expected a positive length, found 0".into());
        }
        let layout = Layout {
            pattern,
            columns: [odd, even],
            rows,
            step: [x_step, y_step],
        };
        match layout.check_steps() {
            Ok(()) => Ok(layout),
            Err(problem) => fail(y_line, format!("YSTEP: {problem}")),
        }
    }

    /// How to read the rows, and the properties' names.
    fn table(
        &mut self,
        first_row: &[u8],
        path: &Path,
        line: usize,
    ) -> Result<(Table, Vec<String>)> {
        let count = first_row
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty())
            .count();
        let mut names = std::mem::take(&mut self.column_names);
        if names.is_empty() {
            names = DEFAULT_COLUMNS.map(String::from).to_vec();
        }
        names.truncate(count);
        for extra in names.len()..count {
            names.push(format!("column {}", extra + 1));
        }
        let mut properties: Vec<String> = Vec::new();
        let mut roles = Vec::new();
        for name in &names {
            let role = match name.to_lowercase().as_str() {
                "phi1" => Role::Euler(0),
                "phi" => Role::Euler(1),
                "phi2" => Role::Euler(2),
                "x" => Role::X,
                "y" => Role::Y,
                "phase" | "phase index" => Role::Phase,
                other => {
                    let name = match other {
                        "iq" => "image quality",
                        "ci" => "confidence index",
                        "sem" => "SEM signal",
                        "fit" => "fit",
                        _ => name,
                    };
                    properties.push(name.into());
                    Role::Property(properties.len() - 1)
                }
            };
            if !matches!(role, Role::Property(_)) && roles.contains(&role) {
                let problem = format!("COLUMN_HEADERS: two columns are called `{name}`");
                return Err(Error::format(path, "header", problem));
            }
            roles.push(role);
        }
        let needed = [
            Role::Euler(0),
            Role::Euler(1),
            Role::Euler(2),
            Role::X,
            Role::Y,
            Role::Phase,
        ];
        if !needed.iter().all(|role| roles.contains(role)) {
            let problem = format!(
                "expected at least phi1, Phi, phi2, x, y, IQ, CI and phase, found {count} columns"
            );
            return Err(Error::format(path, format!("line {line}"), problem));
        }
        let phi1 = roles.iter().position(|role| *role == Role::Euler(0));
        let unit = phi1.and_then(|column| self.column_units.get(column));
        let degrees = unit.is_some_and(|unit| unit.to_lowercase().starts_with("deg"));
        if self.phases.is_empty() {
            self.phases.push((1, unknown_phase("unknown")));
        }
        let confidence = properties
            .iter()
            .position(|name| name == "confidence index");
        let table = Table {
            roles,
            properties: properties.len(),
            angle: if degrees { 1f32.to_radians() } else { 1.0 },
            phase_numbers: self.phases.iter().map(|(number, _)| *number).collect(),
            zero_is_first_phase: self.phases.len() == 1,
            unindexed_at: confidence.map(|k| (k, -1.0)),
            four_pi_unindexed: true,
            decimal_comma: false,
        };
        Ok((table, properties))
    }
}

fn words(value: &str) -> Vec<String> {
    value
        .split(',')
        .map(|word| word.trim().to_owned())
        .collect()
}

fn whole(key: &str, value: &str) -> Result<usize, String> {
    value
        .parse()
        .map_err(|_| format!("{key}: expected a whole number, found `{value}`"))
}

fn step(key: &str, value: &str) -> Result<f64, String> {
    let step: f64 = value
        .parse()
        .map_err(|_| format!("{key}: expected a length, found `{value}`"))?;
    if step.is_finite() && step >= 0.0 {
        Ok(step)
    } else {
        Err(format!("{key}: expected a positive length, found {value}"))
    }
}

fn lattice(value: &str) -> Result<[f64; 6], String> {
    let expected = || format!("LatticeConstants: expected six numbers, found `{value}`");
    let numbers: Result<Vec<f64>, _> = value.split_whitespace().map(str::parse).collect();
    let numbers = numbers.map_err(|_| expected())?;
    numbers.try_into().map_err(|_| expected())
}
