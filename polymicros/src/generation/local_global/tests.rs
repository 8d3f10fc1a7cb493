//! On Gaussian fields the optimal denoiser is known, and so is what Algorithm 3 makes of them.

use super::*;
use crate::diffusion::{Batch, NetworkDenoiser, Preconditioning, Schedule};
use crate::generation::{LocalModel, Tiling};
use crate::network::{Cpu, Padding, UNet, UNetConfig};
use crate::random_field::{Acceptance, Bounds, Design, with_mean};
use crate::statistics::{Pairs, RealFft, TwoPoint, means};
use ndarray::{Array4, Slice};

fn parameters() -> Result<MosmParameters> {
    let mut design = Design::draw(&Bounds::paper(), &Acceptance::default(), 1, 3)?;
    Ok(design.parameters.remove(0))
}

const SEEDS: Seeds = Seeds {
    random_field: 5,
    refinement: 7,
};

/// What knows nothing but that values are small: the optimal denoiser of white noise of this
/// standard deviation.
fn white(deviation: f64) -> impl Fn(&Batch, f64) -> Result<Batch> {
    move |x: &Batch, sigma: f64| {
        let kept = deviation * deviation / (deviation * deviation + sigma * sigma);
        Ok(x.mapv(|value| (kept * f64::from(value)) as f32))
    }
}

fn correlation(a: &Field, b: &Field) -> f64 {
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        let pairs = a.as_slice().iter().zip(b.as_slice());
        pairs.map(|(&a, &b)| f(f64::from(a), f64::from(b))).sum()
    };
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

/// The whole of a structure follows from parameters and seeds; each seed matters.
#[test]
fn seeds_decide_and_means_are_zero() -> Result<()> {
    let (local_global, grid) = (LocalGlobal::default(), Grid::cube(32)?);
    let make =
        |seeds| local_global.structure(&parameters()?, &white(0.2), &grid, seeds, |_| Ok(()));
    let made = make(SEEDS)?;
    assert_eq!(made.evaluations, 25);
    assert_eq!(made.field.channels(), made.random_field.channels());
    for mean in means(&made.field)? {
        assert!(mean.abs() < 1e-6, "{mean}");
    }
    let again = make(SEEDS)?;
    assert_eq!(made.field, again.field);
    assert_eq!(made.random_field, again.random_field);
    let refined_otherwise = make(Seeds {
        refinement: 8,
        ..SEEDS
    })?;
    assert_eq!(made.random_field, refined_otherwise.random_field);
    assert_ne!(made.field, refined_otherwise.field);
    let other_field = make(Seeds {
        random_field: 6,
        ..SEEDS
    })?;
    assert_ne!(made.random_field, other_field.random_field);
    Ok(())
}

/// Diversity of the mean is one call, before or after the refinement: it takes the mean away, and
/// the covariances do not hear of it.
#[test]
fn a_mean_is_added_to_the_field_or_to_the_structure() -> Result<()> {
    let (local_global, grid) = (LocalGlobal::default(), Grid::cube(32)?);
    let refine =
        |field: &Field| local_global.refine(&white(0.2), field, SEEDS.refinement, |_| Ok(()));
    let kernel = MosmKernel::new(&parameters()?)?;
    let field = Mogrf::of_kernel(&kernel, &grid, Images::All)?
        .sample(random_field::Sampler::Full, SEEDS.random_field)?;
    let mean = [0.1, -0.2, 0.05];
    let plain = refine(&field)?;
    let from_moved = refine(&with_mean(&field, &mean)?)?;
    for (a, b) in plain.as_slice().iter().zip(from_moved.as_slice()) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
    let moved = with_mean(&plain, &mean)?;
    for (found, wanted) in means(&moved)?.iter().zip(mean) {
        assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
    }
    let covariances = |field: &Field| -> Result<_> {
        Ok(TwoPoint::periodic(field, &Pairs::All)?.to_covariance())
    };
    let (before, after) = (covariances(&plain)?, covariances(&moved)?);
    for (a, b) in before.values().iter().zip(after.values()) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
    Ok(())
}

/// For a white Gaussian model the flow is known. Without churn the field is multiplied by
/// `s / sqrt(s² + t²)` on the way from level t to 0, and the SDEdit noise adds a part of variance
/// `t² s² / (s² + t²)`: so the correlation with the field falls from 1 to 0 as fewer steps are
/// skipped.
#[test]
fn the_share_of_the_field_that_is_kept_is_the_known_one() -> Result<()> {
    let (grid, s) = (Grid::cube(32)?, 0.3f64);
    let mut last = 0.0;
    for skip in [8, 12, 16, 20] {
        let local_global = LocalGlobal {
            refinement: diffusion::Sampler {
                skip,
                churn: 0.0,
                ..diffusion::Sampler::default()
            },
            ..LocalGlobal::default()
        };
        let made = local_global.structure(&parameters()?, &white(s), &grid, SEEDS, |_| Ok(()))?;
        let t = local_global.refinement.schedule.levels()?[skip];
        let values = made.random_field.as_slice();
        let power = values.iter().map(|v| f64::from(v * v)).sum::<f64>() / values.len() as f64;
        let expected = (power / (power + t * t)).sqrt();
        let found = correlation(&made.random_field, &made.field);
        // Four standard errors, and the discretisation's.
        let error = 4.0 / (values.len() as f64).sqrt() + 2e-3;
        assert!(
            (found - expected).abs() < error,
            "{skip}: {found} {expected}"
        );
        assert!(found > last);
        last = found;
    }
    Ok(())
}

/// Of a field's mean nothing is left, and its grid and names are kept.
#[test]
fn fields_of_any_origin_are_refined() -> Result<()> {
    let grid = Grid::new([6, 4, 8])?;
    let data = Array4::from_shape_fn((2, 6, 4, 8), |(c, x, y, z)| {
        c as f32 + 0.1 * ((x + 2 * y + 3 * z) as f32).sin()
    });
    let field = Field::new(grid, ["a", "b"], data)?;
    let first = std::cell::RefCell::new(None);
    let watching = |x: &Batch, sigma: f64| {
        let mean = x.slice_axis(Axis(1), Slice::from(1..2)).mean();
        first.borrow_mut().get_or_insert((mean, sigma));
        white(0.2)(x, sigma)
    };
    let local_global = LocalGlobal {
        refinement: diffusion::Sampler {
            skip: 24,
            ..diffusion::Sampler::default()
        },
        ..LocalGlobal::default()
    };
    let refined = local_global.refine(&watching, &field, 1, |_| Ok(()))?;
    assert_eq!(
        (refined.grid(), refined.channels()),
        (&grid, field.channels())
    );
    // The model already sees a field of mean zero.
    let (mean, sigma) = first.borrow().unwrap_or((None, 0.0));
    assert!(
        sigma < 0.01 && mean.is_some_and(|m| m.abs() < 1e-3),
        "{mean:?}"
    );
    let masked = field.with_mask(ndarray::Array3::from_elem((6, 4, 8), false).into_shared())?;
    assert!(
        local_global
            .refine(&watching, &masked, 1, |_| Ok(()))
            .is_err()
    );
    Ok(())
}

/// A network with random weights stands for a local model: what it makes is periodic, so a field
/// that is moved around the box gives the moved structure, where nothing random is added.
#[test]
fn what_a_local_model_makes_is_periodic() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| Error::io("temporary folder", e))?;
    let path = folder.path().join("columnar.safetensors");
    let device = Cpu::default();
    let denoiser = NetworkDenoiser {
        network: UNet::initial(UNetConfig::tiny(), 3, &device)?,
        preconditioning: Preconditioning::default(),
        padding: Padding::Replicate,
    };
    denoiser.network.save(&path)?;
    let model = LocalModel::open(&path)?;
    assert_eq!((model.name(), model.channels()), ("columnar", 3));
    let x = Batch::from_shape_fn((1, 3, 8, 8, 8), |(_, c, x, y, z)| {
        0.3 * ((c + 3 * x + 5 * y + 7 * z) as f32).sin()
    });
    let moved = |x: &Batch| {
        // Along each axis by the coarsening, so that the coarser grids move with it.
        let by = model.coarsening();
        Batch::from_shape_fn(x.dim(), |(b, c, i, j, k)| {
            x[[b, c, (i + by) % 8, (j + by) % 8, (k + by) % 8]]
        })
    };
    let distance = |a: &Batch, b: &Batch| (a - b).iter().fold(0f32, |m, d| m.max(d.abs()));
    let of_moved = model.denoise(&moved(&x), 0.5)?;
    assert!(distance(&of_moved, &moved(&model.denoise(&x, 0.5)?)) < 1e-4);
    let replicated = model.clone().with_padding(Padding::Replicate);
    let edge = distance(
        &replicated.denoise(&moved(&x), 0.5)?,
        &moved(&replicated.denoise(&x, 0.5)?),
    );
    assert!(edge > 1e-3, "{edge}");
    // Edges that are no multiple of the coarsening are refused with what would fit.
    let error = LocalGlobal {
        refinement: diffusion::Sampler {
            schedule: Schedule {
                steps: 2,
                ..Schedule::default()
            },
            skip: 1,
            ..diffusion::Sampler::default()
        },
        ..LocalGlobal::default()
    }
    .structure(&parameters()?, &model, &Grid::cube(34)?, SEEDS, |_| Ok(()));
    assert!(error.is_err_and(|e| e.to_string().contains("multiple of 4")));
    Ok(())
}

#[test]
fn settings_are_read_with_the_papers_as_default() {
    let all: LocalGlobal = toml::from_str("").unwrap();
    assert_eq!(all, LocalGlobal::default());
    let some: LocalGlobal =
        toml::from_str("random_field = \"full\"\nrefinement = { skip = 9 }").unwrap();
    assert_eq!(some.refinement.skip, 9);
    assert_eq!(some.refinement.schedule, Schedule::default());
    assert!(toml::from_str::<LocalGlobal>("skip = 9").is_err());
}

/// Tiles change nothing for what fits in one, and larger fields are cut: the network is asked
/// about tiles alone, whose blend is not far from what it says of the whole: normalisations and
/// attention see a tile in its place.
#[test]
fn a_local_model_cuts_what_is_larger_than_a_tile() -> Result<()> {
    let device = Cpu::default();
    let denoiser = NetworkDenoiser {
        network: UNet::initial(UNetConfig::tiny(), 3, &device)?,
        preconditioning: Preconditioning::default(),
        padding: Padding::Replicate,
    };
    let whole = LocalModel::new("untrained", denoiser);
    let tiles = |tile: usize, overlap: usize| {
        whole.clone().with_tiles(Tiling {
            tile,
            overlap,
            margin: 4,
            periodic: true,
        })
    };
    let x = |edge: usize| {
        Batch::from_shape_fn((1, 3, edge, edge, edge), |(_, c, x, y, z)| {
            0.3 * ((5 * c + 3 * x * x + 7 * y * z + 11 * z) as f32).sin()
        })
    };
    let tiled = tiles(16, 8)?;
    assert_eq!(tiled.denoise(&x(16), 0.3)?, whole.denoise(&x(16), 0.3)?);
    let (a, b) = (tiled.denoise(&x(32), 0.3)?, whole.denoise(&x(32), 0.3)?);
    let length = |x: &Batch| x.iter().map(|v| f64::from(v * v)).sum::<f64>().sqrt();
    let apart = length(&(&a - &b)) / length(&b);
    assert!(apart > 0.0 && apart < 0.3, "{apart}");
    assert!(tiles(18, 8).is_err_and(|e| e.to_string().contains("multiples of 4")));
    assert!(tiles(16, 4).is_err_and(|e| e.to_string().contains("2 margin")));
    Ok(())
}

/// The share of a field's variance that the best linear filter finds in it and white noise of
/// standard deviation `sigma` (Wiener's, of the field's own spectrum).
fn surviving(field: &Field, sigma: f64) -> Result<f64> {
    let fft = RealFft::<f64>::new(field.grid().shape)?;
    let values: Vec<f64> = field.as_slice()[..fft.voxels()]
        .iter()
        .map(|v| f64::from(*v))
        .collect();
    // Half the spectrum: the other half is its mirror, and weighs as much.
    let mut spectrum = fft.spectrum();
    fft.forward(&values, &mut spectrum)?;
    let power = spectrum.iter().map(|f| f.norm_sqr() / values.len() as f64);
    let kept: f64 = power.clone().map(|s| s * s / (s + sigma * sigma)).sum();
    Ok(kept / power.sum::<f64>())
}

/// The same random field on grids of 32 and 64 voxels: at the levels that suit them noise leaves
/// the same share of it, at one level it does not.
#[test]
fn the_level_that_suits_a_grid_leaves_as_much_of_the_field() -> Result<()> {
    let skip = |edge: usize| -> Result<usize> {
        let suited = LocalGlobal::default().on_grid(&Grid::cube(edge)?)?;
        Ok(suited.refinement.skip)
    };
    assert_eq!([skip(128)?, skip(64)?, skip(32)?], [12, 15, 17]);
    // So many steps that rounding to one of them does not matter.
    let mut fine = LocalGlobal::default();
    fine.refinement.schedule.steps = 2000;
    let kernel = MosmKernel::new(&parameters()?)?;
    let at = |edge: usize| -> Result<(Field, f64)> {
        let grid = Grid::cube(edge)?;
        let field = Mogrf::of_kernel(&kernel, &grid, Images::All)?
            .sample(random_field::Sampler::Full, SEEDS.random_field)?;
        let refinement = fine.on_grid(&grid)?.refinement;
        Ok((field, refinement.schedule.levels()?[refinement.skip]))
    };
    let ((small, low), (large, high)) = (at(32)?, at(64)?);
    let (of_small, of_large) = (surviving(&small, low)?, surviving(&large, high)?);
    assert!((of_small - of_large).abs() < 0.02, "{of_small} {of_large}");
    let drowned = surviving(&small, high)?;
    assert!(drowned < of_large - 0.1, "{drowned} {of_large}");
    // Of two steps the second is the only one that may be first; one step leaves none.
    fine.refinement.schedule.steps = 2;
    assert_eq!(fine.on_grid(&Grid::cube(128)?)?.refinement.skip, 1);
    for steps in [0, 1] {
        fine.refinement.schedule.steps = steps;
        assert!(fine.on_grid(&Grid::cube(32)?).is_err());
    }
    let mut low = LocalGlobal::default();
    low.refinement.schedule.sigma_max = 1.0;
    assert!(low.on_grid(&Grid::cube(128)?).is_err());
    Ok(())
}
