//! Forward and backward passes on a GPU: matrix products and softmaxes, of slabs of voxels. As in
//! the CPU's kernel, `q`, `k` and `v` are made when they are needed and never kept.

mod backward;
#[cfg(feature = "cuda")]
mod tape;
#[cfg(test)]
mod tests;

use super::{FEATURES, HEADS, HIDDEN, Sizes};
use crate::network::cuda::queue::{Argument, Matrix, Product, Queue, Shape, Source, Sum};
use crate::network::cuda::sums::{self, Columns};

/// `kernels.cu`.
pub(in crate::network) const SOURCE: Source = Source {
    name: "attention",
    text: include_str!("kernels.cu"),
    kernels: &[
        "largest",
        "raise_sums",
        "exponentials",
        "means",
        "softmax_heads",
        "through_softmax_heads",
        "levels",
        "through_softmax_voxels",
    ],
};

/// Where `k` starts from: nothing that is finite is smaller.
const LEAST: f32 = f32::MIN;

/// Weights of an attention, and the voxels that it is made of.
pub(super) struct Inputs<'a, M> {
    pub x: &'a M,
    pub qkv: &'a M,
    pub out: &'a M,
    pub bias: &'a M,
}

/// What the softmax over voxels came to, for one member of the batch.
pub(super) struct Context<M> {
    /// The largest `k` of each feature.
    most: M,
    /// One over the sum of `exp(k - most)`.
    rate: M,
    /// For each feature of `k` and each of `v` in a head, the mean of `v`.
    means: M,
}

/// Gradients to be added to.
pub(super) struct Slots<M> {
    pub x: M,
    pub qkv: M,
    pub out: M,
    pub bias: M,
}

/// An attention, as work for a GPU's queue.
pub(super) struct Queued<'a, Q> {
    pub queue: &'a Q,
    pub sizes: &'a Sizes,
    /// Voxels of a slab, at most.
    pub slab: usize,
}

/// Some voxels of a member of the batch.
#[derive(Clone, Copy)]
struct Rows {
    /// The first number of `x`.
    first: usize,
    count: usize,
}

/// A thread for each feature, a block for each row.
fn rows(count: usize) -> Shape {
    Shape {
        blocks: [count, 1, 1],
        threads: HIDDEN,
    }
}

fn scale() -> f32 {
    (FEATURES as f32).powf(-0.5)
}

impl<Q: Queue> Queued<'_, Q> {
    fn slabs(&self, member: usize) -> impl Iterator<Item = Rows> + use<'_, Q> {
        let Sizes {
            voxels, channels, ..
        } = *self.sizes;
        (0..voxels).step_by(self.slab).map(move |first| Rows {
            first: (member * voxels + first) * channels,
            count: self.slab.min(voxels - first),
        })
    }

    /// Room for `width` features of a slab.
    fn room(&self, width: usize) -> Result<Q::Memory, Q::Error> {
        self.queue.zeros(self.slab.min(self.sizes.voxels) * width)
    }

    /// `to = x · weights`, of the features from `first` on.
    fn features(
        &self,
        at: &Inputs<Q::Memory>,
        here: Rows,
        [first, count]: [usize; 2],
        to: &mut Q::Memory,
    ) -> Result<(), Q::Error> {
        let channels = self.sizes.channels;
        self.queue.multiply(Product {
            size: [here.count, channels, count],
            products: 1,
            left: Matrix::new(at.x, channels).at(here.first),
            right: Matrix::new(at.qkv, channels)
                .at(first * channels)
                .transposed(),
            sum: Sum::written(to, count),
        })
    }

    fn softmax_heads(&self, q: &mut Q::Memory, here: Rows) -> Result<(), Q::Error> {
        self.queue.launch(
            &SOURCE,
            "softmax_heads",
            rows(here.count),
            &mut [Argument::Out(q, 0), Argument::Number(scale())],
        )
    }

    fn exponentials(
        &self,
        kv: &mut Q::Memory,
        most: &Q::Memory,
        rate: Option<&Q::Memory>,
        here: Rows,
    ) -> Result<(), Q::Error> {
        self.queue.launch(
            &SOURCE,
            "exponentials",
            rows(here.count),
            &mut [
                Argument::Out(kv, 0),
                Argument::In(most, 0),
                Argument::In(rate.unwrap_or(most), 0),
                Argument::Count(usize::from(rate.is_some())),
            ],
        )
    }

    /// The softmax over all voxels of a member.
    fn context(
        &self,
        at: &Inputs<Q::Memory>,
        member: usize,
    ) -> Result<Context<Q::Memory>, Q::Error> {
        let queue = self.queue;
        let mut most = queue.zeros(HIDDEN)?;
        sums::fill(queue, &mut most, HIDDEN, LEAST)?;
        let (mut sum, mut rate) = (queue.zeros(HIDDEN)?, queue.zeros(HIDDEN)?);
        let mut means = queue.zeros(HIDDEN * FEATURES)?;
        let mut kv = self.room(2 * HIDDEN)?;
        for here in self.slabs(member) {
            self.features(at, here, [HIDDEN, 2 * HIDDEN], &mut kv)?;
            let depth = sums::depth(here.count);
            let blocks = here.count.div_ceil(depth);
            let mut partial = queue.zeros(blocks * HIDDEN)?;
            queue.launch(
                &SOURCE,
                "largest",
                rows(blocks),
                &mut [
                    Argument::In(&kv, 0),
                    Argument::Out(&mut partial, 0),
                    Argument::Count(here.count),
                    Argument::Count(depth),
                ],
            )?;
            queue.launch(
                &SOURCE,
                "raise_sums",
                rows(1),
                &mut [
                    Argument::In(&partial, 0),
                    Argument::Out(&mut most, 0),
                    Argument::Out(&mut sum, 0),
                    Argument::Out(&mut means, 0),
                    Argument::Count(blocks),
                ],
            )?;
            self.exponentials(&mut kv, &most, None, here)?;
            let columns = Columns {
                memory: &kv,
                first: 0,
                rows: here.count,
                columns: HIDDEN,
                stride: 2 * HIDDEN,
            };
            sums::add_column_sums(queue, &columns, &mut sum)?;
            queue.multiply(Product {
                size: [FEATURES, here.count, FEATURES],
                products: HEADS,
                left: Matrix::new(&kv, 2 * HIDDEN).transposed().every(FEATURES),
                right: Matrix::new(&kv, 2 * HIDDEN).at(HIDDEN).every(FEATURES),
                sum: Sum::added(&mut means, FEATURES).every(FEATURES * FEATURES),
            })?;
        }
        queue.launch(
            &SOURCE,
            "means",
            rows(1),
            &mut [
                Argument::In(&sum, 0),
                Argument::Out(&mut rate, 0),
                Argument::Out(&mut means, 0),
            ],
        )?;
        Ok(Context { most, rate, means })
    }

    /// What `q` is multiplied by: the means, and the weights of the result.
    fn result_matrix(
        &self,
        at: &Inputs<Q::Memory>,
        context: &Context<Q::Memory>,
    ) -> Result<Q::Memory, Q::Error> {
        let channels = self.sizes.channels;
        let mut matrix = self.queue.zeros(HIDDEN * channels)?;
        self.queue.multiply(Product {
            size: [FEATURES, FEATURES, channels],
            products: HEADS,
            left: Matrix::new(&context.means, FEATURES).every(FEATURES * FEATURES),
            right: Matrix::new(at.out, HIDDEN).transposed().every(FEATURES),
            sum: Sum::written(&mut matrix, channels).every(FEATURES * channels),
        })?;
        Ok(matrix)
    }

    /// Writes `y`, which has room for all of `x`.
    pub fn forward(
        &self,
        at: &Inputs<Q::Memory>,
        y: &mut Q::Memory,
    ) -> Result<Vec<Context<Q::Memory>>, Q::Error> {
        let channels = self.sizes.channels;
        let mut contexts = Vec::with_capacity(self.sizes.batch);
        for member in 0..self.sizes.batch {
            let context = self.context(at, member)?;
            let matrix = self.result_matrix(at, &context)?;
            let mut q = self.room(HIDDEN)?;
            for here in self.slabs(member) {
                self.features(at, here, [0, HIDDEN], &mut q)?;
                self.softmax_heads(&mut q, here)?;
                sums::fill_rows(self.queue, at.bias, y, here.first, [here.count, channels])?;
                self.queue.multiply(Product {
                    size: [here.count, HIDDEN, channels],
                    products: 1,
                    left: Matrix::new(&q, HIDDEN),
                    right: Matrix::new(&matrix, channels),
                    sum: Sum::added(y, channels).at(here.first),
                })?;
            }
            contexts.push(context);
        }
        Ok(contexts)
    }
}
