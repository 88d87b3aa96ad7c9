//! BERT normalization as a stream of characters: clean, isolate CJK, decompose and strip marks, lowercase.
//!
//! Works on one character at a time, so that a text of any length needs no buffer of its own, and the tokenizer can stop
//! as soon as it has the tokens it wants. The Unicode tables are those of the crates that `tokenizers` uses.

use std::ops::ControlFlow;

use unicode_categories::UnicodeCategories;
use unicode_normalization_alignments::char::{canonical_combining_class, decompose_canonical};

use crate::config::TokenizerConfig;

/// A normalized character and the bytes `start..end` of the text that it came from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct NormalizedChar {
    pub(crate) char: char,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Normalizes `text`, whose first byte is byte `offset` of the whole input, into `sink` until that breaks.
pub(crate) fn normalize<F>(config: &TokenizerConfig, text: &str, offset: usize, sink: F) -> ControlFlow<()>
where
    F: FnMut(NormalizedChar) -> ControlFlow<()>,
{
    let mut stage = Stage { config, pending: Vec::new(), starter: (0, 0), sink };
    for (index, char) in text.char_indices() {
        let start = offset + index;
        let source = NormalizedChar { char, start, end: start + char.len_utf8() };
        if config.lowercase_first {
            char.to_lowercase().try_for_each(|char| stage.clean(NormalizedChar { char, ..source }))?;
        } else {
            stage.clean(source)?;
        }
    }
    stage.flush()
}

struct Stage<'c, F> {
    config: &'c TokenizerConfig,
    /// Marks that wait for canonical ordering, after the starter they follow.
    pending: Vec<Mark>,
    /// Source bytes of that starter.
    starter: (usize, usize),
    sink: F,
}

/// A character of combining class 1 or more.
#[derive(Clone, Copy)]
struct Mark {
    class: u8,
    char: NormalizedChar,
    /// Whether it begins what its source decomposes into.
    is_first: bool,
}

impl<F: FnMut(NormalizedChar) -> ControlFlow<()>> Stage<'_, F> {
    fn clean(&mut self, mut c: NormalizedChar) -> ControlFlow<()> {
        if self.config.clean_text {
            if is_removed(c.char) {
                return ControlFlow::Continue(());
            }
            if c.char.is_whitespace() {
                c.char = ' ';
            }
        }
        if self.config.handle_chinese_chars && !c.char.is_ascii() && is_cjk(c.char) {
            let blank = NormalizedChar { char: ' ', ..c };
            self.strip_accents(blank)?;
            self.strip_accents(c)?;
            return self.strip_accents(blank);
        }
        self.strip_accents(c)
    }

    fn strip_accents(&mut self, c: NormalizedChar) -> ControlFlow<()> {
        if !self.config.strip_accents {
            return self.lowercase(c);
        }
        if c.char.is_ascii() {
            if !self.pending.is_empty() {
                self.flush()?;
            }
            return self.lowercase(c);
        }
        let mut flow = ControlFlow::Continue(());
        let mut is_first = true;
        decompose_canonical(c.char, |part| {
            if flow.is_continue() {
                flow = self.order(NormalizedChar { char: part, ..c }, is_first);
            }
            is_first = false;
        });
        flow
    }

    fn order(&mut self, c: NormalizedChar, is_first: bool) -> ControlFlow<()> {
        let class = canonical_combining_class(c.char);
        if class > 0 {
            self.pending.push(Mark { class, char: c, is_first });
            return ControlFlow::Continue(());
        }
        self.flush()?;
        self.starter = (c.start, c.end);
        self.strip_mark(c)
    }

    /// Canonical ordering (Unicode 3.11, D109): marks between two starters are sorted by combining class, stably. Sources
    /// stay in their order, as in `tokenizers`: the first mark is from where the first one was.
    fn flush(&mut self) -> ControlFlow<()> {
        if self.pending.is_empty() {
            return ControlFlow::Continue(());
        }
        let mut pending = std::mem::take(&mut self.pending);
        if !pending.is_sorted_by_key(|mark| mark.class) {
            let firsts = pending.iter().filter(|mark| mark.is_first);
            let sources: Vec<_> = firsts.map(|mark| (mark.char.start, mark.char.end)).collect();
            let mut sources = sources.into_iter();
            let mut source = self.starter;
            pending.sort_by_key(|mark| mark.class);
            for mark in &mut pending {
                if mark.is_first {
                    source = sources.next().unwrap_or(source);
                }
                (mark.char.start, mark.char.end) = source;
            }
        }
        for mark in &pending {
            self.strip_mark(mark.char)?;
        }
        pending.clear();
        self.pending = pending;
        ControlFlow::Continue(())
    }

    fn strip_mark(&mut self, c: NormalizedChar) -> ControlFlow<()> {
        if c.char.is_mark_nonspacing() { ControlFlow::Continue(()) } else { self.lowercase(c) }
    }

    fn lowercase(&mut self, c: NormalizedChar) -> ControlFlow<()> {
        if !self.config.lowercase {
            return (self.sink)(c);
        }
        if c.char.is_ascii() {
            let char = c.char.to_ascii_lowercase();
            return (self.sink)(NormalizedChar { char, ..c });
        }
        c.char.to_lowercase().try_for_each(|char| (self.sink)(NormalizedChar { char, ..c }))
    }
}

/// Control characters, and all others that Unicode calls `Other`; but tab and line ends are white space.
fn is_removed(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        // Of these, no table has to be searched.
        '\0'..='\x7f' => c.is_ascii_control(),
        _ => c == '\u{fffd}' || c.is_other(),
    }
}

/// Whether BERT makes a word of this character alone.
pub(crate) fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() || (!c.is_ascii() && c.is_punctuation())
}

/// The blocks that BERT calls Chinese: CJK unified ideographs with extensions A to E, and the compatibility ideographs.
/// 0x2B920 is BERT's own slip for 0x2B820, and part of the specification by now.
fn is_cjk(c: char) -> bool {
    matches!(
        u32::from(c),
        0x4E00..=0x9FFF
            | 0x3400..=0x4DBF
            | 0x20000..=0x2A6DF
            | 0x2A700..=0x2B73F
            | 0x2B740..=0x2B81F
            | 0x2B920..=0x2CEAF
            | 0xF900..=0xFAFF
            | 0x2F800..=0x2FA1F
    )
}

#[cfg(test)]
mod tests {
    use unicode_categories::UnicodeCategories;

    use super::is_removed;

    #[test]
    fn ascii_is_as_the_tables_have_it() {
        for c in '\0'..='\x7f' {
            let expected = !matches!(c, '\t' | '\n' | '\r') && c.is_other();
            assert_eq!(is_removed(c), expected, "{c:?}");
        }
    }
}
