//! A second folder of compiled crates, at next to no cost.

use crate::{Error, Result};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use walkdir::WalkDir;

/// Endings of what rustc and the linker write. They put a new file in the place of an old one and
/// never write into it, so that two folders may share it; and it is nearly all there is.
const COMPILED: [&str; 6] = ["rlib", "rmeta", "so", "o", "bc", "bin"];

/// Copies a folder in which cargo has built, with the times of its files, by which cargo knows what
/// is up to date. Compiled files are shared where the file system can do that (hard links): a
/// gigabyte for each kernel takes longer to write than a cell to run.
///
/// # Errors
/// When a file cannot be read or written; it is named.
pub(super) fn copy_built(from: &Path, to: &Path) -> Result<()> {
    for entry in WalkDir::new(from) {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(from).to_owned();
            Error::io(path, error.into())
        })?;
        let source = entry.path();
        let below = source.strip_prefix(from);
        let target = to.join(below.expect("a walk finds what is below its root"));
        let done = if entry.file_type().is_dir() {
            fs::create_dir(&target)
        } else if is_compiled(source) {
            fs::hard_link(source, &target).or_else(|_| copy_with_time(source, &target))
        } else {
            copy_with_time(source, &target)
        };
        done.map_err(|error| Error::io(&target, error))?;
    }
    Ok(())
}

fn is_compiled(path: &Path) -> bool {
    let ending = path.extension().and_then(OsStr::to_str);
    ending.is_some_and(|ending| COMPILED.contains(&ending))
}

fn copy_with_time(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::copy(from, to)?;
    let modified = fs::metadata(from)?.modified()?;
    File::options().write(true).open(to)?.set_modified(modified)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn what_is_written_into_a_copy_does_not_reach_the_original() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("warm");
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let files = [
            "Cargo.toml",
            "deps/libx.rlib",
            "deps/x.d",
            ".fingerprint/x/invoked.timestamp",
        ];
        for name in files {
            let path = from.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, name).unwrap();
            File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(old)
                .unwrap();
        }
        let to = folder.path().join("run");
        copy_built(&from, &to).unwrap();
        for name in files {
            let path = to.join(name);
            assert_eq!(fs::read_to_string(&path).unwrap(), name);
            assert_eq!(
                fs::metadata(&path).unwrap().modified().unwrap(),
                old,
                "{name}"
            );
        }

        // As cargo does with its notes, and as rustc does with a library.
        for name in ["Cargo.toml", "deps/x.d", ".fingerprint/x/invoked.timestamp"] {
            fs::write(to.join(name), "new").unwrap();
        }
        fs::write(to.join("deps/temporary"), "new").unwrap();
        fs::rename(to.join("deps/temporary"), to.join("deps/libx.rlib")).unwrap();
        for name in files {
            assert_eq!(fs::read_to_string(from.join(name)).unwrap(), name);
            assert_eq!(fs::read_to_string(to.join(name)).unwrap(), "new");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        let error = copy_built(&missing, &folder.path().join("run")).unwrap_err();
        assert!(error.to_string().contains("missing"), "{error}");
    }
}
