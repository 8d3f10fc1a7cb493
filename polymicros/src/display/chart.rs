//! Plots of named series of numbers.

use super::Picture;
use super::axes::{Axes, Axis, Margins};
use super::canvas::{Align, Canvas, GREY, Letters, Rect, SMALL};
use super::colour::series_colour;
use super::legend::Legend;
use crate::{Error, Result};

/// Discs of a larger radius than this are few, and drawn with a white rim.
const FEW: f64 = 4.0;

/// A plot: series of points, lines or bars over two axes, linear or logarithmic.
///
/// Series take the colours of a fixed list in order; series of one name share a colour and one
/// line of the legend, here and over all plots of [`charts`]. What is wrong with the data is
/// reported when the plot is drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chart {
    title: String,
    labels: [String; 2],
    log: [bool; 2],
    ranges: [Option<[f64; 2]>; 2],
    series: Vec<Series>,
    levels: Vec<(f64, String)>,
}

#[derive(Debug, Clone, PartialEq)]
struct Series {
    name: String,
    colour: Option<[u8; 3]>,
    mark: Mark,
    x: Vec<f64>,
    y: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mark {
    Line,
    Points { radius: f64 },
    Bars,
}

impl Chart {
    /// An empty plot with labels on its axes; a quantity with a unit reads `size / µm`.
    pub fn new(x_label: &str, y_label: &str) -> Self {
        Chart {
            labels: [x_label.into(), y_label.into()],
            ..Chart::default()
        }
    }

    /// The same plot under a title.
    pub fn title(mut self, title: &str) -> Self {
        self.title = title.into();
        self
    }

    /// The same plot with a line through points in order. An unnamed series is not in the legend.
    pub fn line(self, name: &str, x: &[f64], y: &[f64]) -> Self {
        self.with(name, Mark::Line, x, y)
    }

    /// The same plot with a dot at each point: small ones where there are many.
    pub fn points(self, name: &str, x: &[f64], y: &[f64]) -> Self {
        let radius = match x.len() {
            0..=20 => 4.5,
            21..=300 => 3.0,
            _ => 1.7,
        };
        self.with(name, Mark::Points { radius }, x, y)
    }

    /// The same plot with bars from zero, between `edges`, which are one more than `heights`.
    pub fn bars(self, name: &str, edges: &[f64], heights: &[f64]) -> Self {
        self.with(name, Mark::Bars, edges, heights)
    }

    fn with(mut self, name: &str, mark: Mark, x: &[f64], y: &[f64]) -> Self {
        self.series.push(Series {
            name: name.into(),
            colour: None,
            mark,
            x: x.to_vec(),
            y: y.to_vec(),
        });
        self
    }

    /// The same plot with another colour for the series given last.
    pub fn coloured(mut self, colour: [u8; 3]) -> Self {
        if let Some(series) = self.series.last_mut() {
            series.colour = Some(colour);
        }
        self
    }

    /// The same plot with a dashed horizontal line and a text on it.
    pub fn level(mut self, y: f64, text: &str) -> Self {
        self.levels.push((y, text.into()));
        self
    }

    /// The same plot over a logarithmic x axis.
    pub fn log_x(mut self) -> Self {
        self.log[0] = true;
        self
    }

    /// The same plot over a logarithmic y axis.
    pub fn log_y(mut self) -> Self {
        self.log[1] = true;
        self
    }

    /// The same plot over this range of x instead of the data's.
    pub fn x_range(mut self, low: f64, high: f64) -> Self {
        self.ranges[0] = Some([low, high]);
        self
    }

    /// The same plot over this range of y instead of the data's.
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.ranges[1] = Some([low, high]);
        self
    }

    /// Draws the plot.
    ///
    /// # Errors
    /// When there is nothing to draw, a series' x and y do not fit each other, a value is not
    /// finite, or not positive on a logarithmic axis.
    pub fn picture(&self) -> Result<Picture> {
        charts(std::slice::from_ref(self), 1)
    }

    fn check(&self) -> Result<()> {
        if self.series.is_empty() {
            return Err(Error::value("chart", "no series to draw"));
        }
        for series in &self.series {
            let what = format!("series `{}`", series.name);
            let expected =
                series.x.len() - usize::from(series.mark == Mark::Bars && !series.x.is_empty());
            if series.y.len() != expected {
                return Err(Error::shape(what, expected, series.y.len()));
            }
            if series.y.is_empty() {
                return Err(Error::value(what, "no values"));
            }
            if series.mark == Mark::Bars && series.x.windows(2).any(|pair| pair[0] >= pair[1]) {
                return Err(Error::value(what, "the bars' edges must grow"));
            }
            for (axis, values) in [(0, &series.x), (1, &series.y)] {
                let log = self.log[axis] && !(axis == 1 && series.mark == Mark::Bars);
                let bad = values
                    .iter()
                    .position(|v| !v.is_finite() || (log && *v <= 0.0));
                if let Some(index) = bad {
                    let need = if log { "positive" } else { "finite" };
                    let name = ["x", "y"][axis];
                    return Err(Error::value(
                        what,
                        format!("{name}[{index}] = {}: {need} values needed", values[index]),
                    ));
                }
            }
        }
        if self
            .levels
            .iter()
            .any(|(y, _)| !y.is_finite() || (self.log[1] && *y <= 0.0))
        {
            return Err(Error::value(
                "chart level",
                "outside what the axis can show",
            ));
        }
        Ok(())
    }

    fn axes(&self, size: [f64; 2]) -> Result<Axes> {
        let axis = |which: usize, pixels_a_tick: f64| -> Result<Axis> {
            let [low, high] = self.range(which)?;
            let count = (size[which] / pixels_a_tick).clamp(2.0, 7.0) as usize;
            Ok(Axis::new(
                &self.labels[which],
                low,
                high,
                self.log[which],
                count,
            ))
        };
        Ok(Axes {
            title: self.title.clone(),
            x: axis(0, 75.0)?,
            y: axis(1, 50.0)?,
        })
    }

    /// The range of an axis: as asked, or the data's with a little room on both sides.
    fn range(&self, axis: usize) -> Result<[f64; 2]> {
        let log = self.log[axis];
        if let Some([low, high]) = self.ranges[axis] {
            let drawable = low.is_finite() && high.is_finite() && (!log || low > 0.0);
            if !(drawable && low < high) {
                return Err(Error::value(
                    ["x range", "y range"][axis],
                    format!("{low} to {high} makes no axis"),
                ));
            }
            return Ok([low, high]);
        }
        let bars = self.series.iter().any(|series| series.mark == Mark::Bars);
        let values = self
            .series
            .iter()
            .flat_map(|s| if axis == 0 { &s.x } else { &s.y });
        let levels = self.levels.iter().filter(|_| axis == 1).map(|(y, _)| y);
        let positive = |value: &f64| !log || *value > 0.0;
        let (mut low, mut high) = values
            .chain(levels)
            .copied()
            .filter(positive)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        if low.is_nan() || high.is_nan() || low > high {
            return Err(Error::value(
                "chart",
                "no positive value for a logarithmic axis",
            ));
        }
        if log {
            let room = if bars && axis == 0 {
                1.0
            } else {
                (high / low).powf(0.04).max(1.05)
            };
            return Ok([low / room, high * room]);
        }
        if bars && axis == 1 {
            low = low.min(0.0);
            high = high.max(0.0);
        }
        let width = high - low;
        // What counts as no width depends on the size of the numbers.
        let room = if width > 1e-9 * low.abs().max(high.abs()) {
            0.04 * width
        } else if low == 0.0 {
            1.0
        } else {
            0.1 * low.abs()
        };
        Ok(match (bars, axis) {
            (true, 0) if width > 0.0 => [low, high],
            (true, 1) => [
                if low < 0.0 { low - room } else { 0.0 },
                if high > 0.0 { high + room } else { 0.0 },
            ],
            _ => [low - room, high + room],
        })
    }

    fn draw(&self, canvas: &mut Canvas, rect: Rect, axes: &Axes, names: &Names) -> Result<()> {
        for (y, text) in &self.levels {
            let share = axes.y.share(*y);
            if !(0.0..=1.0).contains(&share) {
                continue;
            }
            let (left, at) = axes.place(rect, axes.x.low, *y);
            canvas.dashes((left, at), (rect.right(), at), GREY)?;
            let at = (rect.right() + 5.0, at);
            canvas.text(text, at, level_letters(), Align::Start, Align::Middle)?;
        }
        for (index, series) in self.series.iter().enumerate() {
            let colour = names.colour(series, index);
            let points = || series.x.iter().zip(&series.y);
            match series.mark {
                Mark::Line => {
                    let shares: Vec<_> = points()
                        .map(|(x, y)| (axes.x.share(*x), axes.y.share(*y)))
                        .collect();
                    for piece in clipped(&shares) {
                        let place = |(u, v): &(f64, f64)| {
                            (rect.left + u * rect.width, rect.bottom() - v * rect.height)
                        };
                        let piece: Vec<_> = piece.iter().map(place).collect();
                        canvas.line(&piece, 1.7, colour)?;
                    }
                }
                Mark::Points { radius } => {
                    let inside = |value: f64| (-1e-9..=1.0 + 1e-9).contains(&value);
                    for (x, y) in points() {
                        if inside(axes.x.share(*x)) && inside(axes.y.share(*y)) {
                            let at = axes.place(rect, *x, *y);
                            if radius > FEW {
                                // Few points stand out from the many below them.
                                canvas.disc(at, radius + 1.0, [255; 3], 1.0)?;
                                canvas.disc(at, radius, colour, 1.0)?;
                            } else {
                                canvas.disc(at, radius, colour, 0.75)?;
                            }
                        }
                    }
                }
                Mark::Bars => draw_bars(canvas, rect, axes, series, colour)?,
            }
        }
        axes.draw(canvas, rect, false)
    }
}

/// Several plots in rows of `columns`, with one legend below them.
///
/// # Errors
/// As [`Chart::picture`]; and when there are no plots.
pub fn charts(panels: &[Chart], columns: usize) -> Result<Picture> {
    charts_under("", panels, columns)
}

/// Several plots under one title.
pub(super) fn charts_under(title: &str, panels: &[Chart], columns: usize) -> Result<Picture> {
    if panels.is_empty() || columns == 0 {
        return Err(Error::value(
            "charts",
            format!("{} in rows of {columns}: nothing to draw", panels.len()),
        ));
    }
    for panel in panels {
        panel.check()?;
    }
    let columns = columns.min(panels.len()).min(6);
    let cell = match columns {
        1 => [700.0, 400.0],
        2 => [410.0, 350.0],
        _ => [860.0 / columns as f64, 840.0 / columns as f64 + 40.0],
    };
    // About the size of the plot itself, for the number of ticks.
    let inner = [cell[0] - 80.0, cell[1] - 70.0];
    let axes: Vec<Axes> = panels
        .iter()
        .map(|panel| panel.axes(inner))
        .collect::<Result<_>>()?;
    let mut margins = axes
        .iter()
        .fold(Margins::default(), |m, a| m.or(a.margins()));
    // The names of levels stand on the right of the plots.
    for (_, text) in panels.iter().flat_map(|panel| &panel.levels) {
        margins.right = margins.right.max(level_letters().width(text) + 10.0);
    }
    let names = Names::new(panels);
    let rows = panels.len().div_ceil(columns);
    let width = (cell[0] * columns as f64).ceil();
    let heading = if title.is_empty() { 0.0 } else { 26.0 };
    let height = heading + (cell[1] * rows as f64).ceil();
    let legend = Legend::new(&names.list, width);
    let mut canvas = Canvas::new(width, height + legend.height())?;
    canvas.heading(title, (width / 2.0, 20.0))?;
    for (index, (panel, axes)) in panels.iter().zip(&axes).enumerate() {
        let corner = (
            (index % columns) as f64 * cell[0],
            heading + (index / columns) as f64 * cell[1],
        );
        let rect = Rect {
            left: (corner.0 + margins.left).round(),
            top: (corner.1 + margins.top).round(),
            width: (cell[0] - margins.left - margins.right).round(),
            height: (cell[1] - margins.top - margins.bottom).round(),
        };
        panel.draw(&mut canvas, rect, axes, &names)?;
    }
    legend.draw(&mut canvas, height)?;
    let mut parts: Vec<String> = panels.iter().map(alt).collect();
    if !title.is_empty() {
        parts.insert(0, title.into());
    }
    canvas.finish(parts.join("; "))
}

fn level_letters() -> Letters {
    Letters {
        colour: GREY,
        ..Letters::new(SMALL)
    }
}

fn alt(chart: &Chart) -> String {
    let mut names: Vec<&str> = Vec::new();
    for series in &chart.series {
        if !series.name.is_empty() && !names.contains(&series.name.as_str()) {
            names.push(&series.name);
        }
    }
    let mut text = format!("plot of {} over {}", chart.labels[1], chart.labels[0]);
    if !names.is_empty() {
        text = format!("{text}: {}", names.join(", "));
    }
    if chart.title.is_empty() {
        text
    } else {
        format!("{}: {text}", chart.title)
    }
}

/// The named series of all plots and their colours.
struct Names {
    list: Vec<(String, [u8; 3])>,
}

impl Names {
    fn new(panels: &[Chart]) -> Self {
        let mut list: Vec<(String, [u8; 3])> = Vec::new();
        for series in panels.iter().flat_map(|panel| &panel.series) {
            let known = list.iter().any(|(name, _)| *name == series.name);
            if !series.name.is_empty() && !known {
                let colour = series.colour.unwrap_or(series_colour(list.len()));
                list.push((series.name.clone(), colour));
            }
        }
        Names { list }
    }

    fn colour(&self, series: &Series, index: usize) -> [u8; 3] {
        let named = self.list.iter().find(|(name, _)| *name == series.name);
        series
            .colour
            .or(named.map(|(_, colour)| *colour))
            .unwrap_or(series_colour(index))
    }
}

fn draw_bars(
    canvas: &mut Canvas,
    rect: Rect,
    axes: &Axes,
    series: &Series,
    colour: [u8; 3],
) -> Result<()> {
    // A paler colour, so that a line over the bars is seen.
    let pale = colour.map(|c| (u16::from(c) / 2 + 127) as u8);
    let height = |y: f64| {
        let share = if axes.y.log && y <= 0.0 {
            0.0
        } else {
            axes.y.share(y)
        };
        rect.bottom() - share.clamp(0.0, 1.0) * rect.height
    };
    let zero = height(0.0);
    for (edges, y) in series.x.windows(2).zip(&series.y) {
        let at = |x: f64| rect.left + axes.x.share(x).clamp(0.0, 1.0) * rect.width;
        let (left, right) = (at(edges[0]), at(edges[1]));
        let gap = if right - left > 4.0 { 1.0 } else { 0.0 };
        let top = height(*y);
        let bar = Rect {
            left,
            top: top.min(zero),
            width: right - left - gap,
            height: (top - zero).abs(),
        };
        canvas.fill(bar, pale)?;
    }
    Ok(())
}

/// The pieces of a line, in shares of the axes, that lie within the plot.
fn clipped(points: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut open = false;
    for pair in points.windows(2) {
        let Some((from, to)) = clip(pair[0], pair[1]) else {
            open = false;
            continue;
        };
        match pieces.last_mut() {
            Some(piece) if open && piece.last() == Some(&from) => piece.push(to),
            _ => pieces.push(vec![from, to]),
        }
        open = to == pair[1];
    }
    pieces
}

/// The part of a segment within the unit square (Liang and Barsky).
fn clip(from: (f64, f64), to: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (step, room) in [
        (-dx, from.0),
        (dx, 1.0 - from.0),
        (-dy, from.1),
        (dy, 1.0 - from.1),
    ] {
        // The ends of the axes belong to the plot, whatever rounding says.
        let room = if room.abs() < 1e-9 { 0.0 } else { room };
        if step == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if step < 0.0 {
            enter = enter.max(room / step);
        } else {
            leave = leave.min(room / step);
        }
    }
    let at = |t: f64| (from.0 + t * dx, from.1 + t * dy);
    let start = if enter == 0.0 { from } else { at(enter) };
    let end = if leave == 1.0 { to } else { at(leave) };
    (enter <= leave).then_some((start, end))
}

#[cfg(test)]
mod tests;
