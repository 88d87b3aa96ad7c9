//! Added tokens in a stream of normalized characters.

use std::collections::VecDeque;
use std::ops::{ControlFlow, Range};

use super::text_normalizer::{NormalizedChar, normalize};
use crate::config::TokenizerConfig;

/// The added tokens that are searched in the normalized text: their own normalized characters and their ids.
#[derive(Clone, Debug, Default)]
pub(super) struct NormalizedTokens(Vec<(Vec<char>, u32)>);

impl NormalizedTokens {
    pub(super) fn of(config: &TokenizerConfig) -> Self {
        let tokens = config.added_tokens.iter().filter(|token| token.normalized);
        let tokens = tokens.map(|token| (normalized::<Vec<char>>(config, &token.content), token.id));
        Self(tokens.filter(|(characters, _)| !characters.is_empty()).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The content of an added token as it is searched in the normalized text.
pub(super) fn normalized<C: FromIterator<char>>(config: &TokenizerConfig, content: &str) -> C {
    let mut characters = Vec::new();
    let _ = normalize(config, content, 0, |c| {
        characters.push(c.char);
        ControlFlow::Continue(())
    });
    characters.into_iter().collect()
}

/// What a text consists of.
pub(super) enum Found {
    /// A token, and the source bytes that it covers.
    Token(u32, Range<usize>),
    /// A character that belongs to none.
    Char(NormalizedChar),
}

/// Finds tokens, leftmost and longest first. Holds back no more characters than the longest token has.
pub(super) struct Search<'t> {
    tokens: &'t NormalizedTokens,
    pending: VecDeque<NormalizedChar>,
}

impl<'t> Search<'t> {
    pub(super) fn new(tokens: &'t NormalizedTokens) -> Self {
        Self { tokens, pending: VecDeque::new() }
    }

    /// Takes the next character; `sink` gets what is decided by it.
    pub(super) fn push(
        &mut self,
        c: NormalizedChar,
        sink: &mut impl FnMut(Found) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.pending.push_back(c);
        while !self.pending.is_empty() && !self.may_become_longer() {
            self.decide(sink)?;
        }
        ControlFlow::Continue(())
    }

    /// Ends the text.
    pub(super) fn finish(&mut self, sink: &mut impl FnMut(Found) -> ControlFlow<()>) -> ControlFlow<()> {
        while !self.pending.is_empty() {
            self.decide(sink)?;
        }
        ControlFlow::Continue(())
    }

    /// Whether what is held back is the beginning of a token.
    fn may_become_longer(&self) -> bool {
        self.tokens.0.iter().any(|(token, _)| token.len() > self.pending.len() && self.agrees(token))
    }

    /// Whether a token agrees with what is held back, as far as both go.
    fn agrees(&self, token: &[char]) -> bool {
        token.iter().zip(&self.pending).all(|(&char, c)| char == c.char)
    }

    /// Hands on the token that begins here, or one character.
    fn decide(&mut self, sink: &mut impl FnMut(Found) -> ControlFlow<()>) -> ControlFlow<()> {
        let here = self.tokens.0.iter().filter(|(token, _)| token.len() <= self.pending.len() && self.agrees(token));
        let len = here.max_by_key(|(token, _)| token.len()).map(|(token, id)| (token.len(), *id));
        let Some(first) = self.pending.pop_front() else { return ControlFlow::Continue(()) };
        match len {
            Some((len, id)) => {
                let end = self.pending.drain(..len - 1).next_back().map_or(first.end, |last| last.end);
                sink(Found::Token(id, first.start..end))
            }
            None => sink(Found::Char(first)),
        }
    }
}
