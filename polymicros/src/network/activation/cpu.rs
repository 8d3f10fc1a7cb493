//! Activations on the CPU.

use super::Activations;
use crate::Result;
use crate::buffer::Buffer;
use crate::network::tensor::{Slot, Volume, accumulate, failed, read, tensor};
use dfdx::prelude::{Cpu, CpuError, Gradients, Shape, Tape, Tensor, TensorFromVec};
use std::ops::Deref;
use std::sync::Arc;

/// Values on the CPU.
#[derive(Debug, Clone)]
pub struct CpuValues {
    values: Arc<Buffer>,
    shape: [usize; 5],
    /// What the tape knows them by: a tensor without values.
    node: Tensor<(usize,), f32, Cpu>,
}

impl Deref for CpuValues {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.values
    }
}

impl CpuValues {
    pub(in crate::network) fn new(device: &Cpu, values: Buffer, shape: [usize; 5]) -> Result<Self> {
        let node = device
            .try_tensor_from_vec(Vec::new(), (0,))
            .map_err(failed)?;
        Ok(CpuValues {
            values: Arc::new(values),
            shape,
            node,
        })
    }

    /// What an operation has made of these.
    pub(in crate::network) fn with(&self, values: Buffer, shape: [usize; 5]) -> Result<Self> {
        Self::new(self.node.device(), values, shape)
    }

    /// What a gradient is known by, without the values.
    pub(in crate::network) fn node(&self) -> Node {
        Node {
            tensor: self.node.clone(),
            len: self.values.len(),
        }
    }
}

/// The place of an activation's gradient.
#[derive(Debug, Clone)]
pub(in crate::network) struct Node {
    tensor: Tensor<(usize,), f32, Cpu>,
    len: usize,
}

impl Node {
    fn slot<'a>(&self, of: &'a mut Gradients<f32, Cpu>) -> Result<&'a mut Slot, CpuError> {
        of.get_or_alloc_mut(&self.tensor)
    }
}

/// Takes a gradient away: nobody reads it after the operation that made the activation.
pub(in crate::network) fn take(
    of: &mut Gradients<f32, Cpu>,
    node: &Node,
) -> Result<Buffer, CpuError> {
    let gradient = std::mem::take(&mut **node.slot(of)?);
    Ok(match gradient.is_empty() {
        true => Buffer::zeros(node.len),
        false => gradient.into(),
    })
}

/// Adds what an operation has found of a gradient.
pub(in crate::network) fn give(
    of: &mut Gradients<f32, Cpu>,
    node: &Node,
    gradient: Buffer,
) -> Result<(), CpuError> {
    let slot = node.slot(of)?;
    if slot.is_empty() {
        **slot = gradient.into_vec();
    } else {
        accumulate(slot, &gradient);
    }
    Ok(())
}

/// The same without an end of the gradient's owner.
pub(in crate::network) fn add(
    of: &mut Gradients<f32, Cpu>,
    node: &Node,
    gradient: &[f32],
) -> Result<(), CpuError> {
    let slot = node.slot(of)?;
    if slot.is_empty() {
        let mut copy = Buffer::stale(gradient.len());
        copy.copy_from_slice(gradient);
        **slot = copy.into_vec();
    } else {
        accumulate(slot, gradient);
    }
    Ok(())
}

impl Activations for Cpu {
    type Values = CpuValues;

    fn enter<T: Tape<f32, Self>>(x: Volume<Self>, tape: &mut T) -> Result<CpuValues> {
        use dfdx::prelude::HasShape;
        let values = CpuValues::new(x.device(), read(&x).into(), *x.shape())?;
        if T::OWNS_TAPE {
            let (node, x) = (values.node(), x.ghost());
            tape.add_backward_op(move |of| {
                let gradient = take(of, &node)?;
                accumulate(of.get_or_alloc_mut(&x)?, &gradient);
                Ok(())
            });
        }
        Ok(values)
    }

    fn leave<T: Tape<f32, Self>>(values: CpuValues, tape: &mut T) -> Result<Volume<Self>> {
        let node = values.node();
        let CpuValues {
            values,
            shape,
            node: owner,
        } = values;
        let device = owner.device().clone();
        // Values that others hold too are copied.
        let values =
            Arc::try_unwrap(values).map_or_else(|shared| shared.to_vec(), Buffer::into_vec);
        let y = tensor(&device, values, shape)?;
        let ghost = y.ghost();
        tape.add_backward_op(move |of| {
            let gradient = std::mem::take(&mut **of.get_or_alloc_mut(&ghost)?);
            give(of, &node, gradient.into())
        });
        Ok(y)
    }

    fn take_gradient<S: Shape>(
        of: &mut Gradients<f32, Self>,
        tensor: &Tensor<S, f32, Self>,
    ) -> Result<Vec<f32>> {
        let slot = of.get_or_alloc_mut(tensor).map_err(failed)?;
        Ok(std::mem::take(&mut **slot))
    }

    fn shape(values: &CpuValues) -> [usize; 5] {
        values.shape
    }
}
