//! Packed ellipsoids, and the tessellation of space among them.
//!
//! Ellipsoids of one shape and orientation, whose sizes are lognormal and together fill the box, are
//! placed one after the other, the largest first, each where it overlaps least of several random
//! places. Space is then divided by power distances (a Laguerre tessellation) in the metric in
//! which the ellipsoids are balls.

use super::{between, between_logarithms, field, orientations};
use crate::Result;
use crate::microstructure::{Field, filling_radii, pack};
use crate::orientation::{Quaternion, RotationMatrix};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;

/// Over the edge of the box.
const DIAMETER: [f64; 2] = [0.1, 0.29];
/// Of the logarithm of the diameter.
const DEVIATION: [f64; 2] = [0.1, 0.5];
/// Shorter axes over the longest.
const ASPECT: [f64; 2] = [0.3, 1.0];
const SHARE: [f64; 2] = [0.0, 1.0];
/// Degrees.
const SCATTER: [f64; 2] = [5.0, 30.0];

pub(super) fn structure(edge: usize, rng: &mut ChaCha8Rng) -> Result<Field> {
    let mean = edge as f64 * between_logarithms(DIAMETER, rng);
    let radii = radii(edge, mean, between(DEVIATION, rng), rng);
    let mut aspects = [1.0, between(ASPECT, rng), between(ASPECT, rng)];
    aspects.sort_by(|a, b| b.total_cmp(a));
    let metric = Metric::new(Quaternion::random(rng), aspects);
    let packing = Packing::new(edge, metric, &radii, rng);
    let labels = packing.labels();
    let (share, scatter) = (between(SHARE, rng), between(SCATTER, rng).to_radians());
    let ideal = Quaternion::random(rng);
    let orientations = orientations(radii.len(), share, scatter, |_| ideal, rng)?;
    field(edge, &labels, &orientations)
}

/// Radii of balls that fill the box, the largest first.
fn radii(edge: usize, mean: f64, deviation: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let volume = (edge as f64).powi(3);
    // The logarithm's mean is such that the diameter's is the one asked for.
    let middle = (0.5 * mean).ln() - 0.5 * deviation * deviation;
    let mut radii = filling_radii(volume, middle.exp(), deviation, rng);
    let filled: f64 = radii.iter().map(|r| 4.0 / 3.0 * PI * r.powi(3)).sum();
    let scale = (volume / filled).cbrt();
    for radius in &mut radii {
        *radius *= scale;
    }
    radii.sort_by(|a, b| b.total_cmp(a));
    radii
}

/// The metric in which ellipsoids of one shape and orientation are balls of the same volume.
#[derive(Debug, Clone, Copy)]
struct Metric {
    /// Takes a vector to the ellipsoids' axes, with each component over the relative length of
    /// its axis.
    rows: [[f64; 3]; 3],
    /// How far a unit ball of this metric reaches along x, y and z.
    reach: [f64; 3],
}

impl Metric {
    fn new(orientation: Quaternion, aspects: [f64; 3]) -> Self {
        let mean = aspects.iter().product::<f64>().cbrt();
        let axes = aspects.map(|a| a / mean);
        let turn = RotationMatrix::from(orientation);
        let columns = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(|e| turn.apply(e));
        let rows = std::array::from_fn(|i| std::array::from_fn(|j| columns[j][i] / axes[i]));
        let reach = columns.map(|column| {
            let squares = column.iter().zip(axes).map(|(c, a)| (c * a).powi(2));
            squares.sum::<f64>().sqrt()
        });
        Metric { rows, reach }
    }

    fn square(&self, v: [f64; 3]) -> f64 {
        let components = self
            .rows
            .map(|row| row.iter().zip(v).map(|(r, v)| r * v).sum::<f64>());
        components.iter().map(|c| c * c).sum()
    }
}

/// Balls of a metric in a periodic box.
struct Packing {
    edge: usize,
    metric: Metric,
    balls: Vec<([f64; 3], f64)>,
}

impl Packing {
    fn new(edge: usize, metric: Metric, radii: &[f64], rng: &mut ChaCha8Rng) -> Self {
        let balls = pack([edge as f64; 3], radii, |apart| metric.square(apart), rng);
        Packing {
            edge,
            metric,
            balls,
        }
    }

    /// The ball of the least power distance `d² - r²` for each voxel, over all periodic images.
    fn labels(&self) -> Vec<u32> {
        let largest = self.balls.first().map_or(1.0, |(_, radius)| *radius);
        let mut reach = 2.5 * largest;
        loop {
            let (labels, powers) = self.painted(reach);
            // Whoever was not looked at is farther away than this.
            let certain = reach * reach - largest * largest;
            if powers.iter().all(|power| *power <= certain) {
                return labels;
            }
            reach *= 1.5;
        }
    }

    /// The same among the balls whose centre is at most `reach` away, and the power distances.
    fn painted(&self, reach: f64) -> (Vec<u32>, Vec<f64>) {
        let n = self.edge;
        let mut labels = vec![0; n.pow(3)];
        let mut powers = vec![f64::INFINITY; n.pow(3)];
        let wrapped = |i: i64| i.rem_euclid(n as i64) as usize;
        for (number, (centre, radius)) in self.balls.iter().enumerate() {
            let spans: [std::ops::RangeInclusive<i64>; 3] = std::array::from_fn(|a| {
                let far = reach * self.metric.reach[a];
                (centre[a] - far).ceil() as i64..=(centre[a] + far).floor() as i64
            });
            for x in spans[0].clone() {
                for y in spans[1].clone() {
                    let row = (wrapped(x) * n + wrapped(y)) * n;
                    for z in spans[2].clone() {
                        let apart = [
                            x as f64 - centre[0],
                            y as f64 - centre[1],
                            z as f64 - centre[2],
                        ];
                        let square = self.metric.square(apart);
                        let power = square - radius * radius;
                        let at = row + wrapped(z);
                        if square <= reach * reach && power < powers[at] {
                            powers[at] = power;
                            labels[at] = number as u32;
                        }
                    }
                }
            }
        }
        (labels, powers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    #[test]
    fn balls_fill_the_box_with_the_sizes_asked_for() {
        let radii = radii(200, 12.0, 0.4, &mut rng(1));
        let n = radii.len() as f64;
        let volume: f64 = radii.iter().map(|r| 4.0 / 3.0 * PI * r.powi(3)).sum();
        assert!((volume / 8e6 - 1.0).abs() < 1e-12);
        let logs: Vec<f64> = radii.iter().map(|r| (2.0 * r).ln()).collect();
        let mean = logs.iter().sum::<f64>() / n;
        let deviation = (logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / n).sqrt();
        assert!((deviation - 0.4).abs() < 0.02, "{deviation}");
        let diameter = 2.0 * radii.iter().sum::<f64>() / n;
        assert!((diameter / 12.0 - 1.0).abs() < 0.03, "{diameter}");
        assert!(radii.is_sorted_by(|a, b| a >= b));
    }

    /// Every voxel's ball is the one that brute force over all images finds.
    #[test]
    fn voxels_go_to_the_least_power_distance() {
        let mut rng = rng(3);
        for aspects in [[1.0, 1.0, 1.0], [1.0, 0.5, 0.3]] {
            let metric = Metric::new(Quaternion::random(&mut rng), aspects);
            let radii = radii(16, 4.5, 0.4, &mut rng);
            let packing = Packing::new(16, metric, &radii, &mut rng);
            let labels = packing.labels();
            for at in (0..labels.len()).step_by(7) {
                let voxel = [at / 256, at / 16 % 16, at % 16].map(|i| i as f64);
                let mut best = (f64::INFINITY, 0);
                for (number, (centre, radius)) in packing.balls.iter().enumerate() {
                    for image in 0..125i32 {
                        let shift = [image / 25 - 2, image / 5 % 5 - 2, image % 5 - 2];
                        let apart = std::array::from_fn(|a| {
                            voxel[a] - centre[a] - 16.0 * f64::from(shift[a])
                        });
                        let power = metric.square(apart) - radius * radius;
                        if power < best.0 {
                            best = (power, number as u32);
                        }
                    }
                }
                assert_eq!(labels[at], best.1);
            }
        }
    }

    /// A ball of the metric is the ellipsoid: it touches the box that `reach` says, and has the
    /// volume of a ball.
    #[test]
    fn the_metric_is_the_ellipsoids() {
        let metric = Metric::new(Quaternion::random(&mut rng(5)), [1.0, 0.6, 0.4]);
        let m = metric.rows;
        let determinant = m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
            - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
        assert!((determinant.abs() - 1.0).abs() < 1e-12);
        let mut farthest = [0.0f64; 3];
        for i in 0..200 {
            for j in 0..400 {
                let (theta, phi) = (PI * f64::from(i) / 200.0, PI * f64::from(j) / 200.0);
                let v = [
                    theta.sin() * phi.cos(),
                    theta.sin() * phi.sin(),
                    theta.cos(),
                ];
                let scale = metric.square(v).sqrt();
                for a in 0..3 {
                    farthest[a] = farthest[a].max(v[a] / scale);
                }
            }
        }
        for (found, expected) in farthest.iter().zip(metric.reach) {
            assert!((found / expected - 1.0).abs() < 1e-3, "{found} {expected}");
        }
    }
}
