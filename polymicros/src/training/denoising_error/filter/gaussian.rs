//! Convolution with a Gaussian, axis by axis.

use super::mirrored;
use ndarray::{Array4, ArrayView4, Axis};

/// How many standard deviations the kernel reaches.
const REACH: f64 = 4.0;

pub(super) fn filter(x: ArrayView4<f32>, deviation: f64) -> Array4<f32> {
    let reach = (REACH * deviation).ceil() as isize;
    let weights: Vec<f64> = (-reach..=reach)
        .map(|i| (-0.5 * (i as f64 / deviation).powi(2)).exp())
        .collect();
    let sum: f64 = weights.iter().sum();
    let mut x = x.to_owned();
    for axis in 1..4 {
        let n = x.len_of(Axis(axis));
        let mut line = vec![0.0; n];
        for mut lane in x.lanes_mut(Axis(axis)) {
            for (value, from) in line.iter_mut().zip(&lane) {
                *value = f64::from(*from);
            }
            for (at, to) in lane.iter_mut().enumerate() {
                let around = (at as isize - reach..).zip(&weights);
                let blurred: f64 = around.map(|(i, w)| w * line[mirrored(i, n)]).sum();
                *to = (blurred / sum) as f32;
            }
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A single voxel becomes the kernel, a product over the axes.
    #[test]
    fn an_impulse_becomes_the_kernel() {
        let mut x = Array4::zeros((1, 9, 9, 9));
        x[[0, 4, 4, 4]] = 1.0;
        let blurred = filter(x.view(), 0.7);
        let weight = |i: usize| (-0.5 * ((i as f64 - 4.0) / 0.7).powi(2)).exp();
        let sum: f64 = (1..8).map(weight).sum();
        for ((_, i, j, k), value) in blurred.indexed_iter() {
            let reached = [i, j, k].iter().all(|i| (1..8).contains(i));
            let expected = weight(i) * weight(j) * weight(k) / sum.powi(3);
            let expected = if reached { expected } else { 0.0 };
            assert!((f64::from(*value) - expected).abs() < 1e-7, "{i} {j} {k}");
        }
    }

    /// A cosine that the mirror continues is only damped, by the kernel's transform.
    #[test]
    fn a_wave_is_damped_by_the_kernels_transform() {
        let (n, deviation) = (32, 1.5);
        let frequency = std::f64::consts::PI * 3.0 / n as f64;
        let x = Array4::from_shape_fn((1, n, 4, 4), |(_, x, _, _)| {
            (frequency * (x as f64 + 0.5)).cos() as f32
        });
        let damped = filter(x.view(), deviation);
        let factor = (-0.5 * (deviation * frequency).powi(2)).exp() as f32;
        for (a, b) in damped.iter().zip(&x) {
            assert!((a - factor * b).abs() < 1e-3);
        }
    }
}
