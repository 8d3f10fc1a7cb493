//! The Gram matrix of centred vectors, and its eigenvectors.

use super::Vectors;
use crate::{Error, Result};
use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;
use std::ops::Range;

/// Features that are centred and multiplied at a time: as many as stay in the cache.
pub(super) const BLOCK: usize = 512;

/// One of the partial sums over blocks of features. Which block goes to which lane, and the order
/// in which lanes are added up, depend on the data's shape alone: so do all bits of the result.
struct Lane {
    sum: Mat<f64>,
    product: Mat<f32>,
    centred: Vec<f32>,
}

/// The lower triangle of the Gram matrix `G_ij = Σ_f (x_if - mean_f)(x_jf - mean_f)`, and the mean.
///
/// Each feature's mean is taken and subtracted in `f64`; products of the centred `f32` are summed
/// in `f32` over [`BLOCK`] features, and in `f64` from there.
pub(super) fn gram(vectors: &Vectors) -> Result<(Mat<f64>, Vec<f32>)> {
    let n = vectors.samples();
    let mut mean = vec![0.0; vectors.features()];
    let mut lanes: Vec<Lane> = (0..lanes_for(n))
        .map(|_| Lane {
            sum: Mat::zeros(n, n),
            product: Mat::zeros(n, n),
            centred: vec![0.0; n * BLOCK],
        })
        .collect();
    let count = lanes.len();
    vectors.panels(usize::MAX, BLOCK, |range, rows| {
        let first = range.start / BLOCK;
        let mut means: Vec<&mut [f32]> = mean[range.clone()].chunks_mut(BLOCK).collect();
        // Each lane's blocks of this panel, with the places for their means.
        let mut work: Vec<Vec<(Range<usize>, &mut [f32])>> =
            (0..count).map(|_| Vec::new()).collect();
        for (i, mean) in means.drain(..).enumerate() {
            let start = i * BLOCK;
            work[(first + i) % count].push((start..start + mean.len(), mean));
        }
        lanes
            .par_iter_mut()
            .zip(work)
            .try_for_each(|(lane, blocks)| {
                blocks.into_iter().try_for_each(|(columns, mean)| {
                    let width = columns.len();
                    let centred = &mut lane.centred[..n * width];
                    centre(rows, columns.clone(), mean, centred)
                        .map_err(|at| not_finite(vectors, rows, columns.start + at, range.start))?;
                    add_product(lane, width);
                    Ok(())
                })
            })
    })?;
    let mut sum = Mat::zeros(n, n);
    for lane in &lanes {
        sum += &lane.sum;
    }
    Ok((sum, mean))
}

/// Lanes beyond 1 GiB for all of them are given up, but never the second.
fn lanes_for(samples: usize) -> usize {
    ((1 << 30) / (12 * samples * samples).max(1)).clamp(2, 16)
}

/// Writes the columns of all rows, each less its mean, and the mean. Fails with the index of a
/// column that is not finite.
fn centre(
    rows: &[&[f32]],
    columns: Range<usize>,
    mean: &mut [f32],
    centred: &mut [f32],
) -> std::result::Result<(), usize> {
    let width = columns.len();
    let mut sums = [0.0f64; BLOCK];
    for row in rows {
        for (sum, value) in sums.iter_mut().zip(&row[columns.clone()]) {
            *sum += f64::from(*value);
        }
    }
    for (sum, mean) in sums.iter_mut().zip(mean.iter_mut()) {
        *sum /= rows.len() as f64;
        *mean = *sum as f32;
    }
    if let Some(at) = sums[..width].iter().position(|sum| !sum.is_finite()) {
        return Err(at);
    }
    for (row, centred) in rows.iter().zip(centred.chunks_exact_mut(width)) {
        let values = row[columns.clone()].iter().zip(&sums);
        for (entry, (value, mean)) in centred.iter_mut().zip(values) {
            *entry = (f64::from(*value) - mean) as f32;
        }
    }
    Ok(())
}

fn not_finite(vectors: &Vectors, rows: &[&[f32]], column: usize, start: usize) -> Error {
    let at = rows.iter().position(|row| !row[column].is_finite());
    Error::value(
        at.map_or("vectors".to_owned(), |sample| vectors.name(sample)),
        format!(
            "feature {} is not finite: 2-point statistics with marked displacements \
             cannot be decomposed",
            start + column
        ),
    )
}

/// Adds the product of the lane's centred block with its transpose.
fn add_product(lane: &mut Lane, width: usize) {
    let n = lane.sum.nrows();
    let block = MatRef::from_row_major_slice(&lane.centred[..n * width], n, width);
    triangular::matmul(
        &mut lane.product,
        BlockStructure::TriangularLower,
        Accum::Replace,
        block,
        BlockStructure::Rectangular,
        block.transpose(),
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
    for j in 0..n {
        let product = lane.product.col(j);
        let mut sum = lane.sum.col_mut(j);
        for i in j..n {
            sum[i] += f64::from(product[i]);
        }
    }
}

/// Eigenvalues of a symmetric matrix given by its lower triangle, largest first, and the
/// eigenvectors as columns in the same order.
pub(super) fn eigen(lower: &Mat<f64>) -> Result<(Vec<f64>, Mat<f64>)> {
    let mut vectors = Mat::zeros(lower.nrows(), lower.nrows());
    let values = solve(lower, Some(&mut vectors))?;
    Ok((values, vectors.reverse_cols().to_owned()))
}

/// Eigenvalues of a symmetric matrix given by its lower triangle, largest first.
pub(crate) fn eigenvalues(lower: &Mat<f64>) -> Result<Vec<f64>> {
    solve(lower, None)
}

fn solve(lower: &Mat<f64>, vectors: Option<&mut Mat<f64>>) -> Result<Vec<f64>> {
    let n = lower.nrows();
    let failed = |e: evd::EvdError| Error::numerical("symmetric eigenvalues", format!("{e:?}"));
    // One thread: the order of its operations, and so every bit, is then always the same.
    let par = Par::Seq;
    let wanted = match vectors {
        Some(_) => evd::ComputeEigenvectors::Yes,
        None => evd::ComputeEigenvectors::No,
    };
    let mut values = Diag::zeros(n);
    let scratch = evd::self_adjoint_evd_scratch::<f64>(n, wanted, par, Default::default());
    let mut memory = MemBuffer::new(scratch);
    evd::self_adjoint_evd(
        lower.as_ref(),
        values.as_mut(),
        vectors.map(|vectors| vectors.as_mut()),
        par,
        MemStack::new(&mut memory),
        Default::default(),
    )
    .map_err(failed)?;
    Ok((0..n).rev().map(|i| values[i]).collect())
}
