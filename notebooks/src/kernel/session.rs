//! An evcxr context that executes cells one after the other and tells how each ended.

use crate::{Error, Result};
use evcxr::CommandContext;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A variable that each cell defines. evcxr reports a panic or a failing `?` as success, but drops
/// the variables that the cell defined: this one is missing after a cell that did not run to its
/// end.
const SENTINEL: &str = "polymicros_cell_ended";

/// A line that a cell printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// On standard output.
    Out(String),
    /// On standard error.
    Err(String),
}

/// What came of one cell.
#[derive(Debug, Default)]
pub struct CellOutcome {
    /// The lines that it printed, in the order in which they arrived.
    pub lines: Vec<Line>,
    /// What its last expression showed, by MIME type; PNG as base64.
    pub content: BTreeMap<String, String>,
    /// Why it did not run to its end: the compiler's words, a panic, or a failing `?`.
    pub failure: Option<String>,
    /// From source to outcome, in seconds: compilation and run.
    pub seconds: f64,
}

/// A running kernel. Variables live until it is dropped.
pub struct Session {
    context: CommandContext,
    lines: Arc<Mutex<Vec<Line>>>,
}

impl Session {
    /// Starts evcxr. The process environment must name its folder: see
    /// [`KernelFolder`](super::KernelFolder).
    ///
    /// # Errors
    /// When evcxr cannot compile or run anything at all.
    pub fn start() -> Result<Self> {
        let (context, outputs) =
            CommandContext::new().map_err(|error| Error::Kernel(error.to_string()))?;
        let lines = Arc::new(Mutex::new(Vec::new()));
        for (channel, line) in [
            (outputs.stdout, Line::Out as fn(String) -> Line),
            (outputs.stderr, Line::Err as fn(String) -> Line),
        ] {
            let lines = Arc::clone(&lines);
            thread::spawn(move || {
                while let Ok(text) = channel.recv() {
                    lines
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(line(text));
                }
            });
        }
        Ok(Session { context, lines })
    }

    /// Compiles and runs one cell. A cell that fails leaves the session alive, with the variables
    /// of the cells before it.
    pub fn execute(&mut self, source: &str) -> CellOutcome {
        let start = Instant::now();
        let watched = watch(source);
        let has_code = watched != source;
        let result = self.context.execute(&watched);
        let seconds = start.elapsed().as_secs_f64();
        let (content, failure) = match result {
            Ok(outputs) => {
                let ended = !has_code
                    || self
                        .context
                        .variables_and_types()
                        .any(|(name, _)| name == SENTINEL);
                let failure = (!ended).then(|| {
                    // The message comes through another channel than the news of the failure.
                    thread::sleep(Duration::from_millis(200));
                    self.printed_errors()
                });
                (outputs.content_by_mime_type.into_iter().collect(), failure)
            }
            Err(error) => (BTreeMap::new(), Some(describe(&error))),
        };
        let lines = std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner));
        CellOutcome {
            lines,
            content,
            failure,
            seconds,
        }
    }

    fn printed_errors(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let text: Vec<&str> = lines
            .iter()
            .filter_map(|line| match line {
                Line::Err(text) => Some(text.as_str()),
                Line::Out(_) => None,
            })
            .collect();
        if text.is_empty() {
            "the cell ended early without a message".into()
        } else {
            text.join("\n")
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// The cell with the sentinel in front of its first line of code, on that same line so that the
/// compiler's line numbers stay true. Lines that start with `:` are evcxr's commands.
fn watch(source: &str) -> String {
    let mut watched = String::with_capacity(source.len() + 64);
    let mut placed = false;
    for line in source.split_inclusive('\n') {
        let trimmed = line.trim_start();
        if !placed && !trimmed.is_empty() && !trimmed.starts_with([':', '!']) {
            watched.push_str(&format!("let {SENTINEL}: u8 = 0; "));
            placed = true;
        }
        watched.push_str(line);
    }
    watched
}

fn describe(error: &evcxr::Error) -> String {
    match error {
        evcxr::Error::CompilationErrors(errors) => errors
            .iter()
            .map(|error| error.rendered())
            .collect::<Vec<_>>()
            .join("\n"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentinel_keeps_line_numbers_and_commands() {
        assert_eq!(
            watch(":dep a = \"1\"\n\nuse a::*;\nlet b = 1;\n"),
            format!(":dep a = \"1\"\n\nlet {SENTINEL}: u8 = 0; use a::*;\nlet b = 1;\n")
        );
        assert_eq!(watch(":vars\n"), ":vars\n");
    }
}
