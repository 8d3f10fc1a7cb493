//! A notebook's prose as HTML, formulas as MathML.

use pulldown_cmark::{Event, Options, Parser, html};
use pulldown_latex::{
    Parser as LatexParser, RenderConfig, Storage, config::DisplayMode, push_mathml,
};

/// Markdown, with `$…$` and `$$…$$` formulas, to an HTML fragment.
pub(super) fn to_html(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_MATH | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(markdown, options).map(|event| match event {
        Event::InlineMath(latex) => formula(&latex, DisplayMode::Inline),
        Event::DisplayMath(latex) => formula(&latex, DisplayMode::Block),
        other => other,
    });
    let mut page = String::new();
    html::push_html(&mut page, events);
    page
}

fn formula<'a>(latex: &str, display_mode: DisplayMode) -> Event<'a> {
    let storage = Storage::new();
    let mut mathml = String::new();
    let config = RenderConfig {
        display_mode,
        ..RenderConfig::default()
    };
    match push_mathml(&mut mathml, LatexParser::new(latex, &storage), config) {
        Ok(()) => Event::InlineHtml(mathml.into()),
        // A formula beyond the renderer is still readable as its source.
        Err(_) => Event::Code(latex.to_owned().into()),
    }
}

/// Text with the characters that HTML reserves escaped.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_formulas_and_tables_become_html() {
        let html = to_html("# A\n\n$a^2 < b$ and\n\n| x | y |\n| - | - |\n| 1 | 2 |\n");
        assert!(html.contains("<h1>A</h1>"), "{html}");
        assert!(html.contains("<math") && html.contains("<table>"), "{html}");
        assert_eq!(escape("a<b&\"c\""), "a&lt;b&amp;&quot;c&quot;");
    }
}
