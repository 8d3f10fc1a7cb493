use super::*;
use crate::reconstruction::sections::tests::{cells, sections};
use crate::reconstruction::sections::{Estimate, MatchSettings, SectionSettings};

#[test]
fn what_a_volume_has_is_its_own_nearest() {
    let target = OrthogonalStatistics::of_volume(&cells([12, 10, 8], 9, 1)).unwrap();
    let settings = ReachSettings {
        noise: 0.0,
        ..ReachSettings::default()
    };
    let reachable = Reachable::nearest(&target, &settings).unwrap();
    let scale = target.planes().unwrap().mean_square();
    assert!(
        reachable.floor.mean_square < 1e-4 * scale,
        "{:?}",
        reachable.floor
    );
    assert!(reachable.floor.axes_mean_square < 1e-12 * scale);
}

/// Statistics whose nearest is known: those of a volume, less a negative definite spectrum that is
/// not zero only where the volume has no power.
#[test]
fn an_indefinite_target_has_the_floor_that_convexity_says() {
    let volume = cells([8, 8, 8], 6, 3);
    let statistics = OrthogonalStatistics::of_volume(&volume).unwrap();
    // Without the power on the plane of the highest frequency along x.
    let mut spectra = Spectra::<f64>::new([8; 3]).unwrap();
    let values: Vec<f64> = volume.as_slice().iter().map(|&v| f64::from(v)).collect();
    let mut smooth = values.clone();
    for (line, out) in [(values, &mut smooth)] {
        for c in 0..3 {
            for yz in 0..64 {
                let at = |x: usize| c * 512 + x * 64 + yz;
                let alternating: f64 = (0..8)
                    .map(|x| line[at(x)] * if x % 2 == 0 { 1.0 } else { -1.0 })
                    .sum();
                for x in 0..8 {
                    let sign = if x % 2 == 0 { 1.0 } else { -1.0 };
                    out[at(x)] = line[at(x)] - sign * alternating / 8.0;
                }
            }
        }
    }
    spectra.load(&smooth).unwrap();
    let possible = spectra.planes();
    let removed = 3e-3;
    let asked = {
        // On the planes that have k_x, at k_x = 4, less than nothing is asked for.
        let mut count = [0usize; 3];
        let mut matrices = [0, 1, 2].map(|axis| possible.of(axis).to_vec());
        for (axis, columns) in [(1, 5), (2, 8)] {
            for (k, matrix) in matrices[axis].iter_mut().enumerate() {
                if k / columns == 4 {
                    *matrix = matrix.minus(&Hermitian::multiple(removed));
                    count[axis] += 1;
                }
            }
        }
        assert_eq!(count, [0, 5, 8]);
        Planes::new([8; 3], matrices)
    };
    let wanted = statistics.with_planes(&asked).unwrap();
    let floor = Reachable::nearest(&wanted, &ReachSettings::default())
        .unwrap()
        .floor;
    // Nothing below the frequency's zero power is possible, and zero is.
    let exact = asked.minus(&possible).mean_square();
    assert!(floor.at_least <= exact * 1.0001, "{floor:?} {exact}");
    assert!(floor.mean_square >= exact * 0.9999, "{floor:?} {exact}");
    assert!(floor.mean_square < 1.1 * exact, "{floor:?} {exact}");
    assert!(floor.at_least > 0.85 * exact, "{floor:?} {exact}");
}

#[test]
fn three_sections_have_a_floor_and_its_statistics_can_be_had() {
    let volume = cells([20, 20, 20], 40, 5);
    let maps = sections(&volume, 3);
    let settings = SectionSettings {
        shape: [20; 3],
        spacing: None,
        estimate: Estimate::Tapered,
    };
    let measured = OrthogonalStatistics::of_sections(maps.each_ref(), &settings).unwrap();
    let reachable = Reachable::nearest(&measured, &ReachSettings::default()).unwrap();
    let floor = reachable.floor;
    assert!(floor.axes_mean_square > 0.0 && floor.axes_mean_square < floor.mean_square);
    assert!(floor.at_least <= floor.mean_square, "{floor:?}");
    assert!(floor.at_least > 0.5 * floor.mean_square, "{floor:?}");
    // No volume does better on what was measured, and the nearest statistics are some volume's, which
    // the matching of Algorithm 5 comes to.
    let mut field = cells([20, 20, 20], 40, 6).as_slice().to_vec();
    let goal = Goal {
        iterations: MatchSettings::default().iterations,
        ..Goal::maximum(1e-5)
    };
    let outcome = Optimiser::Scaling
        .run(&reachable.statistics, &mut field, &goal)
        .unwrap();
    assert!(
        outcome.reached,
        "{} after {}",
        outcome.mean_square,
        outcome.history.len()
    );
    let direct = Mismatch::<f32>::new(&measured)
        .unwrap()
        .value(&field)
        .unwrap();
    assert!(
        direct >= floor.at_least && direct < 1.05 * floor.mean_square,
        "{direct} {floor:?}"
    );
}
