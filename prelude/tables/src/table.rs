//! The table: named columns of one length.

use crate::render::{self, Cell, Cells};
use polars::frame::DataFrame;
use polars::prelude::{AnyValue, Column, NamedFrom};
use polars::series::Series;
use polymicros::display::content::Content;
use polymicros::{Error, Result, save_whole};
use std::path::Path;

/// A polars data frame that shows itself: as an HTML table in a notebook, as aligned text
/// elsewhere.
///
/// Columns are added one by one; what does not fit (a length, a name given twice) is reported when
/// the table is [finished](Columns::table).
///
/// ```
/// use polymicros_tables::Table;
/// # fn main() -> polymicros::Result<()> {
/// let table = Table::new()
///     .text("stand-in", vec!["equiaxed".into(), "rolled".into()])
///     .integer("grains", vec![211, 187])
///     .number("mean size / µm", vec![14.25, 15.5])
///     .table()?;
/// assert_eq!(table.frame().height(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq)]
pub struct Table {
    frame: DataFrame,
}

/// The columns of a table to be, see [`Table::new`].
#[derive(Debug, Clone, Default)]
pub struct Columns {
    columns: Vec<Column>,
}

impl Columns {
    /// One more column of texts.
    pub fn text(self, name: &str, values: Vec<String>) -> Self {
        self.with(Series::new(name.into(), values))
    }

    /// One more column of numbers; a NaN is shown as an empty cell.
    pub fn number(self, name: &str, values: Vec<f64>) -> Self {
        self.with(Series::new(name.into(), values))
    }

    /// One more column of whole numbers.
    pub fn integer(self, name: &str, values: Vec<i64>) -> Self {
        self.with(Series::new(name.into(), values))
    }

    fn with(mut self, series: Series) -> Self {
        self.columns.push(series.into());
        self
    }

    /// The table of these columns.
    ///
    /// # Errors
    /// When the columns differ in length, or two have one name.
    pub fn table(self) -> Result<Table> {
        let height = self.columns.first().map_or(0, Column::len);
        for (index, column) in self.columns.iter().enumerate() {
            let name = column.name();
            if column.len() != height {
                let what = format!("column `{name}` of a table");
                return Err(Error::shape(what, height, column.len()));
            }
            if self.columns[..index].iter().any(|c| c.name() == name) {
                return Err(Error::value("table", format!("two columns named `{name}`")));
            }
        }
        DataFrame::new(height, self.columns)
            .map(Table::from_frame)
            .map_err(|error| Error::value("table", error.to_string()))
    }
}

impl Table {
    /// A table without columns, to which they are added: `Table::new().number(...).table()?`.
    #[expect(
        clippy::new_ret_no_self,
        reason = "columns become a table when they are complete"
    )]
    pub fn new() -> Columns {
        Columns::default()
    }

    /// A table of any data frame.
    pub fn from_frame(frame: DataFrame) -> Self {
        Table { frame }
    }

    /// The data frame.
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.frame.height()
    }

    /// The table as HTML, without styles of its own: a notebook's suit it. After 30 rows it says
    /// how many more there are.
    pub fn html(&self) -> String {
        render::html(&self.cells(render::MOST_ROWS), self.rows())
    }

    /// Shows the table in a notebook.
    pub fn evcxr_display(&self) {
        self.content().show();
    }

    fn content(&self) -> Content {
        Content::new().html(&self.html()).plain(&self.to_string())
    }

    /// Writes all rows as CSV (RFC 4180, UTF-8, numbers with all their digits), whole or not at
    /// all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn to_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let text = render::csv(&self.cells(self.rows()));
        save_whole(path, text.as_bytes())
    }

    /// The first rows, as plain values.
    fn cells(&self, most: usize) -> Vec<Cells> {
        let rows = self.rows().min(most);
        let of_column = |column: &Column| Cells {
            name: column.name().to_string(),
            numeric: column.dtype().is_primitive_numeric(),
            cells: (0..rows)
                .map(|row| column.get(row).map_or(Cell::Nothing, |value| cell(&value)))
                .collect(),
        };
        self.frame.columns().iter().map(of_column).collect()
    }
}

fn cell(value: &AnyValue<'_>) -> Cell {
    match value {
        AnyValue::Null => Cell::Nothing,
        AnyValue::Float64(number) => Cell::Number(*number),
        AnyValue::Float32(number) => Cell::Number(f64::from(*number)),
        AnyValue::String(text) => Cell::Text((*text).to_owned()),
        AnyValue::StringOwned(text) => Cell::Text(text.to_string()),
        // Whole numbers, truth values and whatever else a data frame may hold.
        other => Cell::Text(other.to_string()),
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&render::plain(&self.cells(render::MOST_ROWS), self.rows()))
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "Table {} x {}", self.rows(), self.frame.width())?;
        std::fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Result<Table> {
        Table::new()
            .text("name", vec!["a <b>".into(), "c, \"d\"".into()])
            .number("size", vec![0.123_456_78, f64::NAN])
            .integer("grains", vec![1_234_567, -2])
            .table()
    }

    #[test]
    fn a_table_shows_itself_twice() -> Result<()> {
        let table = small()?;
        assert_eq!(
            table.to_string(),
            "name      size   grains\n\
             a <b>   0.1235  1234567\n\
             c, \"d\"               -2"
        );
        let framed = table.content().framed().to_owned();
        assert!(framed.starts_with("EVCXR_BEGIN_CONTENT text/html\n<table"));
        assert!(framed.contains("EVCXR_BEGIN_CONTENT text/plain\nname "));
        assert_eq!(framed.matches("EVCXR_END_CONTENT\n").count(), 2);
        assert!(table.html().contains("a &lt;b&gt;"));
        assert!(format!("{table:?}").starts_with("Table 2 x 3\nname"));
        Ok(())
    }

    #[test]
    fn csv_keeps_every_digit() -> Result<()> {
        let folder = tempfile::tempdir().map_err(|e| Error::io("temporary folder", e))?;
        let path = folder.path().join("t.csv");
        small()?.to_csv(&path)?;
        let text = std::fs::read_to_string(&path).map_err(|e| Error::io(&path, e))?;
        assert_eq!(
            text,
            "name,size,grains\r\na <b>,0.12345678,1234567\r\n\"c, \"\"d\"\"\",,-2\r\n"
        );
        assert!(small()?.to_csv(folder.path().join("no/such")).is_err());
        Ok(())
    }

    #[test]
    fn long_tables_say_how_many_rows_more() -> Result<()> {
        let table = Table::new().integer("k", (0..100).collect()).table()?;
        assert!(table.to_string().ends_with("… 70 more rows"));
        assert_eq!(table.html().matches("<tr>").count(), 1 + 30 + 1);
        assert!(table.html().contains("… 70 more rows"));
        Ok(())
    }

    #[test]
    fn columns_that_do_not_fit_are_named() {
        let message = |columns: Columns| {
            columns
                .table()
                .map_or_else(|e| e.to_string(), |_| String::new())
        };
        let one = || Table::new().number("a", vec![1.0, 2.0]);
        assert!(
            message(one().integer("b", vec![1])).contains("`b` of a table: expected 2, found 1")
        );
        assert!(message(one().number("a", vec![1.0, 2.0])).contains("two columns named `a`"));
        assert!(
            message(Table::new()).is_empty(),
            "an empty table is a table"
        );
    }
}
