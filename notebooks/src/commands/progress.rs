//! How far long work is: a line that changes in a terminal, plain lines elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// The progress of one piece of work.
#[derive(Debug)]
pub(super) struct Progress {
    name: String,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn new(name: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg}  {elapsed}");
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Progress {
            name: name.to_owned(),
            bar,
        }
    }

    /// What is going on now; gone when the next thing is said.
    pub(super) fn say(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{}  {text}", self.name));
        }
    }

    /// What stays to be read.
    pub(super) fn keep(&mut self, text: &str) {
        let line = format!("{}  {text}", self.name);
        match &self.bar {
            Some(bar) => bar.println(line),
            None => eprintln!("{line}"),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
