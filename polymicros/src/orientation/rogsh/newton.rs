//! Derivatives of the ROGSH functions, and the descent to the orientation nearest to a value.

use super::super::Euler;
use super::{Angles, K4_0, K4_4, K12, rogsh, t4_0, t12};

/// Values with first and second derivatives in `phi1`, `Phi`, `phi2`.
pub(super) struct Expansion {
    pub value: [f64; 3],
    pub jacobian: [[f64; 3]; 3],
    pub hessians: [[[f64; 3]; 3]; 3],
}

/// The ROGSH functions at an orientation with their first and second derivatives.
pub(super) fn expand(e: Euler) -> Expansion {
    let angles = Angles::new(e);
    let Angles {
        s1,
        c1,
        s,
        c,
        s2,
        c2,
    } = angles;
    let (ss, cc, sc) = (s * s, c * c, s * c);
    let cos2 = cc - ss;

    // The invariants; suffixes p and t stand for derivatives in Phi and phi2.
    let (e2, e3) = angles.invariants();
    let q = 0.125 * ss * ss * (1.0 - c2);
    let q_p = 0.5 * ss * sc * (1.0 - c2);
    let q_t = 0.5 * ss * ss * s2;
    let q_pp = 0.5 * ss * (3.0 * cc - ss) * (1.0 - c2);
    let q_pt = 2.0 * ss * sc * s2;
    let q_tt = 2.0 * ss * ss * c2;
    let e2_p = q_p + 2.0 * sc * cos2;
    let e2_pp = q_pp + 2.0 * (cos2 * cos2 - 4.0 * ss * cc);
    let e3_p = cc * q_p - 2.0 * sc * q;
    let e3_t = cc * q_t;
    let e3_pp = cc * q_pp - 4.0 * sc * q_p - 2.0 * cos2 * q;
    let e3_pt = cc * q_pt - 2.0 * sc * q_t;
    let e3_tt = cc * q_tt;

    // T(12,0,2) through the invariants; suffixes 2 and 3 stand for derivatives in e2 and e3.
    let f_2 = K12 * (-78.0 + e2 * (1554.0 - 6150.0 * e2) + 4266.0 * e3);
    let f_3 = K12 * (-912.0 + 4266.0 * e2 - 8106.0 * e3);
    let f_22 = K12 * (1554.0 - 12_300.0 * e2);
    let f_23 = K12 * 4266.0;
    let f_33 = K12 * -8106.0;
    let second = |a2: f64, a3: f64, b2: f64, b3: f64, ab2: f64, ab3: f64| {
        f_2 * ab2 + f_3 * ab3 + f_22 * a2 * b2 + f_23 * (a2 * b3 + a3 * b2) + f_33 * a3 * b3
    };
    let f_pp = second(e2_p, e3_p, e2_p, e3_p, e2_pp, e3_pp);
    let f_pt = second(e2_p, e3_p, q_t, e3_t, q_pt, e3_pt);
    let f_tt = second(q_t, e3_t, q_t, e3_t, q_tt, e3_tt);

    // Re T(4,-4,1) = re cos 4phi1 - im sin 4phi1.
    let (re, im) = angles.b();
    let even = 2.0 + cc * (12.0 + 2.0 * cc);
    let re_p = 56.0 * ss * sc - 8.0 * sc * (3.0 + cc) * c2;
    let re_t = -4.0 * even * s2;
    let re_pp = 56.0 * ss * (3.0 * cc - ss) - 8.0 * (3.0 * cos2 + cc * cc - 3.0 * ss * cc) * c2;
    let re_pt = 32.0 * sc * (3.0 + cc) * s2;
    let re_tt = -16.0 * even * c2;
    let im_p = -8.0 * s * (1.0 + 3.0 * cc) * s2;
    let im_t = 32.0 * c * (1.0 + cc) * c2;
    let im_pp = -8.0 * c * (1.0 + 3.0 * cc - 6.0 * ss) * s2;
    let im_pt = -32.0 * s * (1.0 + 3.0 * cc) * c2;
    let im_tt = -16.0 * im;
    let turned = |re: f64, im: f64| K4_4 * (re * c1 - im * s1);
    let turning = |re: f64, im: f64| -4.0 * K4_4 * (re * s1 + im * c1);
    let value = turned(re, im);

    let symmetric = |aa: f64, ap: f64, at: f64, pp: f64, pt: f64, tt: f64| {
        [[aa, ap, at], [ap, pp, pt], [at, pt, tt]]
    };
    let slope = -5.0 * K4_0;
    Expansion {
        value: [value, t4_0(e2), t12(e2, e3)],
        jacobian: [
            [turning(re, im), turned(re_p, im_p), turned(re_t, im_t)],
            [0.0, slope * e2_p, slope * q_t],
            [0.0, f_2 * e2_p + f_3 * e3_p, f_2 * q_t + f_3 * e3_t],
        ],
        hessians: [
            symmetric(
                -16.0 * value,
                turning(re_p, im_p),
                turning(re_t, im_t),
                turned(re_pp, im_pp),
                turned(re_pt, im_pt),
                turned(re_tt, im_tt),
            ),
            symmetric(0.0, 0.0, 0.0, slope * e2_pp, slope * q_pt, slope * q_tt),
            symmetric(0.0, 0.0, 0.0, f_pp, f_pt, f_tt),
        ],
    }
}

/// The result of [`descend`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Descent {
    pub orientation: Euler,
    pub residual: f64,
}

/// A residual that counts as none: the value is reached.
pub(super) const REACHED: f64 = 1e-12;

/// The orientation, downhill from `start`, whose ROGSH values are nearest to `target`.
///
/// Newton's method on half the squared distance with Levenberg's damping. Gauss and Newton's
/// approximation leaves out the second derivatives; then it converges slowly just where the answer
/// lies on the surface of the values' body, because the Jacobian is singular there. The distance
/// never grows.
pub(super) fn descend(start: Euler, target: [f64; 3]) -> Descent {
    const STEPS: usize = 80;
    // Ten times the rounding error of a gradient.
    const FLAT: f64 = 3e-14;
    let mut orientation = start;
    let mut residual = distance(rogsh(start), target);
    let mut damping = 1e-3;
    let mut here = expand(orientation);
    for _ in 0..STEPS {
        if residual < REACHED {
            break;
        }
        let r: [f64; 3] = std::array::from_fn(|k| here.value[k] - target[k]);
        let j = &here.jacobian;
        let gradient: [f64; 3] =
            std::array::from_fn(|a| (0..3).map(|k| r[k] * j[k][a]).sum::<f64>());
        let mut gauss: [[f64; 3]; 3] = std::array::from_fn(|a| {
            std::array::from_fn(|b| (0..3).map(|k| j[k][a] * j[k][b]).sum::<f64>())
        });
        for (a, row) in gauss.iter_mut().enumerate() {
            row[a] += damping;
        }
        let full: [[f64; 3]; 3] = std::array::from_fn(|a| {
            std::array::from_fn(|b| {
                gauss[a][b] + (0..3).map(|k| r[k] * here.hessians[k][a][b]).sum::<f64>()
            })
        });
        let newton = solve_positive(full, gradient);
        if newton.is_some() && gradient.iter().all(|g| g.abs() < FLAT) {
            break;
        }
        // Between the basins the curvature has negative directions. There Gauss and Newton's
        // approximation, which has none, leads downhill.
        let Some(step) = newton.or_else(|| solve_positive(gauss, gradient)) else {
            damping *= 8.0;
            continue;
        };
        let next = Euler::new(
            orientation.phi1 - step[0],
            orientation.big_phi - step[1],
            orientation.phi2 - step[2],
        );
        let next_residual = distance(rogsh(next), target);
        if next_residual < residual {
            let gained = residual - next_residual;
            orientation = next;
            residual = next_residual;
            if gained < 1e-13 * residual && damping < 1e-15 {
                break;
            }
            here = expand(orientation);
            damping *= 0.05;
        } else {
            // No longer downhill at the size of rounding: this is the bottom.
            if step.iter().all(|d| d.abs() < 1e-8) {
                break;
            }
            damping = 10.0 * damping.max(1e-10);
        }
    }
    Descent {
        orientation,
        residual,
    }
}

/// The Euclidean distance of two ROGSH values.
pub(super) fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(x, y)| (x - y) * (x - y))
        .sum::<f64>()
        .sqrt()
}

/// The solution of `m x = b` by Cholesky's decomposition; `None` where `m` isn't positive definite.
fn solve_positive(m: [[f64; 3]; 3], b: [f64; 3]) -> Option<[f64; 3]> {
    let root = |d: f64| (d > 0.0).then(|| d.sqrt());
    let l00 = root(m[0][0])?;
    let l10 = m[1][0] / l00;
    let l20 = m[2][0] / l00;
    let l11 = root(m[1][1] - l10 * l10)?;
    let l21 = (m[2][1] - l20 * l10) / l11;
    let l22 = root(m[2][2] - l20 * l20 - l21 * l21)?;
    let y0 = b[0] / l00;
    let y1 = (b[1] - l10 * y0) / l11;
    let y2 = (b[2] - l20 * y0 - l21 * y1) / l22;
    let x2 = y2 / l22;
    let x1 = (y1 - l21 * x2) / l11;
    let x0 = (y0 - l10 * x1 - l20 * x2) / l00;
    Some([x0, x1, x2])
}

#[cfg(test)]
mod tests {
    use super::super::super::random_orientations;
    use super::*;

    fn moved(e: Euler, axis: usize, by: f64) -> Euler {
        let mut angles = <[f64; 3]>::from(e);
        angles[axis] += by;
        angles.into()
    }

    #[test]
    fn derivatives_agree_with_finite_differences() {
        let h = 1e-5;
        for e in random_orientations(500, 11) {
            let here = expand(e);
            assert!(distance(here.value, rogsh(e)) < 1e-14);
            for axis in 0..3 {
                let (up, down) = (moved(e, axis, h), moved(e, axis, -h));
                for k in 0..3 {
                    let slope = (rogsh(up)[k] - rogsh(down)[k]) / (2.0 * h);
                    let error = (here.jacobian[k][axis] - slope).abs();
                    assert!(error < 1e-7, "d{k}/d{axis} at {e:?}: off by {error}");
                    for other in 0..3 {
                        let slope = (expand(up).jacobian[k][other]
                            - expand(down).jacobian[k][other])
                            / (2.0 * h);
                        let error = (here.hessians[k][axis][other] - slope).abs();
                        assert!(
                            error < 1e-6,
                            "{k}, {axis}, {other} at {e:?}: off by {error}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_descent_arrives_and_never_climbs() {
        let starts = random_orientations(2_000, 12);
        let mut arrived = 0;
        for pair in starts.windows(2) {
            let target = rogsh(pair[1]);
            let end = descend(pair[0], target);
            assert!(end.residual <= distance(rogsh(pair[0]), target));
            assert!((distance(rogsh(end.orientation), target) - end.residual).abs() < 1e-15);
            arrived += usize::from(end.residual < REACHED);
        }
        // From anywhere at all, without a table, most already arrive.
        assert!(arrived > 1_000, "{arrived}");
    }

    #[test]
    fn cholesky_solves_and_refuses() {
        let m = [[4.0, 1.0, 0.5], [1.0, 3.0, -0.25], [0.5, -0.25, 2.0]];
        let x = solve_positive(m, [7.5, 6.25, 6.0]);
        assert!(
            x.is_some_and(|x| distance(x, [1.0, 2.0, 3.0]) < 1e-14),
            "{x:?}"
        );
        assert!(
            solve_positive(
                [[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
                [1.0; 3]
            )
            .is_none()
        );
    }
}
