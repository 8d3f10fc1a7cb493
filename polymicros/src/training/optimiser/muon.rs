//! Muon: momentum whose singular values are all brought to about one.

use super::clip::{scale, squares};
use crate::network::vectorised;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// Decay of the momentum.
const MOMENTUM: f32 = 0.95;

/// Iterations of [`orthogonalise`].
const ITERATIONS: usize = 5;

/// The odd polynomial that each iteration applies to the singular values. Its slope at zero is
/// steep, and repeated it brings values of 0.001 to 1 into 0.7 to 1.2, which is as good as one.
const POLYNOMIAL: [f32; 3] = [3.4445, -4.7750, 2.0315];

/// Root mean square of a step's elements over the rate: that of AdamW's in practice, so that both
/// take the same rates (Liu et al., arXiv 2502.16982, Eq. 4).
const STEP: f32 = 0.2;

/// Momentum made orthogonal (Jordan et al., "Muon: an optimizer for hidden layers in neural
/// networks", 2024): the numbers of one step.
///
/// AdamW scales each weight on its own; this one scales each direction in which a layer's matrix
/// acts, so that directions of small gradient learn as fast as those of large.
#[derive(Clone, Copy)]
pub(super) struct Muon {
    pub rate: f32,
    /// What weight decay leaves of a weight.
    pub keep: f32,
}

impl Muon {
    /// Takes the step of a row-major matrix with its gradient and its momentum.
    pub fn take(
        self,
        [rows, columns]: [usize; 2],
        parameters: &mut [f32],
        gradients: &[f32],
        momentum: &mut [f32],
    ) {
        let mut direction = vec![0.0; gradients.len()];
        lead(gradients, momentum, &mut direction);
        orthogonalise(&mut direction, [rows, columns]);
        let step = self.rate * STEP * (rows.max(columns) as f32).sqrt();
        go(parameters, self.keep, step, &direction);
    }
}

vectorised! {
    /// The momentum goes on, and the direction is where it will be a step later (Nesterov).
    fn lead<'a>(gradients: &'a [f32], momentum: &'a mut [f32], direction: &'a mut [f32]) {
        for ((g, m), d) in gradients.iter().zip(momentum).zip(direction) {
            *m = MOMENTUM * *m + (1.0 - MOMENTUM) * g;
            *d = MOMENTUM * *m + (1.0 - MOMENTUM) * g;
        }
    }
}

vectorised! {
    fn go<'a>(parameters: &'a mut [f32], keep: f32, step: f32, direction: &'a [f32]) {
        for (p, d) in parameters.iter_mut().zip(direction) {
            *p = keep * *p - step * d;
        }
    }
}

/// Replaces a row-major matrix `U S Vᵀ` by about `U Vᵀ`, by Newton-Schulz iterations. A matrix of
/// zeros stays.
fn orthogonalise(matrix: &mut [f32], [rows, columns]: [usize; 2]) {
    let squares = squares(matrix);
    if squares == 0.0 {
        return;
    }
    // The Frobenius norm bounds the largest singular value.
    scale(matrix, (1.0 / squares.sqrt()) as f32);
    let [a, b, c] = POLYNOMIAL;
    let few = rows.min(columns);
    let mut gram = vec![0.0; few * few];
    let mut inner = vec![0.0; few * few];
    let mut before = vec![0.0; matrix.len()];
    for _ in 0..ITERATIONS {
        before.copy_from_slice(matrix);
        // A wide matrix is taken as it is, a tall one transposed: x has `few` rows.
        let x = MatRef::from_row_major_slice(&before, rows, columns);
        let x = if rows <= columns { x } else { x.transpose() };
        product(
            square(&mut gram, few),
            Accum::Replace,
            x,
            x.transpose(),
            1.0,
        );
        // b G + c G G, and a on its diagonal.
        inner.copy_from_slice(&gram);
        for (index, value) in inner.iter_mut().enumerate() {
            *value = b * *value + if index % (few + 1) == 0 { a } else { 0.0 };
        }
        let g = MatRef::from_row_major_slice(&gram, few, few);
        product(square(&mut inner, few), Accum::Add, g, g, c);
        let polynomial = MatRef::from_row_major_slice(&inner, few, few);
        let to = MatMut::from_row_major_slice_mut(matrix, rows, columns);
        let to = if rows <= columns {
            to
        } else {
            to.transpose_mut()
        };
        product(to, Accum::Replace, polynomial, x, 1.0);
    }
}

fn square(values: &mut [f32], edge: usize) -> MatMut<'_, f32> {
    MatMut::from_row_major_slice_mut(values, edge, edge)
}

/// On one thread, so that the order of its sums is always the same: parameters go side by side.
fn product(to: MatMut<f32>, how: Accum, left: MatRef<f32>, right: MatRef<f32>, factor: f32) {
    matmul(to, how, left, right, factor, Par::Seq);
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    proptest! {
        /// Against faer's singular value decomposition: same directions, values near one.
        #[test]
        fn directions_stay_and_singular_values_become_one(
            rows in 1..24usize, columns in 1..24usize, seed: u64, scale in -6..6i32,
        ) {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let factor = 10f32.powi(scale);
            let matrix: Vec<f32> = (0..rows * columns)
                .map(|_| factor * rng.random_range(-1.0..1.0f32))
                .collect();
            let mut found = matrix.clone();
            orthogonalise(&mut found, [rows, columns]);
            let wide = |values: &[f32]| {
                Mat::from_fn(rows, columns, |i, j| f64::from(values[i * columns + j]))
            };
            let svd = wide(&matrix).thin_svd().unwrap();
            let mapped = svd.U().transpose() * wide(&found) * svd.V();
            let values = svd.S().column_vector();
            let length = values.iter().map(|s| s * s).sum::<f64>().sqrt();
            for i in 0..mapped.nrows() {
                for j in 0..mapped.ncols() {
                    if i != j {
                        prop_assert!(mapped[(i, j)].abs() < 1e-3, "{}", mapped[(i, j)]);
                    } else if values[i] > 0.003 * length {
                        prop_assert!((0.6..1.3).contains(&mapped[(i, i)]), "{}", mapped[(i, i)]);
                    }
                }
            }
        }
    }

    #[test]
    fn a_matrix_of_zeros_stays() {
        let mut zeros = vec![0.0; 12];
        orthogonalise(&mut zeros, [3, 4]);
        assert_eq!(zeros, [0.0; 12]);
    }

    /// A step's root mean square is [`STEP`] times the rate, up to what the iterations leave.
    #[test]
    fn steps_are_as_long_as_those_of_adamw() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let shape = [8, 50];
        let gradients: Vec<f32> = (0..400).map(|_| rng.random_range(-1.0..1.0f32)).collect();
        let (mut parameters, mut momentum) = (vec![0.0; 400], vec![0.0; 400]);
        let step = Muon {
            rate: 0.01,
            keep: 1.0,
        };
        step.take(shape, &mut parameters, &gradients, &mut momentum);
        let mean: f32 = parameters.iter().map(|p| p * p).sum::<f32>() / 400.0;
        let length = mean.sqrt() / (0.01 * STEP);
        assert!((0.8..1.2).contains(&length), "{length}");
        let along: f32 = parameters.iter().zip(&gradients).map(|(p, g)| p * g).sum();
        assert!(along < 0.0);
    }
}
