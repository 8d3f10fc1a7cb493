//! Several maps in rows, with colour bars and a legend.

use super::axes::{Axes, Axis, Margins};
use super::canvas::{Align, Canvas, GREY, Letters, NORMAL, Rect, SMALL};
use super::legend::Legend;
use super::{ColourBar, Map, Picture, Plane, ticks};
use crate::{Error, Result};

/// The width of a colour bar, and its distance from the map on its left.
const BAR: f64 = 13.0;
const BAR_GAP: f64 = 10.0;

/// Maps in rows, drawn to one scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Maps {
    title: String,
    panels: Vec<Map>,
    columns: usize,
    width: f64,
    legend: Vec<(String, [u8; 3])>,
}

impl Maps {
    /// These maps in rows of `columns`.
    pub fn new(panels: &[Map], columns: usize) -> Self {
        Maps {
            title: String::new(),
            panels: panels.to_vec(),
            columns,
            width: 860.0,
            legend: Vec::new(),
        }
    }

    /// The three planes through a voxel.
    pub(super) fn through(
        at: [usize; 3],
        slice: impl Fn(Plane, usize) -> Result<Map>,
    ) -> Result<Self> {
        let panels = [
            slice(Plane::Xy, at[2])?,
            slice(Plane::Xz, at[1])?,
            slice(Plane::Yz, at[0])?,
        ];
        Ok(Maps::new(&panels, 3))
    }

    /// The same maps under a title.
    pub fn title(mut self, title: &str) -> Self {
        self.title = title.into();
        self
    }

    /// The same maps in a picture of this width in pixels at most; 860 if not said otherwise.
    pub fn width(mut self, pixels: u32) -> Self {
        self.width = f64::from(pixels);
        self
    }

    /// The same maps with one more colour explained below them.
    pub fn explain(mut self, colour: [u8; 3], meaning: &str) -> Self {
        self.legend.push((meaning.into(), colour));
        self
    }

    /// Draws the maps.
    ///
    /// # Errors
    /// When there are none, or no room is left for them.
    pub fn picture(&self) -> Result<Picture> {
        if self.panels.is_empty() || self.columns == 0 {
            return Err(Error::value(
                "maps",
                format!("{} in rows of {}", self.panels.len(), self.columns),
            ));
        }
        let layout = Layout::new(self)?;
        let key = Legend::new(&self.legend, layout.width);
        let below = layout.height;
        let mut canvas = Canvas::new(layout.width, below + key.height())?;
        canvas.heading(&self.title, (layout.width / 2.0, 20.0))?;
        for (index, panel) in self.panels.iter().enumerate() {
            let rect = layout.rect(index, panel);
            draw_pixels(&mut canvas, rect, panel);
            layout.axes[index].draw(&mut canvas, rect, true)?;
            if layout.barred[index]
                && let Some(bar) = &panel.bar
            {
                draw_bar(&mut canvas, rect, bar)?;
            }
        }
        key.draw(&mut canvas, below)?;
        let names: Vec<&str> = self.panels.iter().map(|p| p.title.as_str()).collect();
        let title = if self.title.is_empty() {
            "maps"
        } else {
            &self.title
        };
        canvas.finish(format!("{title}: {}", names.join(", ")))
    }
}

/// Where everything goes.
struct Layout {
    axes: Vec<Axes>,
    /// Whether a panel has its colour bar on its right: the next panel of the row has another.
    barred: Vec<bool>,
    margins: Margins,
    /// Pixels a length unit.
    scale: f64,
    columns: usize,
    /// Left edges of the columns' images, upper edges of the rows' images.
    left: Vec<f64>,
    top: Vec<f64>,
    row_heights: Vec<f64>,
    width: f64,
    height: f64,
}

impl Layout {
    fn new(maps: &Maps) -> Result<Self> {
        let panels = &maps.panels;
        let columns = maps.columns.min(panels.len());
        let extent = |panel: &Map, axis: usize| panel.spans[axis][1] - panel.spans[axis][0];
        let of_column = |column: usize| panels.iter().skip(column).step_by(columns);
        let widths: Vec<f64> = (0..columns)
            .map(|c| of_column(c).map(|p| extent(p, 0)).fold(0.0, f64::max))
            .collect();
        let heights: Vec<f64> = panels
            .chunks(columns)
            .map(|row| row.iter().map(|p| extent(p, 1)).fold(0.0, f64::max))
            .collect();
        let barred: Vec<bool> = panels
            .iter()
            .enumerate()
            .map(|(index, panel)| {
                let next = panels.get(index + 1);
                let last = (index + 1) % columns == 0 || next.is_none();
                panel.bar.is_some() && (last || next.is_some_and(|next| next.bar != panel.bar))
            })
            .collect();
        let bar_room: Vec<f64> = (0..columns)
            .map(|c| {
                let bars = panels.iter().zip(&barred).skip(c).step_by(columns);
                bars.filter(|(_, barred)| **barred)
                    .filter_map(|(panel, _)| panel.bar.as_ref())
                    .map(bar_width)
                    .fold(0.0, f64::max)
            })
            .collect();

        // Ticks depend on the scale and the room for images on the ticks' labels: two rounds.
        let mut axes: Vec<Axes> = panels.iter().map(|panel| axes(panel, 1.0)).collect();
        let mut scale = 0.0;
        let mut margins = Margins::default();
        for _ in 0..2 {
            margins = axes
                .iter()
                .fold(Margins::default(), |m, a| m.or(a.margins()));
            let beside = (margins.left + margins.right) * columns as f64;
            // Each column's width is rounded, so one pixel of it is spare.
            let room = maps.width - beside - bar_room.iter().sum::<f64>() - columns as f64;
            let widest = 420.0 * columns as f64;
            scale = room.min(widest) / widths.iter().sum::<f64>();
            let tallest = heights.iter().copied().fold(0.0, f64::max);
            scale = scale.min(560.0 / tallest);
            if !(scale > 0.0 && room >= 24.0 * columns as f64) {
                return Err(Error::value(
                    "maps",
                    format!(
                        "{columns} beside each other leave no room in {} pixels",
                        maps.width
                    ),
                ));
            }
            axes = panels
                .iter()
                .map(|panel| self::axes(panel, scale))
                .collect();
        }
        let mut left = Vec::new();
        let mut width = 0.0;
        for (column, extent) in widths.iter().enumerate() {
            left.push(width + margins.left);
            width += margins.left + (extent * scale).round() + margins.right + bar_room[column];
        }
        let mut top = Vec::new();
        let mut height = if maps.title.is_empty() { 0.0 } else { 26.0 };
        for extent in &heights {
            top.push(height + margins.top);
            height += margins.top + (extent * scale).round() + margins.bottom;
        }
        Ok(Layout {
            axes,
            barred,
            margins,
            scale,
            columns,
            left,
            top,
            row_heights: heights
                .iter()
                .map(|extent| (extent * scale).round())
                .collect(),
            width: width.ceil(),
            height: (height + 2.0).ceil(),
        })
    }

    /// The image of a panel: at the left of its column, at the bottom of its row.
    fn rect(&self, index: usize, panel: &Map) -> Rect {
        let (row, column) = (index / self.columns, index % self.columns);
        let size = |axis: usize| {
            let extent = panel.spans[axis][1] - panel.spans[axis][0];
            (extent * self.scale).round().max(1.0)
        };
        debug_assert!(self.margins.left <= self.left[column]);
        Rect {
            left: self.left[column],
            top: self.top[row] + self.row_heights[row] - size(1),
            width: size(0),
            height: size(1),
        }
    }
}

fn axes(panel: &Map, scale: f64) -> Axes {
    let axis = |index: usize, pixels_a_tick: f64| {
        let [low, high] = panel.spans[index];
        let count = ((high - low) * scale / pixels_a_tick).clamp(2.0, 6.0) as usize;
        Axis::new(&panel.labels[index], low, high, false, count)
    };
    Axes {
        title: panel.title.clone(),
        x: axis(0, 45.0),
        y: axis(1, 45.0),
    }
}

/// Each pixel of the map as a rectangle of the picture.
fn draw_pixels(canvas: &mut Canvas, rect: Rect, panel: &Map) {
    let (rows, columns, _) = panel.pixels.dim();
    // Voxels that are large on the page end at whole pixels: crisp, and a smaller file.
    let large = rect.width >= 2.0 * columns as f64 && rect.height >= 2.0 * rows as f64;
    let whole = |at: f64| if large { at.floor() + 0.5 } else { at };
    canvas.paint(rect, |x, y| {
        let column = ((whole(x) - rect.left) / rect.width * columns as f64) as usize;
        let row = ((whole(y) - rect.top) / rect.height * rows as f64) as usize;
        let at = |channel| panel.pixels[[row.min(rows - 1), column.min(columns - 1), channel]];
        Some([at(0), at(1), at(2)])
    });
}

fn bar_ticks(bar: &ColourBar, height: f64) -> ticks::Ticks {
    let count = (height / 34.0).clamp(2.0, 6.0) as usize;
    ticks::linear(bar.limits[0], bar.limits[1], count)
}

fn bar_width(bar: &ColourBar) -> f64 {
    let letters = Letters::new(SMALL);
    // The most labels that a bar can have.
    let ticks = bar_ticks(bar, f64::INFINITY);
    let widest = ticks.labels.iter().map(|label| letters.width(label));
    let label = if bar.label.is_empty() { 0.0 } else { 18.0 };
    BAR_GAP + BAR + 8.0 + widest.fold(0.0, f64::max) + label
}

/// The bar beside an image, as tall as the image.
fn draw_bar(canvas: &mut Canvas, image: Rect, bar: &ColourBar) -> Result<()> {
    let rect = Rect {
        left: image.right() + BAR_GAP,
        width: BAR,
        ..image
    };
    canvas.paint(rect, |_, y| {
        // One colour a row of pixels, from exactly one end of the map to the other.
        let share = (rect.bottom() - y.floor() - 1.0) / (rect.height - 1.0);
        Some(bar.colours.rgb(share))
    });
    canvas.frame(rect, GREY)?;
    let letters = Letters::new(SMALL);
    let ticks = bar_ticks(bar, rect.height);
    let [low, high] = bar.limits;
    let mut widest: f64 = 0.0;
    for (value, label) in ticks.at.iter().zip(&ticks.labels) {
        let y = rect.bottom() - (value - low) / (high - low) * rect.height;
        let y = y.clamp(rect.top, rect.bottom() - 1.0);
        canvas.rule((rect.right(), y), (rect.right() + 3.0, y), GREY)?;
        let at = (rect.right() + 7.0, y);
        canvas.text(label, at, letters, Align::Start, Align::Middle)?;
        widest = widest.max(letters.width(label));
    }
    if let Some(factor) = &ticks.factor {
        let at = (rect.left, rect.top - 7.0);
        canvas.text(factor, at, letters, Align::Start, Align::End)?;
    }
    let at = (
        rect.right() + 7.0 + widest + 5.0,
        rect.top + rect.height / 2.0,
    );
    canvas.text(
        &bar.label,
        at,
        Letters::new(NORMAL).upright(),
        Align::Middle,
        Align::Start,
    )
}

#[cfg(test)]
mod tests {
    use super::super::encode::tests::decode;
    use super::*;
    use crate::display::ColourMap;
    use crate::microstructure::Grid;
    use ndarray::Array3;

    fn ramp() -> Result<(Array3<f32>, Grid)> {
        let shape = [8, 8, 8];
        let values = Array3::from_shape_fn(shape, |(x, _, z)| x as f32 - z as f32);
        Ok((values, Grid::new(shape)?))
    }

    #[test]
    fn images_and_bars_stand_where_the_layout_says() -> Result<()> {
        let (values, grid) = ramp()?;
        let bar = ColourBar {
            colours: ColourMap::BlueRed,
            limits: [-7.0, 7.0],
            label: "value".into(),
        };
        let maps = Maps::through([0, 1, 2], |plane, index| {
            Map::of_scalar(values.view(), &grid, plane, index, &bar)
        })?;
        let layout = Layout::new(&maps)?;
        assert_eq!(layout.barred, [false, false, true]);
        let picture = maps.picture()?;
        let read = decode(picture.png())?;
        for (index, corner) in [(0, -2.0), (1, 0.0), (2, 0.0)] {
            let rect = layout.rect(index, &maps.panels[index]);
            let seen = read.at(rect.left + 1.0, rect.bottom() - 2.0);
            assert_eq!(seen, bar.colour(corner), "lower left of panel {index}");
            assert_ne!(read.at(rect.left - 1.0, rect.top), seen, "frame");
        }
        let xz = layout.rect(1, &maps.panels[1]);
        assert_eq!(
            read.at(xz.right() - 2.0, xz.bottom() - 2.0),
            bar.colour(7.0)
        );
        assert_eq!(read.at(xz.left + 1.0, xz.top + 1.0), bar.colour(-7.0));
        let last = layout.rect(2, &maps.panels[2]);
        let x = last.right() + BAR_GAP + BAR / 2.0;
        assert_eq!(read.at(x, last.top), ColourMap::BlueRed.rgb(1.0));
        assert_eq!(read.at(x, last.bottom() - 1.0), ColourMap::BlueRed.rgb(0.0));
        assert!(picture.width() <= 860);
        Ok(())
    }

    #[test]
    fn maps_without_room_or_content_are_refused() -> Result<()> {
        let (values, grid) = ramp()?;
        assert!(Maps::new(&[], 2).picture().is_err());
        let maps = Maps::through([0, 0, 0], |plane, index| {
            Map::of_plane(&grid, plane, index, |_| [values.len() as u8, 0, 0])
        })?;
        assert!(maps.width(150).picture().is_err());
        Ok(())
    }
}
