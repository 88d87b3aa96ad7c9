//! Puts the components in the folder that MINILM_COMPONENTS names into the program. Without the variable there are none, and the program
//! says how to build one that has them.

use std::path::PathBuf;
use std::{env, fs};

/// Constants in the program, and the files that they hold.
const COMPONENTS: [(&str, &str); 6] = [
    ("CLI", "minilm.wasm"),
    ("HTTP", "minilm-http.wasm"),
    ("KB", "minilm-kb.wasm"),
    ("KB_INDEX", "minilm-kb-index.wasm"),
    ("EMBED", "minilm-embed.wasm"),
    ("WWW", "minilm-www.wasm"),
];

fn main() {
    println!("cargo::rerun-if-env-changed=MINILM_COMPONENTS");
    let folder = env::var_os("MINILM_COMPONENTS").map(PathBuf::from);
    let mut source = String::new();
    for (constant, name) in COMPONENTS {
        let file = folder.as_ref().map(|folder| folder.join(name));
        let value = match file {
            Some(file) => {
                println!("cargo::rerun-if-changed={}", file.display());
                assert!(file.is_file(), "MINILM_COMPONENTS: there is no {}", file.display());
                format!("Some(include_bytes!({:?}))", file.display().to_string())
            }
            None => "None".to_owned(),
        };
        source += &format!("const {constant}: Option<&[u8]> = {value};\n");
    }
    let output = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("components.rs");
    fs::write(&output, source).expect("OUT_DIR can be written");
}
