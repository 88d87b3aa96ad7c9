//! ONNX exports of an encoder: the initializers of the graph.
//!
//! Embeddings, normalizations and biases keep their names. The matrices of linear layers are constants without a name, `[in, out]`, each the
//! right operand of a `MatMul`; the `Add` behind it has the bias, and so the name of the layer. The form is that of
//! [onnx.proto3](https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3), of which only the fields used here are declared.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;

use super::{Numbers, Rename, Values, Weights};
use crate::error::Error;

#[derive(Message)]
struct Model {
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
}

#[derive(Message)]
struct Graph {
    #[prost(message, repeated, tag = "1")]
    nodes: Vec<Node>,
    #[prost(message, repeated, tag = "5")]
    initializers: Vec<TensorProto>,
}

#[derive(Message)]
struct Node {
    #[prost(string, repeated, tag = "1")]
    inputs: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    outputs: Vec<String>,
    #[prost(string, tag = "4")]
    operator: String,
}

#[derive(Message)]
struct TensorProto {
    #[prost(int64, repeated, tag = "1")]
    dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    data_type: i32,
    #[prost(float, repeated, tag = "4")]
    float_data: Vec<f32>,
    #[prost(string, tag = "8")]
    name: String,
    #[prost(bytes = "bytes", tag = "9")]
    raw_data: Bytes,
    #[prost(int32, tag = "14")]
    data_location: i32,
}

/// `data_type` of the numbers that are read.
const FLOAT: i32 = 1;
const FLOAT16: i32 = 10;
const BFLOAT16: i32 = 16;

/// Operators of graphs that hold weights in fewer bits than were trained.
const QUANTIZED: [&str; 4] = ["MatMulInteger", "DynamicQuantizeLinear", "DequantizeLinear", "MatMulNBits"];

/// Adds the tensors of the file `bytes`, which errors call `file`, under the names that `rename` gives them. They stay in its memory.
pub(super) fn read(file: &str, bytes: &Bytes, weights: &mut Weights, rename: Rename<'_>) -> Result<(), Error> {
    let invalid = |reason: String| Error::WeightsFile { file: file.to_owned(), reason };
    let model = Model::decode(bytes.clone()).map_err(|error| invalid(format!("not a valid ONNX file: {error}")))?;
    let graph = model.graph.ok_or_else(|| invalid("it has no graph".to_owned()))?;
    if let Some(node) = graph.nodes.iter().find(|node| QUANTIZED.contains(&node.operator.as_str())) {
        return Err(invalid(format!("it is quantized (`{}`): give the export in float", node.operator)));
    }
    let layers = layers(&graph);
    for tensor in &graph.initializers {
        let matrix = layers.get(tensor.name.as_str()).and_then(|bias| rename(bias));
        let name = match &matrix {
            Some(bias) => bias.strip_suffix("bias").map(|stem| format!("{stem}weight")),
            None => rename(&tensor.name),
        };
        let Some(name) = name else { continue };
        if tensor.data_location != 0 {
            return Err(invalid(format!("`{name}` lies in another file, which is not supported")));
        }
        let shape: Option<Vec<usize>> = tensor.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
        let shape = shape.ok_or_else(|| invalid(format!("`{name}` has a negative dimension")))?;
        let values = values(tensor).ok_or_else(|| {
            invalid(format!("`{name}` has data type {}: float, float16 and bfloat16 are supported", tensor.data_type))
        })?;
        let len = match &values {
            Values::InFile { bytes, numbers } => bytes.len() / numbers.size(),
            _ => tensor.float_data.len(),
        };
        if shape.iter().try_fold(1_usize, |len, &dim| len.checked_mul(dim)) != Some(len) {
            return Err(invalid(format!("`{name}` has {len} values, its shape is {shape:?}")));
        }
        match (matrix, &shape[..]) {
            (Some(_), &[rows, columns]) => {
                weights.insert(name, vec![columns, rows], transposed(values, rows, columns))?
            }
            _ => weights.insert(name, shape, values)?,
        }
    }
    Ok(())
}

/// The name of the bias by the name of the matrix, for each product that a bias is added to.
fn layers(graph: &Graph) -> BTreeMap<&str, &str> {
    let products: BTreeMap<&str, &str> = graph
        .nodes
        .iter()
        .filter(|node| node.operator == "MatMul")
        .filter_map(|node| Some((node.outputs.first()?.as_str(), node.inputs.get(1)?.as_str())))
        .collect();
    let mut found = BTreeMap::new();
    for node in graph.nodes.iter().filter(|node| node.operator == "Add") {
        // The order of the operands is the exporter's choice.
        for (product, bias) in [(0, 1), (1, 0)] {
            let [product, bias] = [product, bias].map(|at| node.inputs.get(at).map_or("", String::as_str));
            if let Some(matrix) = products.get(product) {
                found.insert(*matrix, bias);
            }
        }
    }
    found
}

fn values(tensor: &TensorProto) -> Option<Values> {
    let numbers = match tensor.data_type {
        FLOAT if tensor.raw_data.is_empty() => return Some(tensor.float_data.clone().into()),
        FLOAT => Numbers::F32,
        FLOAT16 => Numbers::F16,
        BFLOAT16 => Numbers::BF16,
        _ => return None,
    };
    Some(Values::InFile { bytes: tensor.raw_data.clone(), numbers })
}

/// `values` `[rows, columns]` as `[columns, rows]`.
fn transposed(values: Values, rows: usize, columns: usize) -> Values {
    match values {
        Values::InFile { bytes, numbers } => Values::Transposed { bytes, numbers, rows, columns },
        other => {
            let values = other.slice(0..rows * columns);
            let column = |column| values.iter().skip(column).step_by(columns).copied();
            (0..columns).flat_map(column).collect::<Vec<f32>>().into()
        }
    }
}
