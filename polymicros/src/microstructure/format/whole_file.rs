//! Files that appear whole or not at all.

use crate::{Error, Result};
use std::fs::File;
use std::path::Path;

/// Writes a file beside `path` under another name and renames it once it is complete, so that
/// nobody ever sees half of it and a failed write leaves the old file as it was.
pub(super) fn write(path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".unfinished-");
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() -> Result<()> {
        let folder = tempfile::tempdir().map_err(|e| Error::io("", e))?;
        let path = folder.path().join("result.npz");
        let put = |bytes: &'static [u8]| {
            write(&path, |file| {
                file.write_all(bytes)
                    .map_err(|e| Error::io("result.npz", e))
            })
        };
        put(b"old")?;
        let failed = write(&path, |file| {
            file.write_all(b"half").map_err(|e| Error::io("", e))?;
            Err(Error::value("disk", "full"))
        });
        assert!(failed.is_err());
        let read = || std::fs::read(&path).map_err(|e| Error::io(&path, e));
        assert_eq!(read()?, b"old");
        let files = std::fs::read_dir(folder.path()).map_err(|e| Error::io("", e))?;
        assert_eq!(files.count(), 1);
        put(b"new")?;
        assert_eq!(read()?, b"new");
        Ok(())
    }
}
