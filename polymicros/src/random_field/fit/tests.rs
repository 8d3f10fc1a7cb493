use super::*;
use crate::microstructure::{Grid, Microstructure, StandIn};
use crate::random_field::{Bounds, Images};
use crate::statistics::{Cutoff, Pairs};
use std::path::Path;

#[test]
fn gradients_are_finite_differences() -> Result<()> {
    let volume = StandIn::Twinned.generate([16, 18, 14], 1)?;
    let covariance = TwoPoint::periodic(&volume.rogsh()?, &Pairs::All)?.to_covariance();
    let objective = Objective::new(&covariance, 10)?;
    for mixtures in [1, 3] {
        let bounds = Bounds {
            mixtures,
            weight: [-0.3, 0.3],
            ..Bounds::paper()
        };
        for set in bounds.latin_hypercube(2, 5)? {
            let vector = objective::vector(&set);
            let (value, gradient) = objective.value_and_gradient(&vector)?;
            assert!((value - objective.value(&vector)?).abs() < 1e-14 * value.abs());
            let largest = gradient.iter().fold(0.0f64, |m, g| g.abs().max(m));
            for i in 0..vector.len() {
                let step = 1e-5;
                let moved = |by: f64| {
                    let mut moved = vector.clone();
                    moved[i] += by;
                    objective.value(&moved)
                };
                let expected = (moved(step)? - moved(-step)?) / (2.0 * step);
                let difference = (gradient[i] - expected).abs();
                assert!(
                    difference < 1e-7 * largest,
                    "{i}: {} {expected}",
                    gradient[i]
                );
            }
        }
    }
    Ok(())
}

#[test]
fn a_kernels_own_covariances_are_fitted() -> Result<()> {
    let bounds = Bounds {
        mixtures: 1,
        ..Bounds::paper()
    };
    let kernel = MosmKernel::new(&bounds.latin_hypercube(3, 2)?[0])?;
    let covariance = kernel.covariance(&Grid::cube(24)?, &Pairs::All, Images::Nearest)?;
    let settings = FitSettings {
        displacements: 12,
        starts: 4,
        ..FitSettings::default()
    };
    let fits = Fit::path(&covariance, 2, &settings)?;
    println!(
        "one mixture of one: {:.1e}, two: {:.1e}",
        fits[0].error, fits[1].error
    );
    assert!(fits[1].error < 0.05, "{}", fits[1].error);
    // What the error says is what the fitted kernel does.
    let again = fits[1].kernel()?;
    let (mut difference, mut size) = (0.0, 0.0);
    let variance = kernel.variance();
    for (map, &(b, g)) in covariance.values().outer_iter().zip(covariance.pairs()) {
        let unit = if b == g { 1.0 } else { 2.0 } / (variance[b] * variance[g]);
        for ((x, y, z), value) in map.indexed_iter() {
            let r = covariance.displacement([x, y, z]);
            let radians = r.map(|r| r as f64 * std::f64::consts::TAU / 24.0);
            let found = again.at((b, g), radians)?;
            difference += unit * (found - f64::from(*value)).powi(2);
            size += unit * f64::from(*value).powi(2);
        }
    }
    let error = (difference / size).sqrt();
    assert!(
        (error / fits[1].error - 1.0).abs() < 1e-3,
        "{error} {}",
        fits[1].error
    );
    Ok(())
}

#[test]
fn the_error_falls_with_the_number_of_mixtures_on_a_stand_in() -> Result<()> {
    let volume = StandIn::Twinned.generate([24; 3], 1)?;
    let covariance = TwoPoint::periodic(&volume.rogsh()?, &Pairs::All)?.to_covariance();
    let settings = FitSettings {
        displacements: 12,
        iterations: 60,
        ..FitSettings::default()
    };
    let fits = Fit::path(&covariance, 4, &settings)?;
    let errors: Vec<f64> = fits.iter().map(|fit| fit.seen_error).collect();
    println!(
        "stand-in: {errors:.3?}, at all displacements {:.3}",
        fits[3].error
    );
    assert!(errors.windows(2).all(|two| two[1] <= two[0]), "{errors:?}");
    assert!(errors[3] < 0.9 * errors[0], "{errors:?}");
    assert!(Fit::path(&covariance.to_statistics(), 1, &settings).is_err());
    let some = TwoPoint::periodic(&volume.rogsh()?, &Pairs::WithFirst)?.to_covariance();
    assert!(Fit::path(&some, 1, &settings).is_err());
    Ok(())
}

/// Skips, and says so, where the data are not there.
#[test]
fn the_error_falls_with_the_number_of_mixtures_on_real_aluminium() -> Result<()> {
    let file = std::env::var_os("POLYMICROS_DATA")
        .map(|folder| Path::new(&folder).join("crispy_labdct_al1050/lab_dct_Al1050.h5"))
        .filter(|file| file.is_file());
    let Some(file) = file else {
        println!("skipped: POLYMICROS_DATA names no folder with the aluminium volume");
        return Ok(());
    };
    let field = Microstructure::open(file)?.rogsh()?;
    let cutoff = Cutoff {
        displacement: [20, 20, 16],
        min_pairs: 1,
    };
    let covariance = TwoPoint::non_periodic(&field, &Pairs::All, cutoff)?.to_covariance();
    let settings = FitSettings {
        displacements: 11,
        iterations: 40,
        starts: 1,
        seed: 1,
    };
    let fits = Fit::path(&covariance, 3, &settings)?;
    let errors: Vec<f64> = fits.iter().map(|fit| fit.error).collect();
    println!("aluminium: {errors:.3?}");
    assert!(fits[2].seen_error < fits[0].seen_error);
    Ok(())
}
