//! The parameters of a network on a device.

use super::config::UNetConfig;
use super::layout::{Entry, Initial, layout};
use crate::network::activation::Activations;
use crate::network::tensor::{Filter, Matrix, Vector, failed};
use crate::{Error, Result};
use dfdx::prelude::{Device, Gradients, Shape};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;

/// A parameter, by its number of axes.
#[derive(Debug, Clone)]
pub enum Parameter<D: Activations> {
    /// Of a convolution.
    Filter(Filter<D>),
    /// Of a linear layer.
    Matrix(Matrix<D>),
    /// A bias, or of a normalisation.
    Vector(Vector<D>),
}

/// All parameters of a network, in the order of [`layout`].
#[derive(Debug, Clone)]
pub struct Parameters<D: Activations> {
    entries: Vec<Entry>,
    tensors: Vec<Parameter<D>>,
    index: HashMap<String, usize>,
    device: D,
}

impl<D: Activations> Parameters<D> {
    /// Parameters as they are before training.
    ///
    /// # Errors
    /// When no network has this size, or memory runs out.
    pub fn initial(config: &UNetConfig, seed: u64, device: &D) -> Result<Self> {
        config.check()?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let values = layout(config)
            .iter()
            .map(|entry| {
                let size = entry.shape.iter().product();
                match entry.start {
                    Initial::One => vec![1.0; size],
                    Initial::Zero => vec![0.0; size],
                    Initial::Uniform(inputs) => {
                        let bound = (inputs as f32).powf(-0.5);
                        (0..size).map(|_| rng.random_range(-bound..bound)).collect()
                    }
                }
            })
            .collect();
        Self::from_values(config, values, device)
    }

    /// Parameters with given values, in the order of [`layout`].
    ///
    /// # Errors
    /// When there are not as many as the network has, or memory runs out.
    pub fn from_values(config: &UNetConfig, values: Vec<Vec<f32>>, device: &D) -> Result<Self> {
        let entries = layout(config);
        if values.len() != entries.len() {
            return Err(Error::shape("parameters", entries.len(), values.len()));
        }
        let mut tensors = Vec::with_capacity(entries.len());
        for (entry, values) in entries.iter().zip(values) {
            let size: usize = entry.shape.iter().product();
            if values.len() != size {
                let what = format!("parameter {}", entry.name);
                return Err(Error::shape(what, &entry.shape, values.len()));
            }
            tensors.push(match entry.shape[..] {
                [a, b, c, d, e] => Parameter::Filter(
                    device
                        .try_tensor_from_vec(values, [a, b, c, d, e])
                        .map_err(failed)?,
                ),
                [a, b] => {
                    Parameter::Matrix(device.try_tensor_from_vec(values, (a, b)).map_err(failed)?)
                }
                _ => Parameter::Vector(
                    device
                        .try_tensor_from_vec(values, (size,))
                        .map_err(failed)?,
                ),
            });
        }
        let index = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| (entry.name.clone(), index))
            .collect();
        Ok(Parameters {
            entries,
            tensors,
            index,
            device: device.clone(),
        })
    }

    /// Names and shapes, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The device that they are on.
    pub fn device(&self) -> &D {
        &self.device
    }

    /// How many numbers they are.
    pub fn count(&self) -> usize {
        self.entries
            .iter()
            .map(|entry| entry.shape.iter().product::<usize>())
            .sum()
    }

    /// All values, parameter by parameter.
    pub fn values(&self) -> Vec<Vec<f32>> {
        fn all<S: Shape, D: Device<f32>>(t: &dfdx::prelude::Tensor<S, f32, D>) -> Vec<f32> {
            let mut values = vec![0.0; t.shape().num_elements()];
            t.copy_into(&mut values);
            values
        }
        use dfdx::prelude::HasShape;
        self.tensors
            .iter()
            .map(|parameter| match parameter {
                Parameter::Filter(t) => all(t),
                Parameter::Matrix(t) => all(t),
                Parameter::Vector(t) => all(t),
            })
            .collect()
    }

    /// Replaces the values of a parameter.
    pub fn set(&mut self, index: usize, values: &[f32]) {
        match &mut self.tensors[index] {
            Parameter::Filter(t) => t.copy_from(values),
            Parameter::Matrix(t) => t.copy_from(values),
            Parameter::Vector(t) => t.copy_from(values),
        }
    }

    /// Replaces all values, parameter by parameter.
    pub fn set_all(&mut self, values: &[Vec<f32>]) {
        for (index, values) in values.iter().enumerate() {
            self.set(index, values);
        }
    }

    /// Takes the gradient of a parameter away; zeros where nothing depends on it.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn gradient(&self, index: usize, of: &mut Gradients<f32, D>) -> Result<Vec<f32>> {
        match &self.tensors[index] {
            Parameter::Filter(t) => D::take_gradient(of, t),
            Parameter::Matrix(t) => D::take_gradient(of, t),
            Parameter::Vector(t) => D::take_gradient(of, t),
        }
    }

    fn find(&self, name: &str) -> Result<&Parameter<D>> {
        self.index
            .get(name)
            .map(|&index| &self.tensors[index])
            .ok_or_else(|| Error::value("parameter", format!("the network has no {name}")))
    }

    /// A part of the module tree.
    pub(super) fn at(&self, path: impl Into<String>) -> Scope<'_, D> {
        Scope {
            parameters: self,
            path: path.into(),
        }
    }
}

/// A part of the module tree.
pub(super) struct Scope<'a, D: Activations> {
    parameters: &'a Parameters<D>,
    path: String,
}

impl<D: Activations> Scope<'_, D> {
    pub fn at(&self, part: &str) -> Self {
        Scope {
            parameters: self.parameters,
            path: format!("{}.{part}", self.path),
        }
    }

    pub fn has(&self, part: &str) -> bool {
        let name = format!("{}.{part}", self.path);
        self.parameters.index.contains_key(&name)
    }

    pub fn filter(&self) -> Result<Filter<D>> {
        let name = format!("{}.weight", self.path);
        match self.parameters.find(&name)? {
            Parameter::Filter(filter) => Ok(filter.clone()),
            _ => Err(Error::value("parameter", format!("{name} is no filter"))),
        }
    }

    pub fn matrix(&self) -> Result<Matrix<D>> {
        let name = format!("{}.weight", self.path);
        match self.parameters.find(&name)? {
            Parameter::Matrix(matrix) => Ok(matrix.clone()),
            _ => Err(Error::value("parameter", format!("{name} is no matrix"))),
        }
    }

    pub fn vector(&self, part: &str) -> Result<Vector<D>> {
        let name = format!("{}.{part}", self.path);
        match self.parameters.find(&name)? {
            Parameter::Vector(vector) => Ok(vector.clone()),
            _ => Err(Error::value("parameter", format!("{name} is no vector"))),
        }
    }

    /// Factor and summand of a normalisation.
    pub fn norm(&self) -> Result<[Vector<D>; 2]> {
        Ok([self.vector("weight")?, self.vector("bias")?])
    }
}
