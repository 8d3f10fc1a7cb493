//! Weights on disk: safetensors files with the names of the authors' released weights.
//!
//! The metadata hold the version of this layout and the network's configuration. A file without
//! them is read as the authors': sizes from the tensors' shapes, their weight standardisation, and
//! padding with zeros unless asked otherwise.

#[cfg(test)]
mod tests;

use super::{
    Entry, NetworkDevice, Padding, Parameters, UNet, UNetConfig, WeightStandardisation, layout,
};
use crate::{Error, Result, save_whole};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;

/// Where the metadata are.
const KEY: &str = "polymicros";

/// Version of the metadata.
const VERSION: u32 = 1;

/// What the metadata say, under one key: the order of several would change from file to file.
#[derive(Serialize, Deserialize)]
struct About {
    version: u32,
    config: UNetConfig,
    /// What those who use the network say of it: how inputs and outputs are scaled, for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usage: Option<serde_json::Value>,
}

/// How weights are stored; either way a network computes with f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Four bytes a weight.
    #[default]
    F32,
    /// Two bytes a weight, of 11 significant bits.
    F16,
}

impl<D: NetworkDevice> UNet<D> {
    /// Writes configuration and weights.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.save_for(path, None, Precision::F32)
    }

    /// Writes configuration and weights, with what their user wants to find again in `usage`.
    ///
    /// # Errors
    /// When the file cannot be written, or weights are too large for the precision.
    pub fn save_for(
        &self,
        path: impl AsRef<Path>,
        usage: Option<serde_json::Value>,
        precision: Precision,
    ) -> Result<()> {
        let path = path.as_ref();
        let about = About {
            version: VERSION,
            config: self.config().clone(),
            usage,
        };
        let about = serde_json::to_string(&about)
            .map_err(|e| Error::format(path, "metadata", e.to_string()))?;
        let metadata = HashMap::from([(KEY.to_owned(), about)]);
        let values = self.parameters().values();
        let named = self
            .parameters()
            .entries()
            .iter()
            .zip(&values)
            .map(|(entry, values)| (entry.name.clone(), entry.shape.clone(), values.as_slice()));
        save_tensors(path, named, metadata, precision)
    }

    /// Reads a network.
    ///
    /// # Errors
    /// When the file is no safetensors file, or tensors are missing, unknown, of another shape, or
    /// not of finite numbers; each is named.
    pub fn load(path: impl AsRef<Path>, device: &D) -> Result<Self> {
        Ok(Self::load_with_usage(path, device)?.0)
    }

    /// Reads a network, and what was written beside it.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_with_usage(
        path: impl AsRef<Path>,
        device: &D,
    ) -> Result<(Self, Option<serde_json::Value>)> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
        let (file, metadata) = parse(path, &bytes)?;
        let (config, usage) = match metadata.get(KEY) {
            Some(about) => {
                let about: About = serde_json::from_str(about)
                    .map_err(|e| Error::format(path, "metadata", e.to_string()))?;
                if about.version != VERSION {
                    let found = about.version;
                    let problem = format!("version {found}, this program reads {VERSION}");
                    return Err(Error::format(path, "metadata", problem));
                }
                (about.config, about.usage)
            }
            None => (infer(path, &file)?, None),
        };
        let values = tensors(path, &file, &config)?;
        let parameters = Parameters::from_values(&config, values, device)?;
        Ok((UNet::new(config, parameters)?, usage))
    }
}

/// Writes named tensors.
///
/// # Errors
/// When the file cannot be written, or a value is too large for the precision.
pub fn save_tensors<'a>(
    path: &Path,
    tensors: impl Iterator<Item = (String, Vec<usize>, &'a [f32])>,
    metadata: HashMap<String, String>,
    precision: Precision,
) -> Result<()> {
    let dtype = match precision {
        Precision::F32 => Dtype::F32,
        Precision::F16 => Dtype::F16,
    };
    let bytes = tensors
        .map(|(name, shape, values)| {
            let bytes = match precision {
                Precision::F32 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
                Precision::F16 => half_bytes(path, &name, values)?,
            };
            Ok((name, shape, bytes))
        })
        .collect::<Result<Vec<(String, Vec<usize>, Vec<u8>)>>>()?;
    let wrong = |e: safetensors::SafeTensorError| Error::format(path, "tensors", e.to_string());
    let views = bytes
        .iter()
        .map(|(name, shape, bytes)| {
            let view = TensorView::new(dtype, shape.clone(), bytes).map_err(wrong)?;
            Ok((name.as_str(), view))
        })
        .collect::<Result<Vec<_>>>()?;
    let whole = safetensors::serialize(views, Some(metadata)).map_err(wrong)?;
    save_whole(path, &whole)
}

/// The nearest values of half precision.
///
/// # Errors
/// When a value has none.
fn half_bytes(path: &Path, name: &str, values: &[f32]) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(2 * values.len());
    for (at, &value) in values.iter().enumerate() {
        let half = half::f16::from_f32(value);
        if value.is_finite() && !half.is_finite() {
            let problem = format!("value {at}, {value}, has no half-precision number: keep f32");
            return Err(Error::format(path, format!("tensor {name}"), problem));
        }
        bytes.extend(half.to_le_bytes());
    }
    Ok(bytes)
}

/// The tensors of a safetensors file, and its metadata.
///
/// # Errors
/// When it is none.
pub fn parse<'a>(
    path: &Path,
    bytes: &'a [u8],
) -> Result<(SafeTensors<'a>, HashMap<String, String>)> {
    let wrong = |e: safetensors::SafeTensorError| {
        Error::format(path, "header", format!("no safetensors file: {e}"))
    };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(wrong)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    Ok((SafeTensors::deserialize(bytes).map_err(wrong)?, metadata))
}

/// The values of a tensor of f32, f16 or bf16.
///
/// # Errors
/// When the file has no such tensor, or it has another type, or values that are not finite.
pub fn values(path: &Path, file: &SafeTensors, name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
    let place = || format!("tensor {name}");
    let tensor = file
        .tensor(name)
        .map_err(|_| Error::format(path, place(), "missing"))?;
    let half = |bits: &[u8]| u16::from_le_bytes([bits[0], bits[1]]);
    let values: Vec<f32> = match tensor.dtype() {
        Dtype::F32 => tensor
            .data()
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect(),
        Dtype::F16 => tensor
            .data()
            .chunks_exact(2)
            .map(|bits| half::f16::from_bits(half(bits)).to_f32())
            .collect(),
        Dtype::BF16 => tensor
            .data()
            .chunks_exact(2)
            .map(|bits| half::bf16::from_bits(half(bits)).to_f32())
            .collect(),
        other => {
            let problem = format!("holds {other:?}; expected F32, F16 or BF16");
            return Err(Error::format(path, place(), problem));
        }
    };
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        let problem = format!("value {at} is {}", values[at]);
        return Err(Error::format(path, place(), problem));
    }
    Ok((tensor.shape().to_vec(), values))
}

/// All tensors of a configuration, in order; the file may hold no others.
fn tensors(path: &Path, file: &SafeTensors, config: &UNetConfig) -> Result<Vec<Vec<f32>>> {
    let entries = layout(config);
    let known = |name: &str| entries.iter().any(|entry| entry.name == name);
    if let Some(name) = file.names().into_iter().find(|name| !known(name)) {
        let problem = "the network has no such parameter";
        return Err(Error::format(path, format!("tensor {name}"), problem));
    }
    let read = |Entry { name, shape, .. }: &Entry| {
        let (found, values) = values(path, file, name)?;
        if &found != shape {
            let problem = format!("expected shape {shape:?}, found {found:?}");
            return Err(Error::format(path, format!("tensor {name}"), problem));
        }
        Ok(values)
    };
    entries.iter().map(read).collect()
}

/// The configuration that the shapes of the authors' tensors tell.
fn infer(path: &Path, file: &SafeTensors) -> Result<UNetConfig> {
    let shape = |name: &str| -> Result<[usize; 2]> {
        let problem = || {
            let problem = "missing, or not the weights of a convolution";
            Error::format(path, format!("tensor {name}"), problem)
        };
        let tensor = file.tensor(name).map_err(|_| problem())?;
        match tensor.shape() {
            [outputs, inputs, ..] => Ok([*outputs, *inputs]),
            _ => Err(problem()),
        }
    };
    let [base, channels] = shape("init_conv.weight")?;
    let block = |level: usize| format!("downs.{level}.0.block1.proj.weight");
    let levels = (0..)
        .take_while(|&level| file.tensor(&block(level)).is_ok())
        .count();
    let mut multipliers = Vec::with_capacity(levels);
    for level in 1..=levels {
        let name = if level < levels {
            block(level)
        } else {
            "mid_block1.block1.proj.weight".to_owned()
        };
        let [width, _] = shape(&name)?;
        if base == 0 || width % base != 0 {
            let problem = format!("{width} channels are no multiple of the first level's {base}");
            return Err(Error::format(path, format!("tensor {name}"), problem));
        }
        multipliers.push(width / base);
    }
    let config = UNetConfig {
        channels,
        base,
        multipliers,
        standardisation: WeightStandardisation::Authors,
        padding: Padding::Zero,
    };
    config.check()?;
    Ok(config)
}
