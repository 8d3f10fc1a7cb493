//! A stack of `.ang` slices as EDAX writes them.

use super::python::failed;
use polymicros::Result;
use std::fmt::Write;
use std::path::Path;

pub const SLICES: usize = 100;
pub const EDGE: usize = 200;
/// Distance of points in micrometres.
pub const STEP: f64 = 0.25;

const HEADER: &str = "\
# TEM_PIXperUM          1.000000
# x-star                0.477000
# y-star                0.743000
# z-star                0.576000
# WorkingDistance       20.000000
#
# Phase 1
# MaterialName          Nickel
# Formula               Ni
# Info
# Symmetry              43
# LatticeConstants      3.520 3.520 3.520  90.000  90.000  90.000
# NumberFamilies        4
# hklFamilies      1  1  1 1 8.469246
# hklFamilies      2  0  0 1 7.077444
# hklFamilies      2  2  0 1 4.385274
# hklFamilies      3  1  1 1 3.576213
# Categories0 0 0 0 0
#
# GRID: SqrGrid
";

/// Writes the slices `slice_1.ang` and so on, and returns their bytes.
pub fn write(folder: &Path) -> Result<usize> {
    let mut bytes = 0;
    for slice in 0..SLICES {
        let text = text(slice).map_err(failed)?;
        bytes += text.len();
        let path = folder.join(format!("slice_{}.ang", slice + 1));
        std::fs::write(path, text).map_err(failed)?;
    }
    Ok(bytes)
}

/// Blocks of one orientation with some noise on every number, in columns as wide as EDAX's.
fn text(slice: usize) -> Result<String, std::fmt::Error> {
    let mut text = String::from(HEADER);
    writeln!(text, "# XSTEP: {STEP:.6}\n# YSTEP: {STEP:.6}")?;
    writeln!(
        text,
        "# NCOLS_ODD: {EDGE}\n# NCOLS_EVEN: {EDGE}\n# NROWS: {EDGE}"
    )?;
    text += "#\n# OPERATOR:    bench\n#\n# SAMPLEID:\n#\n# SCANID:\n#\n";
    for row in 0..EDGE {
        for column in 0..EDGE {
            let grain = slice / 10 * 400 + row / 10 * 20 + column / 10;
            let noise = |k: usize| {
                let mix = ((slice * EDGE + row) * EDGE + column + 1) * (2 * k + 0x9E37_79B1);
                ((mix ^ (mix >> 15)).wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 40) as f64
                    / 16_777_216.0
            };
            let angle = |k: usize| (grain * (k + 7) % 629) as f64 * 0.01 + 0.005 * noise(k);
            writeln!(
                text,
                "{:9.5} {:9.5} {:9.5} {:12.5} {:12.5} {:6.1} {:6.3} {:2} {:6} {:6.3} ",
                angle(1) % std::f64::consts::TAU,
                angle(2) % std::f64::consts::PI,
                angle(3) % std::f64::consts::TAU,
                column as f64 * STEP,
                row as f64 * STEP,
                200.0 * noise(4),
                noise(5),
                0,
                (2000.0 * noise(6)) as i64,
                3.0 * noise(7),
            )?;
        }
    }
    Ok(text)
}
