use polymicros::statistics::*;
use std::time::Instant;
fn main() -> polymicros::Result<()> {
    let (n, f) = (200, 64 * 64 * 64 * 3);
    let rows = ndarray::Array2::from_shape_fn((n, f), |(i, j)| {
        ((i * 7919 + j * (31 + i * i)) % 1009) as f32 / 1000.0 + (j % 13) as f32
    });
    let v = Vectors::from_rows(rows)?;
    for _ in 0..5 {
        let t = Instant::now();
        let mut p = Pca::fit(&v)?;
        let a = t.elapsed();
        p.compute_components(&v, 10)?;
        println!(
            "fit {a:?} with 10 components {:?}, rank {} last {:e}",
            t.elapsed(),
            p.rank(),
            p.explained_variance()[p.rank() - 1] / p.explained_variance()[0]
        );
    }
    Ok(())
}
