//! The isometric cube: a volume as its three visible faces.
//!
//! The viewer looks along `(1, 1, -1)`: from the low ends of x and y, from above. Seen are the
//! faces `x = 0` on the left, `y = 0` on the right and `z = max` on top. The nearest vertical edge
//! is `x = y = 0`; from its foot, the grid's first voxel, x runs to the right and away, y to the
//! left and away, z upwards: a right-handed triad. All three axes have the same scale.

use super::canvas::{Align, Canvas, GREY, INK, Letters, NORMAL, Rect, SMALL};
use super::ticks::{plain, round_length};
use super::{ColourVolume, Picture};
use crate::microstructure::{Grid, LengthUnit};
use crate::{Error, Result};
use ndarray::{Array3, ArrayView3, s};

/// cos 30°: in an isometric view x and y rise by 30 degrees on the page.
const COS: f64 = 0.866_025_403_784_438_6;
const SIN: f64 = 0.5;
/// Room about the cube: for the title, the z axis on the left, and the scale bar.
const ABOVE: f64 = 34.0;
const BELOW: f64 = 30.0;
const BESIDE: f64 = 34.0;

/// A volume to be drawn as an isometric cube; it keeps the three visible faces only.
#[derive(Debug, Clone, PartialEq)]
pub struct Cube {
    title: String,
    grid: Grid,
    width: f64,
    /// `x = 0`, in axis order `y, z, colour`.
    left: Array3<u8>,
    /// `y = 0`, in axis order `x, z, colour`.
    right: Array3<u8>,
    /// `z = max`, in axis order `x, y, colour`.
    top: Array3<u8>,
}

impl Cube {
    pub(super) fn new(volume: &ColourVolume, title: &str) -> Self {
        let voxels = volume.voxels();
        Cube {
            title: title.into(),
            grid: *volume.grid(),
            width: 520.0,
            left: voxels.slice(s![0, .., .., ..]).to_owned(),
            right: voxels.slice(s![.., 0, .., ..]).to_owned(),
            top: voxels.slice(s![.., .., -1, ..]).to_owned(),
        }
    }

    /// The same cube in a picture of this width in pixels; 520 if not said otherwise.
    pub fn width(mut self, pixels: u32) -> Self {
        self.width = f64::from(pixels);
        self
    }

    /// Draws the cube.
    ///
    /// # Errors
    /// When the width makes no picture.
    pub fn picture(&self) -> Result<Picture> {
        let [width, height] = self.flat_size();
        let scale = (self.width - 2.0 * BESIDE) / width;
        if scale.is_nan() || scale <= 0.0 {
            return Err(too_narrow(self.width));
        }
        // A tall volume would not fit on a screen.
        let scale = scale.min(1.4 * self.width / height);
        let cell = Rect {
            left: 0.0,
            top: 0.0,
            width: self.width,
            height: (height * scale + ABOVE + BELOW).ceil(),
        };
        let mut canvas = Canvas::new(cell.width, cell.height)?;
        self.draw(&mut canvas, cell, scale)?;
        canvas.finish(self.alt())
    }

    fn alt(&self) -> String {
        let name = if self.title.is_empty() {
            "volume"
        } else {
            &self.title
        };
        format!(
            "isometric cube of {name}, {}; faces x = 0 (left), y = 0 (right), z = max (top)",
            self.grid
        )
    }

    /// Width and height of the drawn faces at one pixel a length unit.
    fn flat_size(&self) -> [f64; 2] {
        let [x, y, z] = self.grid.extent();
        [(x + y) * COS, (x + y) * SIN + z]
    }

    /// Draws the cube at `scale` pixels a length unit into the middle of `cell`.
    fn draw(&self, canvas: &mut Canvas, cell: Rect, scale: f64) -> Result<()> {
        let extent = self.grid.extent().map(|length| length * scale);
        let [x, y, z] = extent;
        let width = (x + y) * COS;
        // The foot of the nearest edge.
        let foot = (
            cell.left + (cell.width - width) / 2.0 + y * COS,
            cell.bottom() - BELOW,
        );
        self.paint(canvas, foot, extent);
        outline(canvas, foot, extent)?;
        axes(canvas, foot, extent)?;
        self.scale_bar(canvas, foot, extent, scale)?;
        let top = foot.1 - (x + y) * SIN - z;
        canvas.title(&self.title, (cell.left + cell.width / 2.0, top - 12.0))
    }

    fn paint(&self, canvas: &mut Canvas, foot: (f64, f64), [x, y, z]: [f64; 3]) {
        let bounds = Rect {
            left: foot.0 - y * COS,
            top: foot.1 - (x + y) * SIN - z,
            width: (x + y) * COS,
            height: (x + y) * SIN + z,
        };
        // Undoes the projection on each face in turn; a third of a pixel lies on one of them.
        canvas.paint(bounds, |across, down| {
            let (across, up) = ((across - foot.0) / COS, foot.1 - down);
            let at = |face: &Array3<u8>, u: f64, v: f64| face_colour(face.view(), u, v);
            at(&self.left, -across / y, (up + across * SIN) / z)
                .or_else(|| at(&self.right, across / x, (up - across * SIN) / z))
                .or_else(|| {
                    let middle = up - z;
                    at(
                        &self.top,
                        (middle + across / 2.0) / x,
                        (middle - across / 2.0) / y,
                    )
                })
        });
    }

    /// The bar lies along the far half of the x axis, where lengths are true to scale.
    fn scale_bar(
        &self,
        canvas: &mut Canvas,
        foot: (f64, f64),
        [x, _, _]: [f64; 3],
        scale: f64,
    ) -> Result<()> {
        let length = round_length(0.45 * x / scale);
        let unit = match self.grid.unit {
            LengthUnit::Voxel if length < 1.0 => return Ok(()),
            LengthUnit::Voxel if length == 1.0 => "voxel",
            LengthUnit::Voxel => "voxels",
            unit => unit.symbol(),
        };
        let decimals = (-length.log10()).ceil().max(0.0) as usize;
        let text = format!("{} {unit}", plain(length, decimals));
        let at = |along: f64, off: f64| {
            (
                foot.0 + along * COS + off * SIN,
                foot.1 - along * SIN + off * COS,
            )
        };
        let start = x - length * scale;
        canvas.line(&[at(start, 9.0), at(x, 9.0)], 2.0, INK)?;
        let middle = at(x - length * scale / 2.0, 16.0);
        canvas.text(
            &text,
            (middle.0 + 1.0, middle.1 + 2.0),
            Letters::new(SMALL),
            Align::Start,
            Align::Start,
        )
    }
}

/// Several cubes side by side, each with its title above it, in rows of `columns`. Cubes of one
/// unit share their scale where the smallest stays at least half as large as the largest.
///
/// # Errors
/// When there are no cubes, or so many columns that no room is left.
pub fn cubes(list: &[Cube], columns: usize) -> Result<Picture> {
    const WIDTH: f64 = 860.0;
    if list.is_empty() || columns == 0 {
        return Err(Error::value(
            "cubes",
            format!("{} in rows of {columns}: nothing to draw", list.len()),
        ));
    }
    let columns = columns.min(list.len());
    let cell_width = (WIDTH / columns as f64).min(460.0).floor();
    let room = cell_width - 2.0 * BESIDE;
    if room.is_nan() || room <= 0.0 {
        return Err(too_narrow(cell_width));
    }
    let own: Vec<f64> = list
        .iter()
        .map(|cube| {
            let [width, height] = cube.flat_size();
            (room / width).min(1.6 * room / height)
        })
        .collect();
    let least = own.iter().copied().fold(f64::INFINITY, f64::min);
    let most = own.iter().copied().fold(0.0, f64::max);
    let one_unit = list.iter().all(|cube| cube.grid.unit == list[0].grid.unit);
    let shared = one_unit && most <= 2.0 * least;
    let scale = |index: usize| if shared { least } else { own[index] };

    let mut rows = Vec::new();
    for (row, members) in list.chunks(columns).enumerate() {
        let heights = members
            .iter()
            .enumerate()
            .map(|(column, cube)| cube.flat_size()[1] * scale(row * columns + column));
        rows.push((heights.fold(0.0, f64::max) + ABOVE + BELOW).ceil());
    }
    let mut canvas = Canvas::new(cell_width * columns as f64, rows.iter().sum())?;
    for (index, cube) in list.iter().enumerate() {
        let (row, column) = (index / columns, index % columns);
        let cell = Rect {
            left: column as f64 * cell_width,
            top: rows[..row].iter().sum(),
            width: cell_width,
            height: rows[row],
        };
        cube.draw(&mut canvas, cell, scale(index))?;
    }
    let names: Vec<String> = list.iter().map(Cube::alt).collect();
    canvas.finish(names.join("; "))
}

fn too_narrow(width: f64) -> Error {
    Error::value(
        "cube width",
        format!("{width} pixels leave no room beside the axes"),
    )
}

/// The colour of a face at shares `u`, `v` of its two edges; `None` beside the face.
fn face_colour(face: ArrayView3<'_, u8>, u: f64, v: f64) -> Option<[u8; 3]> {
    let voxel = |share: f64, count: usize| {
        // The edges of a face belong to it, whatever rounding says.
        let inside = (-1e-9..=1.0 + 1e-9).contains(&share);
        inside.then(|| ((share * count as f64).max(0.0) as usize).min(count - 1))
    };
    let (i, j) = (voxel(u, face.shape()[0])?, voxel(v, face.shape()[1])?);
    Some([face[[i, j, 0]], face[[i, j, 1]], face[[i, j, 2]]])
}

fn outline(canvas: &mut Canvas, foot: (f64, f64), [x, y, z]: [f64; 3]) -> Result<()> {
    let at = |i: f64, j: f64, k: f64| {
        (
            foot.0 + (i * x - j * y) * COS,
            foot.1 - (i * x + j * y) * SIN - k * z,
        )
    };
    let ring = [
        at(0.0, 0.0, 0.0),
        at(1.0, 0.0, 0.0),
        at(1.0, 0.0, 1.0),
        at(1.0, 1.0, 1.0),
        at(0.0, 1.0, 1.0),
        at(0.0, 1.0, 0.0),
        at(0.0, 0.0, 0.0),
    ];
    canvas.line(&ring, 1.0, INK)?;
    let near = at(0.0, 0.0, 1.0);
    for end in [at(0.0, 0.0, 0.0), at(1.0, 0.0, 1.0), at(0.0, 1.0, 1.0)] {
        canvas.line(&[near, end], 1.0, INK)?;
    }
    Ok(())
}

/// Short arrows beside the three outer edges, from the low end on.
fn axes(canvas: &mut Canvas, foot: (f64, f64), [x, y, z]: [f64; 3]) -> Result<()> {
    const OFF: f64 = 9.0;
    // Where an axis starts, its direction on the page, the outward direction, its length.
    let edges = [
        ("x", foot, (COS, -SIN), (SIN, COS), x),
        ("y", foot, (-COS, -SIN), (-SIN, COS), y),
        (
            "z",
            (foot.0 - y * COS, foot.1 - y * SIN),
            (0.0, -1.0),
            (-1.0, 0.0),
            z,
        ),
    ];
    for (name, start, along, out, length) in edges {
        let length = (0.4 * length).clamp(8.0, 34.0);
        let at = |forward: f64, aside: f64| {
            (
                start.0 + forward * along.0 + (OFF + aside) * out.0,
                start.1 + forward * along.1 + (OFF + aside) * out.1,
            )
        };
        let begin = if name == "z" { 0.0 } else { 6.0 };
        canvas.line(&[at(begin, 0.0), at(begin + length - 4.0, 0.0)], 1.0, GREY)?;
        let tip = begin + length;
        canvas.polygon(
            &[at(tip, 0.0), at(tip - 6.0, 2.7), at(tip - 6.0, -2.7)],
            GREY,
        )?;
        canvas.text(
            name,
            at(begin + length / 2.0, 10.0),
            Letters::new(NORMAL),
            Align::Middle,
            Align::Middle,
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::encode::tests::decode;
    use super::*;
    use ndarray::Array4;

    /// A colour that names its voxel.
    fn named(x: usize, y: usize, z: usize) -> [u8; 3] {
        [20 + 40 * x as u8, 20 + 30 * y as u8, 20 + 35 * z as u8]
    }

    fn volume(shape: [usize; 3], spacing: [f64; 3]) -> Result<ColourVolume> {
        let grid = Grid::with_spacing(shape, spacing, LengthUnit::Micrometre)?;
        let [x, y, z] = shape;
        let voxels = Array4::from_shape_fn((x, y, z, 3), |(i, j, k, c)| named(i, j, k)[c]);
        ColourVolume::new(grid, voxels)
    }

    #[test]
    fn faces_carry_their_voxels_at_their_places() -> Result<()> {
        let (shape, spacing) = ([4usize, 5, 3], [2.0, 1.0, 3.0]);
        let picture = volume(shape, spacing)?.cube("").picture()?;
        let read = decode(picture.png())?;
        assert_eq!(read.width as u32, picture.width());
        assert_eq!(read.height as u32, picture.height());
        // The projection of the documentation, written again from the viewer's side.
        let extent: [f64; 3] = std::array::from_fn(|a| shape[a] as f64 * spacing[a]);
        let scale = (520.0 - 2.0 * BESIDE) / ((extent[0] + extent[1]) * 30f64.to_radians().cos());
        let foot = [BESIDE + extent[1] * COS * scale, read.height as f64 - BELOW];
        let seen = |at: [f64; 3]| {
            let x = foot[0] + scale * (at[0] - at[1]) * 30f64.to_radians().cos();
            let y = foot[1] - scale * ((at[0] + at[1]) / 2.0 + at[2]);
            read.at(x, y)
        };
        let centre = |index: usize, axis: usize| (index as f64 + 0.5) * spacing[axis];
        for i in 0..shape[0] {
            for j in 0..shape[1] {
                let at = [centre(i, 0), centre(j, 1), extent[2]];
                assert_eq!(seen(at), named(i, j, shape[2] - 1), "top {i} {j}");
            }
        }
        for k in 0..shape[2] {
            for i in 0..shape[0] {
                let at = [centre(i, 0), 0.0, centre(k, 2)];
                assert_eq!(seen(at), named(i, 0, k), "right {i} {k}");
            }
            for j in 0..shape[1] {
                let at = [0.0, centre(j, 1), centre(k, 2)];
                assert_eq!(seen(at), named(0, j, k), "left {j} {k}");
            }
        }
        Ok(())
    }

    #[test]
    fn the_same_cube_gives_the_same_bytes() -> Result<()> {
        let cube = volume([4, 4, 4], [1.0; 3])?.cube("twice");
        assert_eq!(cube.picture()?.png(), cube.clone().picture()?.png());
        Ok(())
    }

    #[test]
    fn nothing_to_draw_is_an_error() -> Result<()> {
        assert!(cubes(&[], 3).is_err());
        let cube = volume([2, 2, 2], [1.0; 3])?.cube("");
        assert!(cubes(std::slice::from_ref(&cube), 0).is_err());
        assert!(cube.width(20).picture().is_err());
        Ok(())
    }

    #[test]
    fn slender_and_single_voxel_volumes_are_drawn() -> Result<()> {
        let one = volume([1, 1, 1], [1.0; 3])?.cube("one");
        let slender = volume([1, 2, 5], [0.1, 0.1, 40.0])?.cube("slender");
        assert!(slender.picture()?.height() < 900);
        let picture = cubes(&[one, slender], 4)?;
        assert!(picture.alt().contains("slender"));
        Ok(())
    }
}
