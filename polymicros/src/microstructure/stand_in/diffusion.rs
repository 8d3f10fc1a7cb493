//! Diffusing the indicator of one grain: a separable Gaussian in a periodic box.
//!
//! The input grid is periodic. The output points are a second, regular set of points on the same
//! line: the input points themselves (a step of growth), or finer, coarser and shifted ones (the
//! final rendering of the grains on the voxels that were asked for).

/// One axis: periodic input points, regular output points, and the Gaussian between them.
///
/// Lengths are in input voxels. Output point `o` sits at `(o + 1/2) scale - 1/2 + offset`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub period: usize,
    pub outputs: usize,
    pub scale: f64,
    pub offset: f64,
    /// Whether the outputs cover the period exactly once, so that they are periodic as well.
    pub wraps: bool,
    /// Standard deviation of the Gaussian.
    pub sigma: f64,
}

/// The outputs that one image of a grain reaches, and the weights that take it there.
#[derive(Debug)]
pub(super) struct Segment {
    /// The first output; the following ones wrap around where the axis does.
    pub first: usize,
    pub len: usize,
    /// `weights[input * len + output]`, the input counted from the grain's box.
    weights: Vec<f32>,
    /// For each input the outputs it reaches, as a range.
    band: Vec<(usize, usize)>,
}

/// A grain's diffused share on a box of outputs.
#[derive(Debug)]
pub(super) struct Tile {
    pub grain: u32,
    pub first: [usize; 3],
    pub len: [usize; 3],
    pub values: Vec<f32>,
}

impl Axis {
    /// A step of growth: the outputs are the inputs.
    pub fn step(period: usize, sigma: f64) -> Self {
        Axis {
            period,
            outputs: period,
            scale: 1.0,
            offset: 0.0,
            wraps: true,
            sigma,
        }
    }

    /// Where output `o` sits, in input voxels.
    pub fn position(&self, o: f64) -> f64 {
        (o + 0.5) * self.scale - 0.5 + self.offset
    }

    /// Beyond this distance the Gaussian counts as zero.
    fn reach(&self) -> f64 {
        3.0 * self.sigma
    }

    /// How far outside its present box a grain is allowed to win voxels. At 1.2 sigma from a flat
    /// boundary its value is 0.12, less than what the best of four grains has where they meet.
    fn margin(&self) -> f64 {
        1.2 * self.sigma + 1.0
    }

    /// The outputs around a grain that occupies the inputs `lo .. lo + len`, with `lo` in the
    /// period; one segment for each image of the grain that reaches an output.
    pub fn segments(&self, lo: usize, len: usize) -> Vec<Segment> {
        let period = self.period as f64;
        if len as f64 + 2.0 * self.reach() >= period {
            // Images of the grain overlap, so that their contributions add up.
            let images = (self.reach() / period).ceil() as i64 + 1;
            return vec![self.segment(lo, len, 0, self.outputs as i64, images)];
        }
        let range = |shift: f64| {
            let from = lo as f64 + shift - self.margin();
            let to = (lo + len) as f64 - 1.0 + shift + self.margin();
            let output = |u: f64| (u + 0.5 - self.offset) / self.scale - 0.5;
            (output(from).ceil() as i64, output(to).floor() as i64 + 1)
        };
        if self.wraps {
            let (from, to) = range(0.0);
            return vec![self.segment(lo, len, from, to, 0)];
        }
        [-1i64, 0, 1]
            .into_iter()
            .filter_map(|image| {
                let (from, to) = range(image as f64 * period);
                let (from, to) = (from.max(0), to.min(self.outputs as i64));
                let shifted = Axis {
                    offset: self.offset - image as f64 * period,
                    ..*self
                };
                (from < to).then(|| shifted.segment(lo, len, from, to, 0))
            })
            .collect()
    }

    fn segment(&self, lo: usize, len: usize, from: i64, to: i64, images: i64) -> Segment {
        let outputs = (to - from) as usize;
        let mut weights = vec![0.0; len * outputs];
        let mut band = Vec::with_capacity(len);
        let factor = -0.5 / (self.sigma * self.sigma);
        let height = 1.0 / (self.sigma * std::f64::consts::TAU.sqrt());
        let reach = self.reach();
        for (input, row) in weights.chunks_exact_mut(outputs).enumerate() {
            let (mut first, mut last) = (outputs, 0);
            for (output, weight) in row.iter_mut().enumerate() {
                let distance = self.position((from + output as i64) as f64) - (lo + input) as f64;
                let sum: f64 = (-images..=images)
                    .map(|image| distance - (image * self.period as i64) as f64)
                    .filter(|d| d.abs() <= reach)
                    .map(|d| height * (factor * d * d).exp())
                    .sum();
                if sum > 0.0 {
                    *weight = sum as f32;
                    first = first.min(output);
                    last = output + 1;
                }
            }
            band.push((first.min(last), last));
        }
        Segment {
            first: from.rem_euclid(self.outputs as i64) as usize,
            len: outputs,
            weights,
            band,
        }
    }
}

impl Segment {
    fn row(&self, input: usize) -> (usize, &[f32]) {
        let (first, last) = self.band[input];
        (
            first,
            &self.weights[input * self.len + first..input * self.len + last],
        )
    }
}

/// Diffuses the grain's share `inside` of each voxel (`x, y, z` from the grain's box, of shape
/// `len`) to the outputs of one segment for each axis.
pub(super) fn diffuse(grain: u32, inside: &[f32], len: [usize; 3], to: [&Segment; 3]) -> Tile {
    let [lx, ly, lz] = len;
    let [ox, oy, oz] = to.map(|segment| segment.len);
    let add = |target: &mut [f32], source: &[f32], weight: f32| {
        for (t, s) in target.iter_mut().zip(source) {
            *t += weight * s;
        }
    };

    let mut along_z = vec![0.0f32; lx * ly * oz];
    for (row, inside) in along_z.chunks_exact_mut(oz).zip(inside.chunks_exact(lz)) {
        for (z, &share) in inside.iter().enumerate().filter(|(_, s)| **s > 0.0) {
            let (first, weights) = to[2].row(z);
            add(&mut row[first..first + weights.len()], weights, share);
        }
    }
    let mut along_y = vec![0.0f32; lx * oy * oz];
    for (plane, source) in along_y
        .chunks_exact_mut(oy * oz)
        .zip(along_z.chunks_exact(ly * oz))
    {
        for (y, source) in source.chunks_exact(oz).enumerate() {
            let (first, weights) = to[1].row(y);
            for (target, &weight) in plane[first * oz..].chunks_exact_mut(oz).zip(weights) {
                add(target, source, weight);
            }
        }
    }
    let mut values = vec![0.0f32; ox * oy * oz];
    for (x, source) in along_y.chunks_exact(oy * oz).enumerate() {
        let (first, weights) = to[0].row(x);
        for (target, &weight) in values[first * oy * oz..]
            .chunks_exact_mut(oy * oz)
            .zip(weights)
        {
            add(target, source, weight);
        }
    }
    Tile {
        grain,
        first: to.map(|segment| segment.first),
        len: [ox, oy, oz],
        values,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum over all inputs and all their images, without boxes, bands or separation.
    fn by_brute_force(axes: [Axis; 3], inside: &[f32], output: [usize; 3]) -> f64 {
        let one = |axis: &Axis, o: usize, i: usize| -> f64 {
            (-40i64..=40)
                .map(|k| axis.position(o as f64) - i as f64 - (k * axis.period as i64) as f64)
                .filter(|d| d.abs() <= 3.0 * axis.sigma)
                .map(|d| (-0.5 * d * d / (axis.sigma * axis.sigma)).exp())
                .sum::<f64>()
                / (axis.sigma * std::f64::consts::TAU.sqrt())
        };
        let [nx, ny, nz] = axes.map(|axis| axis.period);
        let mut sum = 0.0;
        for x in 0..nx {
            for y in 0..ny {
                for z in 0..nz {
                    sum += f64::from(inside[(x * ny + y) * nz + z])
                        * one(&axes[0], output[0], x)
                        * one(&axes[1], output[1], y)
                        * one(&axes[2], output[2], z);
                }
            }
        }
        sum
    }

    fn check(axes: [Axis; 3], lo: [usize; 3], len: [usize; 3]) {
        let [nx, ny, nz] = axes.map(|axis| axis.period);
        let mut whole = vec![0.0; nx * ny * nz];
        let mut inside = Vec::new();
        for x in 0..len[0] {
            for y in 0..len[1] {
                for z in 0..len[2] {
                    let set = ((x * 7 + y * 3 + z * 5) % 4) as f32 / 3.0;
                    inside.push(set);
                    let at = [(lo[0] + x) % nx, (lo[1] + y) % ny, (lo[2] + z) % nz];
                    whole[(at[0] * ny + at[1]) * nz + at[2]] = set;
                }
            }
        }
        let segments: Vec<Vec<Segment>> = (0..3).map(|a| axes[a].segments(lo[a], len[a])).collect();
        let mut seen = 0;
        for sx in &segments[0] {
            for sy in &segments[1] {
                for sz in &segments[2] {
                    let tile = diffuse(1, &inside, len, [sx, sy, sz]);
                    for (k, &value) in tile.values.iter().enumerate() {
                        let [_, oy, oz] = tile.len;
                        let at = [k / (oy * oz), k / oz % oy, k % oz];
                        let output =
                            std::array::from_fn(|a| (tile.first[a] + at[a]) % axes[a].outputs);
                        let expected = by_brute_force(axes, &whole, output);
                        assert!(
                            (f64::from(value) - expected).abs() < 1e-5 * (1.0 + expected),
                            "{output:?}: {value} for {expected}"
                        );
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 0);
    }

    #[test]
    fn a_step_equals_the_direct_sum_over_periodic_images() {
        let step = |n| Axis::step(n, 0.9);
        check([step(16), step(15), step(14)], [12, 3, 10], [5, 3, 6]);
        // Images that overlap: a grain across the whole box, and a box of one voxel.
        check([step(5), step(1), step(9)], [2, 0, 4], [5, 1, 6]);
    }

    #[test]
    fn a_rendering_equals_the_direct_sum_over_periodic_images() {
        let axis = |period, outputs, scale, offset, wraps| Axis {
            period,
            outputs,
            scale,
            offset,
            wraps,
            sigma: 0.8,
        };
        let finer = axis(14, 20, 0.7, 0.0, true);
        let cut = axis(16, 9, 1.4, 1.7, false);
        check([finer, cut, cut], [11, 13, 2], [4, 5, 5]);
        check(
            [cut, finer, axis(6, 7, 0.5, 0.4, false)],
            [0, 1, 3],
            [4, 5, 5],
        );
    }
}
