//! Words of normalized characters, and their pieces: greedy longest match against the vocabulary.
//!
//! Schuster and Nakajima, "Japanese and Korean voice search" (2012); the variant of BERT, where a word that cannot be
//! covered becomes one `[UNK]`.

use std::ops::{ControlFlow, Range};

use super::text_normalizer::{NormalizedChar, is_punctuation};
use crate::format::trie::{ROOT, Trie};

/// Gathers characters into words and hands their pieces on.
pub(crate) struct WordPiece<'v> {
    trie: Trie<'v>,
    /// Where the search starts for a piece that continues a word: the node behind `##`.
    continuation: Option<u32>,
    unk_id: u32,
    max_chars: usize,
    word: Word,
    /// Pieces of the word that ends: kept for its memory.
    pieces: Vec<Piece>,
}

/// Bytes or characters of a word that need no more memory: most words are shorter.
const USUAL_WORD: usize = 32;

/// The word being gathered. Characters past the limit are counted, not kept.
#[derive(Default)]
struct Word {
    text: String,
    /// Source bytes of each kept character.
    sources: Vec<(usize, usize)>,
    chars: usize,
    end: usize,
}

/// One piece: its id and the source bytes it covers.
pub(crate) type Piece = (u32, Range<usize>);

impl<'v> WordPiece<'v> {
    pub(crate) fn new(trie: Trie<'v>, unk_id: u32, max_chars: usize) -> Self {
        let word = Word {
            text: String::with_capacity(USUAL_WORD),
            sources: Vec::with_capacity(USUAL_WORD),
            ..Word::default()
        };
        Self { trie, continuation: trie.walk(ROOT, b"##"), unk_id, max_chars, word, pieces: Vec::new() }
    }

    /// Takes the next character; `sink` gets the pieces of every word that it completes.
    pub(crate) fn push<F>(&mut self, c: NormalizedChar, sink: &mut F) -> ControlFlow<()>
    where
        F: FnMut(Piece) -> ControlFlow<()>,
    {
        if c.char.is_whitespace() {
            self.finish(sink)
        } else if is_punctuation(c.char) {
            self.finish(sink)?;
            self.word.push(c, self.max_chars);
            self.finish(sink)
        } else {
            self.word.push(c, self.max_chars);
            ControlFlow::Continue(())
        }
    }

    /// Ends the current word, if there is one.
    pub(crate) fn finish<F>(&mut self, sink: &mut F) -> ControlFlow<()>
    where
        F: FnMut(Piece) -> ControlFlow<()>,
    {
        if self.word.chars == 0 {
            return ControlFlow::Continue(());
        }
        let whole = self.word.sources.first().map_or(self.word.end, |first| first.0)..self.word.end;
        self.pieces.clear();
        let flow = match self.cover() {
            Some(()) => self.pieces.drain(..).try_for_each(&mut *sink),
            None => sink((self.unk_id, whole)),
        };
        self.word.clear();
        flow
    }

    /// Finds the pieces of the current word, or `None` where the vocabulary does not cover it.
    fn cover(&mut self) -> Option<()> {
        let word = &self.word;
        if word.chars > self.max_chars {
            return None;
        }
        let (mut byte, mut char) = (0, 0);
        while byte < word.text.len() {
            let root = if byte == 0 { ROOT } else { self.continuation? };
            let (id, len) = self.longest_match(root, &word.text.as_bytes()[byte..])?;
            let chars = word.text.get(byte..byte + len)?.chars().count();
            let source = word.sources[char].0..word.sources[char + chars - 1].1;
            self.pieces.push((id, source));
            byte += len;
            char += chars;
        }
        Some(())
    }

    /// Id and length in bytes of the longest key below `root` that `text` starts with.
    fn longest_match(&self, root: u32, text: &[u8]) -> Option<(u32, usize)> {
        let mut node = root;
        let mut best = None;
        for (index, &byte) in text.iter().enumerate() {
            let Some(child) = self.trie.child(node, byte) else {
                break;
            };
            node = child;
            if let Some(id) = self.trie.value(node) {
                best = Some((id, index + 1));
            }
        }
        best
    }
}

impl Word {
    fn push(&mut self, c: NormalizedChar, max_chars: usize) {
        if self.chars < max_chars {
            self.text.push(c.char);
            self.sources.push((c.start, c.end));
        } else if self.sources.is_empty() {
            self.sources.push((c.start, c.end));
        }
        self.chars += 1;
        self.end = c.end;
    }

    fn clear(&mut self) {
        self.text.clear();
        self.sources.clear();
        self.chars = 0;
    }
}
