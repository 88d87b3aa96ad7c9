//! A search over many vectors.

use crate::index::{QuantizedVector, Query, Rows, Scan};

/// Width of the vectors, as MiniLM has it.
const DIM: usize = 384;

/// Hits that are searched for.
const TOP_K: usize = 10;

/// A scan over rows of noise. What it costs hardly depends on the values.
#[derive(Debug)]
pub struct ScanPass {
    values: Vec<i8>,
    scales: Vec<f32>,
    errors: Vec<f32>,
    query: Option<Query>,
}

impl ScanPass {
    /// A scan over `rows` rows.
    #[must_use]
    pub fn new(rows: usize) -> Self {
        let mut pass = Self { values: Vec::new(), scales: Vec::new(), errors: Vec::new(), query: None };
        pass.values.reserve_exact(rows * DIM);
        let mut state = 1_u32;
        let mut vector = [0.0; DIM];
        for _ in 0..rows {
            vector.fill_with(|| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            });
            if let Ok(row) = QuantizedVector::new(&vector) {
                pass.values.extend(&row.values);
                pass.scales.push(row.scale);
                pass.errors.push(row.error);
            }
        }
        pass.query = Query::new(&vector).ok();
        pass
    }

    /// Rows of the pass.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.scales.len()
    }

    /// Looks at all rows once. Returns how many can be among the best.
    #[must_use]
    pub fn run(&self) -> usize {
        let Some(query) = &self.query else { return 0 };
        let mut scan = Scan::new(query, TOP_K);
        let rows = Rows { values: &self.values, scales: &self.scales, errors: &self.errors };
        scan.rows(0, rows).map_or(0, |()| scan.candidates().len())
    }
}
