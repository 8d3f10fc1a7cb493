//! Numbered slices as a volume.

use super::{find_reader, identity};
use crate::microstructure::{Grid, Microstructure, Origin};
use crate::{Error, Result};
use ndarray::parallel::prelude::*;
use ndarray::{Array3, Array4, ArrayView1, ArrayView2, ArrayViewMut3, Axis, s};
use std::path::{Path, PathBuf};

/// The files of a folder with the given ending (`ang`), sorted by the last number in their
/// names: `slice_2.ang` comes before `slice_10.ang`.
///
/// # Errors
/// When the folder cannot be listed or holds no such file, a name has no number, or a number
/// between the first and the last is missing or comes twice.
pub fn numbered_slices(folder: impl AsRef<Path>, ending: &str) -> Result<Vec<PathBuf>> {
    list(folder.as_ref(), ending)
}

fn list(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let io = |e| Error::io(folder, e);
    let mut slices = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if super::ending(&path) != ending.to_lowercase() {
            continue;
        }
        let number = last_number(&path)
            .ok_or_else(|| Error::format(&path, "file name", "expected a slice number in it"))?;
        slices.push((number, path));
    }
    slices.sort();
    if slices.is_empty() {
        let problem = format!("no file ends in .{ending}");
        return Err(Error::format(folder, "folder", problem));
    }
    for pair in slices.windows(2) {
        let ((before, _), (after, path)) = (&pair[0], &pair[1]);
        if Some(*after) != before.checked_add(1) {
            let problem = format!(
                "expected slice {} after slice {before}",
                before.saturating_add(1)
            );
            return Err(Error::format(path, "file name", problem));
        }
    }
    Ok(slices.into_iter().map(|(_, path)| path).collect())
}

fn last_number(path: &Path) -> Option<u64> {
    let stem = path.file_stem()?.to_str()?;
    let end = stem.rfind(|c: char| c.is_ascii_digit())? + 1;
    let start = stem[..end]
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| {
            at + stem[at..].chars().next().map_or(1, char::len_utf8)
        });
    stem[start..end].parse().ok()
}

/// Slices that are held at once before they are put into the volume.
const BATCH: usize = 16;

pub(super) fn read(paths: &[PathBuf], spacing_z: f64) -> Result<Microstructure> {
    let Some(first_path) = paths.first() else {
        return Err(Error::value("slices", "expected at least one file"));
    };
    let first = find_reader(first_path)?.read(first_path)?;
    let [nx, ny, _] = first.grid().shape;
    let [dx, dy, _] = first.grid().spacing;
    let shape = (nx, ny, paths.len());
    let mut grid = Grid::with_spacing(
        [nx, ny, paths.len()],
        [dx, dy, spacing_z],
        first.grid().unit,
    )?;
    grid.origin = first.grid().origin;

    let mut euler = Array4::<f32>::zeros((3, nx, ny, paths.len()));
    let mut phase = Array3::<u8>::zeros(shape);
    let mut mask = Array3::from_elem(shape, false);
    let mut grain_ids = first.grain_ids().map(|_| Array3::<u32>::zeros(shape));
    let mut properties: Vec<(String, Array3<f32>)> = first
        .properties()
        .keys()
        .map(|name| (name.clone(), Array3::zeros(shape)))
        .collect();

    // z varies fastest in memory, so slices are put in by batches: each cache line of the
    // volume is then touched once a batch, and not once a slice.
    for (batch, paths) in paths.chunks(BATCH).enumerate() {
        let slices: Vec<Microstructure> = paths
            .par_iter()
            .map(|path| read_slice(path, first_path, &first))
            .collect::<Result<_>>()?;
        let z = batch * BATCH..batch * BATCH + slices.len();
        for channel in 0..3 {
            let volume = euler.slice_mut(s![channel, .., .., z.clone()]);
            put(volume, &slices, |slice| {
                slice.euler().slice(s![channel, .., .., 0])
            });
        }
        put(phase.slice_mut(s![.., .., z.clone()]), &slices, |s| {
            s.phase().index_axis(Axis(2), 0)
        });
        put(mask.slice_mut(s![.., .., z.clone()]), &slices, |s| {
            s.mask().index_axis(Axis(2), 0)
        });
        if let Some(ids) = &mut grain_ids {
            let found: Vec<_> = slices.iter().filter_map(|s| s.grain_ids()).collect();
            put(ids.slice_mut(s![.., .., z.clone()]), &found, |ids| {
                ids.index_axis(Axis(2), 0)
            });
        }
        for (name, volume) in &mut properties {
            let found: Vec<_> = slices
                .iter()
                .filter_map(|s| s.properties().get(name))
                .collect();
            put(volume.slice_mut(s![.., .., z.clone()]), &found, |v| {
                v.index_axis(Axis(2), 0)
            });
        }
    }

    let (name, _) = identity(first_path);
    let mut volume = Microstructure::new(name, Origin::File(first_path.clone()), grid, euler)?
        .with_phases(first.phases().to_vec(), phase)?
        .with_mask(mask)?;
    if let Some(ids) = grain_ids {
        volume = volume.with_grain_ids(ids)?;
    }
    for (name, values) in properties {
        volume = volume.with_property(name, values)?;
    }
    Ok(volume)
}

/// Puts one layer of each slice into the volume.
fn put<'a, S, T: Copy + Send + Sync + 'a>(
    mut volume: ArrayViewMut3<'_, T>,
    slices: &'a [S],
    layer: impl Fn(&'a S) -> ArrayView2<'a, T>,
) {
    let layers: Vec<ArrayView2<'_, T>> = slices.iter().map(layer).collect();
    volume
        .outer_iter_mut()
        .into_par_iter()
        .enumerate()
        .for_each(|(x, mut plane)| {
            let rows: Vec<ArrayView1<'_, T>> = layers.iter().map(|layer| layer.row(x)).collect();
            for (y, mut along_z) in plane.outer_iter_mut().enumerate() {
                for (value, row) in along_z.iter_mut().zip(&rows) {
                    *value = row[y];
                }
            }
        });
}

/// One slice, which must be like the first.
fn read_slice(path: &Path, first_path: &Path, first: &Microstructure) -> Result<Microstructure> {
    let slice = find_reader(path)?.read(path)?;
    let differs = |what: &str, expected: String, found: String| {
        let like = first_path.display();
        let problem = format!("expected {expected} as in {like}, found {found}");
        Err(Error::format(path, what, problem))
    };
    let (mine, theirs) = (slice.grid(), first.grid());
    if mine.shape[2] != 1 {
        let problem = format!(
            "a slice has one layer along z, this file has {}",
            mine.shape[2]
        );
        return Err(Error::format(path, "grid", problem));
    }
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b;
    let same_spacing = (0..2).all(|axis| close(mine.spacing[axis], theirs.spacing[axis]));
    if mine.shape != theirs.shape || mine.unit != theirs.unit || !same_spacing {
        return differs("grid", theirs.to_string(), mine.to_string());
    }
    if slice.phases() != first.phases() {
        let names = |m: &Microstructure| format!("{:?}", m.phases());
        return differs("phases", names(first), names(&slice));
    }
    let names = |m: &Microstructure| m.properties().keys().cloned().collect::<Vec<_>>();
    if names(&slice) != names(first) {
        return differs(
            "properties",
            format!("{:?}", names(first)),
            format!("{:?}", names(&slice)),
        );
    }
    if slice.grain_ids().is_some() != first.grain_ids().is_some() {
        let known = |m: &Microstructure| format!("grain ids: {}", m.grain_ids().is_some());
        return differs("grain ids", known(first), known(&slice));
    }
    Ok(slice)
}

#[cfg(test)]
mod tests {
    use super::super::attacks::ang;
    use super::*;

    fn folder() -> Result<tempfile::TempDir> {
        tempfile::tempdir().map_err(|e| Error::io("a temporary folder", e))
    }

    fn put(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|e| Error::io(&path, e))?;
        Ok(path)
    }

    #[test]
    fn slices_become_layers_in_the_order_of_their_numbers() -> Result<()> {
        let folder = folder()?;
        // More slices than one batch holds, and numbers whose order is not that of letters.
        for k in 0..20 {
            let text = ang().replace(" 1.0 2.0 ", &format!(" {}.5 2.0 ", k));
            put(folder.path(), &format!("cut3_{}.ang", k + 95), &text)?;
        }
        put(folder.path(), "notes.txt", "")?;
        let paths = numbered_slices(folder.path(), "ang")?;
        let volume = Microstructure::open_stack(&paths, 0.75)?;
        assert_eq!(volume.grid().shape, [3, 2, 20]);
        assert_eq!(volume.grid().spacing, [0.5, 0.25, 0.75]);
        for z in 0..20 {
            // The point at column 2, row 1 is the sixth; the fifth is not indexed.
            assert_eq!(volume.euler()[[0, 2, 1, z]], 0.5);
            assert_eq!(volume.euler()[[1, 2, 1, z]], z as f32 + 0.5);
            assert_eq!(volume.phase()[[2, 1, z]], 2);
            assert_eq!(volume.phase()[[1, 1, z]], 0);
            assert!(!volume.mask()[[1, 1, z]] && volume.mask()[[0, 1, z]]);
            assert_eq!(volume.properties()["image quality"][[1, 0, z]], 101.5);
        }
        Ok(())
    }

    #[test]
    fn a_slice_unlike_the_first_is_named() -> Result<()> {
        let folder = folder()?;
        let first = put(folder.path(), "a_1.ang", &ang())?;
        for (change, to, part) in [
            ("XSTEP: 0.5", "XSTEP: 0.51", "grid"),
            ("MaterialName B", "MaterialName C", "phases"),
            (" 1.5 0.3\n", " 1.5\n", "properties"),
            (" 1.5 0.3\n", " 1.5 ?\n", "line 16"),
        ] {
            let second = put(folder.path(), "a_2.ang", &ang().replace(change, to))?;
            let text = Microstructure::open_stack(&[first.clone(), second], 1.0)
                .map_or_else(|e| e.to_string(), |m| m.name);
            assert!(text.contains("a_2.ang") && text.contains(part), "{text}");
        }
        assert!(Microstructure::open_stack(&[], 1.0).is_err());
        assert!(Microstructure::open_stack(&[first], 0.0).is_err());
        Ok(())
    }

    #[test]
    fn gaps_in_the_numbers_are_told() -> Result<()> {
        let folder = folder()?;
        assert!(numbered_slices(folder.path(), "ang").is_err());
        for name in ["s_008.ang", "s_009.ang", "s_011.ang"] {
            put(folder.path(), name, "")?;
        }
        let listed = numbered_slices(folder.path(), "ang");
        let text = listed.map_or_else(|e| e.to_string(), |l| format!("{l:?}"));
        assert!(
            text.contains("s_011.ang") && text.contains("expected slice 10"),
            "{text}"
        );
        Ok(())
    }
}
