//! The names of DistilBERT's tensors, which are those of a BERT otherwise.

/// What the names of its layers begin with.
pub(super) const LAYER: &str = "transformer.layer.";

/// Parts of a layer, and what they are called in a BERT.
const PARTS: [(&str, &str); 8] = [
    ("attention.q_lin", "attention.self.query"),
    ("attention.k_lin", "attention.self.key"),
    ("attention.v_lin", "attention.self.value"),
    ("attention.out_lin", "attention.output.dense"),
    ("sa_layer_norm", "attention.output.LayerNorm"),
    ("ffn.lin1", "intermediate.dense"),
    ("ffn.lin2", "output.dense"),
    ("output_layer_norm", "output.LayerNorm"),
];

/// The name in a BERT of `transformer.layer.{name}`.
pub(super) fn layer_tensor(name: &str) -> Option<String> {
    let (index, name) = name.split_once('.')?;
    let (part, end) = name.rsplit_once('.')?;
    let (_, part) = PARTS.iter().find(|(own, _)| *own == part)?;
    Some(format!("encoder.layer.{index}.{part}.{end}"))
}
