//! Inverse-pole-figure colours.

use super::{Euler, RotationMatrix};
use std::f64::consts::FRAC_PI_4;

/// The colour, as red, green and blue in `[0, 1]`, of a sample direction in the crystal: the key
/// that TSL introduced, for Laue class m-3m, red at 001, green at 101 and blue at 111.
///
/// `direction` is in sample coordinates, of any length; `[0, 0, 1]` is the usual one. With `χ` the
/// angle of its crystal direction from 001 in the standard triangle, `χ'` the largest such angle at
/// the same azimuth `η`, red is `1 - χ/χ'`, blue `(χ/χ') η/45°` and green the rest; square roots
/// are taken, and the largest of the three is scaled to 1. EDAX' and DREAM.3D's colours are these.
///
/// A direction of no length, or one that isn't finite, has no colour and comes out grey.
pub fn ipf_rgb(orientation: Euler, direction: [f64; 3]) -> [f64; 3] {
    triangle_rgb(RotationMatrix::from(orientation).apply(direction))
}

/// [`ipf_rgb`] in steps of 1/255.
pub fn ipf_colour(orientation: Euler, direction: [f64; 3]) -> [u8; 3] {
    ipf_rgb(orientation, direction).map(|v| (255.0 * v).round() as u8)
}

/// The colour of a crystal direction.
fn triangle_rgb(direction: [f64; 3]) -> [f64; 3] {
    let mut v = direction.map(f64::abs);
    // m-3m makes all signs and orders of the components equivalent.
    v.sort_by(f64::total_cmp);
    let [y, x, z] = v;
    if !(z > 0.0 && z.is_finite()) {
        return [0.5; 3];
    }
    let azimuth = y.atan2(x);
    let polar = x.hypot(y).atan2(z);
    // Along that azimuth the triangle ends on the great circle from 101 to 111, where x = z.
    let largest_polar = (1.0 / azimuth.cos()).atan();
    let outwards = (polar / largest_polar).clamp(0.0, 1.0);
    let turned = (azimuth / FRAC_PI_4).clamp(0.0, 1.0);
    let rgb = [1.0 - outwards, outwards * (1.0 - turned), outwards * turned].map(f64::sqrt);
    let brightest = rgb.iter().copied().fold(0.0, f64::max);
    rgb.map(|channel| channel / brightest)
}

#[cfg(test)]
mod tests {
    use super::super::quaternion::tests::any_quaternion;
    use super::super::{CUBIC_ROTATIONS, Quaternion, Rodrigues};
    use super::*;
    use crate::{Error, Result};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::path::Path;

    #[test]
    fn corners_are_red_green_and_blue_along_every_sample_axis() {
        let cube = Euler::default();
        for (direction, colour) in [
            ([0.0, 0.0, 3.0], [255, 0, 0]),
            ([0.0, -1.0, 0.0], [255, 0, 0]),
            ([1.0, 0.0, -1.0], [0, 255, 0]),
            ([-2.0, 2.0, 2.0], [0, 0, 255]),
        ] {
            assert_eq!(ipf_colour(cube, direction), colour, "{direction:?}");
        }
        // Goss {110}<001>: 110 along the sample's z, 001 along its x.
        let goss = Euler::from_degrees(0.0, 45.0, 0.0);
        assert_eq!(ipf_colour(goss, [0.0, 0.0, 1.0]), [0, 255, 0]);
        assert_eq!(ipf_colour(goss, [1.0, 0.0, 0.0]), [255, 0, 0]);
        assert_eq!(ipf_colour(goss, [0.0; 3]), [128; 3]);
        assert_eq!(ipf_colour(goss, [f64::NAN, 0.0, 1.0]), [128; 3]);
    }

    #[test]
    fn a_value_worked_by_hand() {
        // 112 lies on the edge from 001 to 111: eta 45 degrees, chi 35.2644 of 54.7356, so that
        // the ratio of blue to red is sqrt(35.2644 / (54.7356 - 35.2644)).
        let [r, g, b] = triangle_rgb([1.0, 1.0, 2.0]);
        assert!((b - 1.0).abs() < 1e-12 && g.abs() < 1e-7);
        assert!((1.0 / r - (35.264_389_7f64 / 19.471_220_6).sqrt()).abs() < 1e-8);
    }

    proptest! {
        #[test]
        fn colours_do_not_depend_on_the_description(q in any_quaternion(), k in 0usize..24) {
            let a = ipf_rgb(q.into(), [1.0, 2.0, 3.0]);
            let b = ipf_rgb((CUBIC_ROTATIONS[k] * q).into(), [-1.0, -2.0, -3.0]);
            for (x, y) in a.into_iter().zip(b) {
                prop_assert!((x - y).abs() < 1e-6);
                prop_assert!((0.0..=1.0).contains(&x));
            }
            prop_assert!(a.into_iter().fold(0.0, f64::max) == 1.0);
        }

        #[test]
        fn the_fastest_check_of_the_frame(angle in 0.0..1.0f64) {
            // Turning a cube crystal about the sample's z changes the colour along x, not along z.
            let e = Euler::new(angle, 0.0, 0.0);
            prop_assert!(ipf_colour(e, [0.0, 0.0, 1.0]) == [255, 0, 0]);
            let turned = Quaternion::from(e).apply([1.0, 0.0, 0.0]);
            prop_assert!((turned[0] - angle.cos()).abs() < 1e-15);
        }
    }

    /// A grain's Rodrigues vector and Xnovo's colour.
    type Grain = ([f64; 3], [f64; 3]);

    /// The grains of the aluminium volume.
    fn xnovo_grains() -> Result<Option<Vec<Grain>>> {
        let Some(folder) = std::env::var_os("POLYMICROS_DATA") else {
            println!("skipped: POLYMICROS_DATA is not set");
            return Ok(None);
        };
        let path = Path::new(&folder).join("crispy_labdct_al1050/lab_dct_Al1050.h5");
        if !path.is_file() {
            println!("skipped: POLYMICROS_DATA has no crispy_labdct_al1050");
            return Ok(None);
        }
        let failed = |place: &str, e: hdf5_pure::Error| {
            Error::format(&path, format!("dataset {place}"), e.to_string())
        };
        let file = hdf5_pure::File::open(&path).map_err(|e| failed("/", e))?;
        let triples = |name: &str| -> Result<Vec<[f64; 3]>> {
            let values = file.dataset(name).and_then(|d| d.read_f32());
            let values = values.map_err(|e| failed(name, e))?;
            let (triples, _) = values.as_chunks::<3>();
            Ok(triples.iter().map(|t| t.map(f64::from)).collect())
        };
        let ids = file
            .dataset("LabDCT/Data/GrainId")
            .and_then(|d| d.read_i64());
        let ids = ids.map_err(|e| failed("LabDCT/Data/GrainId", e))?;
        let vectors = triples("LabDCT/Data/Rodrigues")?;
        let colours = triples("LabDCT/Data/IPF001")?;
        let grains: BTreeMap<i64, _> = ids
            .into_iter()
            .zip(vectors.into_iter().zip(colours))
            .filter(|(id, _)| *id > 0)
            .collect();
        Ok(Some(grains.into_values().collect()))
    }

    /// How far, from 0 to 1, a direction lies from the middle of the standard triangle towards its
    /// edge, along the great circle through both.
    fn from_the_middle(direction: [f64; 3]) -> f64 {
        let mut v = direction.map(f64::abs);
        v.sort_by(f64::total_cmp);
        let dot = |a: [f64; 3], b: [f64; 3]| (0..3).map(|k| a[k] * b[k]).sum::<f64>();
        let (h, t) = (0.5f64.sqrt(), 1.0 / 3.0f64.sqrt());
        let sum = [t, h + t, 1.0 + h + t];
        let length = dot(sum, sum).sqrt();
        let middle = sum.map(|c| c / length);
        let along = dot(v, middle);
        let across: [f64; 3] = std::array::from_fn(|k| v[k] - along * middle[k]);
        let width = dot(across, across).sqrt();
        let edges = [[1.0, 0.0, 0.0], [-1.0, 1.0, 0.0], [0.0, -1.0, 1.0]];
        let to_edge = edges
            .into_iter()
            .map(|edge| dot(middle, edge).atan2(-dot(across, edge) / width))
            .fold(f64::MAX, f64::min);
        width.atan2(along) / to_edge
    }

    /// Xnovo's `IPF001`, the sample's z direction in 105 grains of aluminium.
    ///
    /// The file's Rodrigues vectors are those of the rotation from crystal to sample: read with the
    /// other sign they give colours that have nothing to do with the file's. Read rightly, ours
    /// differ from the file's by 0.05 on average and 0.23 at most (of 1), because the keys
    /// differ. TSL's is made of the fractions `χ/χ'` and `η/45°`, its corners are pure and nothing
    /// in it is white. In Xnovo's, as the test shows, the ratio of the smallest to the largest channel
    /// depends on one number alone, how far the direction lies from the triangle's barycentre, on
    /// the way to the edge: the barycentre is white and the edges are fully saturated. Its
    /// brightest channel is dimmed by 5% at the white point, and less the more saturated it is.
    #[test]
    fn colours_are_xnovos_but_for_the_key() -> Result<()> {
        let Some(grains) = xnovo_grains()? else {
            return Ok(());
        };
        assert_eq!(grains.len(), 105);
        let deviation = |read: &dyn Fn([f64; 3]) -> Rodrigues| -> (f64, f64) {
            let (mut mean, mut largest) = (0.0, 0.0f64);
            for (vector, theirs) in &grains {
                let ours = ipf_rgb(read(*vector).into(), [0.0, 0.0, 1.0]);
                for (a, b) in ours.into_iter().zip(theirs) {
                    mean += (a - b).abs() / (3.0 * grains.len() as f64);
                    largest = largest.max((a - b).abs());
                }
            }
            (mean, largest)
        };
        let (mean, largest) = deviation(&Rodrigues::from_crystal_to_sample);
        let (wrong_mean, wrong_largest) = deviation(&Rodrigues);
        println!("crystal to sample: mean {mean:.4}, largest {largest:.4}");
        println!("sample to crystal: mean {wrong_mean:.4}, largest {wrong_largest:.4}");
        assert!(mean < 0.055 && largest < 0.24, "{mean} {largest}");
        assert!(wrong_mean > 0.15 && wrong_largest > 0.9);

        let mut key: Vec<(f64, f64, f64)> = grains
            .iter()
            .map(|(vector, rgb)| {
                let g = RotationMatrix::from(Rodrigues::from_crystal_to_sample(*vector));
                let darkest = rgb.iter().copied().fold(f64::MAX, f64::min);
                let brightest = rgb.iter().copied().fold(0.0, f64::max);
                let from_middle = from_the_middle(g.apply([0.0, 0.0, 1.0]));
                (
                    from_middle,
                    1.0 - darkest / brightest,
                    brightest + 0.05 * darkest / brightest,
                )
            })
            .collect();
        key.sort_by(|a, b| a.0.total_cmp(&b.0));
        for pair in key.windows(2) {
            // Grains at the same distance, whatever their hue, are equally saturated.
            let (apart, differ) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
            assert!(differ > -1e-4 && differ < 1.5 * apart + 1e-4, "{pair:?}");
        }
        assert!(key.iter().all(|(_, _, sum)| (sum - 1.0).abs() < 1e-3));
        Ok(())
    }
}
