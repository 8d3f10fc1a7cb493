use super::*;
use crate::microstructure::StandIn;
use crate::reconstruction::sections::tests::{cells, noise};
use crate::statistics::{Pairs, TwoPoint};

/// Eq. 1 at each displacement of each plane, summed as it stands, less the product of the means.
fn brute_force(field: &Field) -> [Array3<f64>; 3] {
    let shape = field.grid().shape;
    let mean = three(field).unwrap();
    let data = field.data();
    let value = |c: usize, at: [usize; 3]| f64::from(data[[c, at[0], at[1], at[2]]]);
    let voxels = field.grid().voxels() as f64;
    [0, 1, 2].map(|axis| {
        let [i, j] = SPANNED[axis];
        Array3::from_shape_fn((6, shape[i], shape[j]), |(pair, a, b)| {
            let (first, second) = PAIRS[pair];
            let mut sum = 0.0;
            for (s, _) in ndarray::Array3::<u8>::zeros(shape).indexed_iter() {
                let s = [s.0, s.1, s.2];
                let mut moved = s;
                moved[i] = (s[i] + a) % shape[i];
                moved[j] = (s[j] + b) % shape[j];
                sum += value(first, s) * value(second, moved);
            }
            sum / voxels - mean[first] * mean[second]
        })
    })
}

#[test]
fn planes_are_those_of_a_sum_over_all_voxels() {
    // Even and odd edges, none equal.
    for shape in [[6, 5, 4], [3, 4, 7], [2, 6, 3]] {
        let field = noise(shape, 5);
        let found = OrthogonalStatistics::of_volume(&field).unwrap();
        for (axis, expected) in brute_force(&field).iter().enumerate() {
            for (a, b) in found.plane(axis).unwrap().iter().zip(expected) {
                assert!((a - b).abs() < 2e-7, "{shape:?} axis {axis}: {a} {b}");
            }
        }
    }
}

#[test]
fn planes_are_slices_of_the_whole_statistics() {
    let field = StandIn::Columnar
        .generate([16, 12, 14], 3)
        .unwrap()
        .rogsh()
        .unwrap();
    let found = OrthogonalStatistics::of_volume(&field).unwrap();
    let whole = TwoPoint::periodic(&field, &Pairs::All)
        .unwrap()
        .to_covariance();
    for axis in 0..3 {
        for pair in PAIRS {
            let slice = whole.slice(pair, axis).unwrap();
            let plane = found.centred(pair, axis).unwrap();
            for (a, b) in plane.iter().zip(&slice) {
                assert!((a - b).abs() < 1e-6, "{pair:?} axis {axis}: {a} {b}");
            }
        }
    }
    assert!(found.centred((1, 0), 0).is_err());
    assert!(found.plane(3).is_err());
}

#[test]
fn coefficients_and_covariances_are_transforms_of_each_other() {
    for shape in [[6, 5, 4], [4, 6, 7]] {
        let statistics = OrthogonalStatistics::of_volume(&noise(shape, 2)).unwrap();
        let planes = statistics.planes().unwrap();
        let again = statistics.with_planes(&planes).unwrap();
        let errors = again.errors(&statistics).unwrap();
        assert!(errors.iter().all(|error| error.maximum < 1e-15));
        // Parseval: the mean square is the same on either side.
        let values = statistics.covariances.iter().flatten();
        let direct = values.map(|value| value * value).sum::<f64>() / planes.values();
        assert!((planes.mean_square() / direct - 1.0).abs() < 1e-12);
    }
}

#[test]
fn planes_of_one_volume_agree_where_they_meet() {
    let statistics = OrthogonalStatistics::of_volume(&cells([8, 6, 10], 5, 1)).unwrap();
    let shared = statistics.with_shared_axes();
    let worst = |errors: Vec<CorrelationError>| {
        errors.iter().map(|error| error.maximum).fold(0.0, f64::max)
    };
    assert!(worst(shared.errors(&statistics).unwrap()) < 1e-8);

    // Planes that do not: averaging is a projection, so what it changes is orthogonal to what is
    // left, and to the difference of any two that agree.
    let mut apart = statistics.clone();
    for (axis, plane) in apart.covariances.iter_mut().enumerate() {
        plane.mapv_inplace(|value| value * (1.0 + 0.1 * axis as f64));
    }
    let near = apart.with_shared_axes();
    let difference = |a: &OrthogonalStatistics, b: &OrthogonalStatistics| {
        let all = a
            .covariances
            .iter()
            .flatten()
            .zip(b.covariances.iter().flatten());
        all.map(|(a, b)| a - b).collect::<Vec<f64>>()
    };
    let moved = difference(&apart, &near);
    let within = difference(&near, &shared);
    let product: f64 = moved.iter().zip(&within).map(|(a, b)| a * b).sum();
    let sizes = [&moved, &within].map(|d| d.iter().map(|v| v * v).sum::<f64>().sqrt());
    assert!(
        product.abs() < 1e-9 * sizes[0] * sizes[1],
        "{product} {sizes:?}"
    );
    assert!(sizes[0] > 1e-3);
    let twice = near.with_shared_axes();
    assert!(worst(twice.errors(&near).unwrap()) < 1e-15);
}

#[test]
fn errors_are_those_of_statistics_with_their_means() {
    let one = OrthogonalStatistics::of_volume(&noise([4, 4, 4], 1)).unwrap();
    let mut other = one.clone();
    other.mean[1] += 0.5;
    other.covariances[2][[0, 1, 2]] += 0.25;
    let errors = other.errors(&one).unwrap();
    assert!((errors[0].maximum - 0.25).abs() < 1e-12);
    assert!((errors[0].mean - 0.25 / 48.0).abs() < 1e-12);
    assert!((errors[0].mean_square - 0.0625 / 48.0).abs() < 1e-12);
    let shift = other.mean[1].powi(2) - one.mean[1].powi(2);
    assert!((errors[3].mean - shift.abs()).abs() < 1e-12);
    let mean = OrthogonalStatistics::mean_of(&[one.clone(), other.clone()]).unwrap();
    assert!((mean.errors(&one).unwrap()[0].maximum - 0.125).abs() < 1e-12);
    assert!((other.difference(&one).unwrap().mean()[1] - 0.5).abs() < 1e-15);
    let larger = OrthogonalStatistics::of_volume(&noise([4, 4, 6], 1)).unwrap();
    assert!(larger.errors(&one).is_err());
    assert!(OrthogonalStatistics::mean_of(&[]).is_err());
}
