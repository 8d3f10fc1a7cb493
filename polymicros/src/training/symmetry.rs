//! Motions of a volume that leave the ROGSH values of its voxels as they are.

use ndarray::{Array4, ArrayView4, Axis};

/// One of the 16 operations of 4/mmm about z: quarter turns, mirrors and inversion.
///
/// For cubic crystals with a centre of symmetry none of them changes the three ROGSH values (the
/// register of readings shows it), so that they only move voxels: a physical augmentation that
/// costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symmetry {
    /// Exchanges x and y, before the mirrors.
    pub swap: bool,
    /// Mirrors x, y and z.
    pub mirror: [bool; 3],
}

impl Symmetry {
    /// Number of operations.
    pub const COUNT: usize = 16;

    /// The operation that changes nothing.
    pub const IDENTITY: Symmetry = Symmetry {
        swap: false,
        mirror: [false; 3],
    };

    /// An operation by its number, modulo 16; zero is the identity.
    pub fn new(number: usize) -> Self {
        let bit = |place: usize| (number >> place) & 1 == 1;
        Symmetry {
            swap: bit(0),
            mirror: [bit(1), bit(2), bit(3)],
        }
    }

    /// The moved volume, in axis order `channel, x, y, z`; with `swap`, x and y change their
    /// lengths too.
    pub fn apply(self, volume: ArrayView4<f32>) -> Array4<f32> {
        let mut view = volume;
        if self.swap {
            view.swap_axes(1, 2);
        }
        for (axis, mirrored) in self.mirror.into_iter().enumerate() {
            if mirrored {
                view.invert_axis(Axis(axis + 1));
            }
        }
        view.as_standard_layout().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn there_are_sixteen_and_they_form_a_group() {
        let volume = Array4::from_shape_fn((1, 3, 3, 3), |(_, x, y, z)| (9 * x + 3 * y + z) as f32);
        let key = |v: &Array4<f32>| v.iter().map(|v| *v as u8).collect::<Vec<_>>();
        let all: HashSet<Vec<u8>> = (0..Symmetry::COUNT)
            .map(|i| key(&Symmetry::new(i).apply(volume.view())))
            .collect();
        assert_eq!(all.len(), 16);
        for i in 0..16 {
            for j in 0..16 {
                let once = Symmetry::new(i).apply(volume.view());
                assert!(all.contains(&key(&Symmetry::new(j).apply(once.view()))));
            }
        }
        assert_eq!(Symmetry::new(0), Symmetry::IDENTITY);
    }
}
