//! The HTML page: every notebook with its outputs, pictures embedded, nothing loaded from outside.

use super::markdown::{escape, to_html};
use super::stated::Stated;
use crate::Result;
use crate::document::{Document, write_whole};
use nbformat::v4::{Cell, Output};
use serde_json::Value;
use std::path::Path;

const STYLE: &str = "
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
pre { font: 13px/1.4 ui-monospace, monospace; background: #f6f6f6; padding: .7rem; overflow-x: auto; border-radius: 4px; }
pre.out { background: none; border-left: 3px solid #ddd; }
pre.error { background: #fff0f0; border-left: 3px solid #c00; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 14px; }
th, td { border-bottom: 1px solid #ddd; padding: .25rem .7rem; text-align: left; }
img { max-width: 100%; }
nav { margin-bottom: 2rem; }
section { border-top: 2px solid #1a1a1a; margin-top: 3rem; }
";

/// Writes the page for these executed notebooks, with the table of stated figures at its end.
///
/// # Errors
/// When the disk refuses.
pub fn write_page(path: &Path, documents: &[Document], figures: &[(String, Stated)]) -> Result<()> {
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>PolyMicros: reproduction</title>\n<style>",
    );
    page.push_str(STYLE);
    page.push_str("</style>\n</head>\n<body>\n<nav>");
    for document in documents {
        let name = escape(&document.name());
        page.push_str(&format!("<a href=\"#{name}\">{name}</a> · "));
    }
    page.push_str("<a href=\"#figures\">paper, here</a></nav>\n");
    for document in documents {
        page.push_str(&format!("<section id=\"{}\">\n", escape(&document.name())));
        for cell in document.cells() {
            push_cell(&mut page, cell);
        }
        page.push_str("</section>\n");
    }
    push_figures(&mut page, figures);
    page.push_str("</body>\n</html>\n");
    write_whole(path, page.as_bytes())
}

fn push_cell(page: &mut String, cell: &Cell) {
    let source = cell.source().concat();
    match cell {
        Cell::Markdown { .. } => page.push_str(&to_html(&source)),
        Cell::Raw { .. } => page.push_str(&format!("<pre>{}</pre>\n", escape(&source))),
        Cell::Code { outputs, .. } => {
            page.push_str(&format!("<pre><code>{}</code></pre>\n", escape(&source)));
            for output in outputs {
                push_output(page, output);
            }
        }
    }
}

fn push_output(page: &mut String, output: &Output) {
    let data = match output {
        Output::Stream { text, .. } => {
            page.push_str(&format!("<pre class=\"out\">{}</pre>\n", escape(&text.0)));
            return;
        }
        Output::Error(error) => {
            let text = error.traceback.join("\n");
            page.push_str(&format!("<pre class=\"error\">{}</pre>\n", escape(&text)));
            return;
        }
        Output::ExecuteResult(result) => serde_json::to_value(result),
        Output::DisplayData(data) => serde_json::to_value(data),
    };
    let data = data.unwrap_or_default()["data"].take();
    // The richest form that the page can show.
    if let Some(png) = text(&data["image/png"]) {
        let alt = text(&data["text/plain"]).unwrap_or_default();
        page.push_str(&format!(
            "<p><img alt=\"{}\" src=\"data:image/png;base64,{}\"></p>\n",
            escape(&alt),
            png.trim()
        ));
    } else if let Some(html) = text(&data["text/html"]) {
        page.push_str(&html);
        page.push('\n');
    } else if let Some(plain) = text(&data["text/plain"]) {
        page.push_str(&format!("<pre class=\"out\">{}</pre>\n", escape(&plain)));
    }
}

fn push_figures(page: &mut String, figures: &[(String, Stated)]) {
    page.push_str(
        "<section id=\"figures\">\n<h1>Paper, here</h1>\n<table>\n<tr><th>notebook</th>\
         <th>figure</th><th>paper</th><th>here</th><th>note</th></tr>\n",
    );
    for (notebook, figure) in figures {
        let cells = [
            notebook,
            &figure.name,
            &figure.paper,
            &figure.here,
            &figure.note,
        ];
        let row: String = cells
            .iter()
            .map(|text| format!("<td>{}</td>", escape(text)))
            .collect();
        page.push_str(&format!("<tr>{row}</tr>\n"));
    }
    page.push_str("</table>\n</section>\n");
}

/// A notebook stores text as one string or as a list of lines.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(lines) => Some(lines.iter().filter_map(Value::as_str).collect()),
        _ => None,
    }
}
