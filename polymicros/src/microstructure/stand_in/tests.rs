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

/// The orientations of a map are those of the first plane of the volume it is cut from, and two of
/// its voxels share a grain where those of the volume do.
#[test]
fn a_map_is_a_section_of_a_volume() -> Result<()> {
    for axis in 0..3 {
        let mut shape = [48, 40, 44];
        shape[axis] = 1;
        let whole = shapes::volume(StandIn::Rolled, shape);
        assert!(whole[axis] >= 28 && whole[(axis + 1) % 3] == shape[(axis + 1) % 3]);
        let map = StandIn::Rolled.generate(shape, 11)?;
        let volume = StandIn::Rolled.generate(whole, 11)?;
        assert_eq!(map.grid().shape, shape);
        assert_eq!(map.grid().dimensions(), 2);
        let plane = volume
            .euler()
            .slice_axis(ndarray::Axis(axis + 1), (0..1).into())
            .to_owned();
        assert_eq!(map.euler(), &plane.into_shared());
        let mut pairs = std::collections::BTreeSet::new();
        if let (Some(map), Some(volume)) = (map.grain_ids(), volume.grain_ids()) {
            let plane = volume.slice_axis(ndarray::Axis(axis), (0..1).into());
            pairs.extend(map.iter().copied().zip(plane.iter().copied()));
        }
        let mut grains: Vec<u32> = pairs.iter().map(|pair| pair.0).collect();
        assert!(grains.len() > 4);
        // One grain of the volume for each of the map, whose numbers are consecutive.
        assert!(grains.iter().copied().eq(1..=grains.len() as u32));
        grains = pairs.iter().map(|pair| pair.1).collect();
        grains.sort_unstable();
        grains.dedup();
        assert_eq!(grains.len(), pairs.len());
    }
    Ok(())
}

/// Random lines in a section of an isotropic structure are random lines in space, so their mean
/// intercept is the volume's; a section's grains, cut at any height, look smaller than they are.
#[test]
fn a_section_keeps_the_mean_intercept() -> Result<()> {
    let intercepts = |shape: [usize; 3]| -> Result<f64> {
        let grains = Grains::of_source(&StandIn::Recrystallised.generate(shape, 21)?, true)?;
        let mean = |axis| -> Result<f64> {
            let chords = grains.chords(axis)?;
            chords
                .mean_intercept
                .ok_or_else(|| Error::value("chords", "no boundary"))
        };
        Ok(0.5 * (mean(0)? + mean(1)?))
    };
    let (map, volume) = (intercepts([160, 160, 1])?, intercepts([64, 64, 64])?);
    assert!(
        (map / volume - 1.0).abs() < 0.08,
        "{map} in the map, {volume} in the volume"
    );
    Ok(())
}

#[test]
fn shapes_too_small_for_a_grain_are_refused() {
    for shape in [[64, 64, 4], [64, 64, 0], [64, 1, 1], [1, 1, 1], [7, 64, 1]] {
        let text = StandIn::Rolled
            .generate(shape, 1)
            .map_or_else(|e| e.to_string(), |m| m.name);
        assert!(text.contains("at least 8 voxels"), "{shape:?}: {text}");
    }
}
