//! How a value shows itself in a notebook: the protocol of evcxr, in one place.
//!
//! A cell's process prints a line `EVCXR_BEGIN_CONTENT <MIME type>`, the content, and a line
//! `EVCXR_END_CONTENT` to its standard output. The frontend receives all of a cell's contents when
//! the cell ends, one of each MIME type: of two contents of one type the later wins. Whoever shows
//! several things from one cell therefore joins them first, as [`Maps`](super::Maps),
//! [`charts`](super::charts) and [`Figures`](super::Figures) do.

use base64::Engine;
use std::io::Write;

/// One thing to show, in one or more MIME types, from the richest to plain text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    framed: String,
}

impl Content {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same content with a PNG picture.
    pub fn png(self, bytes: &[u8]) -> Self {
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        self.part("image/png", &text)
    }

    /// The same content with HTML.
    pub fn html(self, html: &str) -> Self {
        self.part("text/html", html)
    }

    /// The same content with plain text, for a terminal and for tests.
    pub fn plain(self, text: &str) -> Self {
        self.part("text/plain", text)
    }

    /// The same content in a further MIME type. `mime` holds no white space.
    ///
    /// A line of `body` that reads `EVCXR_END_CONTENT` would end the content early; it is shown
    /// with a space in front instead.
    pub fn part(mut self, mime: &str, body: &str) -> Self {
        self.framed.push_str("EVCXR_BEGIN_CONTENT ");
        self.framed.push_str(mime);
        for line in body.lines() {
            self.framed.push('\n');
            if line == END {
                self.framed.push(' ');
            }
            self.framed.push_str(line);
        }
        self.framed.push('\n');
        self.framed.push_str(END);
        self.framed.push('\n');
        self
    }

    /// Exactly what [`Content::show`] prints.
    pub fn framed(&self) -> &str {
        &self.framed
    }

    /// Prints the content to standard output in one write under the lock, so that no other
    /// thread's line falls between.
    ///
    /// A line that the cell printed without its newline swallows nothing but itself: evcxr finds
    /// the marker in the middle of a line too. Starting with a newline of our own would put an
    /// empty line above every picture, so there is none.
    pub fn show(&self) {
        let mut output = std::io::stdout().lock();
        // A closed standard output leaves nobody to tell.
        let _ = output
            .write_all(self.framed.as_bytes())
            .and_then(|()| output.flush());
    }
}

const END: &str = "EVCXR_END_CONTENT";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_what_evcxr_reads() {
        let content = Content::new().png(b"\x89PNG").plain("a\nb");
        assert_eq!(
            content.framed(),
            "EVCXR_BEGIN_CONTENT image/png\niVBORw==\nEVCXR_END_CONTENT\n\
             EVCXR_BEGIN_CONTENT text/plain\na\nb\nEVCXR_END_CONTENT\n"
        );
    }

    #[test]
    fn a_body_cannot_end_its_own_frame() {
        let content = Content::new().plain("one\nEVCXR_END_CONTENT\ntwo");
        let ends = content
            .framed()
            .lines()
            .filter(|line| *line == "EVCXR_END_CONTENT")
            .count();
        assert_eq!(ends, 1);
        assert!(content.framed().ends_with("two\nEVCXR_END_CONTENT\n"));
    }
}
