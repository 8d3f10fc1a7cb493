use super::*;
use crate::microstructure::{Grid, StandIn};
use crate::orientation::ROGSH_NAMES;
use crate::reconstruction::sections::tests::{cells, noise};
use ndarray::Array4;

fn moved(field: &Field, by: [usize; 3]) -> Field {
    let [nx, ny, nz] = field.grid().shape;
    let data = Array4::from_shape_fn((3, nx, ny, nz), |(c, x, y, z)| {
        field.data()[[c, (x + by[0]) % nx, (y + by[1]) % ny, (z + by[2]) % nz]]
    });
    Field::new(*field.grid(), field.channels().to_vec(), data).unwrap()
}

#[test]
fn a_moved_volume_is_the_same_and_another_is_not() {
    let volume = cells([12, 10, 8], 9, 1);
    let same = similarity(&volume, &moved(&volume, [5, 2, 7])).unwrap();
    assert!((same - 1.0).abs() < 1e-5, "{same}");
    let negative = Field::new(
        *volume.grid(),
        ["a", "b", "c"],
        volume.data().mapv(|v| -v).to_owned(),
    );
    let other = similarity(&volume, &negative.unwrap()).unwrap();
    assert!(other < 0.9, "{other}");
    assert!(similarity(&volume, &cells([12, 10, 9], 9, 1)).is_err());
}

#[test]
fn moved_copies_of_the_truth_have_no_errors_and_noise_has() {
    let truth = cells([12, 10, 8], 9, 1);
    let target = OrthogonalStatistics::of_volume(&truth).unwrap();
    let members = [
        moved(&truth, [1, 2, 3]),
        moved(&truth, [6, 0, 2]),
        truth.clone(),
    ];
    let errors = EnsembleErrors::of(&members, &target).unwrap();
    assert!(errors.maximum < 1e-6 && errors.mean_square < 1e-14);
    assert_eq!((errors.members.len(), errors.similarity.len()), (3, 3));
    assert!(WholeErrors::of(&members[0], &truth).unwrap().maximum < 1e-6);

    let other = noise([12, 10, 8], 1);
    let errors = EnsembleErrors::of(std::slice::from_ref(&other), &target).unwrap();
    let largest = errors.members[0]
        .iter()
        .map(|e| e.maximum)
        .fold(0.0, f64::max);
    assert_eq!(errors.maximum, largest);
    let whole = WholeErrors::of(&other, &truth).unwrap();
    assert!(whole.maximum >= largest - 1e-6 && whole.mean > 1e-3);
}

#[test]
fn a_polycrystal_has_flat_grains_of_orientations_and_noise_has_neither() {
    let inverse = RogshInverse::new().unwrap();
    let volume = StandIn::Recrystallised
        .generate([24; 3], 2)
        .unwrap()
        .rogsh()
        .unwrap();
    let crystal = Morphology::of(&volume, 0.02, &inverse).unwrap();
    assert!(crystal.from_orientations < 1e-4, "{crystal:?}");
    assert!(crystal.within_grains > 0.6, "{crystal:?}");
    assert!(crystal.grains > 3 && crystal.mean_diameter.is_some_and(|d| d > 3.0));
    let blurred = {
        let noise = noise([24; 3], 1);
        Field::new(
            Grid::cube(24).unwrap(),
            ROGSH_NAMES,
            noise.data().to_owned().into_owned(),
        )
        .unwrap()
    };
    let noise = Morphology::of(&blurred, 0.02, &inverse).unwrap();
    assert!(noise.within_grains < 0.05 && noise.grains < 3, "{noise:?}");
}

/// Two grains that fill a half each: two boundaries along x, none along the others.
#[test]
fn halves_have_the_sizes_that_geometry_says() {
    let data = Array4::from_shape_fn((3, 8, 8, 8), |(_, x, ..)| if x < 4 { 0.0 } else { 0.3 });
    let field = Field::new(Grid::cube(8).unwrap(), ROGSH_NAMES, data).unwrap();
    let halves = Morphology::of(&field, 0.05, &RogshInverse::new().unwrap()).unwrap();
    assert_eq!(halves.grains, 2);
    assert_eq!(halves.intercepts, [Some(4.0), None, None]);
    assert!((halves.within_grains - (1.0 - 2.0 / 24.0)).abs() < 1e-12);
    let diameter = (6.0 * 256.0 / std::f64::consts::PI).cbrt();
    let mean = halves.mean_diameter.unwrap();
    assert!((mean - diameter).abs() < 1e-9);
    assert!(halves.lognormal_sigma.unwrap() < 1e-9);
}
