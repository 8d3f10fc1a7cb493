//! Places, orientations, and runs that are stopped.

use super::*;
use crate::diffusion::{Batch, Sampler, Schedule};
use crate::microstructure::{Grid, LengthUnit, Microstructure, StandIn};
use crate::reconstruction::{Consistency, Inpainting, Interpolation, Mask, Projection};
use crate::{Error, Result};
use std::cell::Cell;
use std::path::Path;

#[test]
fn slices_stand_where_they_were() -> Result<()> {
    let full = StandIn::Recrystallised.generate([9, 10, 13], 1)?;
    for (axis, factor) in [(0, 2), (0, 4), (1, 3), (2, 4), (2, 6)] {
        let kept: Vec<usize> = (0..full.grid().shape[axis]).step_by(factor).collect();
        let slices = sliced(&full, axis, &kept)?;
        let stack = Stack::new(*slices.grid(), axis, factor)?;
        assert_eq!(stack.grid(), *full.grid());
        let placed = stack.place(&slices.rogsh()?)?;
        let expected = Mask::slices(full.grid().shape, axis, factor, 0)?.observe(&full.rogsh()?)?;
        assert_eq!(placed, expected);
        // The nearest slice's orientations, by their sources.
        let shaped = Interpolation::Nearest.fill(&placed)?;
        let sources = Projection::default().sources(&placed, std::slice::from_ref(&shaped))?;
        let made = stack.oriented(&slices, &sources)?;
        assert_eq!(made.rogsh()?, shaped);
        for (at, (source, id)) in sources.iter().zip(made.grain_ids().unwrap()).enumerate() {
            let expected = full.grain_ids().unwrap().as_slice().unwrap()[*source as usize];
            assert_eq!(*id, expected, "{at}");
        }
    }
    let grid = *full.grid();
    assert!(Stack::new(grid, 3, 4).is_err());
    assert!(Stack::new(grid, 0, 1).is_err());
    let stack = Stack::new(grid, 0, 2)?;
    let wrong = vec![200; stack.grid().voxels()];
    assert!(stack.oriented(&full, &wrong).is_err());
    Ok(())
}

/// Some slices of a volume, thicker by as much as they are fewer.
fn sliced(full: &Microstructure, axis: usize, kept: &[usize]) -> Result<Microstructure> {
    use ndarray::Axis;
    let mut grid = *full.grid();
    grid.shape[axis] = kept.len();
    grid.spacing[axis] *= (kept[1] - kept[0]) as f64;
    assert_eq!(grid.unit, LengthUnit::Micrometre);
    let euler = full.euler().select(Axis(axis + 1), kept);
    let ids = full.grain_ids().unwrap().select(Axis(axis), kept);
    Microstructure::new(full.name.clone(), full.origin.clone(), grid, euler)?.with_grain_ids(ids)
}

fn plan(samples: usize) -> Reconstruction {
    let sampler = Sampler {
        schedule: Schedule {
            steps: 4,
            ..Schedule::default()
        },
        ..Sampler::default()
    };
    Reconstruction {
        denoiser: "halves".into(),
        samples,
        seed: 5,
        inpainting: Inpainting {
            sampler,
            consistency: Consistency::Replaced,
            ..Inpainting::default()
        },
    }
}

fn halves(x: &Batch, sigma: f64) -> Result<Batch> {
    Ok(x.mapv(|value| value * (0.25 / (0.25 + sigma * sigma)) as f32))
}

fn ignore(_: Progress) -> Result<()> {
    Ok(())
}

#[test]
fn a_stopped_run_goes_on_with_what_is_missing() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| Error::io("", e))?;
    let full = StandIn::CoarseBeta.generate([8; 3], 1)?.rogsh()?;
    let observed = Mask::slices([8; 3], 0, 4, 0)?.observe(&full)?;
    let whole = plan(3).draw(&halves, &observed, &mut ignore)?;

    // Ended in the middle of the second sample.
    let run = folder.path().join("run");
    let ended = plan(3).run(&halves, &observed, &run, &mut |now| match now.sample {
        1 if now.step == 2 => Err(Error::value("run", "stopped")),
        _ => Ok(()),
    });
    assert!(ended.is_err());
    assert!(run.join("sample_000.npz").exists() && !run.join("sample_001.npz").exists());
    let heard = Cell::new(0);
    let gone_on = plan(3).run(&halves, &observed, &run, &mut |now| {
        heard.set(heard.get() + 1);
        assert!(now.sample > 0 && now.samples == 3 && now.step <= now.steps);
        Ok(())
    })?;
    assert_eq!(heard.get(), 2 * 4);
    assert_eq!(gone_on, whole);
    let read = |name: &str| Field::open(run.join(name));
    assert_eq!(read("mean.npz")?.data(), whole.mean()?.data());
    assert_eq!(read("spread.npz")?.data(), whole.spread()?.data());

    // More samples may follow; other settings or another volume may not.
    assert_eq!(
        plan(4)
            .run(&halves, &observed, &run, &mut ignore)?
            .samples()
            .len(),
        4
    );
    let other = Reconstruction { seed: 6, ..plan(3) };
    assert!(refused(&other, &observed, &run));
    let elsewhere = Mask::slices([8; 3], 0, 4, 1)?.observe(&full)?;
    assert!(refused(&plan(3), &elsewhere, &run));
    let grid = Grid {
        spacing: [2.0; 3],
        ..*observed.grid()
    };
    let mut coarser = Field::new(
        grid,
        observed.channels().to_vec(),
        observed.data().to_owned(),
    )?;
    if let Some(mask) = observed.mask() {
        coarser = coarser.with_mask(mask.clone())?;
    }
    assert!(refused(&plan(3), &coarser, &run));
    assert!(plan(0).draw(&halves, &observed, &mut ignore).is_err());
    Ok(())
}

use crate::microstructure::Field;

fn refused(plan: &Reconstruction, observed: &Field, folder: &Path) -> bool {
    let run = plan.run(&halves, observed, folder, &mut ignore);
    run.is_err_and(|e| e.to_string().contains("name another folder"))
}
