//! The network (appendix C): the UNet of DDPM in three dimensions, with linear attention and
//! standardised weights, and residual blocks that know the noise level.

mod config;
mod layout;
mod parameters;
#[cfg(test)]
mod tests;
mod time;

pub use config::UNetConfig;
pub use layout::{Entry, Initial, layout};
pub use parameters::{Parameter, Parameters};

use super::activation::Activation;
use super::attention::AttentionWeights;
use super::convolution::{Convolution, Padding};
use super::group_norm::GroupNorm;
use super::tensor::{Matrix, Vector, Volume};
use super::{Arithmetic, NetworkDevice};
use crate::{Error, Result};
use config::GROUPS;
use dfdx::prelude::{HasShape, PutTape, SplitTape, Tape};
use parameters::Scope;

/// The network with its parameters on a device.
#[derive(Debug, Clone)]
pub struct UNet<D: NetworkDevice> {
    config: UNetConfig,
    parameters: Parameters<D>,
    arithmetic: Arithmetic,
}

impl<D: NetworkDevice> UNet<D> {
    /// A network before training.
    ///
    /// # Errors
    /// When no network has this size, or memory runs out.
    pub fn initial(config: UNetConfig, seed: u64, device: &D) -> Result<Self> {
        let parameters = Parameters::initial(&config, seed, device)?;
        Ok(UNet {
            config,
            parameters,
            arithmetic: Arithmetic::F32,
        })
    }

    /// A network with given parameters.
    ///
    /// # Errors
    /// When they are not this network's.
    pub fn new(config: UNetConfig, parameters: Parameters<D>) -> Result<Self> {
        config.check()?;
        if parameters.entries() != layout(&config) {
            return Err(Error::value(
                "parameters of a network",
                "their names and shapes are not those of the configuration",
            ));
        }
        Ok(UNet {
            config,
            parameters,
            arithmetic: Arithmetic::F32,
        })
    }

    /// The same network with its products computed in this arithmetic; f32 otherwise.
    ///
    /// # Errors
    /// When the device computes in f32 only.
    pub fn with(mut self, arithmetic: Arithmetic) -> Result<Self> {
        if arithmetic == Arithmetic::Bf16 && !D::ROUNDS {
            let problem = "bf16 is for the processor: this device computes in f32 only";
            return Err(Error::value("precision", problem));
        }
        self.arithmetic = arithmetic;
        Ok(self)
    }

    /// Size and variant.
    pub fn config(&self) -> &UNetConfig {
        &self.config
    }

    /// The parameters.
    pub fn parameters(&self) -> &Parameters<D> {
        &self.parameters
    }

    /// The parameters, to be changed.
    pub fn parameters_mut(&mut self) -> &mut Parameters<D> {
        &mut self.parameters
    }

    /// The bare network: `x` in shape `batch, x, y, z, channel`, and a time input for each member
    /// of the batch, which in the denoiser is `c_noise` (paper Eq. 19).
    ///
    /// # Errors
    /// When shapes do not fit, an edge is not a multiple of [`UNetConfig::coarsening`], or memory
    /// runs out.
    pub fn forward<T: Tape<f32, D>>(
        &self,
        x: Volume<D, T>,
        t: Vector<D>,
        padding: Padding,
    ) -> Result<Volume<D, T>> {
        self.check(&x, &t)?;
        let (embedding, tape) =
            time::embedding::<D, T>(&self.parameters, self.config.base, t)?.split_tape();
        let (x, own) = x.split_tape();
        let pass = Pass {
            network: self,
            embedding,
            padding,
        };
        let x = Activation::enter(x.put_tape(own.merge(tape)))?;
        let x = pass.convolution("init_conv", x, None, false)?;
        let first = x.retaped();
        let levels = self.config.multipliers.len();
        let mut skips = Vec::with_capacity(2 * levels);
        let x = pass.down(x, levels, &mut skips)?;
        let x = pass.middle(x)?;
        let x = pass.up(x, levels, &mut skips)?;
        let x = pass.residual_block("final_res_block", x, Some(first))?;
        pass.convolution("final_conv", x, None, false)?.leave()
    }

    fn check<T: Tape<f32, D>>(&self, x: &Volume<D, T>, t: &Vector<D>) -> Result<()> {
        let [batch, nx, ny, nz, channels] = *x.shape();
        let multiple = self.config.coarsening();
        if channels != self.config.channels {
            let expected = self.config.channels;
            return Err(Error::shape(
                "channels of the network's input",
                expected,
                channels,
            ));
        }
        if t.shape().0 != batch {
            return Err(Error::shape(
                "time input of the network",
                batch,
                t.shape().0,
            ));
        }
        if [nx, ny, nz].iter().any(|&n| n == 0 || n % multiple != 0) {
            return Err(Error::value(
                "grid of the network's input",
                format!("[{nx}, {ny}, {nz}]: each edge must be a positive multiple of {multiple}"),
            ));
        }
        Ok(())
    }
}

/// One pass through the network.
struct Pass<'a, D: NetworkDevice> {
    network: &'a UNet<D>,
    embedding: Matrix<D>,
    padding: Padding,
}

impl<D: NetworkDevice> Pass<'_, D> {
    fn at(&self, path: &str) -> Scope<'_, D> {
        self.network.parameters.at(path)
    }

    /// To the coarsest grid; the outputs of all residual blocks are kept for the way up.
    fn down<T: Tape<f32, D>>(
        &self,
        mut x: Activation<D, T>,
        levels: usize,
        skips: &mut Vec<Activation<D>>,
    ) -> Result<Activation<D, T>> {
        for level in 0..levels {
            let at = |part: &str| format!("downs.{level}.{part}");
            x = self.residual_block(&at("0"), x, None)?;
            skips.push(x.retaped());
            x = self.residual_block(&at("1"), x, None)?;
            x = self.attention(&at("2.fn"), x)?;
            skips.push(x.retaped());
            x = if level + 1 < levels {
                let halve = self.at(&at("3.1"));
                {
                    let bias = halve.vector("bias")?;
                    D::space_to_depth(x, halve.filter()?, bias, self.network.arithmetic)?
                }
            } else {
                self.convolution(&at("3"), x, None, false)?
            };
        }
        Ok(x)
    }

    fn middle<T: Tape<f32, D>>(&self, x: Activation<D, T>) -> Result<Activation<D, T>> {
        let x = self.residual_block("mid_block1", x, None)?;
        let same = x.retaped();
        let norm = self.at("mid_attn.fn.norm").norm()?;
        let x = D::group_norm(x, norm, None, Some(same), WHOLE)?;
        self.residual_block("mid_block2", x, None)
    }

    /// Back to the finest grid.
    fn up<T: Tape<f32, D>>(
        &self,
        mut x: Activation<D, T>,
        levels: usize,
        skips: &mut Vec<Activation<D>>,
    ) -> Result<Activation<D, T>> {
        for up in 0..levels {
            let at = |part: &str| format!("ups.{up}.{part}");
            x = self.residual_block(&at("0"), x, skips.pop())?;
            x = self.residual_block(&at("1"), x, skips.pop())?;
            x = self.attention(&at("2.fn"), x)?;
            x = if up + 1 < levels {
                self.convolution(&at("3.1"), x, None, true)?
            } else {
                self.convolution(&at("3"), x, None, false)?
            };
        }
        Ok(x)
    }

    fn convolution<T: Tape<f32, D>>(
        &self,
        at: &str,
        x: Activation<D, T>,
        skip: Option<Activation<D>>,
        upsample: bool,
    ) -> Result<Activation<D, T>> {
        let at = self.at(at);
        let how = Convolution {
            padding: self.padding,
            upsample,
            arithmetic: self.network.arithmetic,
        };
        let weight = Activation::enter(at.filter()?.retaped())?;
        D::convolution(x, skip, weight, at.vector("bias")?, how)
    }

    /// A convolution with standardised weights and a normalisation, twice, and a shortcut.
    fn residual_block<T: Tape<f32, D>>(
        &self,
        at: &str,
        x: Activation<D, T>,
        skip: Option<Activation<D>>,
    ) -> Result<Activation<D, T>> {
        let at = self.at(at);
        let how = Convolution {
            padding: self.padding,
            upsample: false,
            arithmetic: self.network.arithmetic,
        };
        let shortcut = if at.has("res_conv.weight") {
            let shortcut = at.at("res_conv");
            let weight = Activation::enter(shortcut.filter()?.retaped())?;
            let bias = shortcut.vector("bias")?;
            D::convolution(x.retaped(), skip.clone(), weight, bias, how)?
        } else {
            x.retaped()
        };
        let convolution = |block: &Scope<'_, D>, x, skip| {
            let at = block.at("proj");
            let form = self.network.config.standardisation;
            let weight = D::standardise(at.filter()?.retaped::<T>(), form)?;
            D::convolution(x, skip, weight, at.vector("bias")?, how)
        };
        let norm = GroupNorm {
            groups: GROUPS,
            silu: true,
        };
        let block = at.at("block1");
        let x = convolution(&block, x, skip)?;
        let modulation = time::modulation(&self.embedding, &at)?;
        let x = D::group_norm(x, block.at("norm").norm()?, Some(modulation), None, norm)?;
        let block = at.at("block2");
        let x = convolution(&block, x, None)?;
        D::group_norm(x, block.at("norm").norm()?, None, Some(shortcut), norm)
    }

    /// Attention over the normalised input, normalised, added to the input.
    fn attention<T: Tape<f32, D>>(
        &self,
        at: &str,
        x: Activation<D, T>,
    ) -> Result<Activation<D, T>> {
        let at = self.at(at);
        let same = x.retaped();
        let x = D::group_norm(x, at.at("norm").norm()?, None, None, WHOLE)?;
        let out = at.at("fn.to_out.0");
        let weights = AttentionWeights {
            qkv: at.at("fn.to_qkv").filter()?,
            out: out.filter()?,
            bias: out.vector("bias")?,
        };
        let x = D::linear_attention(x, weights, self.network.arithmetic)?;
        let norm = at.at("fn.to_out.1").norm()?;
        D::group_norm(x, norm, None, Some(same), WHOLE)
    }
}

/// One group of all channels.
const WHOLE: GroupNorm = GroupNorm {
    groups: 1,
    silu: false,
};
