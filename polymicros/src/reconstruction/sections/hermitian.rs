//! Hermitian matrices of the three channels.

use crate::statistics::Complex;

/// The pairs of channels `β ≤ γ`, in the order of [`Pairs::All`](crate::statistics::Pairs::All).
pub(super) const PAIRS: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];

/// The rows and columns of the elements above the diagonal, in the order that they are kept.
const ABOVE: [(usize, usize); 3] = [(0, 1), (0, 2), (1, 2)];

/// Pivots that are a smaller share of the trace are what rounding of `f32` sums leaves of zero.
const ROUNDING: f64 = 1e-7;

/// Sweeps of Jacobi's method: it converges quadratically, and five are enough for 3 x 3.
const SWEEPS: usize = 12;

/// A full 3 x 3 matrix.
type Matrix = [[Complex<f64>; 3]; 3];

/// A Hermitian 3 x 3 matrix: the diagonal, and the elements 01, 02, 12.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hermitian {
    pub(super) diagonal: [f64; 3],
    pub(super) above: [Complex<f64>; 3],
}

impl Hermitian {
    pub(super) const ZERO: Hermitian = Hermitian::multiple(0.0);
    pub(super) const ONE: Hermitian = Hermitian::multiple(1.0);

    /// A multiple of the unit matrix.
    pub(super) const fn multiple(factor: f64) -> Self {
        Hermitian {
            diagonal: [factor; 3],
            above: [Complex::ZERO; 3],
        }
    }

    /// The matrix of nine numbers: the diagonal, then real and imaginary part of 01, 02 and 12.
    pub(super) fn of_parts(p: [f64; 9]) -> Self {
        Hermitian {
            diagonal: [p[0], p[1], p[2]],
            above: [
                Complex::new(p[3], p[4]),
                Complex::new(p[5], p[6]),
                Complex::new(p[7], p[8]),
            ],
        }
    }

    /// The inverse of [`of_parts`](Self::of_parts).
    pub(super) fn parts(&self) -> [f64; 9] {
        let ([a, b, c], [x, y, z]) = (self.diagonal, self.above);
        [a, b, c, x.re, x.im, y.re, y.im, z.re, z.im]
    }

    /// The element of a pair of channels.
    pub(super) fn pair(&self, pair: usize) -> Complex<f64> {
        match PAIRS[pair] {
            (b, c) if b == c => self.diagonal[b].into(),
            (b, c) => self.above[b + c - 1],
        }
    }

    pub(super) fn set_pair(&mut self, pair: usize, value: Complex<f64>) {
        match PAIRS[pair] {
            (b, c) if b == c => self.diagonal[b] = value.re,
            (b, c) => self.above[b + c - 1] = value,
        }
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        self.combined(other, |a, b| a + b)
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        self.combined(other, |a, b| a - b)
    }

    pub(super) fn times(&self, factor: f64) -> Self {
        Self::of_parts(self.parts().map(|part| factor * part))
    }

    fn combined(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let (a, b) = (self.parts(), other.parts());
        Self::of_parts(std::array::from_fn(|i| f(a[i], b[i])))
    }

    pub(super) fn conj(&self) -> Self {
        Hermitian {
            diagonal: self.diagonal,
            above: self.above.map(|value| value.conj()),
        }
    }

    pub(super) fn trace(&self) -> f64 {
        self.diagonal.iter().sum()
    }

    /// The sum over the six pairs of the products with another matrix's.
    pub(super) fn product(&self, other: &Self) -> f64 {
        let (a, b) = (self.parts(), other.parts());
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    fn full(&self) -> Matrix {
        let mut full = [[Complex::ZERO; 3]; 3];
        for (i, value) in self.diagonal.iter().enumerate() {
            full[i][i] = (*value).into();
        }
        for ((i, j), value) in ABOVE.into_iter().zip(self.above) {
            full[i][j] = value;
            full[j][i] = value.conj();
        }
        full
    }

    /// The Hermitian part of a matrix.
    fn of_full(full: &Matrix) -> Self {
        Hermitian {
            diagonal: std::array::from_fn(|i| full[i][i].re),
            above: ABOVE.map(|(i, j)| (full[i][j] + full[j][i].conj()) * 0.5),
        }
    }

    /// Eigenvalues, and the matrix whose columns are the eigenvectors, by Jacobi's method.
    pub(super) fn eigen(&self) -> ([f64; 3], Matrix) {
        let mut a = self.full();
        let mut vectors = Hermitian::ONE.full();
        let enough = 1e-30 * self.parts().iter().map(|p| p * p).sum::<f64>();
        for _ in 0..SWEEPS {
            if ABOVE.iter().map(|&(i, j)| a[i][j].norm_sqr()).sum::<f64>() <= enough {
                break;
            }
            for (p, q) in ABOVE {
                rotate(&mut a, &mut vectors, p, q);
            }
        }
        ([a[0][0].re, a[1][1].re, a[2][2].re], vectors)
    }

    /// The matrix with the same eigenvectors and these functions of the eigenvalues.
    pub(super) fn function(&self, f: impl Fn(f64) -> f64) -> Self {
        let (values, vectors) = self.eigen();
        let values = values.map(f);
        let mut full = [[Complex::ZERO; 3]; 3];
        for (i, row) in full.iter_mut().enumerate() {
            for (j, element) in row.iter_mut().enumerate() {
                *element = (0..3)
                    .map(|k| vectors[i][k] * vectors[j][k].conj() * values[k])
                    .sum();
            }
        }
        Self::of_full(&full)
    }

    /// The largest eigenvalue.
    pub(super) fn largest(&self) -> f64 {
        let (values, _) = self.eigen();
        values.into_iter().fold(f64::NEG_INFINITY, f64::max)
    }

    /// The positive semidefinite matrix `A` with `A self A = target`: the geometric mean of
    /// `self⁻¹` and `target`. Among all matrices that turn vectors of covariance `self` into
    /// vectors of covariance `target`, it changes them least in mean square (optimal transport
    /// between Gaussian distributions).
    ///
    /// Both must be positive semidefinite. Where `self` is zero there is nothing to turn, and the
    /// result is one.
    pub(super) fn transport(&self, target: &Self) -> Self {
        let trace = self.trace();
        if trace <= 0.0 {
            return Hermitian::ONE;
        }
        // self = L L†, A = L⁻† (L† target L)^½ L⁻¹.
        let lower = self.cholesky(ROUNDING * trace);
        let inverse = inverse_of_lower(&lower);
        let inner = product(&product(&adjoint(&lower), &target.full()), &lower);
        let root = Self::of_full(&inner).function(|value| value.max(0.0).sqrt());
        Self::of_full(&product(
            &product(&adjoint(&inverse), &root.full()),
            &inverse,
        ))
    }

    /// The lower triangular factor; pivots below `least` are raised to it.
    fn cholesky(&self, least: f64) -> Matrix {
        let a = self.full();
        let mut lower = [[Complex::ZERO; 3]; 3];
        for j in 0..3 {
            let above: f64 = (0..j).map(|k| lower[j][k].norm_sqr()).sum();
            let pivot = (a[j][j].re - above).max(least).sqrt();
            lower[j][j] = pivot.into();
            for i in j + 1..3 {
                let known: Complex<f64> = (0..j).map(|k| lower[i][k] * lower[j][k].conj()).sum();
                lower[i][j] = (a[i][j] - known) / pivot;
            }
        }
        lower
    }
}

/// One rotation of Jacobi's method, which makes `a[p][q]` zero.
fn rotate(a: &mut Matrix, vectors: &mut Matrix, p: usize, q: usize) {
    let size = a[p][q].norm();
    if size == 0.0 {
        return;
    }
    let phase = a[p][q] / size;
    let theta = (a[q][q].re - a[p][p].re) / (2.0 * size);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = phase * (t * c);
    // A ← J† A J with columns p: (c, -s̄), q: (s, c).
    for row in a.iter_mut().chain(vectors.iter_mut()) {
        let (x, y) = (row[p], row[q]);
        row[p] = x * c - y * s.conj();
        row[q] = x * s + y * c;
    }
    let (upper, lower) = (a[p], a[q]);
    a[p] = std::array::from_fn(|k| upper[k] * c - lower[k] * s);
    a[q] = std::array::from_fn(|k| upper[k] * s.conj() + lower[k] * c);
    a[p][q] = Complex::ZERO;
    a[q][p] = Complex::ZERO;
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

fn adjoint(a: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| a[j][i].conj()))
}

fn inverse_of_lower(lower: &Matrix) -> Matrix {
    let mut inverse = [[Complex::ZERO; 3]; 3];
    for j in 0..3 {
        inverse[j][j] = lower[j][j].inv();
        for i in j + 1..3 {
            let sum: Complex<f64> = (j..i).map(|k| lower[i][k] * inverse[k][j]).sum();
            inverse[i][j] = -sum / lower[i][i];
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The sum of the outer products of some vectors: positive semidefinite.
    fn gram(vectors: &[[f64; 6]]) -> Hermitian {
        let mut sum = Hermitian::ZERO;
        for v in vectors {
            let z = |i: usize| Complex::new(v[2 * i], v[2 * i + 1]);
            sum = sum.plus(&Hermitian {
                diagonal: std::array::from_fn(|i| z(i).norm_sqr()),
                above: ABOVE.map(|(i, j)| z(i) * z(j).conj()),
            });
        }
        sum
    }

    fn vectors() -> impl Strategy<Value = Vec<[f64; 6]>> {
        prop::collection::vec(prop::array::uniform6(-1.0..1.0f64), 3..6)
    }

    fn distance(a: &Matrix, b: &Matrix) -> f64 {
        (0..9)
            .map(|k| (a[k / 3][k % 3] - b[k / 3][k % 3]).norm())
            .fold(0.0, f64::max)
    }

    proptest! {
        #[test]
        fn eigenvectors_are_orthonormal_and_make_the_matrix(v in vectors(), shift in -3.0..3.0f64) {
            let a = gram(&v).plus(&Hermitian::multiple(shift));
            let (_, vectors) = a.eigen();
            prop_assert!(distance(&product(&adjoint(&vectors), &vectors), &Hermitian::ONE.full()) < 1e-12);
            let again = a.function(|value| value).minus(&a);
            prop_assert!(again.product(&again) < 1e-24, "{again:?}");
            let squared = a.function(|value| value * value);
            prop_assert!(distance(&squared.full(), &product(&a.full(), &a.full())) < 1e-11);
        }

        #[test]
        fn transport_turns_one_covariance_into_the_other(a in vectors(), b in vectors()) {
            let (a, b) = (gram(&a), gram(&b));
            // Where the first is nearly singular there is no such matrix to working precision.
            let least = a.function(|v| -v).largest();
            prop_assume!(-least > 1e-3 * a.trace());
            let t = a.transport(&b).full();
            let moved = product(&product(&t, &a.full()), &t);
            prop_assert!(distance(&moved, &b.full()) < 1e-9 * (1.0 + b.trace()));
            let negative = Hermitian::of_full(&t).function(|v| -v).largest();
            prop_assert!(negative < 1e-9);
        }
    }

    #[test]
    fn parts_and_pairs_agree() {
        let parts = std::array::from_fn(|i| i as f64 + 1.0);
        let mut a = Hermitian::of_parts(parts);
        assert_eq!(a.parts(), parts);
        let full = a.full();
        for (pair, (b, c)) in PAIRS.into_iter().enumerate() {
            assert_eq!(a.pair(pair), full[b][c]);
            let value = a.pair(pair) * 2.0;
            a.set_pair(pair, value);
        }
        assert_eq!(a.parts(), parts.map(|p| 2.0 * p));
    }

    #[test]
    fn nothing_is_left_as_it_is_and_singular_matrices_are_finite() {
        assert_eq!(Hermitian::ZERO.transport(&Hermitian::ONE), Hermitian::ONE);
        let single = gram(&[[1.0, 0.5, -0.3, 0.2, 0.0, 0.7]]);
        let turned = single.transport(&Hermitian::ONE);
        assert!(turned.parts().iter().all(|part| part.is_finite()));
    }
}
