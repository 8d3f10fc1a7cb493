//! From the Rodrigues vectors of a file to Bunge Euler angles.

use std::f64::consts::TAU;

/// Bunge Euler angles `phi1, Phi, phi2` in radians (`phi1`, `phi2` in [0, 2 pi), `Phi` in
/// [0, pi]) of an active Rodrigues vector `r = n tan(omega / 2)`, the rotation that turns the
/// sample's axes into the crystal's: `g` is its transpose.
///
/// The quaternion `(1, r) / |(1, r)|` is that of `Z(phi1) X(Phi) Z(phi2)`, whose components are
/// `cos(Phi/2) cos s, sin(Phi/2) cos d, sin(Phi/2) sin d, cos(Phi/2) sin s` with
/// `s = (phi1 + phi2) / 2` and `d = (phi1 - phi2) / 2`. Its norm cancels.
pub(super) fn active_to_euler(r: [f64; 3]) -> [f64; 3] {
    let [x, y, z] = r;
    let sum = z.atan2(1.0);
    let difference = y.atan2(x);
    let tilt = 2.0 * x.hypot(y).atan2(z.hypot(1.0));
    // With no tilt only phi1 + phi2 means anything; phi2 is then set to zero.
    if tilt == 0.0 {
        return [wrap(2.0 * sum), 0.0, 0.0];
    }
    [wrap(sum + difference), tilt, wrap(sum - difference)]
}

fn wrap(angle: f64) -> f64 {
    let wrapped = angle.rem_euclid(TAU);
    // A tiny negative angle rounds up to the full turn.
    if wrapped < TAU { wrapped } else { 0.0 }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The Bunge matrix `g` as a product of three elementary matrices: sample to crystal.
    pub(in super::super) fn bunge_matrix([phi1, phi, phi2]: [f64; 3]) -> [[f64; 3]; 3] {
        let z = |a: f64| {
            [
                [a.cos(), a.sin(), 0.0],
                [-a.sin(), a.cos(), 0.0],
                [0.0, 0.0, 1.0],
            ]
        };
        let x = |a: f64| {
            [
                [1.0, 0.0, 0.0],
                [0.0, a.cos(), a.sin()],
                [0.0, -a.sin(), a.cos()],
            ]
        };
        product(z(phi2), product(x(phi), z(phi1)))
    }

    fn product(a: [[f64; 3]; 3], b: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
        std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
    }

    /// Rodrigues' formula for the active rotation by `omega` about the unit vector of `r`.
    fn active_matrix(r: [f64; 3]) -> [[f64; 3]; 3] {
        let length = r.iter().map(|c| c * c).sum::<f64>().sqrt();
        let (sin, cos) = (2.0 * length.atan()).sin_cos();
        let n = r.map(|c| if length > 0.0 { c / length } else { 0.0 });
        let cross = [[0.0, -n[2], n[1]], [n[2], 0.0, -n[0]], [-n[1], n[0], 0.0]];
        std::array::from_fn(|i| {
            std::array::from_fn(|j| {
                let same = f64::from(u8::from(i == j));
                cos * same + sin * cross[i][j] + (1.0 - cos) * n[i] * n[j]
            })
        })
    }

    proptest! {
        #[test]
        fn the_bunge_matrix_is_the_transpose_of_the_active_rotation(
            r in proptest::array::uniform3(prop_oneof![Just(0.0), -3.0..3.0f64]),
        ) {
            let euler = active_to_euler(r);
            prop_assert!((0.0..TAU).contains(&euler[0]) && (0.0..TAU).contains(&euler[2]));
            let (g, active) = (bunge_matrix(euler), active_matrix(r));
            for i in 0..3 {
                for j in 0..3 {
                    prop_assert!((g[i][j] - active[j][i]).abs() < 1e-12);
                }
            }
        }
    }
}
