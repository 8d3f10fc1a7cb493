//! What choices are called on the command line.

use clap::ValueEnum;
use polymicros::network::weights::Precision;
use polymicros::network::{Device, Padding};
use polymicros_prelude::{Sampler, Solver};

// Where a network runs. (A comment of its own would replace that of the command.)
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Place {
    /// Where it runs: auto (a GPU where there is one), cpu, or cuda:0.
    #[arg(long, default_value_t = Device::Auto)]
    pub(super) device: Device,
}

/// How a weight is stored.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum PrecisionName {
    F32,
    F16,
}

impl From<PrecisionName> for Precision {
    fn from(name: PrecisionName) -> Self {
        match name {
            PrecisionName::F32 => Precision::F32,
            PrecisionName::F16 => Precision::F16,
        }
    }
}

/// What convolutions see beyond the edge.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Edge {
    Replicate,
    Periodic,
    Zero,
}

impl From<Edge> for Padding {
    fn from(edge: Edge) -> Self {
        match edge {
            Edge::Replicate => Padding::Replicate,
            Edge::Periodic => Padding::Periodic,
            Edge::Zero => Padding::Zero,
        }
    }
}

/// How a field is drawn.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum SamplerName {
    Algorithm1,
    Full,
}

impl From<SamplerName> for Sampler {
    fn from(name: SamplerName) -> Self {
        match name {
            SamplerName::Algorithm1 => Sampler::Algorithm1,
            SamplerName::Full => Sampler::Full,
        }
    }
}

/// How the sampler takes its steps.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum SolverName {
    Heun,
    Multistep,
}

impl From<SolverName> for Solver {
    fn from(name: SolverName) -> Self {
        match name {
            SolverName::Heun => Solver::Heun,
            SolverName::Multistep => Solver::Multistep { eta: 0.0 },
        }
    }
}
