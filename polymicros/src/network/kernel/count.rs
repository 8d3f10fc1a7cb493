//! How many multiplications the kernels have done on this thread: what the cost model is compared
//! with.

use super::Segment;
use std::cell::Cell;

thread_local! {
    static DONE: Cell<u64> = const { Cell::new(0) };
}

/// Adds those of a product of `rows` rows of the segments with `columns` columns.
pub(super) fn add(rows: usize, segments: &[Segment], columns: usize) {
    let depth: usize = segments.iter().map(|segment| segment.depth).sum();
    DONE.set(DONE.get() + (rows * depth * columns) as u64);
}

/// Multiplications so far.
pub(in crate::network) fn done() -> u64 {
    DONE.get()
}
