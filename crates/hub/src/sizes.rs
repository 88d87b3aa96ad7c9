//! How large each kind of file may be. A server that sends more is refused as soon as it says so, or as soon as it does so.

use std::fmt::Display;

use super::Error;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// A wheel, whatever is in it.
pub const WHEEL: u64 = 4 * GIB;

/// Files in the folder of a model in a wheel.
pub const MEMBERS: usize = 1_000;

/// The most bytes of a model's file with this name.
pub fn of(file: &str) -> u64 {
    let name = file.rsplit('/').next().unwrap_or(file);
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        // That of the largest vocabularies has 20 MB.
        _ if name == "tokenizer.json" => 64 * MIB,
        Some("txt") => 16 * MIB,
        Some("json") => 4 * MIB,
        Some("safetensors" | "bin" | "onnx") => 4 * GIB,
        // Code and documentation beside a model.
        _ => 16 * MIB,
    }
}

/// Refuses `what`, which has so many bytes or more.
pub fn check(what: impl Display, bytes: u64, most: u64) -> Result<(), Error> {
    if bytes <= most {
        return Ok(());
    }
    Err(Error::invalid(what, format!("has {bytes} bytes or more, the limit for a file of its kind is {most}")))
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn each_kind_has_a_limit() {
        assert_eq!(of("config.json"), of("1_Pooling/config.json"));
        assert!(of("config.json") < of("0_Transformer/tokenizer.json") && of("vocab.txt") < of("model.safetensors"));
        assert_eq!(of("model.safetensors"), of("2_Dense/pytorch_model.bin"));
        assert!(of("anything") < of("model.onnx"));
    }
}
