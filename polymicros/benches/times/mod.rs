//! The least and the median of some runs, in a table.

use std::time::Duration;

/// A pause before each run on either side: OpenMP's threads spin for a while after their work, and
/// would be timed against us.
pub const PAUSE: Duration = Duration::from_millis(250);

/// Runs of one side.
#[derive(Clone, Default)]
pub struct Times(pub Vec<Duration>);

impl Times {
    fn least(&self) -> f64 {
        self.0.iter().min().map_or(f64::NAN, Duration::as_secs_f64)
    }

    /// In seconds.
    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort();
        sorted
            .get(sorted.len() / 2)
            .map_or(f64::NAN, Duration::as_secs_f64)
    }

    /// Prints the line of one side.
    pub fn row(&self, name: &str, ours: &Times) {
        let ms = |seconds: f64| format!("{:.1} ms", seconds * 1e3);
        println!(
            "{name:<44} {:>10} {:>10} {:>15.2}",
            ms(self.least()),
            ms(self.median()),
            self.median() / ours.median()
        );
    }
}

/// Prints the head of a table.
pub fn heading(what: &str) {
    println!(
        "\n{what}\n{:<44} {:>10} {:>10} {:>15}",
        "", "least", "median", "median / ours"
    );
}
