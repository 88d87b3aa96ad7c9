//! One line about how far we are, for a person who waits at a terminal.
//!
//! Hand-made, as `indicatif` holds no stream of a WASI 0.2 program for a terminal and would show nothing.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Often enough to look alive.
const INTERVAL: Duration = Duration::from_millis(200);

/// Rows done and rows per second, on standard error.
pub struct Progress {
    rows: usize,
    /// All rows, where their number is known.
    total: Option<usize>,
    start: Instant,
    /// When the line was last drawn; `None` where there is nobody to see it.
    drawn: Option<Instant>,
}

impl Progress {
    /// `wanted` is false where texts come from the command line or rows scroll over the same terminal.
    pub fn new(wanted: bool) -> Self {
        Self::start(wanted && !io::stdin().is_terminal(), None)
    }

    /// For `total` rows, which are all there already.
    pub fn of(total: usize) -> Self {
        Self::start(true, Some(total))
    }

    fn start(wanted: bool, total: Option<usize>) -> Self {
        let start = Instant::now();
        let visible = wanted && io::stderr().is_terminal();
        Self { rows: 0, total, start, drawn: visible.then_some(start) }
    }

    pub fn add(&mut self, rows: usize) {
        self.rows += rows;
        if self.drawn.is_some_and(|drawn| drawn.elapsed() >= INTERVAL) {
            let _ = write!(io::stderr(), "\r\x1b[K{}", line(self.rows, self.total, self.start.elapsed()));
            self.drawn = Some(Instant::now());
        }
    }
}

impl Drop for Progress {
    /// Leaves the terminal clean, also where an error message follows.
    fn drop(&mut self) {
        if self.drawn.is_some_and(|drawn| drawn > self.start) {
            let _ = writeln!(io::stderr(), "\r\x1b[K{}", line(self.rows, self.total, self.start.elapsed()));
        }
    }
}

fn line(rows: usize, total: Option<usize>, elapsed: Duration) -> String {
    let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
    format!("{rows}{of} rows, {:.0} rows/s", rows as f64 / elapsed.as_secs_f64().max(1e-3))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    #[test]
    fn rates_are_finite() {
        assert_eq!(super::line(0, None, Duration::ZERO), "0 rows, 0 rows/s");
        assert_eq!(super::line(300, Some(900), Duration::from_secs(2)), "300 of 900 rows, 150 rows/s");
    }
}
