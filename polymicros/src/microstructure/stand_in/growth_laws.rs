//! The scheme of [`super::growth`] against closed laws of motion by curvature.

use super::growth::Growth;

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
