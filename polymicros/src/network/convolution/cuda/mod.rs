//! Forward and backward passes on a GPU: matrix products, for 3 x 3 x 3 convolutions of the
//! unfolded input. That would be 27 times the input, so it is made slab by slab.

mod slabs;
#[cfg(feature = "cuda")]
mod tape;
#[cfg(test)]
mod tests;

use super::Sizes;
use super::padding::Padding;
use crate::network::cuda::queue::{Argument, Matrix, Product, Queue, Shape, Source, Sum};
use crate::network::cuda::sums::{self, Columns};
use slabs::Slab;

/// `kernels.cu`.
pub(in crate::network) const SOURCE: Source = Source {
    name: "convolution",
    text: include_str!("kernels.cu"),
    kernels: &["unfold", "fold", "arrange", "arrange_back"],
};

const THREADS: usize = 128;
const TAPS: usize = 27;

/// A convolution, as work for a GPU's queue.
pub(super) struct Queued<'a, Q> {
    pub queue: &'a Q,
    pub sizes: &'a Sizes,
    /// Voxels along the edge of the kernel: 1 or 3.
    pub edge: usize,
    /// Whether the input is first made twice as fine.
    pub upsample: bool,
    /// Numbers that a slab may have; a plane of the output it has at least.
    pub bound: usize,
}

/// Gradients to be added to.
pub(super) struct Slots<M> {
    /// With respect to each part of the input.
    pub parts: Vec<M>,
    pub weight: M,
    pub bias: M,
}

impl<Q: Queue> Queued<'_, Q> {
    fn scale(&self) -> usize {
        if self.upsample { 2 } else { 1 }
    }

    /// Voxels of the output along x, y, z.
    pub fn fine(&self) -> [usize; 3] {
        self.sizes.grid.map(|n| n * self.scale())
    }

    fn padding(&self) -> usize {
        match self.sizes.padding {
            Padding::Zero => 0,
            Padding::Replicate => 1,
            Padding::Periodic => 2,
        }
    }

    /// Room for the largest slab.
    fn room(&self) -> Result<Q::Memory, Q::Error> {
        let rows = self.slabs().iter().map(|slab| self.voxels(slab)[0]).max();
        self.queue
            .zeros(rows.unwrap_or(0) * TAPS * self.sizes.inputs())
    }

    fn unfold(
        &self,
        parts: &[&Q::Memory],
        slab: &Slab,
        unfolded: &mut Q::Memory,
    ) -> Result<(), Q::Error> {
        let [nx, ny, nz] = self.fine();
        let mut offset = 0;
        for (part, &channels) in parts.iter().zip(&self.sizes.parts) {
            let shape = Shape {
                blocks: [ny * nz, slab.planes, slab.members],
                threads: THREADS,
            };
            self.queue.launch(
                &SOURCE,
                "unfold",
                shape,
                &mut [
                    Argument::In(part, 0),
                    Argument::Out(unfolded, 0),
                    Argument::Count(nx),
                    Argument::Count(ny),
                    Argument::Count(nz),
                    Argument::Count(slab.plane),
                    Argument::Count(slab.member),
                    Argument::Count(channels),
                    Argument::Count(offset),
                    Argument::Count(self.sizes.inputs()),
                    Argument::Count(self.padding()),
                    Argument::Count(self.scale()),
                ],
            )?;
            offset += channels;
        }
        Ok(())
    }

    fn fold(
        &self,
        unfolded: &Q::Memory,
        slab: &Slab,
        slots: &mut [Q::Memory],
    ) -> Result<(), Q::Error> {
        let [nx, ny, nz] = self.fine();
        let [_, cy, cz] = self.sizes.grid;
        for [first, count] in self.seen(slab) {
            let mut offset = 0;
            for (slot, &channels) in slots.iter_mut().zip(&self.sizes.parts) {
                let shape = Shape {
                    blocks: [cy * cz, count, slab.members],
                    threads: THREADS,
                };
                self.queue.launch(
                    &SOURCE,
                    "fold",
                    shape,
                    &mut [
                        Argument::In(unfolded, 0),
                        Argument::Out(slot, 0),
                        Argument::Count(nx),
                        Argument::Count(ny),
                        Argument::Count(nz),
                        Argument::Count(slab.plane),
                        Argument::Count(slab.planes),
                        Argument::Count(first),
                        Argument::Count(slab.member),
                        Argument::Count(channels),
                        Argument::Count(self.sizes.inputs() << 16 | offset),
                        Argument::Count(self.padding() + 4 * self.scale()),
                    ],
                )?;
                offset += channels;
            }
        }
        Ok(())
    }

    /// The weights, or their gradient, as the unfolded input is multiplied by them.
    fn arrange(
        &self,
        kernel: &'static str,
        from: &Q::Memory,
        to: &mut Q::Memory,
    ) -> Result<(), Q::Error> {
        let (inputs, outputs) = (self.sizes.inputs(), self.sizes.outputs);
        self.queue.launch(
            &SOURCE,
            kernel,
            sums::spread(TAPS * inputs * outputs),
            &mut [
                Argument::In(from, 0),
                Argument::Out(to, 0),
                Argument::Count(inputs),
                Argument::Count(outputs),
            ],
        )
    }

    /// Writes `y`, which has room for the result.
    pub fn forward(
        &self,
        parts: &[&Q::Memory],
        weight: &Q::Memory,
        bias: &Q::Memory,
        y: &mut Q::Memory,
    ) -> Result<(), Q::Error> {
        let (inputs, outputs) = (self.sizes.inputs(), self.sizes.outputs);
        let rows = self.sizes.batch * self.fine().iter().product::<usize>();
        sums::fill_rows(self.queue, bias, y, 0, [rows, outputs])?;
        if self.edge == 1 {
            let mut from = 0;
            for (part, &width) in parts.iter().zip(&self.sizes.parts) {
                self.queue.multiply(Product {
                    size: [rows, width, outputs],
                    products: 1,
                    left: Matrix::new(*part, width),
                    right: Matrix::new(weight, inputs).at(from).transposed(),
                    sum: Sum::added(y, outputs),
                })?;
                from += width;
            }
            return Ok(());
        }
        let mut matrix = self.queue.zeros(TAPS * inputs * outputs)?;
        self.arrange("arrange", weight, &mut matrix)?;
        let mut unfolded = self.room()?;
        for slab in &self.slabs() {
            self.unfold(parts, slab, &mut unfolded)?;
            let [rows, first] = self.voxels(slab);
            self.queue.multiply(Product {
                size: [rows, TAPS * inputs, outputs],
                products: 1,
                left: Matrix::new(&unfolded, TAPS * inputs),
                right: Matrix::new(&matrix, outputs),
                sum: Sum::added(y, outputs).at(first * outputs),
            })?;
        }
        Ok(())
    }

    /// Adds to the gradients.
    pub fn backward(
        &self,
        parts: &[&Q::Memory],
        weight: &Q::Memory,
        gradient: &Q::Memory,
        slots: &mut Slots<Q::Memory>,
    ) -> Result<(), Q::Error> {
        let outputs = self.sizes.outputs;
        let columns = Columns {
            memory: gradient,
            first: 0,
            rows: self.sizes.batch * self.fine().iter().product::<usize>(),
            columns: outputs,
            stride: outputs,
        };
        sums::add_column_sums(self.queue, &columns, &mut slots.bias)?;
        if self.edge == 1 {
            self.point_backward(parts, weight, gradient, slots)
        } else {
            self.cube_backward(parts, weight, gradient, slots)
        }
    }

    fn point_backward(
        &self,
        parts: &[&Q::Memory],
        weight: &Q::Memory,
        gradient: &Q::Memory,
        slots: &mut Slots<Q::Memory>,
    ) -> Result<(), Q::Error> {
        let (inputs, outputs) = (self.sizes.inputs(), self.sizes.outputs);
        let rows = self.sizes.batch * self.fine().iter().product::<usize>();
        let mut from = 0;
        let widths = self.sizes.parts.iter();
        for ((part, slot), &width) in parts.iter().zip(&mut slots.parts).zip(widths) {
            self.queue.multiply(Product {
                size: [outputs, rows, width],
                products: 1,
                left: Matrix::new(gradient, outputs).transposed(),
                right: Matrix::new(*part, width),
                sum: Sum::added(&mut slots.weight, inputs).at(from),
            })?;
            self.queue.multiply(Product {
                size: [rows, outputs, width],
                products: 1,
                left: Matrix::new(gradient, outputs),
                right: Matrix::new(weight, inputs).at(from),
                sum: Sum::added(slot, width),
            })?;
            from += width;
        }
        Ok(())
    }

    fn cube_backward(
        &self,
        parts: &[&Q::Memory],
        weight: &Q::Memory,
        gradient: &Q::Memory,
        slots: &mut Slots<Q::Memory>,
    ) -> Result<(), Q::Error> {
        let (inputs, outputs) = (self.sizes.inputs(), self.sizes.outputs);
        let mut matrix = self.queue.zeros(TAPS * inputs * outputs)?;
        self.arrange("arrange", weight, &mut matrix)?;
        let mut by_matrix = self.queue.zeros(TAPS * inputs * outputs)?;
        // One room for the unfolded input, and then for its gradient.
        let mut unfolded = self.room()?;
        for slab in &self.slabs() {
            let [rows, first] = self.voxels(slab);
            self.unfold(parts, slab, &mut unfolded)?;
            self.queue.multiply(Product {
                size: [TAPS * inputs, rows, outputs],
                products: 1,
                left: Matrix::new(&unfolded, TAPS * inputs).transposed(),
                right: Matrix::new(gradient, outputs).at(first * outputs),
                sum: Sum::added(&mut by_matrix, outputs),
            })?;
            self.queue.multiply(Product {
                size: [rows, outputs, TAPS * inputs],
                products: 1,
                left: Matrix::new(gradient, outputs).at(first * outputs),
                right: Matrix::new(&matrix, outputs).transposed(),
                sum: Sum::written(&mut unfolded, TAPS * inputs),
            })?;
            self.fold(&unfolded, slab, &mut slots.parts)?;
        }
        self.arrange("arrange_back", &by_matrix, &mut slots.weight)
    }
}
