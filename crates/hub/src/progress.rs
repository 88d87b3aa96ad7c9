//! Tells the user about a long download, on stderr: a bar for a person, one line for a log.

use std::io::{IsTerminal, stderr};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

/// Below this a download is over before anyone has read the line.
const WORTH_A_LINE: u64 = 1 << 20;

/// A running download. The bar goes away when it is dropped.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// `total` bytes of `label`, of which `done` are here from an earlier attempt.
    pub fn start(label: &str, done: u64, total: Option<u64>) -> Progress {
        if total.is_some_and(|total| total < WORTH_A_LINE) {
            return Progress(None);
        }
        if !stderr().is_terminal() {
            let size = total.map_or("unknown size".to_owned(), |n| HumanBytes(n).to_string());
            let resumed = match done {
                0 => String::new(),
                _ => format!(", {} already here", HumanBytes(done)),
            };
            eprintln!("downloading {label} ({size}{resumed})");
            return Progress(None);
        }
        let bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::no_length(),
        };
        let template = "{msg} {bar:30} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = bar.with_style(style).with_message(label.to_owned());
        bar.set_position(done);
        // Speed and remaining time are of this connection, not of the bytes that were here.
        bar.reset_eta();
        Progress(Some(bar))
    }

    /// `n` more bytes are here.
    pub fn add(&self, n: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(n);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
