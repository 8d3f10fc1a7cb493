//! Algorithm 1 of the paper: one noise, filtered into every channel.

use super::density::Density;
use super::noise::Noise;
use crate::Result;
use crate::buffer::Reused;
use crate::statistics::{Complex, Pairs, RealFft};
use ndarray::Array4;
use rayon::prelude::*;
use std::ops::Range;

/// The `ε` that keeps line 14 from dividing by zero.
const EPSILON: f64 = 1e-12;

/// Frequencies of which a filter is made at a time.
const PIECE: usize = 16;

/// Lines 8 to 15 with mean zero, into `data` of all channels; `density` holds the pairs with
/// channel 0 in order.
pub(super) fn draw(density: &Density<f32>, noise: &Noise, data: &mut [f32]) -> Result<()> {
    let fft = RealFft::<f32>::new(density.shape)?;
    let source = source(density, noise, &fft);
    let mut work = Reused::<Complex<f32>>::stale(fft.frequencies());
    for (channel, values) in data.chunks_exact_mut(fft.voxels()).enumerate() {
        fft.inverse_of(
            |range, to| filter(density, channel, &source[range.clone()], range, to),
            &mut work,
            values,
        )?;
    }
    Ok(())
}

/// `X^0 / (S (F_00 + ε))`, of which every channel is `F_0γ` times.
fn source(density: &Density<f32>, noise: &Noise, fft: &RealFft<f32>) -> Reused<Complex<f32>> {
    let voxels = density.voxels() as f32;
    let mut source = Reused::<Complex<f32>>::zeros(fft.frequencies());
    source
        .par_chunks_exact_mut(density.row)
        .enumerate()
        .for_each_init(
            || vec![0.0f32; density.row],
            |power, (row, values)| {
                // Line 9 leaves the zero frequency out.
                let first = usize::from(row == 0);
                let end = density.support(0, row).end;
                if end <= first {
                    return;
                }
                power[..end].fill(0.0);
                density.add_real(0, row, 0..end, &mut power[..end]);
                noise.row(0, row, &mut values[..end]);
                for (value, power) in values.iter_mut().zip(&*power) {
                    let power = power.max(0.0);
                    *value *= (power / voxels).sqrt() / (power + EPSILON as f32);
                }
                if row == 0 {
                    values[0] = Complex::new(0.0, 0.0);
                }
            },
        );
    source
}

/// One channel's coefficients in a range of flat indices.
fn filter(
    density: &Density<f32>,
    channel: usize,
    source: &[Complex<f32>],
    range: Range<usize>,
    to: &mut [Complex<f32>],
) {
    let zero = Complex::new(0.0, 0.0);
    let mut start = range.start;
    while start < range.end {
        let (row, k) = (start / density.row, start % density.row);
        let length = (range.end - start).min(density.row - k).min(PIECE);
        let at = start - range.start..start - range.start + length;
        let (source, to) = (&source[at.clone()], &mut to[at]);
        start += length;
        if source.iter().all(|value| *value == zero) {
            to.fill(zero);
            continue;
        }
        let (mut re, mut im) = ([0.0f32; PIECE], [0.0f32; PIECE]);
        let (re, im) = (&mut re[..length], &mut im[..length]);
        if channel == 0 {
            re.fill(EPSILON as f32);
            density.add_real(0, row, k..k + length, re);
        } else {
            density.add(channel, row, k..k + length, re, im);
        }
        for ((to, source), (re, im)) in to.iter_mut().zip(source).zip(re.iter().zip(im)) {
            *to = source * Complex::new(*re, *im);
        }
    }
}

/// The covariances that draws have on average, of all pairs of channels.
pub(super) fn expected(density: &Density<f64>, channels: usize) -> Result<Array4<f32>> {
    let fft = RealFft::<f64>::new(density.shape)?;
    let mut values = density.rows_of_all();
    // F_0γ / √F_00.
    let mut filters: Vec<_> = (0..channels).map(|_| fft.spectrum()).collect();
    for row in 0..density.rows {
        density.row_of_all(row, &mut values);
        for k in usize::from(row == 0)..density.row {
            let power = values[0][k].re.max(0.0);
            let scale = power.sqrt() / (power + EPSILON);
            for (filter, values) in filters.iter_mut().zip(&values) {
                filter[row * density.row + k] = values[k] * scale;
            }
        }
    }
    let [nx, ny, nz] = density.shape;
    let pairs = Pairs::All.among(channels)?;
    let mut maps = Array4::zeros((pairs.len(), nx, ny, nz));
    let mut real = vec![0.0; fft.voxels()];
    for (&(b, g), mut map) in pairs.iter().zip(maps.outer_iter_mut()) {
        let factors = filters[b].iter().zip(&filters[g]);
        let mut product: Vec<_> = factors.map(|(b, g)| b.conj() * g).collect();
        fft.inverse(&mut product, &mut real)?;
        for (to, from) in map.iter_mut().zip(&real) {
            *to = *from as f32;
        }
    }
    Ok(maps)
}
