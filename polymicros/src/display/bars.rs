//! Named values as horizontal bars.

use super::Picture;
use super::axes::{Axes, Axis};
use super::canvas::{Align, Canvas, Letters, Rect, SMALL};
use super::colour::series_colour;
use super::ticks::{Ticks, plain};
use crate::{Error, Result};

/// One horizontal bar for each name, from the top, with its value at its end. `label` says what
/// the values are; `decimals` is how many digits they are written with.
///
/// # Errors
/// When there are no values, names and values differ in number, or a value is not finite.
pub fn bar_chart(
    title: &str,
    label: &str,
    names: &[&str],
    values: &[f64],
    decimals: usize,
) -> Result<Picture> {
    const ROW: f64 = 26.0;
    const WIDTH: f64 = 700.0;
    if values.is_empty() {
        return Err(Error::value("bar chart", "no values"));
    }
    if names.len() != values.len() {
        return Err(Error::shape("bar chart names", values.len(), names.len()));
    }
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        return Err(Error::value(
            format!("bar chart value `{}`", names[index]),
            format!("{}: only finite values have a length", values[index]),
        ));
    }
    let written: Vec<String> = values.iter().map(|v| plain(*v, decimals)).collect();
    let letters = Letters::new(SMALL);
    let widest = written
        .iter()
        .map(|text| letters.width(text))
        .fold(0.0, f64::max);

    let rows = values.len() as f64;
    let low = values.iter().copied().fold(0.0, f64::min);
    let high = values.iter().copied().fold(0.0, f64::max);
    // Written so that a chart of zeros has an axis too.
    let span = if high > low { high - low } else { 1.0 };
    // Room for the numbers beyond the ends of the bars.
    let room = span * (widest + 14.0) / 440.0;
    let low = if low < 0.0 { low - room } else { 0.0 };
    let axes = Axes {
        title: title.into(),
        x: Axis::new(label, low, high.max(low + span) + room, false, 5),
        y: Axis {
            label: String::new(),
            low: rows,
            high: 0.0,
            log: false,
            ticks: Ticks {
                at: (0..values.len()).map(|row| row as f64 + 0.5).collect(),
                labels: names.iter().map(|name| (*name).to_owned()).collect(),
                ..Ticks::default()
            },
        },
    };
    let margins = axes.margins();
    let rect = Rect {
        left: margins.left,
        top: margins.top,
        width: WIDTH - margins.left - margins.right,
        height: ROW * rows,
    };
    if rect.width < 80.0 {
        return Err(Error::value(
            "bar chart names",
            "too long to leave room for bars",
        ));
    }
    let mut canvas = Canvas::new(WIDTH, rect.bottom() + margins.bottom)?;
    let zero = axes.place(rect, 0.0, 0.0).0;
    for (row, (value, text)) in values.iter().zip(&written).enumerate() {
        let end = axes.place(rect, *value, 0.0).0;
        let top = rect.top + ROW * row as f64;
        let bar = Rect {
            left: zero.min(end),
            top: top + 5.0,
            width: (end - zero).abs(),
            height: ROW - 10.0,
        };
        canvas.fill(bar, series_colour(0))?;
        let (at, align) = if *value < 0.0 {
            (end - 5.0, Align::End)
        } else {
            (end + 5.0, Align::Start)
        };
        canvas.text(text, (at, top + ROW / 2.0), letters, align, Align::Middle)?;
    }
    axes.draw(&mut canvas, rect, false)?;
    let pairs: Vec<String> = names
        .iter()
        .zip(&written)
        .map(|(name, text)| format!("{name} {text}"))
        .collect();
    canvas.finish(format!("{title}: bars of {label}: {}", pairs.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::super::encode::tests::decode;
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_values() -> Result<()> {
        let picture = bar_chart("", "share", &["one", "four"], &[1.0, 4.0], 1)?;
        let read = decode(picture.png())?;
        let long = |y: usize| {
            let at = |x: &usize| read.at(*x as f64, y as f64) == series_colour(0);
            (0..read.width).filter(at).count()
        };
        let mut lengths: Vec<usize> = (0..read.height).map(long).filter(|n| *n > 0).collect();
        lengths.dedup();
        assert_eq!(lengths.len(), 2, "{lengths:?}");
        assert!((4 * lengths[0]).abs_diff(lengths[1]) <= 4, "{lengths:?}");
        Ok(())
    }

    #[test]
    fn bad_values_are_named() {
        let message = |names: &[&str], values: &[f64]| {
            bar_chart("", "", names, values, 1).map_or_else(|e| e.to_string(), |_| String::new())
        };
        assert!(message(&[], &[]).contains("no values"));
        assert!(message(&["a"], &[1.0, 2.0]).contains("expected 2, found 1"));
        assert!(message(&["a", "b"], &[1.0, f64::NAN]).contains("`b`"));
        assert!(message(&["a"], &[0.0]).is_empty());
    }
}
