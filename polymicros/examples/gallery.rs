#![allow(missing_docs, clippy::unwrap_used)]
use ndarray::*;
use polymicros::display::*;
use polymicros::microstructure::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::Distribution;

fn voronoi(
    shape: [usize; 3],
    n: usize,
    seed: u64,
    stretch: [f64; 3],
) -> (Array3<usize>, Vec<[u8; 3]>) {
    let mut r = ChaCha8Rng::seed_from_u64(seed);
    let pts: Vec<[f64; 3]> = (0..n)
        .map(|_| std::array::from_fn(|a| r.random::<f64>() * shape[a] as f64))
        .collect();
    let cols = (0..n)
        .map(|_| std::array::from_fn(|_| (r.random::<f64>() * 255.0) as u8))
        .collect();
    let a = Array3::from_shape_fn(shape, |(x, y, z)| {
        let p = [x as f64, y as f64, z as f64];
        (0..n)
            .min_by(|a, b| {
                let d = |k: usize| -> f64 {
                    (0..3)
                        .map(|c| ((p[c] - pts[k][c]) / stretch[c]).powi(2))
                        .sum()
                };
                d(*a).total_cmp(&d(*b))
            })
            .unwrap()
    });
    (a, cols)
}
fn vol(
    shape: [usize; 3],
    sp: f64,
    unit: LengthUnit,
    n: usize,
    seed: u64,
    st: [f64; 3],
) -> ColourVolume {
    let (a, c) = voronoi(shape, n, seed, st);
    let g = Grid::with_spacing(shape, [sp; 3], unit).unwrap();
    let v = Array4::from_shape_fn((shape[0], shape[1], shape[2], 3), |(x, y, z, k)| {
        c[a[[x, y, z]]][k]
    });
    ColourVolume::new(g, v).unwrap()
}
fn out(name: &str, p: Picture) {
    println!("{name}: {} bytes {:?}", p.png().len(), p);
    p.save(format!("/tmp/pics/{name}.png")).unwrap();
}
fn main() {
    let t = std::time::Instant::now();
    let v = vol([64, 64, 64], 1.5, LengthUnit::Micrometre, 120, 1, [1.0; 3]);
    println!("voronoi {:?}", t.elapsed());
    out("cube", v.cube("Equiaxed stand-in").picture().unwrap());
    let flat = vol(
        [96, 48, 30],
        1.0,
        LengthUnit::Voxel,
        120,
        2,
        [1.0, 1.0, 0.5],
    );
    out(
        "cube_flat",
        flat.cube("Rolled stand-in, 96 × 48 × 30")
            .picture()
            .unwrap(),
    );
    let names = [
        "equiaxed",
        "columnar",
        "twinned",
        "coarse beta",
        "rolled",
        "bimodal ferrite",
    ];
    let six: Vec<Cube> = names
        .iter()
        .enumerate()
        .map(|(i, n)| {
            vol(
                [40; 3],
                2.0,
                LengthUnit::Micrometre,
                30 + 10 * i,
                i as u64,
                [1.0, 1.0, 1.0 + i as f64 / 2.0],
            )
            .cube(n)
        })
        .collect();
    out("cubes", cubes(&six, 3).unwrap());
    // smooth field
    let sh = [64, 64, 64];
    let grid = Grid::with_spacing(sh, [1.5; 3], LengthUnit::Micrometre).unwrap();
    let data = Array4::from_shape_fn((3, 64, 64, 64), |(c, x, y, z)| {
        (0.5 * ((x as f64 / (5.0 + c as f64)).sin() * (y as f64 / 7.0).cos()
            + (z as f64 / 9.0 + c as f64).sin())
            / 1.5) as f32
    });
    let field = Field::new(grid, ["a", "b", "c"], data).unwrap();
    let rg = ColourVolume::rogsh(&field).unwrap();
    out(
        "cube_smooth",
        rg.cube("Random field (synthetic)").picture().unwrap(),
    );
    out(
        "slices_rgb",
        v.slices([32, 32, 32])
            .unwrap()
            .title("Orientation slices, ROGSH colours")
            .picture()
            .unwrap(),
    );
    out(
        "slices_flat",
        flat.slices([32, 32, 12]).unwrap().picture().unwrap(),
    );
    out(
        "slices_scalar",
        scalar_slices(
            field.channel(0).unwrap(),
            &grid,
            [32, 32, 32],
            ColourMap::Viridis,
            ColourRange::Data,
            "T₁",
        )
        .unwrap(),
    );
    let phase = Array3::from_shape_fn(sh, |(x, y, z)| ((x / 9 + y / 14 + z / 11) % 4) as u8);
    let ph = |n: &str| Phase {
        name: n.into(),
        laue_group: "m-3m".into(),
        lattice: None,
    };
    let m = Microstructure::new(
        "stand-in",
        Origin::Synthetic("x".into()),
        grid,
        Array4::zeros((3, 64, 64, 64)),
    )
    .unwrap()
    .with_phases(vec![ph("ferrite"), ph("austenite"), ph("cementite")], phase)
    .unwrap();
    out("phases", phase_slices(&m, [32, 32, 32]).unwrap());
    let corr = |a: f64, w: f64, k: f64| {
        Array3::from_shape_fn(sh, |(x, y, z)| {
            let r = [x as f64 - 32.0, y as f64 - 32.0, z as f64 - 32.0];
            let d = (r[0] * r[0] + 0.5 * r[1] * r[1] + r[2] * r[2]).sqrt();
            (a * (-d / w).exp() * (k * r[0]).cos()) as f32
        })
    };
    let one = TwoPointMaps::new(&grid)
        .title("Autocorrelation of the first ROGSH channel")
        .pair("f₀₀", corr(0.04, 8.0, 0.2).view())
        .unwrap();
    out("two_point", one.picture().unwrap());
    let mut all = TwoPointMaps::new(&grid).reach(30.0);
    let mut grid6 = TwoPointMaps::new(&grid)
        .only(Plane::Xy)
        .one_scale()
        .title("Six correlations, r₃ = 0");
    for (i, n) in ["f₀₀", "f₀₁", "f₀₂", "f₁₁", "f₁₂", "f₂₂"]
        .iter()
        .enumerate()
    {
        let c = corr(0.04 / (1.0 + i as f64), 8.0, 0.1 * i as f64);
        all = all.pair(n, c.view()).unwrap();
        grid6 = grid6.pair(n, c.view()).unwrap();
    }
    out("two_point_all", all.picture().unwrap());
    out("two_point_grid", grid6.picture().unwrap());
    let mut r = ChaCha8Rng::seed_from_u64(5);
    let normal = rand_distr::Normal::new(0.0, 1.0).unwrap();
    let syn = Array2::from_shape_fn((2000, 5), |(i, j)| {
        let a = normal.sample(&mut r);
        a * (5.0 - j as f64) + ((i % 5) as f64 - 2.0) * 6.0 * if j == (i % 3) { 1.0 } else { 0.2 }
    });
    let five = Array2::from_shape_fn((5, 5), |_| 8.0 * normal.sample(&mut r));
    let pcs = PcScatter::new(&[0.412, 0.203, 0.111, 0.06, 0.03])
        .group("synthetic", syn.view())
        .group("stand-ins", five.view());
    out(
        "pc2",
        pcs.clone().title("2-point statistics").picture().unwrap(),
    );
    out(
        "pc4",
        pcs.clone()
            .pairs(&[[0, 1], [0, 2], [1, 2], [3, 4]])
            .picture()
            .unwrap(),
    );
    out(
        "pc3",
        pcs.pairs(&[[0, 1], [0, 2], [3, 4]]).picture().unwrap(),
    );
    let ex = |p: f64, n: usize| -> Vec<f64> {
        let w: Vec<f64> = (1..=n).map(|k| (k as f64).powf(-p)).collect();
        let s: f64 = w.iter().sum();
        w.iter().map(|v| v / s).collect()
    };
    let ev = ExplainedVariance::new()
        .set("PolyMicros (synthetic)", &ex(1.0, 300))
        .set("MICRO2D", &ex(1.8, 300))
        .set("stand-ins", &ex(1.2, 5));
    out(
        "explained",
        ev.clone().title("Explained variance").picture().unwrap(),
    );
    out("explained_log", ev.log().picture().unwrap());
    let x: Vec<f64> = (0..400).map(|k| k as f64 * 0.05).collect();
    let noisy: Vec<f64> = x
        .iter()
        .map(|x| (-x / 4.0).exp() * 3e-5 * (1.0 + 0.3 * normal.sample(&mut r)))
        .collect();
    let sm: Vec<f64> = x.iter().map(|x| (-x / 4.0).exp() * 3e-5).collect();
    out(
        "lines",
        Chart::new("displacement / µm", "correlation")
            .title("A noisy curve")
            .line("noisy", &x, &noisy)
            .line("model", &x, &sm)
            .picture()
            .unwrap(),
    );
    out(
        "lines_log",
        Chart::new("step", "loss")
            .line("train", &x[1..], &sm[1..])
            .log_x()
            .log_y()
            .y_range(2e-6, 2e-5)
            .picture()
            .unwrap(),
    );
    let ln = rand_distr::LogNormal::new(2.0, 0.45).unwrap();
    let sizes: Vec<f64> = (0..800).map(|_| ln.sample(&mut r)).collect();
    out(
        "hist",
        Histogram::new("grain size / µm", &sizes)
            .lognormal_fit()
            .title("Grain sizes, equiaxed stand-in")
            .picture()
            .unwrap(),
    );
    out(
        "hist_log",
        Histogram::new("grain size / µm", &sizes)
            .log()
            .lognormal_fit()
            .picture()
            .unwrap(),
    );
    out(
        "bars",
        bar_chart(
            "Number of neighbours",
            "mean neighbours",
            &[
                "equiaxed",
                "columnar",
                "twinned Ni",
                "coarse beta",
                "rolled",
            ],
            &[13.9, 12.1, 14.6, 13.2, 11.0],
            1,
        )
        .unwrap(),
    );
    fn key(v: [f64; 3]) -> [u8; 3] {
        let [x, y, z] = v;
        let c = [z - x, (x - y) * 2f64.sqrt(), y * 3f64.sqrt()];
        let m = c[0].max(c[1]).max(c[2]);
        c.map(|c| (255.0 * (c / m).max(0.0).sqrt()) as u8)
    }
    out("ipf_key", ipf_key("m-3m", key).unwrap());
    let dirs: Vec<[f64; 3]> = (0..900)
        .map(|_| {
            [
                normal.sample(&mut r),
                normal.sample(&mut r),
                1.5 * normal.sample(&mut r),
            ]
        })
        .collect();
    out(
        "poles",
        PoleFigures::new()
            .axes("RD", "TD")
            .panel("{100}", &dirs)
            .panel("{110}", &dirs[..200])
            .panel("{111}", &dirs[..50])
            .picture()
            .unwrap(),
    );
    out(
        "ipf",
        PoleFigures::inverse()
            .panel("x", &dirs)
            .panel("y", &dirs[..200])
            .panel("z", &dirs[..50])
            .picture()
            .unwrap(),
    );
    println!("all {:?}", t.elapsed());
}
