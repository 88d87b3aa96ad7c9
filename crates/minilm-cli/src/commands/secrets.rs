//! Secrets that come from files and variables, so that they are in no list of processes.

use std::path::Path;

use anyhow::{Context, Result, bail};
use minilm_host::HostEnv;

use crate::args::ListenArgs;

/// Keys, by the names of the settings of a component.
const KEYS: [&str; 2] = ["API_KEY", "READ_API_KEY"];

/// The text in the file of a secret, without the end of the line.
pub fn read(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    match text.trim() {
        "" => bail!("{} is empty", path.display()),
        secret => Ok(secret.to_owned()),
    }
}

/// Gives a component its keys: out of the files that the command line or `--env NAME_FILE=` names, or from the variables of this process.
/// The component cannot read files of this machine.
pub fn give_keys(listen: &ListenArgs, env: &mut HostEnv) -> Result<()> {
    for (name, file) in KEYS.into_iter().zip([&listen.api_key_file, &listen.read_api_key_file]) {
        let file_name = format!("{name}_FILE");
        let is_set =
            |env: &HostEnv, name: &str| env.variables.iter().any(|(set, value)| set == name && !value.is_empty());
        let named = env.variables.iter().rposition(|(set, _)| *set == file_name);
        let named = named.map(|at| env.variables.remove(at).1).filter(|file| !file.is_empty());
        let file = named.map(Into::into).or_else(|| file.clone());
        match (file, is_set(env, name)) {
            (Some(_), true) => bail!("{name} and {file_name} are both set: one of them is needed"),
            (Some(file), false) => drop(env.set(name, read(&file).with_context(|| file_name)?)),
            (None, true) => {}
            (None, false) => {
                if let Ok(value) = std::env::var(name) {
                    env.set(name, value);
                }
            }
        }
    }
    Ok(())
}

/// Whether the component will answer as other names than those of this machine.
pub fn answers_other_names(env: &HostEnv) -> bool {
    env.variables
        .iter()
        .any(|(name, value)| !value.is_empty() && (KEYS.contains(&name.as_str()) || name == "ALLOWED_HOSTS"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn given(line: &[&str]) -> Result<Vec<(String, String)>> {
        let cli = Cli::try_parse_from([&["minilm", "serve"], line].concat())?;
        let Command::Serve(args) = cli.command else { panic!("another command") };
        let mut env = HostEnv { variables: args.listen.env.clone(), ..HostEnv::default() };
        give_keys(&args.listen, &mut env)?;
        Ok(env.variables)
    }

    #[test]
    fn keys_are_read_from_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let [keys, empty] = ["keys", "empty"].map(|name| folder.path().join(name).display().to_string());
        std::fs::write(&keys, "one\ntwo\n").expect("a file");
        std::fs::write(&empty, "\n").expect("a file");
        let expected = |name: &str| vec![(name.to_owned(), "one\ntwo".to_owned())];
        assert_eq!(given(&["--api-key-file", &keys]).expect("a file"), expected("API_KEY"));
        assert_eq!(given(&["--read-api-key-file", &keys]).expect("a file"), expected("READ_API_KEY"));
        assert_eq!(given(&["--env", &format!("API_KEY_FILE={keys}")]).expect("a file"), expected("API_KEY"));
        assert!(given(&["--api-key-file", &empty]).is_err(), "no key is no way to open a server");
        assert!(given(&["--api-key-file", "no-such-file"]).is_err());
        assert!(given(&["--api-key-file", &keys, "--env", "API_KEY=a"]).is_err());
        let env =
            |name: &str, value: &str| HostEnv { variables: vec![(name.into(), value.into())], ..HostEnv::default() };
        assert!(answers_other_names(&env("API_KEY", "a")) && answers_other_names(&env("ALLOWED_HOSTS", "a")));
        assert!(!answers_other_names(&env("API_KEY", "")) && !answers_other_names(&env("LOG", "off")));
    }
}
