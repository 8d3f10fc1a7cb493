use super::*;
use crate::random_field::{Bounds, MosmParameters};
use ndarray::ArrayView3;

/// Parameters within the paper's bounds.
fn parameters(seed: u64) -> Result<MosmParameters> {
    Ok(Bounds::paper().latin_hypercube(4, seed)?.remove(1))
}

fn field(shape: [usize; 3], seed: u64) -> Result<Mogrf> {
    let kernel = MosmKernel::new(&parameters(seed)?)?;
    Mogrf::of_kernel(&kernel, &Grid::new(shape)?, Images::All)
}

/// Root mean square of the difference of two maps over that of the second.
fn distance(a: ArrayView3<'_, f32>, b: ArrayView3<'_, f32>) -> f64 {
    let (mut difference, mut size) = (0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        difference += f64::from(a - b).powi(2);
        size += f64::from(*b).powi(2);
    }
    (difference / size).sqrt()
}

#[test]
fn statistics_of_draws_converge_at_the_monte_carlo_rate() -> Result<()> {
    let field = field([24, 26, 25], 3)?;
    for sampler in [Sampler::Algorithm1, Sampler::Full] {
        let counts = [25, 100, 400];
        let errors = field.convergence(sampler, &counts, 1000)?;
        for pair in 0..6 {
            let scaled: Vec<f64> = errors
                .iter()
                .zip(counts)
                .map(|(error, count)| error[pair] * (count as f64).sqrt())
                .collect();
            println!("{sampler:?} pair {pair}: error x sqrt(draws) {scaled:.3?}");
            // A bias would show as growth by 2 from one to the next.
            assert!(
                scaled[2] < 1.35 * scaled[0] && scaled[2] > 0.6 * scaled[0],
                "{scaled:?}"
            );
            assert!(errors[2][pair] < 0.01, "{:?}", errors[2]);
        }
    }
    Ok(())
}

#[test]
fn algorithm_1_enforces_channel_0_alone_and_the_full_sampler_all() -> Result<()> {
    let kernel = MosmKernel::new(&parameters(3)?)?;
    let grid = Grid::cube(24)?;
    let field = Mogrf::of_kernel(&kernel, &grid, Images::All)?;
    let target = kernel.covariance(&grid, &Pairs::All, Images::All)?;
    let (printed, full) = (
        field.expected(Sampler::Algorithm1)?,
        field.expected(Sampler::Full)?,
    );
    let variance = |maps: &TwoPoint, c: usize| maps.at((c, c), [0; 3]).unwrap_or(f32::NAN);
    for (k, &(b, g)) in target.pairs().iter().enumerate() {
        // The zero frequency is left out: targets less their average.
        let wanted = target.map((b, g))?;
        let mean = wanted.mean().unwrap_or(f32::NAN);
        let wanted = wanted - mean;
        let [printed, full] = [&printed, &full]
            .map(|maps| distance(maps.values().index_axis(ndarray::Axis(0), k), wanted.view()));
        assert!(full < 1e-5, "pair ({b}, {g}): {full}");
        if b == 0 {
            assert!(printed < 1e-5, "pair (0, {g}): {printed}");
        } else {
            assert!(printed > 0.1, "pair ({b}, {g}): {printed}");
        }
    }
    for channel in [1, 2] {
        assert!(variance(&printed, channel) < 0.9 * variance(&full, channel));
    }
    // And the draws: their variance, averaged, is that of the sampler and not of the other.
    for (sampler, expected) in [(Sampler::Algorithm1, &printed), (Sampler::Full, &full)] {
        let draws = 60;
        let mut mean = [0.0; 3];
        for seed in 0..draws {
            let one = crate::statistics::OnePoint::of(&field.sample(sampler, seed)?)?;
            for (sum, variance) in mean.iter_mut().zip(&one.variance) {
                *sum += variance / draws as f64;
            }
        }
        for (channel, found) in mean.iter().enumerate() {
            let expected = f64::from(variance(expected, channel));
            assert!(
                (found / expected - 1.0).abs() < 0.06,
                "{sampler:?} {channel}: {found} {expected}"
            );
        }
    }
    Ok(())
}

#[test]
fn one_seed_is_one_structure_on_any_grid_and_number_of_threads() -> Result<()> {
    for sampler in [Sampler::Algorithm1, Sampler::Full] {
        let draw = |threads: usize, shape: [usize; 3]| -> Result<Field> {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .map_err(|e| Error::numerical("thread pool", e.to_string()))?
                .install(|| field(shape, 7)?.sample(sampler, 11))
        };
        let fine = draw(1, [64, 60, 72])?;
        assert_eq!(fine, draw(3, [64, 60, 72])?, "{sampler:?}");
        assert_ne!(fine, field([64, 60, 72], 7)?.sample(sampler, 12)?);
        // Every second voxel of the fine grid is a voxel of the coarse one; what differs are the
        // frequencies that the coarse one does not have.
        let coarse = draw(2, [32, 30, 36])?;
        let thinned = fine.data().slice(ndarray::s![.., ..;2, ..;2, ..;2]);
        for channel in 0..3 {
            let found = distance(
                thinned.index_axis(ndarray::Axis(0), channel),
                coarse.channel(channel)?,
            );
            assert!(found < 0.02, "{sampler:?} {channel}: {found}");
        }
    }
    Ok(())
}

#[test]
fn draws_of_a_kernel_and_of_its_covariances_are_the_same() -> Result<()> {
    for shape in [[24, 25, 26], [24, 30, 1]] {
        let kernel = MosmKernel::new(&parameters(5)?)?;
        let grid = Grid::new(shape)?;
        let covariance = kernel.covariance(&grid, &Pairs::All, Images::All)?;
        let of_kernel = Mogrf::of_kernel(&kernel, &grid, Images::All)?;
        let of_covariance = Mogrf::of_covariance(&covariance)?;
        let [a, b] = [of_kernel, of_covariance].map(|f| f.sample(Sampler::Algorithm1, 1));
        let (a, b) = (a?, b?);
        for channel in 0..3 {
            let found = distance(b.channel(channel)?, a.channel(channel)?);
            // Where F_00 is what f32 leaves of zero, line 14 divides rounding by rounding.
            assert!(found < 0.05, "{shape:?} {channel}: {found}");
        }
    }
    Ok(())
}

#[test]
fn the_mean_is_exact_and_moved_in_one_call() -> Result<()> {
    let field = field([24, 24, 24], 2)?;
    let zero = field.sample(Sampler::Full, 4)?;
    for mean in crate::statistics::means(&zero)? {
        assert!(mean.abs() < 1e-7, "{mean}");
    }
    let wanted = [0.1, -0.2, 0.3];
    let later = with_mean(&zero, &wanted)?;
    let earlier = field.clone().with_mean(&wanted)?.sample(Sampler::Full, 4)?;
    for moved in [&later, &earlier] {
        for (mean, wanted) in crate::statistics::means(moved)?.iter().zip(wanted) {
            assert!((mean - wanted).abs() < 1e-6, "{mean}");
        }
    }
    assert!(distance(later.channel(1)?, earlier.channel(1)?) < 1e-6);
    assert!(with_mean(&zero, &[0.0]).is_err());
    assert!(field.with_mean(&[0.0; 4]).is_err());
    Ok(())
}

#[test]
fn covariances_that_no_field_has_are_refused_with_the_worst_eigenvalue() -> Result<()> {
    let kernel = MosmKernel::new(&parameters(3)?)?;
    let grid = Grid::cube(24)?;
    let good = kernel.covariance(&grid, &Pairs::All, Images::All)?;
    // Cross-covariances twice as large as any field's.
    let mut values = good.values().to_owned();
    for (k, (b, g)) in good.pairs().iter().enumerate() {
        if b != g {
            values
                .index_axis_mut(ndarray::Axis(0), k)
                .mapv_inplace(|v| 2.0 * v);
        }
    }
    let bad = TwoPoint::new(
        grid,
        good.channels().to_vec(),
        &Pairs::All,
        Moment::Covariance,
        vec![0.0; 3],
        values,
    )?;
    let text = Mogrf::of_covariance(&bad)?
        .sample(Sampler::Full, 1)
        .map_or_else(|e| e.to_string(), |_| String::new());
    assert!(
        text.contains("worst eigenvalue") && text.contains("-"),
        "{text}"
    );
    assert!(
        Mogrf::of_covariance(&good)?
            .sample(Sampler::Full, 1)
            .is_ok()
    );

    let some = kernel.covariance(&grid, &Pairs::WithFirst, Images::All)?;
    let some = Mogrf::of_covariance(&some)?;
    assert!(some.sample(Sampler::Algorithm1, 1).is_ok());
    assert!(some.sample(Sampler::Full, 1).is_err());
    let coarse = Mogrf::of_kernel(&kernel, &Grid::cube(12)?, Images::All);
    assert!(coarse.is_err_and(|e| e.to_string().contains("too small for the kernel")));
    Ok(())
}
