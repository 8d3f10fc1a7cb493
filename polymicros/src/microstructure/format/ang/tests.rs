//! Whole files, by hand.

use crate::microstructure::Microstructure;
use crate::{Error, Result};

/// Rows of three and two points in turn, a unit apart; phi1 is the row and a tenth of the column.
fn hexagonal() -> String {
    let mut text = String::from(
        "# TEM_PIXperUM 1.0\n# Phase 1\n# Symmetry 43\n# GRID: HexGrid\n# XSTEP: 1.0\n\
         # YSTEP: 0.866025\n# NCOLS_ODD: 3\n# NCOLS_EVEN: 2\n# NROWS: 3\n",
    );
    for row in 0..3 {
        for column in 0..3 - row % 2 {
            let phi1 = f64::from(row) + 0.1 * f64::from(column);
            let x = f64::from(column) + 0.5 * f64::from(row % 2);
            let y = 0.866025 * f64::from(row);
            text += &format!("{phi1} 1.0 2.0 {x} {y} 100 0.5 1\n");
        }
    }
    text
}

fn read(text: &str) -> Result<Microstructure> {
    let folder = tempfile::tempdir().map_err(|e| Error::io("a temporary folder", e))?;
    let path = folder.path().join("a.ang");
    std::fs::write(&path, text).map_err(|e| Error::io(&path, e))?;
    Microstructure::open(&path)
}

/// The second row of pixels lies at y = 1, next to the second row of points, which begin at
/// x = 0.5: its first pixel takes the first of them, its last the last, and the one between is as
/// far from either.
#[test]
fn a_hexagonal_scan_becomes_square_pixels() -> Result<()> {
    let map = read(&hexagonal())?;
    assert_eq!(map.grid().shape, [3, 2, 1]);
    assert_eq!(map.grid().spacing, [1.0; 3]);
    assert_eq!(map.indexed_share(), 1.0);
    let phi1 = |x, y| map.euler()[[0, x, y, 0]];
    assert_eq!([phi1(0, 0), phi1(1, 0), phi1(2, 0)], [0.0, 0.1, 0.2]);
    assert_eq!([phi1(0, 1), phi1(2, 1)], [1.0, 1.1]);
    assert!([1.0, 1.1].contains(&phi1(1, 1)));
    Ok(())
}

#[test]
fn a_hexagonal_scan_that_does_not_close_is_told_so() {
    let says = |text: &str| read(text).map_or_else(|e| e.to_string(), |m| m.name);
    let short = hexagonal();
    let short = short.trim_end().rsplit_once('\n').unwrap_or_default().0;
    let text = says(short);
    assert!(
        text.contains("expected 8 points") && text.contains("3 rows of 3 and 2 columns in turn"),
        "{text}"
    );
    let text = says(&hexagonal().replace("NCOLS_EVEN: 2", "NCOLS_EVEN: 1"));
    assert!(text.contains("NCOLS_EVEN: expected 3"), "{text}");
    let text = says(&hexagonal().replace("1.5 0.866025", "1.1 0.866025"));
    assert!(text.contains("hexagonal grid"), "{text}");
}
