//! A figure (a number) that a notebook states beside the paper's.

use super::content::Content;
use serde::{Deserialize, Serialize};

/// The MIME type under which a notebook cell hands its figures to the runner.
///
/// The content is a JSON array with one object for each figure:
///
/// ```json
/// [{"name": "super-resolution error", "paper": "4.05 %", "here": 4.2, "unit": "%",
///   "note": "stand-in, 32^3 voxels"}]
/// ```
///
/// `paper` is what the paper prints, with its unit, and null where it gives nothing. `here` is
/// the value found, null where it is not finite; `unit` and `note` may be empty.
pub const FIGURE_MIME: &str = "application/vnd.polymicros.figure+json";

/// One figure that a notebook states: what it is, the paper's value, and the value found here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What the figure is.
    pub name: String,
    /// What the paper prints, with its unit; `None` where the paper gives no figure.
    pub paper: Option<String>,
    /// The value found here, in `unit`.
    pub here: f64,
    /// The unit, or empty.
    pub unit: String,
    /// Under which conditions, or how it differs from the paper's; may be empty.
    pub note: String,
}

/// States a figure beside the paper's: `stated("patches", "10,000", 9261.0, "")`. An empty
/// `paper` means that the paper gives none.
pub fn stated(name: &str, paper: &str, here: f64, unit: &str) -> Figure {
    Figure {
        name: name.into(),
        paper: (!paper.is_empty()).then(|| paper.into()),
        here,
        unit: unit.into(),
        note: String::new(),
    }
}

impl Figure {
    /// The same figure with a note on its conditions.
    pub fn note(mut self, note: &str) -> Self {
        self.note = note.into();
        self
    }

    /// Shows the figure in a notebook and hands it to the runner.
    pub fn evcxr_display(&self) {
        show(std::slice::from_ref(self));
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.name)?;
        if let Some(paper) = &self.paper {
            write!(f, "paper {paper}, ")?;
        }
        write!(f, "here {}", shown(self.here))?;
        if !self.unit.is_empty() {
            write!(f, " {}", self.unit)?;
        }
        if !self.note.is_empty() {
            write!(f, " ({})", self.note)?;
        }
        Ok(())
    }
}

/// Several figures of one cell; shown one by one, only the last would reach the notebook.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    list: Vec<Figure>,
}

impl Figures {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same figures and one more.
    pub fn and(mut self, figure: Figure) -> Self {
        self.list.push(figure);
        self
    }

    /// The figures in the order they were stated.
    pub fn list(&self) -> &[Figure] {
        &self.list
    }

    /// Shows the figures in a notebook and hands them to the runner.
    pub fn evcxr_display(&self) {
        show(&self.list);
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<String> = self.list.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

fn show(figures: &[Figure]) {
    content(figures).show();
}

fn content(figures: &[Figure]) -> Content {
    let json =
        serde_json::to_string(figures).expect("a list of texts and numbers always has a JSON form");
    let lines: Vec<String> = figures.iter().map(ToString::to_string).collect();
    Content::new()
        .part(FIGURE_MIME, &json)
        .plain(&lines.join("\n"))
}

/// A number as a reader wants it: four significant digits, and powers of ten where they help.
fn shown(value: f64) -> String {
    let size = value.abs();
    if value == value.trunc() && size < 1e7 {
        format!("{value}")
    } else if (1e-3..1e7).contains(&size) {
        let decimals = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
        let text = format!("{value:.decimals$}");
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').into()
        } else {
            text
        }
    } else {
        format!("{value:.3e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_reads_as_a_sentence_and_as_json() -> serde_json::Result<()> {
        let figure = stated("super-resolution error", "4.05 %", 4.23456, "%").note("stand-in");
        assert_eq!(
            figure.to_string(),
            "super-resolution error: paper 4.05 %, here 4.235 % (stand-in)"
        );
        let content = content(&[figure.clone(), stated("grains", "", 211.0, "")]);
        let lines: Vec<&str> = content.framed().lines().collect();
        assert_eq!(lines[0], format!("EVCXR_BEGIN_CONTENT {FIGURE_MIME}"));
        let read: Vec<Figure> = serde_json::from_str(lines[1])?;
        assert_eq!(read[0], figure);
        let raw: serde_json::Value = serde_json::from_str(lines[1])?;
        assert_eq!(raw[0]["paper"], "4.05 %");
        assert_eq!(raw[0]["here"], 4.23456);
        assert!(raw[1]["paper"].is_null());
        assert_eq!(lines[3], "EVCXR_BEGIN_CONTENT text/plain");
        assert_eq!(lines[5], "grains: here 211");
        Ok(())
    }

    #[test]
    fn numbers_keep_four_digits() {
        for (value, text) in [
            (0.0, "0"),
            (94_649_027.0, "9.465e7"),
            (0.5, "0.5"),
            (1234.56, "1235"),
            (1200.4, "1200"),
            (3.2e-9, "3.200e-9"),
            (-0.0123449, "-0.01234"),
        ] {
            assert_eq!(shown(value), text, "{value}");
        }
    }
}
