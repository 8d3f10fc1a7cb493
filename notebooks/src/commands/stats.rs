//! Statistics, covariances, principal components and pictures of the user's files.

use super::Progress;
use crate::{Error, Result};
use ndarray::{Array3, Array4, Axis};
use polymicros_prelude::{
    Cutoff, ExplainedVariance, Field, Grid, Microstructure, OnePoint, Pairs, PcScatter, Pca,
    TwoPoint, Vectors, explained_variance_table, ipf_cube, one_point_table, scores_table,
    two_point_maps,
};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Statistics, covariances, principal components and pictures of files.
///
/// For each file: 2-point statistics and covariances of the three ROGSH values as .npz (array
/// `field`, one channel a pair, zero displacement in the middle), and pictures. For all:
/// one_point.csv, and for two or more of one dimension and spacing pca_scores.csv and
/// explained_variance.csv; displacements then go up to half of the smallest file's edges, which is
/// printed.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example:\n  polymicros stats scan1.ang scan2.ang --out statistics")]
pub(super) struct Plan {
    /// Orientation maps or volumes in any format that is read.
    #[arg(required = true, value_name = "IN")]
    files: Vec<PathBuf>,
    /// The folder for the results.
    #[arg(long)]
    out: PathBuf,
    /// Treat the volumes as periodic, as synthetic ones are; specimens are not.
    #[arg(long)]
    periodic: bool,
}

pub(super) fn run(plan: &Plan, json: bool) -> Result<()> {
    std::fs::create_dir_all(&plan.out).map_err(|source| Error::io(&plan.out, source))?;
    let names = names(&plan.files);
    // All files are opened first: a bad one is better found before an hour of work than after. None
    // is kept, so that memory stays that of one volume however many there are.
    let grids = plan
        .files
        .iter()
        .map(|file| Ok(*Microstructure::open(file)?.grid()))
        .collect::<Result<Vec<_>>>()?;
    let comparable = comparable(&grids);
    let reach = shortest(&grids);
    if comparable && !plan.periodic && grids.len() > 1 {
        let [x, y, z] = reach;
        eprintln!("displacements up to {x}, {y} and {z} voxels, half of the smallest file's edges");
    }
    let mut one_points = Vec::new();
    let mut stored_covariances = Vec::new();
    for (name, file) in names.iter().zip(&plan.files) {
        let mut progress = Progress::new(name);
        progress.say("statistics");
        let volume = &Microstructure::open(file)?;
        let field = volume.rogsh()?;
        let statistics = if plan.periodic {
            TwoPoint::periodic(&field, &Pairs::All)?
        } else {
            let cutoff = match comparable {
                true => Cutoff {
                    displacement: reach,
                    min_pairs: 1,
                },
                false => Cutoff::half(field.grid()),
            };
            TwoPoint::non_periodic(&field, &Pairs::All, cutoff)?
        };
        let covariance = statistics.to_covariance();
        let at = |ending: &str| plan.out.join(format!("{name}.{ending}"));
        as_field(&statistics)?.save(at("statistics.npz"))?;
        let stored = at("covariance.npz");
        as_field(&covariance)?.save(&stored)?;
        ipf_cube(volume, name)?.save(at("ipf.png"))?;
        two_point_maps(&covariance, name)?.save(at("covariance.png"))?;
        one_points.push(OnePoint::of(&field)?);
        stored_covariances.push((stored, covariance.displacements()));
        progress.keep(&format!("{}", volume.grid()));
    }
    one_point_table(&names, &one_points)?.to_csv(plan.out.join("one_point.csv"))?;
    let same = stored_covariances
        .windows(2)
        .all(|two| two[0].1 == two[1].1);
    let pca = if stored_covariances.len() > 1 && comparable && same {
        Some(principal_components(
            &names,
            &stored_covariances,
            &plan.out,
        )?)
    } else {
        eprintln!(
            "no principal components: they need two files or more of one dimension and spacing{}",
            if plan.periodic {
                ", and of one shape"
            } else {
                ""
            }
        );
        None
    };
    if json {
        println!(
            "{}",
            json!({
                "files": names,
                "means": one_points.iter().map(|one| &one.mean).collect::<Vec<_>>(),
                "explained_variance_ratio": pca.as_ref().map(Pca::explained_ratio),
                "out": plan.out,
            })
        );
    } else {
        println!("{}", one_point_table(&names, &one_points)?);
        println!("results: {}", plan.out.display());
    }
    Ok(())
}

/// The files' stems, numbered where two would be the same.
fn names(files: &[PathBuf]) -> Vec<String> {
    let stems: Vec<String> = files
        .iter()
        .map(|file| {
            file.file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into()
        })
        .collect();
    stems
        .iter()
        .enumerate()
        .map(|(index, stem)| {
            if stems.iter().filter(|other| *other == stem).count() > 1 {
                format!("{stem}_{}", index + 1)
            } else {
                stem.clone()
            }
        })
        .collect()
}

/// Whether a displacement in voxels means the same in all: one spacing, and maps or volumes but not
/// both.
fn comparable(grids: &[Grid]) -> bool {
    let flat = |grid: &Grid| grid.shape.map(|edge| edge == 1);
    grids.windows(2).all(|two| {
        let (a, b) = (two[0].spacing, two[1].spacing);
        let equal = a
            .iter()
            .zip(&b)
            .all(|(a, b)| (a - b).abs() <= 1e-6 * a.abs());
        equal && two[0].unit == two[1].unit && flat(&two[0]) == flat(&two[1])
    })
}

/// Half of the shortest edge along each axis: what all volumes have statistics for.
fn shortest(grids: &[Grid]) -> [usize; 3] {
    std::array::from_fn(|axis| {
        let edges = grids.iter().map(|grid| grid.shape[axis]);
        edges.min().unwrap_or(1) / 2
    })
}

/// Centred values, one channel a pair; displacements without a valid pair are masked.
pub(super) fn as_field(statistics: &TwoPoint) -> Result<Field> {
    let [x, y, z] = statistics.displacements();
    let grid = Grid {
        shape: [x, y, z],
        ..*statistics.grid()
    };
    let pairs = statistics.pairs();
    let mut data = Array4::zeros((pairs.len(), x, y, z));
    let mut mask = Array3::from_elem((x, y, z), true);
    for (&pair, mut channel) in pairs.iter().zip(data.axis_iter_mut(Axis(0))) {
        channel.assign(&statistics.centred(pair)?);
        mask.zip_mut_with(&channel, |valid, value: &f32| *valid &= value.is_finite());
        channel.mapv_inplace(|value| if value.is_finite() { value } else { 0.0 });
    }
    let names = pairs.iter().map(|&pair| statistics.pair_name(pair));
    let field = Field::new(grid, names, data)?;
    if mask.iter().all(|valid| *valid) {
        return Ok(field);
    }
    Ok(field.with_mask(mask.into_shared())?)
}

/// Of the stored covariances of files on one grid of displacements, read piece by piece.
fn principal_components(
    names: &[String],
    covariances: &[(PathBuf, [usize; 3])],
    out: &Path,
) -> Result<Pca> {
    let stored: Vec<&Path> = covariances.iter().map(|(path, _)| &**path).collect();
    let pca = Pca::fit(&Vectors::from_files(&stored, Some("field"))?)?;
    scores_table(names, &pca)?.to_csv(out.join("pca_scores.csv"))?;
    explained_variance_table(&pca)?.to_csv(out.join("explained_variance.csv"))?;
    ExplainedVariance::new()
        .set("files", &pca.explained_ratio())
        .picture()?
        .save(out.join("explained_variance.png"))?;
    if pca.rank() >= 2 {
        PcScatter::new(&pca.explained_ratio())
            .group("files", pca.scores().view())
            .pairs(&[[0, 1]])
            .picture()?
            .save(out.join("pca.png"))?;
    }
    Ok(pca)
}

#[cfg(test)]
mod tests {
    use super::*;
    use polymicros_prelude::StandIn;

    #[test]
    fn files_become_statistics_tables_and_pictures() -> Result<()> {
        let folder =
            tempfile::tempdir().map_err(|source| Error::io("a temporary folder", source))?;
        let mut files = Vec::new();
        for seed in 0..3 {
            let file = folder.path().join(format!("volume_{seed}.npz"));
            StandIn::CoarseBeta
                .generate([16, 12, 20], seed)?
                .save(&file)?;
            files.push(file);
        }
        let out = folder.path().join("out");
        let plan = Plan {
            files,
            out: out.clone(),
            periodic: false,
        };
        run(&plan, true)?;
        let covariance = Field::open(out.join("volume_1.covariance.npz"))?;
        assert_eq!(covariance.channels().len(), 6);
        assert_eq!(covariance.grid().shape, [17, 13, 21]);
        let scores = std::fs::read_to_string(out.join("pca_scores.csv"));
        assert_eq!(scores.map(|text| text.lines().count()).unwrap_or(0), 4);
        for picture in ["volume_0.ipf.png", "volume_2.covariance.png", "pca.png"] {
            assert!(out.join(picture).is_file(), "{picture}");
        }
        Ok(())
    }

    /// A map beside a volume, and voxels of another size: each keeps its own reach.
    #[test]
    fn what_cannot_be_compared_has_no_common_components() -> Result<()> {
        let folder =
            tempfile::tempdir().map_err(|source| Error::io("a temporary folder", source))?;
        let save = |name: &str, shape| -> Result<PathBuf> {
            let file = folder.path().join(name);
            StandIn::CoarseBeta.generate(shape, 1)?.save(&file)?;
            Ok(file)
        };
        let files = vec![save("map.npz", [16, 16, 1])?, save("volume.npz", [16; 3])?];
        let out = folder.path().join("out");
        let plan = Plan {
            files,
            out: out.clone(),
            periodic: false,
        };
        run(&plan, true)?;
        let reach = |name: &str| -> Result<[usize; 3]> {
            Ok(Field::open(out.join(format!("{name}.covariance.npz")))?
                .grid()
                .shape)
        };
        assert_eq!([reach("map")?, reach("volume")?], [[17, 17, 1], [17; 3]]);
        assert!(!out.join("pca_scores.csv").exists());
        let coarser = Grid {
            spacing: [10.0; 3],
            ..Grid::cube(16)?
        };
        assert!(!comparable(&[Grid::cube(16)?, coarser]));
        assert!(comparable(&[Grid::cube(16)?, Grid::cube(8)?]));
        Ok(())
    }

    #[test]
    fn a_file_that_is_missing_is_named() {
        let plan = Plan {
            files: vec!["nowhere.ang".into()],
            out: std::env::temp_dir().join("polymicros-stats-nowhere"),
            periodic: false,
        };
        assert!(run(&plan, false).is_err_and(|error| error.to_string().contains("nowhere.ang")));
    }
}
