//! Text to token ids, exactly as the `tokenizers` crate does for BERT models, over tables that lie ready in the model file.
//!
//! Added tokens are cut out of the raw text or of the [normalized](text_normalizer) one, the rest is split into words and covered by
//! [pieces](wordpiece). All stages stream: the tokenizer stops reading as soon as it has the tokens it may keep.

mod added_tokens;
mod decode;
mod text_normalizer;
mod truncation;
mod wordpiece;

use std::ops::{ControlFlow, Range};
use std::sync::OnceLock;

pub use truncation::Truncation;
use truncation::{Keep, longest_first};

use added_tokens::{Found, NormalizedTokens, Search};

use crate::Error;
use crate::config::{AddedToken, Decoder, TokenizerConfig};
use crate::format::trie::{self, Keys, Trie};
use crate::format::{ModelFile, names};
use wordpiece::WordPiece;

/// The tokens of one text or of one pair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Token ids, `[CLS]` and `[SEP]` included where the model has them `[n_tokens]`. Only those below `vocab_size` have a vector.
    pub ids: Vec<u32>,
    /// 0 for the first text of a pair and its frame, 1 for the second `[n_tokens]`; all 0 for a model without types.
    pub type_ids: Vec<u32>,
    /// Bytes of the text that each token came from; `0..0` for `[CLS]` and `[SEP]` `[n_tokens]`. The model does not read them.
    pub offsets: Vec<Range<usize>>,
    /// Whether tokens were cut off to stay within the limit.
    pub truncated: bool,
}

impl Tokens {
    /// Number of tokens.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no token at all: only static embeddings, which frame no text, have that, for a text without words.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn push(&mut self, id: u32, type_id: u32, offset: Range<usize>) {
        self.ids.push(id);
        self.type_ids.push(type_id);
        self.offsets.push(offset);
    }

    /// A token of the frame, where there is one.
    fn frame(&mut self, id: Option<u32>, type_id: u32) {
        if let Some(id) = id {
            self.push(id, type_id, 0..0);
        }
    }
}

/// A text that does not fit, where truncation is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// Tokens of the text, special ones included.
    pub n_tokens: usize,
    /// Most tokens allowed.
    pub limit: usize,
}

/// The tokenizer of a packed model: a view of its tables.
#[derive(Clone, Debug)]
pub struct Tokenizer<'m> {
    config: TokenizerConfig,
    normalized_tokens: NormalizedTokens,
    /// Which bytes an added token in the raw text begins with `[256]`.
    first_bytes: Box<[bool; 256]>,
    trie: Trie<'m>,
    /// Made by the first call that asks for the text of a token.
    keys: OnceLock<Keys>,
}

impl<'m> Tokenizer<'m> {
    pub(crate) fn view(file: &ModelFile<'m>) -> Result<Self, Error> {
        let trie = file.tensor(names::TRIE, &[file.dimension(names::TRIE, 0)?])?;
        Ok(Self::new(file.config().tokenizer.clone(), trie))
    }

    /// A tokenizer over a vocabulary that [`vocabulary_trie`](crate::format::vocabulary_trie) built. Any content is safe to
    /// walk: a damaged one gives wrong tokens.
    #[must_use]
    pub fn new(config: TokenizerConfig, trie: &'m [u32]) -> Self {
        let mut first_bytes = Box::new([false; 256]);
        for token in config.added_tokens.iter().filter(|token| !token.normalized) {
            if let Some(&first) = token.content.as_bytes().first() {
                first_bytes[usize::from(first)] = true;
            }
        }
        let (normalized_tokens, trie) = (NormalizedTokens::of(&config), Trie::new(trie));
        Self { normalized_tokens, first_bytes, config, trie, keys: OnceLock::new() }
    }

    /// Tokens of `[CLS] text [SEP]`, at most `max_length` of them (2 or more). For static embeddings those of the text alone.
    ///
    /// # Errors
    /// [`TooLong`] where the text has more tokens and `truncation` is [`Truncation::Off`].
    pub fn encode(&self, text: &str, max_length: usize, truncation: Truncation) -> Result<Tokens, TooLong> {
        let frame = self.frame_len();
        let room = max_length.saturating_sub(frame);
        let body = self.body(text, Keep::new(room, truncation));
        let len = body.pieces.len() + frame;
        if truncation == Truncation::Off && body.truncated() {
            return Err(TooLong { n_tokens: body.seen + frame, limit: max_length });
        }
        let mut tokens = Tokens {
            ids: Vec::with_capacity(len),
            type_ids: Vec::with_capacity(len),
            offsets: Vec::with_capacity(len),
            truncated: body.truncated(),
        };
        tokens.frame(self.config.cls_id, 0);
        body.pieces.into_iter().for_each(|(id, offset)| tokens.push(id, 0, offset));
        tokens.frame(self.config.sep_id, 0);
        Ok(tokens)
    }

    /// Tokens of `[CLS] first [SEP] second [SEP]`, at most `max_length` of them ([`Tokenizer::pair_frame_len`] or more); where they do
    /// not fit, the longer text is shortened first, as `longest_first` does in `tokenizers`.
    ///
    /// # Errors
    /// [`TooLong`] where the pair has more tokens and `truncation` is [`Truncation::Off`].
    pub fn encode_pair(
        &self,
        first: &str,
        second: &str,
        max_length: usize,
        truncation: Truncation,
    ) -> Result<Tokens, TooLong> {
        let frame = self.pair_frame_len();
        let room = max_length.saturating_sub(frame);
        let bodies = [first, second].map(|text| self.body(text, Keep::counting_all(room, truncation)));
        let seen = bodies[0].seen + bodies[1].seen;
        if truncation == Truncation::Off && seen > room {
            return Err(TooLong { n_tokens: seen + frame, limit: max_length });
        }
        let kept = longest_first(bodies[0].seen, bodies[1].seen, room);
        let mut tokens = Tokens { truncated: seen > room, ..Tokens::default() };
        tokens.frame(self.config.cls_id, 0);
        for (index, (body, kept)) in (0..).zip(bodies.into_iter().zip(kept)) {
            let type_id = if self.config.double_sep { 0 } else { index };
            if self.config.double_sep && index > 0 {
                tokens.frame(self.config.sep_id, type_id);
            }
            body.trimmed(kept, truncation).for_each(|(id, offset)| tokens.push(id, type_id, offset));
            tokens.frame(self.config.sep_id, type_id);
        }
        Ok(tokens)
    }

    /// Number of tokens that frame one text.
    #[must_use]
    pub fn frame_len(&self) -> usize {
        usize::from(self.config.cls_id.is_some()) + usize::from(self.config.sep_id.is_some())
    }

    /// Number of tokens that frame two texts.
    #[must_use]
    pub fn pair_frame_len(&self) -> usize {
        self.frame_len() + usize::from(self.config.sep_id.is_some()) * (1 + usize::from(self.config.double_sep))
    }

    /// The text of a token, `##` included where it continues a word.
    #[must_use]
    pub fn id_to_token(&self, id: u32) -> Option<String> {
        match self.config.added_tokens.iter().find(|token| token.id == id) {
            Some(token) => Some(token.content.clone()),
            None => self.piece(id),
        }
    }

    /// The text of a token of the vocabulary.
    fn piece(&self, id: u32) -> Option<String> {
        let keys = self.keys.get_or_init(|| Keys::of(self.trie));
        String::from_utf8(keys.key(self.trie, id)?).ok()
    }

    /// The text of `ids`, as `decode` of the `tokenizers` crate gives it: words with blanks between them, in the letters that the
    /// vocabulary has. What normalization took from a text, upper case or accents, does not come back. With `skip_special_tokens`
    /// those of the model's frame and of padding are left out, wherever they are.
    ///
    /// # Errors
    /// [`Error::UnknownToken`] for an id of no token, which `tokenizers` leaves out in silence; [`Error::Config`] for a decoder that
    /// is not supported.
    pub fn decode(&self, ids: &[u32], skip_special_tokens: bool) -> Result<String, Error> {
        if let Decoder::Unsupported(kind) = &self.config.decoder {
            return Err(Error::config("decoder", format!("`{kind}` is not supported, only WordPiece or none")));
        }
        let mut tokens = Vec::with_capacity(ids.len());
        for &id in ids {
            let (token, special) = match self.config.added_tokens.iter().find(|token| token.id == id) {
                Some(token) if token.normalized => {
                    let text: String = added_tokens::normalized(&self.config, &token.content);
                    // There, special tokens are known by their text, and this may be another one.
                    let special = token.is_special() && text == token.content;
                    (Some(text), special)
                }
                Some(token) => (Some(token.content.clone()), token.is_special()),
                None => (self.piece(id), false),
            };
            let token = token.ok_or(Error::UnknownToken { index: 0, id })?;
            if !(special && skip_special_tokens) {
                tokens.push(token);
            }
        }
        Ok(decode::join(&self.config.decoder, &tokens))
    }

    /// The id of a token, `##` included where it continues a word.
    #[must_use]
    pub fn token_to_id(&self, token: &str) -> Option<u32> {
        if let Some(added) = self.config.added_tokens.iter().find(|added| added.content == token) {
            return Some(added.id);
        }
        let node = self.trie.walk(trie::ROOT, token.as_bytes())?;
        self.trie.value(node)
    }

    /// The pieces of `text` without special tokens, as many as `keep` wants.
    fn body(&self, text: &str, mut keep: Keep) -> Keep {
        let mut words = WordPiece::new(self.trie, self.config.unk_id, self.config.max_input_chars_per_word);
        let mut sink = |piece| keep.push(piece);
        let _ = self.segments(text, |segment| match segment {
            Segment::Added(id, range) => sink((id, range)),
            Segment::Text(range) => {
                let start = range.start;
                if self.normalized_tokens.is_empty() {
                    text_normalizer::normalize(&self.config, &text[range], start, |c| words.push(c, &mut sink))?;
                } else {
                    let mut search = Search::new(&self.normalized_tokens);
                    let mut found = |found| match found {
                        Found::Char(c) => words.push(c, &mut sink),
                        Found::Token(id, range) => {
                            words.finish(&mut sink)?;
                            sink((id, range))
                        }
                    };
                    text_normalizer::normalize(&self.config, &text[range], start, |c| search.push(c, &mut found))?;
                    search.finish(&mut found)?;
                }
                words.finish(&mut sink)
            }
        });
        keep
    }

    /// Cuts the raw text at added tokens, leftmost and longest first.
    fn segments(&self, text: &str, mut sink: impl FnMut(Segment) -> ControlFlow<()>) -> ControlFlow<()> {
        let bytes = text.as_bytes();
        let (mut start, mut at) = (0, 0);
        while let Some(step) = bytes[at..].iter().position(|&byte| self.first_bytes[usize::from(byte)]) {
            at += step;
            let Some(token) = self.added_token_at(&bytes[at..]) else {
                at += 1;
                continue;
            };
            if start < at {
                sink(Segment::Text(start..at))?;
            }
            start = at + token.content.len();
            sink(Segment::Added(token.id, at..start))?;
            at = start;
        }
        if start < text.len() {
            sink(Segment::Text(start..text.len()))?;
        }
        ControlFlow::Continue(())
    }

    fn added_token_at(&self, text: &[u8]) -> Option<&AddedToken> {
        let tokens = self.config.added_tokens.iter().filter(|token| !token.normalized);
        tokens.filter(|token| text.starts_with(token.content.as_bytes())).max_by_key(|token| token.content.len())
    }
}

enum Segment {
    Added(u32, Range<usize>),
    Text(Range<usize>),
}
