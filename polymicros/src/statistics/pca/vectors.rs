//! The vectors that a PCA is made of: in memory, or in files that are read piece by piece.

use super::npy::{Spool, Stored};
use crate::statistics::TwoPoint;
use crate::{Error, Result};
use ndarray::{ArcArray1, Array2, Axis};
use rayon::prelude::*;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Many vectors of equal length, one a sample, of `f32`.
///
/// Storage is shared: clones are cheap, and vectors that come from arrays in memory are not copied.
#[derive(Debug, Clone)]
pub struct Vectors {
    features: usize,
    memory: usize,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Memory(Vec<ArcArray1<f32>>),
    Files {
        vectors: Vec<Stored>,
        /// Keeps the temporary file of unpacked arrays from being deleted.
        _spool: Option<Arc<tempfile::TempPath>>,
    },
}

impl Vectors {
    /// The rows of a matrix, one vector each.
    ///
    /// # Errors
    /// When there are no rows or columns.
    pub fn from_rows(rows: Array2<f32>) -> Result<Self> {
        let rows = rows.as_standard_layout().into_owned().into_shared();
        let vectors = (0..rows.nrows()).map(|i| rows.clone().index_axis_move(Axis(0), i));
        Self::from_vectors(vectors.collect())
    }

    /// These vectors.
    ///
    /// # Errors
    /// When there are none, or they differ in length.
    pub fn from_vectors(vectors: Vec<ArcArray1<f32>>) -> Result<Self> {
        let features = vectors.first().map_or(0, |v| v.len());
        if features == 0 {
            return Err(Error::value("vectors", "there are none, or they are empty"));
        }
        if let Some((i, v)) = vectors
            .iter()
            .enumerate()
            .find(|(_, v)| v.len() != features)
        {
            return Err(Error::shape(format!("vector {i}"), features, v.len()));
        }
        Ok(Vectors {
            features,
            memory: Self::DEFAULT_MEMORY,
            source: Source::Memory(vectors.into_iter().map(contiguous).collect()),
        })
    }

    /// The values of 2-point statistics (or covariances), one vector for each field.
    ///
    /// # Errors
    /// When there are none, or they differ in pairs, displacements or moment.
    pub fn from_statistics(statistics: &[TwoPoint]) -> Result<Self> {
        if let [first, rest @ ..] = statistics {
            let layout = |s: &TwoPoint| (s.pairs().to_vec(), s.displacements(), s.moment());
            if let Some((i, other)) = rest
                .iter()
                .enumerate()
                .find(|(_, s)| layout(s) != layout(first))
            {
                return Err(Error::shape(
                    format!(
                        "2-point statistics {} (pairs, displacements, moment)",
                        i + 1
                    ),
                    layout(first),
                    layout(other),
                ));
            }
        }
        let flat = statistics.iter().map(|s| {
            let values = s.values().clone();
            let length = values.len();
            values
                .into_shape_with_order(length)
                .map_err(|e| Error::numerical("2-point values", e.to_string()))
        });
        Self::from_vectors(flat.collect::<Result<_>>()?)
    }

    /// Arrays in `.npy` or `.npz` files, one vector a file, read piece by piece when needed.
    ///
    /// An array may have any shape and is flattened in C order; its numbers are `<f4` or `<f8`
    /// (rounded to `f32`). `array` names the array within `.npz` files, and may be `None` where
    /// they hold only one. Compressed `.npz` files cannot be read in pieces, so their arrays are
    /// unpacked, once, into a temporary file.
    ///
    /// # Errors
    /// When a file cannot be read or holds no such array, or the arrays differ in length.
    pub fn from_files(paths: &[impl AsRef<Path>], array: Option<&str>) -> Result<Self> {
        let mut spool = Spool::default();
        let mut vectors: Vec<Stored> = Vec::with_capacity(paths.len());
        for path in paths {
            let found = Stored::find(path.as_ref(), array, &mut spool)?;
            let expected = vectors.first().map_or(found.length, |first| first.length);
            if found.length != expected {
                return Err(Error::format(
                    path,
                    "array",
                    format!("{} values, but the first file has {expected}", found.length),
                ));
            }
            vectors.push(found);
        }
        let features = vectors.first().map_or(0, |v| v.length);
        if features == 0 {
            return Err(Error::value("vectors", "no files, or empty arrays"));
        }
        Ok(Vectors {
            features,
            memory: Self::DEFAULT_MEMORY,
            source: Source::Files {
                vectors,
                _spool: spool.into_file().map(Arc::new),
            },
        })
    }

    /// What [`with_memory`](Self::with_memory) is unless set: 1 GiB.
    pub const DEFAULT_MEMORY: usize = 1 << 30;

    /// The same vectors, of which at most this many bytes are read at a time. Says nothing about
    /// vectors that are in memory as they are. It is never less than 2 KiB a vector.
    pub fn with_memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// The number of vectors.
    pub fn samples(&self) -> usize {
        match &self.source {
            Source::Memory(vectors) => vectors.len(),
            Source::Files { vectors, .. } => vectors.len(),
        }
    }

    /// The length of each.
    pub fn features(&self) -> usize {
        self.features
    }

    /// What a sample is called in messages.
    pub(super) fn name(&self, sample: usize) -> String {
        match &self.source {
            Source::Memory(_) => format!("vector {sample}"),
            Source::Files { vectors, .. } => vectors[sample].path.display().to_string(),
        }
    }

    /// One whole vector.
    ///
    /// # Errors
    /// When there is no such sample, or its file cannot be read.
    pub fn vector(&self, sample: usize) -> Result<ArcArray1<f32>> {
        if sample >= self.samples() {
            return Err(Error::value(
                "sample",
                format!("{sample} asked of {}", self.samples()),
            ));
        }
        match &self.source {
            Source::Memory(vectors) => Ok(vectors[sample].clone()),
            Source::Files { vectors, .. } => {
                let mut values = vec![0.0; self.features];
                vectors[sample].read(0..self.features, &mut values)?;
                Ok(ArcArray1::from(values))
            }
        }
    }

    /// Hands over all features, in order, in panels of at most `width` of them, a multiple of
    /// `step` except the last: the panel's range of features, and each sample's values in it.
    pub(super) fn panels(
        &self,
        width: usize,
        step: usize,
        mut panel: impl FnMut(Range<usize>, &[&[f32]]) -> Result<()>,
    ) -> Result<()> {
        let fits = match &self.source {
            Source::Memory(_) => width,
            Source::Files { vectors, .. } => width.min(self.memory / (4 * vectors.len())),
        };
        let width = (fits / step * step).max(step).min(self.features);
        let mut buffer = Vec::new();
        for start in (0..self.features).step_by(width) {
            let range = start..(start + width).min(self.features);
            match &self.source {
                Source::Memory(vectors) => {
                    let rows: Vec<&[f32]> = vectors
                        .iter()
                        .map(|v| &v.as_slice().expect("vectors are made contiguous")[range.clone()])
                        .collect();
                    panel(range, &rows)?;
                }
                Source::Files { vectors, .. } => {
                    buffer.resize(vectors.len() * range.len(), 0.0);
                    buffer
                        .par_chunks_exact_mut(range.len())
                        .zip(vectors)
                        .try_for_each(|(row, vector)| vector.read(range.clone(), row))?;
                    let rows: Vec<&[f32]> = buffer.chunks_exact(range.len()).collect();
                    panel(range, &rows)?;
                }
            }
        }
        Ok(())
    }
}

fn contiguous(vector: ArcArray1<f32>) -> ArcArray1<f32> {
    if vector.as_slice().is_some() {
        vector
    } else {
        vector.iter().copied().collect::<Vec<f32>>().into()
    }
}
