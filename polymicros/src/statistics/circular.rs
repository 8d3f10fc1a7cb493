//! Circular correlations of all fields at once.

use super::fft::{Complex, Products, Real, RealFft};
use crate::Result;
use crate::buffer::{Reused, Value};
use ndarray::Array4;

/// Bytes of two cache lines.
const LINE: usize = 128;

/// `1/S Σ_s m^β_s m^γ_{s+r}` of fields that repeat themselves beyond their grid, for each pair
/// `(β, γ)`: from `channel, x, y, z` to `pair, x, y, z`.
///
/// Three passes over memory, where a transform for each channel and pair would take nine: along
/// the rows and columns of each plane; across the planes, where the products are made; and back
/// within each plane. Autocorrelations are even, so half of their planes do.
///
/// # Errors
/// When an axis has no voxels.
pub(super) fn circular<T: Real + Value>(
    fields: &[T],
    shape: [usize; 3],
    channels: usize,
    pairs: &[(usize, usize)],
) -> Result<Array4<T>>
where
    Complex<T>: Value,
{
    let fft = RealFft::new(shape)?;
    let voxels = fft.voxels();
    let scale = fft.inverse_scale()?;
    let of_kind = |auto: bool| pairs.iter().filter(move |(b, c)| (b == c) == auto).copied();
    let crosses: Vec<(usize, usize)> = of_kind(false).collect();
    let autos: Vec<usize> = of_kind(true).map(|(b, _)| b).collect();

    let whole = channels.max(crosses.len());
    let frequencies = |at: usize| {
        if at < whole {
            fft.frequencies()
        } else {
            fft.even_frequencies()
        }
    };
    let mut kept: Vec<Reused<Complex<T>>> = (0..whole.max(pairs.len()))
        .map(|at| Reused::stale(frequencies(at) + LINE / size_of::<T>()))
        .collect();
    let mut buffers: Vec<&mut [Complex<T>]> = kept
        .iter_mut()
        .enumerate()
        .map(|(at, kept)| &mut on_a_line(kept)[..frequencies(at)])
        .collect();
    for (spectrum, values) in buffers.iter_mut().zip(fields.chunks_exact(voxels)) {
        fft.forward_planes(values, spectrum)?;
    }
    fft.multiply_across(
        &mut buffers,
        &Products {
            fields: channels,
            crosses: &crosses,
            autos: &autos,
            // One scale makes the inverse transform, the other the mean over the voxels.
            factor: scale * scale,
        },
    )?;

    let [x, y, z] = shape;
    let shape = (pairs.len(), x, y, z);
    let values = Reused::stale(pairs.len() * voxels).into_vec();
    let mut values = Array4::from_shape_vec(shape, values)
        .expect("there are as many values as pairs and voxels");
    let (cross, auto) = buffers.split_at_mut(crosses.len());
    let (mut cross, mut auto) = (cross.iter_mut(), auto.iter_mut());
    for (mut map, (b, c)) in values.outer_iter_mut().zip(pairs) {
        let map = map.as_slice_mut().expect("the array is in standard layout");
        let spectrum = if b == c { auto.next() } else { cross.next() };
        let spectrum = spectrum.expect("each pair has a buffer");
        if b == c {
            fft.inverse_even_planes(&mut spectrum[..fft.even_frequencies()], map)?;
        } else {
            fft.inverse_planes(spectrum, map)?;
        }
    }
    Ok(values)
}

/// The values from the first that lies at the start of a cache line. The pass across the planes
/// reads and writes pieces of two such lines: each would touch three where they start elsewhere.
fn on_a_line<T>(values: &mut [T]) -> &mut [T] {
    let offset = values.as_ptr().align_offset(LINE);
    &mut values[if offset * size_of::<T>() < LINE {
        offset
    } else {
        0
    }..]
}
