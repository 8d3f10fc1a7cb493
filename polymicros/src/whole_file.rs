//! Files that appear whole or not at all.

use crate::{Error, Result};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// What the names of files begin with that are being written, or were when a process was killed.
pub(crate) const UNFINISHED: &str = ".unfinished-";

/// Writes a file beside `path` under another name and renames it once `fill` has filled it, so
/// that nobody ever sees half of it and a failed write leaves an older file as it was.
///
/// # Errors
/// When the system refuses, or `fill` fails.
pub fn write_whole(
    path: impl AsRef<Path>,
    fill: impl FnOnce(&mut File) -> Result<()>,
) -> Result<()> {
    let path = path.as_ref();
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    // tempfile keeps its files private; a result is an ordinary file, so the umask decides.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let io = |e| Error::io(path, e);
    let mut file = builder.tempfile_in(folder).map_err(io)?;
    fill(file.as_file_mut())?;
    file.as_file().sync_all().map_err(io)?;
    file.persist(path).map_err(|e| io(e.error))?;
    Ok(())
}

/// [`write_whole`] of bytes that are there already, such as a picture or a table.
///
/// # Errors
/// When the system refuses.
pub fn save_whole(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = path.as_ref();
    write_whole(path, |file| {
        file.write_all(bytes).map_err(|e| Error::io(path, e))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() -> Result<()> {
        let folder = tempfile::tempdir().map_err(|e| Error::io("", e))?;
        let path = folder.path().join("result.npz");
        save_whole(&path, b"old and longer")?;
        let failed = write_whole(&path, |file| {
            file.write_all(b"half").map_err(|e| Error::io("", e))?;
            Err(Error::value("disk", "full"))
        });
        assert!(failed.is_err());
        let read = || std::fs::read(&path).map_err(|e| Error::io(&path, e));
        assert_eq!(read()?, b"old and longer");
        let files = std::fs::read_dir(folder.path()).map_err(|e| Error::io("", e))?;
        assert_eq!(files.count(), 1);
        save_whole(&path, b"new")?;
        assert_eq!(read()?, b"new");
        assert!(save_whole(folder.path().join("no/such/folder"), b"").is_err());
        Ok(())
    }

    /// What `File::create` would have given.
    #[cfg(unix)]
    #[test]
    fn a_result_is_as_readable_as_any_other_new_file() -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().map_err(|e| Error::io("", e))?;
        let mode = |name: &str| {
            let path = folder.path().join(name);
            let found = std::fs::metadata(&path).map_err(|e| Error::io(&path, e))?;
            Ok::<_, Error>(found.permissions().mode())
        };
        std::fs::write(folder.path().join("plain"), b"").map_err(|e| Error::io("plain", e))?;
        save_whole(folder.path().join("whole"), b"")?;
        assert_eq!(mode("whole")?, mode("plain")?);
        Ok(())
    }
}
