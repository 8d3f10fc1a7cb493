//! A NumPy archive as a zip file of `.npy` arrays, with errors that name the array.

use super::npy::{Element, Header, write_numbers, write_texts};
use crate::{Error, Result};
use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read};
use std::path::{Path, PathBuf};
use zip::read::ZipFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// An archive open for reading.
pub(super) struct ArchiveReader {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
}

/// Counts the bytes that pass, so that what is left of an entry is known.
struct Counted<R> {
    inner: R,
    passed: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.passed += read as u64;
        Ok(read)
    }
}

impl ArchiveReader {
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io(path, e))?;
        let zip = ZipArchive::new(BufReader::new(file))
            .map_err(|e| Error::format(path, "archive", format!("does not open: {e}")))?;
        Ok(ArchiveReader {
            path: path.to_owned(),
            zip,
        })
    }

    /// The arrays' names, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .zip
            .file_names()
            .map(|name| name.strip_suffix(".npy").unwrap_or(name).to_owned())
            .collect();
        names.sort();
        names
    }

    pub fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(&format!("{name}.npy")).is_some()
    }

    /// The shape of an array, from its header alone.
    pub fn shape(&mut self, name: &str) -> Result<Vec<usize>> {
        self.with(name, |header, _, _| Ok(header.shape.clone()))
    }

    /// An array of numbers, in whatever order it is stored.
    pub fn numbers<T: Element>(&mut self, name: &str) -> Result<ArrayD<T>> {
        self.with(name, |header, stream, bytes| {
            let values = header.numbers(stream, bytes)?;
            let shape = IxDyn(&header.shape).set_f(header.fortran);
            ArrayD::from_shape_vec(shape, values).map_err(|e| e.to_string())
        })
    }

    /// An array of texts, flat.
    pub fn texts(&mut self, name: &str) -> Result<Vec<String>> {
        self.with(name, |header, stream, bytes| header.texts(stream, bytes))
    }

    /// An error that names an array.
    pub fn bad(&self, name: &str, problem: impl Into<String>) -> Error {
        Error::format(&self.path, format!("array `{name}`"), problem)
    }

    fn with<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Header, &mut Counted<ZipFile<'_, BufReader<File>>>, u64) -> Result<T, String>,
    ) -> Result<T> {
        let path = &self.path;
        let fail = |problem: String| Error::format(path, format!("array `{name}`"), problem);
        let entry = self
            .zip
            .by_name(&format!("{name}.npy"))
            .map_err(|e| fail(e.to_string()))?;
        let size = entry.size();
        let mut stream = Counted {
            inner: entry,
            passed: 0,
        };
        let header = Header::read(&mut stream).map_err(fail)?;
        let left = size.saturating_sub(stream.passed);
        read(&header, &mut stream, left).map_err(fail)
    }
}

/// An archive being written, without compression, as `numpy.savez` does it.
pub(super) struct ArchiveWriter<'a> {
    path: &'a Path,
    zip: ZipWriter<BufWriter<&'a mut File>>,
}

impl<'a> ArchiveWriter<'a> {
    pub fn new(file: &'a mut File, path: &'a Path) -> Self {
        ArchiveWriter {
            path,
            zip: ZipWriter::new(BufWriter::with_capacity(1 << 18, file)),
        }
    }

    pub fn numbers<T: Element>(
        &mut self,
        name: &str,
        shape: &[usize],
        values: impl Iterator<Item = T>,
    ) -> Result<()> {
        self.start(name)?;
        write_numbers(&mut self.zip, shape, values).map_err(|e| Error::io(self.path, e))
    }

    pub fn texts(&mut self, name: &str, shape: &[usize], texts: &[&str]) -> Result<()> {
        self.start(name)?;
        write_texts(&mut self.zip, shape, texts).map_err(|e| Error::io(self.path, e))
    }

    pub fn finish(self) -> Result<()> {
        let path = self.path;
        let out = self.zip.finish().map_err(|e| Error::io(path, e.into()))?;
        out.into_inner()
            .map_err(|e| Error::io(path, e.into_error()))?;
        Ok(())
    }

    fn start(&mut self, name: &str) -> Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(true);
        self.zip
            .start_file(format!("{name}.npy"), options)
            .map_err(|e| Error::io(self.path, e.into()))
    }
}
