//! The facade: texts in, vectors out. [`Embedder::encode`] is the whole pipeline of a call.

use std::fmt;
use std::sync::Mutex;

use self_cell::self_cell;

use crate::config::Pooling;
use crate::format::{LinearLayer, ModelFile};
use crate::info::ModelInfo;
use crate::model::{Encoder, Workspace};
use crate::modules::SentenceModules;
use crate::output::Embeddings;
use crate::pooling::pool;
use crate::run::{Batches, EncodeRun, TokenRun, all_finite, batches};
use crate::tokenizer::{Tokenizer, Tokens, Truncation};
use crate::{Config, EncoderConfig, Error, normalize};

/// A model ready to encode. It owns the bytes of the packed file, reads them in place (but for the layers of `int6-e4`, which are unpacked),
/// and gives their memory back when it is dropped. Calls from several threads run side by side.
pub struct Embedder {
    model: LoadedModel,
    /// Kept from call to call. A call that finds it taken by another thread has its own.
    workspace: Mutex<Workspace>,
}

/// Bytes of any kind: a vector, shared or static bytes, a memory map.
type Bytes = Box<dyn AsRef<[u8]> + Send + Sync>;

self_cell!(
    /// The bytes of a packed file and the views into them, made once.
    struct LoadedModel {
        owner: Bytes,
        #[covariant]
        dependent: Views,
    }
);

/// What is read from the bytes of a packed file.
struct Views<'m> {
    file: ModelFile<'m>,
    tokenizer: Tokenizer<'m>,
    encoder: Encoder<'m>,
    modules: SentenceModules<'m>,
}

/// Options of [`Embedder::encode`], named as in sentence-transformers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EncodeOptions {
    /// Put before every text. Takes precedence over `prompt_name`, even where it is empty.
    pub prompt: Option<String>,
    /// Name of one of the model's prompts. Without it the model's default prompt is used, if it has one.
    pub prompt_name: Option<String>,
    /// Scale each vector to length 1, after `truncate_dim`. A model may do so before it by itself ([`Config::normalize`]).
    pub normalize_embeddings: bool,
    /// Keep only the first dimensions, 1 to the model's own.
    pub truncate_dim: Option<usize>,
    /// How token vectors become one; without it as the model says.
    pub pooling: Option<Pooling>,
    /// What happens to a text with more than `max_seq_length` tokens.
    pub truncation: Truncation,
    /// Most tokens of a text, special ones included: 2 to the model's `max_position_embeddings`; without it the model's own
    /// limit.
    pub max_seq_length: Option<usize>,
}

impl Embedder {
    /// A model from the bytes of a packed file, which are checked completely: structure, sizes and checksum. They are moved
    /// in, not copied: `Vec<u8>`, `Arc<[u8]>`, `&'static [u8]`, [`AlignedBytes`](crate::AlignedBytes), a memory map.
    ///
    /// The bytes must start on a 4-byte boundary, as every buffer of this size from the allocator does; on a 64-byte boundary
    /// ([`AlignedBytes`](crate::AlignedBytes)) the kernels are fastest. They must not change while the embedder lives: a memory map
    /// of a file that somebody overwrites gives wrong vectors or a panic.
    ///
    /// # Errors
    /// What is wrong with the file ([`ErrorKind::Model`](crate::ErrorKind::Model)), or [`Error::Misaligned`].
    pub fn from_bytes(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Self, Error> {
        Self::load(Box::new(bytes), |bytes| ModelFile::check(bytes))
    }

    /// A model from bytes that the program itself carries (see [`include_model!`](crate::include_model)). Structure and
    /// sizes are checked, the content is trusted and not even read: this takes microseconds.
    ///
    /// # Errors
    /// What is wrong with the file ([`ErrorKind::Model`](crate::ErrorKind::Model)), or [`Error::Misaligned`]. Damaged weights
    /// are not noticed.
    pub fn from_static(bytes: &'static [u8]) -> Result<Self, Error> {
        Self::load(Box::new(bytes), |bytes| ModelFile::trust(bytes))
    }

    fn load(bytes: Bytes, open: impl FnOnce(&[u8]) -> Result<ModelFile<'_>, Error>) -> Result<Self, Error> {
        let model = LoadedModel::try_new(bytes, |bytes| Views::of(open((**bytes).as_ref())?))?;
        Ok(Self { model, workspace: Mutex::default() })
    }

    /// Vectors of `texts`, in their order. A text's vector is the same, to the bit, alone and in any batch.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use minilm::{EncodeOptions, Embedder};
    ///
    /// let embedder = Embedder::from_bytes(std::fs::read("paraphrase-MiniLM-L3-v2-int8.minilm")?)?;
    /// let embeddings = embedder.encode(&["What is a neuron?", "A cell."], &EncodeOptions::default())?;
    /// assert_eq!((embeddings.dim, embeddings.data.len()), (384, 2 * 384));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Option`] for an option out of range, [`Error::TooManyTokens`] where truncation is off.
    pub fn encode<T: AsRef<str>>(&self, texts: &[T], options: &EncodeOptions) -> Result<Embeddings, Error> {
        self.encode_tokens(&self.tokenize(texts, options)?, options)
    }

    /// Vectors of texts that are tokens already, in their order. Of `options`, those about texts do nothing.
    ///
    /// # Errors
    /// Those of [`Embedder::embed`], and [`Error::Option`] for an option out of range.
    pub fn encode_tokens(&self, texts: &[Tokens], options: &EncodeOptions) -> Result<Embeddings, Error> {
        let mut run = self.encode_in_batches(texts, options)?;
        while run.step()? {}
        Ok(run.finish())
    }

    /// What [`Embedder::encode_tokens`] does, for a caller that wants to do something between two batches: look at a clock, let others
    /// run, or give up.
    ///
    /// # Errors
    /// As for [`Embedder::encode_tokens`]; [`Error::NotFinite`] comes from [`EncodeRun::step`].
    pub fn encode_in_batches<'a>(
        &'a self,
        texts: &'a [Tokens],
        options: &EncodeOptions,
    ) -> Result<EncodeRun<'a>, Error> {
        let dim = self.checked_dim(options)?;
        let batches = self.embed_in_batches(texts, options.pooling.unwrap_or(self.config().pooling))?;
        Ok(EncodeRun { batches, dim, normalize: options.normalize_embeddings })
    }

    /// The tokens that [`Embedder::encode`] would read for `texts`, prompt included.
    ///
    /// # Errors
    /// As for [`Embedder::encode`].
    pub fn tokenize<T: AsRef<str>>(&self, texts: &[T], options: &EncodeOptions) -> Result<Vec<Tokens>, Error> {
        let limit = self.checked_limit(options)?;
        let prompt = self.prompt(options)?;
        let encode = |(index, text): (usize, &T)| {
            let tokens = match prompt {
                "" => self.tokenizer().encode(text.as_ref(), limit, options.truncation),
                prompt => self.tokenizer().encode(&format!("{prompt}{}", text.as_ref()), limit, options.truncation),
            };
            tokens.map_err(|too_long| Error::TooManyTokens { index, n_tokens: too_long.n_tokens, limit })
        };
        texts.iter().enumerate().map(encode).collect()
    }

    /// Pooled vectors `[texts.len(), dim]` in the order of `texts`, normalized where the model does so.
    ///
    /// # Errors
    /// [`Error::Tokens`] where there are no tokens, more than the model has positions, or not one type of the model's a token;
    /// [`Error::TokenId`] for an id outside the vocabulary; [`Error::NotFinite`] where damaged weights give no number.
    pub fn embed(&self, texts: &[Tokens], pooling: Pooling) -> Result<Vec<f32>, Error> {
        let mut batches = self.embed_in_batches(texts, pooling)?;
        while batches.step()? {}
        Ok(batches.data)
    }

    fn embed_in_batches<'a>(&'a self, texts: &'a [Tokens], pooling: Pooling) -> Result<Batches<'a>, Error> {
        texts.iter().enumerate().try_for_each(|(index, tokens)| self.check_tokens(index, tokens))?;
        Ok(Batches {
            embedder: self,
            texts,
            pooling,
            rest: batches(texts, self.is_mean_of_rows(pooling)).into_iter(),
            own_workspace: Workspace::default(),
            data: vec![0.0; texts.len() * self.dim()],
        })
    }

    /// Whether a vector is a mean of rows of a table, for which no other text has to be there.
    fn is_mean_of_rows(&self, pooling: Pooling) -> bool {
        self.config().is_static() && pooling == Pooling::Mean
    }

    /// Puts the pooled vectors of the texts at `indices` into `data` `[texts.len(), dim]`. `own` is for where another thread has the workspace.
    pub(crate) fn embed_batch(
        &self,
        texts: &[Tokens],
        indices: Vec<usize>,
        pooling: Pooling,
        own: &mut Workspace,
        data: &mut [f32],
    ) -> Result<(), Error> {
        let (hidden_size, dim) = (self.config().encoder.hidden_size, self.dim());
        let mut vector = Vec::new();
        if self.is_mean_of_rows(pooling) {
            for index in indices {
                vector.resize(hidden_size, 0.0);
                self.encoder().mean(&texts[index], &mut vector);
                self.finish(index, &mut vector, &mut data[index * dim..][..dim])?;
            }
            return Ok(());
        }
        self.forward_batch(texts, &indices, own, |index, vectors| {
            vector.resize(hidden_size, 0.0);
            pool(pooling, vectors, &mut vector);
            self.finish(index, &mut vector, &mut data[index * dim..][..dim])
        })
    }

    /// Runs the texts at `indices` through the encoder, and hands on the token vectors of each `[n_tokens, hidden_size]`.
    pub(crate) fn forward_batch(
        &self,
        texts: &[Tokens],
        indices: &[usize],
        own: &mut Workspace,
        mut sink: impl FnMut(usize, &[f32]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut kept = self.workspace.try_lock();
        let work = kept.as_deref_mut().unwrap_or(own);
        let batch: Vec<&Tokens> = indices.iter().map(|&index| &texts[index]).collect();
        work.resize(self.config(), batch.iter().map(|tokens| tokens.len()).sum());
        self.encoder().forward(&batch, work);
        let mut rest = &work.hidden[..];
        for (&index, tokens) in indices.iter().zip(batch) {
            let (vectors, behind) = rest.split_at(tokens.len() * self.config().encoder.hidden_size);
            rest = behind;
            sink(index, vectors)?;
        }
        Ok(())
    }

    /// What follows the pooling, from `vector` `[hidden_size]`, which it may change in any way, to `row` `[dim]`.
    fn finish(&self, index: usize, vector: &mut Vec<f32>, row: &mut [f32]) -> Result<(), Error> {
        self.views().modules.forward(vector);
        if self.config().normalize {
            normalize(vector);
        }
        if !all_finite(vector) {
            return Err(Error::NotFinite { index });
        }
        row.copy_from_slice(vector);
        Ok(())
    }

    /// The vector of each token of `texts` behind the last layer `[n_tokens, hidden_size]`, special tokens included, in the order of
    /// `texts`: `output_value="token_embeddings"` of sentence-transformers. They are what pooling reads, so neither pooling nor what
    /// follows it, normalization for instance, changes them. Of a static model they are the rows of its table, for the tokens that a text
    /// has: it has no special ones.
    ///
    /// A text's vectors are the same, to the bit, alone and in any batch.
    ///
    /// # Errors
    /// Those of [`Embedder::embed`].
    pub fn token_embeddings(&self, texts: &[Tokens]) -> Result<Vec<Vec<f32>>, Error> {
        let mut run = self.token_embeddings_in_batches(texts)?;
        let mut all = vec![Vec::new(); texts.len()];
        while let Some(batch) = run.step()? {
            batch.into_iter().for_each(|text| all[text.index] = text.data);
        }
        Ok(all)
    }

    /// What [`Embedder::token_embeddings`] does, a batch at a time: the vectors of many texts need much memory, 1,536 bytes a token where
    /// `hidden_size` is 384.
    ///
    /// # Errors
    /// Those of [`Embedder::embed`]; [`Error::NotFinite`] comes from [`TokenRun::step`].
    pub fn token_embeddings_in_batches<'a>(&'a self, texts: &'a [Tokens]) -> Result<TokenRun<'a>, Error> {
        texts.iter().enumerate().try_for_each(|(index, tokens)| self.check_tokens(index, tokens))?;
        let rest = batches(texts, false).into_iter();
        Ok(TokenRun { embedder: self, texts, rest, own_workspace: Workspace::default() })
    }

    /// Vectors of the tokens of one text as they enter the first transformer layer `[tokens, hidden_size]`.
    ///
    /// # Errors
    /// [`Error::Tokens`] and [`Error::TokenId`], as for [`Embedder::embed`].
    pub fn token_vectors(&self, tokens: &Tokens) -> Result<Vec<f32>, Error> {
        self.check_tokens(0, tokens)?;
        let mut work = Workspace::default();
        work.resize(self.config(), tokens.len());
        self.encoder().embed(&[tokens], &mut work);
        Ok(work.hidden)
    }

    /// Runs the first transformer layer over the token vectors of one text `[tokens, hidden_size]`, in place, and shows `observe` what
    /// goes into its linear layers: the layer and some rows of its input `[rows, in_features]`. Together these are all rows, one for
    /// each token. Calibration measures with this how large inputs get, with a file for each transformer layer.
    ///
    /// # Errors
    /// [`Error::Rows`] where `hidden` is no whole number of rows.
    pub fn observe_first_layer(
        &self,
        hidden: &mut Vec<f32>,
        observe: impl FnMut(LinearLayer, &[f32]),
    ) -> Result<(), Error> {
        let (len, dim) = (hidden.len(), self.dim());
        if !len.is_multiple_of(dim) {
            return Err(Error::Rows { name: "hidden", len, dim });
        }
        let mut work = Workspace::default();
        std::mem::swap(hidden, &mut work.hidden);
        work.resize(self.config(), len / dim);
        self.encoder().observe_first(len / dim, &mut work, observe);
        std::mem::swap(hidden, &mut work.hidden);
        Ok(())
    }

    /// Width of the model's vectors.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.config().dim()
    }

    /// The model's configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        self.file().config()
    }

    /// The packed file behind the model.
    #[must_use]
    pub fn file(&self) -> &ModelFile<'_> {
        &self.views().file
    }

    /// The model's tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer<'_> {
        &self.views().tokenizer
    }

    /// What is known about the model and the code that runs it.
    #[must_use]
    pub fn info(&self) -> ModelInfo {
        ModelInfo::of(self.file())
    }

    pub(crate) fn encoder(&self) -> &Encoder<'_> {
        &self.views().encoder
    }

    fn views(&self) -> &Views<'_> {
        self.model.borrow_dependent()
    }

    /// What `options` put before every text.
    ///
    /// # Errors
    /// [`Error::Option`] for a prompt that the model does not have.
    pub fn prompt<'a>(&'a self, options: &'a EncodeOptions) -> Result<&'a str, Error> {
        let prompts = &self.config().prompts;
        if let Some(prompt) = &options.prompt {
            return Ok(prompt);
        }
        let Some(name) = options.prompt_name.as_ref().or(self.config().default_prompt_name.as_ref()) else {
            return Ok("");
        };
        prompts.get(name).map(String::as_str).ok_or_else(|| {
            // A client may send anything.
            let name: String = name.chars().take(100).collect();
            let names: Vec<_> = prompts.keys().map(String::as_str).collect();
            let there = if names.is_empty() { "no prompts".to_owned() } else { names.join(", ") };
            Error::Option { option: "prompt_name", reason: format!("`{name}` is unknown: the model has {there}") }
        })
    }

    fn check_tokens(&self, index: usize, tokens: &Tokens) -> Result<(), Error> {
        let least = usize::from(!self.config().is_static());
        let most = self.config().encoder.max_position_embeddings;
        if !(least..=most).contains(&tokens.len()) {
            let reason = format!("there are {}, not {least} to {most}", tokens.len());
            return Err(Error::Tokens { index, reason });
        }
        if tokens.type_ids.len() != tokens.len() {
            let reason = format!("there are {} types for {} tokens", tokens.type_ids.len(), tokens.len());
            return Err(Error::Tokens { index, reason });
        }
        let EncoderConfig { vocab_size, type_vocab_size, .. } = self.config().encoder;
        if let Some(&id) = tokens.ids.iter().find(|&&id| id as usize >= vocab_size) {
            let added = self.config().tokenizer.added_tokens.iter().find(|token| token.id == id);
            let token = added.map(|token| token.content.clone());
            return Err(Error::TokenId { index, id, token, vocab_size });
        }
        // A model without token types reads none.
        let types = if type_vocab_size == 0 { usize::MAX } else { type_vocab_size };
        if let Some(id) = tokens.type_ids.iter().find(|&&id| id as usize >= types) {
            let reason = format!("token type {id} is not below type_vocab_size {type_vocab_size}");
            return Err(Error::Tokens { index, reason });
        }
        Ok(())
    }

    fn checked_dim(&self, options: &EncodeOptions) -> Result<usize, Error> {
        match options.truncate_dim {
            None => Ok(self.dim()),
            Some(dim) if (1..=self.dim()).contains(&dim) => Ok(dim),
            Some(dim) => {
                Err(Error::Option { option: "truncate_dim", reason: format!("{dim} is not in 1..={}", self.dim()) })
            }
        }
    }

    fn checked_limit(&self, options: &EncodeOptions) -> Result<usize, Error> {
        let most = self.config().encoder.max_position_embeddings;
        match options.max_seq_length {
            None => Ok(self.config().max_seq_length),
            Some(limit) if (2..=most).contains(&limit) => Ok(limit),
            Some(limit) => {
                Err(Error::Option { option: "max_seq_length", reason: format!("{limit} is not in 2..={most}") })
            }
        }
    }
}

impl fmt::Debug for Embedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedder").field("config", self.config()).finish_non_exhaustive()
    }
}

impl<'m> Views<'m> {
    fn of(file: ModelFile<'m>) -> Result<Self, Error> {
        Ok(Self {
            tokenizer: Tokenizer::view(&file)?,
            encoder: Encoder::view(&file)?,
            modules: SentenceModules::view(&file)?,
            file,
        })
    }
}
