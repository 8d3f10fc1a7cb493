//! The grains' orientations, and what depends on them: twins and bands.

use super::StandIn;
use super::shapes::renumber;
use crate::Result;
use crate::orientation::{Euler, Quaternion};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Brass, copper, S and Goss in degrees (Bunge), the components of rolled fcc metals.
const ROLLING: [[f64; 3]; 4] = [
    [35.3, 45.0, 0.0],
    [90.0, 35.3, 45.0],
    [59.0, 36.7, 63.4],
    [0.0, 45.0, 0.0],
];
/// Standard deviation of each component of the rotation vector around an ideal orientation.
const SCATTER: f64 = 5.0 * std::f64::consts::PI / 180.0;
/// Share of the grains that hold a twin, and the twin's thickness over the grain's diameter.
const TWINNED_SHARE: f64 = 0.6;
const TWIN_THICKNESS: [f64; 2] = [0.2, 0.4];
/// Thickness of a band in voxels.
const BAND: f64 = 16.0;

/// Consecutive grain numbers from 0, and the orientation of each.
pub(super) fn assign(
    stand_in: StandIn,
    shape: [usize; 3],
    labels: Vec<u32>,
    rng: &mut ChaCha8Rng,
) -> Result<(Vec<u32>, Vec<Euler>)> {
    let (mut labels, kept) = renumber(&labels);
    let grains = kept.len();
    let mut orientations: Vec<Quaternion> = match stand_in {
        StandIn::Columnar => (0..grains)
            .map(|_| {
                let turned = Euler::new(rng.random::<f64>() * std::f64::consts::TAU, 0.0, 0.0);
                scattered(turned.into(), SCATTER, rng)
            })
            .collect::<Result<_>>()?,
        StandIn::Rolled => banded(shape, &labels, grains, rng)?,
        _ => (0..grains).map(|_| Quaternion::random(rng)).collect(),
    };
    if stand_in == StandIn::Twinned {
        twin(shape, &mut labels, &mut orientations, rng)?;
        let (renumbered, kept) = renumber(&labels);
        orientations = kept.iter().map(|&old| orientations[old as usize]).collect();
        labels = renumbered;
    }
    Ok((labels, orientations.into_iter().map(Euler::from).collect()))
}

/// A small random rotation of the crystal: each component of its vector has this standard
/// deviation, in radians.
pub(crate) fn scattered(
    ideal: Quaternion,
    deviation: f64,
    rng: &mut ChaCha8Rng,
) -> Result<Quaternion> {
    let vector: [f64; 3] = std::array::from_fn(|_| {
        let normal: f64 = StandardNormal.sample(rng);
        deviation * normal
    });
    let angle = vector.iter().map(|v| v * v).sum::<f64>().sqrt();
    if angle == 0.0 {
        return Ok(ideal);
    }
    Ok(Quaternion::from_axis_angle(vector, angle)? * ideal)
}

/// One rolling component for each band across z; a grain belongs to the band of its middle.
fn banded(
    shape: [usize; 3],
    labels: &[u32],
    grains: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<Quaternion>> {
    let bands = ((shape[2] as f64 / BAND).round() as usize).max(1);
    let components: Vec<[f64; 3]> = (0..bands)
        .map(|_| ROLLING[rng.random_range(0..ROLLING.len())])
        .collect();
    let middles = middles(shape, labels, grains);
    middles
        .iter()
        .map(|middle| {
            let band = (middle[2] / shape[2] as f64 * bands as f64) as usize % bands;
            let [phi1, big_phi, phi2] = components[band];
            let ideal = Quaternion::from(Euler::from_degrees(phi1, big_phi, phi2));
            // One of the four variants under the sample symmetry of rolling: none, or half a turn
            // about RD, TD or ND.
            let variant = match rng.random_range(0..4) {
                3 => Quaternion::IDENTITY,
                axis => {
                    let half_turn = std::array::from_fn(|a| f64::from(u8::from(a == axis)));
                    Quaternion::from_axis_angle(half_turn, std::f64::consts::PI)?
                }
            };
            scattered(ideal * variant, SCATTER, rng)
        })
        .collect()
}

/// The middle of each grain in a periodic box, in voxels: the mean of the angles that positions
/// make on the circle of each axis.
fn middles(shape: [usize; 3], labels: &[u32], grains: usize) -> Vec<[f64; 3]> {
    let mut sums = vec![[[0.0f64; 2]; 3]; grains];
    let circles = shape.map(|n| {
        (0..n)
            .map(|i| (std::f64::consts::TAU * i as f64 / n as f64).sin_cos())
            .collect::<Vec<_>>()
    });
    for (voxel, &grain) in labels.iter().enumerate() {
        let at = [
            voxel / (shape[1] * shape[2]),
            voxel / shape[2] % shape[1],
            voxel % shape[2],
        ];
        for a in 0..3 {
            let (sin, cos) = circles[a][at[a]];
            sums[grain as usize][a][0] += sin;
            sums[grain as usize][a][1] += cos;
        }
    }
    sums.iter()
        .map(|sums| {
            std::array::from_fn(|a| {
                let angle = sums[a][0].atan2(sums[a][1]);
                angle.rem_euclid(std::f64::consts::TAU) / std::f64::consts::TAU * shape[a] as f64
            })
        })
        .collect()
}

/// A lamella through the middle of some grains, bounded by two {111} planes and turned by 60
/// degrees about their normal: a coherent annealing twin (Sigma 3).
fn twin(
    shape: [usize; 3],
    labels: &mut [u32],
    orientations: &mut Vec<Quaternion>,
    rng: &mut ChaCha8Rng,
) -> Result<()> {
    let grains = orientations.len();
    let middles = middles(shape, labels, grains);
    let mut voxels = vec![0usize; grains];
    for &grain in labels.iter() {
        voxels[grain as usize] += 1;
    }
    // For each grain: the twin's number, its plane's normal in the sample, half its thickness.
    let mut lamellae: Vec<Option<(u32, [f64; 3], f64)>> = vec![None; grains];
    for grain in 0..grains {
        let signs: [f64; 3] =
            std::array::from_fn(|_| if rng.random::<bool>() { 1.0 } else { -1.0 });
        let [thin, thick] = TWIN_THICKNESS;
        let share = thin + (thick - thin) * rng.random::<f64>();
        if rng.random::<f64>() >= TWINNED_SHARE {
            continue;
        }
        let parent = orientations[grain];
        let normal = signs.map(|s| s / 3f64.sqrt());
        let diameter = (6.0 * voxels[grain] as f64 / std::f64::consts::PI).cbrt();
        let in_sample = parent.conjugate().apply(normal);
        lamellae[grain] = Some((orientations.len() as u32, in_sample, 0.5 * share * diameter));
        let twin = Quaternion::from_axis_angle(normal, std::f64::consts::FRAC_PI_3)? * parent;
        orientations.push(twin);
    }
    for (voxel, label) in labels.iter_mut().enumerate() {
        let Some((number, normal, half)) = lamellae[*label as usize] else {
            continue;
        };
        let at = [
            voxel / (shape[1] * shape[2]),
            voxel / shape[2] % shape[1],
            voxel % shape[2],
        ];
        let distance: f64 = (0..3)
            .map(|a| {
                let n = shape[a] as f64;
                let d = at[a] as f64 - middles[*label as usize][a];
                normal[a] * (d - (d / n).round() * n)
            })
            .sum();
        if distance.abs() < half {
            *label = number;
        }
    }
    Ok(())
}
