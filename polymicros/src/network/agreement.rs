//! How the tests compare an operation's two versions, and gradients with finite differences.

use super::tensor::{Volume, read};
use dfdx::prelude::{
    Axis, Backward, Cpu, Gradients, HasShape, OwnedTape, ReshapeTo, Shape, SumTo, Tensor,
    TensorFromVec, Trace, TryMul,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Any tensor, on a tape of its own.
pub type Traced<S> = Tensor<S, f32, Cpu, OwnedTape<f32, Cpu>>;

/// Numbers between -1 and 1.
pub fn random<S: Shape>(seed: u64, shape: S) -> Tensor<S, f32, Cpu> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values = (0..shape.num_elements())
        .map(|_| rng.random_range(-1.0..1.0))
        .collect();
    Cpu::default().tensor_from_vec(values, shape)
}

/// The same tensor on a tape.
pub fn traced<S: Shape>(tensor: &Tensor<S, f32, Cpu>) -> Traced<S> {
    tensor.leaky_trace()
}

/// A fixed weighted sum of all values: something to differentiate.
pub fn weights(count: usize) -> Vec<f32> {
    (0..count).map(|i| (1.7 * i as f32).sin()).collect()
}

/// Values, and the gradients of their weighted sum.
pub fn differentiate<S: Shape>(y: Traced<S>) -> (Vec<f32>, Gradients<f32, Cpu>) {
    differentiate_with(y, |weight| weight)
}

/// The same of the sum with other weights, which are the gradient that `y` gets.
pub fn differentiate_with<S: Shape>(
    y: Traced<S>,
    other: impl Fn(f32) -> f32,
) -> (Vec<f32>, Gradients<f32, Cpu>) {
    let values = read(&y);
    let weights = weights(values.len()).into_iter().map(other).collect();
    let weights = Cpu::default().tensor_from_vec(weights, *y.shape());
    let flat = (values.len(),);
    let products: Traced<S> = TryMul::<Tensor<S, f32, Cpu>>::try_mul(y, weights).unwrap();
    let sum: Traced<()> = products.reshape_like(&flat).sum::<(), Axis<0>>();
    (values, sum.backward())
}

/// The gradient with respect to a tensor.
pub fn gradient<S: Shape>(of: &Gradients<f32, Cpu>, tensor: &Tensor<S, f32, Cpu>) -> Vec<f32> {
    read(&of.get(tensor))
}

/// # Panics
/// When two vectors differ by more than `tolerance` times the largest value; where all are small
/// they are sums of numbers of order one that happen to cancel, with the errors of those.
pub fn assert_close(what: &str, a: &[f32], b: &[f32], tolerance: f32) {
    assert_eq!(a.len(), b.len(), "{what}");
    let largest = b.iter().fold(0.0f32, |most, b| most.max(b.abs())).max(0.3);
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        let close = (a - b).abs() <= tolerance * largest;
        assert!(close, "{what}: {a} and {b} at {i}, largest {largest}");
    }
}

/// # Panics
/// When the difference of two vectors is longer than `tolerance` times the second.
pub fn assert_near(what: &str, a: &[f32], b: &[f32], tolerance: f64) {
    assert_eq!(a.len(), b.len(), "{what}");
    let length = |values: &mut dyn Iterator<Item = f32>| {
        values.map(|v| f64::from(v).powi(2)).sum::<f64>().sqrt()
    };
    let difference = length(&mut a.iter().zip(b).map(|(a, b)| a - b));
    let whole = length(&mut b.iter().copied());
    let near = difference <= tolerance * whole + 1e-6;
    assert!(near, "{what}: {difference} apart, length {whole}");
}

/// # Panics
/// When two values differ by more than their bound.
pub fn assert_within(what: &str, a: &[f32], b: &[f32], bounds: impl Iterator<Item = f32>) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (i, ((a, b), bound)) in a.iter().zip(b).zip(bounds).enumerate() {
        let within = (a - b).abs() <= bound;
        assert!(within, "{what}: {a} and {b} at {i}, bound {bound}");
    }
}

/// Another value for each of a tensor.
pub fn mapped<S: Shape>(
    tensor: &Tensor<S, f32, Cpu>,
    value: impl Fn(f32) -> f32,
) -> Tensor<S, f32, Cpu> {
    let values = read(tensor).into_iter().map(value).collect();
    Cpu::default().tensor_from_vec(values, *tensor.shape())
}

/// The nearest bf16.
pub fn round(value: f32) -> f32 {
    half::bf16::from_f32(value).to_f32()
}

/// # Panics
/// When the numbers that kernels have read and written are more than 3 % from those of the model,
/// which leaves out what is small beside activations.
pub fn assert_moved(what: &str, counted: u64, model: u64) {
    let off = counted as f64 / model as f64 - 1.0;
    assert!(
        off.abs() < 0.03,
        "{what}: {counted}, and {model} by the model"
    );
}

/// Checks a gradient against the change of the weighted sum of `f` along a direction.
///
/// # Panics
/// When they differ by more than half a percent of the gradient's length.
pub fn assert_derivative<S: Shape>(
    what: &str,
    at: &Tensor<S, f32, Cpu>,
    gradient: &[f32],
    f: impl Fn(Tensor<S, f32, Cpu>) -> Volume<Cpu>,
) {
    // Along the gradient itself the change is largest, and the rounding of f32 matters least.
    let length = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
    assert!(length > 0.0, "{what}: no gradient");
    let values = read(at);
    let sum = |step: f32| -> f64 {
        let moved = values
            .iter()
            .zip(gradient)
            .map(|(value, g)| value + step * g / length)
            .collect();
        let y = read(&f(Cpu::default().tensor_from_vec(moved, *at.shape())));
        let weights = weights(y.len());
        y.iter()
            .zip(weights)
            .map(|(y, w)| f64::from(*y) * f64::from(w))
            .sum()
    };
    // Richardson: the error of central differences is even in the step.
    let slope = |step: f32| (sum(step) - sum(-step)) / (2.0 * f64::from(step));
    let found = (4.0 * slope(0.02) - slope(0.04)) / 3.0;
    let relative = (found / f64::from(length) - 1.0).abs();
    assert!(relative < 5e-3, "{what}: {found} along, gradient {length}");
}
