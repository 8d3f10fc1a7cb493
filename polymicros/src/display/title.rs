//! Titles of figures and of their panels.

use super::canvas::{Align, Canvas, LARGE, Letters};
use crate::Result;

impl Canvas {
    /// The title of a panel, in the middle above `at`; none where the text is empty.
    pub(super) fn title(&mut self, text: &str, at: (f64, f64)) -> Result<()> {
        self.above(text, at, Letters::new(LARGE))
    }

    /// The title of a figure of several panels.
    pub(super) fn heading(&mut self, text: &str, at: (f64, f64)) -> Result<()> {
        self.above(text, at, Letters::new(LARGE).bold())
    }

    fn above(&mut self, text: &str, at: (f64, f64), letters: Letters) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.text(text, at, letters, Align::Middle, Align::End)
    }
}
