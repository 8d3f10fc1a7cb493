//! How large the network is.

use super::layout::{Entry, layout};
use crate::network::convolution::Padding;
use crate::network::weight_standardisation::WeightStandardisation;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Size and variant of a [`UNet`](super::UNet).
///
/// Level `i` of the network has `base * multipliers[i - 1]` channels (level 0 has `base`), on a
/// grid `2^i` times coarser than the input's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UNetConfig {
    /// Channels of the input and the output: three for ROGSH.
    #[serde(default = "three")]
    pub channels: usize,
    /// Channels of the first level; the time embedding has four times as many.
    pub base: usize,
    /// Channels of the following levels, in multiples of `base`.
    pub multipliers: Vec<usize>,
    /// How convolutions standardise their weights.
    #[serde(default)]
    pub standardisation: WeightStandardisation,
    /// What convolutions see beyond the edge while training. Weights don't depend on it, and
    /// inference may use another.
    #[serde(default)]
    pub padding: Padding,
}

fn three() -> usize {
    3
}

/// Groups of the group normalisations in residual blocks (appendix C).
pub(super) const GROUPS: usize = 4;

impl UNetConfig {
    fn preset(base: usize, multipliers: [usize; 3]) -> Self {
        UNetConfig {
            channels: three(),
            base,
            multipliers: multipliers.to_vec(),
            standardisation: WeightStandardisation::default(),
            padding: Padding::default(),
        }
    }

    /// For tests: seconds.
    pub fn tiny() -> Self {
        Self::preset(8, [1, 1, 2])
    }

    /// For two processor cores: minutes to hours. 1.7 million parameters.
    pub fn desk() -> Self {
        Self::preset(16, [1, 2, 4])
    }

    /// The paper's local models: 94,649,027 parameters (the paper: about 96 million).
    pub fn paper_local() -> Self {
        Self::preset(32, [4, 8, 16])
    }

    /// The paper's foundation model: 259,021,251 parameters (the paper: about 260 million).
    pub fn paper_foundation() -> Self {
        Self::preset(32, [8, 16, 24])
    }

    /// The preset of this name: `tiny`, `desk`, `paper-local` or `paper-foundation`.
    ///
    /// # Errors
    /// When there is no such preset.
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "tiny" => Ok(Self::tiny()),
            "desk" => Ok(Self::desk()),
            "paper-local" => Ok(Self::paper_local()),
            "paper-foundation" => Ok(Self::paper_foundation()),
            _ => Err(Error::value(
                "network preset",
                format!("{name:?} is none of tiny, desk, paper-local, paper-foundation"),
            )),
        }
    }

    /// Channels before each level, and after the last: one more than there are levels.
    pub(in crate::network) fn widths(&self) -> Vec<usize> {
        std::iter::once(self.base)
            .chain(self.multipliers.iter().map(|m| m * self.base))
            .collect()
    }

    /// Features of the time embedding.
    pub(in crate::network) fn time_features(&self) -> usize {
        4 * self.base
    }

    /// How many numbers a network of this size has.
    pub fn parameter_count(&self) -> usize {
        let size = |entry: Entry| entry.shape.iter().product::<usize>();
        layout(self).into_iter().map(size).sum()
    }

    /// What the edges of a grid must be multiples of.
    pub fn coarsening(&self) -> usize {
        1 << self.multipliers.len().saturating_sub(1)
    }

    /// # Errors
    /// When no network has this size.
    pub fn check(&self) -> Result<()> {
        if self.channels == 0 || self.multipliers.is_empty() || self.multipliers.contains(&0) {
            return Err(Error::value(
                "network configuration",
                "needs at least one channel and one level, and no multiplier of zero",
            ));
        }
        // Sines and cosines of at least two frequencies, and whole groups.
        if self.base < 4 || !self.base.is_multiple_of(GROUPS) {
            return Err(Error::value(
                "network configuration",
                format!("base {} is not a positive multiple of {GROUPS}", self.base),
            ));
        }
        Ok(())
    }
}
