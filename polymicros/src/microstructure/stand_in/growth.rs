//! Curvature-driven grain growth by threshold dynamics.
//!
//! The scheme is that of Merriman, Bence and Osher, in its form for many phases: the indicator of
//! each grain diffuses for a short time, and each voxel goes to the grain whose diffused indicator
//! is largest there. Boundaries then move towards their centres of curvature with the velocity
//! `1/R1 + 1/R2` (mobility and energy are one), and three boundaries meet at 120 degrees.
//! Diffusion for a time `dt` is a Gaussian of standard deviation `sigma = sqrt(2 dt)`.
//!
//! With nothing but a grain number for each voxel, a boundary that should move by less than half
//! a voxel in a step stays where it is, for ever. So a voxel keeps its two foremost grains and
//! the first one's share of its volume: across a flat boundary the difference of two diffused
//! indicators is `erf(d / sigma sqrt(2))`, which gives the distance `d` to the boundary.

use super::diffusion::{Axis, Segment, Tile, diffuse};
use rayon::prelude::*;

/// The smallest periodic box around a grain, from `lo` over `len` voxels on each axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct GrainBox {
    pub lo: [usize; 3],
    pub len: [usize; 3],
    /// Voxels in the grain; a grain of none has vanished.
    pub voxels: usize,
}

/// Grains in a periodic box of cubic voxels, and for how long they have grown.
#[derive(Debug, Clone)]
pub(super) struct Growth {
    pub shape: [usize; 3],
    /// The foremost grain of each voxel, from 0, in axis order `x, y, z`.
    pub labels: Vec<u32>,
    /// The second one, and the first one's share of the voxel, from 1/2 to 1.
    seconds: Vec<u32>,
    shares: Vec<f32>,
    pub boxes: Vec<GrainBox>,
    /// Voxels squared over mobility times energy.
    pub time: f64,
}

/// Tiles worked out at once: enough for all threads, few enough to stay small in memory.
const BATCH: usize = 256;
/// Planes of constant x that one thread compares at once.
const SLAB: usize = 8;

impl Growth {
    /// Grains as `labels` has them, numbered `0 .. grains`.
    pub fn new(shape: [usize; 3], labels: Vec<u32>, grains: usize) -> Self {
        let shares = vec![1.0; labels.len()];
        Growth {
            shape,
            boxes: boxes(shape, &labels, &labels, grains),
            seconds: labels.clone(),
            labels,
            shares,
            time: 0.0,
        }
    }

    /// The grains that are left.
    pub fn alive(&self) -> usize {
        self.boxes.iter().filter(|b| b.voxels > 0).count()
    }

    /// Edge of a cube with a grain's mean volume.
    pub fn mean_edge(&self) -> f64 {
        (self.labels.len() as f64 / self.alive().max(1) as f64).cbrt()
    }

    /// Grows for the time `sigma^2 / 2`.
    pub fn step(&mut self, sigma: f64) {
        let ranks = self.diffused(self.shape.map(|n| Axis::step(n, sigma)));
        // The slope of erf(d / sigma sqrt(2)) at the boundary.
        let distance = (0.5 * sigma * std::f64::consts::TAU.sqrt()) as f32;
        self.labels.clear();
        self.seconds.clear();
        self.shares.clear();
        for rank in &ranks {
            let share = (0.5 + distance * (rank.value[0] - rank.value[1])).min(1.0);
            let second = if share < 1.0 { 1 } else { 0 };
            self.labels.push(rank.grain[0]);
            self.seconds.push(rank.grain[second]);
            self.shares.push(share);
        }
        self.boxes = boxes(self.shape, &self.labels, &self.seconds, self.boxes.len());
        self.time += 0.5 * sigma * sigma;
    }

    /// Grows until at most `grains` are left. A step's `sigma` follows the grains' size: much
    /// smaller takes longer for nothing; much larger, and diffusion reaches across a grain. The
    /// last steps are short, since a long one kills every grain below about its `sigma`.
    pub fn until(&mut self, grains: usize) {
        let mut patience = 1.0;
        while self.alive() > grains.max(1) {
            let before = self.alive();
            let far = before as f64 > 1.3 * grains as f64;
            let width = if far { LONG_STEP } else { SHORT_STEP };
            self.step(patience * (width * self.mean_edge()).max(LEAST_STEP));
            // Few grains may have come to rest, as flat ones that span the box do.
            patience = if self.alive() < before {
                1.0
            } else {
                1.1 * patience
            };
        }
    }

    /// The grain with the largest diffused indicator at each output of the three axes.
    pub fn threshold(&self, axes: [Axis; 3]) -> Vec<u32> {
        self.diffused(axes)
            .iter()
            .map(|rank| rank.grain[0])
            .collect()
    }

    fn diffused(&self, axes: [Axis; 3]) -> Vec<Rank> {
        let shape = axes.map(|axis| axis.outputs);
        let plane = shape[1] * shape[2];
        let mut ranks = vec![Rank::default(); shape[0] * plane];
        let grains: Vec<u32> = (0..self.boxes.len() as u32)
            .filter(|&grain| self.boxes[grain as usize].voxels > 0)
            .collect();
        for batch in grains.chunks(BATCH) {
            let tiles: Vec<Vec<Tile>> = batch
                .par_iter()
                .map(|&grain| self.tiles(grain, &axes))
                .collect();
            // Slab by slab, and in each the grains in order: the result is the same on any number
            // of threads.
            ranks
                .par_chunks_mut(SLAB * plane)
                .enumerate()
                .for_each(|(slab, ranks)| {
                    for tile in tiles.iter().flatten() {
                        compare(tile, shape, slab * SLAB, ranks);
                    }
                });
        }
        ranks
    }

    fn tiles(&self, grain: u32, axes: &[Axis; 3]) -> Vec<Tile> {
        let GrainBox { lo, len, .. } = self.boxes[grain as usize];
        let segments: [Vec<Segment>; 3] = std::array::from_fn(|a| axes[a].segments(lo[a], len[a]));
        if segments.iter().any(Vec::is_empty) {
            return Vec::new();
        }
        let [nx, ny, nz] = self.shape;
        let mut inside = Vec::with_capacity(len.iter().product());
        for x in 0..len[0] {
            for y in 0..len[1] {
                let row = ((lo[0] + x) % nx * ny + (lo[1] + y) % ny) * nz;
                for z in 0..len[2] {
                    let z = if lo[2] + z < nz {
                        lo[2] + z
                    } else {
                        lo[2] + z - nz
                    };
                    let share = self.shares[row + z];
                    inside.push(if self.labels[row + z] == grain {
                        share
                    } else if self.seconds[row + z] == grain {
                        1.0 - share
                    } else {
                        0.0
                    });
                }
            }
        }
        let mut tiles = Vec::with_capacity(1);
        for x in &segments[0] {
            for y in &segments[1] {
                for z in &segments[2] {
                    tiles.push(diffuse(grain, &inside, len, [x, y, z]));
                }
            }
        }
        tiles
    }
}

/// Step width over the edge of a mean grain's cube, and its least value in voxels.
const LONG_STEP: f64 = 0.28;
const SHORT_STEP: f64 = 0.15;
const LEAST_STEP: f64 = 1.0;

/// The two grains with the largest diffused indicators at one output.
#[derive(Debug, Clone, Copy, Default)]
struct Rank {
    value: [f32; 2],
    grain: [u32; 2],
}

/// Ranks one tile's grain among those seen so far, on the outputs of one slab.
fn compare(tile: &Tile, shape: [usize; 3], from: usize, ranks: &mut [Rank]) {
    let [nx, ny, nz] = shape;
    let planes = ranks.len() / (ny * nz);
    let [ox, oy, oz] = tile.len;
    let straight = oz.min(nz - tile.first[2]);
    for x in 0..ox {
        let at = (tile.first[0] + x) % nx;
        if at < from || at >= from + planes {
            continue;
        }
        for y in 0..oy {
            let row = ((at - from) * ny + (tile.first[1] + y) % ny) * nz;
            let values = &tile.values[(x * oy + y) * oz..][..oz];
            let mut rank = |start: usize, values: &[f32]| {
                for (rank, &value) in ranks[start..].iter_mut().zip(values) {
                    if value > rank.value[0] {
                        rank.value = [value, rank.value[0]];
                        rank.grain = [tile.grain, rank.grain[0]];
                    } else if value > rank.value[1] {
                        rank.value[1] = value;
                        rank.grain[1] = tile.grain;
                    }
                }
            };
            rank(row + tile.first[2], &values[..straight]);
            rank(row, &values[straight..]);
        }
    }
}

/// The box of each grain: on each axis the whole period without its longest empty stretch.
fn boxes(shape: [usize; 3], labels: &[u32], seconds: &[u32], grains: usize) -> Vec<GrainBox> {
    let [nx, ny, nz] = shape;
    let width = nx + ny + nz;
    let mut occupied = vec![false; grains * width];
    let mut voxels = vec![0usize; grains];
    let mut mark = |row: usize, z: usize, run: &[u32]| {
        let grain = run[0] as usize;
        let marks = &mut occupied[grain * width..(grain + 1) * width];
        marks[row / ny] = true;
        marks[nx + row % ny] = true;
        marks[nx + ny + z..nx + ny + z + run.len()].fill(true);
    };
    for (row, (labels, seconds)) in labels
        .chunks_exact(nz)
        .zip(seconds.chunks_exact(nz))
        .enumerate()
    {
        let mut z = 0;
        for run in labels.chunk_by(|a, b| a == b) {
            voxels[run[0] as usize] += run.len();
            mark(row, z, run);
            z += run.len();
        }
        let mut z = 0;
        for run in seconds.chunk_by(|a, b| a == b) {
            mark(row, z, run);
            z += run.len();
        }
    }
    (0..grains)
        .map(|grain| {
            let marks = &occupied[grain * width..(grain + 1) * width];
            let axes = [
                stretch(&marks[..nx]),
                stretch(&marks[nx..nx + ny]),
                stretch(&marks[nx + ny..]),
            ];
            GrainBox {
                lo: axes.map(|(lo, _)| lo),
                len: axes.map(|(_, len)| len),
                voxels: voxels[grain],
            }
        })
        .collect()
}

/// Start and length of the shortest periodic range that holds all marks.
fn stretch(marks: &[bool]) -> (usize, usize) {
    let n = marks.len();
    let Some(last) = marks.iter().rposition(|m| *m) else {
        return (0, 0);
    };
    // Runs of unmarked voxels, each known by the mark that ends it; the first one wraps around.
    let (mut gap, mut lo, mut previous) = (0, 0, last as i64 - n as i64);
    for (at, _) in marks.iter().enumerate().filter(|(_, m)| **m) {
        let empty = (at as i64 - previous - 1) as usize;
        if empty > gap {
            (gap, lo) = (empty, at);
        }
        previous = at as i64;
    }
    (lo, n - gap)
}
