//! What files hold.

use crate::{Error, Result};
use polymicros::microstructure::format::find_reader;
use polymicros_prelude::{Field, Grid, Microstructure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What files hold: format, grid, phases, indexed share, grains; or why they do not read.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:\n  polymicros info scan.ang volume.h5\n  \
        polymicros info *.ctf --json\n\n\
        Exit code 0: all files read. 1: one or more did not; the others are still told.")]
pub(super) struct Plan {
    /// Files in any format that is read.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn run(Plan { files }: &Plan, json: bool) -> Result<()> {
    let told: Vec<(Value, String)> = files.iter().map(|file| tell(file)).collect();
    let failed = told
        .iter()
        .filter(|(value, _)| value.get("error").is_some());
    let failed = failed.count();
    if json {
        let files: Vec<&Value> = told.iter().map(|(value, _)| value).collect();
        println!("{}", json!({ "files": files, "failed": failed }));
    } else {
        let texts: Vec<&str> = told.iter().map(|(_, text)| text.as_str()).collect();
        print!("{}", texts.join("\n"));
    }
    match failed {
        0 => Ok(()),
        _ => Err(Error::Usage(format!(
            "{failed} of {} files did not read",
            files.len()
        ))),
    }
}

/// As an object and as text.
fn tell(file: &Path) -> (Value, String) {
    let mut value = json!({ "path": file });
    let lines = match describe(file, &mut value) {
        Ok(lines) => lines,
        Err(error) => {
            value["error"] = json!(error.to_string());
            vec![("error", error.to_string())]
        }
    };
    let mut text = format!("{}\n", file.display());
    for (name, line) in lines {
        let _ = writeln!(text, "  {name:<11} {line}");
    }
    (value, text)
}

type Lines = Vec<(&'static str, String)>;

fn describe(file: &Path, value: &mut Value) -> Result<Lines> {
    let format = find_reader(file)?.name();
    value["format"] = json!(format);
    let mut lines = vec![("format", format.to_owned())];
    match Microstructure::open(file) {
        Ok(made) => of_microstructure(&made, value, &mut lines),
        // An archive may hold a field in place of orientations.
        Err(error) => match Field::open(file) {
            Ok(field) => of_field(&field, value, &mut lines),
            Err(_) => return Err(error.into()),
        },
    }
    Ok(lines)
}

fn of_microstructure(made: &Microstructure, value: &mut Value, lines: &mut Lines) {
    value["kind"] = json!("orientations");
    of_grid(made.grid(), value, lines);
    value["indexed_share"] = json!(made.indexed_share());
    lines.push(("indexed", percent(made.indexed_share())));
    let mut phases = Vec::new();
    for (k, phase) in (1..).zip(made.phases()) {
        let voxels = made.phase().iter().filter(|of| **of == k).count();
        let share = voxels as f64 / made.grid().voxels() as f64;
        phases.push(json!({ "name": phase.name, "laue_group": phase.laue_group, "share": share }));
        let group = match phase.laue_group.as_str() {
            "" => "symmetry unknown",
            group => group,
        };
        lines.push((
            "phase",
            format!("{k}: {}, {group}, {}", phase.name, percent(share)),
        ));
    }
    value["phases"] = json!(phases);
    let ids = made.grain_ids();
    let grains = ids.map(|ids| {
        ids.iter()
            .filter(|id| **id > 0)
            .collect::<BTreeSet<_>>()
            .len()
    });
    value["grains"] = json!(grains);
    if let Some(grains) = grains {
        lines.push(("grains", format!("{grains}, by the file")));
    }
    let properties: Vec<&str> = made.properties().keys().map(String::as_str).collect();
    value["properties"] = json!(properties);
    if !properties.is_empty() {
        lines.push(("properties", properties.join(", ")));
    }
}

fn of_field(field: &Field, value: &mut Value, lines: &mut Lines) {
    value["kind"] = json!("field");
    of_grid(field.grid(), value, lines);
    let voxels = field.grid().voxels();
    let valid = field
        .mask()
        .map(|mask| mask.iter().filter(|valid| **valid).count());
    let share = valid.unwrap_or(voxels) as f64 / voxels as f64;
    value["indexed_share"] = json!(share);
    value["channels"] = json!(field.channels());
    lines.push(("valid", percent(share)));
    lines.push(("channels", field.channels().join(", ")));
}

fn of_grid(grid: &Grid, value: &mut Value, lines: &mut Lines) {
    value["shape"] = json!(grid.shape);
    value["spacing"] = json!(grid.spacing);
    value["origin"] = json!(grid.origin);
    value["unit"] = json!(grid.unit.symbol());
    lines.push(("grid", grid.to_string()));
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use polymicros_prelude::StandIn;

    #[test]
    fn orientations_fields_and_bad_files_are_told() -> Result<()> {
        let folder =
            tempfile::tempdir().map_err(|source| Error::io("a temporary folder", source))?;
        let [map, field, bad] = ["map.npz", "field.npz", "bad.ang"].map(|n| folder.path().join(n));
        let volume = StandIn::CoarseBeta.generate([12, 10, 8], 1)?;
        volume.save(&map)?;
        volume.rogsh()?.save(&field)?;
        std::fs::write(&bad, "# TEM_PIXperUM 1\n# NROWS: two\n")
            .map_err(|source| Error::io(&bad, source))?;

        let (value, text) = tell(&map);
        assert_eq!(value["shape"], json!([12, 10, 8]));
        assert_eq!(value["phases"][0]["laue_group"], "m-3m");
        assert!(value["grains"].as_u64().is_some_and(|grains| grains > 0));
        assert!(
            text.contains("NumPy archive") && text.contains("100.0 %"),
            "{text}"
        );
        let (value, text) = tell(&field);
        assert_eq!(
            (&value["kind"], value["channels"].as_array().map(Vec::len)),
            (&json!("field"), Some(3))
        );
        assert!(text.contains("T4,0,1"), "{text}");
        let (value, text) = tell(&bad);
        assert!(
            value["error"]
                .as_str()
                .is_some_and(|error| error.contains("line 2")),
            "{value}"
        );
        assert!(text.contains("NROWS"), "{text}");
        // A bad file fails the command, and the others are told all the same.
        let run_on = |files: &[&PathBuf]| {
            let files = files.iter().map(|&file| file.clone()).collect();
            run(&Plan { files }, true)
        };
        assert!(run_on(&[&map]).is_ok());
        let failed = run_on(&[&map, &bad]);
        assert!(failed.is_err_and(|error| error.to_string().contains("1 of 2")));
        Ok(())
    }
}
