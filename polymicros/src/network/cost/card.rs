//! What cards can do, by their maker's data sheets.

/// A kind of GPU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Card {
    /// Its name.
    pub name: &'static str,
    /// Additions and multiplications a second in FP32, outside the tensor cores.
    pub fp32: f64,
    /// The same in the tensor cores with TF32 inputs, of dense matrices.
    pub tf32: f64,
    /// Bytes a second to and from its memory.
    pub bandwidth: f64,
    /// Bytes a second to or from the processor.
    pub bus: f64,
    /// Bytes of memory.
    pub memory: f64,
}

impl Card {
    /// NVIDIA A100 80GB SXM.
    pub const A100: Card = Card {
        name: "A100 80GB",
        fp32: 19.5e12,
        tf32: 156e12,
        bandwidth: 2.039e12,
        bus: 32e9,
        memory: 80e9,
    };

    /// NVIDIA H100 80GB SXM.
    pub const H100: Card = Card {
        name: "H100 80GB",
        fp32: 67e12,
        tf32: 494.5e12,
        bandwidth: 3.35e12,
        bus: 64e9,
        memory: 80e9,
    };

    /// NVIDIA H200 141GB SXM.
    pub const H200: Card = Card {
        name: "H200 141GB",
        fp32: 67e12,
        tf32: 494.5e12,
        bandwidth: 4.8e12,
        bus: 64e9,
        memory: 141e9,
    };

    /// Those that the paper uses, and the one between them.
    pub const ALL: [Card; 3] = [Card::A100, Card::H100, Card::H200];

    /// Additions and multiplications a second at its best.
    pub fn peak(&self, mode: MathMode) -> f64 {
        match mode {
            MathMode::Fp32 => self.fp32,
            MathMode::Tf32 => self.tf32,
        }
    }
}

/// How a card multiplies matrices, as cuBLAS calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MathMode {
    /// In FP32, as cuBLAS does unless told otherwise.
    Fp32,
    /// In the tensor cores, inputs rounded to 11 significant bits, as PyTorch's convolutions do
    /// unless told otherwise.
    Tf32,
}

impl MathMode {
    /// Both.
    pub const ALL: [MathMode; 2] = [MathMode::Fp32, MathMode::Tf32];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            MathMode::Fp32 => "FP32",
            MathMode::Tf32 => "TF32",
        }
    }
}
