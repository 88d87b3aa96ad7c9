//! `test`: every test there is, and one line that counts them.

mod clients;
mod components;
mod counts;
mod kb;
mod node_suites;
mod python_suite;
mod rust;
mod sync;
mod web;
mod www;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;
use minilm::Precision;

use counts::Counts;
use xtask::cli::Part;

use crate::model;
use crate::{fs_util, paths};

/// What suites run with.
struct TestEnv {
    /// The folder of the models.
    models: PathBuf,
    /// A PostgreSQL, where there can be one.
    postgres: Option<kb::Postgres>,
    /// One whose processes a test kills.
    killed_postgres: Option<kb::Postgres>,
    /// Only tests whose name contains this.
    filter: Option<String>,
}

/// Runs the tests of a part.
type Suite = fn(&TestEnv, &mut Counts) -> Result<()>;

/// What tests a part.
fn suite(part: Part) -> Suite {
    match part {
        Part::Rust => rust::test,
        Part::Components => components::test,
        Part::Clients => clients::test,
        Part::Kb => kb::test,
        Part::Sync => sync::test,
        Part::Web => web::test,
        Part::Www => www::test,
    }
}

/// Installs what a part takes from elsewhere.
fn installation(part: Part) -> Result<()> {
    match part {
        Part::Rust | Part::Components => Ok(()),
        Part::Clients => clients::prepare().map(drop),
        Part::Kb => kb::prepare().map(drop),
        Part::Sync => sync::prepare().map(drop),
        Part::Web => web::prepare().map(drop),
        Part::Www => www::prepare().map(drop),
    }
}

/// Installs what the parts behind the first one need, while that one compiles.
fn install_ahead(parts: Vec<Part>) {
    // A part waits for an installation that is under way. One that failed is tried again there, and the part says why.
    thread::spawn(move || parts.into_iter().skip(1).for_each(|part| drop(installation(part))));
}

/// `cargo xtask test`: everything, or only one part.
pub fn test(only: Option<Part>, filter: Option<String>) -> Result<ExitCode> {
    let mut counts = Counts::default();
    let parts = only.map_or_else(|| Part::value_variants().to_vec(), |part| vec![part]);
    install_ahead(parts.clone());
    let wants_postgres = parts.iter().any(|part| matches!(part, Part::Components | Part::Kb));
    let postgres = if wants_postgres { kb::Postgres::start_or_say() } else { None };
    let kills_one = postgres.is_some() && parts.contains(&Part::Components);
    let killed_postgres = if kills_one { kb::Postgres::start_or_say() } else { None };
    if (wants_postgres && postgres.is_none()) || (kills_one && killed_postgres.is_none()) {
        counts.skipped += 1;
    }
    let start = Instant::now();
    let env = TestEnv { models: prepare_models()?, postgres, killed_postgres, filter };
    let mut times = vec![("models".to_owned(), start.elapsed())];
    for part in parts {
        let start = Instant::now();
        if let Err(error) = suite(part)(&env, &mut counts) {
            println!("{} was not tested: {error:#}", part.name());
            counts.failed += 1;
        }
        times.push((part.name(), start.elapsed()));
    }
    println!();
    for (part, time) in times {
        println!("{part:<10} {:>6.1} s", Duration::as_secs_f64(&time));
    }
    println!("{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
    Ok(if counts.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Fetches and packs what the tests need, into one folder.
fn prepare_models() -> Result<PathBuf> {
    let output = paths::output().join("test-models");
    fs::create_dir_all(&output)?;
    for name in [model::L3, model::L6] {
        let model = model::named(name)?;
        for precision in Precision::ALL {
            let file = output.join(model::file_name(&model, precision));
            fs::copy(model::packed(&model, precision)?, file)?;
        }
        fs_util::copy(&model.path, &output.join(name), &|_| true)?;
    }
    Ok(output)
}

/// Runs tests of cargo, those that need models too where `ignored` is set.
fn run_cargo(title: &str, command: &mut Command, ignored: bool, env: &TestEnv, counts: &mut Counts) -> Result<()> {
    command.env("MINILM_TEST_MODELS", &env.models);
    if let Some(postgres) = &env.postgres {
        command.env("MINILM_TEST_POSTGRES", &postgres.address);
    }
    if let Some(postgres) = &env.killed_postgres {
        command.env("MINILM_TEST_KILLED_POSTGRES", &postgres.address);
    }
    run(title, harness(command, ignored, env), counts::of_cargo, counts)
}

/// Adds the arguments of Rust's harness.
fn harness<'a>(command: &'a mut Command, ignored: bool, env: &TestEnv) -> &'a mut Command {
    command.arg("--");
    if ignored {
        command.arg("--include-ignored");
    }
    command.args(&env.filter)
}

/// Runs a test command, passes its output on, and adds up the result lines that `read` finds in it.
fn run(title: &str, command: &mut Command, read: fn(&str) -> Option<Counts>, counts: &mut Counts) -> Result<()> {
    println!("\n== {title}");
    let start = Instant::now();
    let result = run_prefixed("", command, read, counts);
    println!("-- {title}: {:.0} s", start.elapsed().as_secs_f64());
    result
}

/// The same with `prefix` before each line, for commands that run side by side.
fn run_prefixed(
    prefix: &str,
    command: &mut Command,
    read: fn(&str) -> Option<Counts>,
    counts: &mut Counts,
) -> Result<()> {
    let program = command.get_program().to_owned();
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {program:?}"))?;
    let mut found = Counts::default();
    for line in BufReader::new(child.stdout.take().context("no output")?).lines() {
        let line = line?;
        println!("{prefix}{line}");
        if let Some(result) = read(&line) {
            found += result;
        }
    }
    // A build that fails, or a test program that dies, prints no result line.
    let died = !child.wait()?.success() && found.failed == 0;
    *counts += found;
    counts.failed += usize::from(died);
    Ok(())
}
