//! Large buffers that are used again.
//!
//! The operating system gives memory page by page, each cleared, when it is first touched. For
//! work that allocates its results anew every few milliseconds that costs as much as the work:
//! buffers that are no longer needed are kept here for the next one of their size.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Buffers with fewer values are left to the allocator, which keeps such memory itself.
const SMALL: usize = 1 << 13;

/// Most bytes that are kept while nobody uses them.
const KEPT: usize = 1 << 30;

/// What nobody uses.
struct Free {
    /// By capacity; no list is empty.
    by_capacity: BTreeMap<usize, Vec<Vec<f32>>>,
    bytes: usize,
}

static FREE: Mutex<Free> = Mutex::new(Free {
    by_capacity: BTreeMap::new(),
    bytes: 0,
});

fn free() -> MutexGuard<'static, Free> {
    // What is kept is complete at every moment: a panic elsewhere leaves nothing half done.
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Free {
    /// A buffer that can hold `len` values and not many more.
    fn pop(&mut self, len: usize) -> Option<Vec<f32>> {
        let (&capacity, list) = self.by_capacity.range_mut(len..=len + len / 4).next()?;
        let values = list.pop();
        if list.is_empty() {
            self.by_capacity.remove(&capacity);
        }
        self.bytes -= 4 * capacity;
        values
    }

    fn push(&mut self, values: Vec<f32>) {
        let capacity = values.capacity();
        if self.bytes + 4 * capacity <= KEPT {
            self.bytes += 4 * capacity;
            self.by_capacity.entry(capacity).or_default().push(values);
        }
    }
}

/// Values whose memory is kept for the next buffer when they are dropped.
#[derive(Debug, Default)]
pub(crate) struct Buffer(Vec<f32>);

impl Buffer {
    /// A buffer with values that make no sense: all are to be written before they are read.
    pub fn stale(len: usize) -> Self {
        let mut values = match len {
            0..SMALL => None,
            _ => free().pop(len),
        }
        .unwrap_or_else(|| vec![0.0; len]);
        values.resize(len, 0.0);
        if cfg!(test) {
            values.fill(f32::NAN);
        }
        Buffer(values)
    }

    /// A buffer of zeros.
    pub fn zeros(len: usize) -> Self {
        let kept = match len {
            0..SMALL => None,
            _ => free().pop(len),
        };
        Buffer(match kept {
            // Fresh memory is zero already.
            None => vec![0.0; len],
            Some(mut values) => {
                values.clear();
                values.resize(len, 0.0);
                values
            }
        })
    }

    /// The values, with memory that is not kept.
    pub fn into_vec(mut self) -> Vec<f32> {
        std::mem::take(&mut self.0)
    }
}

impl From<Vec<f32>> for Buffer {
    fn from(values: Vec<f32>) -> Self {
        Buffer(values)
    }
}

impl Deref for Buffer {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.0.capacity() >= SMALL {
            free().push(std::mem::take(&mut self.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_and_zeros_are_zero() {
        // A length that no other test asks for.
        let len = 1_234_567;
        let mut first = Buffer::zeros(len);
        assert!(first.iter().all(|&value| value == 0.0));
        first.fill(3.0);
        let place = first.as_ptr();
        drop(first);
        let second = Buffer::zeros(len - 1000);
        assert_eq!(second.as_ptr(), place);
        assert_eq!(second.len(), len - 1000);
        assert!(second.iter().all(|&value| value == 0.0));
        drop(second);
        let third = Buffer::stale(len);
        assert_eq!((third.as_ptr(), third.len()), (place, len));
    }

    #[test]
    fn a_much_larger_one_is_not_spent_on_a_small_one() {
        let len = 7_654_321;
        let place = Buffer::zeros(len).as_ptr();
        let small = Buffer::zeros(len / 2);
        assert!(small.as_ptr() != place);
    }

    #[test]
    fn no_more_is_kept_than_allowed() {
        let mut free = Free {
            by_capacity: BTreeMap::new(),
            bytes: 0,
        };
        let size = KEPT / 4 / 3;
        for _ in 0..5 {
            free.push(Vec::with_capacity(size));
        }
        assert!(free.bytes <= KEPT);
        assert_eq!(free.by_capacity.values().map(Vec::len).sum::<usize>(), 3);
        while free.pop(size).is_some() {}
        assert_eq!(free.bytes, 0);
        assert!(free.by_capacity.is_empty());
    }
}
