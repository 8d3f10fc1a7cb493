//! Short loops for vector instructions.

use super::SIDE;

/// Replaces values by what they and two others give, sixteen at a time: the compiler makes no vector
/// instructions of a loop that may turn out to have so few steps.
#[inline(always)]
pub(in crate::network) fn each(
    to: &mut [f32],
    a: &[f32],
    b: &[f32],
    value: impl Fn(f32, f32, f32) -> f32,
) {
    let (to, to_rest) = to.as_chunks_mut::<SIDE>();
    let (a, a_rest) = a.as_chunks::<SIDE>();
    let (b, b_rest) = b.as_chunks::<SIDE>();
    for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
        for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
            *to = value(*to, *a, *b);
        }
    }
    for ((to, a), b) in to_rest.iter_mut().zip(a_rest).zip(b_rest) {
        *to = value(*to, *a, *b);
    }
}
