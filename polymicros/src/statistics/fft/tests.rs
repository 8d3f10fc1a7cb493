use super::*;
use proptest::prelude::*;
use std::f64::consts::TAU;

type C64 = Complex<f64>;

/// Numbers without symmetry, the same on every machine.
fn noise(n: usize) -> Vec<f64> {
    (0..n as u64)
        .map(|i| (i.wrapping_mul(2_654_435_761) % 1009) as f64 / 1009.0 - 0.4)
        .collect()
}

fn transformed(shape: [usize; 3], real: &[f64]) -> Result<Vec<C64>> {
    let fft = RealFft::new(shape)?;
    let mut spectrum = fft.spectrum();
    fft.forward(real, &mut spectrum)?;
    Ok(spectrum)
}

fn indices(shape: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    (0..shape.iter().product()).map(move |i| {
        [
            i / (shape[1] * shape[2]),
            i / shape[2] % shape[1],
            i % shape[2],
        ]
    })
}

/// `exp(2πi Σ k s / n)`.
fn wave(k: [usize; 3], s: [usize; 3], shape: [usize; 3]) -> C64 {
    let turns: f64 = (0..3)
        .map(|a| (k[a] * s[a] % shape[a]) as f64 / shape[a] as f64)
        .sum();
    C64::from_polar(1.0, TAU * turns)
}

/// The sum that defines the transform.
fn defined(shape: [usize; 3], half: [usize; 3], real: &[f64]) -> Vec<C64> {
    indices(half)
        .map(|k| {
            indices(shape)
                .zip(real)
                .map(|(s, value)| wave(k, s, shape).conj() * value)
                .sum()
        })
        .collect()
}

fn furthest(a: &[C64], b: &[C64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).norm())
        .fold(0.0, f64::max)
}

/// How often each frequency of the half-spectrum stands in the whole one.
fn multiplicity(k: usize, n: usize) -> f64 {
    if k == 0 || 2 * k == n { 1.0 } else { 2.0 }
}

#[test]
fn numpy_agrees() -> Result<()> {
    // x, y, z = np.meshgrid(*map(np.arange, (6, 5, 7)), indexing="ij")
    // m = ((7*x + 11*y + 13*z + 5*x*y*z) % 17) / 17; np.fft.rfftn(m)
    let value =
        |[x, y, z]: [usize; 3]| ((7 * x + 11 * y + 13 * z + 5 * x * y * z) % 17) as f64 / 17.0;
    let shape = [6, 5, 7];
    let real: Vec<f64> = indices(shape).map(value).collect();
    let spectrum = transformed(shape, &real)?;
    for ([x, y, z], re, im) in [
        ([0, 0, 0], 98.17647058823529, 0.0),
        ([1, 0, 0], 1.470588235294115, -2.547133540542468),
        ([2, 3, 1], -2.952915130080019, 1.3639552852058507),
        ([5, 4, 3], -2.1167131904295915, 3.088360193694725),
    ] {
        let found = spectrum[(x * 5 + y) * 4 + z];
        assert!((found - C64::new(re, im)).norm() < 1e-12, "{found}");
    }
    // np.fft.rfftn(m[:, :, :1], axes=(0, 1)): a map's second axis is the halved one.
    let shape = [6, 5, 1];
    let real: Vec<f64> = indices(shape).map(value).collect();
    let spectrum = transformed(shape, &real)?;
    for ([x, y], re, im) in [
        ([3, 1], -0.6180339887498946, 1.175570504584946),
        ([5, 2], 0.47814760073380547, 0.658113712966679),
    ] {
        let found = spectrum[x * 3 + y];
        assert!((found - C64::new(re, im)).norm() < 1e-12, "{found}");
    }
    Ok(())
}

#[test]
fn a_delta_is_white_and_a_constant_is_one_line() -> Result<()> {
    let shape = [3, 4, 5];
    let mut delta = vec![0.0; 60];
    delta[0] = 1.0;
    let white = transformed(shape, &delta)?;
    assert!(white.iter().all(|f| (f - 1.0).norm() < 1e-15));
    let line = transformed(shape, &[2.5; 60])?;
    assert!((line[0] - 150.0).norm() < 1e-12);
    assert!(line[1..].iter().all(|f| f.norm() < 1e-12));
    Ok(())
}

#[test]
fn a_plane_wave_is_one_frequency() -> Result<()> {
    let (shape, k) = ([6, 9, 8], [5, 2, 3]);
    let real: Vec<f64> = indices(shape).map(|s| 2.0 * wave(k, s, shape).re).collect();
    let spectrum = transformed(shape, &real)?;
    for (at, f) in indices([6, 9, 5]).zip(spectrum) {
        let expected = if at == k { 432.0 } else { 0.0 };
        assert!((f - expected).norm() < 1e-11, "{at:?}: {f}");
    }
    Ok(())
}

#[test]
fn single_precision_is_double_precision_rounded() -> Result<()> {
    let shape = [12, 7, 10];
    let real = noise(840);
    let exact = transformed(shape, &real)?;
    let fft = RealFft::<f32>::new(shape)?;
    let single: Vec<f32> = real.iter().map(|v| *v as f32).collect();
    let (mut spectrum, mut back) = (fft.spectrum(), vec![0.0; 840]);
    fft.forward(&single, &mut spectrum)?;
    for (a, b) in spectrum.iter().zip(exact) {
        assert!((C64::new(a.re.into(), a.im.into()) - b).norm() < 1e-4);
    }
    fft.inverse(&mut spectrum, &mut back)?;
    assert!(back.iter().zip(single).all(|(a, b)| (a - b).abs() < 1e-6));
    Ok(())
}

#[test]
fn the_number_of_threads_changes_no_bit() -> Result<()> {
    // More columns than one block holds, and planes enough for both threads.
    let shape = [10, 14, 21];
    let real = noise(2940);
    let on = |threads: usize| -> Result<Vec<C64>> {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|e| Error::value("threads", e.to_string()))?
            .install(|| transformed(shape, &real))
    };
    assert_eq!(on(1)?, on(3)?);
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused() -> Result<()> {
    assert!(RealFft::<f32>::new([4, 0, 1]).is_err());
    let fft = RealFft::<f32>::new([4, 3, 2])?;
    assert_eq!(fft.spectrum_shape(), [4, 3, 2]);
    let mut spectrum = fft.spectrum();
    assert!(fft.forward(&[0.0; 23], &mut spectrum).is_err());
    assert!(fft.inverse(&mut spectrum[1..], &mut [0.0; 24]).is_err());
    Ok(())
}

fn shapes() -> impl Strategy<Value = [usize; 3]> {
    // Odd, even and prime sizes; lengths of one make maps and lines in every direction.
    let edge = || prop_oneof![Just(1usize), 2usize..14, Just(17), Just(19)];
    (edge(), edge(), edge()).prop_map(|(x, y, z)| [x, y, z])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_defining_sum_agrees(shape in shapes()) {
        prop_assume!(shape.iter().product::<usize>() <= 600);
        let real = noise(shape.iter().product());
        let half = RealFft::<f64>::new(shape)?.spectrum_shape();
        let found = transformed(shape, &real)?;
        prop_assert!(furthest(&found, &defined(shape, half, &real)) < 1e-10);
    }

    #[test]
    fn the_inverse_undoes_and_energy_is_kept(shape in shapes()) {
        let fft = RealFft::<f64>::new(shape)?;
        let real = noise(fft.voxels());
        let mut spectrum = fft.spectrum();
        fft.forward(&real, &mut spectrum)?;
        let half = fft.spectrum_shape();
        let axis = (0..3).rev().find(|a| shape[*a] > 1).unwrap_or(2);
        // Parseval: Σ |F_k|² = N Σ m_s², the left side over the whole spectrum.
        let energy: f64 = indices(half)
            .zip(&spectrum)
            .map(|(k, f)| multiplicity(k[axis], shape[axis]) * f.norm_sqr())
            .sum();
        let expected = real.iter().map(|v| v * v).sum::<f64>() * real.len() as f64;
        prop_assert!((energy / expected - 1.0).abs() < 1e-12);
        let mut back = vec![0.0; real.len()];
        fft.inverse(&mut spectrum, &mut back)?;
        for (a, b) in back.iter().zip(&real) {
            prop_assert!((a - b).abs() < 1e-13);
        }
    }

    #[test]
    fn a_shift_turns_the_phases(shape in shapes(), by in [0usize..20, 0usize..20, 0usize..20]) {
        let n = shape.iter().product();
        let real = noise(n);
        let shifted: Vec<f64> = indices(shape)
            .map(|s| {
                let [x, y, z]: [usize; 3] = std::array::from_fn(|a| (s[a] + by[a]) % shape[a]);
                real[(x * shape[1] + y) * shape[2] + z]
            })
            .collect();
        let half = RealFft::<f64>::new(shape)?.spectrum_shape();
        let turned: Vec<C64> = indices(half)
            .zip(transformed(shape, &real)?)
            .map(|(k, f)| f * wave(k, by, shape))
            .collect();
        prop_assert!(furthest(&transformed(shape, &shifted)?, &turned) < 1e-9);
    }
}
