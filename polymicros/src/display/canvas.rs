//! What all pictures are drawn on: plotters' bitmap at three times the size, averaged at the end.
//!
//! Positions and sizes are in pixels of the finished picture, from its upper left corner; drawing
//! three times as large gives smooth lines and letters placed to a third of a pixel.

use super::{Picture, encode, fonts};
use crate::{Error, Result};
use plotters::coord::Shift;
use plotters::prelude::{
    BitMapBackend, Circle, DrawingArea, IntoDrawingArea, PathElement, Polygon, Rectangle, Text,
};
use plotters::style::{
    Color, FontTransform, RGBColor, ShapeStyle, TextStyle,
    text_anchor::{HPos, Pos, VPos},
};

const SCALE: usize = 3;

/// The largest edge of a picture in pixels.
const LARGEST: usize = 6000;

/// Text and the outlines of things.
pub(super) const INK: [u8; 3] = [34, 34, 34];
/// Axes, ticks, lines that guide the eye.
pub(super) const GREY: [u8; 3] = [120, 120, 120];

/// Text sizes in pixels an em.
pub(super) const SMALL: f64 = 11.0;
pub(super) const NORMAL: f64 = 12.0;
pub(super) const LARGE: f64 = 13.5;

/// Where a text lies relative to its position: along its direction, and across it (`Start` puts
/// the tops of the capitals there, `End` the baseline).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letters {
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) colour: [u8; 3],
    /// Reads from bottom to top.
    pub(super) upright: bool,
}

impl Letters {
    pub(super) fn new(size: f64) -> Self {
        Letters {
            size,
            bold: false,
            colour: INK,
            upright: false,
        }
    }

    pub(super) fn bold(self) -> Self {
        Letters { bold: true, ..self }
    }

    pub(super) fn upright(self) -> Self {
        Letters {
            upright: true,
            ..self
        }
    }

    pub(super) fn width(&self, text: &str) -> f64 {
        fonts::width(text, self.size, self.bold)
    }
}

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Rect {
    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

pub(super) struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    /// A white canvas; sizes are rounded up.
    pub(super) fn new(width: f64, height: f64) -> Result<Self> {
        let edge = |what: &str, length: f64| {
            let length = length.ceil();
            if (1.0..=LARGEST as f64).contains(&length) {
                Ok(length as usize)
            } else {
                Err(Error::value(
                    what,
                    format!("{length} pixels: pictures have 1 to {LARGEST}"),
                ))
            }
        };
        let (width, height) = (
            edge("picture width", width)?,
            edge("picture height", height)?,
        );
        Ok(Canvas {
            width,
            height,
            pixels: vec![255; 3 * SCALE * SCALE * width * height],
        })
    }

    /// Averages and encodes.
    pub(super) fn finish(self, alt: String) -> Result<Picture> {
        let fine = 3 * SCALE * self.width;
        let mut rgb = Vec::with_capacity(3 * self.width * self.height);
        for y in 0..self.height {
            for x in 0..self.width {
                for channel in 0..3 {
                    let mut sum = 0usize;
                    for row in 0..SCALE {
                        let start = (y * SCALE + row) * fine + 3 * SCALE * x + channel;
                        sum += (0..SCALE)
                            .map(|column| usize::from(self.pixels[start + 3 * column]))
                            .sum::<usize>();
                    }
                    rgb.push(((sum + SCALE * SCALE / 2) / (SCALE * SCALE)) as u8);
                }
            }
        }
        let (width, height) = (self.width as u32, self.height as u32);
        Ok(Picture::new(
            encode::png(width, height, &rgb)?,
            width,
            height,
            alt,
        ))
    }

    fn area(&mut self) -> DrawingArea<BitMapBackend<'_>, Shift> {
        let size = ((SCALE * self.width) as u32, (SCALE * self.height) as u32);
        BitMapBackend::with_buffer(&mut self.pixels, size).into_drawing_area()
    }

    /// Fills a rectangle, its edges rounded to the nearest third of a pixel.
    pub(super) fn fill(&mut self, rect: Rect, colour: [u8; 3]) -> Result<()> {
        let corners = [
            fine((rect.left, rect.top)),
            fine((rect.right(), rect.bottom())),
        ];
        if corners[0].0 >= corners[1].0 || corners[0].1 >= corners[1].1 {
            return Ok(());
        }
        let style = rgb(colour).filled();
        drawn(self.area().draw(&Rectangle::new(corners, style)))
    }

    /// A horizontal or vertical line one pixel wide that fills whole pixels.
    pub(super) fn rule(&mut self, from: (f64, f64), to: (f64, f64), colour: [u8; 3]) -> Result<()> {
        let (left, top) = (from.0.min(to.0).floor(), from.1.min(to.1).floor());
        let rect = Rect {
            left,
            top,
            width: from.0.max(to.0).floor() - left + 1.0,
            height: from.1.max(to.1).floor() - top + 1.0,
        };
        self.fill(rect, colour)
    }

    /// A box of such lines just outside `rect`.
    pub(super) fn frame(&mut self, rect: Rect, colour: [u8; 3]) -> Result<()> {
        let (left, top) = (rect.left.round() - 1.0, rect.top.round() - 1.0);
        let (right, bottom) = (rect.right().round(), rect.bottom().round());
        self.rule((left, top), (right, top), colour)?;
        self.rule((left, bottom), (right, bottom), colour)?;
        self.rule((left, top), (left, bottom), colour)?;
        self.rule((right, top), (right, bottom), colour)
    }

    /// A line through points with round joints.
    pub(super) fn line(
        &mut self,
        points: &[(f64, f64)],
        width: f64,
        colour: [u8; 3],
    ) -> Result<()> {
        let fine_width = (width * SCALE as f64).round().max(1.0) as u32;
        let style = rgb(colour).stroke_width(fine_width);
        let area = self.area();
        // Segment by segment: plotters turns a whole path into one polygon, which breaks where
        // the path turns sharply.
        for pair in points.windows(2) {
            let ends = vec![fine(pair[0]), fine(pair[1])];
            if ends[0] != ends[1] {
                drawn(area.draw(&PathElement::new(ends, style)))?;
            }
        }
        if fine_width > 2 {
            let joint = rgb(colour).filled();
            for point in points.get(1..points.len().saturating_sub(1)).unwrap_or(&[]) {
                drawn(area.draw(&Circle::new(fine(*point), fine_width / 2, joint)))?;
            }
        }
        Ok(())
    }

    /// The same line in dashes.
    pub(super) fn dashes(
        &mut self,
        from: (f64, f64),
        to: (f64, f64),
        colour: [u8; 3],
    ) -> Result<()> {
        const DASH: f64 = 5.0;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let at = |s: f64| {
            let t = (s / length).min(1.0);
            (from.0 + t * dx, from.1 + t * dy)
        };
        let mut start = 0.0;
        while start < length {
            self.line(&[at(start), at(start + DASH)], 1.0, colour)?;
            start += 2.0 * DASH;
        }
        Ok(())
    }

    /// A disc, opaque or not.
    pub(super) fn disc(
        &mut self,
        centre: (f64, f64),
        radius: f64,
        colour: [u8; 3],
        opacity: f64,
    ) -> Result<()> {
        let radius = (radius * SCALE as f64).round().max(1.0) as u32;
        let style = ShapeStyle::from(rgb(colour).mix(opacity)).filled();
        drawn(self.area().draw(&Circle::new(fine(centre), radius, style)))
    }

    /// A filled polygon.
    pub(super) fn polygon(&mut self, corners: &[(f64, f64)], colour: [u8; 3]) -> Result<()> {
        let corners: Vec<_> = corners.iter().copied().map(fine).collect();
        drawn(
            self.area()
                .draw(&Polygon::new(corners, rgb(colour).filled())),
        )
    }

    /// Colours every third of a pixel within `rect` for which `colour` knows one; it is asked at
    /// their centres.
    pub(super) fn paint(&mut self, rect: Rect, colour: impl Fn(f64, f64) -> Option<[u8; 3]>) {
        let bounds = |start: f64, end: f64, edge: usize| {
            let last = (SCALE * edge) as f64;
            let from = (start * SCALE as f64).floor().clamp(0.0, last);
            (from as usize)..((end * SCALE as f64).ceil().clamp(0.0, last) as usize)
        };
        let row = 3 * SCALE * self.width;
        let at = |fine: usize| (fine as f64 + 0.5) / SCALE as f64;
        for y in bounds(rect.top, rect.bottom(), self.height) {
            for x in bounds(rect.left, rect.right(), self.width) {
                if let Some(colour) = colour(at(x), at(y)) {
                    self.pixels[y * row + 3 * x..][..3].copy_from_slice(&colour);
                }
            }
        }
    }

    /// Sets a text in one line.
    pub(super) fn text(
        &mut self,
        text: &str,
        at: (f64, f64),
        letters: Letters,
        along: Align,
        across: Align,
    ) -> Result<()> {
        let length = letters.width(text);
        let back = match along {
            Align::Start => 0.0,
            Align::Middle => length / 2.0,
            Align::End => length,
        };
        let cap = fonts::CAP * letters.size;
        let baseline = match across {
            Align::Start => cap,
            Align::Middle => cap / 2.0,
            Align::End => 0.0,
        } - fonts::baseline(letters.size);
        let (position, transform) = if letters.upright {
            ((at.0 + baseline, at.1 + back), FontTransform::Rotate270)
        } else {
            ((at.0 - back, at.1 + baseline), FontTransform::None)
        };
        let font = fonts::font(letters.size * SCALE as f64, letters.bold).transform(transform);
        let colour = rgb(letters.colour);
        let style = TextStyle::from(font)
            .color(&colour)
            .pos(Pos::new(HPos::Left, VPos::Top));
        drawn(
            self.area()
                .draw(&Text::new(text.to_owned(), fine(position), style)),
        )
    }
}

fn rgb(colour: [u8; 3]) -> RGBColor {
    RGBColor(colour[0], colour[1], colour[2])
}

fn fine(at: (f64, f64)) -> (i32, i32) {
    let scale = SCALE as f64;
    ((at.0 * scale).round() as i32, (at.1 * scale).round() as i32)
}

fn drawn<E: std::fmt::Display>(outcome: std::result::Result<(), E>) -> Result<()> {
    outcome.map_err(|error| Error::numerical("drawing", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::encode::tests::decode;
    use super::*;

    #[test]
    fn rectangles_fill_exactly_their_pixels() -> Result<()> {
        let mut canvas = Canvas::new(20.0, 10.0)?;
        let rect = Rect {
            left: 3.0,
            top: 2.0,
            width: 4.0,
            height: 5.0,
        };
        canvas.fill(rect, [200, 10, 20])?;
        canvas.frame(rect, [0, 0, 0])?;
        let read = decode(canvas.finish("a box".into())?.png())?;
        assert_eq!((read.width, read.height), (20, 10));
        assert_eq!(read.count([200, 10, 20]), 20);
        assert_eq!(read.count([0, 0, 0]), 2 * (6 + 5));
        assert_eq!(read.at(3.0, 2.0), [200, 10, 20]);
        assert_eq!(read.at(2.0, 1.0), [0, 0, 0]);
        Ok(())
    }

    /// The rows and columns that a text inks, as (top, bottom, left, right).
    fn inked(letters: Letters, along: Align, across: Align) -> Result<[usize; 4]> {
        let mut canvas = Canvas::new(60.0, 60.0)?;
        canvas.text("HH", (30.0, 30.0), letters, along, across)?;
        let read = decode(canvas.finish("letters".into())?.png())?;
        let dark: Vec<(usize, usize)> = (0..60)
            .flat_map(|y| (0..60).map(move |x| (x, y)))
            .filter(|(x, y)| read.at(*x as f64, *y as f64)[0] < 150)
            .collect();
        let range = |values: Vec<usize>| {
            let low = values.iter().min().copied().unwrap_or(0);
            (low, values.iter().max().copied().unwrap_or(0))
        };
        let (left, right) = range(dark.iter().map(|at| at.0).collect());
        let (top, bottom) = range(dark.iter().map(|at| at.1).collect());
        Ok([top, bottom, left, right])
    }

    #[test]
    fn text_stands_where_it_is_put() -> Result<()> {
        let letters = Letters::new(20.0); // capitals are 14.6 px tall
        let [top, bottom, left, right] = inked(letters, Align::Start, Align::Start)?;
        assert!(
            top.abs_diff(30) <= 1 && bottom.abs_diff(44) <= 1,
            "{top} {bottom}"
        );
        assert!(left.abs_diff(31) <= 2 && right < 62, "{left} {right}");
        let [top, bottom, left, right] = inked(letters, Align::Middle, Align::Middle)?;
        assert!((top + bottom).abs_diff(59) <= 2, "{top} {bottom}");
        assert!((left + right).abs_diff(59) <= 4, "{left} {right}");
        let [_, bottom, _, right] = inked(letters, Align::End, Align::End)?;
        assert!(bottom.abs_diff(29) <= 1 && right < 30, "{bottom} {right}");
        let [top, bottom, left, right] = inked(letters.upright(), Align::Middle, Align::Start)?;
        assert!(
            left.abs_diff(30) <= 1 && right.abs_diff(44) <= 1,
            "{left} {right}"
        );
        assert!((top + bottom).abs_diff(59) <= 4, "{top} {bottom}");
        Ok(())
    }

    #[test]
    fn sizes_that_make_no_picture_are_refused() {
        for (width, height) in [(0.0, 5.0), (5.0, f64::NAN), (5.0, 1e9), (-1.0, 5.0)] {
            assert!(Canvas::new(width, height).is_err());
        }
    }
}
