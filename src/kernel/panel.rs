//! Panels of [`PANEL`] output channels: how weights, and all that belongs to an output channel, lie in memory. The last panel
//! is filled up with zeros.

use super::arch::{F32x4, LANES, PANEL};

/// Activation rows that share one pass over a panel.
pub(super) const TILE: usize = 4;

/// One value for each output channel of a panel.
pub(super) type Panel<V = F32x4> = [V; PANEL / LANES];

/// The values of a panel.
#[inline(always)]
pub(super) fn load(&[a, b, c, d, e, f, g, h]: &[f32; PANEL]) -> Panel {
    [F32x4::new([a, b, c, d]), F32x4::new([e, f, g, h])]
}

/// The same, into registers that nothing else uses.
#[inline(always)]
pub(super) fn load_anew(values: &[f32; PANEL]) -> Panel {
    load(std::hint::black_box(values))
}

/// Writes a panel to the start of `out`, where the last panel of a row may find room for fewer than [`PANEL`] channels.
#[inline(always)]
pub(super) fn store(outputs: Panel, out: &mut [f32]) {
    if let Some(out) = out.first_chunk_mut::<PANEL>() {
        let (low, high) = out.split_at_mut(LANES);
        outputs[0].store(low);
        outputs[1].store(high);
    } else {
        out.chunks_mut(LANES).zip(outputs).for_each(|(out, output)| output.store(out));
    }
}

/// A row of outputs of a panel, before they are put where they belong.
pub(super) type PanelRow = [f32; PANEL];

/// Rows of outputs of one panel.
pub(super) struct Outputs<'a> {
    /// `[rows, width]`.
    pub(super) out: &'a mut [f32],
    pub(super) width: usize,
    /// First channel of the panel.
    pub(super) start: usize,
}

impl Outputs<'_> {
    /// Writes `rows` to the panel's channels of rows `row..`; the last panel may have room for fewer than [`PANEL`] channels.
    #[inline(always)]
    pub(super) fn put(&mut self, row: usize, rows: &[PanelRow]) {
        let len = PANEL.min(self.width - self.start);
        let outputs = self.out[row * self.width..].chunks_exact_mut(self.width);
        for (out, values) in outputs.zip(rows) {
            let out = &mut out[self.start..];
            match out.first_chunk_mut::<PANEL>() {
                Some(out) => *out = *values,
                None => out.copy_from_slice(&values[..len]),
            }
        }
    }
}

/// What is done to `ROWS` rows at a time.
pub(super) trait Tile {
    /// Rows `row..row + ROWS`, [`TILE`] of them or fewer.
    fn tile<const ROWS: usize>(&mut self, row: usize);
}

/// All of `rows` rows, in tiles of [`TILE`] and a last one of what is left.
#[inline(always)]
pub(super) fn for_tiles(rows: usize, job: &mut impl Tile) {
    let whole = rows - rows % TILE;
    (0..whole).step_by(TILE).for_each(|row| job.tile::<TILE>(row));
    match rows - whole {
        1 => job.tile::<1>(whole),
        2 => job.tile::<2>(whole),
        3 => job.tile::<3>(whole),
        _ => {}
    }
}

/// Rearranges `weight` `[out_features, in_features]` into panels `[panels, in_len / group, PANEL, group]`, padded with zeros
/// to `in_len` inputs and to whole panels.
#[must_use]
pub fn pack_panels<T: Copy + Default>(weight: &[T], in_features: usize, in_len: usize, group: usize) -> Vec<T> {
    let out_features = weight.len() / in_features.max(1);
    let mut packed = vec![T::default(); out_features.div_ceil(PANEL) * PANEL * in_len];
    for (channel, row) in weight.chunks_exact(in_features.max(1)).enumerate() {
        let (panel, lane) = (channel / PANEL, channel % PANEL);
        for (input, &value) in row.iter().enumerate() {
            let (block, offset) = (input / group, input % group);
            packed[panel * PANEL * in_len + (block * PANEL + lane) * group + offset] = value;
        }
    }
    packed
}
