//! ONNX files as PyTorch writes them.

use prost::Message;

use crate::common::tiny::Tiny;

#[derive(Clone, Message)]
pub struct Model {
    #[prost(message, optional, tag = "7")]
    pub graph: Option<Graph>,
}

#[derive(Clone, Message)]
pub struct Graph {
    #[prost(message, repeated, tag = "1")]
    pub nodes: Vec<Node>,
    #[prost(message, repeated, tag = "5")]
    pub initializers: Vec<Initializer>,
}

#[derive(Clone, Message)]
pub struct Node {
    #[prost(string, repeated, tag = "1")]
    pub inputs: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub outputs: Vec<String>,
    #[prost(string, tag = "4")]
    pub operator: String,
}

#[derive(Clone, Message)]
pub struct Initializer {
    #[prost(int64, repeated, tag = "1")]
    pub dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    #[prost(string, tag = "8")]
    pub name: String,
    #[prost(bytes = "vec", tag = "9")]
    pub raw_data: Vec<u8>,
}

/// The model as PyTorch exports it: matrices are constants without a name, transposed, and the bias stands on either side.
pub fn onnx(tiny: &Tiny) -> Model {
    let mut graph = Graph::default();
    for (index, (name, (shape, values))) in tiny.weights.iter().enumerate() {
        let is_linear = shape.len() == 2 && name.starts_with("encoder.");
        let (mut dims, mut values, mut own_name) =
            (shape.clone(), values.clone(), format!("model.0.auto_model.{name}"));
        if is_linear {
            let (rows, columns) = (shape[0], shape[1]);
            values =
                (0..columns).flat_map(|c| (0..rows).map(|r| values[r * columns + c]).collect::<Vec<_>>()).collect();
            dims = vec![columns, rows];
            let bias = format!("model.0.auto_model.{}", name.replace(".weight", ".bias"));
            own_name = format!("onnx::MatMul_{index}");
            let product = format!("product {index}");
            let mut inputs = vec![bias, product.clone()];
            inputs.rotate_left(index % 2);
            graph.nodes.push(node("MatMul", vec!["x".to_owned(), own_name.clone()], &product));
            graph.nodes.push(node("Add", inputs, "y"));
        }
        graph.initializers.push(Initializer {
            dims: dims.iter().map(|&dim| dim as i64).collect(),
            data_type: 1,
            name: own_name,
            raw_data: values.iter().flat_map(|x| x.to_le_bytes()).collect(),
        });
    }
    // What is no weight of the encoder.
    graph.initializers.push(Initializer {
        dims: vec![1],
        data_type: 7,
        name: "/Constant".to_owned(),
        raw_data: vec![0; 8],
    });
    Model { graph: Some(graph) }
}

pub fn node(operator: &str, inputs: Vec<String>, output: &str) -> Node {
    Node { inputs, outputs: vec![output.to_owned()], operator: operator.to_owned() }
}
