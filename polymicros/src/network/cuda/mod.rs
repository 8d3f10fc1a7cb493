//! NVIDIA GPUs: dfdx's `Cuda`, with kernels of our own where dfdx's operations are slow or keep too
//! much.
//!
//! The sources (`.cu`) lie beside the CPU's kernels and are compiled by NVRTC when an operation is
//! first used. What surrounds them, which kernels in which order on which memory, is written once
//! for anything that runs them in order ([`queue`]): a GPU, or in tests the processor, which
//! compiles the same sources as C++.
//!
//! Here is what all operations need; of each operation its folder `cuda` has `kernels.cu`, in
//! `mod.rs` the kernels and products that it is made of, in `tape.rs` how it joins dfdx's tape, and
//! `tests.rs`, which runs the first two on the processor.

#[cfg(feature = "cuda")]
mod driver;
#[cfg(test)]
pub(super) mod emulator;
pub(super) mod exchange;
#[cfg(feature = "cuda")]
pub(super) mod gpu;
pub(super) mod queue;
pub(super) mod sums;

#[cfg(feature = "cuda")]
pub(super) use driver::{count, facts, open};
