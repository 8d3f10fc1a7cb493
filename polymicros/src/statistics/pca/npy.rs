//! Where the numbers of an array lie in a `.npy` or `.npz` file, to be read piece by piece.

use crate::{Error, Result};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The type of an array's numbers in a file, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    F64,
}

/// An array's numbers in a file: `length` of them from byte `offset`, flattened in C order.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub path: PathBuf,
    offset: u64,
    pub length: usize,
    kind: Kind,
}

impl Stored {
    /// Finds an array in a `.npy` or `.npz` file. In a `.npz`, `array` names it, and may be left
    /// out where there is only one. Of a compressed `.npz`, the numbers are unpacked into `spool`.
    pub fn find(path: &Path, array: Option<&str>, spool: &mut Spool) -> Result<Self> {
        let mut file = File::open(path).map_err(|e| Error::io(path, e))?;
        let mut magic = [0; 4];
        file.read_exact(&mut magic)
            .map_err(|e| Error::io(path, e))?;
        file.rewind().map_err(|e| Error::io(path, e))?;
        match &magic {
            b"\x93NUM" => {
                let (length, kind) = header(&mut file, path, "header")?;
                let offset = file.stream_position().map_err(|e| Error::io(path, e))?;
                let stored = Stored {
                    path: path.to_owned(),
                    offset,
                    length,
                    kind,
                };
                let end = file.metadata().map_err(|e| Error::io(path, e))?.len();
                stored.ends_before(end)
            }
            b"PK\x03\x04" => Self::in_archive(path, file, array, spool),
            other => Err(Error::UnknownFormat {
                path: path.to_owned(),
                problem: format!("starts with {other:02x?}: neither a .npy nor a .npz file"),
            }),
        }
    }

    fn in_archive(path: &Path, file: File, array: Option<&str>, spool: &mut Spool) -> Result<Self> {
        let broken = |e: zip::result::ZipError| Error::format(path, "archive", e.to_string());
        let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(broken)?;
        let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
        let wanted = match (array, names.as_slice()) {
            (Some(array), names) => names
                .iter()
                .find(|name| name.strip_suffix(".npy").unwrap_or(name) == array),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        let Some(wanted) = wanted else {
            return Err(Error::format(
                path,
                array.map_or("archive".to_owned(), |array| format!("array {array}")),
                format!("not there, or not the only one; the archive holds {names:?}"),
            ));
        };
        let mut entry = archive.by_name(wanted).map_err(broken)?;
        let (packed, start, size) = (
            entry.compression() != zip::CompressionMethod::Stored,
            entry.data_start(),
            entry.size(),
        );
        let (length, kind) = header(&mut entry, path, wanted)?;
        if packed {
            return spool.unpack(&mut entry, path, length, kind);
        }
        let bytes = length as u64 * kind.bytes() as u64;
        let Some(header) = size.checked_sub(bytes) else {
            return Err(Error::format(path, wanted, "the array is cut short"));
        };
        Ok(Stored {
            path: path.to_owned(),
            offset: start + header,
            length,
            kind,
        })
    }

    fn ends_before(self, end: u64) -> Result<Self> {
        let need = self.offset + self.length as u64 * self.kind.bytes() as u64;
        if end < need {
            return Err(Error::format(
                &self.path,
                "data",
                format!("{need} bytes expected from the header, {end} found"),
            ));
        }
        Ok(self)
    }

    /// Reads a range of the numbers.
    pub fn read(&self, range: Range<usize>, out: &mut [f32]) -> Result<()> {
        let broken = |e| Error::io(&self.path, e);
        let mut file = File::open(&self.path).map_err(broken)?;
        let start = self.offset + range.start as u64 * self.kind.bytes() as u64;
        file.seek(SeekFrom::Start(start)).map_err(broken)?;
        let mut bytes = [0; 1 << 14];
        for out in out.chunks_mut(bytes.len() / 8) {
            let bytes = &mut bytes[..out.len() * self.kind.bytes()];
            file.read_exact(bytes).map_err(broken)?;
            self.kind.decode(bytes, out);
        }
        Ok(())
    }
}

impl Kind {
    fn bytes(self) -> usize {
        match self {
            Kind::F32 => 4,
            Kind::F64 => 8,
        }
    }

    fn decode(self, bytes: &[u8], out: &mut [f32]) {
        match self {
            Kind::F32 => {
                for (value, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                    *value = f32::from_le_bytes(*bytes);
                }
            }
            Kind::F64 => {
                for (value, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                    *value = f64::from_le_bytes(*bytes) as f32;
                }
            }
        }
    }
}

/// A temporary file that takes the numbers of compressed arrays, made when the first one comes.
#[derive(Debug, Default)]
pub(super) struct Spool {
    file: Option<tempfile::NamedTempFile>,
}

impl Spool {
    fn unpack(
        &mut self,
        from: &mut impl Read,
        path: &Path,
        length: usize,
        kind: Kind,
    ) -> Result<Stored> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                tempfile::NamedTempFile::new().map_err(|e| Error::io(std::env::temp_dir(), e))?
            }
        };
        let file = self.file.insert(file);
        let spool = file.path().to_owned();
        let offset = file
            .seek(SeekFrom::End(0))
            .map_err(|e| Error::io(&spool, e))?;
        let bytes = length as u64 * kind.bytes() as u64;
        let copied = std::io::copy(&mut from.take(bytes), file).map_err(|e| Error::io(path, e))?;
        file.flush().map_err(|e| Error::io(&spool, e))?;
        if copied < bytes {
            return Err(Error::format(
                path,
                "data",
                format!("{bytes} bytes expected from the header, {copied} found"),
            ));
        }
        Ok(Stored {
            path: spool,
            offset,
            length,
            kind,
        })
    }

    /// The file, to be kept as long as anything in it is read.
    pub fn into_file(self) -> Option<tempfile::TempPath> {
        self.file.map(tempfile::NamedTempFile::into_temp_path)
    }
}

/// Reads a `.npy` header: the number of values and their type.
fn header(from: &mut impl Read, path: &Path, place: &str) -> Result<(usize, Kind)> {
    let bad = |problem: String| Error::format(path, place, problem);
    let cut = |e: std::io::Error| bad(format!("the .npy header is cut short: {e}"));
    let mut start = [0; 8];
    from.read_exact(&mut start).map_err(cut)?;
    if !start.starts_with(b"\x93NUMPY") {
        return Err(bad("not a .npy array".into()));
    }
    let mut length = [0; 4];
    from.read_exact(&mut length[..if start[6] == 1 { 2 } else { 4 }])
        .map_err(cut)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > 1 << 16 {
        return Err(bad(format!("a .npy header of {length} bytes")));
    }
    let mut text = vec![0; length];
    from.read_exact(&mut text).map_err(cut)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let field = |key: &str| -> Result<&str> {
        text.split_once(&format!("'{key}':"))
            .map(|(_, rest)| rest.trim_start())
            .ok_or_else(|| bad(format!("no '{key}' in the .npy header {text:?}")))
    };
    let kind = match field("descr")?.get(..5) {
        Some("'<f4'") => Kind::F32,
        Some("'<f8'") => Kind::F64,
        _ => {
            return Err(bad(format!(
                "numbers of type <f4 or <f8 expected, header {text:?}"
            )));
        }
    };
    let shape = field("shape")?;
    let edges: Option<Vec<usize>> = shape
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
        .and_then(|(edges, _)| {
            let edges = edges.split(',').map(str::trim).filter(|e| !e.is_empty());
            edges.map(|edge| edge.parse().ok()).collect()
        });
    let length = edges
        .as_ref()
        .and_then(|edges| edges.iter().try_fold(1usize, |n, &e| n.checked_mul(e)))
        .filter(|n| *n <= isize::MAX as usize / 16);
    let (Some(edges), Some(length)) = (edges, length) else {
        return Err(bad(format!("no usable shape in the .npy header {text:?}")));
    };
    // In one dimension the two orders are the same, and numpy may name either.
    if field("fortran_order")?.starts_with("True") && edges.iter().filter(|e| **e > 1).count() > 1 {
        return Err(bad(
            "the array is in Fortran order: store it in C order (numpy.ascontiguousarray)".into(),
        ));
    }
    Ok((length, kind))
}

/// The header of a `.npy` file of `f32` of this shape, C order.
pub(super) fn header_bytes(shape: [usize; 2]) -> Vec<u8> {
    let mut text = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}",
        shape[0], shape[1]
    );
    // The format wants the data on a multiple of 64 bytes and a newline before it.
    let padding = 63 - (10 + text.len()) % 64;
    text.extend(std::iter::repeat_n(' ', padding));
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.bytes());
    bytes
}
