//! Columns of values as HTML, as aligned text and as CSV.

/// How many rows are shown.
pub(crate) const MOST_ROWS: usize = 30;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Nothing,
    Number(f64),
    Text(String),
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cells {
    pub(crate) name: String,
    /// Numbers stand on the right.
    pub(crate) numeric: bool,
    pub(crate) cells: Vec<Cell>,
}

/// A plain HTML table of the shown rows out of `rows`.
pub(crate) fn html(columns: &[Cells], rows: usize) -> String {
    let columns: Vec<(&Cells, Vec<String>)> = columns.iter().map(|c| (c, shown(c))).collect();
    let align = |column: &Cells| if column.numeric { "right" } else { "left" };
    let mut text = String::from("<table>\n<thead><tr>");
    for (column, _) in &columns {
        let name = escaped(&column.name);
        text += &format!("<th style=\"text-align:{}\">{name}</th>", align(column));
    }
    text += "</tr></thead>\n<tbody>\n";
    let count = columns.first().map_or(0, |(_, shown)| shown.len());
    for row in 0..count {
        text += "<tr>";
        for (column, shown) in &columns {
            let value = escaped(&shown[row]);
            text += &format!("<td style=\"text-align:{}\">{value}</td>", align(column));
        }
        text += "</tr>\n";
    }
    if rows > count {
        let rest = more(rows - count);
        let width = columns.len();
        text +=
            &format!("<tr><td colspan=\"{width}\" style=\"text-align:left\">{rest}</td></tr>\n");
    }
    text + "</tbody>\n</table>"
}

/// The shown rows out of `rows` as aligned text.
pub(crate) fn plain(columns: &[Cells], rows: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut count = 0;
    for (index, column) in columns.iter().enumerate() {
        let shown = shown(column);
        count = shown.len();
        lines.resize(count + 1, String::new());
        let texts: Vec<&String> = std::iter::once(&column.name).chain(&shown).collect();
        let widest = texts.iter().map(|t| t.chars().count()).max().unwrap_or(0);
        for (line, text) in lines.iter_mut().zip(texts) {
            if index > 0 {
                line.push_str("  ");
            }
            let room = " ".repeat(widest - text.chars().count());
            let parts = if column.numeric {
                [&room, text]
            } else {
                [text, &room]
            };
            line.push_str(parts[0]);
            line.push_str(parts[1]);
        }
    }
    if rows > count {
        lines.push(more(rows - count));
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n")
}

/// All rows as CSV (RFC 4180).
pub(crate) fn csv(columns: &[Cells]) -> String {
    let quoted = |text: &str| {
        if text.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
    let mut text = names.join(",") + "\r\n";
    for row in 0..columns.first().map_or(0, |column| column.cells.len()) {
        let values: Vec<String> = columns
            .iter()
            .map(|column| match &column.cells[row] {
                Cell::Number(number) if !number.is_nan() => number.to_string(),
                Cell::Text(value) => quoted(value),
                Cell::Nothing | Cell::Number(_) => String::new(),
            })
            .collect();
        text += &values.join(",");
        text += "\r\n";
    }
    text
}

fn more(rows: usize) -> String {
    let noun = if rows == 1 { "row" } else { "rows" };
    format!("… {rows} more {noun}")
}

/// A column's values as texts. Its numbers have one form: as many decimals as give the largest
/// four significant digits, or powers of ten where they span too much.
fn shown(column: &Cells) -> Vec<String> {
    let numbers: Vec<f64> = column
        .cells
        .iter()
        .filter_map(|cell| match cell {
            Cell::Number(number) if number.is_finite() => Some(*number),
            _ => None,
        })
        .collect();
    let form = Form::of(&numbers);
    column
        .cells
        .iter()
        .map(|cell| match cell {
            Cell::Nothing => String::new(),
            Cell::Number(number) => form.write(*number),
            Cell::Text(text) => text.clone(),
        })
        .collect()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Decimals(usize),
    Powers,
}

impl Form {
    fn of(numbers: &[f64]) -> Form {
        let sizes = || numbers.iter().map(|n| n.abs()).filter(|n| *n > 0.0);
        let largest = sizes().fold(0.0, f64::max);
        let least = sizes().fold(f64::INFINITY, f64::min);
        if largest == 0.0 {
            return Form::Decimals(0);
        }
        let whole = numbers.iter().all(|n| *n == n.trunc());
        if whole && largest < 1e9 {
            return Form::Decimals(0);
        }
        // Four digits of the largest must leave two of the least, or the column is mixed.
        if !(1e-3..1e7).contains(&largest) || largest / least > 1e5 {
            return Form::Powers;
        }
        let digits = 3 - largest.log10().floor() as i32;
        let decimals = digits.clamp(0, 6) as usize;
        // No more than what is there: 0.5 and 0.25 are written with two.
        let needed = (0..decimals)
            .find(|d| numbers.iter().all(|n| exact(*n, *d)))
            .unwrap_or(decimals);
        Form::Decimals(needed)
    }

    fn write(self, number: f64) -> String {
        if number.is_nan() {
            return String::new();
        }
        if number.is_infinite() {
            return if number > 0.0 { "∞" } else { "-∞" }.into();
        }
        match self {
            Form::Decimals(decimals) => format!("{number:.decimals$}"),
            Form::Powers if number == 0.0 => "0".into(),
            Form::Powers => format!("{number:.3e}"),
        }
    }
}

fn exact(number: f64, decimals: usize) -> bool {
    let written: f64 = format!("{number:.decimals$}").parse().unwrap_or(f64::NAN);
    (written - number).abs() <= 1e-12 * number.abs()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\n', "<br>")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(numbers: &[f64]) -> Vec<String> {
        shown(&Cells {
            name: String::new(),
            numeric: true,
            cells: numbers.iter().map(|n| Cell::Number(*n)).collect(),
        })
    }

    #[test]
    fn numbers_of_a_column_have_one_sensible_form() {
        assert_eq!(written(&[0.5, 0.25]), ["0.50", "0.25"]);
        assert_eq!(written(&[1.0, 128.0]), ["1", "128"]);
        assert_eq!(written(&[14.253_1, 3.0]), ["14.25", "3.00"]);
        assert_eq!(written(&[1e-9, 2.5e-7, 0.0]), ["1.000e-9", "2.500e-7", "0"]);
        assert_eq!(written(&[12_345.678]), ["12346"]);
        assert_eq!(written(&[94_649_027.0]), ["94649027"]);
        assert_eq!(written(&[1e-4, 50.0]), ["1.000e-4", "5.000e1"]);
        assert_eq!(
            written(&[f64::NAN, f64::NEG_INFINITY, 0.0]),
            ["", "-∞", "0"]
        );
        assert!(written(&[]).is_empty());
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(
            escaped("<a href=\"x\">&"),
            "&lt;a href=&quot;x&quot;&gt;&amp;"
        );
    }
}
