//! The artefact at known voxels.

use crate::Result;
use crate::microstructure::Field;
use crate::reconstruction::Mask;

/// How much values change from a voxel to the next: the mean Euclidean distance of their values
/// over faces of voxels, along the axes along which known voxels have missing neighbours. For a
/// stack that is its own axis.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Seam {
    /// Between a known and a missing voxel; none where there are no such faces.
    pub across: Option<f64>,
    /// Between two missing ones.
    pub elsewhere: Option<f64>,
}

impl Seam {
    /// The jumps of a field of which `known` and `missing` voxels are told apart; voxels that are
    /// neither do not count.
    ///
    /// # Errors
    /// When the shapes differ.
    pub fn of(field: &Field, known: &Mask, missing: &Mask) -> Result<Self> {
        let shape = field.grid().shape;
        known.fits(shape)?;
        missing.fits(shape)?;
        let (known, missing) = (known.as_slice(), missing.as_slice());
        let (values, voxels) = (field.as_slice(), known.len());
        let channels = field.channels().len();
        let jump = |a: usize, b: usize| -> f64 {
            let square = |c: usize| f64::from(values[c * voxels + a] - values[c * voxels + b]);
            (0..channels).map(|c| square(c).powi(2)).sum::<f64>().sqrt()
        };
        let (mut across, mut elsewhere) = (Mean::default(), Mean::default());
        for axis in 0..3 {
            let stride: usize = shape[axis + 1..].iter().product();
            let (mut seams, mut rest) = (Mean::default(), Mean::default());
            let inner = |a: &usize| a / stride % shape[axis] + 1 < shape[axis];
            for a in (0..voxels).filter(inner) {
                let b = a + stride;
                if known[a] && missing[b] || missing[a] && known[b] {
                    seams.add(jump(a, b));
                } else if missing[a] && missing[b] {
                    rest.add(jump(a, b));
                }
            }
            if seams.count > 0 {
                across.join(seams);
                elsewhere.join(rest);
            }
        }
        Ok(Seam {
            across: across.value(),
            elsewhere: elsewhere.value(),
        })
    }

    /// One over the other: about 1 where nothing is seen of the known voxels.
    pub fn ratio(&self) -> Option<f64> {
        let ratio = self.across? / self.elsewhere?;
        ratio.is_finite().then_some(ratio)
    }
}

#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: usize,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn join(&mut self, other: Mean) {
        self.sum += other.sum;
        self.count += other.count;
    }

    fn value(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}
