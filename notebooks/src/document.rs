//! A notebook on disk.

use crate::{Error, Result};
use nbformat::Notebook;
use nbformat::v4::{Cell, Output};
use std::path::{Path, PathBuf};

/// A notebook of Jupyter's format 4.5, read and written without loss of metadata.
#[derive(Debug, Clone)]
pub struct Document {
    path: PathBuf,
    notebook: nbformat::v4::Notebook,
}

impl Document {
    /// All notebooks of a folder, in the order of their names.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn all(folder: &Path) -> Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(folder).map_err(|source| Error::io(folder, source))?;
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|ending| ending == "ipynb"))
            .collect();
        paths.sort();
        Ok(paths)
    }

    /// The one notebook of a folder whose name starts with `name`, such as `02`.
    ///
    /// # Errors
    /// When none or several do, with the names that there are.
    pub fn find(folder: &Path, name: &str) -> Result<PathBuf> {
        let as_path = Path::new(name);
        if as_path.is_file() {
            // Notebooks are executed in their own folders.
            return as_path
                .canonicalize()
                .map_err(|source| Error::io(as_path, source));
        }
        let all = Self::all(folder)?;
        let matching: Vec<&PathBuf> = all
            .iter()
            .filter(|path| stem(path).starts_with(name))
            .collect();
        match matching[..] {
            [one] => Ok(one.clone()),
            _ => Err(Error::Usage(format!(
                "{} notebooks are called {name}…; there are: {}",
                matching.len(),
                all.iter()
                    .map(|path| stem(path))
                    .collect::<Vec<_>>()
                    .join(", ")
            ))),
        }
    }

    /// Reads a notebook.
    ///
    /// # Errors
    /// When the file is missing or is no notebook of format 4.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let text = std::fs::read_to_string(&path).map_err(|source| Error::io(&path, source))?;
        let parsed = nbformat::parse_notebook(&text)
            .map_err(|error| Error::notebook(&path, format!("not a notebook: {error}")))?;
        let notebook = match parsed {
            Notebook::V4(notebook) => notebook,
            Notebook::V4QuirksMode(quirks) => quirks.repair(),
            Notebook::Legacy(legacy) => nbformat::upgrade_legacy_notebook(legacy)
                .map_err(|error| Error::notebook(&path, error.to_string()))?,
            _ => {
                return Err(Error::notebook(
                    &path,
                    "older than notebook format 4: open and save it in JupyterLab",
                ));
            }
        };
        Ok(Document { path, notebook })
    }

    /// Writes the notebook, whole or not at all, and makes `path` its place.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let text = nbformat::serialize_notebook(&Notebook::V4(self.notebook.clone()))
            .map_err(|error| Error::notebook(path, error.to_string()))?;
        write_whole(path, text.trim_end().as_bytes())?;
        self.path = path.to_owned();
        Ok(())
    }

    /// Where it was read from or written to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's name without folder and ending.
    pub fn name(&self) -> String {
        stem(&self.path)
    }

    /// All cells.
    pub fn cells(&self) -> &[Cell] {
        &self.notebook.cells
    }

    /// The sources of the code cells, in order.
    pub fn code(&self) -> Vec<String> {
        self.notebook
            .cells
            .iter()
            .filter_map(|cell| match cell {
                Cell::Code { source, .. } => Some(source.concat()),
                _ => None,
            })
            .collect()
    }

    /// The outputs of the code cells, in order.
    pub fn outputs(&self) -> Vec<&[Output]> {
        self.notebook
            .cells
            .iter()
            .filter_map(|cell| match cell {
                Cell::Code { outputs, .. } => Some(outputs.as_slice()),
                _ => None,
            })
            .collect()
    }

    /// Replaces the outputs of the code cell with this index among the code cells.
    pub fn set_outputs(&mut self, index: usize, new: Vec<Output>) {
        let code_cell = self
            .notebook
            .cells
            .iter_mut()
            .filter_map(|cell| match cell {
                Cell::Code {
                    outputs,
                    execution_count,
                    ..
                } => Some((outputs, execution_count)),
                _ => None,
            })
            .nth(index);
        if let Some((outputs, execution_count)) = code_cell {
            *outputs = new;
            *execution_count = i32::try_from(index + 1).ok();
        }
    }

    /// Empties all outputs.
    pub fn clear_outputs(&mut self) {
        for cell in &mut self.notebook.cells {
            if let Cell::Code {
                outputs,
                execution_count,
                ..
            } = cell
            {
                outputs.clear();
                *execution_count = None;
            }
        }
    }
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Writes a file whole or not at all, and makes its folder where there is none.
///
/// # Errors
/// When the disk refuses.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|source| Error::io(folder, source))?;
    Ok(polymicros::save_whole(path, bytes)?)
}
