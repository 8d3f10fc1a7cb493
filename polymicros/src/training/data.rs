//! Where patches come from, as a TOML file says it.

use super::patches::{PatchSet, centred};
use crate::microstructure::{Microstructure, StandIn};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::str::FromStr;

/// The volumes of a neighbourhood set, and how it is cut from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSettings {
    /// Voxels along each edge of a patch.
    pub patch: usize,
    /// Voxels from one patch to the next.
    pub stride: usize,
    /// Whether patches are moved by the 16 operations that leave ROGSH as it is. Off for local
    /// models: the direction in which grains have grown is what they learn.
    #[serde(default)]
    pub augment: bool,
    /// The volumes.
    pub volumes: Vec<Source>,
}

/// A volume of orientations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Source {
    /// A file in any format that is read.
    File {
        /// Its path; a relative one is looked for from the working directory.
        file: PathBuf,
    },
    /// A stand-in for an experiment, made anew.
    StandIn {
        /// Its name.
        stand_in: String,
        /// Voxels along each edge.
        edge: usize,
        /// Decides all that is random.
        seed: u64,
    },
}

impl Source {
    /// Opens or makes the volume.
    ///
    /// # Errors
    /// When the file cannot be read, or there is no such stand-in.
    pub fn volume(&self) -> Result<Microstructure> {
        match self {
            Source::File { file } => Microstructure::open(file),
            Source::StandIn {
                stand_in,
                edge,
                seed,
            } => {
                let all = StandIn::all();
                let known = all.iter().find(|one| one.name() == stand_in);
                let known = known.ok_or_else(|| {
                    let names: Vec<&str> = all.iter().map(|one| one.name()).collect();
                    let problem = format!("{stand_in:?} is none of {}", names.join(", "));
                    Error::value("stand_in", problem)
                })?;
                known.generate([*edge; 3], *seed)
            }
        }
    }
}

impl DataSettings {
    /// Opens or makes the volumes and cuts them; `seed` decides the order of the patches.
    ///
    /// # Errors
    /// When a volume cannot be read or made, has voxels that are not valid, or is smaller than a
    /// patch.
    pub fn patches(&self, seed: u64) -> Result<PatchSet> {
        PatchSet::of(&self.volumes, self.patch, self.stride, self.augment, seed)
    }
}

impl PatchSet {
    /// Patches of volumes that are opened or made; see [`PatchSet::new`].
    ///
    /// # Errors
    /// As [`DataSettings::patches`].
    pub fn of(
        volumes: &[Source],
        edge: usize,
        stride: usize,
        augment: bool,
        seed: u64,
    ) -> Result<Self> {
        let volumes = volumes
            .iter()
            .map(|source| centred(&source.volume()?.rogsh()?))
            .collect::<Result<Vec<_>>>()?;
        PatchSet::new(volumes, edge, stride, augment, seed)
    }
}

impl FromStr for Source {
    type Err = Error;

    /// `stand-in:NAME:EDGE:SEED`, or the path of a file.
    fn from_str(text: &str) -> Result<Self> {
        let Some(stand_in) = text.strip_prefix("stand-in:") else {
            return Ok(Source::File { file: text.into() });
        };
        let wrong = || {
            let problem = format!("{text:?}: expected stand-in:NAME:EDGE:SEED");
            Error::value("volume", problem)
        };
        let mut parts = stand_in.rsplitn(3, ':');
        let mut part = || parts.next().ok_or_else(wrong);
        let (seed, edge, name) = (part()?, part()?, part()?);
        Ok(Source::StandIn {
            stand_in: name.to_owned(),
            edge: edge.parse().map_err(|_| wrong())?,
            seed: seed.parse().map_err(|_| wrong())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_and_files_are_cut_alike() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("volume.npz");
        let name = StandIn::all()[0].name();
        let stand_in = format!("{{ stand_in = {name:?}, edge = 12, seed = 4 }}");
        let settings = |volume: &str| -> DataSettings {
            toml::from_str(&format!("patch = 8\nstride = 4\nvolumes = [{volume}]")).unwrap()
        };
        let made = StandIn::all()[0].generate([12; 3], 4).unwrap();
        made.save(&path).unwrap();
        let file = format!("{{ file = {:?} }}", path.display().to_string());
        let a = settings(&stand_in).patches(1).unwrap();
        let b = settings(&file).patches(1).unwrap();
        assert_eq!(a.len(), 8);
        for i in 0..8 {
            assert_eq!(a.patch(i), b.patch(i));
        }
        let named: Source = format!("stand-in:{name}:12:4").parse().unwrap();
        assert_eq!(settings(&stand_in).volumes, [named]);
        let file: Source = path.display().to_string().parse().unwrap();
        assert_eq!(file, Source::File { file: path.clone() });
        assert!("stand-in:twinned:12".parse::<Source>().is_err());
        let wrong = settings("{ stand_in = \"marble\", edge = 12, seed = 4 }").patches(1);
        assert!(wrong.unwrap_err().to_string().contains("marble"));
    }
}
