//! Buffers of values rounded to bf16.

use super::{DEPTH, SIDE};
use crate::buffer::Reused;
use std::ops::{Deref, DerefMut};

/// Bytes of a line of the cache: a row of a tile that lies in two takes twice as long to load.
const LINE: usize = 64;

/// Values rounded to bf16, as bits, that begin at a line of the cache.
#[derive(Debug)]
pub(in crate::network) struct Rounded {
    values: Reused<u16>,
    start: usize,
    len: usize,
}

impl Rounded {
    /// A buffer of `len` values that make no sense. After them come zeros, as many as a tile reads
    /// whose first value is one of these and whose rows are `stride` values apart.
    pub fn stale(len: usize, stride: usize) -> Self {
        let after = (SIDE - 1) * stride + DEPTH;
        let align = LINE / size_of::<u16>();
        let mut values = Reused::<u16>::stale(len + after + align);
        let start = values.as_ptr().align_offset(LINE).min(align);
        values[start + len..].fill(0);
        Rounded { values, start, len }
    }

    /// The same of zeros.
    pub fn zeros(len: usize, stride: usize) -> Self {
        let mut zeros = Self::stale(len, stride);
        zeros.fill(0);
        zeros
    }

    /// The values, and the zeros after them.
    pub fn with_margin(&self) -> &[u16] {
        &self.values[self.start..]
    }
}

impl Deref for Rounded {
    type Target = [u16];
    fn deref(&self) -> &[u16] {
        &self.values[self.start..self.start + self.len]
    }
}

impl DerefMut for Rounded {
    fn deref_mut(&mut self) -> &mut [u16] {
        &mut self.values[self.start..self.start + self.len]
    }
}
