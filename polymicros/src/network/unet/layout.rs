//! Names and shapes of all parameters, as the authors' PyTorch module tree has them.

use super::config::UNetConfig;
use crate::network::attention::HIDDEN;

/// A parameter: its name and shape, and how it starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Path in the module tree, such as `downs.0.1.block1.proj.weight`.
    pub name: String,
    /// Shape in PyTorch's order.
    pub shape: Vec<usize>,
    /// How it starts.
    pub start: Initial,
}

/// How a parameter starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Initial {
    /// Uniform between minus and plus one over the root of this many inputs (PyTorch's default).
    Uniform(usize),
    /// One, as the factor of a normalisation.
    One,
    /// Zero, as the summand of a normalisation.
    Zero,
}

/// All parameters, in the order of the module tree.
pub fn layout(config: &UNetConfig) -> Vec<Entry> {
    let mut layout = Layout {
        entries: Vec::new(),
        time: config.time_features(),
    };
    let widths = config.widths();
    let levels = widths.len() - 1;
    let last = widths[levels];
    layout.convolution("init_conv", config.channels, config.base, 1);
    layout.linear("time_mlp.1", config.base, layout.time);
    layout.linear("time_mlp.3", layout.time, layout.time);
    for level in 0..levels {
        let (width, next) = (widths[level], widths[level + 1]);
        let at = |part: &str| format!("downs.{level}.{part}");
        layout.residual_block(&at("0"), width, width);
        layout.residual_block(&at("1"), width, width);
        layout.attention(&at("2.fn"), width);
        if level + 1 < levels {
            layout.convolution(&at("3.1"), 8 * width, next, 1);
        } else {
            layout.convolution(&at("3"), width, next, 3);
        }
    }
    layout.residual_block("mid_block1", last, last);
    layout.norm("mid_attn.fn.norm", last);
    layout.residual_block("mid_block2", last, last);
    for up in 0..levels {
        let (width, next) = (widths[levels - up], widths[levels - up - 1]);
        let at = |part: &str| format!("ups.{up}.{part}");
        layout.residual_block(&at("0"), width + next, width);
        layout.residual_block(&at("1"), width + next, width);
        layout.attention(&at("2.fn"), width);
        let name = if up + 1 < levels { at("3.1") } else { at("3") };
        layout.convolution(&name, width, next, 3);
    }
    layout.residual_block("final_res_block", 2 * config.base, config.base);
    layout.convolution("final_conv", config.base, config.channels, 1);
    layout.entries
}

struct Layout {
    entries: Vec<Entry>,
    time: usize,
}

impl Layout {
    fn add(&mut self, at: &str, part: &str, shape: &[usize], start: Initial) {
        self.entries.push(Entry {
            name: format!("{at}.{part}"),
            shape: shape.to_vec(),
            start,
        });
    }

    fn convolution(&mut self, at: &str, inputs: usize, outputs: usize, edge: usize) {
        let start = Initial::Uniform(inputs * edge.pow(3));
        self.add(at, "weight", &[outputs, inputs, edge, edge, edge], start);
        self.add(at, "bias", &[outputs], start);
    }

    fn linear(&mut self, at: &str, inputs: usize, outputs: usize) {
        self.add(at, "weight", &[outputs, inputs], Initial::Uniform(inputs));
        self.add(at, "bias", &[outputs], Initial::Uniform(inputs));
    }

    fn norm(&mut self, at: &str, channels: usize) {
        self.add(at, "weight", &[channels], Initial::One);
        self.add(at, "bias", &[channels], Initial::Zero);
    }

    fn residual_block(&mut self, at: &str, inputs: usize, outputs: usize) {
        self.linear(&format!("{at}.mlp.1"), self.time, 2 * outputs);
        self.convolution(&format!("{at}.block1.proj"), inputs, outputs, 3);
        self.norm(&format!("{at}.block1.norm"), outputs);
        self.convolution(&format!("{at}.block2.proj"), outputs, outputs, 3);
        self.norm(&format!("{at}.block2.norm"), outputs);
        if inputs != outputs {
            self.convolution(&format!("{at}.res_conv"), inputs, outputs, 1);
        }
    }

    fn attention(&mut self, at: &str, channels: usize) {
        self.norm(&format!("{at}.norm"), channels);
        let shape = [3 * HIDDEN, channels, 1, 1, 1];
        let start = Initial::Uniform(channels);
        self.add(&format!("{at}.fn.to_qkv"), "weight", &shape, start);
        self.convolution(&format!("{at}.fn.to_out.0"), HIDDEN, channels, 1);
        self.norm(&format!("{at}.fn.to_out.1"), channels);
    }
}
