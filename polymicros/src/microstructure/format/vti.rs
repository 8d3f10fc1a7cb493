//! VTK image data (`.vti`), written for ParaView, DAMASK and whatever reads with VTK: XML with the
//! arrays as raw little-endian bytes behind it. Voxels are cells; lengths are in the grid's unit.
//!
//! Arrays are `material`, `phi1`, `Phi` and `phi2` (radians), `phase`, `mask`, `grain_ids` and the
//! properties. DAMASK's grid solver takes `material`, an index from 0 (of a grain where the source
//! knows grains, else of an orientation and phase), and lengths as metres; it wants one number a
//! cell in every array, so that the angles are three.

use super::{Format, Writer};
use crate::microstructure::Microstructure;
use crate::{Error, Result};
use ndarray::Array3;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// The VTK image data format.
pub(super) struct Vti;

impl Format for Vti {
    fn name(&self) -> &'static str {
        "VTK image data"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["vti"]
    }

    fn recognises(&self, _path: &Path, head: &[u8]) -> bool {
        let text = String::from_utf8_lossy(head);
        text.contains("<VTKFile") && text.contains("ImageData")
    }

    fn read(&self, path: &Path) -> Result<Microstructure> {
        Err(Error::UnknownFormat {
            path: path.to_owned(),
            problem: "VTK image data are written, not read".into(),
        })
    }

    fn writer(&self) -> Option<Writer> {
        Some(write)
    }
}

/// Appends the bytes of an array's values at the voxel `x, y, z`.
type Put<'a> = Box<dyn Fn([usize; 3], &mut Vec<u8>) + 'a>;

/// One array of the file.
struct Array<'a> {
    name: String,
    kind: &'static str,
    bytes: usize,
    put: Put<'a>,
}

fn write(made: &Microstructure, file: &mut File, path: &Path) -> Result<()> {
    let grid = made.grid();
    let [nx, ny, nz] = grid.shape;
    let materials = materials(made)?;
    let arrays = arrays(made, &materials);
    let mut head = String::new();
    let triple = |v: [f64; 3]| format!("{} {} {}", v[0], v[1], v[2]);
    // VTK's origin is the corner of the first cell.
    let corner = std::array::from_fn(|axis| grid.origin[axis] - 0.5 * grid.spacing[axis]);
    let extent = format!("0 {nx} 0 {ny} 0 {nz}");
    let _ = write!(
        head,
        "<?xml version=\"1.0\"?>\n<VTKFile type=\"ImageData\" version=\"1.0\" \
         byte_order=\"LittleEndian\" header_type=\"UInt64\">\n<ImageData WholeExtent=\"{extent}\" \
         Origin=\"{}\" Spacing=\"{}\">\n<Piece Extent=\"{extent}\">\n<CellData>\n",
        triple(corner),
        triple(grid.spacing)
    );
    let mut offset = 0;
    for array in &arrays {
        let _ = writeln!(
            head,
            "<DataArray type=\"{}\" Name=\"{}\" NumberOfComponents=\"1\" format=\"appended\" \
             offset=\"{offset}\"/>",
            array.kind,
            escaped(&array.name)
        );
        offset += 8 + grid.voxels() * array.bytes;
    }
    head += "</CellData>\n</Piece>\n</ImageData>\n<AppendedData encoding=\"raw\">\n_";

    let io = |e| Error::io(path, e);
    let mut out = BufWriter::with_capacity(1 << 18, file);
    out.write_all(head.as_bytes()).map_err(io)?;
    let mut row = Vec::new();
    for array in &arrays {
        let bytes = (grid.voxels() * array.bytes) as u64;
        out.write_all(&bytes.to_le_bytes()).map_err(io)?;
        for z in 0..nz {
            for y in 0..ny {
                row.clear();
                for x in 0..nx {
                    (array.put)([x, y, z], &mut row);
                }
                out.write_all(&row).map_err(io)?;
            }
        }
    }
    out.write_all(b"\n</AppendedData>\n</VTKFile>\n")
        .map_err(io)?;
    out.flush().map_err(io)
}

fn arrays<'a>(made: &'a Microstructure, materials: &'a Array3<i32>) -> Vec<Array<'a>> {
    let array = |name: &str, kind, bytes, put| Array {
        name: name.to_owned(),
        kind,
        bytes,
        put,
    };
    let material = Box::new(|at, out: &mut Vec<u8>| {
        let index: i32 = materials[at];
        out.extend_from_slice(&index.to_le_bytes());
    });
    let mut arrays = vec![array("material", "Int32", 4, material as Put<'_>)];
    for (c, name) in ["phi1", "Phi", "phi2"].into_iter().enumerate() {
        let put = Box::new(move |[x, y, z]: [usize; 3], out: &mut Vec<u8>| {
            out.extend_from_slice(&made.euler()[[c, x, y, z]].to_le_bytes());
        });
        arrays.push(array(name, "Float32", 4, put));
    }
    let phase = Box::new(|at, out: &mut Vec<u8>| out.push(made.phase()[at]));
    arrays.push(array("phase", "UInt8", 1, phase));
    let mask = Box::new(|at, out: &mut Vec<u8>| out.push(u8::from(made.mask()[at])));
    arrays.push(array("mask", "UInt8", 1, mask));
    if let Some(ids) = made.grain_ids() {
        let put = Box::new(|at, out: &mut Vec<u8>| out.extend_from_slice(&ids[at].to_le_bytes()));
        arrays.push(array("grain_ids", "UInt32", 4, put));
    }
    for (name, values) in made.properties() {
        let put =
            Box::new(|at, out: &mut Vec<u8>| out.extend_from_slice(&values[at].to_le_bytes()));
        arrays.push(array(name, "Float32", 4, put));
    }
    arrays
}

/// DAMASK's material of each voxel, from 0: the rank of its grain's number where the source knows
/// grains; else one for each orientation and phase, in the order in which they come.
fn materials(made: &Microstructure) -> Result<Array3<i32>> {
    let [nx, ny, nz] = made.grid().shape;
    let index = |k: usize| {
        i32::try_from(k).map_err(|_| Error::value("materials", "more than 31 bits count"))
    };
    let mut materials = Array3::zeros((nx, ny, nz));
    if let Some(ids) = made.grain_ids() {
        let distinct: BTreeSet<u32> = ids.iter().copied().collect();
        let ranks: HashMap<u32, usize> = distinct.into_iter().zip(0..).collect();
        for (material, id) in materials.iter_mut().zip(ids) {
            *material = index(ranks[id])?;
        }
        return Ok(materials);
    }
    let mut known: HashMap<[u32; 4], usize> = HashMap::new();
    for ((x, y, z), material) in materials.indexed_iter_mut() {
        let [a, b, c] = [0, 1, 2].map(|c| made.euler()[[c, x, y, z]].to_bits());
        let next = known.len();
        let key = [a, b, c, made.phase()[[x, y, z]].into()];
        *material = index(*known.entry(key).or_insert(next))?;
    }
    Ok(materials)
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            control if control.is_control() => out.push(' '),
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests;
