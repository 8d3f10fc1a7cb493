//! The axes about a plot or a map.

use super::canvas::{Align, Canvas, GREY, Letters, NORMAL, Rect, SMALL};
use super::ticks::{self, Ticks};
use crate::Result;

const TICK: f64 = 4.0;
const GAP: f64 = 4.0;

/// One axis: its label, its range and its ticks.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    pub(super) label: String,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) log: bool,
    pub(super) ticks: Ticks,
}

impl Axis {
    pub(super) fn new(label: &str, low: f64, high: f64, log: bool, count: usize) -> Self {
        let ticks = if log {
            ticks::logarithmic(low, high)
        } else {
            ticks::linear(low, high, count)
        };
        Axis {
            label: label.into(),
            low,
            high,
            log,
            ticks,
        }
    }

    /// How far along the axis a value lies: 0 at its start, 1 at its end.
    pub(super) fn share(&self, value: f64) -> f64 {
        if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    fn widest_label(&self) -> f64 {
        let letters = Letters::new(SMALL);
        let labels = self.ticks.labels.iter();
        labels.fold(0.0, |widest: f64, label| widest.max(letters.width(label)))
    }
}

/// Two axes and a title about a rectangle.
#[derive(Debug, Clone)]
pub(super) struct Axes {
    pub(super) title: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
}

/// The room that axes need about their rectangle.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Margins {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Margins {
    /// Room enough for both.
    pub(super) fn or(self, other: Margins) -> Margins {
        Margins {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

impl Axes {
    pub(super) fn margins(&self) -> Margins {
        let label = |axis: &Axis| if axis.label.is_empty() { 0.0 } else { 20.0 };
        let factor = if self.y.ticks.factor.is_some() {
            16.0
        } else {
            0.0
        };
        let title = if self.title.is_empty() { 0.0 } else { 24.0 };
        let overhang = self
            .x
            .ticks
            .labels
            .last()
            .map_or(0.0, |last| Letters::new(SMALL).width(last) / 2.0);
        Margins {
            left: (TICK + GAP + self.y.widest_label() + label(&self.y) + 4.0).ceil(),
            top: 8.0 + title + factor,
            right: (overhang + 4.0).max(12.0).ceil(),
            bottom: TICK + GAP + SMALL + 4.0 + label(&self.x),
        }
    }

    /// The position of a data point in a plot that fills `rect`.
    pub(super) fn place(&self, rect: Rect, x: f64, y: f64) -> (f64, f64) {
        (
            rect.left + self.x.share(x) * rect.width,
            rect.bottom() - self.y.share(y) * rect.height,
        )
    }

    /// Draws the axes about `rect`: left and below it, or as a box around it.
    pub(super) fn draw(&self, canvas: &mut Canvas, rect: Rect, boxed: bool) -> Result<()> {
        let (left, bottom) = (rect.left.round() - 1.0, rect.bottom().round());
        if boxed {
            canvas.frame(rect, GREY)?;
        } else {
            canvas.rule((left, rect.top), (left, bottom), GREY)?;
            canvas.rule((left, bottom), (rect.right(), bottom), GREY)?;
        }
        self.draw_x(canvas, rect, bottom)?;
        self.draw_y(canvas, rect, left)?;
        let factor = if self.y.ticks.factor.is_some() {
            16.0
        } else {
            0.0
        };
        let middle = rect.left + rect.width / 2.0;
        canvas.title(&self.title, (middle, rect.top - 9.0 - factor))
    }

    fn draw_x(&self, canvas: &mut Canvas, rect: Rect, bottom: f64) -> Result<()> {
        let letters = Letters::new(SMALL);
        let axis = &self.x;
        let at = |value: f64| self.place(rect, value, self.y.low).0;
        for value in &axis.ticks.minor {
            canvas.rule(
                (at(*value), bottom),
                (at(*value), bottom + TICK / 2.0),
                GREY,
            )?;
        }
        let mut free = f64::NEG_INFINITY;
        for (value, label) in axis.ticks.at.iter().zip(&axis.ticks.labels) {
            let x = at(*value);
            canvas.rule((x, bottom), (x, bottom + TICK), GREY)?;
            // A label that would touch the one before it is left out.
            let half = letters.width(label) / 2.0;
            if x - half >= free {
                let y = bottom + TICK + GAP;
                canvas.text(label, (x, y), letters, Align::Middle, Align::Start)?;
                free = x + half + 5.0;
            }
        }
        let below = bottom + TICK + GAP + SMALL + 5.0;
        let middle = rect.left + rect.width / 2.0;
        let label = match &axis.ticks.factor {
            Some(factor) => format!("{}  ({factor})", axis.label),
            None => axis.label.clone(),
        };
        canvas.text(
            &label,
            (middle, below),
            Letters::new(NORMAL),
            Align::Middle,
            Align::Start,
        )
    }

    fn draw_y(&self, canvas: &mut Canvas, rect: Rect, left: f64) -> Result<()> {
        let letters = Letters::new(SMALL);
        let axis = &self.y;
        let at = |value: f64| self.place(rect, self.x.low, value).1;
        for value in &axis.ticks.minor {
            canvas.rule((left - TICK / 2.0, at(*value)), (left, at(*value)), GREY)?;
        }
        for (value, label) in axis.ticks.at.iter().zip(&axis.ticks.labels) {
            let y = at(*value);
            canvas.rule((left - TICK, y), (left, y), GREY)?;
            let x = left - TICK - GAP;
            canvas.text(label, (x, y), letters, Align::End, Align::Middle)?;
        }
        if let Some(factor) = &axis.ticks.factor {
            let at = (left, rect.top - 6.0);
            canvas.text(factor, at, letters, Align::Start, Align::End)?;
        }
        let x = left - TICK - 2.0 * GAP - axis.widest_label() - 2.0;
        let middle = rect.top + rect.height / 2.0;
        canvas.text(
            &axis.label,
            (x, middle),
            Letters::new(NORMAL).upright(),
            Align::Middle,
            Align::End,
        )
    }
}
