//! A finished picture.

use super::content::Content;
use crate::{Result, save_whole};
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
        save_whole(path, &self.png)
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
    fn a_picture_is_shown_with_a_twin_in_words() {
        let picture = Picture::new(vec![1, 2, 3], 4, 5, "three bytes".into());
        assert_eq!(
            picture.content().framed(),
            "EVCXR_BEGIN_CONTENT image/png\nAQID\nEVCXR_END_CONTENT\n\
             EVCXR_BEGIN_CONTENT text/plain\nPicture 4 x 5 px: three bytes\nEVCXR_END_CONTENT\n"
        );
    }
}
