//! The median over a cube.

use super::mirrored;
use ndarray::{Array4, ArrayView4};

pub(super) fn filter(x: ArrayView4<f32>, reach: usize) -> Array4<f32> {
    let (_, nx, ny, nz) = x.dim();
    let around = |at: usize, n: usize| -> Vec<usize> {
        let (at, reach) = (at as isize, reach as isize);
        (at - reach..=at + reach).map(|i| mirrored(i, n)).collect()
    };
    let mut window = Vec::with_capacity((2 * reach + 1).pow(3));
    Array4::from_shape_fn(x.dim(), |(c, i, j, k)| {
        let (along_x, along_y, along_z) = (around(i, nx), around(j, ny), around(k, nz));
        window.clear();
        for &i in &along_x {
            for &j in &along_y {
                window.extend(along_z.iter().map(|&k| x[[c, i, j, k]]));
            }
        }
        let middle = window.len() / 2;
        *window.select_nth_unstable_by(middle, f32::total_cmp).1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a median is used for: single voxels go, plane boundaries stay where they are.
    #[test]
    fn outliers_go_and_plane_boundaries_stay() {
        let clean = Array4::from_shape_fn(
            (2, 7, 6, 5),
            |(c, x, _, _)| {
                if x < 3 { 0.2 } else { 0.7 - c as f32 }
            },
        );
        let mut x = clean.clone();
        x[[0, 2, 2, 2]] = 9.0;
        x[[1, 5, 0, 4]] = -9.0;
        for reach in [1, 2] {
            assert_eq!(filter(x.view(), reach), clean);
        }
        assert_eq!(filter(x.view(), 0), x);
    }

    /// Against sorting the 27 values of a voxel inside.
    #[test]
    fn the_middle_of_27_values() {
        let x = Array4::from_shape_fn((1, 5, 5, 5), |(_, x, y, z)| {
            ((7 * x * x + 5 * y * z + 3 * z) as f32).sin()
        });
        let mut values: Vec<f32> = x
            .slice(ndarray::s![0, 1..4, 0..3, 2..5])
            .iter()
            .copied()
            .collect();
        values.sort_by(f32::total_cmp);
        assert_eq!(filter(x.view(), 1)[[0, 2, 1, 3]], values[13]);
    }
}
