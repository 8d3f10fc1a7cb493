//! 1-point statistics: what a field's values are, wherever they are.

use crate::microstructure::Field;
use crate::{Error, Result};
use rayon::prelude::*;

/// Values that are summed together; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 1 << 14;

/// Mean, variance and range of each channel of a [`Field`] (paper 2.1.1), over its valid voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct OnePoint {
    /// The channels' names.
    pub channels: Vec<String>,
    /// Valid voxels over all voxels; 1 for a field without a mask.
    pub volume_fraction: f64,
    /// The number of valid voxels.
    pub voxels: usize,
    /// The mean of each channel.
    pub mean: Vec<f64>,
    /// The mean square deviation from the mean (divided by the number of voxels, not one less).
    pub variance: Vec<f64>,
    /// The smallest value of each channel.
    pub min: Vec<f32>,
    /// The largest value of each channel.
    pub max: Vec<f32>,
}

impl OnePoint {
    /// The 1-point statistics of a field.
    ///
    /// # Errors
    /// When no voxel is valid, or a valid voxel holds a value that is not finite.
    pub fn of(field: &Field) -> Result<Self> {
        let all = field.grid().voxels();
        let voxels = valid_voxels(field)?;
        let mean = means(field)?;
        let mut variance = Vec::new();
        let (mut min, mut max) = (Vec::new(), Vec::new());
        for (channel, mean) in mean.iter().enumerate() {
            let parts: Vec<(f64, f32, f32)> = chunks(field, channel, |values, mask| {
                let mut part = (0.0, f32::INFINITY, f32::NEG_INFINITY);
                for (i, value) in values.iter().enumerate() {
                    if mask.is_none_or(|mask| mask[i]) {
                        let deviation = f64::from(*value) - mean;
                        part.0 += deviation * deviation;
                        part.1 = value.min(part.1);
                        part.2 = value.max(part.2);
                    }
                }
                part
            });
            variance.push(parts.iter().map(|part| part.0).sum::<f64>() / voxels as f64);
            min.push(parts.iter().fold(f32::INFINITY, |m, part| part.1.min(m)));
            max.push(
                parts
                    .iter()
                    .fold(f32::NEG_INFINITY, |m, part| part.2.max(m)),
            );
        }
        Ok(OnePoint {
            channels: field.channels().to_vec(),
            volume_fraction: voxels as f64 / all as f64,
            voxels,
            mean,
            variance,
            min,
            max,
        })
    }

    /// The standard deviation of each channel.
    pub fn deviation(&self) -> Vec<f64> {
        self.variance.iter().map(|v| v.sqrt()).collect()
    }
}

/// The mean of each channel over the valid voxels.
pub(crate) fn means(field: &Field) -> Result<Vec<f64>> {
    let voxels = valid_voxels(field)?;
    (0..field.channels().len())
        .map(|channel| {
            let parts: Vec<f64> = chunks(field, channel, |values, mask| match mask {
                None => sum(values),
                Some(mask) => values
                    .iter()
                    .zip(mask)
                    .filter(|(_, valid)| **valid)
                    .map(|(value, _)| f64::from(*value))
                    .sum(),
            });
            // One value that is not finite makes the sum so.
            match parts.iter().position(|part| !part.is_finite()) {
                None => Ok(parts.iter().sum::<f64>() / voxels as f64),
                Some(_) => Err(not_finite(field, channel)),
            }
        })
        .collect()
}

/// The sum in eight partial sums, which the processor adds side by side.
fn sum(values: &[f32]) -> f64 {
    let mut lanes = [0.0; 8];
    let whole = values.chunks_exact(8);
    let rest: f64 = whole.remainder().iter().map(|v| f64::from(*v)).sum();
    for values in whole {
        for (lane, value) in lanes.iter_mut().zip(values) {
            *lane += f64::from(*value);
        }
    }
    lanes.iter().sum::<f64>() + rest
}

/// What `part` makes of each chunk of a channel and its mask, in order.
fn chunks<P: Send>(
    field: &Field,
    channel: usize,
    part: impl Fn(&[f32], Option<&[bool]>) -> P + Sync,
) -> Vec<P> {
    let voxels = field.grid().voxels();
    let values = &field.as_slice()[channel * voxels..(channel + 1) * voxels];
    match mask_slice(field) {
        None => values.par_chunks(CHUNK).map(|v| part(v, None)).collect(),
        Some(mask) => values
            .par_chunks(CHUNK)
            .zip(mask.par_chunks(CHUNK))
            .map(|(values, mask)| part(values, Some(mask)))
            .collect(),
    }
}

/// The mask as a slice, `z` fastest.
pub(crate) fn mask_slice(field: &Field) -> Option<&[bool]> {
    field.mask().and_then(|mask| mask.as_slice())
}

fn valid_voxels(field: &Field) -> Result<usize> {
    let voxels = mask_slice(field).map_or(field.grid().voxels(), |mask| {
        mask.iter().filter(|valid| **valid).count()
    });
    if voxels == 0 {
        return Err(Error::value("field mask", "no voxel of the field is valid"));
    }
    Ok(voxels)
}

fn not_finite(field: &Field, channel: usize) -> Error {
    let [_, ny, nz] = field.grid().shape;
    let mask = mask_slice(field);
    let voxels = field.grid().voxels();
    let place = field.as_slice()[channel * voxels..(channel + 1) * voxels]
        .iter()
        .enumerate()
        .find(|(i, value)| !value.is_finite() && mask.is_none_or(|mask| mask[*i]))
        .map(|(i, value)| (value, [i / (ny * nz), i / nz % ny, i % nz]));
    Error::value(
        format!("field channel {:?}", field.channels()[channel]),
        match place {
            Some((value, place)) => format!("{value} in voxel {place:?}: values must be finite"),
            None => "the values are too large to be summed".to_owned(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::microstructure::Grid;
    use ndarray::{Array3, Array4};

    fn field(shape: [usize; 3], value: impl Fn(usize) -> f32) -> Result<Field> {
        let grid = Grid::new(shape)?;
        let [x, y, z] = shape;
        let values = (0..2 * grid.voxels()).map(value).collect();
        let data = Array4::from_shape_vec((2, x, y, z), values)
            .map_err(|e| Error::value("test data", e.to_string()))?;
        Field::new(grid, ["a", "b"], data)
    }

    #[test]
    fn numbers_from_zero_to_n_have_textbook_moments() -> Result<()> {
        // More voxels than a chunk holds, and not a multiple of it.
        let n = 31 * 29 * 37;
        let statistics = OnePoint::of(&field([31, 29, 37], |i| (i % n) as f32)?)?;
        let expected = (n as f64 - 1.0) / 2.0;
        let variance = ((n * n) as f64 - 1.0) / 12.0;
        assert!((statistics.mean[1] - expected).abs() < 1e-9);
        assert!((statistics.variance[0] / variance - 1.0).abs() < 1e-12);
        assert_eq!(
            (statistics.min[0], statistics.max[1]),
            (0.0, (n - 1) as f32)
        );
        assert_eq!(statistics.volume_fraction, 1.0);
        Ok(())
    }

    #[test]
    fn voxels_outside_the_mask_do_not_count_even_if_not_numbers() -> Result<()> {
        let mut values = field([2, 2, 3], |i| if i % 4 == 0 { f32::NAN } else { i as f32 })?;
        assert!(OnePoint::of(&values).is_err());
        let mask = Array3::from_shape_fn((2, 2, 3), |(x, y, z)| (x * 6 + y * 3 + z) % 4 != 0);
        values = values.with_mask(mask.into_shared())?;
        let statistics = OnePoint::of(&values)?;
        // numpy: i = np.arange(12)[np.arange(12) % 4 != 0]; i.mean(), i.var()
        assert_eq!(statistics.voxels, 9);
        assert!((statistics.mean[0] - 6.0).abs() < 1e-14);
        assert!((statistics.variance[0] - 34.0 / 3.0).abs() < 1e-13);
        assert!((statistics.mean[1] - 18.0).abs() < 1e-14);
        assert_eq!((statistics.min[0], statistics.max[0]), (1.0, 11.0));
        assert_eq!(statistics.volume_fraction, 0.75);
        Ok(())
    }

    #[test]
    fn a_value_that_is_not_finite_is_located() -> Result<()> {
        let values = field(
            [2, 3, 4],
            |i| if i == 24 + 17 { f32::INFINITY } else { 0.0 },
        )?;
        let text = OnePoint::of(&values).map_or_else(|e| e.to_string(), |_| String::new());
        assert!(
            text.contains("\"b\"") && text.contains("[1, 1, 1]"),
            "{text}"
        );
        let none = field([2, 3, 4], |_| 0.0)?
            .with_mask(Array3::from_elem((2, 3, 4), false).into_shared())?;
        assert!(OnePoint::of(&none).is_err());
        Ok(())
    }
}
