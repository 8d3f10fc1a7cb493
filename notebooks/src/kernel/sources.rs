//! The sources of `std`, without which evcxr cannot infer the type of most `let` variables.

use crate::places::target_dir;
use crate::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder `library` of the standard library's sources where evcxr will not find it by itself;
/// `None` where the toolchain has its own.
///
/// Tried in this order: what `RUST_SRC_PATH` names, the toolchain's own sources,
/// `rustup component add rust-src`, and Debian's package `rust-web-src` unpacked below `target/`.
///
/// # Errors
/// When all of these fail, with what to install.
pub fn standard_library_sources() -> Result<Option<PathBuf>> {
    if let Some(named) = std::env::var_os("RUST_SRC_PATH").map(PathBuf::from)
        && is_library(&named)
    {
        return Ok(Some(named));
    }
    if toolchain_has_sources()? {
        return Ok(None);
    }
    let unpacked = target_dir()?.join("rust-src");
    if let Some(library) = find_library(&unpacked) {
        return Ok(Some(library));
    }
    eprintln!("the toolchain has no sources of std, which notebooks need: adding rust-src");
    let added = Command::new("rustup")
        .args(["component", "add", "rust-src"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if added && toolchain_has_sources()? {
        return Ok(None);
    }
    eprintln!("rustup could not: unpacking Debian's package rust-web-src");
    if let Some(library) = unpack_debian_package(&unpacked)? {
        return Ok(Some(library));
    }
    Err(Error::Kernel(
        "notebooks need the sources of Rust's standard library, and neither the toolchain nor \
         rustup nor Debian's packages gave them. Run `rustup component add rust-src`, or unpack \
         the sources of a Rust near version 1.95 and set RUST_SRC_PATH to their folder `library`."
            .into(),
    ))
}

fn is_library(folder: &Path) -> bool {
    folder.join("core/src/lib.rs").is_file()
}

fn toolchain_has_sources() -> Result<bool> {
    let output = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .map_err(|source| Error::io("rustc", source))?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    Ok(is_library(&sysroot.join("lib/rustlib/src/rust/library")))
}

/// `…/usr/src/rustc-1.96.0/library` below the folder that the Debian package was unpacked in.
fn find_library(unpacked: &Path) -> Option<PathBuf> {
    std::fs::read_dir(unpacked.join("usr/src"))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join("library")))
        .find(|library| is_library(library))
}

fn unpack_debian_package(unpacked: &Path) -> Result<Option<PathBuf>> {
    let parent = unpacked.parent().unwrap_or(unpacked);
    std::fs::create_dir_all(parent).map_err(|source| Error::io(parent, source))?;
    let scratch = tempfile::tempdir_in(parent).map_err(|source| Error::io(parent, source))?;
    let runs = |program: &str, arguments: &[&str]| {
        Command::new(program)
            .args(arguments)
            .current_dir(scratch.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    if !runs("apt-get", &["download", "rust-web-src"]) {
        // The list of packages may be missing or old; updating it needs no more than the download.
        runs("apt-get", &["update", "-qq"]);
        if !runs("apt-get", &["download", "rust-web-src"]) {
            return Ok(None);
        }
    }
    let package = std::fs::read_dir(scratch.path())
        .map_err(|source| Error::io(scratch.path(), source))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|ending| ending == "deb"));
    let Some(package) = package else {
        return Ok(None);
    };
    if !runs("dpkg", &["-x", &package.to_string_lossy(), "unpacked"]) {
        return Ok(None);
    }
    // Only the standard library is kept, and it appears whole or not at all.
    let Some(library) = find_library(&scratch.path().join("unpacked")) else {
        return Ok(None);
    };
    let release = library
        .parent()
        .and_then(Path::file_name)
        .unwrap_or_default();
    let kept = unpacked.join("usr/src").join(release);
    std::fs::create_dir_all(&kept).map_err(|source| Error::io(&kept, source))?;
    let kept = kept.join("library");
    std::fs::rename(&library, &kept).map_err(|source| Error::io(&kept, source))?;
    Ok(is_library(&kept).then_some(kept))
}
