//! The checked description of a model: everything that a call needs to know beside the weights.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::modules::{self, SentenceModule};

/// A model's configuration, as it lies in the metadata of the packed file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the model, `paraphrase-MiniLM-L3-v2` for instance.
    pub name: String,
    /// The identity of the model, 64 hexadecimal digits: SHA-256 of everything that decides its vectors, but for the precision. That is this
    /// configuration without `name`, `precision` and `similarity`, the vocabulary and the tensors, as `docs/formats.md` says. Vectors can be
    /// compared where this and the precision are the same.
    #[serde(default)]
    pub model_sha256: String,
    /// SHA-256 (64 hexadecimal digits) of the tensors of the source: names, shapes, and values as `f32`. It is a part of the identity.
    pub weights_sha256: String,
    /// Number format of the packed weights.
    pub precision: Precision,
    /// Shape of the transformer.
    pub encoder: EncoderConfig,
    /// What the tokenizer does to a text.
    pub tokenizer: TokenizerConfig,
    /// How token vectors become one sentence vector.
    pub pooling: Pooling,
    /// What follows the pooling, first to last, at most 32; a `Normalize` at the end is `normalize` instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<SentenceModule>,
    /// Whether the model's own `modules.json` ends with `Normalize`.
    pub normalize: bool,
    /// Longest input in tokens, `[CLS]` and `[SEP]` included, 2 to `max_position_embeddings`.
    pub max_seq_length: usize,
    /// Named texts that can be put before an input.
    pub prompts: BTreeMap<String, String>,
    /// The prompt used when a call names none.
    pub default_prompt_name: Option<String>,
    /// The measure that `similarity` uses for this model.
    pub similarity: SimilarityFunction,
}

/// Shape of a BERT encoder. Field names are those of `config.json`. Static embeddings have no encoder: `num_hidden_layers`,
/// `num_attention_heads`, `intermediate_size` and `type_vocab_size` are 0, and `layer_norm_eps` means nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// Rows of the word embeddings, 1 to 4,194,304.
    pub vocab_size: usize,
    /// Width of a token vector, 1 to 65,536.
    pub hidden_size: usize,
    /// Number of transformer layers, up to 1,024; 0 for static embeddings.
    pub num_hidden_layers: usize,
    /// Attention heads; `hidden_size` is a multiple of it.
    pub num_attention_heads: usize,
    /// Width of the feed-forward layer, 1 to 65,536.
    pub intermediate_size: usize,
    /// Rows of the position embeddings, if there is an encoder: the longest input in tokens, 1 to 65,536. With a `padding_id` there is one
    /// row more.
    pub max_position_embeddings: usize,
    /// Rows of the token type embeddings, up to 65,536; 0 for a model without token types.
    pub type_vocab_size: usize,
    /// Added to the variance in layer normalization, between 0 and 1.
    pub layer_norm_eps: f32,
    /// Attention has a bias for each distance of two tokens up to this one, 1 to 65,536, and one for all that are farther; 0 for a
    /// model without them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub relative_attention_distance: usize,
    /// The token that takes row 0 of the position embeddings wherever it is, and does not count in the positions of the others, which
    /// begin at row 1: padding that is written in a text. `None` for a model in which every token counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padding_id: Option<u32>,
}

fn is_zero(size: &usize) -> bool {
    *size == 0
}

/// Settings of the BERT tokenizer pipeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerConfig {
    /// Lowercase each character before anything else (`do_lower_case` in `sentence_bert_config.json`).
    pub lowercase_first: bool,
    /// Drop control characters, map every white space to a blank.
    pub clean_text: bool,
    /// Put blanks around CJK ideographs.
    pub handle_chinese_chars: bool,
    /// Decompose (NFD) and drop non-spacing marks.
    pub strip_accents: bool,
    /// Lowercase each character.
    pub lowercase: bool,
    /// Words with more characters become the unknown token, at most 65,536.
    pub max_input_chars_per_word: usize,
    /// Id of `[UNK]`, below `vocab_size`, as those of `[CLS]` and `[SEP]` are.
    pub unk_id: u32,
    /// Id of `[CLS]`, which comes before every text; `None` for static embeddings, which frame no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cls_id: Option<u32>,
    /// Id of `[SEP]`, which comes behind every text; there or not as `cls_id` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sep_id: Option<u32>,
    /// Whether a pair is framed as in RoBERTa: `[SEP]` twice between the texts, and the same type for both.
    #[serde(default, skip_serializing_if = "is_false")]
    pub double_sep: bool,
    /// Tokens that are found literally in the raw text, before normalization.
    pub added_tokens: Vec<AddedToken>,
    /// How token ids become text again.
    #[serde(default, skip_serializing_if = "Decoder::is_default")]
    pub decoder: Decoder,
}

/// How the tokens of a text become text again: the `decoder` of `tokenizer.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decoder {
    /// Blanks between words; a token that continues a word follows without one.
    WordPiece {
        /// How a token begins that continues a word. It is dropped, but for the first token.
        prefix: String,
        /// Whether blanks before punctuation and contractions are taken out.
        cleanup: bool,
    },
    /// A blank between any two tokens: what `tokenizers` does without a decoder.
    Blanks,
    /// Any other one, by its type. Texts are read as ever, and ids are not decoded.
    Unsupported(String),
}

impl Default for Decoder {
    /// That of BERT.
    fn default() -> Self {
        Self::WordPiece { prefix: "##".to_owned(), cleanup: true }
    }
}

impl Decoder {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A token that is found in the text as it is, before the text is split into words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddedToken {
    /// Its id. One of `vocab_size` or more is no row of the word embeddings: no text with this token has a vector.
    pub id: u32,
    /// Its text.
    pub content: String,
    /// Whether it is searched in the normalized text, and normalized itself; else in the raw text.
    #[serde(default, skip_serializing_if = "is_false")]
    pub normalized: bool,
    /// Whether decoding may leave it out; where nothing is said, unless it is `normalized`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub special: Option<bool>,
}

impl AddedToken {
    /// Whether decoding may leave it out, as `[CLS]` and `[PAD]`.
    #[must_use]
    pub fn is_special(&self) -> bool {
        self.special.unwrap_or(!self.normalized)
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Number format of packed weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 8-bit integers, one scale per output channel.
    Int8,
    /// 6-bit integers, with word embeddings in 4 bits, `int6-e4`: a smaller file, and other vectors than those of `int8`.
    /// Loading unpacks the layers to 8 bits.
    #[serde(rename = "int6-e4")]
    Int6E4,
    /// 32-bit floats.
    F32,
}

impl Precision {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::F32, Self::Int8, Self::Int6E4];

    /// Number format of the position embeddings: only words are in 4 bits.
    #[must_use]
    pub fn of_positions(self) -> Self {
        match self {
            Self::Int8 | Self::Int6E4 => Self::Int8,
            Self::F32 => Self::F32,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Int8 => "int8",
            Self::Int6E4 => "int6-e4",
            Self::F32 => "f32",
        })
    }
}

impl FromStr for Precision {
    type Err = Error;

    /// The precision of this name.
    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|precision| precision.to_string() == name);
        found.ok_or_else(|| Error::Option {
            option: "precision",
            reason: format!("`{name}` is not one of {}", Self::ALL.map(|precision| precision.to_string()).join(", ")),
        })
    }
}

/// How token vectors become one sentence vector. All tokens of the text count, `[CLS]` and `[SEP]` included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The vector of `[CLS]`.
    Cls,
    /// Mean over the tokens.
    Mean,
    /// Largest value of each dimension over the tokens.
    Max,
    /// Sum over the tokens divided by the square root of their number.
    MeanSqrtLen,
}

/// The measures of sentence-transformers; larger means closer in each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SimilarityFunction {
    /// Cosine of the angle, -1 to 1.
    #[default]
    Cosine,
    /// Dot product.
    Dot,
    /// Negative Euclidean distance.
    Euclidean,
    /// Negative Manhattan distance.
    Manhattan,
}

/// Largest width accepted for any dimension: products of two such sizes and an `i32` sum of 7-bit times 8-bit products
/// over one of them cannot overflow.
pub(crate) const MAX_SIZE: usize = 1 << 16;

impl Config {
    /// Checks every size and reference. A [`ModelFile`](crate::ModelFile) has a configuration that passes.
    ///
    /// # Errors
    /// [`Error::Config`] with the field's name and the range that it must be in.
    pub fn check(&self) -> Result<(), Error> {
        let e = &self.encoder;
        e.check()?;
        if self.max_seq_length < 2 || self.max_seq_length > e.max_position_embeddings {
            return Err(Error::config(
                "max_seq_length",
                format!(
                    "{} is not in 2..={} (max_position_embeddings)",
                    self.max_seq_length, e.max_position_embeddings
                ),
            ));
        }
        if self.model_sha256.is_empty() {
            return Err(Error::config(
                "model_sha256",
                "is missing: this file is of an older version, pack the model again",
            ));
        }
        for (field, hash) in [("model_sha256", &self.model_sha256), ("weights_sha256", &self.weights_sha256)] {
            if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(Error::config(field, "not 64 hexadecimal digits"));
            }
        }
        if let Some(name) = &self.default_prompt_name
            && !self.prompts.contains_key(name)
        {
            return Err(Error::config("default_prompt_name", format!("`{name}` is not in prompts")));
        }
        modules::check(&self.modules, e.hidden_size)?;
        self.check_tokenizer()
    }

    /// Whether the model has no encoder: the vector of a text is the mean of rows of a table, whatever is around a word.
    #[must_use]
    pub fn is_static(&self) -> bool {
        self.encoder.num_hidden_layers == 0
    }

    fn check_tokenizer(&self) -> Result<(), Error> {
        let t = &self.tokenizer;
        for (field, id) in [("cls_id", t.cls_id), ("sep_id", t.sep_id)] {
            match (self.is_static(), id) {
                (false, None) => return Err(Error::config(field, "an encoder needs one")),
                (true, Some(_)) => return Err(Error::config(field, "static embeddings have none")),
                _ => {}
            }
        }
        let framing = [("cls_id", t.cls_id), ("sep_id", t.sep_id)];
        let framing = framing.into_iter().filter_map(|(field, id)| Some((field, id?)));
        let padding = self.encoder.padding_id.map(|id| ("padding_id", id));
        for (field, id) in std::iter::once(("unk_id", t.unk_id)).chain(framing).chain(padding) {
            if id as usize >= self.encoder.vocab_size {
                return Err(Error::config(
                    field,
                    format!("id {id} is not below vocab_size {}", self.encoder.vocab_size),
                ));
            }
        }
        if t.added_tokens.iter().any(|token| token.content.is_empty()) {
            return Err(Error::config("added_tokens", "a token has no text"));
        }
        if t.max_input_chars_per_word > MAX_SIZE {
            return Err(Error::config("max_input_chars_per_word", format!("over the limit of {MAX_SIZE}")));
        }
        Ok(())
    }

    /// Width of the sentence vectors.
    #[must_use]
    pub fn dim(&self) -> usize {
        modules::output_dim(&self.modules, self.encoder.hidden_size)
    }

    /// Width of one attention head; 0 where there is none.
    #[must_use]
    pub fn head_size(&self) -> usize {
        self.encoder.hidden_size.checked_div(self.encoder.num_attention_heads).unwrap_or_default()
    }
}

impl EncoderConfig {
    fn check(&self) -> Result<(), Error> {
        let is_static = self.num_hidden_layers == 0;
        for (field, value) in [
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("type_vocab_size", self.type_vocab_size),
            ("relative_attention_distance", self.relative_attention_distance),
        ] {
            if is_static && value != 0 {
                return Err(Error::config("num_hidden_layers", format!("0 does not go with {field} {value}")));
            }
        }
        if is_static && self.padding_id.is_some() {
            return Err(Error::config("num_hidden_layers", "0 does not go with a padding_id"));
        }
        let least = usize::from(!is_static);
        for (field, value, least, most) in [
            ("vocab_size", self.vocab_size, 1, 1 << 22),
            ("hidden_size", self.hidden_size, 1, MAX_SIZE),
            ("num_hidden_layers", self.num_hidden_layers, 0, 1 << 10),
            ("num_attention_heads", self.num_attention_heads, least, MAX_SIZE),
            ("intermediate_size", self.intermediate_size, least, MAX_SIZE),
            ("max_position_embeddings", self.max_position_embeddings, 1, MAX_SIZE),
            ("type_vocab_size", self.type_vocab_size, 0, MAX_SIZE),
            ("relative_attention_distance", self.relative_attention_distance, 0, MAX_SIZE),
        ] {
            if !(least..=most).contains(&value) {
                return Err(Error::config(field, format!("{value} is not in {least}..={most}")));
            }
        }
        if !is_static && !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return Err(Error::config(
                "num_attention_heads",
                format!("hidden_size {} is not a multiple of {}", self.hidden_size, self.num_attention_heads),
            ));
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps < 1.0) {
            return Err(Error::config("layer_norm_eps", format!("{} is not between 0 and 1", self.layer_norm_eps)));
        }
        Ok(())
    }
}
