//! The scheme of [`super::growth`] against closed laws of motion by curvature.

use super::growth::Growth;
use super::nucleation::{nearest, nuclei};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};

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
    println!(
        "ball: slope {slope:.3}, R^2 at start {start:.1}, fit {fit:.5}, {} steps",
        points.len()
    );
}

#[test]
fn flat_grains_obey_von_neumann_and_mullins() {
    // In two dimensions the area of a grain with n sides changes by (n - 6) pi / 3 in unit time,
    // whatever its size and shape (von Neumann 1952, Mullins 1956).
    let n = 400;
    let mut growth = poisson([n, n, 1], 1600, 5);
    while growth.alive() > 420 && growth.time < 1000.0 {
        growth.step(2.5);
    }
    let sides = |labels: &[u32]| -> Vec<usize> {
        let mut contacts: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        for x in 0..n {
            for y in 0..n {
                let a = labels[x * n + y];
                for b in [labels[(x + 1) % n * n + y], labels[x * n + (y + 1) % n]] {
                    if a != b {
                        *contacts.entry((a.min(b), a.max(b))).or_default() += 1;
                    }
                }
            }
        }
        let mut sides = vec![0; 1600];
        for ((a, b), faces) in contacts {
            if faces > 1 {
                sides[a as usize] += 1;
                sides[b as usize] += 1;
            }
        }
        sides
    };
    let before = growth.clone();
    let n_before = sides(&before.labels);
    for _ in 0..3 {
        growth.step(3.0);
    }
    let n_after = sides(&growth.labels);
    let rate = |grain: usize| {
        (growth.boxes[grain].voxels as f64 - before.boxes[grain].voxels as f64)
            / (growth.time - before.time)
    };
    let points: Vec<(f64, f64)> = (0..1600)
        .filter(|&g| growth.boxes[g].voxels > 60 && n_before[g] == n_after[g])
        .map(|g| (n_before[g] as f64, rate(g)))
        .collect();
    let (slope, start, fit) = line(&points);
    println!(
        "von Neumann: slope {slope:.3} for {:.3}, zero at {:.2}, fit {fit:.3}, {} grains",
        std::f64::consts::PI / 3.0,
        -start / slope,
        points.len()
    );
}

#[test]
fn mean_area_grows_linearly_in_time() {
    let mut growth = poisson([64; 3], 1500, 9);
    let mut points = Vec::new();
    while growth.alive() > 130 {
        growth.step((0.17 * growth.mean_edge()).max(1.1));
        println!(
            "{} {:.2} {:.2}",
            growth.alive(),
            growth.time,
            growth.mean_edge().powi(2)
        );
        points.push((growth.time, growth.mean_edge().powi(2)));
    }
    let (slope, start, fit) = line(&points);
    println!(
        "parabolic: slope {slope:.3} start {start:.2} fit {fit:.4}, steps {}",
        points.len()
    );
    let pairs = faces(&growth.labels, 64);
    println!(
        "faces {:.2} of {}",
        2.0 * pairs as f64 / growth.alive() as f64,
        growth.alive()
    );
}

#[test]
fn scan() {
    for (n, count, target, step, last) in [
        (64, 1500, 190, 0.28, 0.28),
        (64, 1500, 190, 0.28, 0.15),
        (64, 1500, 190, 0.28, 0.10),
    ] {
        let mut growth = poisson([n; 3], count, 9);
        let before = 2.0 * faces(&growth.labels, n) as f64 / growth.alive() as f64;
        let start = std::time::Instant::now();
        let mut steps = 0;
        while growth.alive() > target {
            let s = if growth.alive() as f64 > 1.3 * target as f64 {
                step
            } else {
                last
            };
            growth.step((s * growth.mean_edge()).max(0.9));
            steps += 1;
        }
        let seconds = start.elapsed().as_secs_f64();
        let logs: Vec<f64> = growth
            .boxes
            .iter()
            .filter(|b| b.voxels > 0)
            .map(|b| (b.voxels as f64).ln() / 3.0)
            .collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let sd = (logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / logs.len() as f64).sqrt();
        let small = logs
            .iter()
            .filter(|l| **l < (growth.mean_edge() * 0.5).ln())
            .count();
        println!(
            "{n} {count}->{} step {step} {last}: {steps} steps {seconds:.2} s, faces {before:.2} -> {:.2}, sd ln d {sd:.3}, small {small}",
            growth.alive(),
            2.0 * faces(&growth.labels, n) as f64 / growth.alive() as f64
        );
    }
    for (n, count, left, sigma, k) in [
        (400, 1600, 420, 3.0, 3),
        (400, 1600, 420, 2.0, 6),
        (400, 1600, 420, 1.3, 12),
        (800, 1600, 420, 3.0, 6),
    ] {
        let mut growth = poisson([n, n, 1], count, 5);
        while growth.alive() > left {
            growth.step(n as f64 / 160.0);
        }
        let before = growth.clone();
        let s0 = sides2(&growth.labels, n);
        for _ in 0..k {
            growth.step(sigma);
        }
        let s1 = sides2(&growth.labels, n);
        let points: Vec<(f64, f64)> = (0..count)
            .filter(|&g| growth.boxes[g].voxels > 60 && s0[g] == s1[g])
            .map(|g| {
                (
                    s0[g] as f64,
                    (growth.boxes[g].voxels as f64 - before.boxes[g].voxels as f64)
                        / (growth.time - before.time),
                )
            })
            .collect();
        let (slope, start, fit) = line(&points);
        println!(
            "vN {n} {sigma} {k}: {slope:.3} {:.3} {fit:.3} {}",
            -start / slope,
            points.len()
        );
    }
}

fn sides2(labels: &[u32], n: usize) -> Vec<usize> {
    let mut contacts: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    for x in 0..n {
        for y in 0..n {
            let a = labels[x * n + y];
            for b in [labels[(x + 1) % n * n + y], labels[x * n + (y + 1) % n]] {
                if a != b {
                    *contacts.entry((a.min(b), a.max(b))).or_default() += 1;
                }
            }
        }
    }
    let mut sides = vec![0; 1600];
    for ((a, b), faces) in contacts {
        if faces > 1 {
            sides[a as usize] += 1;
            sides[b as usize] += 1;
        }
    }
    sides
}

fn faces(labels: &[u32], n: usize) -> usize {
    let mut contacts: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    for v in 0..n * n * n {
        let [x, y, z] = [v / (n * n), v / n % n, v % n];
        let a = labels[v];
        for at in [
            [(x + 1) % n, y, z],
            [x, (y + 1) % n, z],
            [x, y, (z + 1) % n],
        ] {
            let b = labels[(at[0] * n + at[1]) * n + at[2]];
            if a != b {
                *contacts.entry((a.min(b), a.max(b))).or_default() += 1;
            }
        }
    }
    let shared: BTreeSet<_> = contacts.iter().filter(|(_, f)| **f >= 3).collect();
    shared.len()
}
