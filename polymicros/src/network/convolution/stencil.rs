//! Which neighbours a convolution after upsampling multiplies by which weights.
//!
//! A 3 x 3 x 3 convolution after nearest upsampling by two is eight matrix products for each voxel
//! of the coarse grid, one for each voxel of a pair along each axis: of three neighbours along an
//! axis two are copies of the same voxel, so that 2 x 2 x 2 sums of weights on the coarse grid do
//! the work of 3 x 3 x 3 on the fine one.

/// One of the products.
#[derive(Debug, Clone, Copy)]
pub(super) struct Phase {
    /// First neighbour along each axis, on the padded grid.
    pub offset: [usize; 3],
    /// Which output voxel of each input voxel it makes.
    pub output: [usize; 3],
}

/// The shape of a convolution.
#[derive(Debug, Clone)]
pub(super) struct Stencil {
    /// Neighbours along each axis.
    pub width: usize,
    /// Output voxels for each input voxel along each axis.
    pub scale: usize,
    pub phases: Vec<Phase>,
}

impl Stencil {
    /// A 3 x 3 x 3 convolution after nearest upsampling by two.
    pub fn upsampled_cube() -> Self {
        let phases = (0..8).map(|i| {
            let place = [i >> 2, (i >> 1) & 1, i & 1];
            Phase {
                offset: place,
                output: place,
            }
        });
        Stencil {
            width: 2,
            scale: 2,
            phases: phases.collect(),
        }
    }

    /// Neighbours of a voxel in one phase.
    pub fn taps(&self) -> usize {
        self.width.pow(3)
    }

    /// Which neighbour of `phase` the weight at `tap` of `0..3` along `axis` multiplies.
    fn neighbour(&self, phase: &Phase, tap: usize, axis: usize) -> usize {
        // On the padded fine grid the tap is at `output + tap`, one voxel after the padding.
        (phase.output[axis] + tap).div_ceil(self.scale) - phase.offset[axis]
    }

    /// Index of the neighbour that the weight `tap` of `0..27` multiplies.
    pub fn collapse(&self, phase: &Phase, tap: usize) -> usize {
        [tap / 9, tap / 3 % 3, tap % 3]
            .into_iter()
            .enumerate()
            .fold(0, |index, (axis, tap)| {
                index * self.width + self.neighbour(phase, tap, axis)
            })
    }
}
