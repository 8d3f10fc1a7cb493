//! A file in another format.

use super::Progress;
use crate::{Error, Result};
use polymicros::microstructure::format::{find_writer, numbered_slices};
use polymicros_prelude::Microstructure;
use serde_json::json;
use std::path::PathBuf;

/// Write a file in another format: .npz, .vti (ParaView, DAMASK) or .dream3d, by its ending.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  polymicros convert scan.ang scan.dream3d\n  \
        polymicros convert slices/ volume.vti --spacing-z 0.25\n\n\
        Exit code 0: written. 1: it was not, and an older file of that name is as it was."
)]
pub(super) struct Plan {
    /// A file in any format that is read, or a folder of numbered slices.
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The file to write.
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// The distance of the slices of a folder, in their unit.
    #[arg(long)]
    spacing_z: Option<f64>,
    /// The ending of the slices of a folder.
    #[arg(long, default_value = "ang")]
    slices: String,
}

pub(super) fn run(plan: &Plan, json: bool) -> Result<()> {
    // An ending that cannot be written is better found before reading than after.
    find_writer(&plan.output)?;
    let name = plan.input.display().to_string();
    let mut progress = Progress::new(&name);
    progress.say("reading");
    let made = match (plan.input.is_dir(), plan.spacing_z) {
        (false, None) => Microstructure::open(&plan.input)?,
        (true, Some(spacing)) => {
            Microstructure::open_stack(&numbered_slices(&plan.input, &plan.slices)?, spacing)?
        }
        (true, None) => {
            return Err(Error::Usage(format!(
                "{name} is a folder: say how far its slices are apart, as in --spacing-z 0.25"
            )));
        }
        (false, Some(_)) => {
            return Err(Error::Usage(format!(
                "{name} is a file: --spacing-z is for a folder of slices"
            )));
        }
    };
    progress.say("writing");
    made.save(&plan.output)?;
    progress.keep(&format!("{}", made.grid()));
    if json {
        println!(
            "{}",
            json!({ "out": plan.output, "shape": made.grid().shape })
        );
    } else {
        println!("written: {}", plan.output.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array4;
    use polymicros_prelude::{Grid, Origin, StandIn};
    use std::path::Path;

    fn plan(input: &Path, output: &Path) -> Plan {
        Plan {
            input: input.into(),
            output: output.into(),
            spacing_z: None,
            slices: "npz".into(),
        }
    }

    #[test]
    fn files_and_folders_of_slices_are_converted() -> Result<()> {
        let folder =
            tempfile::tempdir().map_err(|source| Error::io("a temporary folder", source))?;
        let at = |name: &str| folder.path().join(name);
        let volume = StandIn::CoarseBeta.generate([12, 10, 8], 1)?;
        volume.save(at("volume.npz"))?;
        run(&plan(&at("volume.npz"), &at("volume.dream3d")), true)?;
        let back = Microstructure::open(at("volume.dream3d"))?;
        assert_eq!(back.euler(), volume.euler());
        assert_eq!(back.grain_ids(), volume.grain_ids());

        let slices = at("slices");
        std::fs::create_dir(&slices).map_err(|source| Error::io(&slices, source))?;
        for number in [9, 10] {
            let angles = Array4::from_elem((3, 12, 10, 1), number as f32);
            let origin = Origin::Synthetic("one orientation".into());
            Microstructure::new("slice", origin, Grid::new([12, 10, 1])?, angles)?
                .save(slices.join(format!("slice_{number}.npz")))?;
        }
        assert!(run(&plan(&slices, &at("stack.vti")), true).is_err());
        let stack = Plan {
            spacing_z: Some(0.5),
            ..plan(&slices, &at("stack.npz"))
        };
        run(&stack, true)?;
        let stack = Microstructure::open(at("stack.npz"))?;
        assert_eq!(stack.grid().shape, [12, 10, 2]);
        assert_eq!(stack.euler()[[0, 3, 4, 1]], 10.0);
        Ok(())
    }

    #[test]
    fn an_ending_that_is_not_written_is_refused_before_anything_is_read() {
        let error = run(&plan(Path::new("nowhere.ang"), Path::new("out.ctf")), true);
        assert!(
            error
                .is_err_and(|e| e.to_string().contains("out.ctf") && e.to_string().contains("vti"))
        );
    }
}
