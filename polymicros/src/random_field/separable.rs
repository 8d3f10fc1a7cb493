//! Sums of products of one-dimensional factors, on a grid.

use crate::statistics::Complex;
use rustfft::FftNum;
use std::ops::Range;

/// Shares of a factor's largest magnitude below this are taken as zero: as a share of a power that
/// is 1e-8 in amplitude, less than `f32` resolves. It keeps numbers out of the range where they
/// lose digits and processors lose time.
const NOTHING: f64 = 1e-16;

/// `Σ_t x_t[i] y_t[j] z_t[k]` with complex factors, computed a row along `k` at a time in `T`.
#[derive(Debug, Clone)]
pub(super) struct Separable<T> {
    /// The length of the second axis.
    middle: usize,
    products: Vec<Product<T>>,
}

#[derive(Debug, Clone)]
struct Product<T> {
    x: Vec<Complex<f64>>,
    y: Vec<Complex<f64>>,
    /// Below this an `x y` is nothing.
    least: f64,
    /// Where along `k` there is something, and the real and imaginary parts there.
    range: Range<usize>,
    re: Vec<T>,
    im: Vec<T>,
}

impl<T: FftNum> Separable<T> {
    /// From the factors along the three axes of each product.
    pub fn new(products: impl IntoIterator<Item = [Vec<Complex<f64>>; 3]>) -> Self {
        let products: Vec<Product<T>> = products.into_iter().map(Product::new).collect();
        Separable {
            middle: products.first().map_or(1, |p| p.y.len()),
            products,
        }
    }

    /// Where the row has values other than zero; empty where it has none.
    pub fn support(&self, row: usize) -> Range<usize> {
        let active = self
            .products
            .iter()
            .filter(|p| p.at(self.split(row)).is_some());
        active.fold(0..0, |all, product| {
            if all.is_empty() {
                product.range.clone()
            } else {
                all.start.min(product.range.start)..all.end.max(product.range.end)
            }
        })
    }

    /// Adds the real parts of `span` of row `row` (which counts through the first two axes).
    pub fn add_real(&self, row: usize, span: Range<usize>, re: &mut [T]) {
        for product in &self.products {
            let Some(factor) = product.at(self.split(row)) else {
                continue;
            };
            let (to, from) = product.overlap(&span);
            let (fr, fi) = (number::<T>(factor.re), number::<T>(factor.im));
            let parts = product.re[from.clone()].iter().zip(&product.im[from]);
            for (sum, (&zr, &zi)) in re[to].iter_mut().zip(parts) {
                *sum = *sum + fr * zr - fi * zi;
            }
        }
    }

    /// Adds the real and the imaginary parts of `span` of row `row`.
    pub fn add(&self, row: usize, span: Range<usize>, re: &mut [T], im: &mut [T]) {
        for product in &self.products {
            let Some(factor) = product.at(self.split(row)) else {
                continue;
            };
            let (to, from) = product.overlap(&span);
            let (fr, fi) = (number::<T>(factor.re), number::<T>(factor.im));
            let sums = re[to.clone()].iter_mut().zip(&mut im[to]);
            let parts = product.re[from.clone()].iter().zip(&product.im[from]);
            for ((re, im), (&zr, &zi)) in sums.zip(parts) {
                *re = *re + fr * zr - fi * zi;
                *im = *im + fr * zi + fi * zr;
            }
        }
    }

    fn split(&self, row: usize) -> (usize, usize) {
        (row / self.middle, row % self.middle)
    }
}

impl<T: FftNum> Product<T> {
    fn new([x, y, z]: [Vec<Complex<f64>>; 3]) -> Self {
        let largest = |line: &[Complex<f64>]| line.iter().map(|v| v.norm()).fold(0.0, f64::max);
        let least = NOTHING * largest(&z);
        let something = |v: &Complex<f64>| v.norm() > least;
        let start = z.iter().position(something).unwrap_or(0);
        let end = z.iter().rposition(something).map_or(start, |last| last + 1);
        Product {
            least: NOTHING * largest(&x) * largest(&y),
            re: z[start..end].iter().map(|v| number(v.re)).collect(),
            im: z[start..end].iter().map(|v| number(v.im)).collect(),
            range: start..end,
            x,
            y,
        }
    }

    fn at(&self, (i, j): (usize, usize)) -> Option<Complex<f64>> {
        let factor = self.x[i] * self.y[j];
        // The larger part tells as much as the magnitude, and costs less.
        (factor.re.abs().max(factor.im.abs()) > self.least).then_some(factor)
    }

    /// Where `span` meets the product's own range: from the start of either.
    fn overlap(&self, span: &Range<usize>) -> (Range<usize>, Range<usize>) {
        let start = span.start.max(self.range.start);
        let end = span.end.min(self.range.end).max(start);
        let relative = |origin: usize| start - origin..end - origin;
        if start == end {
            return (0..0, 0..0);
        }
        (relative(span.start), relative(self.range.start))
    }
}

fn number<T: FftNum>(value: f64) -> T {
    T::from_f64(value).unwrap_or_else(T::zero)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_span_of_a_row_is_the_sum_of_the_products() {
        let line = |n: usize, seed: usize| -> Vec<Complex<f64>> {
            (0..n)
                .map(|i| Complex::new(((i * 7 + seed) % 5) as f64 - 2.0, ((i + seed) % 3) as f64))
                .collect()
        };
        let mut products: Vec<[Vec<Complex<f64>>; 3]> = (0..3)
            .map(|t| [line(4, t), line(3, t + 1), line(9, t + 2)])
            .collect();
        // Ends that are nothing.
        products[1][2][0] = Complex::new(1e-30, 0.0);
        products[2][2][8] = Complex::new(0.0, 0.0);
        let sum = Separable::<f32>::new(products.clone());
        for row in 0..12 {
            for span in [0..9, 2..7, 8..9, 0..1] {
                let (mut re, mut im) = (vec![0.0; span.len()], vec![0.0; span.len()]);
                let mut real = re.clone();
                sum.add(row, span.clone(), &mut re, &mut im);
                sum.add_real(row, span.clone(), &mut real);
                for (at, k) in span.enumerate() {
                    let expected: Complex<f64> = products
                        .iter()
                        .map(|[x, y, z]| x[row / 3] * y[row % 3] * z[k])
                        .sum();
                    assert!((f64::from(re[at]) - expected.re).abs() < 1e-4);
                    assert!((f64::from(im[at]) - expected.im).abs() < 1e-4);
                    assert_eq!(re[at], real[at]);
                    assert!(expected.norm() < 1e-12 || sum.support(row).contains(&k));
                }
            }
        }
    }
}
