//! Files that appear whole or not at all.

use crate::{Error, Result};
use std::io::Write;
use std::path::Path;

/// Writes a file beside its final name and renames it once it is complete: nobody sees half of it,
/// and a failed write leaves an older file as it was. For pictures and tables, which fit in memory.
///
/// # Errors
/// When the file cannot be written.
pub fn save_whole(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = path.as_ref();
    let failed = |error| Error::io(path, error);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".unfinished-");
    // A temporary file is private by default; a result is an ordinary file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() -> Result<()> {
        let folder = tempfile::tempdir().map_err(|e| Error::io("temporary folder", e))?;
        let path = folder.path().join("one.png");
        save_whole(&path, b"old and longer")?;
        save_whole(&path, b"new")?;
        assert_eq!(
            std::fs::read(&path).map_err(|e| Error::io(&path, e))?,
            b"new"
        );
        let left = std::fs::read_dir(folder.path()).map_err(|e| Error::io(&path, e))?;
        assert_eq!(left.count(), 1);
        assert!(save_whole(folder.path().join("no/such/folder"), b"").is_err());
        Ok(())
    }
}
