//! The backward pass on a GPU.

use super::{Context, Inputs, Queued, Rows, SOURCE, Slots, rows, scale};
use crate::network::attention::{FEATURES, HEADS, HIDDEN};
use crate::network::cuda::queue::{Argument, Matrix, Product, Queue, Sum};
use crate::network::cuda::sums::{self, Columns};

impl<Q: Queue> Queued<'_, Q> {
    /// Adds to the gradients.
    pub fn backward(
        &self,
        at: &Inputs<Q::Memory>,
        contexts: &[Context<Q::Memory>],
        gradient: &Q::Memory,
        slots: &mut Slots<Q::Memory>,
    ) -> Result<(), Q::Error> {
        let channels = self.sizes.channels;
        let columns = Columns {
            memory: gradient,
            first: 0,
            rows: self.sizes.batch * self.sizes.voxels,
            columns: channels,
            stride: channels,
        };
        sums::add_column_sums(self.queue, &columns, &mut slots.bias)?;
        for (member, context) in contexts.iter().enumerate() {
            let by_matrix = self.through_q(at, context, member, gradient, slots)?;
            // The matrix is a product of means and weights.
            self.queue.multiply(Product {
                size: [channels, FEATURES, FEATURES],
                products: HEADS,
                left: Matrix::new(&by_matrix, channels)
                    .transposed()
                    .every(FEATURES * channels),
                right: Matrix::new(&context.means, FEATURES).every(FEATURES * FEATURES),
                sum: Sum::added(&mut slots.out, HIDDEN).every(FEATURES),
            })?;
            let mut by_means = self.queue.zeros(HIDDEN * FEATURES)?;
            self.queue.multiply(Product {
                size: [FEATURES, channels, FEATURES],
                products: HEADS,
                left: Matrix::new(&by_matrix, channels).every(FEATURES * channels),
                right: Matrix::new(at.out, HIDDEN).every(FEATURES),
                sum: Sum::written(&mut by_means, FEATURES).every(FEATURES * FEATURES),
            })?;
            self.through_kv(at, context, member, &by_means, slots)?;
        }
        Ok(())
    }

    /// Adds what features from `first` on, of gradient `from`, say of their weights and of `x`.
    fn add_features(
        &self,
        at: &Inputs<Q::Memory>,
        here: Rows,
        [first, count]: [usize; 2],
        from: &Q::Memory,
        slots: &mut Slots<Q::Memory>,
    ) -> Result<(), Q::Error> {
        let channels = self.sizes.channels;
        self.queue.multiply(Product {
            size: [count, here.count, channels],
            products: 1,
            left: Matrix::new(from, count).transposed(),
            right: Matrix::new(at.x, channels).at(here.first),
            sum: Sum::added(&mut slots.qkv, channels).at(first * channels),
        })?;
        self.queue.multiply(Product {
            size: [here.count, count, channels],
            products: 1,
            left: Matrix::new(from, count),
            right: Matrix::new(at.qkv, channels).at(first * channels),
            sum: Sum::added(&mut slots.x, channels).at(here.first),
        })
    }

    /// The gradient of the matrix that follows `q`; those of `q` go on to its weights and to `x`.
    fn through_q(
        &self,
        at: &Inputs<Q::Memory>,
        context: &Context<Q::Memory>,
        member: usize,
        gradient: &Q::Memory,
        slots: &mut Slots<Q::Memory>,
    ) -> Result<Q::Memory, Q::Error> {
        let channels = self.sizes.channels;
        let matrix = self.result_matrix(at, context)?;
        let mut by_matrix = self.queue.zeros(HIDDEN * channels)?;
        let (mut q, mut by_q) = (self.room(HIDDEN)?, self.room(HIDDEN)?);
        for here in self.slabs(member) {
            self.features(at, here, [0, HIDDEN], &mut q)?;
            self.softmax_heads(&mut q, here)?;
            self.queue.multiply(Product {
                size: [HIDDEN, here.count, channels],
                products: 1,
                left: Matrix::new(&q, HIDDEN).transposed(),
                right: Matrix::new(gradient, channels).at(here.first),
                sum: Sum::added(&mut by_matrix, channels),
            })?;
            self.queue.multiply(Product {
                size: [here.count, channels, HIDDEN],
                products: 1,
                left: Matrix::new(gradient, channels).at(here.first),
                right: Matrix::new(&matrix, channels).transposed(),
                sum: Sum::written(&mut by_q, HIDDEN),
            })?;
            self.queue.launch(
                &SOURCE,
                "through_softmax_heads",
                rows(here.count),
                &mut [
                    Argument::In(&q, 0),
                    Argument::Out(&mut by_q, 0),
                    Argument::Number(scale()),
                ],
            )?;
            self.add_features(at, here, [0, HIDDEN], &by_q, slots)?;
        }
        Ok(by_matrix)
    }

    /// From the gradient of the means to the weights of `k` and `v`, and to `x`.
    fn through_kv(
        &self,
        at: &Inputs<Q::Memory>,
        context: &Context<Q::Memory>,
        member: usize,
        by_means: &Q::Memory,
        slots: &mut Slots<Q::Memory>,
    ) -> Result<(), Q::Error> {
        let queue = self.queue;
        let mut level = queue.zeros(HIDDEN)?;
        queue.launch(
            &SOURCE,
            "levels",
            rows(1),
            &mut [
                Argument::In(by_means, 0),
                Argument::In(&context.means, 0),
                Argument::Out(&mut level, 0),
            ],
        )?;
        let (mut kv, mut by_kv) = (self.room(2 * HIDDEN)?, self.room(2 * HIDDEN)?);
        for here in self.slabs(member) {
            self.features(at, here, [HIDDEN, 2 * HIDDEN], &mut kv)?;
            self.exponentials(&mut kv, &context.most, Some(&context.rate), here)?;
            // k to the gradient of v, and v to that of k.
            for (from, to, transposed) in [(0, HIDDEN, false), (HIDDEN, 0, true)] {
                let means = Matrix::new(by_means, FEATURES).every(FEATURES * FEATURES);
                queue.multiply(Product {
                    size: [here.count, FEATURES, FEATURES],
                    products: HEADS,
                    left: Matrix::new(&kv, 2 * HIDDEN).at(from).every(FEATURES),
                    right: Matrix {
                        transposed,
                        ..means
                    },
                    sum: Sum::written(&mut by_kv, 2 * HIDDEN).at(to).every(FEATURES),
                })?;
            }
            queue.launch(
                &SOURCE,
                "through_softmax_voxels",
                rows(here.count),
                &mut [
                    Argument::In(&kv, 0),
                    Argument::In(&level, 0),
                    Argument::Out(&mut by_kv, 0),
                ],
            )?;
            self.add_features(at, here, [HIDDEN, 2 * HIDDEN], &by_kv, slots)?;
        }
        Ok(())
    }
}
