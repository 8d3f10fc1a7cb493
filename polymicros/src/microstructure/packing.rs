//! Balls packed at random in a periodic box, in whatever metric makes balls of the grains' shapes.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::f64::consts::PI;

/// Random places of which the best is taken for each ball.
const PLACES: usize = 20;

/// Radii of as many balls as fill a volume: lognormal, with this median and this deviation of the
/// logarithm, in the order in which they were drawn.
pub(crate) fn filling_radii(
    volume: f64,
    median: f64,
    deviation: f64,
    rng: &mut ChaCha8Rng,
) -> Vec<f64> {
    let (mut radii, mut filled) = (Vec::new(), 0.0);
    while filled < volume {
        let normal: f64 = StandardNormal.sample(rng);
        let radius = median * (deviation * normal).exp();
        filled += 4.0 / 3.0 * PI * radius.powi(3);
        radii.push(radius);
    }
    radii
}

/// Centres in a box of these edges, and radii: one ball after the other, the largest first, each
/// where it overlaps those that are there least of 20 random places. `square` is the squared length
/// of a vector in the metric in which they are balls.
pub(crate) fn pack(
    edges: [f64; 3],
    radii: &[f64],
    square: impl Fn([f64; 3]) -> f64,
    rng: &mut ChaCha8Rng,
) -> Vec<([f64; 3], f64)> {
    let mut radii = radii.to_vec();
    radii.sort_by(|a, b| b.total_cmp(a));
    let mut balls: Vec<([f64; 3], f64)> = Vec::with_capacity(radii.len());
    for radius in radii {
        let mut best = ([0.0; 3], f64::INFINITY);
        for _ in 0..PLACES {
            let place = edges.map(|edge| edge * rng.random::<f64>());
            let overlap = overlap(&balls, (place, radius), best.1, |apart| {
                // The image that is nearest along each axis; in a metric that is not along the axes
                // another one may be nearer, which costs a little overlap and nothing else.
                square(std::array::from_fn(|axis| {
                    apart[axis] - edges[axis] * (apart[axis] / edges[axis]).round()
                }))
            });
            if overlap < best.1 {
                best = (place, overlap);
            }
            if overlap == 0.0 {
                break;
            }
        }
        balls.push((best.0, radius));
    }
    balls
}

/// The squared depths by which a ball reaches into those that are there, added up; given up beyond
/// `most`.
fn overlap(
    balls: &[([f64; 3], f64)],
    (place, radius): ([f64; 3], f64),
    most: f64,
    square: impl Fn([f64; 3]) -> f64,
) -> f64 {
    let mut sum = 0.0;
    for (centre, other) in balls {
        let square = square(std::array::from_fn(|axis| place[axis] - centre[axis]));
        let reach = radius + other;
        if square < reach * reach {
            sum += (reach - square.sqrt()).powi(2);
            if sum >= most {
                break;
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn radii_are_lognormal_and_fill_the_volume() {
        let radii = filling_radii(8e6, 6.0, 0.4, &mut ChaCha8Rng::seed_from_u64(1));
        let n = radii.len() as f64;
        let volume =
            |radii: &[f64]| -> f64 { radii.iter().map(|r| 4.0 / 3.0 * PI * r.powi(3)).sum() };
        assert!(volume(&radii) >= 8e6 && volume(&radii[..radii.len() - 1]) < 8e6);
        let logs: Vec<f64> = radii.iter().map(|r| (r / 6.0).ln()).collect();
        let mean = logs.iter().sum::<f64>() / n;
        let deviation = (logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / n).sqrt();
        assert!(mean.abs() < 4.0 * 0.4 / n.sqrt(), "{mean}");
        assert!((deviation - 0.4).abs() < 0.02, "{deviation}");
    }

    /// A few small balls in a large box find room, the largest first; across the box's faces too.
    #[test]
    fn balls_with_room_do_not_touch() {
        let edges = [10.0, 12.0, 8.0];
        let length = |v: [f64; 3]| v.iter().map(|x| x * x).sum::<f64>();
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let balls = pack(edges, &[0.5, 1.5, 1.0, 1.2], length, &mut rng);
        assert_eq!(
            balls.iter().map(|b| b.1).collect::<Vec<_>>(),
            [1.5, 1.2, 1.0, 0.5]
        );
        for (i, (a, r)) in balls.iter().enumerate() {
            for (b, s) in &balls[..i] {
                let least = (0..27).map(|image| {
                    let shift = [image / 9, image / 3 % 3, image % 3].map(|k| f64::from(k) - 1.0);
                    length(std::array::from_fn(|k| a[k] - b[k] + shift[k] * edges[k])).sqrt()
                });
                assert!(least.fold(f64::INFINITY, f64::min) >= r + s);
            }
        }
    }
}
