//! MPNet: a BERT otherwise, under other names, whose attention has a bias for buckets of distances, and whose positions begin at 2.

use minilm::EncoderConfig;
use minilm::format::names;

use super::Weights;
use crate::error::Error;

/// The biases `[BUCKETS, heads]`, without what contains the model.
pub(super) const BIAS: &str = "encoder.relative_attention_bias.weight";

/// Buckets of distances: half of them for keys before the query, half for keys behind it.
pub(crate) const BUCKETS: usize = 32;

/// From this distance on there is one bucket for each direction.
pub(crate) const DISTANCE: usize = 91;

/// The padding token, which is also the row of its position.
pub(crate) const PADDING_ID: u32 = 1;

/// The row of the first position. No token has row 0.
pub(crate) const FIRST_POSITION: usize = PADDING_ID as usize + 1;

const POSITIONS: &str = "embeddings.position_embeddings.weight";

/// Parts of a layer, and what they are called in a BERT.
const PARTS: [(&str, &str); 5] = [
    (".attention.attn.q.", ".attention.self.query."),
    (".attention.attn.k.", ".attention.self.key."),
    (".attention.attn.v.", ".attention.self.value."),
    (".attention.attn.o.", ".attention.output.dense."),
    (".attention.LayerNorm.", ".attention.output.LayerNorm."),
];

/// The name in a BERT of a tensor that is called otherwise here.
pub(super) fn layer_tensor(name: &str) -> Option<String> {
    let (own, part) = PARTS.iter().find(|(own, _)| name.contains(own))?;
    Some(name.replace(own, part))
}

impl Weights {
    /// Puts the tensors that only MPNet has into the form of a packed file: biases by head and distance, and positions without the row that
    /// no token has.
    pub(crate) fn fold_mpnet(&mut self, encoder: &EncoderConfig) -> Result<(), Error> {
        let (heads, hidden) = (encoder.num_attention_heads, encoder.hidden_size);
        let buckets = self.get(BIAS, &[BUCKETS, heads])?;
        let distances = -(DISTANCE as isize)..=DISTANCE as isize;
        let of_head = |head: usize| distances.clone().map(move |distance| (bucket(distance), head));
        let biases: Vec<f32> =
            (0..heads).flat_map(of_head).map(|(bucket, head)| buckets[bucket * heads + head]).collect();
        let rows = encoder.max_position_embeddings + FIRST_POSITION;
        let positions = self.rows(POSITIONS, &[rows, hidden], PADDING_ID as usize..rows)?.into_owned();
        for name in [BIAS, POSITIONS] {
            self.tensors.remove(name);
        }
        self.insert(names::ATTENTION_BIAS.to_owned(), vec![heads, 2 * DISTANCE + 1], biases)?;
        self.insert(POSITIONS.to_owned(), vec![rows - PADDING_ID as usize, hidden], positions)
    }
}

/// The bucket of a distance from a query to a key, as in T5 (Raffel et al., 2020) with a `max_distance` of 128: one each for 0 to 7, then
/// `8 + floor(8 ln(distance / 8) / ln(128 / 8))`, which is that of `log2(distance^2) + 2`, in integers.
fn bucket(distance: isize) -> usize {
    let half = BUCKETS / 2;
    let behind = if distance > 0 { half } else { 0 };
    behind
        + match distance.unsigned_abs() {
            near @ 0..8 => near,
            far => (far * far).ilog2() as usize + 2,
        }
        .min(half - 1)
}

#[cfg(test)]
mod tests {
    use super::{DISTANCE, bucket};

    /// Where the buckets of `MPNetEncoder.relative_position_bucket` begin.
    #[test]
    fn buckets_are_those_of_transformers() {
        let starts = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91];
        for distance in 0..=200_isize {
            let expected = starts.iter().rposition(|&start| start <= distance).expect("the first is 0");
            assert_eq!(bucket(-distance), expected, "{distance}");
            assert_eq!(bucket(distance), expected + if distance > 0 { 16 } else { 0 }, "{distance}");
        }
        assert_eq!(starts.last(), Some(&(DISTANCE as isize)));
    }
}
