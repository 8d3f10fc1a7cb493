//! Large buffers that are used again.
//!
//! The operating system gives memory page by page, each cleared, when it is first touched. For
//! work that allocates its results anew every few milliseconds that costs as much as the work:
//! buffers that are no longer needed are kept here for the next one of their size.

use ndarray::{ArcArray, Array, Dimension};
use rustfft::num_complex::Complex;
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Buffers with fewer values are left to the allocator, which keeps such memory itself.
const SMALL: usize = 1 << 13;

/// Most bytes of each kind of value that are kept while nobody uses them.
const KEPT: usize = 1 << 30;

/// Values whose buffers are kept.
pub(crate) trait Value: Copy + Send + 'static {
    const ZERO: Self;
    /// What a test finds where it reads before it writes.
    const STALE: Self;

    /// The buffers that nobody uses.
    fn free() -> &'static Mutex<Free<Self>>;
}

/// Each kind of value keeps buffers of its own.
macro_rules! kept {
    ($($value:ty: $zero:expr, $stale:expr;)*) => {$(
        impl Value for $value {
            const ZERO: Self = $zero;
            const STALE: Self = $stale;

            fn free() -> &'static Mutex<Free<Self>> {
                static FREE: Mutex<Free<$value>> = Mutex::new(Free::NONE);
                &FREE
            }
        }
    )*};
}

kept! {
    f32: 0.0, f32::NAN;
    f64: 0.0, f64::NAN;
    // Values rounded to bf16, as bits.
    u16: 0, 0x7fc0;
    Complex<f32>: Complex::new(0.0, 0.0), Complex::new(f32::NAN, f32::NAN);
    Complex<f64>: Complex::new(0.0, 0.0), Complex::new(f64::NAN, f64::NAN);
}

/// What nobody uses.
pub(crate) struct Free<T> {
    /// By capacity; no list is empty.
    by_capacity: BTreeMap<usize, Vec<Vec<T>>>,
    bytes: usize,
}

impl<T> Free<T> {
    const NONE: Self = Free {
        by_capacity: BTreeMap::new(),
        bytes: 0,
    };

    /// A buffer that can hold `len` values and not many more.
    fn pop(&mut self, len: usize) -> Option<Vec<T>> {
        let (&capacity, list) = self.by_capacity.range_mut(len..=len + len / 4).next()?;
        let values = list.pop();
        if list.is_empty() {
            self.by_capacity.remove(&capacity);
        }
        self.bytes -= size_of::<T>() * capacity;
        values
    }

    fn push(&mut self, values: Vec<T>) {
        let bytes = size_of::<T>() * values.capacity();
        if self.bytes + bytes <= KEPT {
            self.bytes += bytes;
            let list = self.by_capacity.entry(values.capacity());
            list.or_default().push(values);
        }
    }
}

fn free<T: Value>() -> MutexGuard<'static, Free<T>> {
    // What is kept is complete at every moment: a panic elsewhere leaves nothing half done.
    T::free().lock().unwrap_or_else(PoisonError::into_inner)
}

/// A kept buffer for `len` values.
fn used<T: Value>(len: usize) -> Option<Vec<T>> {
    if len < SMALL { None } else { free().pop(len) }
}

/// Values whose memory is kept for the next buffer when they are dropped.
#[derive(Debug, Default)]
pub(crate) struct Reused<T: Value>(Vec<T>);

/// The kind that the network uses.
pub(crate) type Buffer = Reused<f32>;

impl<T: Value> Reused<T> {
    /// A buffer with values that make no sense: all are to be written before they are read.
    pub fn stale(len: usize) -> Self {
        let mut values = used(len).unwrap_or_else(|| vec![T::ZERO; len]);
        values.resize(len, T::ZERO);
        if cfg!(test) {
            values.fill(T::STALE);
        }
        Reused(values)
    }

    /// A buffer of zeros.
    pub fn zeros(len: usize) -> Self {
        Reused(match used(len) {
            // Fresh memory is zero already.
            None => vec![T::ZERO; len],
            Some(mut values) => {
                values.clear();
                values.resize(len, T::ZERO);
                values
            }
        })
    }

    /// The values, with memory that is not kept.
    pub fn into_vec(mut self) -> Vec<T> {
        std::mem::take(&mut self.0)
    }
}

impl<T: Value> From<Vec<T>> for Reused<T> {
    fn from(values: Vec<T>) -> Self {
        Reused(values)
    }
}

impl<T: Value> Deref for Reused<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Value> DerefMut for Reused<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T: Value> Drop for Reused<T> {
    fn drop(&mut self) {
        if self.0.capacity() >= SMALL {
            free().push(std::mem::take(&mut self.0));
        }
    }
}

/// A shared array whose memory is kept for the next buffer when the last who holds it drops it.
///
/// An array that is given away as itself (`values().clone()`) keeps the memory to itself.
#[derive(Debug, Clone)]
pub(crate) struct SharedArray<D: Dimension>(ArcArray<f32, D>);

impl<D: Dimension> From<Array<f32, D>> for SharedArray<D> {
    fn from(values: Array<f32, D>) -> Self {
        SharedArray(values.into_shared())
    }
}

impl<D: Dimension> Deref for SharedArray<D> {
    type Target = ArcArray<f32, D>;
    fn deref(&self) -> &ArcArray<f32, D> {
        &self.0
    }
}

impl<D: Dimension> DerefMut for SharedArray<D> {
    fn deref_mut(&mut self) -> &mut ArcArray<f32, D> {
        &mut self.0
    }
}

impl<D: Dimension> Drop for SharedArray<D> {
    fn drop(&mut self) {
        if self.0.len() >= SMALL
            && let Ok(values) = std::mem::take(&mut self.0).try_into_owned_nocopy()
        {
            drop(Reused::from(values.into_raw_vec_and_offset().0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;

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
    fn the_last_owner_of_an_array_gives_its_memory_back() {
        let len = 2_345_678;
        let array = || SharedArray::from(Array1::from_vec(Buffer::zeros(len).into_vec()));
        let first = array();
        let place = first.as_ptr();
        let clone = first.clone();
        drop(first);
        let second = array();
        assert_ne!(second.as_ptr(), place, "a clone still holds the memory");
        assert_eq!(clone.sum(), 0.0);
        drop(clone);
        let third = array();
        assert_eq!(third.as_ptr(), place);
        let given = (*third).clone();
        drop(third);
        assert_ne!(array().as_ptr(), place, "the array was given away");
        assert_eq!(given.len(), len);
    }

    #[test]
    fn no_more_is_kept_than_allowed() {
        let mut free = Free::<f32>::NONE;
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
