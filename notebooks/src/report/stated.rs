//! The figures that notebooks state, each beside the paper's.

use crate::document::Document;
use nbformat::v4::Output;
use polymicros::display::{FIGURE_MIME, Figure};

/// One figure beside the paper's, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// What was measured.
    pub name: String,
    /// The paper's figure with its unit, or a dash where the paper gives none.
    pub paper: String,
    /// Ours, with its unit.
    pub here: String,
    /// What to know when comparing the two.
    pub note: String,
}

impl From<Figure> for Stated {
    fn from(figure: Figure) -> Self {
        let size = figure.here.abs();
        let here = if size == 0.0 || (1e-3..1e6).contains(&size) {
            format!("{:.4}", figure.here)
        } else {
            format!("{:.2e}", figure.here)
        };
        let here = match here.strip_suffix(".0000") {
            Some(whole) => whole.to_owned(),
            None => here,
        };
        Stated {
            name: figure.name,
            paper: figure.paper.unwrap_or_else(|| "—".into()),
            here: format!("{here} {}", figure.unit).trim_end().to_owned(),
            note: figure.note,
        }
    }
}

/// All figures that an executed notebook states, in order.
pub fn stated(document: &Document) -> Vec<Stated> {
    document
        .outputs()
        .into_iter()
        .flatten()
        .filter_map(|output| match output {
            Output::ExecuteResult(result) => serde_json::to_value(result).ok(),
            Output::DisplayData(data) => serde_json::to_value(data).ok(),
            _ => None,
        })
        .filter_map(|mut value| serde_json::from_value(value["data"][FIGURE_MIME].take()).ok())
        .flat_map(|figures: Vec<Figure>| figures)
        .map(Stated::from)
        .collect()
}

/// The table for a terminal.
pub fn table(rows: &[(String, Stated)]) -> String {
    let header = ["notebook", "figure", "paper", "here", "note"].map(str::to_owned);
    let body = rows.iter().map(|(notebook, figure)| {
        [
            notebook.clone(),
            figure.name.clone(),
            figure.paper.clone(),
            figure.here.clone(),
            figure.note.clone(),
        ]
    });
    let rows: Vec<[String; 5]> = std::iter::once(header).chain(body).collect();
    let widths: [usize; 5] = std::array::from_fn(|column| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    });
    rows.iter()
        .map(|row| {
            let line: Vec<String> = row
                .iter()
                .zip(widths)
                .map(|(text, width)| format!("{text:<width$}"))
                .collect();
            format!("{}\n", line.join("  ").trim_end())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;

    #[test]
    fn figures_are_found_in_an_executed_notebook() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("n.ipynb");
        std::fs::write(
            &path,
            r#"{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[
            {"cell_type":"code","id":"a","metadata":{},"source":["1"],"execution_count":1,"outputs":[
             {"output_type":"execute_result","execution_count":1,"metadata":{},"data":{
               "text/plain":["x"],
               "application/vnd.polymicros.figure+json":[
                 {"name":"round trip","paper":null,"here":1e-9,"unit":"","note":"largest"}]}}]}]}"#,
        )?;
        let found = stated(&Document::open(&path)?);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].here, "1.00e-9");
        let text = table(&[("01".into(), found[0].clone())]);
        assert!(
            text.lines()
                .nth(1)
                .is_some_and(|line| line.contains("1.00e-9")),
            "{text}"
        );
        Ok(())
    }
}
