use polymicros::statistics::*;
use std::time::Instant;
fn main() -> polymicros::Result<()> {
    let fft = RealFft::<f32>::new([128; 3])?;
    let n = fft.voxels();
    let real: Vec<f32> = (0..n)
        .map(|i| ((i * 7919) % 1000) as f32 / 1000.0)
        .collect();
    let mut back = vec![0f32; n];
    let mut s = fft.spectrum();
    let (mut f, mut b) = (vec![], vec![]);
    for _ in 0..20 {
        let t = Instant::now();
        fft.forward(&real, &mut s)?;
        f.push(t.elapsed());
        let t = Instant::now();
        fft.inverse(&mut s, &mut back)?;
        b.push(t.elapsed());
    }
    f.sort();
    b.sort();
    println!(
        "forward {:?} {:?} inverse {:?} {:?}",
        f[0], f[10], b[0], b[10]
    );
    Ok(())
}
