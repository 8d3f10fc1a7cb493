use super::*;
use crate::microstructure::Grid;
use crate::statistics::{Moment, Pairs, TwoPoint};
use ndarray::{Array1, Array4, Axis};
use ndarray_npy::{NpzWriter, read_npy, write_npy};
use proptest::prelude::*;
use std::path::PathBuf;

/// Numbers without structure, the same on every machine.
fn noise(i: usize, j: usize) -> f32 {
    let mix = (i as u64 * 0x9E37_79B9 + j as u64 + 1).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    ((mix ^ (mix >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 40) as f32 / (1u64 << 24) as f32
        - 0.5
}

fn matrix(n: usize, f: usize) -> Array2<f32> {
    Array2::from_shape_fn((n, f), |(i, j)| {
        noise(i, j) / (1.0 + i as f32) + (j % 7) as f32
    })
}

/// `N x F` of rank `r` about a mean, and the exact decomposition's variances cannot exceed `r`.
fn low_rank(n: usize, f: usize, r: usize) -> Array2<f32> {
    Array2::from_shape_fn((n, f), |(i, j)| {
        (0..r)
            .map(|k| noise(1000 + k, i) * noise(2000 + k, j) * 4.0 / (1.0 + k as f32))
            .sum::<f32>()
            + (j % 5) as f32
    })
}

fn failed(e: impl std::fmt::Display) -> Error {
    Error::value("test", e.to_string())
}

#[test]
fn scikit_learn_agrees() -> Result<()> {
    // i, j = np.meshgrid(np.arange(7), np.arange(30), indexing="ij")
    // x = ((7*i*j + 11*i + 13*j + i*i*j) % 17) / 17
    // p = sklearn.decomposition.PCA(svd_solver="full").fit(x); s = p.transform(x)
    // columns of s, and rows of p.components_, with the sign of the largest score made positive.
    // Its seventh component is 7e-32, and so none.
    let rows = Array2::from_shape_fn((7, 30), |(i, j)| {
        ((7 * i * j + 11 * i + 13 * j + i * i * j) % 17) as f32 / 17.0
    });
    let vectors = Vectors::from_rows(rows)?;
    let mut pca = Pca::fit(&vectors)?;
    pca.compute_components(&vectors, 2)?;
    let close = |found: &[f64], expected: &[f64]| {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-6, "{found:?} {expected:?}");
        }
    };
    close(
        pca.explained_variance(),
        &[
            0.7335096228629254,
            0.6029370539520963,
            0.3605139392987991,
            0.32084997485379635,
            0.2176061395999498,
            0.08407577231593959,
        ],
    );
    close(
        &pca.explained_ratio(),
        &[
            0.3162371173655675,
            0.25994352350893457,
            0.1554279390214116,
            0.13832766195834978,
            0.09381627202046566,
            0.03624748612527082,
        ],
    );
    close(
        &pca.scores().column(0).to_vec(),
        &[
            -0.7272566243767754,
            -0.42182799045974434,
            1.2446415257334233,
            -0.5772566442263655,
            -0.7502161761501577,
            0.12086896774506241,
            1.1110469417345572,
        ],
    );
    close(
        &pca.scores().row(3).to_vec(),
        &[
            -0.5772566442263655,
            1.0638101709810586,
            -0.007043738705226815,
            0.039382953200428256,
            -0.5939077463729335,
            0.31573394361095386,
        ],
    );
    let components = pca.components().ok_or_else(|| failed("no components"))?;
    let found: Vec<f64> = (0..2)
        .flat_map(|k| (0..3).map(move |j| f64::from(components[[k, j]])))
        .collect();
    close(
        &found,
        &[
            0.026651503029813492,
            -0.3258839107743477,
            0.28839127245388374,
            0.40178948909027506,
            -0.06237315749582202,
            -0.2918023192491306,
        ],
    );
    Ok(())
}

#[test]
fn singular_values_agree() -> Result<()> {
    // More features than two blocks hold, and not a multiple of one.
    let (n, f) = (9, 2 * gram::BLOCK + 77);
    let rows = matrix(n, f);
    let mean = rows
        .mapv(f64::from)
        .mean_axis(Axis(0))
        .unwrap_or_else(|| Array1::zeros(f));
    let centred = faer::Mat::from_fn(n, f, |i, j| f64::from(rows[[i, j]]) - mean[j]);
    let svd = centred.thin_svd().map_err(|e| failed(format!("{e:?}")))?;
    let vectors = Vectors::from_rows(rows)?;
    let mut pca = Pca::fit(&vectors)?;
    pca.compute_components(&vectors, 100)?;
    assert_eq!(pca.rank(), n - 1);
    let components = pca.components().ok_or_else(|| failed("no components"))?;
    assert_eq!(components.dim(), (n - 1, f));
    for k in 0..n - 1 {
        let value = svd.S()[k];
        let variance = value * value / (n - 1) as f64;
        assert!((pca.explained_variance()[k] / variance - 1.0).abs() < 1e-5);
        // Singular vectors are defined up to a sign that U and V share.
        let sign = (svd.U()[(0, k)] * pca.scores()[[0, k]]).signum();
        for i in 0..n {
            let expected = sign * svd.U()[(i, k)] * value;
            assert!((pca.scores()[[i, k]] - expected).abs() < 2e-5);
        }
        for j in 0..f {
            let expected = sign * svd.V()[(j, k)];
            assert!((f64::from(components[[k, j]]) - expected).abs() < 1e-5);
        }
    }
    let total: f64 = (0..n - 1).map(|k| svd.S()[k] * svd.S()[k]).sum::<f64>() / (n - 1) as f64;
    assert!((pca.total_variance() / total - 1.0).abs() < 1e-6);
    Ok(())
}

#[test]
fn data_of_low_rank_come_back() -> Result<()> {
    let (n, f, r) = (12, 1500, 4);
    let rows = low_rank(n, f, r);
    let vectors = Vectors::from_rows(rows.clone())?;
    let mut pca = Pca::fit(&vectors)?;
    assert_eq!(pca.rank(), r);
    assert_eq!(pca.components_for(1.0 - 1e-6), r);
    assert_eq!(pca.components_for(2.0), r);
    assert!(pca.project(&vec![0.0; f]).is_err());
    pca.compute_components(&vectors, r)?;
    for (i, row) in rows.outer_iter().enumerate() {
        let scores = pca.project(&row.to_vec())?;
        for (a, b) in scores.iter().zip(pca.scores().row(i)) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
        let back = pca.reconstruct(&scores)?;
        assert!(back.iter().zip(row).all(|(a, b)| (a - b).abs() < 2e-6));
    }
    // A further vector of the same family, and the mean.
    let further: Vec<f32> = rows
        .row(0)
        .iter()
        .zip(rows.row(1))
        .map(|(a, b)| 1.5 * a - 0.5 * b)
        .collect();
    let back = pca.reconstruct(&pca.project(&further)?)?;
    assert!(back.iter().zip(&further).all(|(a, b)| (a - b).abs() < 5e-6));
    assert_eq!(pca.reconstruct(&[])?, pca.mean().to_vec());
    assert!(pca.project(&further[1..]).is_err());
    assert!(pca.reconstruct(&[0.0; 5]).is_err());
    Ok(())
}

#[test]
fn a_small_variance_beside_a_large_mean_is_kept() -> Result<()> {
    // As 2-point statistics have it: 1e3 +- 1e-1. What f32 itself can hold is 6e-5 there.
    let rows = Array2::from_shape_fn((10, 3000), |(i, j)| 1000.0 + 0.1 * noise(i, j));
    let exact = rows.mapv(f64::from);
    let total: f64 = exact.var_axis(Axis(0), 1.0).sum();
    let pca = Pca::fit(&Vectors::from_rows(rows)?)?;
    assert!((pca.total_variance() / total - 1.0).abs() < 1e-6);
    assert!((pca.cumulative_ratio()[8] - 1.0).abs() < 1e-6);
    Ok(())
}

/// The same rows as files: `.npy`, `.npz`, compressed `.npz`, in turn.
fn files(rows: &Array2<f32>, folder: &std::path::Path) -> Result<Vec<PathBuf>> {
    let open = |path: &PathBuf| std::fs::File::create(path).map_err(|e| Error::io(path, e));
    rows.outer_iter()
        .enumerate()
        .map(|(i, row)| {
            let row = row.to_owned();
            let path = folder.join(format!("{i}.{}", if i % 3 == 0 { "npy" } else { "npz" }));
            match i % 3 {
                0 if i % 2 == 0 => write_npy(&path, &row.mapv(f64::from)).map_err(failed)?,
                0 => {
                    let shape = [row.len() / 2, 2, 1];
                    write_npy(&path, &row.into_shape_with_order(shape).map_err(failed)?)
                        .map_err(failed)?;
                }
                kind => {
                    let mut npz = if kind == 1 {
                        NpzWriter::new(open(&path)?)
                    } else {
                        NpzWriter::new_compressed(open(&path)?)
                    };
                    npz.add_array("other", &Array1::<f32>::zeros(3))
                        .map_err(failed)?;
                    npz.add_array("values", &row).map_err(failed)?;
                    npz.finish().map_err(failed)?;
                }
            }
            Ok(path)
        })
        .collect()
}

#[test]
fn files_read_in_pieces_give_the_same_bits_on_any_number_of_threads() -> Result<()> {
    let rows = matrix(11, 20 * gram::BLOCK + 30);
    let folder = tempfile::tempdir().map_err(failed)?;
    let paths = files(&rows, folder.path())?;
    let memory = Vectors::from_rows(rows.clone())?;
    let on = |threads: usize, vectors: &Vectors| -> Result<Pca> {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(failed)?
            .install(|| {
                let mut pca = Pca::fit(vectors)?;
                pca.compute_components(vectors, 3)?;
                Ok(pca)
            })
    };
    let expected = on(1, &memory)?;
    // Pieces of one block, and of three.
    for bytes in [0, 4 * 11 * 3 * gram::BLOCK + 8] {
        let files = Vectors::from_files(&paths, Some("values"))?.with_memory(bytes);
        assert_eq!(files.vector(2)?, rows.row(2));
        for found in [on(3, &files)?, on(2, &memory)?] {
            assert_eq!(found.scores(), expected.scores());
            assert_eq!(found.mean(), expected.mean());
            assert_eq!(found.components(), expected.components());
        }
    }
    let path = folder.path().join("components.npy");
    expected.write_components(&memory, 3, &path)?;
    let written: Array2<f32> = read_npy(&path).map_err(failed)?;
    assert_eq!(Some(written.into_shared()), expected.components);
    Ok(())
}

#[test]
fn files_that_do_not_fit_are_named() -> Result<()> {
    let folder = tempfile::tempdir().map_err(failed)?;
    let at = |name: &str| folder.path().join(name);
    let write =
        |name: &str, n: usize| write_npy(at(name), &Array1::<f32>::zeros(n)).map_err(failed);
    write("good.npy", 8)?;
    write("short.npy", 7)?;
    write_npy(at("whole.npy"), &Array1::<i32>::zeros(8)).map_err(failed)?;
    write_npy(
        at("turned.npy"),
        &Array2::<f32>::zeros((2, 4)).reversed_axes(),
    )
    .map_err(failed)?;
    let bytes = std::fs::read(at("good.npy")).map_err(failed)?;
    std::fs::write(at("cut.npy"), &bytes[..bytes.len() - 1]).map_err(failed)?;
    std::fs::write(at("head.npy"), &bytes[..20]).map_err(failed)?;
    std::fs::write(at("text.npy"), "text").map_err(failed)?;
    let archive = files(&matrix(2, 8), folder.path())?.remove(1);
    for (paths, word) in [
        (vec![at("good.npy"), at("short.npy")], "7 values"),
        (vec![at("whole.npy")], "<f4"),
        (vec![at("turned.npy")], "Fortran"),
        (vec![at("cut.npy")], "bytes expected"),
        (vec![at("head.npy")], "cut short"),
        (vec![at("text.npy")], "neither"),
        (vec![archive], "other"),
        (vec![at("missing.npy")], "missing.npy"),
        (vec![], "no files"),
    ] {
        let text =
            Vectors::from_files(&paths, None).map_or_else(|e| e.to_string(), |_| String::new());
        assert!(text.contains(word), "{paths:?}: {text}");
    }
    // numpy writes one-dimensional arrays of one element with either order.
    let column = Array2::<f32>::zeros((1, 8)).reversed_axes();
    write_npy(at("column.npy"), &column).map_err(failed)?;
    assert_eq!(
        Vectors::from_files(&[at("column.npy")], None)?.features(),
        8
    );
    Ok(())
}

#[test]
fn vectors_that_cannot_be_decomposed_are_refused() -> Result<()> {
    let mut rows = matrix(4, 700);
    assert!(
        Pca::fit(&Vectors::from_rows(
            rows.slice(ndarray::s![..1, ..]).to_owned()
        )?)
        .is_err()
    );
    rows[[2, 601]] = f32::NAN;
    let text =
        Pca::fit(&Vectors::from_rows(rows)?).map_or_else(|e| e.to_string(), |_| String::new());
    assert!(text.contains("vector 2") && text.contains("601"), "{text}");
    // Vectors that are all alike vary in no direction.
    let alike = Pca::fit(&Vectors::from_rows(Array2::from_elem((3, 5), 0.7))?)?;
    assert_eq!((alike.rank(), alike.total_variance()), (0, 0.0));
    assert!(Vectors::from_rows(Array2::zeros((0, 5))).is_err());
    Ok(())
}

#[test]
fn statistics_become_vectors_without_a_copy() -> Result<()> {
    let grid = Grid::new([2, 3, 4])?;
    let make = |value: f32, pairs: &Pairs, n: usize| {
        let values = Array4::from_elem((n, 2, 3, 4), value);
        TwoPoint::new(
            grid,
            ["a", "b"],
            pairs,
            Moment::Statistics,
            vec![0.0; 2],
            values,
        )
    };
    let all = [make(1.0, &Pairs::All, 3)?, make(3.0, &Pairs::All, 3)?];
    let vectors = Vectors::from_statistics(&all)?;
    assert_eq!((vectors.samples(), vectors.features()), (2, 72));
    assert_eq!(vectors.vector(1)?.as_ptr(), all[1].values().as_ptr());
    assert_eq!(Pca::fit(&vectors)?.explained_ratio(), [1.0]);
    let mixed = [make(1.0, &Pairs::All, 3)?, make(1.0, &Pairs::WithFirst, 2)?];
    assert!(Vectors::from_statistics(&mixed).is_err());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Scores keep all distances between vectors, and components are orthonormal.
    #[test]
    fn a_decomposition_is_a_rotation(n in 2usize..12, f in 1usize..1300) {
        let rows = matrix(n, f);
        let vectors = Vectors::from_rows(rows.clone())?;
        let mut pca = Pca::fit(&vectors)?;
        prop_assert!(pca.rank() <= (n - 1).min(f));
        let scale = pca.total_variance().sqrt();
        for i in 0..n {
            let difference = rows.row(i).mapv(f64::from) - rows.row(0).mapv(f64::from);
            let expected = difference.mapv(|d| d * d).sum();
            let scores = pca.scores().row(i).to_owned() - pca.scores().row(0);
            let found = scores.mapv(|d| d * d).sum();
            prop_assert!((found.sqrt() - expected.sqrt()).abs() < 1e-3 * scale);
        }
        prop_assert!(pca.explained_variance().is_sorted_by(|a, b| a >= b));
        pca.compute_components(&vectors, n)?;
        let components = pca.components().map(|c| c.mapv(f64::from)).unwrap_or_default();
        // Weak components are as exact as f32 sums allow: the strong ones are looked at.
        let strong = pca.explained_variance().iter().filter(|v| **v > 1e-4 * pca.explained_variance()[0]).count();
        for (k, a) in components.outer_iter().enumerate().take(strong) {
            for (l, b) in components.outer_iter().enumerate().take(strong) {
                let expected = if k == l { 1.0 } else { 0.0 };
                prop_assert!((a.dot(&b) - expected).abs() < 1e-3, "{k} {l}: {}", a.dot(&b));
            }
        }
    }
}
