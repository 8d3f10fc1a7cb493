//! Volumes from parts of them, in one call each.

use polymicros::Result;
use polymicros::display::{Chart, ColourMap, ColourRange, Picture, scalar_slices};
use polymicros::microstructure::Field;
use polymicros::reconstruction::comparison::{Candidate, Row, compare_candidate};
use polymicros::reconstruction::measures::Calibration;
use polymicros::reconstruction::{Ensemble, Inpainting, Mask, Model, Reconstruction};

/// Samples of a volume of which some voxels are known, with seeds from `seed` on.
///
/// # Errors
/// When no voxel is known, or a setting makes no sense.
pub fn fill_in(
    model: &Model,
    observed: &Field,
    inpainting: &Inpainting,
    samples: usize,
    seed: u64,
) -> Result<Ensemble> {
    let reconstruction = Reconstruction {
        denoiser: String::new(),
        samples,
        seed,
        inpainting: *inpainting,
    };
    reconstruction.draw(model, observed, &mut |_| Ok(()))
}

/// Removes the voxels that the mask leaves out, fills them in as the candidate says, and measures
/// the mean of the samples, as it is and projected onto orientations seen nearby.
///
/// # Errors
/// When the volume is no ROGSH field, the mask does not fit it, or a setting makes no sense.
pub fn compare_way(
    truth: &Field,
    mask: &Mask,
    model: &Model,
    candidate: &Candidate,
    samples: usize,
    seed: u64,
) -> Result<Vec<Row>> {
    compare_candidate(
        truth,
        mask,
        model,
        candidate,
        samples,
        seed,
        &mut |_| Ok(()),
    )
}

/// Slices through the middle of one channel of a field, such as the spread of samples.
///
/// # Errors
/// When the field has no channel 0, or a value is not finite.
pub fn field_slices(field: &Field, label: &str) -> Result<Picture> {
    let middle = field.grid().shape.map(|edge| edge / 2);
    scalar_slices(
        field.channel(0)?,
        field.grid(),
        middle,
        ColourMap::Magma,
        ColourRange::Data,
        label,
    )
}

/// A reliability diagram: the error of the mean over the stated spread, bin by bin, with the line
/// on which both are equal.
///
/// # Errors
/// When the picture cannot be drawn.
pub fn reliability(calibration: &Calibration) -> Result<Picture> {
    let of = |value: fn(&polymicros::reconstruction::measures::CalibrationBin) -> f64| {
        let bins = calibration.bins.iter();
        bins.map(value).collect::<Vec<f64>>()
    };
    let (spread, error) = (of(|bin| bin.spread), of(|bin| bin.error));
    let largest = spread.iter().chain(&error).copied().fold(0.0, f64::max);
    Chart::new("stated spread", "error of the mean")
        .line("equal", &[0.0, largest], &[0.0, largest])
        .points("bins of voxels", &spread, &error)
        .picture()
}
