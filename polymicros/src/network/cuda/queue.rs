//! What an operation asks of a GPU, whoever carries it out: memory, kernels and matrix products,
//! in order. A GPU does; in tests the processor does, with the same sources compiled as C++.

/// A CUDA source, with all that it defines.
#[derive(Debug, Clone, Copy)]
pub(in crate::network) struct Source {
    /// Its name among the sources.
    pub name: &'static str,
    /// The text.
    pub text: &'static str,
    /// Its kernels.
    pub kernels: &'static [&'static str],
}

/// How many blocks of how many threads run a kernel.
#[derive(Debug, Clone, Copy)]
pub(in crate::network) struct Shape {
    pub blocks: [usize; 3],
    pub threads: usize,
}

/// What a kernel is given.
pub(in crate::network) enum Argument<'a, B> {
    /// Memory that it reads, from this number on.
    In(&'a B, usize),
    /// Memory that it writes, from this number on.
    Out(&'a mut B, usize),
    /// `Count` in the sources.
    Count(usize),
    /// `float` in the sources.
    Number(f32),
}

/// A matrix in memory, row-major.
pub(in crate::network) struct Matrix<'a, B> {
    pub memory: &'a B,
    /// Its first number.
    pub first: usize,
    /// From one row to the next.
    pub stride: usize,
    /// Whether its transpose is meant.
    pub transposed: bool,
    /// From one matrix to the next where there are several products.
    pub step: usize,
}

/// The matrix that a product is added to or written to.
pub(in crate::network) struct Sum<'a, B> {
    pub memory: &'a mut B,
    pub first: usize,
    pub stride: usize,
    pub step: usize,
    /// Whether it is added to what is there.
    pub add: bool,
}

/// `products` times `sum = left · right`, with `rows`, `depth`, `columns`.
pub(in crate::network) struct Product<'a, B> {
    pub size: [usize; 3],
    pub products: usize,
    pub left: Matrix<'a, B>,
    pub right: Matrix<'a, B>,
    pub sum: Sum<'a, B>,
}

/// A GPU that does one thing after the other.
pub(in crate::network) trait Queue {
    /// Memory of the GPU, in numbers of type f32.
    type Memory;
    /// How it fails.
    type Error;

    /// Memory of this many zeros.
    fn zeros(&self, numbers: usize) -> Result<Self::Memory, Self::Error>;

    /// Runs a kernel of a source.
    fn launch(
        &self,
        source: &Source,
        kernel: &'static str,
        shape: Shape,
        arguments: &mut [Argument<'_, Self::Memory>],
    ) -> Result<(), Self::Error>;

    /// Multiplies matrices.
    fn multiply(&self, product: Product<'_, Self::Memory>) -> Result<(), Self::Error>;
}

impl<'a, B> Matrix<'a, B> {
    /// A whole matrix of rows of this length.
    pub fn new(memory: &'a B, stride: usize) -> Self {
        Matrix {
            memory,
            first: 0,
            stride,
            transposed: false,
            step: 0,
        }
    }

    /// From this number on.
    pub fn at(self, first: usize) -> Self {
        Matrix { first, ..self }
    }

    /// Its transpose.
    pub fn transposed(self) -> Self {
        Matrix {
            transposed: true,
            ..self
        }
    }

    /// The first of several, this far from each other.
    pub fn every(self, step: usize) -> Self {
        Matrix { step, ..self }
    }
}

impl<'a, B> Sum<'a, B> {
    /// A whole matrix of rows of this length, written.
    pub fn written(memory: &'a mut B, stride: usize) -> Self {
        Sum {
            memory,
            first: 0,
            stride,
            step: 0,
            add: false,
        }
    }

    /// The same, added to.
    pub fn added(memory: &'a mut B, stride: usize) -> Self {
        Sum {
            add: true,
            ..Sum::written(memory, stride)
        }
    }

    /// From this number on.
    pub fn at(self, first: usize) -> Self {
        Sum { first, ..self }
    }

    /// The first of several, this far from each other.
    pub fn every(self, step: usize) -> Self {
        Sum { step, ..self }
    }
}
