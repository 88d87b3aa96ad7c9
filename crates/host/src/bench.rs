//! A benchmark module under wasmtime, as one of the programs that `bench/run.py` talks to: a JSON object a line on the standard
//! input, one a line as answer (`bench/README.md` has the messages).

use std::collections::HashMap;
use std::io::BufRead;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::vector_state::{clear_upper_halves, engine_without_avx, use_upper_halves};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use wasmtime::{Instance, Linker, Memory, Module, Store, TypedFunc, WasmParams, WasmResults};

/// `minilm-host bench FILE`.
pub fn serve(file: &Path) -> Result<ExitCode> {
    let mut host = BenchModule::new(&Module::from_file(&super::engine()?, file)?)?;
    for line in std::io::stdin().lock().lines() {
        let answer = host.answer(&serde_json::from_str(&line?)?);
        println!("{}", answer.unwrap_or_else(|error| json!({ "error": format!("{error:#}") })));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the milliseconds of a call on texts of 8, 16 and 128 tokens, with the upper halves of the vector registers empty and in use when the guest
/// is entered: medians of interleaved calls, as rows of a table. The code is compiled with AVX and without.
pub fn vector_state(file: &Path, model: &Path) -> Result<ExitCode> {
    for (name, engine) in [("AVX", super::engine()?), ("no AVX", engine_without_avx()?)] {
        let mut host = BenchModule::new(&Module::from_file(&engine, file)?)?;
        host.load(model)?;
        [8, 16, 128].into_iter().try_for_each(|tokens| host.vector_state(name, tokens))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Encodes a text of `tokens` tokens `calls` times, for a program that counts instructions; writes the compiled code as an ELF file and
/// prints the address at which it lies in memory.
pub fn encode(file: &Path, model: &Path, tokens: usize, calls: usize, elf: &Path) -> Result<ExitCode> {
    let module = Module::from_file(&super::engine()?, file)?;
    std::fs::write(elf, module.serialize()?)?;
    println!("{}", module.image_range().start as usize);
    let mut host = BenchModule::new(&module)?;
    host.load(model)?;
    host.prepare_text(tokens)?;
    for _ in 0..calls {
        host.encode()?;
    }
    Ok(ExitCode::SUCCESS)
}

impl BenchModule {
    fn vector_state(&mut self, name: &str, tokens: usize) -> Result<()> {
        const ROUNDS: usize = 41;
        self.prepare_text(tokens)?;
        self.sample(Duration::from_millis(300))?;
        let mut samples = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (samples, set_state) in samples.iter_mut().zip([clear_upper_halves as fn(), use_upper_halves]) {
                set_state();
                samples.push(self.sample(Duration::ZERO)?);
            }
        }
        let [clean, dirty] = samples.map(|mut samples: Vec<f64>| {
            samples.sort_by(f64::total_cmp);
            samples[ROUNDS / 2]
        });
        println!("| {name} | {tokens} | {clean:.2} | {dirty:.2} | {:.2} |", dirty / clean);
        Ok(())
    }
}

/// An instance of a benchmark module.
struct BenchModule {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
    encode: TypedFunc<(), u32>,
    dim: usize,
    /// Where the texts of a case lie, and how many bytes they are: buffers live until the end, so each is filled once.
    cases: HashMap<String, (u32, u32)>,
    case: String,
}

impl BenchModule {
    fn new(module: &Module) -> Result<Self> {
        let mut linker = Linker::new(module.engine());
        let mut store = Store::new(module.engine(), ());
        // Our module imports nothing. That of candle asks for a random seed for its hash maps, and may have 0.
        linker.define_unknown_imports_as_default_values(&mut store, module)?;
        let instance = linker.instantiate(&mut store, module)?;
        if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut store, "_initialize") {
            initialize.call(&mut store, ())?;
        }
        let memory = instance.get_memory(&mut store, "memory").context("the module exports no memory")?;
        let encode = instance.get_typed_func(&mut store, "encode")?;
        Ok(Self { store, instance, memory, encode, dim: 0, cases: HashMap::new(), case: String::new() })
    }

    fn answer(&mut self, message: &Value) -> Result<Value> {
        let text = |name: &str| message[name].as_str().with_context(|| format!("`{name}` is missing"));
        let millis = |name: &str| Duration::from_millis(message[name].as_u64().unwrap_or(0));
        match text("op")? {
            "load" => self.load(Path::new(text("file")?)),
            "prepare" => self.prepare(text("case")?, &message["texts"], millis("warm_ms")),
            "run" => self.run(text("case")?, millis("ms"), millis("sample_ms")),
            "rate" => self.rate(text("export")?, message["argument"].as_u64().unwrap_or(1) as u32, millis("ms")),
            op => bail!("unknown op `{op}`"),
        }
    }

    fn load(&mut self, file: &Path) -> Result<Value> {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let buffer = self.put(&bytes)?;
        self.dim = self.call::<_, u32>("load", buffer)? as usize;
        ensure!(self.dim > 0, "the module refuses {}", file.display());
        Ok(json!({ "memory": self.memory.data_size(&self.store), "file": bytes.len() }))
    }

    /// Chooses a text of so many tokens, 3 or more.
    fn prepare_text(&mut self, tokens: usize) -> Result<()> {
        // Each word is one token, beside the two special ones.
        let text = vec!["bank"; tokens.saturating_sub(2)].join(" ");
        let found = self.prepare(&tokens.to_string(), &json!([text]), Duration::ZERO)?;
        ensure!(found["tokens"] == tokens, "the text has {} tokens, not {tokens}", found["tokens"]);
        Ok(())
    }

    fn prepare(&mut self, case: &str, texts: &Value, warm: Duration) -> Result<Value> {
        let texts: Vec<&str> = texts.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if !self.cases.contains_key(case) {
            let buffer = self.put(texts.join("\n").as_bytes())?;
            self.cases.insert(case.to_owned(), buffer);
        }
        let tokens = self.choose(case)?;
        self.sample(warm)?;
        let start = self.encode()? as usize;
        let floats: &[u8] = &self.memory.data(&self.store)[start..][..texts.len() * self.dim * 4];
        let floats: Vec<f32> = floats.chunks_exact(4).map(|x| f32::from_le_bytes([x[0], x[1], x[2], x[3]])).collect();
        let vectors: Vec<&[f32]> = floats.chunks_exact(self.dim).collect();
        Ok(json!({ "vectors": vectors, "tokens": tokens, "memory": self.memory.data_size(&self.store) }))
    }

    /// Samples for `time`, each over as many calls as fill `sample`: the milliseconds of a call.
    fn run(&mut self, case: &str, time: Duration, sample: Duration) -> Result<Value> {
        if self.case != case {
            self.choose(case)?;
            self.encode()?;
        }
        let start = Instant::now();
        let mut samples = vec![self.sample(sample)?];
        while start.elapsed() < time {
            samples.push(self.sample(sample)?);
        }
        Ok(json!({ "samples": samples }))
    }

    /// How much a second of an exported function's own count, where there is such an export: the fastest call of those that
    /// fit in `time`.
    fn rate(&mut self, export: &str, argument: u32, time: Duration) -> Result<Value> {
        let Ok(function) = self.instance.get_typed_func::<u32, f64>(&mut self.store, export) else {
            return Ok(json!({ "missing": true }));
        };
        let (begin, mut best) = (Instant::now(), 0_f64);
        while begin.elapsed() < time {
            let start = Instant::now();
            let count = function.call(&mut self.store, argument)?;
            best = best.max(count / start.elapsed().as_secs_f64());
        }
        Ok(json!({ "per_second": best }))
    }

    /// Calls until `at_least` has passed, at least once; the milliseconds of one.
    fn sample(&mut self, at_least: Duration) -> Result<f64> {
        let start = Instant::now();
        let mut calls = 0;
        loop {
            self.encode()?;
            calls += 1;
            let elapsed = start.elapsed();
            if elapsed >= at_least {
                return Ok(elapsed.as_secs_f64() * 1e3 / f64::from(calls));
            }
        }
    }

    fn encode(&mut self) -> Result<u32> {
        let start = self.encode.call(&mut self.store, ())?;
        ensure!(start != 0, "encode failed");
        Ok(start)
    }

    fn choose(&mut self, case: &str) -> Result<u32> {
        let buffer = *self.cases.get(case).with_context(|| format!("`{case}` is not prepared"))?;
        let tokens = self.call("set_texts", buffer)?;
        ensure!(tokens > 0, "the module refuses the texts of `{case}`");
        case.clone_into(&mut self.case);
        Ok(tokens)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(u32, u32)> {
        let start: u32 = self.call("allocate", bytes.len() as u32)?;
        self.memory.write(&mut self.store, start as usize, bytes)?;
        Ok((start, bytes.len() as u32))
    }

    fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, parameters: P) -> Result<R> {
        let function = self.instance.get_typed_func(&mut self.store, name)?;
        Ok(function.call(&mut self.store, parameters)?)
    }
}
