//! The tokenizer as transformers 5 puts it together: of `tokenizer.json` or `vocab.txt`, and of the files beside it.
//!
//! For the classes of BERT and MPNet only the vocabulary and the added tokens of `tokenizer.json` count. Everything else comes from
//! `tokenizer_config.json` and has defaults. Any other class takes `tokenizer.json` as it is. Tokens can be added by four files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::unsupported;
use crate::encoder::model_type;
use crate::error::Error;
use crate::files::ModelFiles;
use crate::json::read;

/// Classes that are put together of their settings.
struct Class {
    names: &'static [&'static str],
    /// The defaults of [`NAMED`].
    named: [Option<&'static str>; NAMED.len()],
    /// Whether pairs have two separators between the texts, and no types.
    double_sep: bool,
}

const BERT: Class = Class {
    names: &["BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "DistilBertTokenizerFast"],
    named: [None, None, Some("[UNK]"), Some("[SEP]"), Some("[PAD]"), Some("[CLS]"), Some("[MASK]")],
    double_sep: false,
};

const MPNET: Class = Class {
    names: &["MPNetTokenizer", "MPNetTokenizerFast"],
    named: [Some("<s>"), Some("</s>"), Some("[UNK]"), Some("</s>"), Some("<pad>"), Some("<s>"), Some("<mask>")],
    double_sep: true,
};

/// Named special tokens, in the order in which they are added.
const NAMED: [&str; 7] = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/// Lists of further special tokens.
const EXTRA: [&str; 2] = ["additional_special_tokens", "extra_special_tokens"];

/// The fields of `tokenizer.json`, as they are used.
pub(super) fn read_tokenizer(files: &ModelFiles) -> Result<Map<String, Value>, Error> {
    let path = files.transformer("tokenizer.json");
    let mut settings: Map<String, Value> =
        read(files, &files.transformer("tokenizer_config.json"))?.unwrap_or_default();
    let file: Option<Value> = read(files, &path)?;
    let class = match settings.get("tokenizer_class").and_then(Value::as_str) {
        Some(name) => [&BERT, &MPNET].into_iter().find(|class| class.names.contains(&name)),
        // The class that transformers takes for the architecture.
        None if model_type(files)? == "mpnet" => Some(&MPNET),
        None => Some(&BERT),
    };
    let mut fields = match file {
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err(unsupported("this is no JSON object")),
        None if class.is_some() && files.get(&files.transformer("vocab.txt")).is_some() => Map::new(),
        None => return Err(Error::MissingFile(path)),
    };
    let mut added = added_tokens(files, &mut settings, &fields, class)?;
    if let Some(class) = class {
        let kind = fields.get("model").and_then(|model| model["type"].as_str());
        if kind.is_some_and(|kind| kind != "WordPiece") {
            return Err(unsupported("the model is not WordPiece"));
        }
        let vocabulary = match fields.get_mut("model").map(|model| model.get_mut("vocab").map(Value::take)) {
            Some(Some(Value::Object(vocabulary))) => vocabulary,
            Some(_) => return Err(unsupported("the model has no `vocab` of tokens and ids")),
            None => vocabulary(files)?,
        };
        fields = put_together(class, &settings, vocabulary)?;
    } else {
        let own = own_tokens(&fields)?;
        added.retain(|token| !own.iter().any(|own| own.content == token.content));
        added.splice(0..0, own);
    }
    let ids = |token: &str| fields.get("model")?["vocab"].get(token)?.as_u64();
    let mut next = fields.get("model").and_then(|model| model["vocab"].as_object()).map_or(0, Map::len) as u64;
    for token in &mut added {
        let id = ids(&token.content).or(token.id.filter(|_| class.is_none())).unwrap_or(next);
        next = next.max(id.saturating_add(1));
        token.id = Some(id);
    }
    fields.insert("added_tokens".to_owned(), json!(added));
    Ok(fields)
}

/// A line of `vocab.txt` is a token, and its number the id.
fn vocabulary(files: &ModelFiles) -> Result<Map<String, Value>, Error> {
    let text = std::str::from_utf8(files.require(&files.transformer("vocab.txt"))?);
    let text = text.map_err(|error| unsupported(format!("vocab.txt is not UTF-8: {error}")))?;
    Ok(text.lines().zip(0_u32..).map(|(token, id)| (token.to_owned(), id.into())).collect())
}

/// What a class makes of its settings.
fn put_together(
    class: &Class,
    settings: &Map<String, Value>,
    vocabulary: Map<String, Value>,
) -> Result<Map<String, Value>, Error> {
    let flag = |name: &str, default: Value| match settings.get(name) {
        None => Ok(default),
        Some(value @ (Value::Bool(_) | Value::Null)) => Ok(value.clone()),
        Some(value) => Err(Error::config(
            format!("tokenizer_config.json: {name}"),
            format!("{value} is neither true, false nor null"),
        )),
    };
    let on = |name: &str| flag(name, true.into()).map(|value| value == Value::Bool(true));
    let named = |at: usize| settings.get(NAMED[at]).and_then(content).or(class.named[at]).unwrap_or_default();
    let [unk, sep, cls] = [2, 3, 5].map(named);
    let id = |token: &str| {
        let id = vocabulary.get(token).cloned();
        id.ok_or_else(|| unsupported(format!("the vocabulary has no {token:?}")))
    };
    let special = |token: &str| id(token).map(|id| json!({ "id": token, "ids": [id], "tokens": [token] }));
    let token = |token: &str, type_id: u8| json!({ "SpecialToken": { "id": token, "type_id": type_id } });
    let second = u8::from(!class.double_sep);
    let (a, b) =
        (json!({ "Sequence": { "id": "A", "type_id": 0 } }), json!({ "Sequence": { "id": "B", "type_id": second } }));
    let mut pair = vec![token(cls, 0), a.clone(), token(sep, 0), b, token(sep, second)];
    if class.double_sep {
        pair.insert(3, token(sep, 0));
    }
    let template = json!({
        "type": "TemplateProcessing",
        "single": [token(cls, 0), a, token(sep, 0)],
        "pair": pair,
        "special_tokens": { cls: special(cls)?, sep: special(sep)? },
    });
    let fields = json!({
        "version": "1.0",
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": true,
            "handle_chinese_chars": on("tokenize_chinese_chars")?,
            "strip_accents": flag("strip_accents", Value::Null)?,
            "lowercase": on("do_lower_case")?,
        },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "decoder": { "type": "WordPiece", "prefix": "##", "cleanup": true },
        "post_processor": template,
        "model": {
            "type": "WordPiece",
            "unk_token": unk,
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocabulary,
        },
    });
    match fields {
        Value::Object(fields) => Ok(fields),
        _ => unreachable!("it was written as an object"),
    }
}

/// The text of a token, which is written as a string or as an object.
fn content(token: &Value) -> Option<&str> {
    token.as_str().or_else(|| token["content"].as_str())
}

/// A token that is added to the vocabulary.
#[derive(Clone, Serialize, Deserialize)]
struct Token {
    id: Option<u64>,
    content: String,
    #[serde(default)]
    single_word: bool,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
    normalized: Option<bool>,
    #[serde(default)]
    special: bool,
}

impl Token {
    /// A token in a file. It is searched in the normalized text, unless it is special or says otherwise.
    fn read(value: &Value, file: &str) -> Result<Self, Error> {
        let token = serde_json::from_value(value.clone());
        let token: Self = token.map_err(|cause| Error::Json { file: file.to_owned(), cause })?;
        Ok(Self { normalized: Some(token.normalized.unwrap_or(!token.special)), ..token })
    }

    fn new(content: String, special: bool) -> Self {
        let (single_word, lstrip, rstrip) = (false, false, false);
        Self { id: None, content, single_word, lstrip, rstrip, normalized: Some(!special), special }
    }
}

/// The added tokens of `tokenizer.json`.
fn own_tokens(tokenizer: &Map<String, Value>) -> Result<Vec<Token>, Error> {
    let tokens = tokenizer.get("added_tokens").and_then(Value::as_array).into_iter().flatten();
    tokens.map(|token| Token::read(token, "tokenizer.json")).collect()
}

/// The tokens that are added to the vocabulary, in the order of their ids; named ones come last, unless they are among the others.
/// `settings` gets what `special_tokens_map.json` says.
fn added_tokens(
    files: &ModelFiles,
    settings: &mut Map<String, Value>,
    tokenizer: &Map<String, Value>,
    class: Option<&Class>,
) -> Result<Vec<Token>, Error> {
    let mut tokens: BTreeMap<u64, Token> = BTreeMap::new();
    if let Some(decoder) = settings.get("added_tokens_decoder") {
        // Where it is there, it stands for all files.
        let wrong = || Error::config("tokenizer_config.json: added_tokens_decoder", "is no object of ids and tokens");
        for (id, token) in decoder.as_object().ok_or_else(wrong)? {
            let token = Token::read(token, "tokenizer_config.json")?;
            tokens.insert(id.parse().map_err(|_| wrong())?, Token { id: None, ..token });
        }
    } else {
        let map: Option<Map<String, Value>> = read(files, &files.transformer("special_tokens_map.json"))?;
        settings.extend(map.unwrap_or_default());
        let special = special_tokens(settings, class);
        let listed: Option<BTreeMap<String, u64>> = read(files, &files.transformer("added_tokens.json"))?;
        for (token, id) in listed.unwrap_or_default() {
            let is_special = special.contains(&token);
            tokens.insert(id, Token::new(token, is_special));
        }
        for token in own_tokens(tokenizer)? {
            tokens.insert(token.id.unwrap_or_default(), token);
        }
    }
    let mut tokens: Vec<Token> = tokens.into_values().collect();
    for token in special_tokens(settings, class) {
        if !tokens.iter().any(|known| known.content == token) {
            tokens.push(Token::new(token, true));
        }
    }
    Ok(tokens)
}

/// The special tokens that the settings name, with the defaults of the class.
fn special_tokens(settings: &Map<String, Value>, class: Option<&Class>) -> Vec<String> {
    let defaults = class.map_or([None; NAMED.len()], |class| class.named);
    let named =
        NAMED.iter().zip(defaults).filter_map(|(name, default)| settings.get(*name).and_then(content).or(default));
    let extra = EXTRA.iter().filter_map(|name| settings.get(*name)?.as_array()).flatten().filter_map(content);
    named.chain(extra).map(str::to_owned).collect()
}
