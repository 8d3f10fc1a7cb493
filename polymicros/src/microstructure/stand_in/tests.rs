use super::*;
use crate::microstructure::Grains;
use crate::orientation::disorientation;

#[test]
fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() -> Result<()> {
    let once = || StandIn::Twinned.generate([24, 20, 16], 3);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .map_err(|e| Error::numerical("thread pool", e.to_string()))?;
    assert_eq!(once()?, pool.install(once)?);
    assert_ne!(once()?, StandIn::Twinned.generate([24, 20, 16], 4)?);
    Ok(())
}

#[test]
fn equiaxed_grains_look_like_normal_grain_growth() -> Result<()> {
    let sizes = Grains::of_source(&StandIn::Recrystallised.generate([64; 3], 1)?, true)?;
    println!(
        "{} grains, {:.2} neighbours, sigma {:.3}",
        sizes.count(),
        sizes.mean_neighbours(),
        sizes.lognormal_sigma()
    );
    // Normal grain growth: 13.5 to 14 neighbours; the sigma of diameters is 0.3 to 0.55 with the
    // tail of vanishing grains.
    assert!((200..=400).contains(&sizes.count()));
    assert!((12.5..=15.0).contains(&sizes.mean_neighbours()));
    assert!((0.25..=0.6).contains(&sizes.lognormal_sigma()));
    Ok(())
}

#[test]
fn columnar_grains_point_001_along_z() -> Result<()> {
    let volume = StandIn::Columnar.generate([32, 32, 64], 2)?;
    let near = volume
        .euler()
        .lanes(ndarray::Axis(0))
        .into_iter()
        .filter(|angles| {
            let g = Euler::new(angles[0].into(), angles[1].into(), angles[2].into());
            let largest = g.sample_z().iter().fold(0.0f64, |m, c| m.max(c.abs()));
            largest > 15f64.to_radians().cos()
        })
        .count();
    assert!(near as f64 > 0.9 * volume.grid().voxels() as f64);
    Ok(())
}

#[test]
fn twins_share_sigma_3_boundaries() -> Result<()> {
    let volume = StandIn::Twinned.generate([48; 3], 5)?;
    let euler = volume.euler();
    let sigma3 = (0..48)
        .flat_map(|y| (0..48).map(move |z| (y, z)))
        .flat_map(|(y, z)| (0..47).map(move |x| (x, y, z)))
        .filter(|&(x, y, z)| {
            let of = |x| {
                Euler::new(
                    euler[[0, x, y, z]].into(),
                    euler[[1, x, y, z]].into(),
                    euler[[2, x, y, z]].into(),
                )
            };
            let ids = volume
                .grain_ids()
                .map(|ids| (ids[[x, y, z]], ids[[x + 1, y, z]]));
            ids.is_some_and(|(a, b)| a != b)
                && (disorientation(of(x), of(x + 1)).to_degrees() - 60.0).abs() < 0.01
        })
        .count();
    assert!(sigma3 > 200, "{sigma3} faces of twin boundaries");
    Ok(())
}

#[test]
fn shapes_too_small_for_a_grain_are_refused() {
    assert!(StandIn::Rolled.generate([64, 64, 4], 1).is_err());
}
