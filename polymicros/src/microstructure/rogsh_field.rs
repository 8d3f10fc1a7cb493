//! An orientation map as the field that the paper learns on, and as colours.

use super::{Field, Microstructure, Origin, Phase};
use crate::orientation::{Euler, ROGSH_NAMES, RogshInverse, ipf_colour, rogsh_of_field};
use crate::{Error, Result};
use ndarray::{Array3, Array4, Zip};
use rayon::prelude::*;

/// What files call the Laue class m-3m.
const CUBIC: [&str; 9] = [
    "",
    "m-3m",
    "m3m",
    "4/m-32/m",
    "432",
    "oh",
    "43",
    "cubic",
    "cubichigh",
];
/// Colour of voxels without an orientation.
const GREY: [u8; 3] = [160; 3];

impl Microstructure {
    /// The three ROGSH values of each voxel (paper A.2), with the mask where not every voxel
    /// carries an orientation; the values are 0 there.
    ///
    /// # Errors
    /// When a phase that a valid voxel has is declared as something other than cubic m-3m.
    pub fn rogsh(&self) -> Result<Field> {
        self.refuse_other_than_cubic()?;
        let mut values = rogsh_of_field(self.euler().view())?;
        if self.mask().iter().all(|valid| *valid) {
            return Field::new(*self.grid(), ROGSH_NAMES, values);
        }
        for mut channel in values.outer_iter_mut() {
            Zip::from(&mut channel)
                .and(self.mask())
                .for_each(|v, valid| {
                    if !valid {
                        *v = 0.0;
                    }
                });
        }
        Field::new(*self.grid(), ROGSH_NAMES, values)?.with_mask(self.mask().clone())
    }

    /// A cubic microstructure with the given ROGSH values (paper A.3), or with the nearest that an
    /// orientation has, where the field's own are those of none.
    ///
    /// What is ambiguous in the orientations is said at [`RogshInverse`]. The property
    /// `rogsh residual` holds how far each voxel's values were from any orientation's. Where the
    /// field has a mask, voxels outside it aren't indexed.
    ///
    /// # Errors
    /// When the field's channels aren't [`ROGSH_NAMES`], or a value inside the mask isn't finite.
    pub fn from_rogsh(
        name: impl Into<String>,
        origin: Origin,
        field: &Field,
        inverse: &RogshInverse,
    ) -> Result<Self> {
        if field.channels() != ROGSH_NAMES {
            return Err(Error::shape(
                "channels of a ROGSH field",
                ROGSH_NAMES,
                field.channels(),
            ));
        }
        let mut values = field.data().clone();
        if let Some(mask) = field.mask() {
            for mut channel in values.outer_iter_mut() {
                Zip::from(&mut channel).and(mask).for_each(|v, valid| {
                    if !valid {
                        *v = 0.0;
                    }
                });
            }
        }
        let (euler, residual) = inverse.invert_field(values.view())?;
        let made = Microstructure::new(name, origin, *field.grid(), euler)?
            .with_property("rogsh residual", residual)?;
        let Some(mask) = field.mask() else {
            return Ok(made);
        };
        let phases: Vec<Phase> = made.phases().to_vec();
        let phase: Array3<u8> = mask.mapv(u8::from);
        made.with_phases(phases, phase)?.with_mask(mask.to_owned())
    }

    /// An error that names the first phase of another symmetry in which a valid voxel is.
    pub(super) fn refuse_other_than_cubic(&self) -> Result<()> {
        let mut present = [false; 256];
        Zip::from(self.phase())
            .and(self.mask())
            .for_each(|&phase, &valid| present[usize::from(phase)] |= valid);
        match self.first_other_than_cubic(&present) {
            None => Ok(()),
            Some(phase) => Err(Error::value(
                "crystal symmetry",
                format!(
                    "phase `{}` is {}, but ROGSH and disorientations are known for cubic m-3m only",
                    phase.name, phase.laue_group
                ),
            )),
        }
    }

    /// The first phase, of those `present` by number, that is not cubic m-3m.
    pub(super) fn first_other_than_cubic(&self, present: &[bool; 256]) -> Option<&Phase> {
        let phases = self.phases().iter().zip(&present[1..]);
        phases
            .filter(|(_, present)| **present)
            .map(|(phase, _)| phase)
            .find(|phase| !is_cubic(&phase.laue_group))
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

/// Whether a file's name for a Laue class is one of m-3m; spaces and underscores don't count.
fn is_cubic(laue_group: &str) -> bool {
    let plain: String = laue_group
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '_')
        .collect();
    CUBIC.contains(&plain.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::microstructure::StandIn;
    use crate::orientation::{disorientation_up_to_rogsh, rogsh};

    #[test]
    fn names_of_the_cubic_class_are_known_and_others_are_not_taken_for_it() {
        for name in [
            "",
            "m-3m",
            "M3m",
            "4/m -3 2/m",
            "432",
            "Cubic",
            "cubic_high",
            "43",
        ] {
            assert!(is_cubic(name), "{name}");
        }
        // Cubic, but with fewer symmetries, and others.
        for name in ["m-3", "m3", "23", "6/mmm", "4/mmm", "-3m"] {
            assert!(!is_cubic(name), "{name}");
        }
    }

    #[test]
    fn a_volume_survives_the_way_through_rogsh() -> Result<()> {
        let mut mask = Array3::from_elem((12, 10, 8), true);
        mask[[1, 2, 3]] = false;
        let volume = StandIn::CoarseBeta
            .generate([12, 10, 8], 1)?
            .with_mask(mask)?;
        let field = volume.rogsh()?;
        let origin = Origin::Synthetic("through ROGSH".into());
        let inverse = RogshInverse::new()?;
        let back = Microstructure::from_rogsh("back", origin.clone(), &field, &inverse)?;
        assert_eq!(back.mask(), volume.mask());
        assert_eq!(back.phase()[[1, 2, 3]], 0);
        assert!(
            back.properties()["rogsh residual"]
                .iter()
                .all(|r| *r < 1e-6)
        );
        let again = back.rogsh()?;
        for (a, b) in field.as_slice().iter().zip(again.as_slice()) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
        let at = |m: &Microstructure| [0, 1, 2].map(|a| f64::from(m.euler()[[a, 3, 4, 5]])).into();
        assert!(disorientation_up_to_rogsh(at(&volume), at(&back)) < 1e-2);
        let unnamed = Field::new(
            *field.grid(),
            ["a", "b", "c"],
            field.data().to_owned().into_owned(),
        )?;
        assert!(Microstructure::from_rogsh("x", origin, &unnamed, &inverse).is_err());
        Ok(())
    }

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
