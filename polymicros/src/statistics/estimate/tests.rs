use super::*;
use proptest::prelude::*;

/// Three channels without symmetry; every value is a small multiple of 1/340 away from a float.
fn value(c: usize, [x, y, z]: [usize; 3]) -> f64 {
    ((7 * x + 11 * y + 13 * z + 5 * x * y * z + 3 * c * x + c * y * y) % 17) as f64 / 17.0
        - 0.3 * c as f64
}

fn valid([x, y, z]: [usize; 3]) -> bool {
    (x + 2 * y + 3 * z) % 5 != 0
}

fn indices(shape: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    let [nx, ny, nz] = shape;
    (0..nx * ny * nz).map(move |i| [i / (ny * nz), i / nz % ny, i % nz])
}

fn channels(shape: [usize; 3]) -> Vec<Vec<f64>> {
    (0..3)
        .map(|c| indices(shape).map(|s| value(c, s)).collect())
        .collect()
}

fn field(shape: [usize; 3], masked: bool) -> Result<Field> {
    let [x, y, z] = shape;
    let data = Array4::from_shape_fn((3, x, y, z), |(c, x, y, z)| value(c, [x, y, z]) as f32);
    let field = Field::new(Grid::new(shape)?, ["a", "b", "c"], data)?;
    if masked {
        let mask = Array3::from_shape_fn((x, y, z), |(x, y, z)| valid([x, y, z]));
        field.with_mask(mask.into_shared())
    } else {
        Ok(field)
    }
}

/// The mean product over pairs of valid voxels at one displacement, and their number, by the sum
/// itself.
fn counted(
    (a, b): (&[f64], &[f64]),
    shape: [usize; 3],
    mask: Option<&[bool]>,
    r: [isize; 3],
    wraps: bool,
) -> (f64, u64) {
    let valid = |i: usize| mask.is_none_or(|mask| mask[i]);
    let flat = |s: [usize; 3]| (s[0] * shape[1] + s[1]) * shape[2] + s[2];
    let (mut sum, mut count) = (0.0, 0);
    for s in indices(shape) {
        let to: [isize; 3] = std::array::from_fn(|a| s[a] as isize + r[a]);
        let inside = (0..3).all(|a| (0..shape[a] as isize).contains(&to[a]));
        let to = flat(std::array::from_fn(|a| {
            to[a].rem_euclid(shape[a] as isize) as usize
        }));
        if (wraps || inside) && valid(flat(s)) && valid(to) {
            sum += a[flat(s)] * b[to];
            count += 1;
        }
    }
    (sum / count as f64, count)
}

/// Compares a lattice's values with the sum at every displacement.
fn compare(lattice: &Lattice, edges: [usize; 3], mask: Option<&[bool]>, wraps: bool) -> Result<()> {
    let fields = channels(edges);
    let single: Vec<Vec<f32>> = fields
        .iter()
        .map(|f| f.iter().map(|v| *v as f32).collect())
        .collect();
    let exact: Vec<Vec<f64>> = single
        .iter()
        .map(|f| f.iter().map(|v| f64::from(*v)).collect())
        .collect();
    let slices: Vec<&[f32]> = single.iter().map(Vec::as_slice).collect();
    let pairs = Pairs::All.among(3)?;
    let (values, counts) = lattice.weighted(edges, &slices, mask, &pairs)?;
    for (p, &(b, c)) in pairs.iter().enumerate() {
        for index in indices(lattice.shape) {
            let r = std::array::from_fn(|a| signed(index[a], lattice.shape[a]));
            let (expected, count) = counted((&exact[b], &exact[c]), edges, mask, r, wraps);
            let [x, y, z] = index;
            assert_eq!(counts[index], count, "{r:?}");
            let found = values[[p, x, y, z]];
            if count < lattice.min_pairs {
                assert!(found.is_nan(), "{r:?}: {found} on {count} pairs");
            } else {
                assert!(
                    (found - expected).abs() < 1e-10,
                    "{r:?}: {found} {expected}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn periodic_statistics_are_the_sum() -> Result<()> {
    for shape in [[4, 3, 5], [1, 6, 7], [5, 4, 1], [2, 2, 8], [7, 5, 12]] {
        correlated(shape, &Pairs::All.among(3)?)?;
    }
    Ok(())
}

#[test]
fn any_choice_of_pairs_is_the_sum() -> Result<()> {
    // Odd and even numbers of autocorrelations, more and fewer products than fields.
    for pairs in [
        vec![(1, 1)],
        vec![(2, 2), (0, 0)],
        vec![(1, 2)],
        vec![(2, 0), (1, 1)],
        vec![(0, 1), (1, 2), (2, 0)],
    ] {
        correlated([5, 4, 9], &pairs)?;
        correlated([6, 7, 1], &pairs)?;
    }
    Ok(())
}

/// Compares circular correlations with the sum at every displacement.
fn correlated(shape: [usize; 3], pairs: &[(usize, usize)]) -> Result<()> {
    let fields = channels(shape);
    let values = circular(&fields.concat(), shape, 3, pairs)?;
    for (p, &(b, c)) in pairs.iter().enumerate() {
        for index in indices(shape) {
            let r = index.map(|i| i as isize);
            let (expected, _) = counted((&fields[b], &fields[c]), shape, None, r, true);
            let [x, y, z] = index;
            let found = values[[p, x, y, z]];
            assert!(
                (found - expected).abs() < 1e-12,
                "{pairs:?} {index:?}: {found} {expected}"
            );
        }
    }
    Ok(())
}

#[test]
fn masked_and_non_periodic_statistics_are_the_sum_over_valid_pairs() -> Result<()> {
    for edges in [[4, 3, 5], [1, 6, 7], [5, 4, 1], [3, 3, 8]] {
        let mask: Vec<bool> = indices(edges).map(valid).collect();
        let padded = Lattice {
            shape: edges.map(|edge| 2 * edge - 1),
            padded: edges.map(|edge| fast_length(2 * edge - 1)),
            min_pairs: 3,
        };
        compare(&padded, edges, None, false)?;
        compare(&padded, edges, Some(&mask), false)?;
        let wrapped = Lattice {
            shape: edges,
            padded: edges,
            min_pairs: 1,
        };
        compare(&wrapped, edges, Some(&mask), true)?;
    }
    Ok(())
}

#[test]
fn results_in_used_memory_are_the_same() -> Result<()> {
    // Large enough for its memory to be kept, and of a size that no other test has.
    let field = field([22, 23, 37], false)?;
    let first = TwoPoint::periodic(&field, &Pairs::All)?;
    let values = first.values().to_owned();
    let place = first.values().as_ptr();
    drop(first);
    let again = TwoPoint::periodic(&field, &Pairs::All)?;
    assert_eq!(again.values().as_ptr(), place);
    assert_eq!(again.values(), values);
    Ok(())
}

#[test]
fn numpy_and_scipy_agree() -> Result<()> {
    // x, y, z = np.meshgrid(*map(np.arange, (6, 5, 7)), indexing="ij")
    // m = lambda c: ((7*x + 11*y + 13*z + 5*x*y*z + 3*c*x + c*y*y) % 17) / 17 - 0.3*c
    // F = [np.fft.rfftn(m(c)) for c in range(3)]
    // np.fft.irfftn(np.conj(F[a]) * F[b], s=x.shape) / x.size
    let statistics = TwoPoint::periodic(&field([6, 5, 7], false)?, &Pairs::All)?;
    let places = [[0, 0, 0], [1, 0, 0], [2, 3, 1], [5, 4, 6]];
    for (pair, numbers) in [
        (
            (0, 0),
            [
                0.30599769319492504,
                0.21708683473389354,
                0.2227714615257868,
                0.2147800296589224,
            ],
        ),
        (
            (0, 1),
            [
                0.08159663865546216,
                0.08345855989454605,
                0.07813643104300542,
                0.0825028835063437,
            ],
        ),
        (
            (1, 2),
            [
                -0.0181183061459878,
                -0.025714285714285703,
                -0.016272862086010868,
                -0.029438128192453446,
            ],
        ),
        (
            (2, 2),
            [
                0.10309441423628271,
                0.0157159334321964,
                0.01619377162629757,
                0.010954028670291636,
            ],
        ),
    ] {
        for (r, expected) in places.into_iter().zip(numbers) {
            let found = statistics.at(pair, r).map_or(f64::NAN, f64::from);
            assert!(
                (found - expected).abs() < 2e-7,
                "{pair:?} {r:?}: {found} {expected}"
            );
        }
    }
    // w = ((x + 2*y + 3*z) % 5 != 0) * 1.0
    // C = lambda a, b: scipy.signal.correlate(b, a, mode="full", method="direct")
    // C(w*m(a), w*m(b)) / C(w, w), displacement zero at index (5, 4, 6)
    let cutoff = Cutoff {
        displacement: [3, 2, 3],
        min_pairs: 30,
    };
    let statistics = TwoPoint::non_periodic(&field([6, 5, 7], true)?, &Pairs::All, cutoff)?;
    for (pair, numbers) in [
        (
            (0, 0),
            [0.31034766847915596, 0.2297248311089142, 0.21956590122680086],
        ),
        (
            (0, 1),
            [0.07108255066732573, 0.06765529741308286, 0.0726879521862221],
        ),
        (
            (1, 2),
            [
                -0.011207365299060794,
                -0.030502553962761574,
                -0.01117647058823529,
            ],
        ),
    ] {
        for (r, expected) in [[0, 0, 0], [1, 0, 0], [-3, 1, -1]].into_iter().zip(numbers) {
            let found = statistics.at(pair, r).map_or(f64::NAN, f64::from);
            assert!(
                (found - expected).abs() < 1e-7,
                "{pair:?} {r:?}: {found} {expected}"
            );
        }
        // 29 pairs there: one too few.
        assert_eq!(statistics.at(pair, [2, -2, 3]), None);
        // Beyond the cut-off.
        assert_eq!(statistics.at(pair, [4, 0, 0]), None);
    }
    let counts = statistics.counts().map(|counts| {
        let at = |index: [usize; 3]| counts[index];
        [at([0, 0, 0]), at([1, 0, 0]), at([2, 3, 3]), at([4, 1, 6])]
    });
    assert_eq!(counts, Some([168, 105, 29, 44]));
    Ok(())
}

#[test]
fn the_value_at_zero_is_the_mean_product() -> Result<()> {
    for masked in [false, true] {
        let field = field([6, 7, 8], masked)?;
        let points = crate::statistics::OnePoint::of(&field)?;
        let periodic = TwoPoint::periodic(&field, &Pairs::WithFirst)?;
        let half = Cutoff::half(field.grid());
        let open = TwoPoint::non_periodic(&field, &Pairs::WithFirst, half)?;
        for statistics in [periodic, open] {
            assert_eq!(statistics.pairs().len(), 3);
            let variance = statistics
                .to_covariance()
                .at((0, 0), [0; 3])
                .map_or(f64::NAN, f64::from);
            assert!((variance - points.variance[0]).abs() < 1e-6);
            assert_eq!(statistics.mean(), points.mean);
        }
    }
    Ok(())
}

#[test]
fn a_plane_wave_is_correlated_with_itself_as_a_cosine() -> Result<()> {
    // m^0 = cos(k s), m^1 = sin(k s): f^00 = cos(k r)/2, f^01 = sin(k r)/2, f^11 = cos(k r)/2.
    let (shape, k) = ([8, 6, 9], [3.0, 1.0, 2.0]);
    let phase = |s: [usize; 3]| -> f64 {
        (0..3)
            .map(|a| std::f64::consts::TAU * k[a] * s[a] as f64 / shape[a] as f64)
            .sum()
    };
    let data = Array4::from_shape_fn((2, 8, 6, 9), |(c, x, y, z)| {
        let phase = phase([x, y, z]);
        (if c == 0 { phase.cos() } else { phase.sin() }) as f32
    });
    let field = Field::new(Grid::new(shape)?, ["cos", "sin"], data)?;
    let statistics = TwoPoint::periodic(&field, &Pairs::All)?;
    for ((p, x, y, z), found) in statistics.values().indexed_iter() {
        let phase = phase([x, y, z]);
        let expected = [phase.cos(), phase.sin(), phase.cos()][p] / 2.0;
        assert!((f64::from(*found) - expected).abs() < 1e-6);
    }
    Ok(())
}

#[test]
fn a_constant_is_correlated_everywhere_alike() -> Result<()> {
    let data = Array4::from_elem((1, 7, 5, 6), 0.5);
    let field = Field::new(Grid::new([7, 5, 6])?, ["half"], data)?;
    let cutoff = Cutoff {
        displacement: [6, 4, 5],
        min_pairs: 1,
    };
    for statistics in [
        TwoPoint::periodic(&field, &Pairs::All)?,
        TwoPoint::non_periodic(&field, &Pairs::All, cutoff)?,
    ] {
        assert!(statistics.values().iter().all(|f| (f - 0.25).abs() < 1e-7));
        let covariance = statistics.to_covariance();
        assert!(covariance.values().iter().all(|f| f.abs() < 1e-7));
    }
    assert!(
        TwoPoint::non_periodic(
            &field,
            &Pairs::All,
            Cutoff {
                displacement: [7, 0, 0],
                min_pairs: 1
            }
        )
        .is_err()
    );
    Ok(())
}

#[test]
fn a_value_that_is_not_finite_is_refused_unless_masked() -> Result<()> {
    let mut data = Array4::from_elem((1, 4, 4, 4), 0.5);
    data[[0, 1, 2, 3]] = f32::NAN;
    let field = Field::new(Grid::cube(4)?, ["a"], data)?;
    assert!(TwoPoint::periodic(&field, &Pairs::All).is_err());
    let mask = Array3::from_shape_fn((4, 4, 4), |at| at != (1, 2, 3)).into_shared();
    let statistics = TwoPoint::periodic(&field.with_mask(mask)?, &Pairs::All)?;
    assert!(statistics.values().iter().all(|f| (f - 0.25).abs() < 1e-7));
    Ok(())
}

#[test]
fn padded_lengths_are_products_of_small_primes() {
    let found: Vec<usize> = [1, 7, 11, 128, 191, 255, 257].map(fast_length).to_vec();
    assert_eq!(found, [1, 8, 12, 128, 192, 256, 270]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Moving the whole field around its periodic grid changes no statistic.
    #[test]
    fn periodic_statistics_do_not_see_where_things_are(
        shape in [1usize..8, 1usize..8, 1usize..8],
        by in [0usize..8, 0usize..8, 0usize..8],
    ) {
        let still = field(shape, true)?;
        let [x, y, z] = shape;
        let from = |(i, j, k): (usize, usize, usize)| [(i + by[0]) % x, (j + by[1]) % y, (k + by[2]) % z];
        let data = Array4::from_shape_fn((3, x, y, z), |(c, i, j, k)| value(c, from((i, j, k))) as f32);
        let mask = Array3::from_shape_fn((x, y, z), |at| valid(from(at)));
        prop_assume!(mask.iter().any(|valid| *valid));
        let moved = Field::new(Grid::new(shape)?, ["a", "b", "c"], data)?.with_mask(mask.into_shared())?;
        let (a, b) = (TwoPoint::periodic(&still, &Pairs::All)?, TwoPoint::periodic(&moved, &Pairs::All)?);
        prop_assert_eq!(a.counts(), b.counts());
        for (a, b) in a.values().iter().zip(b.values()) {
            prop_assert!((a - b).abs() < 1e-6 || (a.is_nan() && b.is_nan()));
        }
    }
}
