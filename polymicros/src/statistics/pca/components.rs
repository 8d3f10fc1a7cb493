//! The components themselves, made from the vectors when asked for, and what needs them.

use super::gram::BLOCK;
use super::npy::header_bytes;
use super::{Pca, Vectors};
use crate::{Error, Result, write_whole};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use ndarray::{ArcArray2, Array2, Axis};
use rayon::prelude::*;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

/// Features of which components are made before they are handed over.
const PANEL: usize = 128 * BLOCK;

/// Features that one partial dot product spans; fixed, so that sums do not depend on threads.
const CHUNK: usize = 1 << 14;

impl Pca {
    /// Computes and keeps the first `count` components (fewer where the rank is less), of unit
    /// length, `f32`. Takes another pass over the vectors and `4 count F` bytes.
    ///
    /// # Errors
    /// When the vectors are not those of the fit, or a file cannot be read.
    pub fn compute_components(&mut self, vectors: &Vectors, count: usize) -> Result<()> {
        let count = count.min(self.rank());
        let mut components = Array2::zeros((count, self.features()));
        self.each_panel(vectors, count, |range, panel| {
            let width = range.len();
            for (mut row, panel) in components
                .rows_mut()
                .into_iter()
                .zip(panel.chunks_exact(width))
            {
                let row = row
                    .as_slice_mut()
                    .expect("an array just made is contiguous");
                row[range.clone()].copy_from_slice(panel);
            }
            Ok(())
        })?;
        self.components = Some(components.into_shared());
        Ok(())
    }

    /// Writes the first `count` components (fewer where the rank is less) to a `.npy` file of shape
    /// `(count, F)`, panel by panel, without ever holding them. The file gets its name when it is
    /// complete.
    ///
    /// # Errors
    /// When the vectors are not those of the fit, or a file cannot be read or written.
    pub fn write_components(
        &self,
        vectors: &Vectors,
        count: usize,
        path: impl AsRef<Path>,
    ) -> Result<()> {
        let path = path.as_ref();
        let count = count.min(self.rank());
        let header = header_bytes([count, self.features()]);
        let failed = |e| Error::io(path, e);
        write_whole(path, |file| {
            let mut out = BufWriter::new(file);
            out.write_all(&header).map_err(failed)?;
            self.each_panel(vectors, count, |range, panel| {
                for (k, values) in panel.chunks_exact(range.len()).enumerate() {
                    let at = header.len() + 4 * (k * self.features() + range.start);
                    out.seek(SeekFrom::Start(at as u64)).map_err(failed)?;
                    for value in values {
                        out.write_all(&value.to_le_bytes()).map_err(failed)?;
                    }
                }
                Ok(())
            })?;
            out.flush().map_err(failed)
        })
    }

    /// The components that were computed, `(count, F)`, each of unit length.
    pub fn components(&self) -> Option<&ArcArray2<f32>> {
        self.components.as_ref()
    }

    /// The scores of a further vector, one for each component that was computed.
    ///
    /// # Errors
    /// When no components were computed, or the length is not `F`.
    pub fn project(&self, vector: &[f32]) -> Result<Vec<f64>> {
        let components = self.computed()?;
        if vector.len() != self.features() {
            return Err(Error::shape("vector", self.features(), vector.len()));
        }
        let mean = self.mean.as_slice().unwrap_or_default();
        Ok(components
            .axis_iter(Axis(0))
            .map(|component| {
                let component = component.to_slice().unwrap_or_default();
                let parts: Vec<f64> = component
                    .par_chunks(CHUNK)
                    .zip(vector.par_chunks(CHUNK))
                    .zip(mean.par_chunks(CHUNK))
                    .map(|((component, vector), mean)| {
                        let factors = component.iter().zip(vector).zip(mean);
                        factors
                            .map(|((c, x), m)| f64::from(*c) * (f64::from(*x) - f64::from(*m)))
                            .sum()
                    })
                    .collect();
                parts.iter().sum()
            })
            .collect())
    }

    /// The vector that has these scores: the mean, and the sum of components times scores. Fewer
    /// scores than components are completed with zeros.
    ///
    /// # Errors
    /// When no components, or fewer than scores, were computed.
    pub fn reconstruct(&self, scores: &[f64]) -> Result<Vec<f32>> {
        let components = self.computed()?;
        if scores.len() > components.nrows() {
            return Err(Error::shape(
                "scores",
                format!("at most {}", components.nrows()),
                scores.len(),
            ));
        }
        let mean = self.mean.as_slice().unwrap_or_default();
        let features = mean.len();
        let components = components.as_slice().unwrap_or_default();
        let mut vector = vec![0.0; features];
        vector
            .par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(i, vector)| {
                for (j, value) in vector.iter_mut().enumerate() {
                    let at = i * CHUNK + j;
                    let sum: f64 = scores
                        .iter()
                        .enumerate()
                        .map(|(k, score)| score * f64::from(components[k * features + at]))
                        .sum();
                    *value = (f64::from(mean[at]) + sum) as f32;
                }
            });
        Ok(vector)
    }

    fn computed(&self) -> Result<&ArcArray2<f32>> {
        self.components.as_ref().ok_or_else(|| {
            Error::value(
                "components",
                "none were computed: call compute_components first",
            )
        })
    }

    /// Makes the first `count` components panel by panel: the features' range, and their values,
    /// component by component.
    fn each_panel(
        &self,
        vectors: &Vectors,
        count: usize,
        mut take: impl FnMut(Range<usize>, &[f32]) -> Result<()>,
    ) -> Result<()> {
        let n = self.samples();
        if (vectors.samples(), vectors.features()) != (n, self.features()) {
            return Err(Error::shape(
                "vectors of the fit (samples, features)",
                (n, self.features()),
                (vectors.samples(), vectors.features()),
            ));
        }
        // Component = Σ_i score_i (x_i - mean) / (variance (N - 1)).
        let weights = Mat::from_fn(count, n, |k, i| {
            (self.scores[[i, k]] / (self.variance[k] * (n - 1) as f64)) as f32
        });
        let mean = self.mean.as_slice().unwrap_or_default();
        let mut panel = Vec::new();
        vectors.panels(PANEL, BLOCK, |range, rows| {
            let width = range.len();
            panel.resize(count * width, 0.0);
            let blocks: Vec<(Range<usize>, Vec<f32>)> = (0..width)
                .into_par_iter()
                .step_by(BLOCK)
                .map_init(
                    || vec![0.0; n * BLOCK],
                    |centred, start| {
                        let columns = start..(start + BLOCK).min(width);
                        let w = columns.len();
                        let mean = &mean[range.start + start..][..w];
                        for (row, centred) in rows.iter().zip(centred.chunks_exact_mut(w)) {
                            let values = row[columns.clone()].iter().zip(mean);
                            for (entry, (value, mean)) in centred.iter_mut().zip(values) {
                                *entry = value - mean;
                            }
                        }
                        let mut block = vec![0.0; count * w];
                        matmul(
                            MatMut::from_row_major_slice_mut(&mut block, count, w),
                            Accum::Replace,
                            weights.as_ref(),
                            MatRef::from_row_major_slice(&centred[..n * w], n, w),
                            1.0,
                            Par::Seq,
                        );
                        (columns, block)
                    },
                )
                .collect();
            for (columns, block) in blocks {
                for k in 0..count {
                    let w = columns.len();
                    panel[k * width + columns.start..][..w].copy_from_slice(&block[k * w..][..w]);
                }
            }
            take(range, &panel)
        })
    }
}
