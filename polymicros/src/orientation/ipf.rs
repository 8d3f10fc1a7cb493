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
    use super::super::{CUBIC_ROTATIONS, Quaternion};
    use super::*;
    use proptest::prelude::*;

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
}
