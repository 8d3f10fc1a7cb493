//! Activations on an NVIDIA GPU.

use super::Activations;
use crate::Result;
use crate::network::cuda::exchange::{self, Slot, given, taken};
use crate::network::cuda::gpu::{Gpu, Memory};
use crate::network::cuda::sums;
use crate::network::tensor::{Volume, failed};
use cudarc::driver::DeviceSlice;
use dfdx::prelude::{Cuda, CudaError, Gradients, HasShape, Tape, Tensor, ZerosTensor};
use std::ops::Deref;
use std::sync::Arc;

/// Values on an NVIDIA GPU.
#[derive(Debug, Clone)]
pub struct CudaValues {
    memory: Arc<Memory>,
    shape: [usize; 5],
    /// What the tape knows them by: a tensor without values.
    node: Tensor<(usize,), f32, Cuda>,
}

impl Deref for CudaValues {
    type Target = Memory;
    fn deref(&self) -> &Memory {
        &self.memory
    }
}

impl CudaValues {
    fn new(device: &Cuda, memory: Memory, shape: [usize; 5]) -> Result<Self> {
        Ok(CudaValues {
            memory: Arc::new(memory),
            shape,
            // dfdx, too, begins with memory of no size: it asks for some when it opens a device.
            node: device.try_zeros_like(&(0,)).map_err(failed)?,
        })
    }

    /// What an operation has made of these.
    pub(in crate::network) fn with(&self, memory: Memory, shape: [usize; 5]) -> Result<Self> {
        Self::new(self.node.device(), memory, shape)
    }

    /// What a gradient is known by, without the values.
    pub(in crate::network) fn node(&self) -> Node {
        Node {
            tensor: self.node.clone(),
            len: self.memory.len(),
        }
    }

    /// The GPU that they are on.
    pub(in crate::network) fn gpu(&self) -> Result<Gpu> {
        Gpu::of(&self.memory.device()).map_err(failed)
    }
}

/// The place of an activation's gradient.
#[derive(Debug, Clone)]
pub(in crate::network) struct Node {
    tensor: Tensor<(usize,), f32, Cuda>,
    len: usize,
}

impl Node {
    fn slot<'a>(&self, of: &'a mut Gradients<f32, Cuda>) -> Result<&'a mut Slot, CudaError> {
        of.get_or_alloc_mut(&self.tensor)
    }

    /// Takes the gradient away; zeros where nobody has found any of it yet.
    pub fn take(&self, of: &mut Gradients<f32, Cuda>) -> Result<Memory, CudaError> {
        let memory = exchange::take(self.slot(of)?)?;
        if memory.len() == self.len {
            Ok(memory)
        } else {
            Ok(memory.device().alloc_zeros(self.len)?)
        }
    }

    /// Adds what an operation has found of the gradient.
    pub fn give(&self, of: &mut Gradients<f32, Cuda>, gradient: Memory) -> Result<(), CudaError> {
        let slot = self.slot(of)?;
        if slot.len() == self.len {
            self.add_to(slot, &gradient)
        } else {
            exchange::put(slot, gradient);
            Ok(())
        }
    }

    /// The same without an end of the gradient's owner.
    pub fn add(&self, of: &mut Gradients<f32, Cuda>, gradient: &Memory) -> Result<(), CudaError> {
        let slot = self.slot(of)?;
        if slot.len() == self.len {
            self.add_to(slot, gradient)
        } else {
            exchange::put(slot, gradient.try_clone()?);
            Ok(())
        }
    }

    fn add_to(&self, slot: &mut Slot, gradient: &Memory) -> Result<(), CudaError> {
        let gpu = Gpu::of(&slot.device())?;
        Ok(sums::add(&gpu, gradient, 0, slot, self.len)?)
    }
}

impl Activations for Cuda {
    type Values = CudaValues;

    fn enter<T: Tape<f32, Self>>(x: Volume<Self>, tape: &mut T) -> Result<CudaValues> {
        let values = CudaValues::new(x.device(), taken(&x)?, *x.shape())?;
        if T::OWNS_TAPE {
            let (node, x) = (values.node(), x.ghost());
            tape.add_backward_op(move |of| {
                let gradient = node.take(of)?;
                node.add_to(of.get_or_alloc_mut(&x)?, &gradient)
            });
        }
        Ok(values)
    }

    fn leave<T: Tape<f32, Self>>(values: CudaValues, tape: &mut T) -> Result<Volume<Self>> {
        let node = values.node();
        let CudaValues {
            memory,
            shape,
            node: owner,
        } = values;
        // Values that others hold too are copied.
        let memory = Arc::try_unwrap(memory)
            .or_else(|shared| shared.try_clone())
            .map_err(failed)?;
        let y = given(owner.device(), memory, shape)?;
        let ghost = y.ghost();
        tape.add_backward_op(move |of| {
            let gradient = exchange::take(of.get_or_alloc_mut(&ghost)?)?;
            node.give(of, gradient)
        });
        Ok(y)
    }

    fn shape(values: &CudaValues) -> [usize; 5] {
        values.shape
    }
}
