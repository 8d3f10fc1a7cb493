//! Names and their colours in rows below a picture.

use super::canvas::{Align, Canvas, Letters, NORMAL, Rect};
use crate::Result;

const SQUARE: f64 = 10.0;
const ROW: f64 = 20.0;
const BETWEEN: f64 = 22.0;

/// A legend, broken into rows that fit a width.
pub(super) struct Legend {
    rows: Vec<Vec<(String, [u8; 3])>>,
    width: f64,
}

impl Legend {
    pub(super) fn new(entries: &[(String, [u8; 3])], width: f64) -> Self {
        let mut rows: Vec<Vec<(String, [u8; 3])>> = Vec::new();
        let mut used = f64::INFINITY;
        for entry in entries {
            let length = length(&entry.0);
            if used + length > width - 30.0 {
                rows.push(Vec::new());
                used = 0.0;
            }
            used += length + BETWEEN;
            if let Some(row) = rows.last_mut() {
                row.push(entry.clone());
            }
        }
        Legend { rows, width }
    }

    pub(super) fn height(&self) -> f64 {
        if self.rows.is_empty() {
            0.0
        } else {
            ROW * self.rows.len() as f64 + 10.0
        }
    }

    /// Draws the rows from `top` on, each in the middle.
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> Result<()> {
        let letters = Letters::new(NORMAL);
        for (index, row) in self.rows.iter().enumerate() {
            let lengths: f64 = row.iter().map(|(name, _)| length(name)).sum();
            let total = lengths + BETWEEN * (row.len() - 1) as f64;
            let mut left = ((self.width - total) / 2.0).max(6.0).round();
            let middle = top + ROW * (index as f64 + 0.5);
            for (name, colour) in row {
                let square = Rect {
                    left,
                    top: (middle - SQUARE / 2.0).round(),
                    width: SQUARE,
                    height: SQUARE,
                };
                canvas.fill(square, *colour)?;
                let at = (left + SQUARE + 6.0, middle);
                canvas.text(name, at, letters, Align::Start, Align::Middle)?;
                left = (left + length(name) + BETWEEN).round();
            }
        }
        Ok(())
    }
}

fn length(name: &str) -> f64 {
    SQUARE + 6.0 + Letters::new(NORMAL).width(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_break_where_the_width_ends() {
        let entries: Vec<_> = (0..7).map(|k| (format!("series {k}"), [0; 3])).collect();
        assert_eq!(Legend::new(&entries, 2000.0).rows.len(), 1);
        let narrow = Legend::new(&entries, 260.0);
        assert!(narrow.rows.len() >= 3);
        assert_eq!(narrow.rows.iter().map(Vec::len).sum::<usize>(), 7);
        // A name wider than the picture still gets its row, and no row is empty.
        let wide = Legend::new(&entries, 5.0);
        assert!(wide.rows.len() == 7 && wide.rows.iter().all(|row| row.len() == 1));
        assert_eq!(Legend::new(&[], 100.0).height(), 0.0);
    }
}
