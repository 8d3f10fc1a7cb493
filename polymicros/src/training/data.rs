//! Where patches come from, as a TOML file says it.

use super::patches::{PatchSet, centred};
use crate::generation::dataset::Dataset;
use crate::microstructure::{Field, Microstructure, StandIn};
use crate::{Error, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
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

/// One volume of orientations, or many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Source {
    /// A file in any format that is read.
    File {
        /// Its path; a relative one is looked for from the working directory.
        file: PathBuf,
        /// The part of it that is taken, `[first, end]` in voxels along x, y and z: a volume to
        /// learn from has no voxels that are not valid.
        #[serde(default)]
        crop: Option<[[usize; 2]; 3]>,
    },
    /// The structures of a dataset of synthetic structures, as many as are made.
    Dataset {
        /// Its folder; a relative one is looked for from the working directory.
        dataset: PathBuf,
    },
    /// Stand-ins for an experiment, made anew.
    StandIn {
        /// Its name.
        stand_in: String,
        /// Voxels along each edge.
        edge: usize,
        /// Decides all that is random.
        seed: u64,
        /// How many volumes are made, with this seed and those that follow.
        #[serde(default = "one")]
        count: u64,
    },
}

fn one() -> u64 {
    1
}

impl Source {
    /// Opens or makes the volumes, as ROGSH values.
    ///
    /// # Errors
    /// When a file cannot be read or has no such part, a dataset has no structure yet, or there is
    /// no such stand-in.
    pub fn fields(&self) -> Result<Vec<Field>> {
        match self {
            Source::File { file, crop } => {
                let field = Microstructure::open(file)?.rogsh()?;
                Ok(vec![match crop {
                    Some(crop) => field.crop(crop.map(|[first, end]| first..end))?,
                    None => field,
                }])
            }
            Source::Dataset { dataset } => {
                let made = Dataset::open(dataset)?;
                let structures = made.made();
                if structures.is_empty() {
                    return Err(Error::value(
                        "dataset",
                        format!("{} has no structure yet", dataset.display()),
                    ));
                }
                structures.into_iter().map(|i| made.rogsh(i)).collect()
            }
            Source::StandIn {
                stand_in,
                edge,
                seed,
                count,
            } => {
                let all = StandIn::all();
                let known = all.iter().find(|one| one.name() == stand_in);
                let known = known.ok_or_else(|| {
                    let names: Vec<&str> = all.iter().map(|one| one.name()).collect();
                    let problem = format!("{stand_in:?} is none of {}", names.join(", "));
                    Error::value("stand_in", problem)
                })?;
                let one = |seed| known.generate([*edge; 3], seed)?.rogsh();
                (0..*count)
                    .into_par_iter()
                    .map(|i| one(seed.wrapping_add(i)))
                    .collect()
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
        let mut fields = Vec::new();
        for source in volumes {
            for field in source.fields()? {
                fields.push(centred(&field)?);
            }
        }
        PatchSet::new(fields, edge, stride, augment, seed)
    }
}

impl FromStr for Source {
    type Err = Error;

    /// `stand-in:NAME:EDGE:SEED`, `dataset:DIR`, or the path of a file, of which
    /// `FILE[8:50,0:60,0:64]` takes those voxels along x, y and z, the last of each left out.
    fn from_str(text: &str) -> Result<Self> {
        if let Some(dataset) = text.strip_prefix("dataset:") {
            return Ok(Source::Dataset {
                dataset: dataset.into(),
            });
        }
        let Some(stand_in) = text.strip_prefix("stand-in:") else {
            return part_of_a_file(text);
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
            count: 1,
        })
    }
}

fn part_of_a_file(text: &str) -> Result<Source> {
    let part = text
        .strip_suffix(']')
        .and_then(|text| text.rsplit_once('['));
    // Brackets are allowed in names of files.
    let Some((file, ranges)) = part.filter(|_| !Path::new(text).exists()) else {
        return Ok(Source::File {
            file: text.into(),
            crop: None,
        });
    };
    let wrong = || {
        let problem = format!("{text:?}: expected FILE[x0:x1,y0:y1,z0:z1], in voxels");
        Error::value("volume", problem)
    };
    let range = |text: &str| -> Option<[usize; 2]> {
        let (first, end) = text.split_once(':')?;
        Some([first.trim().parse().ok()?, end.trim().parse().ok()?])
    };
    let ranges: Option<Vec<[usize; 2]>> = ranges.split(',').map(range).collect();
    let crop = ranges.and_then(|ranges| ranges.try_into().ok());
    Ok(Source::File {
        file: file.into(),
        crop: Some(crop.ok_or_else(wrong)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::dataset::{DatasetSettings, LocalModels, Shard};
    use std::ops::ControlFlow;

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
        let whole = Source::File {
            file: path.clone(),
            crop: None,
        };
        assert_eq!(file, whole);
        assert!("stand-in:twinned:12".parse::<Source>().is_err());
        let part = format!(
            "{{ file = {:?}, crop = [[4, 12], [0, 8], [3, 11]] }}",
            path.display().to_string()
        );
        assert_eq!(settings(&part).patches(1).unwrap().len(), 1);
        let text = |part: &str| format!("{}{part}", path.display()).parse::<Source>();
        let named = text("[4:12, 0:8,3:11]").unwrap();
        assert_eq!(settings(&part).volumes, [named]);
        for wrong in [
            "[4:12,0:8]",
            "[4:12,0:8,3:11,0:1]",
            "[4,0:8,3:11]",
            "[:,:,:]",
            "[]",
        ] {
            let error = text(wrong).unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains("x0:x1"), "{error}");
        }
        assert!(text("[4:13,0:8,3:11]").unwrap().fields().is_err());
        assert!(text("[8:4,0:8,3:11]").unwrap().fields().is_err());
        let bracketed = folder.path().join("volume[1].npz");
        made.save(&bracketed).unwrap();
        let source: Source = bracketed.display().to_string().parse().unwrap();
        assert_eq!(source.fields().unwrap()[0].grid().shape, [12; 3]);
        let two = format!("{{ stand_in = {name:?}, edge = 8, seed = 4, count = 2 }}");
        let fields = settings(&two).volumes[0].fields().unwrap();
        for (field, seed) in fields.iter().zip([4, 5]) {
            let made = StandIn::all()[0].generate([8; 3], seed).unwrap();
            assert_eq!(*field, made.rogsh().unwrap());
        }
        assert_eq!(fields.len(), 2);
        let wrong = settings("{ stand_in = \"marble\", edge = 12, seed = 4 }").patches(1);
        assert!(wrong.unwrap_err().to_string().contains("marble"));
    }

    #[test]
    fn the_structures_of_a_dataset_are_learnt_from() {
        let folder = tempfile::tempdir().unwrap();
        let text = "count = 3\nedge = 24\n[[models]]\nname = \"a\"\nmean = [0.1, 0.4, 0.0]\n";
        let dataset = DatasetSettings::from_toml(text).unwrap();
        let mut models = LocalModels::new(&dataset).unwrap();
        let dataset = Dataset::create(dataset, &models, folder.path()).unwrap();
        let source = Source::Dataset {
            dataset: folder.path().into(),
        };
        assert!(
            source
                .fields()
                .unwrap_err()
                .to_string()
                .contains("no structure")
        );
        dataset
            .make(&mut models, Shard::WHOLE, Some(2), |_| {
                ControlFlow::Continue(())
            })
            .unwrap();
        let fields = source.fields().unwrap();
        assert_eq!(fields.len(), 2);
        assert_eq!(fields[1], dataset.rogsh(1).unwrap());
        assert_eq!(PatchSet::of(&[source], 8, 8, false, 0).unwrap().len(), 54);
    }
}
