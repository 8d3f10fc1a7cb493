//! Memory in large pages.
//!
//! The system gives memory in pages of 4 KiB and clears each when it is first touched, in an
//! interrupt of the program: for a result of 50 MB these 12,000 interrupts can take as long as the
//! work. Linux gives pages of 2 MiB to who asks for them (numpy does for its arrays).

use ndarray::{Array, ShapeBuilder};
use rustfft::num_traits::Zero;

/// Zeros for a result, in large pages where the system has them and the size is worth it.
pub(crate) fn zeros<T: Clone + Zero, S: ShapeBuilder>(shape: S) -> Array<T, S::Dim> {
    // Zeroed memory of this size comes fresh from the system: nothing has touched it yet.
    let zeros = Array::zeros(shape);
    #[cfg(target_os = "linux")]
    if let Some(values) = zeros.as_slice() {
        ask(values);
    }
    zeros
}

#[cfg(target_os = "linux")]
fn ask<T>(values: &[T]) {
    use rustix::mm::{Advice, madvise};

    /// Smaller ones gain nothing: the part that fills whole large pages is too small.
    const LEAST: usize = 4 << 20;
    const PAGE: usize = 4096;

    let bytes = size_of_val(values);
    let start = values.as_ptr().cast::<u8>();
    let skipped = start.align_offset(PAGE);
    if bytes < LEAST || skipped >= bytes {
        return;
    }
    let whole = (bytes - skipped) / PAGE * PAGE;
    // A system without large pages gives small ones: nothing is lost but time.
    //
    // SAFETY: the range lies within one allocation that is borrowed here, and this advice changes
    // neither what the memory holds nor whether it may be accessed.
    #[allow(unsafe_code)]
    let _ = unsafe {
        let start = start.add(skipped).cast_mut().cast();
        madvise(start, whole, Advice::LinuxHugepage)
    };
}
