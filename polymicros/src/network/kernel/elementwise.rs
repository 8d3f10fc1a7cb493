//! Elementary functions that compile to vector instructions.

/// `exp(x)`, within 3 units in the last place; inputs beyond ±87 give the value there.
///
/// The standard library's function is a call for each value; this one is a dozen operations that
/// the compiler makes vector instructions of, with whatever width the calling function has.
#[inline(always)]
pub(in crate::network) fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    // ln 2 in two parts, the first exact in few bits, so that x - n ln 2 loses none.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Adding 1.5 * 2^23 rounds to an integer, which is then in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 87.0);
    let shifted = x * LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    // Taylor's series on |r| < 0.35, its next term is below 1e-8.
    let p = 1.0 / 720.0 + r * (1.0 / 5040.0);
    let p = 1.0 / 120.0 + r * p;
    let p = 1.0 / 24.0 + r * p;
    let p = 1.0 / 6.0 + r * p;
    let p = 0.5 + r * p;
    let p = 1.0 + r * (1.0 + r * p);
    let power = (shifted.to_bits().wrapping_add(127) & 0xff) << 23;
    p * f32::from_bits(power)
}

/// `1 / (1 + exp(-x))`.
#[inline(always)]
pub(in crate::network) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}
