//! How matrix products are computed.

use crate::Error;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// How the matrix products of a pass through the network are computed: those of convolutions, of
/// attention, and of their gradients. Everything else is computed in f32 either way, and so are
/// weights, gradients and activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arithmetic {
    /// In f32.
    #[default]
    F32,
    /// Both operands are rounded to bf16, of 8 significant bits; their products are summed in f32.
    /// On processors with AMX that is several times faster.
    Bf16,
}

impl FromStr for Arithmetic {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "f32" => Ok(Arithmetic::F32),
            "bf16" => Ok(Arithmetic::Bf16),
            _ => Err(Error::value(
                "precision",
                format!("{text:?} is neither f32 nor bf16"),
            )),
        }
    }
}
