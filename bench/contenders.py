"""Who is timed: for each, how to start it and what to tell it to load."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parent / "programs"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
# Node 20 knows the relaxed instructions behind a flag; later ones ignore it.
NODE = ["node", "--experimental-wasm-relaxed-simd"]


@dataclass
class Contender:
    name: str
    """Short name, for options and keys."""
    title: str
    """Name in reports."""
    command: list
    load: callable
    """From a model of the setup to the fields of the `load` message."""
    env: dict = field(default_factory=dict)


def all_contenders(setup):
    """Every contender that can run here, ours first."""
    made = [*ours(setup), *onnxruntime_web(setup), *transformers_js(setup), *native(setup)]
    return [contender for contender in made if contender.command is not None]


def browser(setup, kind, program, *preferences):
    """The command for a contender in a browser, None where there is no such browser."""
    if not setup[kind]:
        return None
    file = Path(setup["output"]) / "setup.json"
    return [sys.executable, PROGRAMS / "browser.py", file, kind, setup[kind], program, *preferences]


def node(program):
    return [*NODE, PROGRAMS / "node.mjs", program]


def ours(setup):
    modules = setup["modules"]
    best = {"relaxed-simd": modules["relaxed-simd-js"], "simd128": modules["simd128"]}
    plain = {"simd128": modules["simd128"]}

    def load(modules, precision):
        return lambda model: {"modules": modules, "file": model[precision]}

    def wasmtime(module, name, title, precision):
        return Contender(name, title, [*setup["host"], module], load({}, precision))

    def in_browser(kind, name, title, *preferences):
        return Contender(name, title, browser(setup, kind, "ours", *preferences), load(best, "int8"))

    return [
        wasmtime(modules["relaxed-simd"], "ours-wasmtime", "minilm int8, wasmtime", "int8"),
        Contender("ours-node", "minilm int8, Node", node("ours"), load(best, "int8")),
        in_browser("chromium", "ours-chromium", "minilm int8, Chromium"),
        in_browser("firefox", "ours-firefox", "minilm int8, Firefox"),
        in_browser("firefox", "ours-firefox-sse", "minilm int8, Firefox without AVX", "wasm_simd_avx=false"),
        Contender("ours-simd128-node", "minilm int8, simd128 only, Node", node("ours"), load(plain, "int8")),
        Contender("ours-f32-node", "minilm f32, Node", node("ours"), load(best, "f32")),
        wasmtime(modules["candle"], "candle", "candle f32, wasmtime", "candle"),
    ]


def graph(setup, model, dtype):
    file = {"fp32": "model.onnx", "q8": "model_quantized.onnx"}[dtype]
    return str(Path(setup["output"]) / model["name"] / "onnx" / file)


def onnxruntime_web(setup):
    dist = Path(setup["node_modules"]) / "onnxruntime-web" / "dist"

    def make(where, command, library, assets, dtype):
        return Contender(
            f"ort-web-{dtype}-{where.lower()}",
            f"onnxruntime-web {dtype}, {where}",
            command,
            lambda model: {"library": str(library), "assets": assets, "file": graph(setup, model, dtype)},
        )

    in_chromium = browser(setup, "chromium", "onnxruntime_web")
    for dtype in ("fp32", "q8"):
        yield make("Node", node("onnxruntime_web"), dist / "ort.node.min.mjs", None, dtype)
        yield make("Chromium", in_chromium, dist / "ort.wasm.min.mjs", f"{dist}/", dtype)


def transformers_js(setup):
    package = Path(setup["node_modules"]) / "@huggingface" / "transformers"
    own = package / "node_modules" / "onnxruntime-web" / "dist"
    assets = own if own.is_dir() else Path(setup["node_modules"]) / "onnxruntime-web" / "dist"
    for dtype in ("fp32", "q8"):
        yield Contender(
            f"transformers-js-{dtype}",
            f"Transformers.js {dtype}, Chromium",
            browser(setup, "chromium", "transformers_js"),
            lambda model, dtype=dtype: {
                "library": str(package / "dist" / "transformers.min.js"),
                "assets": f"{assets}/",
                "models": f"{setup['output']}/",
                "model": model["name"],
                "dtype": dtype,
            },
        )


def native(setup):
    python = [sys.executable]
    yield Contender(
        "pytorch",
        "sentence-transformers, PyTorch",
        [*python, PROGRAMS / "pytorch.py"],
        lambda model: {"file": model["dir"]},
        env=ONE_THREAD,
    )
    for dtype, name in (("fp32", "fp32"), ("q8", "int8")):
        yield Contender(
            f"ort-{name}",
            f"onnxruntime {name}, native",
            [*python, PROGRAMS / "onnxruntime_native.py"],
            lambda model, dtype=dtype: {"file": graph(setup, model, dtype)},
            env=ONE_THREAD,
        )
