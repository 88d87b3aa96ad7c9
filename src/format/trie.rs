//! A double-array trie over the vocabulary: read in place, no work at load, longest match in one pass over the bytes.
//!
//! Aoe, "An efficient digital search algorithm by using a double-array structure" (1989), with four bytes a node as in
//! Yata's darts-clone: the child of a node along byte `b` is slot `base + b`, if that slot's label is `b`. No two nodes have
//! the same base, so the label alone tells whose child a slot is.

use std::collections::BTreeMap;

/// Node of an empty prefix.
pub(crate) const ROOT: u32 = 0;

/// Label of a slot that belongs to no node; no byte of UTF-8 has this value.
const FREE: u8 = 0xff;

/// Slots that a base may reach: one for every byte.
const REACH: usize = 256;

/// One node: bits 0 to 7 are its label, bit 8 says whether it is a leaf, bit 9 whether a key ends at it. A leaf has its value
/// in bits 10 to 31, any other node its base; where a key ends at one that is no leaf, its value is in slot `base`, as that of
/// a leaf with label 0.
#[derive(Clone, Copy)]
struct Node(u32);

impl Node {
    const LEAF: u32 = 1 << 8;
    const ENDS_KEY: u32 = 1 << 9;
    const PAYLOAD_SHIFT: u32 = 10;

    fn label(self) -> u8 {
        self.0 as u8
    }

    fn is_leaf(self) -> bool {
        self.0 & Self::LEAF != 0
    }

    fn ends_key(self) -> bool {
        self.0 & Self::ENDS_KEY != 0
    }

    /// The value of a leaf, the base of any other node.
    fn payload(self) -> u32 {
        self.0 >> Self::PAYLOAD_SHIFT
    }
}

/// View of a double-array trie. Any contents are safe to walk: a damaged array gives wrong matches, never a panic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trie<'m> {
    slots: &'m [u32],
}

impl<'m> Trie<'m> {
    pub(crate) fn new(slots: &'m [u32]) -> Self {
        Self { slots }
    }

    /// The node reached from `node` along `byte`.
    #[inline]
    pub(crate) fn child(self, node: u32, byte: u8) -> Option<u32> {
        let parent = self.node(node)?;
        if parent.is_leaf() || byte == 0 {
            return None;
        }
        let child = parent.payload() + u32::from(byte);
        (self.node(child)?.label() == byte).then_some(child)
    }

    /// The value of the key that ends at `node`.
    #[inline]
    pub(crate) fn value(self, node: u32) -> Option<u32> {
        let node = self.node(node)?;
        if !node.ends_key() {
            None
        } else if node.is_leaf() {
            Some(node.payload())
        } else {
            Some(self.node(node.payload())?.payload())
        }
    }

    /// The node reached from `node` along every byte of `key`.
    pub(crate) fn walk(self, node: u32, key: &[u8]) -> Option<u32> {
        key.iter().try_fold(node, |node, &byte| self.child(node, byte))
    }

    #[inline]
    fn node(self, slot: u32) -> Option<Node> {
        self.slots.get(slot as usize).map(|&slot| Node(slot))
    }
}

/// The way back from values to keys. Damaged arrays give wrong keys or none.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    /// The slot of the node with this base, or of none.
    parents: Box<[u32]>,
    /// The leaf with this value, or none.
    leaves: Box<[u32]>,
}

impl Keys {
    const NONE: u32 = u32::MAX;

    /// Reads every slot once.
    pub(crate) fn of(trie: Trie<'_>) -> Self {
        let used = || (0..).zip(trie.slots.iter().map(|&slot| Node(slot))).filter(|(_, node)| node.label() != FREE);
        let largest = used().filter(|(_, node)| node.is_leaf()).map(|(_, node)| node.payload() as usize + 1).max();
        let mut keys = Self {
            parents: vec![Self::NONE; trie.slots.len()].into(),
            leaves: vec![Self::NONE; largest.unwrap_or_default()].into(),
        };
        for (slot, node) in used() {
            let found = if node.is_leaf() { &mut keys.leaves } else { &mut keys.parents };
            if let Some(known) = found.get_mut(node.payload() as usize).filter(|known| **known == Self::NONE) {
                *known = slot;
            }
        }
        keys
    }

    /// The key with value `value` of the trie that this was made of.
    pub(crate) fn key(&self, trie: Trie<'_>, value: u32) -> Option<Vec<u8>> {
        let mut slot = *self.leaves.get(value as usize)?;
        let mut key = Vec::new();
        while slot != ROOT && key.len() < REACH {
            let node = trie.node(slot)?;
            match node.label() {
                0 if !node.is_leaf() => return None, // of a damaged array: it could lead back to itself
                0 => {}
                label => key.push(label),
            }
            let base = slot.checked_sub(u32::from(node.label()))?;
            slot = *self.parents.get(base as usize)?;
        }
        key.reverse();
        (slot == ROOT).then_some(key)
    }
}

/// Largest id of a token in a vocabulary.
pub const MAX_TOKEN_ID: u32 = u32::MAX >> Node::PAYLOAD_SHIFT;

/// Builds the slots of the trie over a vocabulary, the content of [`names::TRIE`](super::names::TRIE).
///
/// `tokens` are the texts of the tokens and their ids. The texts are not empty and have no zero bytes, the ids are at most
/// [`MAX_TOKEN_ID`]; of others, the trie finds something else.
#[must_use]
pub fn vocabulary_trie(tokens: &BTreeMap<&[u8], u32>) -> Vec<u32> {
    let keys: Vec<(&[u8], u32)> = tokens.iter().map(|(&text, &id)| (text, id)).collect();
    let mut builder = Builder { slots: vec![None; REACH], is_base: vec![false; REACH], start: 1 };
    // The root's own; and base 0, which would make the root its own child.
    (builder.slots[0], builder.is_base[0]) = (Some(0), true);
    builder.insert(ROOT as usize, 0, &keys, 0);
    let used = builder.slots.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    builder.slots.into_iter().take(used).map(|slot| slot.unwrap_or(u32::from(FREE))).collect()
}

struct Builder {
    slots: Vec<Option<u32>>,
    /// Whether a node has this base.
    is_base: Vec<bool>,
    /// Where the search for free slots begins: nearly all below are taken.
    start: usize,
}

impl Builder {
    /// Fills slot `slot` with the node that all of `keys` share their first `depth` bytes with, then those below it.
    fn insert(&mut self, slot: usize, label: u8, keys: &[(&[u8], u32)], depth: usize) {
        let (ending, longer) = match keys {
            [(key, value), longer @ ..] if key.len() == depth => (Some(*value), longer),
            keys => (None, keys),
        };
        let ends_key = if ending.is_some() { Node::ENDS_KEY } else { 0 };
        let node = |payload: u32, flags: u32| Some(u32::from(label) | flags | payload << Node::PAYLOAD_SHIFT);
        if let (Some(value), []) = (ending, longer) {
            self.slots[slot] = node(value, Node::LEAF | ends_key);
            return;
        }
        let groups: Vec<_> = longer.chunk_by(|a, b| a.0[depth] == b.0[depth]).collect();
        let labels = ending.map(|_| 0).into_iter().chain(groups.iter().map(|group| group[0].0[depth]));
        let labels: Vec<u8> = labels.collect();
        let base = self.place(&labels);
        self.slots[slot] = node(base as u32, ends_key);
        if let Some(value) = ending {
            self.slots[base] = Some(Node::LEAF | value << Node::PAYLOAD_SHIFT);
        }
        for group in groups {
            let label = group[0].0[depth];
            self.insert(base + usize::from(label), label, group, depth + 1);
        }
    }

    /// Takes the first base from the start of the search on at which every label falls on a free slot, and reserves those.
    fn place(&mut self, labels: &[u8]) -> usize {
        let first_label = labels.first().copied().map_or(0, usize::from);
        let first = self.start.saturating_sub(first_label);
        let mut base = first;
        let mut taken = 0;
        while !self.fits(base, labels) {
            taken += usize::from(self.slots[base + first_label].is_some());
            base += 1;
        }
        // Searching a region again and again for its last free slots would take a time quadratic in the keys.
        if taken * 20 >= (base - first) * 19 {
            self.start = base + first_label;
        }
        self.is_base[base] = true;
        for &label in labels {
            self.slots[base + usize::from(label)] = Some(0);
        }
        base
    }

    fn fits(&mut self, base: usize, labels: &[u8]) -> bool {
        if self.slots.len() < base + REACH {
            self.slots.resize(base + REACH, None);
            self.is_base.resize(base + REACH, false);
        }
        !self.is_base[base] && labels.iter().all(|&label| self.slots[base + usize::from(label)].is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_key_and_nothing_else() {
        let mut words: Vec<String> = (0..3000u32).map(|i| format!("{:x}", i.wrapping_mul(2_654_435_761))).collect();
        words.extend(["a", "ab", "abc", "##a", "##", "é", "éa", "中"].map(String::from));
        words.sort();
        words.dedup();
        let keys: BTreeMap<&[u8], u32> = words.iter().zip(0..).map(|(word, id)| (word.as_bytes(), id)).collect();
        let slots = vocabulary_trie(&keys);
        let trie = Trie::new(&slots);
        let reverse = Keys::of(trie);
        let find = |key: &[u8]| trie.walk(ROOT, key).and_then(|node| trie.value(node));
        for (&key, &id) in &keys {
            assert_eq!(find(key), Some(id));
            assert_eq!(reverse.key(trie, id).as_deref(), Some(key));
        }
        for missing in ["", "b0rk", "abcd", "#", "\u{e9}b", "zz", "\0", "a\0"] {
            assert_eq!(find(missing.as_bytes()), None, "{missing:?}");
        }
        assert_eq!(reverse.key(trie, words.len() as u32), None);
    }

    #[test]
    fn hostile_slots_are_safe_to_walk() {
        for slots in [vec![], vec![u32::MAX; 3], vec![0; 3], vec![Node::ENDS_KEY | !0 << Node::PAYLOAD_SHIFT; 3]] {
            let trie = Trie::new(&slots);
            let keys = Keys::of(trie);
            for node in [0, 1, 2, 3, u32::MAX] {
                let _ = (trie.child(node, 255), trie.child(node, 0), trie.value(node), keys.key(trie, node));
            }
        }
    }
}
