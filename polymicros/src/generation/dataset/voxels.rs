//! A structure's voxels in the form in which they are stored, and back.

use super::{Encoding, Lost};
use crate::microstructure::{Field, shift_channels};
use crate::orientation::{ROGSH_NAMES, RogshCodes, is_rogsh};
use crate::{Error, Result};
use ndarray::{Array4, ArrayView3, ArrayView4, Axis};
use rayon::prelude::*;

/// Within this distance of an orientation's ROGSH values, values are valid: the thousandth part of
/// their range, and far below the resolution of the code.
const VALID: f64 = 1e-3;

/// Voxels, in the order in which they are stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Voxels {
    /// `channel, x, y, z`.
    Values(Vec<f32>),
    /// `x, y, z`.
    Codes(Vec<u16>),
}

/// How voxels are stored, with the table of the codes where it needs one.
#[derive(Debug, Clone)]
pub(super) enum Coder {
    Values,
    Codes(RogshCodes),
}

impl Coder {
    pub(super) fn new(encoding: Encoding) -> Result<Self> {
        Ok(match encoding {
            Encoding::Values => Coder::Values,
            Encoding::Codes => Coder::Codes(RogshCodes::new()?),
        })
    }

    /// A field of mean zero as voxels, and what they have lost. `mean` is added before coding.
    pub(super) fn encode(&self, field: &Field, mean: [f64; 3]) -> Result<(Voxels, Option<Lost>)> {
        if field.channels() != ROGSH_NAMES {
            let what = "channels of a structure";
            return Err(Error::shape(what, ROGSH_NAMES, field.channels()));
        }
        let Coder::Codes(codes) = self else {
            return Ok((Voxels::Values(field.as_slice().to_vec()), None));
        };
        let moved = field.shifted(&mean)?;
        let moved = moved.data().view();
        let coded = codes.encode(moved)?;
        let lost = lost(moved, codes.decode(coded.view())?.view());
        Ok((Voxels::Codes(coded.into_iter().collect()), Some(lost)))
    }

    /// The values of voxels, of mean zero, in axis order `channel, x, y, z`.
    pub(super) fn decode(
        &self,
        voxels: Voxels,
        shape: [usize; 3],
        mean: [f64; 3],
    ) -> Result<Array4<f32>> {
        let [x, y, z] = shape;
        let failed = |e: ndarray::ShapeError| Error::value("voxels", e.to_string());
        match (self, voxels) {
            (Coder::Values, Voxels::Values(values)) => {
                Array4::from_shape_vec((3, x, y, z), values).map_err(failed)
            }
            (Coder::Codes(codes), Voxels::Codes(coded)) => {
                let coded = ArrayView3::from_shape(shape, &coded).map_err(failed)?;
                let mut values = codes.decode(coded)?;
                shift_channels(values.view_mut(), mean.map(|mean| -mean));
                Ok(values)
            }
            _ => Err(Error::value(
                "voxels",
                "stored in another form than the dataset's",
            )),
        }
    }
}

/// What was lost between the values before and after.
fn lost(before: ArrayView4<'_, f32>, after: ArrayView4<'_, f32>) -> Lost {
    /// Sums over the voxels of one plane; planes are added in order, on any number of threads.
    #[derive(Default)]
    struct Sums {
        square: f64,
        square_of_valid: f64,
        valid: usize,
        largest: f64,
        voxels: usize,
    }
    let planes = before.len_of(Axis(1));
    let sums: Vec<Sums> = (0..planes)
        .into_par_iter()
        .map(|x| {
            let mut sums = Sums::default();
            let before = before.index_axis(Axis(1), x);
            let after = after.index_axis(Axis(1), x);
            let lanes = before.lanes(Axis(0)).into_iter();
            for (before, after) in lanes.zip(after.lanes(Axis(0))) {
                let value = [0, 1, 2].map(|c| f64::from(before[c]));
                let square: f64 = value
                    .iter()
                    .zip(after)
                    .map(|(b, a)| (b - f64::from(*a)).powi(2))
                    .sum();
                if is_rogsh(value, VALID) {
                    sums.valid += 1;
                    sums.square_of_valid += square;
                }
                sums.voxels += 1;
                sums.square += square;
                sums.largest = sums.largest.max(square);
            }
            sums
        })
        .collect();
    let total = sums.into_iter().fold(Sums::default(), |a, b| Sums {
        square: a.square + b.square,
        square_of_valid: a.square_of_valid + b.square_of_valid,
        valid: a.valid + b.valid,
        largest: a.largest.max(b.largest),
        voxels: a.voxels + b.voxels,
    });
    let voxels = total.voxels as f64;
    Lost {
        rms: (total.square / voxels).sqrt(),
        rms_of_valid: (total.square_of_valid / total.valid.max(1) as f64).sqrt(),
        largest: total.largest.sqrt(),
        invalid: 1.0 - total.valid as f64 / voxels,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::microstructure::{Grid, StandIn};
    use crate::training::centred;

    #[test]
    fn what_is_lost_is_what_is_missing_afterwards() -> Result<()> {
        let volume = StandIn::Recrystallised.generate([12; 3], 3)?.rogsh()?;
        let mean = crate::statistics::means(&volume)?;
        let mean = [mean[0], mean[1], mean[2]];
        let field = Field::new(*volume.grid(), ROGSH_NAMES, centred(&volume)?)?;
        let coder = Coder::new(Encoding::Codes)?;
        let (voxels, lost) = coder.encode(&field, mean)?;
        let back = coder.decode(voxels, [12; 3], mean)?;
        let (mut square, mut largest) = (0.0, 0.0f64);
        for (before, after) in field
            .data()
            .lanes(Axis(0))
            .into_iter()
            .zip(back.lanes(Axis(0)))
        {
            let d: f64 = before
                .iter()
                .zip(after)
                .map(|(b, a)| f64::from(b - a).powi(2))
                .sum();
            square += d;
            largest = largest.max(d.sqrt());
        }
        let lost = lost.ok_or_else(|| Error::value("lost", "missing"))?;
        assert!((lost.rms - (square / 1728.0).sqrt()).abs() < 1e-6);
        assert!((lost.largest - largest).abs() < 1e-6);
        // A real volume's values are all valid once its mean is back, and come back as well as
        // the table is fine.
        assert_eq!(lost.invalid, 0.0);
        assert!(lost.rms_of_valid == lost.rms && lost.rms < RogshCodes::SPACING);
        // Without the mean, or moved out of the body, they are not.
        let (_, moved) = coder.encode(&field, [0.4, 0.5, -0.4])?;
        assert!(moved.is_some_and(|lost| lost.invalid > 0.5 && lost.rms > 0.1));
        Ok(())
    }

    #[test]
    fn values_are_kept_as_they_are() -> Result<()> {
        let data = Array4::from_shape_fn((3, 2, 3, 4), |(c, x, y, z)| {
            (c + 2 * x + 3 * y + 5 * z) as f32 * 0.01
        });
        let field = Field::new(Grid::new([2, 3, 4])?, ROGSH_NAMES, data.clone())?;
        let (voxels, lost) = Coder::Values.encode(&field, [0.1; 3])?;
        assert_eq!(lost, None);
        assert_eq!(Coder::Values.decode(voxels, [2, 3, 4], [0.1; 3])?, data);
        let other = Field::new(Grid::new([2, 3, 4])?, ["a", "b", "c"], data)?;
        assert!(Coder::Values.encode(&other, [0.0; 3]).is_err());
        Ok(())
    }
}
