//! The commands that run in the command line component. It sees the folders of the files that its arguments name, and the model.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use minilm_cli_component::{Command, Paths};
use minilm_host::{Access, HostEnv, command};
use minilm_hub::Precision;

use crate::components::Component;
use crate::model::Model;

/// Runs a command with the arguments of this process, but for those about the model.
pub fn run(command: &Command, model: &Model) -> Result<ExitCode> {
    let component = Component::Cli.bytes()?;
    let mut env = HostEnv::default();
    let paths = command.paths();
    // The component would blame its host for a file that is not there.
    for path in &paths.read {
        std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    for (folder, access) in folders(&paths) {
        let guest = folder.to_str().context("a path is not valid UTF-8")?.to_owned();
        env.mount(folder, guest, access);
    }
    if command.needs_model() {
        let model = model.packed(Precision::Int8)?.path;
        let folder = model.parent().context("the model has no folder")?;
        env.mount(folder, folder.to_str().context("the path of the model is not valid UTF-8")?, Access::Read);
        env.set("MINILM_MODEL", model.to_string_lossy());
    }
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    command::run(component, "minilm", &without_model(args), &env)
}

/// The folders of files under the names that lead to them on the command line. One that is written to can be read too.
fn folders(paths: &Paths) -> BTreeMap<PathBuf, Access> {
    let mut folders = BTreeMap::new();
    let folder = |path: &Path| match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    for path in &paths.read {
        // A folder that is not there cannot be opened.
        if folder(path).is_dir() {
            folders.insert(folder(path), Access::Read);
        }
    }
    for path in &paths.written {
        if folder(path).is_dir() {
            folders.insert(folder(path), Access::Write);
        }
    }
    folders
}

/// The arguments of the component: `--model` and `--model-precision` are not among them, wherever they are written.
fn without_model(args: Vec<OsString>) -> Vec<OsString> {
    let mut rest = Vec::new();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        if OPTIONS.iter().any(|option| arg == *option) {
            args.next();
        } else if arg == "--" {
            rest.push(arg);
            rest.extend(args.by_ref());
        } else if !OPTIONS.iter().any(|option| is_option_with_value(&arg, option)) {
            rest.push(arg);
        }
    }
    rest
}

/// Options of this program that are not those of the component.
const OPTIONS: [&str; 2] = ["--model", "--model-precision"];

/// Whether `arg` is `option`, an equals sign and a value.
fn is_option_with_value(arg: &OsStr, option: &str) -> bool {
    let rest = arg.as_encoded_bytes().strip_prefix(option.as_bytes());
    rest.is_some_and(|rest| rest.starts_with(b"="))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use minilm_cli_component::Paths;
    use minilm_host::Access;

    use super::{folders, without_model};

    #[test]
    fn the_model_is_found_anywhere_but_behind_a_double_dash() {
        let rest = |args: &[&str]| without_model(args.iter().map(Into::into).collect());
        assert_eq!(rest(&["embed", "a", "--model", "m", "--json"]), ["embed", "a", "--json"]);
        assert_eq!(rest(&["--model=m", "embed", "a"]), ["embed", "a"]);
        assert_eq!(
            rest(&["embed", "--model-precision", "f32", "a", "--precision", "int8"]),
            ["embed", "a", "--precision", "int8"]
        );
        assert_eq!(rest(&["--model-precision=int6-e4", "embed", "--models"]), ["embed", "--models"]);
        assert_eq!(rest(&["embed", "--", "--model", "m"]), ["embed", "--", "--model", "m"]);
    }

    #[test]
    fn only_folders_that_are_written_to_can_be_written() {
        let absolute = std::env::temp_dir();
        let read = vec![absolute.join("a"), PathBuf::from("b"), PathBuf::from("src/c"), PathBuf::from("no-such/d")];
        let paths = Paths { read, written: vec![PathBuf::from("src/e")] };
        let found: Vec<(PathBuf, Access)> = folders(&paths).into_iter().collect();
        let mut expected = vec![
            (PathBuf::from("."), Access::Read),
            (absolute, Access::Read),
            (Path::new("src").to_owned(), Access::Write),
        ];
        expected.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(found, expected);
    }
}
