//! Activations as operations hand them on.
//!
//! dfdx keeps the values of its tensors to itself: reading them is a copy, and the first gradient
//! of each is added to zeros. Between one hand-written operation and the next neither is needed,
//! so that on the CPU an activation owns its values, and dfdx' tape knows it by an empty tensor
//! whose gradient an operation puts there and the one before takes away. A GPU's are held in the
//! same way.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

pub use cpu::CpuValues;
pub(super) use cpu::{add, give, take};
#[cfg(feature = "cuda")]
pub use cuda::CudaValues;

use super::tensor::{Volume, failed};
use crate::Result;
use dfdx::prelude::{
    Device, Gradients, HasShape, NoneTape, PutTape, Shape, SplitTape, Synchronize, Tape, Tensor,
};
use std::fmt::Debug;

/// A device, and how it holds activations.
pub trait Activations: Device<f32> + Synchronize {
    /// The values of an activation, shared between all who need them.
    type Values: Clone + Debug;

    /// Values for those of a tensor; what is found of their gradient goes to the tensor's.
    ///
    /// # Errors
    /// When memory runs out.
    fn enter<T: Tape<f32, Self>>(x: Volume<Self>, tape: &mut T) -> Result<Self::Values>;

    /// The tensor with these values; its gradient goes to theirs.
    ///
    /// # Errors
    /// When memory runs out.
    fn leave<T: Tape<f32, Self>>(values: Self::Values, tape: &mut T) -> Result<Volume<Self>>;

    /// Takes the gradient with respect to a tensor away; zeros where nothing depends on it.
    ///
    /// # Errors
    /// When memory runs out.
    fn take_gradient<S: Shape>(
        of: &mut Gradients<f32, Self>,
        tensor: &Tensor<S, f32, Self>,
    ) -> Result<Vec<f32>> {
        of.try_alloc_for(tensor).map_err(failed)?;
        let mut values = vec![0.0; tensor.shape().num_elements()];
        of.get(tensor).copy_into(&mut values);
        Ok(values)
    }

    /// Their shape: `batch, x, y, z, channel`.
    fn shape(values: &Self::Values) -> [usize; 5];
}

/// Activations on a grid, `batch, x, y, z, channel`: the channels of a voxel are neighbours in
/// memory.
#[derive(Debug, Clone)]
pub struct Activation<D: Activations, T = NoneTape> {
    pub(crate) values: D::Values,
    pub(crate) tape: T,
}

impl<D: Activations, T: Tape<f32, D>> Activation<D, T> {
    /// The values of a tensor.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn enter(x: Volume<D, T>) -> Result<Self> {
        let (x, mut tape) = x.split_tape();
        let values = D::enter(x, &mut tape)?;
        Ok(Activation { values, tape })
    }

    /// The tensor with these values.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn leave(self) -> Result<Volume<D, T>> {
        let mut tape = self.tape;
        Ok(D::leave(self.values, &mut tape)?.put_tape(tape))
    }

    /// `batch, x, y, z, channel`.
    pub fn shape(&self) -> [usize; 5] {
        D::shape(&self.values)
    }

    /// The values, and the tape.
    pub(super) fn split(self) -> (D::Values, T) {
        (self.values, self.tape)
    }

    /// The same values on an empty tape.
    pub fn retaped<U: Tape<f32, D>>(&self) -> Activation<D, U> {
        Activation {
            values: self.values.clone(),
            tape: U::default(),
        }
    }
}
