//! What makes steps of gradients.

mod adamw;
mod clip;
mod muon;

pub use clip::clip;
pub(in crate::training) use clip::scale;

use crate::network::Entry;
use adamw::AdamW;
use muon::Muon;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How steps are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// AdamW, as the paper's.
    #[default]
    AdamW,
    /// Muon for the weights of all layers but the first and the last, AdamW for the rest. It takes
    /// AdamW's rates.
    Muon,
}

/// The running means that steps are made from, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimiser {
    /// How much of a weight is taken away at each step, times the rate.
    weight_decay: f32,
    /// Rows and columns of the parameters that Muon takes as matrices.
    matrices: Vec<Option<[usize; 2]>>,
    /// Steps taken.
    steps: u64,
    /// Of the gradients.
    first: Vec<Vec<f32>>,
    /// Of their squares; Muon leaves it at zero.
    second: Vec<Vec<f32>>,
}

impl Optimiser {
    /// AdamW for parameters of these sizes.
    pub fn adamw(sizes: impl IntoIterator<Item = usize>, weight_decay: f32) -> Self {
        let first: Vec<Vec<f32>> = sizes.into_iter().map(|size| vec![0.0; size]).collect();
        Optimiser {
            weight_decay,
            matrices: vec![None; first.len()],
            steps: 0,
            second: first.clone(),
            first,
        }
    }

    /// For the parameters of a network.
    pub fn new(rule: Rule, parameters: &[Entry], weight_decay: f32) -> Self {
        let size = |entry: &Entry| entry.shape.iter().product();
        Optimiser {
            matrices: parameters
                .iter()
                .map(|entry| matrix(entry).filter(|_| rule == Rule::Muon))
                .collect(),
            ..Self::adamw(parameters.iter().map(size), weight_decay)
        }
    }

    /// As it was after some steps, with the running means that it had then.
    pub(super) fn resumed(self, steps: u64, [first, second]: [Vec<Vec<f32>>; 2]) -> Self {
        Optimiser {
            steps,
            first,
            second,
            ..self
        }
    }

    /// Running means of gradients and of their squares.
    pub(super) fn moments(&self) -> [&Vec<Vec<f32>>; 2] {
        [&self.first, &self.second]
    }

    /// One step against `gradients`, parameter by parameter.
    pub fn step(&mut self, parameters: &mut [Vec<f32>], gradients: &[Vec<f32>], rate: f64) {
        self.steps += 1;
        let keep = (1.0 - rate * f64::from(self.weight_decay)) as f32;
        let adamw = AdamW::of_step(self.steps, rate, keep);
        let muon = Muon {
            rate: rate as f32,
            keep,
        };
        let moments = self.first.par_iter_mut().zip(&mut self.second);
        parameters
            .par_iter_mut()
            .zip(gradients)
            .zip(&self.matrices)
            .zip(moments)
            .for_each(
                |(((parameters, gradients), matrix), (first, second))| match matrix {
                    Some(shape) => muon.take(*shape, parameters, gradients, first),
                    None => adamw.take(parameters, gradients, [first, second]),
                },
            );
    }
}

/// Rows and columns of a parameter that acts as a matrix between hidden layers: an output to a
/// row. The first and the last layer, whose channels each have a meaning of their own, are not
/// among them, nor are biases and norms.
fn matrix(entry: &Entry) -> Option<[usize; 2]> {
    let outer = ["init_conv.weight", "final_conv.weight"].contains(&entry.name.as_str());
    match entry.shape.as_slice() {
        [rows, columns @ ..] if !columns.is_empty() && !outer => {
            Some([*rows, columns.iter().product()])
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{UNetConfig, layout};

    #[test]
    fn muon_takes_the_weights_of_hidden_layers() {
        let parameters = layout(&UNetConfig::tiny());
        let optimiser = Optimiser::new(Rule::Muon, &parameters, 0.0);
        for (entry, matrix) in parameters.iter().zip(&optimiser.matrices) {
            let outer = entry.name.starts_with("init_conv") || entry.name.starts_with("final_conv");
            let weight = entry.shape.len() > 1 && !outer;
            assert_eq!(matrix.is_some(), weight, "{}", entry.name);
        }
        let adamw = Optimiser::new(Rule::AdamW, &parameters, 0.0);
        assert!(adamw.matrices.iter().all(Option::is_none));
    }
}
