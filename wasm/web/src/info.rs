//! Facts about a model.

use js_sys::{Array, Object, Reflect};
use minilm::ModelInfo;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::{JsCast, JsValue};

use crate::error::camel_case;

/// `info` as an object with the names of JavaScript: `model_sha256` is `modelSha256`.
pub fn to_js(info: &ModelInfo) -> Result<JsValue, JsValue> {
    let fields: Object = info.serialize(&Serializer::json_compatible())?.unchecked_into();
    let renamed = Object::new();
    for field in Object::entries(&fields) {
        let field: Array = field.unchecked_into();
        let name = field.get(0).as_string().unwrap_or_default();
        Reflect::set(&renamed, &camel_case(&name).into(), &field.get(1))?;
    }
    Ok(renamed.into())
}
