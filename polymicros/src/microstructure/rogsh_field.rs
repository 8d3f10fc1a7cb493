//! An orientation map as the field that the paper learns on, and as colours.

use super::{Field, Microstructure};
use crate::orientation::{Euler, ROGSH_NAMES, ipf_colour, rogsh_of_field};
use crate::{Error, Result};
use ndarray::Array4;
use rayon::prelude::*;

/// What files call the Laue class m-3m.
const CUBIC: [&str; 6] = ["", "m-3m", "m3m", "432", "cubic", "cubic_high"];
/// Colour of voxels without an orientation.
const GREY: [u8; 3] = [160; 3];

impl Microstructure {
    /// The three ROGSH values of each voxel (paper A.2), with the mask where not every voxel
    /// carries an orientation.
    ///
    /// # Errors
    /// When a phase is declared as something other than cubic m-3m.
    pub fn rogsh(&self) -> Result<Field> {
        let other = self
            .phases()
            .iter()
            .find(|phase| !CUBIC.contains(&phase.laue_group.to_lowercase().trim()));
        if let Some(phase) = other {
            return Err(Error::value(
                "crystal symmetry",
                format!(
                    "phase `{}` is {}, but ROGSH are known for cubic m-3m only",
                    phase.name, phase.laue_group
                ),
            ));
        }
        let field = Field::new(
            *self.grid(),
            ROGSH_NAMES,
            rogsh_of_field(self.euler().view())?,
        )?;
        if self.mask().iter().all(|valid| *valid) {
            Ok(field)
        } else {
            field.with_mask(self.mask().clone())
        }
    }

    /// The inverse pole figure colour (TSL key) of each voxel for a direction of the sample frame,
    /// of shape `(x, y, z, 3)`; grey where there is no orientation.
    pub fn ipf_colours(&self, direction: [f64; 3]) -> Array4<u8> {
        let [nx, ny, nz] = self.grid().shape;
        let voxels = nx * ny * nz;
        let euler = self.euler().as_slice().unwrap_or_default();
        let mask = self.mask().as_slice().unwrap_or_default();
        let mut colours = vec![0u8; 3 * voxels];
        colours
            .par_chunks_mut(3 * nz)
            .enumerate()
            .for_each(|(row, colours)| {
                let mut last: Option<([f32; 3], [u8; 3])> = None;
                for (z, colour) in colours.chunks_exact_mut(3).enumerate() {
                    let at = row * nz + z;
                    let angles = [0, 1, 2].map(|a| euler[a * voxels + at]);
                    // Neighbours in a grain share their orientation.
                    let rgb = match last {
                        _ if !mask[at] => GREY,
                        Some((same, rgb)) if same == angles => rgb,
                        _ => {
                            let [phi1, big_phi, phi2] = angles.map(f64::from);
                            let rgb = ipf_colour(Euler::new(phi1, big_phi, phi2), direction);
                            last = Some((angles, rgb));
                            rgb
                        }
                    };
                    colour.copy_from_slice(&rgb);
                }
            });
        Array4::from_shape_vec((nx, ny, nz, 3), colours)
            .expect("three bytes were made for each voxel")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::microstructure::{Phase, StandIn};
    use crate::orientation::rogsh;
    use ndarray::Array3;

    #[test]
    fn the_field_holds_the_values_of_each_orientation() -> Result<()> {
        let volume = StandIn::CoarseBeta.generate([12, 10, 8], 1)?;
        let field = volume.rogsh()?;
        let e = |a| f64::from(volume.euler()[[a, 3, 4, 5]]);
        let expected = rogsh(Euler::new(e(0), e(1), e(2)));
        for (channel, value) in expected.iter().enumerate() {
            let found = f64::from(field.channel(channel)?[[3, 4, 5]]);
            assert!((found - value).abs() < 1e-6, "{found} {value}");
        }
        assert!(field.mask().is_none());
        Ok(())
    }

    #[test]
    fn hexagonal_phases_are_refused_and_masked_voxels_are_grey() -> Result<()> {
        let volume = StandIn::CoarseBeta.generate([8, 8, 8], 1)?;
        let hexagonal = Phase {
            name: "Titanium".into(),
            laue_group: "6/mmm".into(),
            lattice: None,
        };
        let phase = Array3::from_elem((8, 8, 8), 1);
        let error = volume.clone().with_phases(vec![hexagonal], phase)?.rogsh();
        assert!(error.is_err_and(|e| e.to_string().contains("Titanium")));
        let mut mask = Array3::from_elem((8, 8, 8), true);
        mask[[1, 2, 3]] = false;
        let masked = volume.with_mask(mask)?;
        assert_eq!(masked.ipf_colours([0.0, 0.0, 1.0])[[1, 2, 3, 0]], GREY[0]);
        assert!(masked.rogsh()?.mask().is_some());
        Ok(())
    }
}
