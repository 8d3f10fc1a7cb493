//! Each operation of the network with its gradients, on a device and on the processor.

use super::Comparison;
use crate::Result;
use crate::network::activation::Activation;
use crate::network::attention::AttentionWeights;
use crate::network::convolution::Convolution;
use crate::network::group_norm::GroupNorm;
use crate::network::tensor::{Volume, failed};
use crate::network::{Arithmetic, Cpu, NetworkDevice, Padding, WeightStandardisation};
use dfdx::prelude::{
    Axis, Backward, HasShape, Merge, NoneTape, OwnedTape, ReshapeTo, Shape, SumTo, Tensor, Trace,
    TryMul,
};

/// Voxels along each edge.
const EDGE: usize = 12;
/// Channels, also of a second input.
const CHANNELS: usize = 24;
/// Features of the attention's heads, all together.
const HIDDEN: usize = 128;

/// An operation to be compared.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    /// Voxels along the edge of the kernel; whether there is a second input.
    Convolution {
        edge: usize,
        skip: bool,
        how: Convolution,
    },
    GroupNorm(GroupNorm),
    Attention,
    SpaceToDepth,
    Standardisation(WeightStandardisation),
}

/// What an operation gives: the result, then a gradient for each of its inputs.
type Outcome = Vec<(&'static str, Vec<f32>)>;

impl Operation {
    /// All operations, each as the network uses it.
    pub fn all() -> Vec<Self> {
        let convolution = |edge, skip, padding, upsample| Operation::Convolution {
            edge,
            skip,
            how: Convolution {
                padding,
                upsample,
                arithmetic: Arithmetic::F32,
            },
        };
        vec![
            convolution(3, false, Padding::Zero, false),
            convolution(3, true, Padding::Replicate, false),
            convolution(3, false, Padding::Periodic, false),
            convolution(3, false, Padding::Replicate, true),
            convolution(1, true, Padding::Zero, false),
            Operation::GroupNorm(GroupNorm {
                groups: 4,
                silu: true,
            }),
            Operation::GroupNorm(GroupNorm {
                groups: 1,
                silu: false,
            }),
            Operation::Attention,
            Operation::SpaceToDepth,
            Operation::Standardisation(WeightStandardisation::Standard),
            Operation::Standardisation(WeightStandardisation::Authors),
        ]
    }

    pub fn name(&self) -> String {
        match self {
            Operation::Convolution { edge, skip, how } => {
                let second = if *skip { ", two inputs" } else { "" };
                let finer = if how.upsample { ", upsampled" } else { "" };
                let padding = format!("{:?}", how.padding).to_lowercase();
                format!("convolution {edge}^3, {padding}{second}{finer}")
            }
            Operation::GroupNorm(how) => {
                let silu = if how.silu { ", scaled, SiLU" } else { "" };
                format!("normalisation of {} groups{silu}", how.groups)
            }
            Operation::Attention => "linear attention".to_owned(),
            Operation::SpaceToDepth => "halving of the grid".to_owned(),
            Operation::Standardisation(form) => {
                format!("weight standardisation, {form:?}").to_lowercase()
            }
        }
    }

    /// Result and gradients on the device beside the processor's.
    ///
    /// # Errors
    /// When the operation fails.
    pub fn compare<D: NetworkDevice>(&self, device: &D) -> Result<Vec<Comparison>> {
        let found = self.run(device)?;
        let expected = self.run(&Cpu::default())?;
        let pairs = found.iter().zip(&expected);
        Ok(pairs
            .map(|((part, found), (_, expected))| {
                // Gradients of sums over all voxels: of some 10^4 terms in another order.
                let tolerance = if *part == "result" { 1e-4 } else { 1e-3 };
                Comparison::new(
                    format!("{}: {part}", self.name()),
                    found,
                    expected,
                    tolerance,
                )
            })
            .collect())
    }

    fn run<D: NetworkDevice>(&self, device: &D) -> Result<Outcome> {
        let volume = [2, EDGE, EDGE, EDGE, CHANNELS];
        let x = tensor(device, 1, volume)?;
        let vector = |seed| tensor(device, seed, (CHANNELS,));
        let filter =
            |seed, inputs, edge| tensor(device, seed, [CHANNELS, inputs, edge, edge, edge]);
        match *self {
            Operation::Convolution { edge, skip, how } => {
                let second = skip.then(|| tensor(device, 2, volume)).transpose()?;
                let inputs = CHANNELS * (1 + usize::from(skip));
                let (weight, bias) = (filter(3, inputs, edge)?, vector(4)?);
                let (mut first, other) = (entered(&x)?, second.as_ref().map(entered).transpose()?);
                // The second input goes in without its tape, as the network's do.
                let other = other.map(|Activation { values, tape }| {
                    first.tape = std::mem::take(&mut first.tape).merge(tape);
                    let tape = NoneTape;
                    Activation { values, tape }
                });
                let y = D::convolution(first, other, entered(&weight)?, bias.clone(), how)?;
                let mut outcome = Gathered::new(y)?;
                outcome.add("gradient of the input", &x);
                if let Some(second) = &second {
                    outcome.add("gradient of the second input", second);
                }
                outcome.add("gradient of the weights", &weight);
                outcome.add("gradient of the bias", &bias);
                Ok(outcome.values)
            }
            Operation::GroupNorm(how) => {
                let [gamma, beta] = [vector(2)?, vector(3)?];
                let modulation = tensor(device, 4, (2, 2 * CHANNELS))?;
                let residual = tensor(device, 5, volume)?;
                let y = D::group_norm(
                    entered(&x)?,
                    [gamma.clone(), beta.clone()],
                    how.silu.then(|| modulation.leaky_trace()),
                    Some(entered(&residual)?),
                    how,
                )?;
                let mut outcome = Gathered::new(y)?;
                outcome.add("gradient of the input", &x);
                outcome.add("gradient of the factor", &gamma);
                outcome.add("gradient of the summand", &beta);
                if how.silu {
                    outcome.add("gradient of scale and shift", &modulation);
                }
                outcome.add("gradient of the residual", &residual);
                Ok(outcome.values)
            }
            Operation::Attention => {
                let weights = AttentionWeights {
                    qkv: tensor(device, 2, [3 * HIDDEN, CHANNELS, 1, 1, 1])?,
                    out: filter(3, HIDDEN, 1)?,
                    bias: vector(4)?,
                };
                let y = D::linear_attention(entered(&x)?, weights.clone(), Arithmetic::F32)?;
                let mut outcome = Gathered::new(y)?;
                outcome.add("gradient of the input", &x);
                outcome.add("gradient of q, k and v", &weights.qkv);
                outcome.add("gradient of the weights", &weights.out);
                outcome.add("gradient of the bias", &weights.bias);
                Ok(outcome.values)
            }
            Operation::SpaceToDepth => {
                let (weight, bias) = (filter(2, 8 * CHANNELS, 1)?, vector(3)?);
                let y =
                    D::space_to_depth(entered(&x)?, weight.clone(), bias.clone(), Arithmetic::F32)?;
                let mut outcome = Gathered::new(y)?;
                outcome.add("gradient of the input", &x);
                outcome.add("gradient of the weights", &weight);
                outcome.add("gradient of the bias", &bias);
                Ok(outcome.values)
            }
            Operation::Standardisation(form) => {
                let weight = filter(2, CHANNELS, 3)?;
                let y = D::standardise(weight.leaky_trace(), form)?;
                let mut outcome = Gathered::new(y)?;
                outcome.add("gradient of the weights", &weight);
                Ok(outcome.values)
            }
        }
    }
}

/// Numbers between -1 and 1 that have no pattern along an axis.
fn numbers(seed: usize, count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i as f64 * 1.618_034 + seed as f64) * 12.9898).sin() as f32)
        .collect()
}

fn tensor<S: Shape, D: NetworkDevice>(
    device: &D,
    seed: usize,
    shape: S,
) -> Result<Tensor<S, f32, D>> {
    device
        .try_tensor_from_vec(numbers(seed, shape.num_elements()), shape)
        .map_err(failed)
}

/// An activation on a tape of its own.
type Traced<D> = Activation<D, OwnedTape<f32, D>>;

fn entered<D: NetworkDevice>(x: &Volume<D>) -> Result<Traced<D>> {
    Activation::enter(x.leaky_trace())
}

fn values<S: Shape, D: NetworkDevice, T>(tensor: &Tensor<S, f32, D, T>) -> Vec<f32> {
    let mut values = vec![0.0; tensor.shape().num_elements()];
    tensor.copy_into(&mut values);
    values
}

/// A result, and gradients of a weighted sum of it.
struct Gathered<D: NetworkDevice> {
    gradients: dfdx::prelude::Gradients<f32, D>,
    values: Outcome,
}

impl<D: NetworkDevice> Gathered<D> {
    fn new(y: Traced<D>) -> Result<Self> {
        let y = y.leave()?;
        let result = values(&y);
        let flat = (result.len(),);
        let weights = tensor(y.device(), 9, *y.shape())?;
        let products: Volume<D, OwnedTape<f32, D>> =
            TryMul::<Volume<D>>::try_mul(y, weights).map_err(failed)?;
        let sum: Tensor<(), f32, D, OwnedTape<f32, D>> = products
            .try_reshape_like(&flat)
            .and_then(|products| products.try_sum::<(), Axis<0>>())
            .map_err(failed)?;
        Ok(Gathered {
            gradients: sum.try_backward().map_err(failed)?,
            values: vec![("result", result)],
        })
    }

    fn add<S: Shape>(&mut self, part: &'static str, of: &Tensor<S, f32, D>) {
        self.values.push((part, values(&self.gradients.get(of))));
    }
}
