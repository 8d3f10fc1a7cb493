//! Pictures in one call.

use polymicros::display::{ColourVolume, Cube, Picture, TwoPointMaps, cubes};
use polymicros::microstructure::{Field, Grid, Microstructure};
use polymicros::reconstruction::sections::OrthogonalStatistics;
use polymicros::statistics::TwoPoint;
use polymicros::{Error, Result};

/// Columns of a picture of several cubes.
const COLUMNS: usize = 3;

/// A volume as a cube in inverse pole figure colours for the sample's z axis.
///
/// # Errors
/// When the picture cannot be drawn.
pub fn ipf_cube(volume: &Microstructure, title: &str) -> Result<Picture> {
    ipf(volume, title)?.picture()
}

/// Several volumes in inverse pole figure colours, each under its name.
///
/// # Errors
/// When a picture cannot be drawn.
pub fn ipf_cubes(volumes: &[Microstructure]) -> Result<Picture> {
    let list = volumes
        .iter()
        .map(|volume| ipf(volume, &volume.name))
        .collect::<Result<Vec<_>>>()?;
    cubes(&list, COLUMNS)
}

/// Several volumes in ROGSH colours (the three values as red, green and blue), each under its name.
///
/// # Errors
/// When a volume is not cubic or a picture cannot be drawn.
pub fn rogsh_cubes(volumes: &[Microstructure]) -> Result<Picture> {
    let list = volumes
        .iter()
        .map(|volume| Ok(ColourVolume::rogsh(&volume.rogsh()?)?.cube(&volume.name)))
        .collect::<Result<Vec<_>>>()?;
    cubes(&list, COLUMNS)
}

/// Several ROGSH fields as cubes, the three channels as red, green and blue, each under its title.
///
/// # Errors
/// When there are more or fewer titles than fields, or a picture cannot be drawn.
pub fn field_cubes(fields: &[Field], titles: &[String]) -> Result<Picture> {
    if fields.len() != titles.len() {
        return Err(Error::shape("titles of fields", fields.len(), titles.len()));
    }
    let list = fields
        .iter()
        .zip(titles)
        .map(|(field, title)| Ok(ColourVolume::rogsh(field)?.cube(title)))
        .collect::<Result<Vec<_>>>()?;
    cubes(&list, COLUMNS)
}

/// Cuts through zero displacement of every pair that the statistics hold.
///
/// # Errors
/// When the picture cannot be drawn.
pub fn two_point_maps(statistics: &TwoPoint, title: &str) -> Result<Picture> {
    let grid = Grid {
        shape: statistics.displacements(),
        ..*statistics.grid()
    };
    let mut maps = TwoPointMaps::new(&grid).title(title);
    for &(b, c) in statistics.pairs() {
        let centred = statistics.centred((b, c))?;
        maps = maps.pair(&format!("{b}{c}"), centred.view())?;
    }
    maps.picture()
}

/// Orthogonal 2-point statistics side by side, for each pair of channels the target, what was found
/// and the difference, on the planes xy, xz and yz (the paper's Figure 10).
///
/// # Errors
/// When the shapes differ, or a pair is not one of 00, 01, 02, 11, 12, 22.
pub fn orthogonal_maps(
    target: &OrthogonalStatistics,
    found: &OrthogonalStatistics,
    pairs: &[(usize, usize)],
    title: &str,
) -> Result<Picture> {
    let difference = found.difference(target)?;
    let mut maps = TwoPointMaps::new(target.grid()).title(title);
    for &pair in pairs {
        for (name, shown) in [
            ("target", target),
            ("found", found),
            ("difference", &difference),
        ] {
            // The planes xy, xz and yz are perpendicular to z, y and x.
            let cuts = [2, 1, 0].map(|axis| shown.centred(pair, axis));
            let [xy, xz, yz] = cuts;
            let name = format!("{}{} {name}", pair.0, pair.1);
            maps = maps.cuts(&name, [xy?, xz?, yz?])?;
        }
    }
    maps.picture()
}

/// The inverse pole figure colour of a crystal direction: that of a crystal which shows it along z.
pub fn inverse_pole_colour(direction: [f64; 3]) -> [u8; 3] {
    polymicros::orientation::ipf_colour(polymicros::orientation::Euler::default(), direction)
}

/// `count` rows of a matrix from `first` on, such as the scores of one group of structures; fewer
/// where the matrix ends before.
pub fn rows(
    matrix: &ndarray::Array2<f64>,
    first: usize,
    count: usize,
) -> ndarray::ArrayView2<'_, f64> {
    let first = first.min(matrix.nrows());
    let end = (first + count).min(matrix.nrows());
    matrix.slice(ndarray::s![first..end, ..])
}

fn ipf(volume: &Microstructure, title: &str) -> Result<Cube> {
    let colours = volume.ipf_colours([0.0, 0.0, 1.0]);
    Ok(ColourVolume::new(*volume.grid(), colours)?.cube(title))
}
