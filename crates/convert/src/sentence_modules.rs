//! `modules.json` and the modules behind the pooling, as sentence-transformers 6 reads them: their settings, and their weights.

use minilm::format::names;
use minilm::{DenseActivation, DenseConfig, LayerNormConfig, SentenceModule};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::files::{ModelFiles, in_folder};
use crate::json::{read, refuse_unknown};
use crate::weights::Weights;

/// Most entries of `modules.json` that are read.
const MAX_ENTRIES: usize = 40;

/// What each module reads and writes.
const SENTENCE: &str = "sentence_embedding";

/// Classes of modules that are not supported, and what they are.
const REFUSED: [(&str, &str); 12] = [
    ("Asym", "it has other modules for queries than for documents"),
    ("BoW", "it counts words"),
    ("CLIPModel", "it embeds images too"),
    ("CNN", "it is another network over the tokens"),
    ("InputRouter", "it has other modules for other inputs"),
    ("LSTM", "it is another network over the tokens"),
    ("MLMTransformer", "it scores the vocabulary"),
    ("Router", "it has other modules for queries than for documents"),
    ("SpladePooling", "its vectors are sparse"),
    ("WeightedLayerPooling", "it needs the vectors of all layers"),
    ("WordEmbeddings", "it has no encoder"),
    ("WordWeights", "it weights words"),
];

/// Classes of `torch.nn`, each with its default arguments.
const ACTIVATIONS: [(&str, DenseActivation); 21] = [
    ("Identity", DenseActivation::Identity),
    ("Tanh", DenseActivation::Tanh),
    ("ReLU", DenseActivation::Relu),
    ("ReLU6", DenseActivation::Relu6),
    ("LeakyReLU", DenseActivation::LeakyRelu),
    ("ELU", DenseActivation::Elu),
    ("CELU", DenseActivation::Celu),
    ("SELU", DenseActivation::Selu),
    ("GELU", DenseActivation::Gelu),
    ("SiLU", DenseActivation::Silu),
    ("Mish", DenseActivation::Mish),
    ("Sigmoid", DenseActivation::Sigmoid),
    ("LogSigmoid", DenseActivation::LogSigmoid),
    ("Softplus", DenseActivation::Softplus),
    ("Softsign", DenseActivation::Softsign),
    ("Tanhshrink", DenseActivation::Tanhshrink),
    ("Softshrink", DenseActivation::Softshrink),
    ("Hardshrink", DenseActivation::Hardshrink),
    ("Hardtanh", DenseActivation::Hardtanh),
    ("Hardsigmoid", DenseActivation::Hardsigmoid),
    ("Hardswish", DenseActivation::Hardswish),
];

/// What `modules.json` says beside the transformer.
#[derive(Default)]
pub(super) struct Modules {
    /// Folder of the pooling module; `None` where there is no `modules.json`, which means mean pooling, and for static embeddings.
    pub(super) pooling: Option<String>,
    /// What follows the pooling or the static embeddings, but for a `Normalize` at the end.
    pub(super) behind: Vec<SentenceModule>,
    /// Whether there is one.
    pub(super) normalize: bool,
}

#[derive(Deserialize)]
struct Entry {
    path: String,
    r#type: String,
}

/// Reads the list and the settings of its modules, and adds their tensors to `weights`, under their names in the packed file.
pub(super) fn read_modules(files: &ModelFiles, weights: &mut Weights) -> Result<Modules, Error> {
    let Some(entries) = read::<Vec<Entry>>(files, "modules.json")? else {
        return Ok(Modules::default());
    };
    if entries.len() > MAX_ENTRIES {
        let reason = format!("there are {} modules, the limit is {MAX_ENTRIES}", entries.len());
        return Err(Error::config("modules.json", reason));
    }
    let classes = entries.iter().map(class).collect::<Result<Vec<_>, _>>()?;
    let (pooling, behind) = match &classes[..] {
        ["StaticEmbedding", behind @ ..] => (None, behind),
        ["Transformer", "Pooling", behind @ ..] => (Some(folder(&entries[1]).to_owned()), behind),
        _ => {
            let reason = "the first have to be Transformer and Pooling, or StaticEmbedding";
            return Err(refused(&classes.join(", "), reason));
        }
    };
    let mut modules = Modules { pooling, ..Modules::default() };
    for (class, entry) in behind.iter().zip(&entries[classes.len() - behind.len()..]) {
        let module = Module { files, folder: folder(entry), index: modules.behind.len() };
        match *class {
            "Dense" => modules.behind.push(module.dense(weights)?),
            "LayerNorm" => modules.behind.push(module.layer_norm(weights)?),
            "Normalize" => modules.behind.push(module.normalize()?),
            // It does nothing but in training.
            "Dropout" => {}
            _ => {
                return Err(refused(
                    &classes.join(", "),
                    "there can be one Transformer and one Pooling, or one StaticEmbedding",
                ));
            }
        }
    }
    modules.normalize = modules.behind.pop_if(|last| *last == SentenceModule::Normalize).is_some();
    Ok(modules)
}

/// The folder of static embeddings, where the model is one of these.
pub(super) fn static_embeddings(files: &ModelFiles) -> Result<Option<String>, Error> {
    let entries = read::<Vec<Entry>>(files, "modules.json")?.unwrap_or_default();
    let first = entries.first().filter(|entry| entry.r#type.ends_with(".StaticEmbedding"));
    Ok(first.map(|entry| folder(entry).to_owned()))
}

/// The name of the class. Its package has changed from version to version.
fn class(entry: &Entry) -> Result<&str, Error> {
    let class = entry.r#type.rsplit('.').next().unwrap_or_default();
    if !entry.r#type.starts_with("sentence_transformers.") {
        return Err(refused(&entry.r#type, "it is code of its own"));
    }
    let known = ["Transformer", "Pooling", "StaticEmbedding", "Dense", "LayerNorm", "Normalize", "Dropout"];
    match REFUSED.iter().find(|(name, _)| *name == class) {
        Some((_, reason)) => Err(refused(class, reason)),
        None if known.contains(&class) => Ok(class),
        None => Err(refused(class, &format!("supported are {}", known.join(", ")))),
    }
}

fn refused(what: &str, reason: &str) -> Error {
    Error::config("modules.json", format!("{what} is not supported: {reason}"))
}

fn folder(entry: &Entry) -> &str {
    entry.path.trim_end_matches('/')
}

/// A module in the making.
struct Module<'a> {
    files: &'a ModelFiles,
    folder: &'a str,
    /// Its place in the packed file.
    index: usize,
}

/// `config.json` of a Dense module, with the defaults of its class.
#[derive(Deserialize)]
struct DenseFile {
    in_features: usize,
    out_features: usize,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default = "tanh")]
    activation_function: String,
    #[serde(default)]
    use_residual: bool,
    #[serde(flatten)]
    other: Map<String, Value>,
}

fn yes() -> bool {
    true
}

fn tanh() -> String {
    "torch.nn.Tanh".to_owned()
}

/// `config.json` of a LayerNorm module.
#[derive(Deserialize)]
struct LayerNormFile {
    dimension: usize,
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl Module<'_> {
    fn normalize(&self) -> Result<SentenceModule, Error> {
        let fields: Option<Map<String, Value>> = match self.folder {
            "" => None,
            _ => read(self.files, &self.path("config.json"))?,
        };
        self.check_other(&fields.unwrap_or_default())?;
        Ok(SentenceModule::Normalize)
    }

    fn dense(&self, weights: &mut Weights) -> Result<SentenceModule, Error> {
        let file: DenseFile = self.settings()?;
        self.check_other(&file.other)?;
        let config = DenseConfig {
            in_features: file.in_features,
            out_features: file.out_features,
            bias: file.bias,
            activation: self.activation(&file.activation_function)?,
            use_residual: file.use_residual,
        };
        let shape = [config.out_features, config.in_features];
        let mut tensors = vec![("linear.weight", "weight", &shape[..])];
        if config.bias {
            tensors.push(("linear.bias", "bias", &shape[..1]));
        }
        if config.use_residual && shape[0] != shape[1] {
            tensors.push(("residual.weight", "residual", &shape[..]));
        }
        self.take(&tensors, weights)?;
        Ok(SentenceModule::Dense(config))
    }

    fn layer_norm(&self, weights: &mut Weights) -> Result<SentenceModule, Error> {
        let LayerNormFile { dimension, other } = self.settings()?;
        self.check_other(&other)?;
        let shape = [dimension];
        self.take(&[("norm.weight", "weight", &shape), ("norm.bias", "bias", &shape)], weights)?;
        Ok(SentenceModule::LayerNorm(LayerNormConfig { dimension }))
    }

    fn activation(&self, path: &str) -> Result<DenseActivation, Error> {
        let class = path.rsplit('.').next().unwrap_or_default();
        let of_torch = path.starts_with("torch.nn.") && !path.starts_with("torch.nn.functional.");
        let known = ACTIVATIONS.iter().find(|(name, _)| of_torch && *name == class);
        known.map(|&(_, activation)| activation).ok_or_else(|| {
            let names = ACTIVATIONS.map(|(name, _)| name).join(", ");
            let reason = format!("`{path}` is not supported; supported are the classes of torch.nn {names}");
            Error::config(format!("{}: activation_function", self.path("config.json")), reason)
        })
    }

    /// Names of what is read and written may be there; other fields may not.
    fn check_other(&self, fields: &Map<String, Value>) -> Result<(), Error> {
        let path = self.path("config.json");
        let names = ["module_input_name", "module_output_name"];
        for name in names {
            let found = fields.get(name).unwrap_or(&Value::Null);
            if !found.is_null() && found != SENTENCE {
                let reason = format!("{found} is not supported, only `{SENTENCE}` is");
                return Err(Error::config(format!("{path}: {name}"), reason));
            }
        }
        refuse_unknown(&path, fields, &names)
    }

    fn settings<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let path = self.path("config.json");
        read(self.files, &path)?.ok_or(Error::MissingFile(path))
    }

    /// Moves tensors of the module's file, each with its name there, its name in the packed file and its shape. There have to be these
    /// and no others.
    fn take(&self, tensors: &[(&str, &str, &[usize])], weights: &mut Weights) -> Result<(), Error> {
        let file = Weights::of_module(self.files, self.folder)?;
        let names: Vec<String> = tensors.iter().map(|(name, ..)| self.path(name)).collect();
        if let Some((name, ..)) = file.iter().find(|(name, ..)| !names.iter().any(|known| known == name)) {
            return Err(Error::config(name, "there is no place for this tensor in the module"));
        }
        for (name, (_, part, shape)) in names.iter().zip(tensors) {
            let values = file.get(name, shape)?.to_vec();
            weights.insert(names::module(self.index, part), shape.to_vec(), values)?;
        }
        Ok(())
    }

    fn path(&self, file: &str) -> String {
        in_folder(self.folder, file)
    }
}
