//! A finished picture.

use super::content::Content;
use crate::{Error, Result};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// A picture as PNG bytes, with its size and a text that says what is seen. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    png: Arc<[u8]>,
    width: u32,
    height: u32,
    alt: String,
}

impl Picture {
    pub(super) fn new(png: Vec<u8>, width: u32, height: u32, alt: String) -> Self {
        Picture {
            png: png.into(),
            width,
            height,
            alt,
        }
    }

    /// The PNG file's bytes.
    pub fn png(&self) -> &[u8] {
        &self.png
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// What is seen, in words.
    pub fn alt(&self) -> &str {
        &self.alt
    }

    /// Writes the PNG file, whole or not at all: beside its final name first, then renamed.
    ///
    /// # Errors
    /// When the file cannot be written; an older file of that name is then still there.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let failed = |error| Error::io(path, error);
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            // A temporary file is private by default; this one becomes an ordinary file.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let mut file = builder.tempfile_in(folder).map_err(failed)?;
        file.write_all(&self.png).map_err(failed)?;
        file.persist(path)
            .map(|_| ())
            .map_err(|error| Error::io(path, error.error))
    }

    /// Shows the picture in a notebook.
    pub fn evcxr_display(&self) {
        self.content().show();
    }

    fn content(&self) -> Content {
        Content::new().png(&self.png).plain(&format!("{self:?}"))
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Picture {} x {} px: {}",
            self.width, self.height, self.alt
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_saved_whole_and_shown_with_a_twin_in_words() -> Result<()> {
        let folder = tempfile::tempdir().map_err(|e| Error::io("temporary folder", e))?;
        let path = folder.path().join("one.png");
        let picture = Picture::new(vec![1, 2, 3], 4, 5, "three bytes".into());
        picture.save(&path)?;
        picture.save(&path)?;
        let read = std::fs::read(&path).map_err(|e| Error::io(&path, e))?;
        assert_eq!(read, [1, 2, 3]);
        let left = std::fs::read_dir(folder.path()).map_err(|e| Error::io(&path, e))?;
        assert_eq!(left.count(), 1);
        assert!(picture.save(folder.path().join("no/such/folder")).is_err());
        assert_eq!(
            picture.content().framed(),
            "EVCXR_BEGIN_CONTENT image/png\nAQID\nEVCXR_END_CONTENT\n\
             EVCXR_BEGIN_CONTENT text/plain\nPicture 4 x 5 px: three bytes\nEVCXR_END_CONTENT\n"
        );
        Ok(())
    }
}
