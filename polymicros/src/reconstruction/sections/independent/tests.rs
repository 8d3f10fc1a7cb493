use super::*;
use crate::microstructure::LengthUnit;
use crate::reconstruction::sections::tests::{cells, sections};
use ndarray::Axis;

fn settings(shape: [usize; 3], estimate: Estimate) -> SectionSettings {
    SectionSettings {
        shape,
        spacing: None,
        estimate,
    }
}

/// A volume that is the same along an axis has on the plane perpendicular to it the statistics of
/// any of its sections.
#[test]
fn wrapped_statistics_of_a_section_are_those_of_a_volume_of_equal_sections() {
    let volume = cells([8, 6, 10], 9, 1);
    let maps = sections(&volume, 1);
    let shape = volume.grid().shape;
    let found =
        OrthogonalStatistics::of_sections(maps.each_ref(), &settings(shape, Estimate::Wrapped))
            .unwrap();
    for (axis, map) in [2, 1, 0].into_iter().zip(&maps) {
        let mut data = volume.data().to_owned();
        let values = map.data().index_axis(Axis(axis + 1), 0);
        for mut plane in data.axis_iter_mut(Axis(axis + 1)) {
            plane.assign(&values);
        }
        let same = Field::new(*volume.grid(), volume.channels().to_vec(), data).unwrap();
        let expected = OrthogonalStatistics::of_volume(&same).unwrap();
        for (a, b) in found
            .plane(axis)
            .unwrap()
            .iter()
            .zip(expected.plane(axis).unwrap())
        {
            assert!((a - b).abs() < 1e-7, "axis {axis}: {a} {b}");
        }
    }
}

#[test]
fn tapered_statistics_are_means_over_pairs_up_to_half_of_their_reach() {
    let volume = cells([16, 12, 14], 9, 4);
    let maps = sections(&volume, 1);
    let shape = volume.grid().shape;
    let found =
        OrthogonalStatistics::of_sections(maps.each_ref(), &settings(shape, Estimate::Tapered))
            .unwrap();
    // The xy map, pair 01, over all pairs of pixels that are (r, s) apart.
    let map = maps[0].data();
    let mean: Vec<f64> = map
        .outer_iter()
        .map(|c| f64::from(c.mean().unwrap()))
        .collect();
    for (r, s) in [(0, 0), (3, 2), (4, 3), (1, -3), (-4, 2)] {
        let (mut sum, mut count) = (0.0, 0.0);
        for i in 0..16isize {
            for j in 0..12isize {
                let (k, l) = (i + r, j + s);
                if (0..16).contains(&k) && (0..12).contains(&l) {
                    let a = f64::from(map[[0, i as usize, j as usize, 0]]);
                    sum += a * f64::from(map[[1, k as usize, l as usize, 0]]);
                    count += 1.0;
                }
            }
        }
        let expected = sum / count - mean[0] * mean[1];
        let index = [1, r.rem_euclid(16) as usize, s.rem_euclid(12) as usize];
        let value = found.plane(2).unwrap()[index];
        assert!(
            (value - expected).abs() < 1e-6,
            "({r}, {s}): {value} {expected}"
        );
    }
    // At the end of their reach they are zero.
    assert!(found.plane(2).unwrap()[[0, 8, 0]].abs() < 1e-12);
    assert_eq!(taper(0.5), 1.0);
    assert!((taper(0.75) - 0.5).abs() < 1e-12);
}

#[test]
fn maps_of_another_spacing_give_the_same_statistics() {
    let volume = cells([8, 6, 10], 9, 1);
    let [xy, xz, yz] = sections(&volume, 1);
    // The xy map measured with pixels of half the size.
    let fine = Array4::from_shape_fn((3, 16, 12, 1), |(c, i, j, _)| {
        xy.data()[[c, i / 2, j / 2, 0]]
    });
    let grid = Grid::with_spacing([16, 12, 1], [0.5, 0.5, 1.0], LengthUnit::Voxel).unwrap();
    let fine = Field::new(grid, xy.channels().to_vec(), fine).unwrap();
    let shape = volume.grid().shape;
    let coarse = SectionSettings {
        spacing: Some(1.0),
        ..settings(shape, Estimate::Wrapped)
    };
    let of = |maps: [&Field; 3]| OrthogonalStatistics::of_sections(maps, &coarse).unwrap();
    let errors = of([&fine, &xz, &yz]).errors(&of([&xy, &xz, &yz])).unwrap();
    assert!(
        errors.iter().all(|error| error.maximum < 1e-8),
        "{errors:?}"
    );
}

#[test]
fn volumes_larger_than_the_maps_are_uncorrelated_beyond_them() {
    let volume = cells([12, 12, 12], 9, 2);
    let maps = sections(&volume, 1);
    let small =
        OrthogonalStatistics::of_sections(maps.each_ref(), &settings([12; 3], Estimate::Tapered))
            .unwrap();
    let large =
        OrthogonalStatistics::of_sections(maps.each_ref(), &settings([32; 3], Estimate::Tapered))
            .unwrap();
    assert_eq!(large.grid().shape, [32; 3]);
    for axis in 0..3 {
        for ((pair, i, j), value) in large.plane(axis).unwrap().indexed_iter() {
            let (r, s) = (signed(i, 32), signed(j, 32));
            let expected = match r.abs().max(s.abs()) < 6 {
                true => small.plane(axis).unwrap()
                    [[pair, r.rem_euclid(12) as usize, s.rem_euclid(12) as usize]],
                false => 0.0,
            };
            assert!((value - expected).abs() < 1e-9);
        }
    }
}

#[test]
fn maps_that_do_not_fit_are_refused() {
    let volume = cells([8, 6, 10], 9, 1);
    let maps = sections(&volume, 1);
    let says = |maps: [&Field; 3], settings: &SectionSettings| {
        OrthogonalStatistics::of_sections(maps, settings)
            .unwrap_err()
            .to_string()
    };
    let wrapped = settings([8, 6, 12], Estimate::Wrapped);
    assert!(says(maps.each_ref(), &wrapped).contains("6 x 12"));
    let wrapped = settings([8, 6, 10], Estimate::Wrapped);
    assert!(says([&volume, &maps[1], &maps[2]], &wrapped).contains("two axes"));
    let grid = Grid::with_spacing([6, 10, 1], [1.0; 3], LengthUnit::Micrometre).unwrap();
    let other = Field::new(grid, ["a", "b", "c"], Array4::zeros((3, 6, 10, 1))).unwrap();
    assert!(says([&maps[0], &maps[1], &other], &wrapped).contains("µm"));
}
