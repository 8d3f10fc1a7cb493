//! The grains' shapes: which grain each voxel belongs to.

use super::StandIn;
use super::diffusion::Axis;
use super::growth::Growth;
use super::nucleation::{nearest, nuclei};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Grains at the start of growth for each one at its end.
const FORGET: usize = 8;
/// Width of the Gaussian that smooths stretched grains, in voxels of the compressed box.
const RENDER: f64 = 0.8;
/// Step width of growth after impingement, in voxels: removes fragments of a few voxels.
const IMPINGED: f64 = 1.5;

/// Edge of the fine grains of the bimodal ferrite, in voxels.
const FINE: f64 = 7.0;
/// Depth of the volume that a section is cut from, in its largest grains: enough for no grain to
/// meet itself around the period.
const DEPTH: f64 = 4.0;

/// Edge of the (largest) grains in voxels along an axis that is not stretched, and the stretch.
fn form(stand_in: StandIn) -> (f64, [f64; 3]) {
    match stand_in {
        StandIn::Recrystallised => (9.0, [1.0; 3]),
        StandIn::Columnar => (8.0, [1.0, 1.0, 4.0]),
        StandIn::Twinned => (12.0, [1.0; 3]),
        StandIn::CoarseBeta => (18.0, [1.0; 3]),
        StandIn::Rolled => (7.0, [3.0, 1.5, 1.0]),
        StandIn::BimodalFerrite => (20.0, [1.0; 3]),
    }
}

/// The volume that a grid of this shape is cut from: an axis of one voxel is cut across.
pub(super) fn volume(stand_in: StandIn, shape: [usize; 3]) -> [usize; 3] {
    let (edge, stretch) = form(stand_in);
    std::array::from_fn(|a| match shape[a] {
        1 => (DEPTH * edge * stretch[a]).round() as usize,
        length => length,
    })
}

/// Grain of each voxel, in axis order `x, y, z`; numbers need not be consecutive.
pub(super) fn labels(stand_in: StandIn, shape: [usize; 3], rng: &mut ChaCha8Rng) -> Vec<u32> {
    let (edge, stretch) = form(stand_in);
    let grains = grown(shape, edge, stretch, rng);
    match stand_in {
        StandIn::BimodalFerrite => {
            let fine = grown(shape, FINE, stretch, rng);
            impinged(shape, &partly_recrystallised(&grains, &fine, rng))
        }
        _ => grains,
    }
}

/// The grains on the first plane across each axis of one voxel.
pub(super) fn section(volume: [usize; 3], shape: [usize; 3], labels: &[u32]) -> Vec<u32> {
    let [nx, ny, nz] = shape;
    let rows = (0..nx).flat_map(|x| (0..ny).map(move |y| (x * volume[1] + y) * volume[2]));
    rows.flat_map(|row| &labels[row..row + nz])
        .copied()
        .collect()
}

/// Normal grain growth to grains of this edge (in voxels along an axis that is not stretched).
pub(crate) fn grown(
    shape: [usize; 3],
    edge: f64,
    stretch: [f64; 3],
    rng: &mut ChaCha8Rng,
) -> Vec<u32> {
    let compressed: [usize; 3] =
        std::array::from_fn(|a| ((shape[a] as f64 / stretch[a]).round() as usize).max(4));
    let voxels: usize = compressed.iter().product();
    let wanted = ((voxels as f64 / edge.powi(3)).round() as usize).max(2);
    let start = (FORGET * wanted).min(voxels / 8).max(wanted);
    let nuclei = nuclei(compressed, start, rng);
    let mut growth = Growth::new(compressed, nearest(compressed, &nuclei), start);
    growth.until(wanted);
    if compressed == shape {
        return growth.labels;
    }
    growth.threshold(std::array::from_fn(|a| Axis {
        period: compressed[a],
        outputs: shape[a],
        scale: compressed[a] as f64 / shape[a] as f64,
        offset: 0.0,
        wraps: true,
        sigma: RENDER,
    }))
}

/// Half of the coarse grains are consumed by fine ones, as where stored energy drove nucleation.
fn partly_recrystallised(coarse: &[u32], fine: &[u32], rng: &mut ChaCha8Rng) -> Vec<u32> {
    let grains = coarse.iter().max().map_or(0, |&most| most as usize + 1);
    let consumed: Vec<bool> = (0..grains).map(|_| rng.random::<f64>() < 0.5).collect();
    let offset = grains as u32;
    coarse
        .iter()
        .zip(fine)
        .map(|(&coarse, &fine)| {
            if consumed[coarse as usize] {
                offset + fine
            } else {
                coarse
            }
        })
        .collect()
}

/// Growth after the fine grains have met the coarse ones, so that their boundaries are curved too.
fn impinged(shape: [usize; 3], labels: &[u32]) -> Vec<u32> {
    let (labels, kept) = renumber(labels);
    let mut growth = Growth::new(shape, labels, kept.len());
    growth.step(IMPINGED);
    growth.step(IMPINGED);
    growth.labels
}

/// Numbers in the order in which grains first appear, and the old number of each.
pub(crate) fn renumber(labels: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut numbers = BTreeMap::new();
    let mut kept = Vec::new();
    let labels = labels
        .iter()
        .map(|&old| {
            *numbers.entry(old).or_insert_with(|| {
                kept.push(old);
                kept.len() as u32 - 1
            })
        })
        .collect();
    (labels, kept)
}
