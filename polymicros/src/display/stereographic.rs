//! Directions on the stereographic projection: the inverse pole figure key and pole figures.
//!
//! A unit vector `(x, y, z)` with `z >= 0` is projected from the south pole to
//! `(x, y) / (1 + z)`: x points to the right, y upwards, z towards the viewer.

use super::Picture;
use super::canvas::{Align, Canvas, GREY, INK, Letters, NORMAL, Rect};
use super::colour::series_colour;
use crate::{Error, Result};

/// The corners of the standard triangle on the projection: 001 at the origin, 101 and 111.
const EDGE: f64 = std::f64::consts::SQRT_2 - 1.0;
/// The radius of a pole figure in pixels.
const RADIUS: f64 = 112.0;
const TIP: f64 = 0.366_025_403_784_438_6; // (√3 - 1) / 2

/// The colour key of cubic inverse pole figures: the standard triangle 001, 101, 111.
///
/// `colour` gives the colour of a unit vector `(x, y, z)` in the crystal frame; it is asked for
/// vectors with `z >= x >= y >= 0`.
///
/// # Errors
/// When drawing fails.
pub fn ipf_key(title: &str, colour: fn([f64; 3]) -> [u8; 3]) -> Result<Picture> {
    const WIDTH: f64 = 340.0;
    let rect = triangle_in(Rect {
        left: 34.0,
        top: if title.is_empty() { 28.0 } else { 52.0 },
        width: WIDTH - 68.0,
        height: 0.0,
    });
    let mut canvas = Canvas::new(WIDTH, rect.bottom() + 30.0)?;
    let scale = rect.width / EDGE;
    canvas.paint(rect, |x, y| {
        let at = ((x - rect.left) / scale, (rect.bottom() - y) / scale);
        let vector = unproject(at);
        let [x, y, z] = vector;
        (y >= -1e-9 && x >= y - 1e-9 && z >= x - 1e-9).then(|| colour(vector))
    });
    draw_triangle(&mut canvas, rect)?;
    canvas.title(title, (WIDTH / 2.0, 22.0))?;
    canvas.finish(format!(
        "inverse pole figure key {title}: triangle 001 (lower left), 101 (lower right), 111 (top)"
    ))
}

/// One set of directions, and its colour where it is not the usual one.
#[derive(Debug, Clone, PartialEq)]
struct Panel {
    title: String,
    directions: Vec<[f64; 3]>,
    colour: Option<[u8; 3]>,
}

/// Directions as points, a panel for each set: on the whole hemisphere, or, with the cubic
/// symmetry, in the standard triangle.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PoleFigures {
    panels: Vec<Panel>,
    triangle: bool,
    labels: [String; 2],
}

impl PoleFigures {
    /// Pole figures: directions in the sample frame on the upper hemisphere; a direction that
    /// points downwards is shown by its opposite.
    pub fn new() -> Self {
        PoleFigures {
            labels: ["x".into(), "y".into()],
            ..Self::default()
        }
    }

    /// Inverse pole figures: directions in the crystal frame, each brought into the triangle 001,
    /// 101, 111 by the symmetry of m-3m.
    pub fn inverse() -> Self {
        PoleFigures {
            triangle: true,
            ..Self::default()
        }
    }

    /// The same figures and one more, of vectors of any length above zero.
    pub fn panel(mut self, title: &str, directions: &[[f64; 3]]) -> Self {
        self.panels.push(Panel {
            title: title.into(),
            directions: directions.to_vec(),
            colour: None,
        });
        self
    }

    /// The same figures with another colour for the panel given last.
    pub fn coloured(mut self, colour: [u8; 3]) -> Self {
        if let Some(panel) = self.panels.last_mut() {
            panel.colour = Some(colour);
        }
        self
    }

    /// The same pole figures with other names for the axes to the right and upwards, for example
    /// `RD` and `TD`.
    pub fn axes(mut self, right: &str, up: &str) -> Self {
        self.labels = [right.into(), up.into()];
        self
    }

    /// Draws the figures, at most three in a row.
    ///
    /// # Errors
    /// When there is no panel, or a vector is zero or not finite.
    pub fn picture(&self) -> Result<Picture> {
        if self.panels.is_empty() {
            return Err(Error::value("pole figures", "no panel to draw"));
        }
        let columns = self.panels.len().min(3);
        let (width, height) = if self.triangle {
            (285.0, 262.0)
        } else {
            (280.0, 300.0)
        };
        let rows = self.panels.len().div_ceil(columns);
        let mut canvas = Canvas::new(width * columns as f64, height * rows as f64)?;
        for (index, panel) in self.panels.iter().enumerate() {
            let Panel {
                title,
                directions,
                colour,
            } = panel;
            let left = width * (index % columns) as f64;
            let top = height * (index / columns) as f64;
            let colour = colour.unwrap_or(series_colour(0));
            canvas.title(title, (left + width / 2.0, top + 22.0))?;
            let radius = match directions.len() {
                0..=300 => 2.7,
                301..=3000 => 1.7,
                _ => 1.0,
            };
            // Where (0, 0) lies, and how many pixels 1 takes.
            let (origin, scale) = if self.triangle {
                let rect = triangle_in(Rect {
                    left: left + 36.0,
                    top: top + 44.0,
                    width: width - 72.0,
                    height: 0.0,
                });
                draw_triangle(&mut canvas, rect)?;
                ((rect.left, rect.bottom()), rect.width / EDGE)
            } else {
                let centre = (left + width / 2.0, top + 164.0);
                draw_circle(&mut canvas, centre, RADIUS, &self.labels)?;
                (centre, RADIUS)
            };
            for (which, direction) in directions.iter().enumerate() {
                let (x, y) = self.project(*direction).ok_or_else(|| {
                    Error::value(
                        format!("pole figure `{title}`"),
                        format!("direction {which} is {direction:?}"),
                    )
                })?;
                let at = (origin.0 + scale * x, origin.1 - scale * y);
                canvas.disc(at, radius, colour, 0.6)?;
            }
        }
        let kind = if self.triangle {
            "inverse pole figures"
        } else {
            "pole figures"
        };
        let names: Vec<String> = self
            .panels
            .iter()
            .map(|panel| format!("{} ({} directions)", panel.title, panel.directions.len()))
            .collect();
        canvas.finish(format!("{kind}: {}", names.join(", ")))
    }

    fn project(&self, direction: [f64; 3]) -> Option<(f64, f64)> {
        let length = direction.iter().map(|c| c * c).sum::<f64>().sqrt();
        if !(length > 0.0 && length.is_finite()) {
            return None;
        }
        let mut unit = direction.map(|c| c / length);
        if self.triangle {
            unit = unit.map(f64::abs);
            unit.sort_by(f64::total_cmp);
            unit = [unit[1], unit[0], unit[2]];
        } else if unit[2] < 0.0 {
            unit = unit.map(|c| -c);
        }
        Some((unit[0] / (1.0 + unit[2]), unit[1] / (1.0 + unit[2])))
    }
}

fn unproject((x, y): (f64, f64)) -> [f64; 3] {
    let square = x * x + y * y;
    [
        2.0 * x / (1.0 + square),
        2.0 * y / (1.0 + square),
        (1.0 - square) / (1.0 + square),
    ]
}

/// The triangle's bounding box, as wide as `room`.
fn triangle_in(room: Rect) -> Rect {
    Rect {
        height: room.width * TIP / EDGE,
        ..room
    }
}

fn draw_triangle(canvas: &mut Canvas, rect: Rect) -> Result<()> {
    let scale = rect.width / EDGE;
    let place = |(x, y): (f64, f64)| (rect.left + scale * x, rect.bottom() - scale * y);
    // From 101 to 111 the border is the great circle x = z.
    let arc = (0..=40).map(|k| {
        let y = f64::from(k) / 40.0;
        let length = (2.0 + y * y).sqrt();
        (1.0 / (length + 1.0), y / (length + 1.0))
    });
    let mut border = vec![place((0.0, 0.0))];
    border.extend(arc.map(place));
    border.push(place((0.0, 0.0)));
    canvas.line(&border, 1.2, INK)?;
    let letters = Letters::new(NORMAL);
    let corners = [
        ("001", (0.0, 0.0), Align::Start),
        ("101", (EDGE, 0.0), Align::Start),
        ("111", (TIP, TIP), Align::End),
    ];
    for (name, corner, across) in corners {
        let (x, y) = place(corner);
        let y = if across == Align::Start {
            y + 8.0
        } else {
            y - 8.0
        };
        canvas.text(name, (x, y), letters, Align::Middle, across)?;
    }
    Ok(())
}

fn draw_circle(
    canvas: &mut Canvas,
    centre: (f64, f64),
    radius: f64,
    labels: &[String; 2],
) -> Result<()> {
    let ring: Vec<_> = (0..=180)
        .map(|k| {
            let (sin, cos) = (f64::from(k) * std::f64::consts::TAU / 180.0).sin_cos();
            (centre.0 + radius * cos, centre.1 + radius * sin)
        })
        .collect();
    let cross = [(1.0, 0.0), (0.0, 1.0)];
    for (dx, dy) in cross {
        let end = |sign: f64| (centre.0 + sign * radius * dx, centre.1 + sign * radius * dy);
        canvas.line(&[end(-1.0), end(1.0)], 0.7, [215, 215, 215])?;
    }
    canvas.line(&ring, 1.2, GREY)?;
    let letters = Letters::new(NORMAL);
    let right = (centre.0 + radius + 6.0, centre.1);
    canvas.text(&labels[0], right, letters, Align::Start, Align::Middle)?;
    let up = (centre.0, centre.1 - radius - 6.0);
    canvas.text(&labels[1], up, letters, Align::Middle, Align::End)
}

#[cfg(test)]
mod tests {
    use super::super::encode::tests::decode;
    use super::*;
    use proptest::prelude::*;

    /// Red where the vector is near 001, green near 101, blue near 111.
    fn key([x, y, z]: [f64; 3]) -> [u8; 3] {
        let near = |a: [f64; 3]| {
            let length = a.iter().map(|c| c * c).sum::<f64>().sqrt();
            (a[0] * x + a[1] * y + a[2] * z) / length
        };
        let close = [near([0., 0., 1.]), near([1., 0., 1.]), near([1., 1., 1.])];
        let best = close.iter().copied().fold(0.0, f64::max);
        close.map(|c| if c == best { 255 } else { 0 })
    }

    #[test]
    fn the_keys_corners_have_their_directions() -> Result<()> {
        let picture = ipf_key("", key)?;
        let read = decode(picture.png())?;
        let (left, width) = (34.0, 272.0);
        let bottom = 28.0 + width * TIP / EDGE;
        assert_eq!(read.at(left + 12.0, bottom - 4.0), [255, 0, 0]);
        assert_eq!(read.at(left + width - 8.0, bottom - 6.0), [0, 255, 0]);
        let tip = width * TIP / EDGE;
        assert_eq!(read.at(left + tip - 4.0, bottom - tip + 10.0), [0, 0, 255]);
        // Above the diagonal and beyond the arc there is nothing.
        assert_eq!(read.at(left + 60.0, bottom - 90.0), [255; 3]);
        assert_eq!(read.at(left + width - 1.0, bottom - 120.0), [255; 3]);
        Ok(())
    }

    #[test]
    fn pole_figures_show_a_direction_once() -> Result<()> {
        let colour = [0, 90, 200];
        let down = PoleFigures::new()
            .panel("p", &[[0.3, -0.2, -1.0]])
            .coloured(colour);
        let up = PoleFigures::new()
            .panel("p", &[[-0.6, 0.4, 2.0]])
            .coloured(colour);
        assert_eq!(down.picture()?.png(), up.picture()?.png());
        assert!(PoleFigures::new().picture().is_err());
        for bad in [[0.0; 3], [f64::NAN, 0.0, 1.0], [f64::INFINITY, 0.0, 0.0]] {
            assert!(PoleFigures::new().panel("p", &[bad]).picture().is_err());
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn the_projection_is_undone(x in -1.0..1.0f64, y in -1.0..1.0f64, z in 0.0..1.0f64) {
            let length = (x * x + y * y + z * z).sqrt();
            prop_assume!(length > 1e-3);
            let unit = [x, y, z].map(|c| c / length);
            let at = PoleFigures::new().project(unit);
            prop_assert!(at.is_some());
            let back = unproject(at.unwrap_or_default());
            for (a, b) in unit.iter().zip(back) {
                prop_assert!((a - b).abs() < 1e-12);
            }
            // In the standard triangle z >= x >= y >= 0, whatever the direction.
            let triangle = PoleFigures::inverse().project([-x, y, -z]);
            let [x, y, z] = unproject(triangle.unwrap_or_default());
            prop_assert!(z >= x - 1e-12 && x >= y - 1e-12 && y >= -1e-12);
        }
    }
}
