use super::*;
use proptest::prelude::*;
use pulp::{Arch, Scalar, WithSimd};

struct Run<'a, T: Real>(&'a Lines<T>, &'a mut [Entry<T>]);

impl<T: Real> WithSimd for Run<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.0.transform(simd, self.1, &mut self.0.scratch());
    }
}

/// Instructions to run with.
#[derive(Debug, Clone, Copy)]
enum Set {
    Best,
    Avx2,
    Portable,
}

/// Transforms with some instructions, or the best where this machine lacks them.
fn run<T: Real>(set: Set, lines: &Lines<T>, entries: &mut [Entry<T>]) {
    let work = Run(lines, entries);
    match set {
        Set::Portable => return work.with_simd(Scalar),
        #[cfg(target_arch = "x86_64")]
        Set::Avx2 => {
            if let Some(v3) = pulp::x86::V3::try_new() {
                return Simd::vectorize(v3, work);
            }
        }
        _ => {}
    }
    Arch::new().dispatch(work);
}

/// The largest difference from rustfft, line by line.
fn furthest<T: Real>(length: usize, set: Set) -> f64 {
    let mut planner = FftPlanner::new();
    let lines = Lines::<T>::new(length, &mut planner);
    let noise =
        |i: usize, l: usize| number::<T>(((i * 31 + l * 17 + i * l) % 23) as f64 / 23.0 - 0.4);
    let mut entries = vec![Entry::zero(); length];
    for (i, entry) in entries.iter_mut().enumerate() {
        entry.re = std::array::from_fn(|l| noise(i, l));
        entry.im = std::array::from_fn(|l| noise(2 * i + 1, l));
    }
    let given = entries.clone();
    run(set, &lines, &mut entries);
    let expected = planner.plan_fft_forward(length);
    let mut furthest = 0.0f64;
    for l in 0..WIDTH {
        let line = |entries: &[Entry<T>]| -> Vec<Complex<T>> {
            let values = entries.iter();
            values.map(|e| Complex::new(e.re[l], e.im[l])).collect()
        };
        let mut transformed = line(&given);
        expected.process(&mut transformed);
        for (a, b) in transformed.iter().zip(line(&entries)) {
            let (re, im): (f64, f64) = ((a.re - b.re).into(), (a.im - b.im).into());
            furthest = furthest.max(re.hypot(im));
        }
    }
    furthest
}

#[test]
fn factors_of_a_length_are_at_most_five() {
    assert_eq!(radices(1), Some(vec![]));
    assert_eq!(radices(128), Some(vec![4, 4, 4, 2]));
    assert_eq!(radices(90), Some(vec![2, 3, 3, 5]));
    assert_eq!(radices(14), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rustfft_agrees(
        length in prop_oneof![1usize..70, Just(96), Just(100), Just(125), Just(128), Just(243)],
        set in prop_oneof![Just(Set::Best), Just(Set::Avx2), Just(Set::Portable)],
    ) {
        prop_assert!(furthest::<f64>(length, set) < 1e-13 * (1 + length) as f64);
        prop_assert!(furthest::<f32>(length, set) < 5e-7 * (1 + length) as f64);
    }
}
