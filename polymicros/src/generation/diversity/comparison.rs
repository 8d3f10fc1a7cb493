//! The comparison itself.

use super::bootstrap::{Interval, intervals};
use super::covariances::vector;
use super::spread::{Spread, components_for};
use super::{Extent, Reference, Scale};
use crate::generation::dataset::Dataset;
use crate::json_file::{read_json, save_json};
use crate::microstructure::{Field, Grid, StandIn};
use crate::random_field::{Images, Mogrf, MosmKernel};
use crate::statistics::{Pca, Vectors};
use crate::{Error, Result};
use ndarray::{ArcArray1, Array2, s};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is compared, and how. The defaults were fixed before the first comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DiversitySettings {
    /// At most this many structures of each set.
    pub count: usize,
    /// What of each volume.
    pub extent: Extent,
    /// In which measure.
    pub scale: Scale,
    /// The first components of all sets together in which volumes are measured; a third of the
    /// count at most, so that a repetition, which holds two thirds of a set, still spans them.
    pub components: usize,
    /// Repetitions for the intervals.
    pub resamples: usize,
    /// Decides the references and the repetitions.
    pub seed: u64,
}

impl Default for DiversitySettings {
    fn default() -> Self {
        DiversitySettings {
            count: 300,
            extent: Extent::Volumes,
            scale: Scale::Covariances,
            components: 10,
            resamples: 200,
            seed: 1,
        }
    }
}

/// Sets of equal counts, grids and channels, compared by the principal components of their
/// covariances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Structures of each set.
    pub count: usize,
    /// Voxels along each edge.
    pub edge: usize,
    /// What of each volume was compared.
    pub extent: Extent,
    /// In which measure.
    pub scale: Scale,
    /// The dataset first, then the references, and last the control.
    pub sets: Vec<SetDiversity>,
    /// The share of the variance that each component of all sets together explains.
    pub explained: Vec<f64>,
    /// The stand-ins of the experiments: their scores in the first components of all sets.
    pub experiments: Vec<(String, Vec<f64>)>,
}

/// What a set is compared for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It is what the comparison is about.
    Dataset,
    /// It is a kind of set that others make.
    Reference,
    /// Its structures have one and the same statistics, those of the dataset's first structure, and
    /// differ by chance alone, as one volume differs from the next.
    Control,
}

/// How diverse one set is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetDiversity {
    /// What it is called.
    pub name: String,
    /// What it is there for.
    pub role: Role,
    /// The share of the set's variance that each of its own components explains.
    pub explained: Vec<f64>,
    /// How many of its components explain 90 % of it.
    pub components_90: Interval,
    /// How many explain 99 %.
    pub components_99: Interval,
    /// The volume that it spans in the first components of all sets: the logarithm of the
    /// determinant of its scores' covariance matrix, over the number of components.
    pub log_volume: Interval,
    /// Its structures' scores in these components, one row a structure.
    #[serde(with = "rows")]
    pub scores: Array2<f64>,
}

/// Whether so many structures of each set can be compared.
fn enough(count: usize) -> Result<()> {
    if count < 3 {
        let problem = format!("{count} structures: at least three are needed");
        return Err(Error::value("diversity", problem));
    }
    Ok(())
}

/// A set before it is compared: the covariances of its structures.
struct Covariances {
    name: String,
    role: Role,
    vectors: Vec<Vec<f32>>,
}

impl Comparison {
    /// A dataset beside the references: as many of each as the dataset has, or as `settings` say.
    /// `report` hears which set is being made, and how many of its structures are done.
    ///
    /// # Errors
    /// When the dataset has fewer than three structures, or one cannot be read.
    pub fn of_dataset(
        dataset: &Dataset,
        settings: &DiversitySettings,
        report: impl Fn(&str, usize) + Sync,
    ) -> Result<Self> {
        let mut made = dataset.made();
        made.truncate(settings.count);
        let (count, edge) = (made.len(), dataset.settings().edge);
        // Before the hours that making sets may take.
        enough(count)?;
        Reference::ALL[0].check(edge)?;
        let of_set = |role, name: &str, structure: &(dyn Fn(usize) -> Result<Field> + Sync)| {
            let done = AtomicUsize::new(0);
            let vectors = (0..count)
                .into_par_iter()
                .map(|i| {
                    let vector = vector(&structure(i)?, settings.extent, settings.scale)?;
                    let so_far = 1 + done.fetch_add(1, Ordering::Relaxed);
                    report(name, so_far);
                    Ok(vector)
                })
                .collect::<Result<Vec<_>>>()?;
            Ok::<_, Error>(Covariances {
                name: name.to_owned(),
                role,
                vectors,
            })
        };
        let Some(&first) = made.first() else {
            return Err(Error::value("diversity", "the dataset has no structures"));
        };
        let kernel = MosmKernel::new(dataset.parameters(first)?)?;
        let one = Mogrf::of_kernel(&kernel, &Grid::cube(edge)?, Images::All)?;
        let sampler = dataset.settings().sampling.random_field;
        let again = |i: usize| one.sample(sampler, settings.seed.wrapping_add(i as u64));
        let mut sets = vec![of_set(Role::Dataset, "this dataset", &|i| {
            dataset.field(made[i])
        })?];
        for reference in Reference::ALL {
            let structure = |i| reference.structure(edge, settings.seed, i);
            sets.push(of_set(Role::Reference, reference.name(), &structure)?);
        }
        sets.push(of_set(
            Role::Control,
            "one set of statistics (control)",
            &again,
        )?);
        let experiments = StandIn::SOURCES
            .iter()
            .map(|stand_in| {
                let field = stand_in.generate([edge; 3], settings.seed)?.rogsh()?;
                let name = format!("{} (stand-in)", stand_in.name());
                Ok((name, vector(&field, settings.extent, settings.scale)?))
            })
            .collect::<Result<Vec<_>>>()?;
        Self::of_vectors(sets, experiments, edge, settings)
    }

    /// Sets of covariances, of equal counts, and single structures to be projected.
    fn of_vectors(
        sets: Vec<Covariances>,
        experiments: Vec<(String, Vec<f32>)>,
        edge: usize,
        settings: &DiversitySettings,
    ) -> Result<Self> {
        let count = sets.first().map_or(0, |set| set.vectors.len());
        enough(count)?;
        let mut names = Vec::new();
        let mut vectors = Vec::new();
        for set in sets {
            names.push((set.role, set.name));
            vectors.extend(set.vectors.into_iter().map(ArcArray1::from));
        }
        let vectors = Vectors::from_vectors(vectors)?;
        let mut pca = Pca::fit(&vectors)?;
        pca.compute_components(&vectors, settings.components)?;
        drop(vectors);
        let kept = settings.components.min(pca.rank()).min(count / 3);
        let sets = names.into_iter().enumerate().map(|(i, (role, name))| {
            let scores = pca.scores().slice(s![i * count..(i + 1) * count, ..]);
            let spread = Spread::new(scores, kept);
            let figures = |chosen: &[usize]| {
                let explained = spread.explained(chosen)?;
                Ok([
                    components_for(&explained, 0.9),
                    components_for(&explained, 0.99),
                    spread.log_volume(chosen)?,
                ])
            };
            let [components_90, components_99, log_volume] =
                intervals(count, settings.resamples, settings.seed, figures)?;
            let all: Vec<usize> = (0..count).collect();
            Ok(SetDiversity {
                name,
                role,
                explained: spread.explained(&all)?,
                components_90,
                components_99,
                log_volume,
                scores: scores.slice(s![.., ..kept]).to_owned(),
            })
        });
        let sets = sets.collect::<Result<Vec<_>>>()?;
        let experiments = experiments
            .into_iter()
            .map(|(name, vector)| Ok((name, pca.project(&vector)?)))
            .collect::<Result<_>>()?;
        Ok(Comparison {
            count,
            edge,
            extent: settings.extent,
            scale: settings.scale,
            sets,
            explained: pca.explained_ratio(),
            experiments,
        })
    }

    /// Reads a comparison that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// When the file cannot be read, or is none.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        read_json(path.as_ref())
    }

    /// Writes the comparison as JSON, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        save_json(path.as_ref(), self)
    }

    /// Whether the dataset needs more components than each reference, for 90 and for 99 % of the
    /// variance, with intervals that do not meet: what the paper claims of its own.
    pub fn needs_most(&self) -> [bool; 2] {
        let of_role = |role: Role| self.sets.iter().filter(move |set| set.role == role);
        let most = |of: fn(&SetDiversity) -> Interval| {
            of_role(Role::Dataset)
                .all(|set| of_role(Role::Reference).all(|other| of(set).low > of(other).high))
        };
        [most(|set| set.components_90), most(|set| set.components_99)]
    }
}

/// A matrix as a list of its rows.
mod rows {
    use ndarray::Array2;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(matrix: &Array2<f64>, to: S) -> Result<S::Ok, S::Error> {
        let rows: Vec<Vec<f64>> = matrix.outer_iter().map(|row| row.to_vec()).collect();
        rows.serialize(to)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Array2<f64>, D::Error> {
        let rows = Vec::<Vec<f64>>::deserialize(from)?;
        let shape = (rows.len(), rows.first().map_or(0, Vec::len));
        Array2::from_shape_vec(shape, rows.concat()).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::save_whole;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    const SETTINGS: DiversitySettings = DiversitySettings {
        count: 40,
        extent: Extent::Volumes,
        scale: Scale::Covariances,
        components: 4,
        resamples: 60,
        seed: 2,
    };

    /// Structures that differ in so many directions, equally far in each.
    fn set(role: Role, directions: usize, size: f32, seed: u64) -> Covariances {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let vectors = (0..40).map(|_| {
            let mut vector = vec![0.0; 64];
            for value in &mut vector[..directions] {
                let normal: f32 = StandardNormal.sample(&mut rng);
                *value = size * normal;
            }
            vector
        });
        Covariances {
            name: format!("{directions} directions"),
            role,
            vectors: vectors.collect(),
        }
    }

    #[test]
    fn more_directions_are_more_components_and_farther_is_more_volume() -> Result<()> {
        let sets = vec![
            set(Role::Dataset, 20, 1.0, 1),
            set(Role::Reference, 6, 1.0, 2),
            set(Role::Reference, 6, 3.0, 3),
            set(Role::Control, 30, 0.1, 4),
        ];
        let alone = vec![("one".to_owned(), vec![1.0; 64])];
        let found = Comparison::of_vectors(sets, alone, 8, &SETTINGS)?;
        let [many, few, large, _] = &found.sets[..] else {
            return Err(Error::value("sets", "four"));
        };
        assert!(many.components_90.low > few.components_90.high);
        assert_eq!(few.components_99.value, 6.0);
        assert_eq!(few.components_99.value, large.components_99.value);
        assert!(large.log_volume.low > few.log_volume.high);
        // Volumes of few structures are of fewer components: with all four, nothing but rounding.
        let mut few_of_each = Vec::new();
        for seed in [1, 2] {
            let mut one = set(Role::Dataset, 20, 1.0, seed);
            one.vectors.truncate(6);
            few_of_each.push(one);
        }
        let small = Comparison::of_vectors(few_of_each, Vec::new(), 8, &SETTINGS)?;
        assert_eq!(small.sets[0].scores.dim(), (6, 2));
        assert!(
            small.sets.iter().all(|set| set.log_volume.low > -6.0),
            "{small:?}"
        );
        assert_eq!(found.needs_most(), [true, true]);
        assert_eq!(found.experiments[0].1.len(), 4);
        assert_eq!(many.scores.dim(), (40, 4));
        let sum: f64 = many.explained.iter().sum();
        assert!((sum - 1.0).abs() < 1e-9);
        let folder = tempfile::tempdir().map_err(|e| Error::io("temporary folder", e))?;
        let path = folder.path().join("diversity.json");
        found.save(&path)?;
        assert_eq!(Comparison::open(&path)?, found);
        save_whole(&path, b"[]")?;
        assert!(Comparison::open(&path).is_err());
        Ok(())
    }

    #[test]
    fn a_set_beside_one_of_its_own_kind_is_not_more_diverse() -> Result<()> {
        let sets = vec![
            set(Role::Dataset, 12, 1.0, 1),
            set(Role::Reference, 12, 1.0, 2),
        ];
        let found = Comparison::of_vectors(sets, Vec::new(), 8, &SETTINGS)?;
        assert_eq!(found.needs_most(), [false, false]);
        let few = vec![Covariances {
            name: "two".into(),
            role: Role::Dataset,
            vectors: vec![vec![1.0; 4]; 2],
        }];
        assert!(Comparison::of_vectors(few, Vec::new(), 8, &SETTINGS).is_err());
        Ok(())
    }
}
