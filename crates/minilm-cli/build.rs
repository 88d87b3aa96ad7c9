//! Puts the components in the folder that MINILM_COMPONENTS names, and the page in the folder that MINILM_PAGE names, into the program.
//! What is not there is not in the program, which says then how to build one that has it.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// Constants in the program, and the files that they hold.
const COMPONENTS: [(&str, &str); 7] = [
    ("CLI", "minilm.wasm"),
    ("HTTP", "minilm-http.wasm"),
    ("HTTP_SPIN", "minilm-http-spin.wasm"),
    ("KB", "minilm-kb.wasm"),
    ("KB_INDEX", "minilm-kb-index.wasm"),
    ("EMBED", "minilm-embed.wasm"),
    ("WWW", "minilm-www.wasm"),
];

fn main() {
    let folder = folder("MINILM_COMPONENTS");
    let mut source = String::new();
    for (constant, name) in COMPONENTS {
        let file = folder.as_ref().map(|folder| folder.join(name)).filter(|file| file.is_file());
        let value = file.map_or("None".to_owned(), |file| format!("Some({})", include(&file)));
        source += &format!("const {constant}: Option<&[u8]> = {value};\n");
    }
    let mut page = Vec::new();
    if let Some(folder) = self::folder("MINILM_PAGE") {
        add_files(&folder, "", &mut page);
        page.sort();
    }
    let page: String = page.iter().map(|(name, file)| format!("    ({name:?}, {}),\n", include(file))).collect();
    source += &format!(
        "/// The files of the page by their path; none where it was built without.\npub const PAGE: &[(&str, &[u8])] = &[\n{page}];\n"
    );
    let output = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("components.rs");
    fs::write(&output, source).expect("OUT_DIR can be written");
}

fn folder(variable: &str) -> Option<PathBuf> {
    println!("cargo::rerun-if-env-changed={variable}");
    let folder = env::var_os(variable).map(PathBuf::from)?;
    println!("cargo::rerun-if-changed={}", folder.display());
    Some(folder)
}

fn include(file: &Path) -> String {
    format!("include_bytes!({:?})", file.display().to_string())
}

fn add_files(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("MINILM_PAGE: {}: {error}", folder.display())) {
        let path = entry.expect("the folder can be read").path();
        let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            add_files(&path, &format!("{name}/"), files);
        } else {
            files.push((name, path));
        }
    }
}
