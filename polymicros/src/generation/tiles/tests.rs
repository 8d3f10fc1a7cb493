use super::*;
use crate::diffusion::{MeanCorrection, Sampler, Schedule};
use ndarray::{Axis, Slice};
use proptest::prelude::*;
use std::cell::Cell;

fn field(shape: [usize; 3]) -> Batch {
    let [nx, ny, nz] = shape;
    Batch::from_shape_fn((2, 2, nx, ny, nz), |(b, c, x, y, z)| {
        ((17 * b + 31 * c + 7 * x * x + 3 * y * z + 5 * z) as f32).sin()
    })
}

/// The mean over a cube that reaches `reach` voxels in each direction; beyond its input it takes
/// the voxel at the edge again, or goes on at the other side.
fn average(reach: usize, around: bool) -> impl Fn(&Batch, f64) -> Result<Batch> {
    move |x: &Batch, _: f64| {
        let mut x = x.clone();
        for axis in 2..5 {
            let n = x.len_of(Axis(axis)) as isize;
            let before = x.clone();
            let reach = reach as isize;
            for (at, mut plane) in x.axis_iter_mut(Axis(axis)).enumerate() {
                plane.fill(0.0);
                for shift in -reach..=reach {
                    let from = at as isize + shift;
                    let from = if around {
                        from.rem_euclid(n)
                    } else {
                        from.clamp(0, n - 1)
                    };
                    let from = before.index_axis(Axis(axis), from as usize);
                    plane.scaled_add(1.0 / (2 * reach + 1) as f32, &from);
                }
            }
        }
        Ok(x)
    }
}

fn largest_difference(a: &Batch, b: &Batch) -> f32 {
    (a - b).iter().fold(0.0, |most, d| most.max(d.abs()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Shares add up to 1 in every voxel, are nowhere negative, and vanish in the margin.
    #[test]
    fn shares_are_a_partition_of_unity(
        edge in 1usize..90, tile in 2usize..40, overlap in 0usize..39, margin in 0usize..12,
        periodic: bool, alone: bool,
    ) {
        let tiling = Tiling { tile, overlap, margin, periodic };
        prop_assume!(tiling.check().is_ok());
        let cover = Cover::new(edge, &tiling, alone);
        let mut sums = vec![0f64; edge];
        for part in &cover.tiles {
            for (i, (&voxel, &share)) in part.voxels.iter().zip(&part.shares).enumerate() {
                prop_assert!(share >= 0.0);
                sums[voxel] += f64::from(share);
                let of_field = !periodic && (voxel < margin || voxel + margin >= edge);
                if edge > tile && !of_field && (i < margin || i >= tile - margin) {
                    prop_assert_eq!(share, 0.0);
                }
            }
        }
        for sum in sums {
            prop_assert!((sum - 1.0).abs() < 1e-5);
        }
    }

    /// Where a voxel's value depends on no other, tiles change nothing.
    #[test]
    fn a_pointwise_denoiser_agrees_with_the_whole(
        shape in prop::array::uniform3(1usize..24), tile in 3usize..12, overlap in 0usize..11,
        periodic: bool,
    ) {
        let tiling = Tiling { tile, overlap, margin: 0, periodic };
        prop_assume!(tiling.check().is_ok());
        let pointwise = |x: &Batch, sigma: f64| Ok(x.mapv(|v| v.powi(3) - sigma as f32));
        let x = field(shape);
        let whole = pointwise(&x, 0.3).map_err(failed)?;
        let tiled = Tiled { denoiser: &pointwise, tiling }.denoise(&x, 0.3).map_err(failed)?;
        // With a step of one voxel, each is the sum of a thousand shares in single precision.
        prop_assert!(largest_difference(&tiled, &whole) < 1e-4);
    }

    /// With a margin as wide as the reach, tiles agree with the whole, and the padding of tiles
    /// (that of a periodic field is not the tile's own) does not show.
    #[test]
    fn a_denoiser_of_finite_reach_agrees_with_the_whole(
        shape in prop::array::uniform3(4usize..26), reach in 1usize..4, extra in 0usize..4,
        periodic: bool,
    ) {
        let tiling = Tiling { tile: 12, overlap: 2 * reach + extra, margin: reach, periodic };
        let x = field(shape);
        let whole = average(reach, periodic)(&x, 0.0).map_err(failed)?;
        // A periodic field of one tile is the denoiser's own to wrap.
        prop_assume!(!periodic || tiling.divides(shape));
        let local = average(reach, false);
        let tiled = Tiled { denoiser: &local, tiling }.denoise(&x, 0.0).map_err(failed)?;
        prop_assert!(largest_difference(&tiled, &whole) < 1e-5);
    }
}

fn failed(error: Error) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

/// A margin below the reach shows, so the test above can fail.
#[test]
fn a_margin_below_the_reach_shows() -> Result<()> {
    let tiling = Tiling {
        tile: 12,
        overlap: 6,
        margin: 1,
        periodic: true,
    };
    let (x, local) = (field([24; 3]), average(3, false));
    let tiled = Tiled {
        denoiser: &local,
        tiling,
    };
    let difference = largest_difference(&tiled.denoise(&x, 0.0)?, &average(3, true)(&x, 0.0)?);
    assert!(difference > 1e-3, "{difference}");
    Ok(())
}

/// What a denoiser is given stays as small as a tile when the field grows, and only the number of
/// calls grows, with the volume.
#[test]
fn a_larger_field_asks_more_often_for_no_more() -> Result<()> {
    let tiling = Tiling {
        tile: 8,
        overlap: 4,
        margin: 1,
        periodic: true,
    };
    let mut calls = Vec::new();
    for edge in [8, 16, 32] {
        let (largest, count) = (Cell::new(0), Cell::new(0));
        let watching = |x: &Batch, _: f64| {
            largest.set(largest.get().max(x.len() / 4));
            count.set(count.get() + 1);
            Ok(x.clone())
        };
        Tiled {
            denoiser: &watching,
            tiling,
        }
        .denoise(&field([edge; 3]), 1.0)?;
        assert_eq!(largest.get(), 8 * 8 * 8);
        assert_eq!(count.get(), tiling.count([edge; 3])?);
        calls.push(count.get());
    }
    assert_eq!(calls, [1, 64, 512]);
    Ok(())
}

/// A whole run of the sampler: blending at each call keeps tiles together, so that the result is
/// the whole field's.
#[test]
fn sampling_in_tiles_gives_the_sample_of_the_whole() -> Result<()> {
    let sampler = Sampler {
        schedule: Schedule {
            steps: 6,
            ..Schedule::default()
        },
        skip: 2,
        ..Sampler::default()
    };
    // A denoiser in between the field and its local average, of reach 2 at every level.
    let local = |around: bool| {
        move |x: &Batch, sigma: f64| -> Result<Batch> {
            let mut mean = average(2, around)(x, sigma)?;
            let kept = (0.25 / (0.25 + sigma * sigma)) as f32;
            mean.zip_mut_with(x, |m, x| *m = kept * (0.5 * *m + 0.5 * x));
            Ok(mean)
        }
    };
    let tiling = Tiling {
        tile: 12,
        overlap: 6,
        margin: 2,
        periodic: true,
    };
    let run = |denoiser: &dyn Denoiser| {
        let mut mean = MeanCorrection::zero(2);
        sampler.sample(denoiser, field([20; 3]), 3, Some(&mut mean), |_| Ok(()))
    };
    let (inner, whole) = (local(false), local(true));
    let tiled = Tiled {
        denoiser: &inner,
        tiling,
    };
    let difference = largest_difference(&run(&tiled)?, &run(&whole)?);
    assert!(difference < 1e-3, "{difference}");
    Ok(())
}

#[test]
fn tiles_that_cover_nothing_are_refused() {
    let wrong = |tile, overlap, margin| {
        let tiling = Tiling {
            tile,
            overlap,
            margin,
            periodic: true,
        };
        tiling.count([64; 3]).is_err()
    };
    assert!(wrong(16, 16, 2) && wrong(16, 6, 4) && wrong(0, 0, 0));
    assert!(!wrong(16, 8, 4));
    let cropped = |x: &Batch, _: f64| Ok(x.slice_axis(Axis(2), Slice::from(1..)).to_owned());
    let tiled = Tiled {
        denoiser: &cropped,
        tiling: Tiling::default(),
    };
    assert!(
        tiled
            .denoise(&field([4; 3]), 1.0)
            .is_err_and(|e| e.to_string().contains("denoised tile"))
    );
}
