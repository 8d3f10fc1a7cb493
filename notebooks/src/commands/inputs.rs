//! Files as runs that resume know them.

use crate::Result;
use std::path::Path;

/// A file's name and what its bytes are, so that another file of the same name is told from it; the
/// name alone of what is no file, as a stand-in's.
pub(super) fn with_digest(path: &Path) -> Result<String> {
    if path.is_file() {
        let digest = polymicros::sha256_of(path)?;
        return Ok(format!("{} (SHA-256 {digest})", path.display()));
    }
    Ok(path.display().to_string())
}
