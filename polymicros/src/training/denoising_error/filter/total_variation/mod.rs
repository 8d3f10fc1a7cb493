//! Total variation denoising, by fast gradient projection on the dual problem.

#[cfg(test)]
mod tests;

use ndarray::{Array4, ArrayView4, Axis, Slice, Zip};

/// The iteration ends when the duality gap is below this share of the objective.
const GAP: f64 = 1e-4;

/// Or after so many steps.
const STEPS: usize = 500;

/// Steps from one look at the gap to the next.
const LOOK: usize = 10;

/// The largest eigenvalue of the negative Laplacian in three dimensions is below this.
const LAPLACIAN: f32 = 12.0;

/// Forward differences along x, y and z.
type Gradient = [Array4<f32>; 3];

/// The minimum of `|u - x|² / 2 + weight TV(u)`: `u = x - weight ∇ᵀp`, where the dual field `p` has
/// no more than length one in any voxel, over axes and channels together (Chambolle 2004; the
/// accelerated steps are those of Beck and Teboulle 2009).
pub(super) fn filter(x: ArrayView4<f32>, weight: f64) -> Array4<f32> {
    let x = x.to_owned();
    let weight = weight as f32;
    if weight <= 0.0 {
        return x;
    }
    let mut p: Gradient = std::array::from_fn(|_| Array4::zeros(x.dim()));
    let mut ahead = p.clone();
    let mut momentum = 1.0f32;
    for step in 1..=STEPS {
        let before = p;
        p = ahead;
        let slope = gradient(&primal(&x, &p, weight));
        for (p, slope) in p.iter_mut().zip(&slope) {
            p.scaled_add(1.0 / (LAPLACIAN * weight), slope);
        }
        shorten(&mut p);
        let next = 0.5 * (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt());
        let push = (momentum - 1.0) / next;
        momentum = next;
        ahead = std::array::from_fn(|axis| {
            let (now, before) = (&p[axis], &before[axis]);
            now + &((now - before) * push)
        });
        if step % LOOK == 0 {
            let u = primal(&x, &p, weight);
            let (objective, gap) = objective_and_gap(&x, &u, &p, weight);
            if gap <= GAP * objective {
                return u;
            }
        }
    }
    primal(&x, &p, weight)
}

fn primal(x: &Array4<f32>, p: &Gradient, weight: f32) -> Array4<f32> {
    let mut u = transposed(p);
    u.zip_mut_with(x, |u, x| *u = x - weight * *u);
    u
}

/// Zero at the last voxel of an axis.
fn gradient(u: &Array4<f32>) -> Gradient {
    std::array::from_fn(|axis| {
        let axis = Axis(axis + 1);
        let mut along = Array4::zeros(u.dim());
        Zip::from(along.slice_axis_mut(axis, Slice::from(..-1)))
            .and(u.slice_axis(axis, Slice::from(1..)))
            .and(u.slice_axis(axis, Slice::from(..-1)))
            .for_each(|to, next, here| *to = next - here);
        along
    })
}

/// The transpose of [`gradient`].
fn transposed(p: &Gradient) -> Array4<f32> {
    let mut sum = Array4::zeros(p[0].dim());
    for (axis, p) in p.iter().enumerate() {
        let axis = Axis(axis + 1);
        let inner = p.slice_axis(axis, Slice::from(..-1));
        let mut next = sum.slice_axis_mut(axis, Slice::from(1..));
        next += &inner;
        let mut here = sum.slice_axis_mut(axis, Slice::from(..-1));
        here -= &inner;
    }
    sum
}

/// In each voxel, over axes and channels, to no more than length one.
fn shorten(p: &mut Gradient) {
    let lengths = lengths(p);
    for along in p.iter_mut() {
        for mut channel in along.outer_iter_mut() {
            Zip::from(&mut channel)
                .and(&lengths)
                .for_each(|p, &length| {
                    if length > 1.0 {
                        *p /= length;
                    }
                });
        }
    }
}

/// Over axes and channels, in each voxel.
fn lengths(p: &Gradient) -> ndarray::Array3<f32> {
    let (_, nx, ny, nz) = p[0].dim();
    let mut squares = ndarray::Array3::zeros((nx, ny, nz));
    for along in p {
        for channel in along.outer_iter() {
            Zip::from(&mut squares)
                .and(&channel)
                .for_each(|sum: &mut f32, p| *sum += p * p);
        }
    }
    squares.mapv_into(f32::sqrt)
}

/// The objective at `u`, and by how much the optimum may lie below it.
fn objective_and_gap(x: &Array4<f32>, u: &Array4<f32>, p: &Gradient, weight: f32) -> (f64, f64) {
    let slope = gradient(u);
    let variation: f64 = lengths(&slope).iter().map(|l| f64::from(*l)).sum();
    let dual: f64 = slope.iter().zip(p).map(|(a, b)| product(a, b)).sum();
    let distance = u - x;
    let weight = f64::from(weight);
    let objective = 0.5 * product(&distance, &distance) + weight * variation;
    (objective, weight * (variation - dual))
}

fn product(a: &Array4<f32>, b: &Array4<f32>) -> f64 {
    let pairs = a.iter().zip(b);
    pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}
