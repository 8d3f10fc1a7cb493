use super::*;
use crate::microstructure::StandIn;
use crate::reconstruction::sections::tests::sections;
use crate::statistics::OnePoint;

/// Intercepts of whole volumes, which the fit never sees; grains that no line ends in are as long as
/// the volume.
fn intercepts(volume: &Field) -> [f64; 3] {
    let grains = Grains::by_rogsh(volume, 1e-3, true).unwrap();
    [0, 1, 2].map(|axis| {
        let extent = volume.grid().extent()[axis];
        grains
            .chords(axis)
            .unwrap()
            .mean_intercept
            .unwrap_or(extent)
    })
}

#[test]
fn volumes_have_the_sections_grain_sizes_and_texture() {
    let truth = StandIn::Rolled
        .generate([48; 3], 3)
        .unwrap()
        .rogsh()
        .unwrap();
    let maps = sections(&truth, 20);
    let model = MeanField::fit(maps.each_ref(), truth.grid(), 1e-3, 1).unwrap();
    let seen = in_numbers(&maps.each_ref().map(|map| flat_grains(map, 1e-3).unwrap())).unwrap();
    let mut mean = [0.0; 3];
    for seed in 0..4 {
        let volume = model.sample(seed).unwrap();
        for (sum, one) in mean.iter_mut().zip(intercepts(&volume)) {
            *sum += one / 4.0;
        }
        // Nothing but what was seen.
        let found = OnePoint::of(&volume).unwrap();
        let known = OnePoint::of(&truth).unwrap();
        assert!(found.min[0] >= known.min[0] && found.max[0] <= known.max[0]);
    }
    for (found, expected) in mean.iter().zip(seen.intercepts) {
        assert!(
            (found / expected - 1.0).abs() < 0.2,
            "{mean:?} {:?}",
            seen.intercepts
        );
    }
    assert_eq!(model.sample(1).unwrap(), model.sample(1).unwrap());
    assert_ne!(model.sample(1).unwrap(), model.sample(2).unwrap());
}

#[test]
fn a_single_grain_stays_one_and_volumes_are_no_maps() {
    let grid = Grid::new([8, 8, 1]).unwrap();
    let flat = Field::new(grid, ROGSH_NAMES, Array4::from_elem((3, 8, 8, 1), 0.25)).unwrap();
    let volume = Grid::cube(8).unwrap();
    let model = MeanField::fit([&flat, &flat, &flat], &volume, 0.05, 1).unwrap();
    assert!(
        model
            .sample(1)
            .unwrap()
            .as_slice()
            .iter()
            .all(|v| *v == 0.25)
    );
    let whole = Field::new(volume, ROGSH_NAMES, Array4::zeros((3, 8, 8, 8))).unwrap();
    assert!(MeanField::fit([&whole, &flat, &flat], &volume, 0.05, 1).is_err());
}

/// Every voxel of the maps another grain, of half the size of the volume's voxels: no tessellation
/// on these has such grains, however small its balls become.
#[test]
fn grains_below_a_voxel_are_refused() {
    let grid = Grid {
        spacing: [0.5; 3],
        ..Grid::new([16, 16, 1]).unwrap()
    };
    let data = Array4::from_shape_fn((3, 16, 16, 1), |(_, x, y, _)| {
        0.2 * ((7 * x + 13 * y) % 5) as f32
    });
    let map = Field::new(grid, ROGSH_NAMES, data).unwrap();
    let volume = Grid::cube(16).unwrap();
    let found = MeanField::fit([&map, &map, &map], &volume, 0.05, 1);
    assert!(found.is_err_and(|e| e.to_string().contains("finer voxels")));
}
