//! Classical denoising filters, to compare with.

mod gaussian;
mod median;
mod total_variation;

use ndarray::{Array4, ArrayView4};
use serde::{Deserialize, Serialize};

/// A kind of filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Gaussian,
    Median,
    TotalVariation,
}

/// A filter with its one parameter. Beyond the faces of a volume all of them see its mirror image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Convolution with a Gaussian of this standard deviation in voxels, channel by channel.
    Gaussian(f64),
    /// The median over a cube that reaches so many voxels in each direction, channel by channel;
    /// zero changes nothing.
    Median(usize),
    /// The minimum `u` of `|u - x|² / 2 + weight TV(u)` (Rudin, Osher and Fatemi 1992), where the
    /// total variation adds up the norms of the gradients of all channels together: grains have
    /// their boundaries in all channels at the same place.
    TotalVariation(f64),
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Gaussian, Kind::Median, Kind::TotalVariation];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Gaussian => "Gaussian",
            Kind::Median => "median",
            Kind::TotalVariation => "total variation",
        }
    }

    /// What to choose from at a noise level; from next to no change to far too much.
    pub fn candidates(self, sigma: f64) -> Vec<Filter> {
        match self {
            Kind::Gaussian => [
                0.2, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 3.0, 4.5, 7.0,
            ]
            .map(Filter::Gaussian)
            .to_vec(),
            Kind::Median => (0..=3).map(Filter::Median).collect(),
            // The best weight grows with the noise, a little faster than in proportion.
            Kind::TotalVariation => [0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 4.5, 7.0]
                .map(|weight| Filter::TotalVariation(weight * sigma))
                .to_vec(),
        }
    }
}

impl Filter {
    /// The filtered volume, `channel, x, y, z`.
    pub fn apply(self, x: ArrayView4<f32>) -> Array4<f32> {
        match self {
            Filter::Gaussian(deviation) => gaussian::filter(x, deviation),
            Filter::Median(reach) => median::filter(x, reach),
            Filter::TotalVariation(weight) => total_variation::filter(x, weight),
        }
    }

    /// Its parameter.
    pub fn parameter(self) -> f64 {
        match self {
            Filter::Gaussian(value) | Filter::TotalVariation(value) => value,
            Filter::Median(reach) => reach as f64,
        }
    }
}

/// Which of `n` voxels stands at place `at` of an axis that is mirrored at its faces.
fn mirrored(at: isize, n: usize) -> usize {
    let place = at.rem_euclid(2 * n as isize) as usize;
    if place < n { place } else { 2 * n - 1 - place }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mirror_images_repeat_the_voxel_at_the_face() {
        let seen: Vec<usize> = (-4..8).map(|at| mirrored(at, 3)).collect();
        assert_eq!(seen, [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        /// Every filter leaves constants, commutes with a shift of the values and with the exchange
        /// of two axes, and never leaves the range of the values.
        #[test]
        fn filters_keep_constants_and_symmetries(
            values in prop::collection::vec(-1.0..1.0f32, 2 * 4 * 5 * 6), shift in -2.0..2.0f32,
        ) {
            let x = Array4::from_shape_vec((2, 4, 5, 6), values).unwrap();
            let constant = Array4::from_elem((2, 4, 5, 6), shift);
            let close = |a: &Array4<f32>, b: &Array4<f32>| {
                (a - b).iter().all(|d| d.abs() < 2e-3)
            };
            for filter in [Filter::Gaussian(0.8), Filter::Median(1), Filter::TotalVariation(0.3)] {
                prop_assert!(close(&filter.apply(constant.view()), &constant));
                let plain = filter.apply(x.view());
                let moved = filter.apply((&x + shift).view());
                prop_assert!(close(&moved, &(&plain + shift)), "{filter:?}");
                let of_exchanged = filter.apply(x.view().permuted_axes([0, 1, 3, 2]).view());
                let exchanged = plain.view().permuted_axes([0, 1, 3, 2]).to_owned();
                prop_assert!(close(&of_exchanged, &exchanged), "{filter:?}");
                prop_assert!(plain.iter().all(|v| v.abs() <= 1.0 + 1e-5));
            }
        }
    }
}
