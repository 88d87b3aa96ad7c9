//! The tokenizer of a directory to the tables of the packed file: `tokenizers` reads it, and what cannot be reproduced exactly is
//! refused.

mod assembly;

use std::collections::BTreeMap;
use std::fmt;

use minilm::format::{MAX_TOKEN_ID, names, vocabulary_trie};
use minilm::{AddedToken, Decoder, Tokenizer, TokenizerConfig};
use serde_json::{Map, Value};
use tokenizers::{ModelWrapper, NormalizerWrapper, PreTokenizerWrapper, TruncationDirection};

use crate::error::Error;
use crate::files::{ModelFiles, in_folder};
use crate::json::read;
use crate::writer::Writer;

/// Tokenizer settings, and the trie over the vocabulary.
pub(super) struct Tables {
    config: TokenizerConfig,
    vocabulary: BTreeMap<String, u32>,
    slots: Vec<u32>,
    /// Most tokens of a text, where the tokenizer itself says so.
    max_tokens: Option<usize>,
}

impl Tables {
    /// Reads the tokenizer of a directory. Ids have to be below `vocab_size`, the rows of the word embeddings, but for those of added tokens.
    pub(super) fn read(files: &ModelFiles, vocab_size: usize) -> Result<Self, Error> {
        let mut fields = assembly::read_tokenizer(files)?;
        let decoder = take_decoder(&mut fields);
        let mut oracle = parse(&fields)?;
        oracle.with_truncation(None).map_err(|error| unsupported(error.to_string()))?;
        oracle.with_padding(None);
        let frame = read_frame(&oracle)?;
        Self::of(&oracle, decoder, Some(frame), vocab_size)
    }

    /// Reads the tokenizer of static embeddings in `folder`, as sentence-transformers uses it: `tokenizer.json` as it is, truncation included,
    /// and no special tokens around a text.
    pub(super) fn of_static_embeddings(files: &ModelFiles, folder: &str, vocab_size: usize) -> Result<Self, Error> {
        let path = in_folder(folder, "tokenizer.json");
        let mut fields = read(files, &path)?.ok_or(Error::MissingFile(path))?;
        let decoder = take_decoder(&mut fields);
        let oracle = parse(&fields)?;
        let truncation = oracle.get_truncation();
        if truncation.is_some_and(|truncation| truncation.direction != TruncationDirection::Right) {
            return Err(unsupported("truncation on the left is not supported"));
        }
        let max_tokens = truncation.map(|truncation| truncation.max_length);
        Ok(Self { max_tokens, ..Self::of(&oracle, decoder, None, vocab_size)? })
    }

    fn of(
        oracle: &tokenizers::Tokenizer,
        decoder: Decoder,
        frame: Option<Frame>,
        vocab_size: usize,
    ) -> Result<Self, Error> {
        let config = TokenizerConfig { decoder, ..read_pipeline(oracle, frame)? };
        let vocabulary = read_vocabulary(oracle, vocab_size)?;
        let vocabulary: BTreeMap<String, u32> = vocabulary.into_iter().map(|(id, token)| (token, id)).collect();
        let tokens = vocabulary.iter().map(|(token, &id)| (token.as_bytes(), id)).collect();
        Ok(Self { config, slots: vocabulary_trie(&tokens), vocabulary, max_tokens: None })
    }

    pub(super) fn max_tokens(&self) -> Option<usize> {
        self.max_tokens
    }

    /// The pieces of words and their ids. The tables do without them from then on.
    pub(super) fn take_vocabulary(&mut self) -> BTreeMap<String, u32> {
        std::mem::take(&mut self.vocabulary)
    }

    pub(super) fn config(&self, lowercase_first: bool) -> TokenizerConfig {
        TokenizerConfig { lowercase_first, ..self.config.clone() }
    }

    pub(super) fn tokenizer(&self, config: TokenizerConfig) -> Tokenizer<'_> {
        Tokenizer::new(config, &self.slots)
    }

    pub(super) fn push(&self, writer: &mut Writer) {
        writer.push(names::TRIE, &[self.slots.len()], &self.slots);
    }

    /// The tables of a model without words, which is given tokens.
    pub(super) fn push_none(writer: &mut Writer) {
        let slots = vocabulary_trie(&BTreeMap::new());
        writer.push(names::TRIE, &[slots.len()], &slots);
    }

    /// Bytes of the tables in the packed file.
    pub(super) fn len(&self) -> usize {
        self.slots.len() * size_of::<u32>()
    }
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tables").field("config", &self.config).field("slots", &self.slots.len()).finish_non_exhaustive()
    }
}

fn unsupported(reason: impl Into<String>) -> Error {
    Error::UnsupportedTokenizer(reason.into())
}

fn other_normalizer() -> Error {
    unsupported("the normalizer is not BertNormalizer")
}

/// Takes the decoder out of the fields. It has no part in encoding, and `tokenizers` does not survive text in it that is no JSON.
fn take_decoder(fields: &mut Map<String, Value>) -> Decoder {
    let Some(decoder) = fields.remove("decoder").filter(|decoder| !decoder.is_null()) else { return Decoder::Blanks };
    match (decoder["type"].as_str(), decoder["prefix"].as_str(), decoder["cleanup"].as_bool()) {
        (Some("WordPiece"), Some(prefix), Some(cleanup)) => Decoder::WordPiece { prefix: prefix.to_owned(), cleanup },
        (kind, ..) => Decoder::Unsupported(kind.unwrap_or_default().chars().take(100).collect()),
    }
}

/// The tokenizer as `tokenizers` reads it, but for what that crate does not survive: a precompiled normalizer that is damaged, and a
/// template with tokens that it does not list.
fn parse(fields: &Map<String, Value>) -> Result<tokenizers::Tokenizer, Error> {
    let wrong_json = |cause| Error::Json { file: "tokenizer.json".to_owned(), cause };
    if fields.get("normalizer").is_none_or(|normalizer| normalizer["type"] != "BertNormalizer") {
        return Err(other_normalizer());
    }
    fields.get("post_processor").map_or(Ok(()), check_template)?;
    let json = serde_json::to_vec(fields).map_err(wrong_json)?;
    tokenizers::Tokenizer::from_bytes(json).map_err(|error| unsupported(error.to_string()))
}

/// Every token of a template, or of the templates in a sequence, must be among its special tokens.
fn check_template(processor: &Value) -> Result<(), Error> {
    if let Some(processors) = processor["processors"].as_array() {
        processors.iter().try_for_each(check_template)?;
    }
    let pieces = ["single", "pair"].into_iter().filter_map(|template| processor[template].as_array()).flatten();
    for id in pieces.filter_map(|piece| piece["SpecialToken"]["id"].as_str()) {
        if processor["special_tokens"].get(id).is_none() {
            return Err(unsupported(format!("the post-processor has no special token {id:?}")));
        }
    }
    Ok(())
}

/// Settings of the pipeline `BertNormalizer`, `BertPreTokenizer`, `WordPiece`, with the ids that frame a text.
fn read_pipeline(oracle: &tokenizers::Tokenizer, frame: Option<Frame>) -> Result<TokenizerConfig, Error> {
    let Some(NormalizerWrapper::BertNormalizer(normalizer)) = oracle.get_normalizer() else {
        return Err(other_normalizer());
    };
    let Some(PreTokenizerWrapper::BertPreTokenizer(_)) = oracle.get_pre_tokenizer() else {
        return Err(unsupported("the pre-tokenizer is not BertPreTokenizer"));
    };
    let ModelWrapper::WordPiece(model) = oracle.get_model() else {
        return Err(unsupported("the model is not WordPiece"));
    };
    if model.continuing_subword_prefix != "##" {
        let prefix = &model.continuing_subword_prefix;
        return Err(unsupported(format!("continuing_subword_prefix is {prefix:?}, only \"##\" is supported")));
    }
    let unk_id = oracle.token_to_id(&model.unk_token);
    let unk_id = unk_id.ok_or_else(|| unsupported(format!("the vocabulary has no {:?}", model.unk_token)))?;
    Ok(TokenizerConfig {
        lowercase_first: false,
        clean_text: normalizer.clean_text,
        handle_chinese_chars: normalizer.handle_chinese_chars,
        strip_accents: normalizer.strip_accents.unwrap_or(normalizer.lowercase),
        lowercase: normalizer.lowercase,
        max_input_chars_per_word: model.max_input_chars_per_word,
        unk_id,
        cls_id: frame.map(|frame| frame.cls),
        sep_id: frame.map(|frame| frame.sep),
        double_sep: frame.is_some_and(|frame| frame.double_sep),
        added_tokens: read_added_tokens(oracle)?,
        decoder: Decoder::default(),
    })
}

/// What frames a text.
#[derive(Clone, Copy)]
struct Frame {
    cls: u32,
    sep: u32,
    double_sep: bool,
}

/// The ids that frame a text, as the post-processor puts them around empty ones.
fn read_frame(oracle: &tokenizers::Tokenizer) -> Result<Frame, Error> {
    let frame = |input: tokenizers::EncodeInput| {
        let encoding = oracle.encode(input, true).map_err(|error| unsupported(error.to_string()))?;
        Ok::<_, Error>((encoding.get_ids().to_vec(), encoding.get_type_ids().to_vec()))
    };
    let (single, pair) = (frame("".into())?, frame(("", "").into())?);
    match (&single.0[..], &single.1[..], &pair.0[..], &pair.1[..]) {
        (&[cls, sep], [0, 0], &[first, middle, last], [0, 0, 1]) if first == cls && middle == sep && last == sep => {
            Ok(Frame { cls, sep, double_sep: false })
        }
        (&[cls, sep], [0, 0], &[first, ref seps @ ..], [0, 0, 0, 0]) if first == cls && *seps == [sep; 3] => {
            Ok(Frame { cls, sep, double_sep: true })
        }
        _ => Err(unsupported("the post-processor does not give `[CLS] a [SEP]` and `[CLS] a [SEP] b [SEP]`")),
    }
}

/// The added tokens. Their ids may be beyond the rows of the word embeddings: then a text with the token is an error, as it is in
/// transformers, and all others are none.
fn read_added_tokens(oracle: &tokenizers::Tokenizer) -> Result<Vec<AddedToken>, Error> {
    let tokens: BTreeMap<u32, tokenizers::AddedToken> = oracle.get_added_tokens_decoder().into_iter().collect();
    let convert = |(id, token): (u32, tokenizers::AddedToken)| {
        // `lstrip` is of no consequence: what it strips is no part of a word. But other tokens may end with it.
        let strips = token.lstrip && tokens.values().any(|other| other.content.ends_with(char::is_whitespace));
        if token.single_word || strips || token.rstrip {
            let flags = "single_word, lstrip or rstrip";
            return Err(unsupported(format!("added token {:?} has {flags}, which is not supported", token.content)));
        }
        // Said only where it is not what is taken without it.
        let special = (token.special == token.normalized).then_some(token.special);
        Ok(AddedToken { id, content: token.content, normalized: token.normalized, special })
    };
    tokens.clone().into_iter().map(convert).collect()
}

/// The pieces of words. Added tokens are no pieces, unless the vocabulary has them too.
fn read_vocabulary(oracle: &tokenizers::Tokenizer, vocab_size: usize) -> Result<BTreeMap<u32, String>, Error> {
    let mut vocabulary = BTreeMap::new();
    for (token, id) in oracle.get_vocab(false) {
        if id as usize >= vocab_size {
            return Err(unsupported(format!(
                "token {token:?} has id {id}, and there are word embeddings for {vocab_size} ids, from 0: this is the tokenizer of another model"
            )));
        }
        if id > MAX_TOKEN_ID || token.is_empty() || token.contains('\0') {
            return Err(unsupported(format!("token {token:?} with id {id} cannot be stored")));
        }
        if let Some(other) = vocabulary.insert(id, token.clone()) {
            return Err(unsupported(format!("tokens {other:?} and {token:?} have the same id {id}")));
        }
    }
    Ok(vocabulary)
}
