#!/usr/bin/env python3
"""Texts a second in wasmtime, by user CPU time: what other programs do meanwhile counts little.

    pip install wasmtime==48.0.0
    RUSTFLAGS="-C target-feature=+simd128,+relaxed-simd" cargo build --locked --release -p minilm-bench --target wasm32-unknown-unknown
    python bench/short_texts.py MODULE PACKED-FILE TEXTS

TEXTS has one text a line. All of them are encoded in one call, 15 times; printed are the fastest call and the median.
"""

import resource
import statistics
import sys
from pathlib import Path

from wasmtime import Config, Engine, Instance, Module, Store

ROUNDS = 15


def main(module, model, texts):
    config = Config()
    config.wasm_relaxed_simd = True
    store = Store(Engine(config))
    exports = Instance(store, Module.from_file(store.engine, module), []).exports(store)

    def give(content):
        address = exports["allocate"](store, len(content))
        exports["memory"].write(store, content, address)
        return address, len(content)

    if exports["load"](store, *give(Path(model).read_bytes())) == 0:
        sys.exit(f"{model}: not a packed model")
    content = Path(texts).read_bytes()
    tokens = exports["set_texts"](store, *give(content))
    count = len(content.decode().splitlines())
    rates = []
    for _ in range(ROUNDS):
        start = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        exports["encode"](store)
        rates.append(count / (resource.getrusage(resource.RUSAGE_SELF).ru_utime - start))
    print(
        f"{count} texts of {tokens / count:.1f} tokens: {max(rates):,.0f} a second, median {statistics.median(rates):,.0f}"
    )


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
