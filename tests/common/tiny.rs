//! A model of 40 tokens and random weights, written down in the test: the files of its directory, to be changed at will.

use std::collections::BTreeMap;

use minilm::Precision;
use minilm_convert::{Error, ModelFiles, Source};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};

use super::random::Random;

/// The vocabulary, in the order of the ids.
pub const VOCABULARY: [&str; 40] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "sat", "on", "mat", "hello", "world", "##s", "##ing",
    "##ed", "a", "b", "c", "d", "e", "##a", "##b", "##c", "##d", "##e", "1", "2", "##1", "##2", ".", ",", "!", "?",
    "'", "中", "国", "the##", "un", "##known", "query",
];

/// Texts that it covers with more than `[UNK]`.
pub const TEXTS: [&str; 8] = [
    "the cat sat on the mat.",
    "",
    "a",
    "Hello, world! Unknown cats?",
    "abcde edcba abab baba cdcd",
    "12 21 1 2 中国 thes cating mated",
    "[MASK] on [SEP] world",
    "zzz the \u{301}e cat \u{1f600}",
];

/// Sizes of the encoder.
#[derive(Clone, Copy)]
pub struct Shape {
    pub hidden: usize,
    pub heads: usize,
    pub layers: usize,
    pub intermediate: usize,
}

/// The files of a model directory.
#[derive(Clone)]
pub struct Tiny {
    pub json: BTreeMap<String, Value>,
    /// Shape and values of each tensor.
    pub weights: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    /// How the weights are written: F32, F16 or BF16.
    pub dtype: Dtype,
}

/// Those of the default model.
pub const SHAPE: Shape = Shape { hidden: 16, heads: 2, layers: 2, intermediate: 64 };

impl Default for Tiny {
    fn default() -> Self {
        Self::new(SHAPE)
    }
}

impl Tiny {
    pub fn new(shape: Shape) -> Self {
        let json = [
            ("config.json", config(shape)),
            ("modules.json", modules(&["Transformer", "Pooling", "Normalize"])),
            (
                "1_Pooling/config.json",
                json!({"word_embedding_dimension": shape.hidden, "pooling_mode_mean_tokens": true}),
            ),
            ("sentence_bert_config.json", json!({"max_seq_length": 24, "do_lower_case": false})),
            ("tokenizer.json", tokenizer()),
            // The class that takes `tokenizer.json` as it is.
            ("tokenizer_config.json", json!({"tokenizer_class": "PreTrainedTokenizerFast"})),
        ];
        let json = json.into_iter().map(|(path, value)| (path.to_owned(), value)).collect();
        Self { json, weights: weights(shape), dtype: Dtype::F32 }
    }

    /// An MPNet. Token 1 is padding there, so the words that are unknown have no position here.
    pub fn of_mpnet(shape: Shape) -> Self {
        let mut tiny = Self::new(shape).set("config.json", "/model_type", json!("mpnet")).set(
            "config.json",
            "/max_position_embeddings",
            json!(34),
        );
        tiny.weights.remove("embeddings.token_type_embeddings.weight");
        let parts = [
            ("attention.self.query", "attention.attn.q"),
            ("attention.self.key", "attention.attn.k"),
            ("attention.self.value", "attention.attn.v"),
            ("attention.output.dense", "attention.attn.o"),
            ("attention.output.LayerNorm", "attention.LayerNorm"),
        ];
        let rename = |name: String| parts.iter().fold(name, |name, (bert, own)| name.replace(bert, own));
        tiny.weights = tiny.weights.into_iter().map(|(name, tensor)| (rename(name), tensor)).collect();
        tiny.weights.extend(filled(
            Random(1),
            vec![
                ("embeddings.position_embeddings.weight".to_owned(), vec![34, shape.hidden], 0.0, 1.0),
                ("encoder.relative_attention_bias.weight".to_owned(), vec![32, shape.heads], 0.0, 1.5),
            ],
        ));
        tiny
    }

    /// Static embeddings over the vocabulary.
    pub fn of_static_embeddings(dim: usize) -> Self {
        let random = Self::new(Shape { hidden: dim, heads: 1, layers: 0, intermediate: 1 });
        let table = random.weights["embeddings.word_embeddings.weight"].clone();
        let module =
            json!([{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"}]);
        Self {
            json: [("modules.json".to_owned(), module), ("tokenizer.json".to_owned(), tokenizer())].into(),
            weights: [("embedding.weight".to_owned(), table)].into(),
            dtype: Dtype::F32,
        }
    }

    /// Replaces a file.
    pub fn with(mut self, path: &str, content: Value) -> Self {
        self.json.insert(path.to_owned(), content);
        self
    }

    /// Sets one field of a file: `pointer` is a JSON pointer to an object's field, there or not.
    pub fn set(mut self, path: &str, pointer: &str, value: Value) -> Self {
        let (parent, field) = pointer.rsplit_once('/').expect("pointers begin with a slash");
        let file = self.json.get_mut(path).expect("the file is there");
        file.pointer_mut(parent).expect("the field's object is there")[field] = value;
        self
    }

    pub fn without(mut self, path: &str) -> Self {
        self.json.remove(path);
        self
    }

    pub fn files(&self) -> ModelFiles {
        let mut files = ModelFiles::default();
        self.json.iter().for_each(|(path, value)| files.insert(path, value.to_string().into_bytes()));
        files.insert("model.safetensors", self.safetensors());
        files
    }

    pub fn read(&self) -> Result<Source, Error> {
        Source::read("tiny", &self.files())
    }

    pub fn pack(&self, precision: Precision) -> Vec<u8> {
        self.read().and_then(|source| source.pack(precision)).expect("the model is valid")
    }

    pub fn safetensors(&self) -> Vec<u8> {
        let bytes = |values: &[f32]| match self.dtype {
            Dtype::F16 => values.iter().flat_map(|&x| f16_bits(x).to_le_bytes()).collect(),
            Dtype::BF16 => values.iter().flat_map(|&x| ((x.to_bits() >> 16) as u16).to_le_bytes()).collect(),
            _ => values.iter().flat_map(|&x| x.to_le_bytes()).collect::<Vec<_>>(),
        };
        let data: Vec<(&String, &Vec<usize>, Vec<u8>)> =
            self.weights.iter().map(|(name, (shape, values))| (name, shape, bytes(values))).collect();
        let view = |shape: &[usize], data| TensorView::new(self.dtype, shape.to_vec(), data).expect("sizes agree");
        let views = data.iter().map(|(name, shape, data)| (name.as_str(), view(shape, data)));
        safetensors::serialize(views, None).expect("the tensors are valid")
    }
}

pub fn modules(classes: &[&str]) -> Value {
    let module = |(index, class): (usize, &&str)| {
        let path = if index == 0 { String::new() } else { format!("{index}_{class}") };
        json!({"idx": index, "name": index.to_string(), "path": path, "type": format!("sentence_transformers.models.{class}")})
    };
    Value::Array(classes.iter().enumerate().map(module).collect())
}

fn config(shape: Shape) -> Value {
    json!({
        "model_type": "bert", "hidden_act": "gelu", "vocab_size": VOCABULARY.len(), "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers, "num_attention_heads": shape.heads, "intermediate_size": shape.intermediate,
        "max_position_embeddings": 32, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
    })
}

fn tokenizer() -> Value {
    let ids: BTreeMap<&str, usize> = VOCABULARY.into_iter().zip(0..).collect();
    let added = |id: usize| {
        json!({"id": id, "content": VOCABULARY[id], "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true})
    };
    let special = |id: usize, type_id: usize| json!({"SpecialToken": {"id": VOCABULARY[id], "type_id": type_id}});
    let sequence = |name: &str, type_id: usize| json!({"Sequence": {"id": name, "type_id": type_id}});
    let entry = |id: usize| json!({"id": VOCABULARY[id], "ids": [id], "tokens": [VOCABULARY[id]]});
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": (0..5).map(added).collect::<Vec<_>>(),
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
            "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing",
            "single": [special(2, 0), sequence("A", 0), special(3, 0)],
            "pair": [special(2, 0), sequence("A", 0), special(3, 0), sequence("B", 1), special(3, 1)],
            "special_tokens": {"[CLS]": entry(2), "[SEP]": entry(3)}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": ids},
    })
}

/// A tensor to fill: its name, its shape, the middle of its values and how far they go from there.
type Plan = (String, Vec<usize>, f32, f32);

/// Weights of about the size that keeps activations near one. Every value is a multiple of 1/64 below 2, which is a number
/// in all three types.
fn weights(shape: Shape) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    filled(Random(shape.hidden as u64), plans(shape))
}

fn filled(mut random: Random, plans: Vec<Plan>) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    let fill = |(name, shape, center, spread): Plan| {
        let mut value = || ((center + spread * random.float()) * 64.0).round() / 64.0;
        let values = (0..shape.iter().product()).map(|_| value()).collect();
        (name, (shape, values))
    };
    plans.into_iter().map(fill).collect()
}

fn plans(Shape { hidden, intermediate, layers, .. }: Shape) -> Vec<Plan> {
    let norm = |name: &str| {
        [("weight", 1.0), ("bias", 0.0)]
            .map(|(end, center)| (format!("{name}.LayerNorm.{end}"), vec![hidden], center, 0.5))
    };
    let mut plans = Vec::new();
    for (name, rows) in [("word", VOCABULARY.len()), ("position", 32), ("token_type", 2)] {
        plans.push((format!("embeddings.{name}_embeddings.weight"), vec![rows, hidden], 0.0, 1.0));
    }
    plans.extend(norm("embeddings"));
    for layer in 0..layers {
        let at = |part: &str| format!("encoder.layer.{layer}.{part}");
        for (part, inputs, outputs) in [
            ("attention.self.query", hidden, hidden),
            ("attention.self.key", hidden, hidden),
            ("attention.self.value", hidden, hidden),
            ("attention.output.dense", hidden, hidden),
            ("intermediate.dense", hidden, intermediate),
            ("output.dense", intermediate, hidden),
        ] {
            let spread = 1.5 / (inputs as f32).sqrt();
            plans.push((format!("{}.weight", at(part)), vec![outputs, inputs], 0.0, spread));
            plans.push((format!("{}.bias", at(part)), vec![outputs], 0.0, 0.25));
        }
        plans.extend(norm(&at("attention.output")));
        plans.extend(norm(&at("output")));
    }
    plans
}

/// The bits of a number that `f16` holds exactly.
pub fn f16_bits(x: f32) -> u16 {
    let bits = x.to_bits();
    if x == 0.0 {
        return (bits >> 16) as u16;
    }
    let exponent = (bits >> 23 & 0xff) as i32 - 127 + 15;
    assert!((1..31).contains(&exponent) && bits & 0x1fff == 0, "{x} is not exact in f16");
    (bits >> 16 & 0x8000) as u16 | (exponent as u16) << 10 | (bits >> 13 & 0x3ff) as u16
}
