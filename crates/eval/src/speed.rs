//! How fast models are beside each other.

use std::time::Instant;

use anyhow::Result;
use minilm::Embedder;
use statrs::statistics::{Data, OrderStatistics};

use crate::encode;

/// Rounds of a comparison.
pub const ROUNDS: usize = 21;

/// First quartile, median and third quartile over the rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// A quarter of the rounds is below.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// A quarter of the rounds is above.
    pub high: f64,
}

/// Speed of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// Texts a second.
    pub texts: Spread,
    /// Speed as a multiple of that of the model compared with, taken within a round.
    pub ratio: Spread,
}

/// Times each model on the same texts, in one thread, and compares it with the model at `base`. In a round all models have a turn, one after the other,
/// and the order moves on by one each time: what else the machine does then slows all of them.
///
/// # Errors
/// Those of the embedders.
pub fn evaluate(models: &[Embedder], base: usize, texts: &[String]) -> Result<Vec<Speed>> {
    for model in models {
        encode(model, texts)?;
    }
    let mut rates = vec![Vec::with_capacity(ROUNDS); models.len()];
    for round in 0..ROUNDS {
        for turn in 0..models.len() {
            let index = (round + turn) % models.len();
            let start = Instant::now();
            encode(&models[index], texts)?;
            rates[index].push(texts.len() as f64 / start.elapsed().as_secs_f64());
        }
    }
    Ok(compare(&rates, base))
}

/// From the rates of each model, one a round.
fn compare(rates: &[Vec<f64>], base: usize) -> Vec<Speed> {
    let ratio = |rates: &[f64], base: &[f64]| rates.iter().zip(base).map(|(rate, base)| rate / base).collect();
    rates.iter().map(|own| Speed { texts: spread(own.clone()), ratio: spread(ratio(own, &rates[base])) }).collect()
}

fn spread(values: Vec<f64>) -> Spread {
    let mut values = Data::new(values);
    Spread { low: values.lower_quartile(), median: values.median(), high: values.upper_quartile() }
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The machine is half as fast in the second round; the second model is twice as fast in each.
        let speeds = compare(&[vec![10.0, 5.0, 10.0], vec![20.0, 10.0, 20.0]], 0);
        assert_eq!((speeds[1].ratio.low, speeds[1].ratio.median, speeds[1].ratio.high), (2.0, 2.0, 2.0));
        assert_eq!((speeds[0].texts.median, speeds[1].texts.median), (10.0, 20.0));
        assert_eq!(speeds[0].ratio.median, 1.0);
    }
}
