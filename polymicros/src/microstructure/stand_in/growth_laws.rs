//! The scheme of [`super::growth`] against closed laws of motion by curvature.

use super::growth::Growth;
use super::nucleation::{nearest, nuclei};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

fn poisson(shape: [usize; 3], count: usize, seed: u64) -> Growth {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let nuclei = nuclei(shape, count, &mut rng);
    Growth::new(shape, nearest(shape, &nuclei), count)
}

/// Slope, intercept and R^2 of a straight line.
fn line(points: &[(f64, f64)]) -> (f64, f64, f64) {
    let n = points.len() as f64;
    let (mx, my) = points
        .iter()
        .fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        points.iter().map(|&(x, y)| f(x - mx, y - my)).sum()
    };
    let (xx, xy, yy) = (sum(&|x, _| x * x), sum(&|x, y| x * y), sum(&|_, y| y * y));
    (xy / xx, my - xy / xx * mx, xy * xy / (xx * yy))
}

#[test]
fn a_ball_shrinks_as_the_law_of_curvature_says() {
    // dR/dt = -2/R: R^2 falls by 4 for each unit of time.
    let n = 48;
    let middle = 23.3;
    let labels = (0..n * n * n)
        .map(|v| {
            let d2: f64 = [v / (n * n), v / n % n, v % n]
                .iter()
                .map(|&c| (c as f64 - middle).powi(2))
                .sum();
            u32::from(d2 < 15.0 * 15.0)
        })
        .collect();
    let mut growth = Growth::new([n; 3], labels, 2);
    let mut points = Vec::new();
    while growth.boxes[1].voxels > 3000 {
        let volume = growth.boxes[1].voxels as f64;
        let radius2 = (volume * 0.75 / std::f64::consts::PI).powf(2.0 / 3.0);
        points.push((growth.time, radius2));
        growth.step(2.2);
    }
    let (slope, start, fit) = line(&points);
    assert!((slope / -4.0 - 1.0).abs() < 0.03, "slope {slope}");
    assert!(
        (start / 225.0 - 1.0).abs() < 0.03,
        "R^2 at the start {start}"
    );
    assert!(fit > 0.999, "R^2 of the fit {fit}");
}

/// The number of neighbours of each grain in a periodic box; they share `least` faces of voxels.
fn neighbours(growth: &Growth, least: usize) -> Vec<usize> {
    let [nx, ny, nz] = growth.shape;
    let label =
        |x: usize, y: usize, z: usize| growth.labels[((x % nx) * ny + y % ny) * nz + z % nz];
    let mut contacts: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    for voxel in 0..nx * ny * nz {
        let [x, y, z] = [voxel / (ny * nz), voxel / nz % ny, voxel % nz];
        let a = label(x, y, z);
        for b in [label(x + 1, y, z), label(x, y + 1, z), label(x, y, z + 1)] {
            if a != b {
                *contacts.entry((a.min(b), a.max(b))).or_default() += 1;
            }
        }
    }
    let mut neighbours = vec![0; growth.boxes.len()];
    for ((a, b), _) in contacts.into_iter().filter(|(_, faces)| *faces >= least) {
        neighbours[a as usize] += 1;
        neighbours[b as usize] += 1;
    }
    neighbours
}

#[test]
fn flat_grains_obey_von_neumann_and_mullins() {
    // In two dimensions the area of a grain with n sides changes by (n - 6) pi / 3 in unit time,
    // whatever its size and shape (von Neumann 1952, Mullins 1956). The slope is 5 to 6 % high at
    // sigma = 0.1 of a grain's edge and nears pi / 3 from above as sigma falls.
    let mut growth = poisson([400, 400, 1], 1600, 5);
    while growth.alive() > 420 {
        growth.step(2.5);
    }
    let before = growth.clone();
    for _ in 0..6 {
        growth.step(2.0);
    }
    let (first, last) = (neighbours(&before, 2), neighbours(&growth, 2));
    let points: Vec<(f64, f64)> = (0..1600)
        .filter(|&g| growth.boxes[g].voxels > 60 && first[g] == last[g])
        .map(|g| {
            let grown = growth.boxes[g].voxels as f64 - before.boxes[g].voxels as f64;
            (first[g] as f64, grown / (growth.time - before.time))
        })
        .collect();
    let (slope, start, fit) = line(&points);
    println!(
        "von Neumann: slope {slope:.3}, zero at {:.2}, fit {fit:.3}",
        -start / slope
    );
    assert!(
        (slope / (std::f64::consts::PI / 3.0) - 1.0).abs() < 0.1,
        "slope {slope}"
    );
    assert!(
        (-start / slope - 6.0).abs() < 0.15,
        "zero at {}",
        -start / slope
    );
    assert!(fit > 0.9, "R^2 of the fit {fit}");
}

#[test]
fn mean_area_grows_linearly_in_time() {
    // The parabolic law of normal grain growth, once the Poisson-Voronoi start is forgotten.
    let mut growth = poisson([64; 3], 1500, 9);
    let mut points = Vec::new();
    while growth.alive() > 190 {
        growth.step((0.2 * growth.mean_edge()).max(1.0));
        if growth.alive() < 750 {
            points.push((growth.time, growth.mean_edge().powi(2)));
        }
    }
    let (slope, _, fit) = line(&points);
    let faces = neighbours(&growth, 3).iter().sum::<usize>() as f64 / growth.alive() as f64;
    println!(
        "parabolic: slope {slope:.3}, fit {fit:.4}, faces {faces:.2}, {} points",
        points.len()
    );
    assert!(points.len() > 10 && fit > 0.99, "R^2 of the fit {fit}");
    // Normal growth has 13.3 to 14 faces, Poisson-Voronoi cells 15.54; on this grid, without
    // contacts below three voxel faces, as many Voronoi cells have 14.1 to 14.3.
    assert!((12.9..13.9).contains(&faces), "{faces} faces");
}
