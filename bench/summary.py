"""The ratios that the report begins with, and the figures behind its second table."""

from dataclasses import dataclass

import numpy as np
from stats import ratios, spread

# Columns of the table, and the cases behind each: the worse of two counts.
COLUMNS = {
    "≤ 16 tokens": ("8", "16"),
    "32": ("32",),
    "128": ("128",),
    "32 × 16": ("32x16",),
    "mixed": ("mixed",),
}


@dataclass
class Line:
    peer: str
    pairs: dict
    """Engine -> (the peer, ours), by name: both in the same engine where the peer runs in one."""


LINES = [
    Line(
        "onnxruntime-web q8",
        {"Node": ("ort-web-q8-node", "ours-node"), "Chromium": ("ort-web-q8-chromium", "ours-chromium")},
    ),
    Line(
        "onnxruntime-web fp32",
        {"Node": ("ort-web-fp32-node", "ours-node"), "Chromium": ("ort-web-fp32-chromium", "ours-chromium")},
    ),
    Line("candle f32", {"wasmtime": ("candle", "ours-wasmtime")}),
    Line(
        "sentence-transformers `encode()`, PyTorch",
        {"wasmtime": ("pytorch", "ours-wasmtime"), "Node": ("pytorch", "ours-node")},
    ),
    Line("native onnxruntime int8", {"wasmtime": ("ort-int8", "ours-wasmtime"), "Node": ("ort-int8", "ours-node")}),
    Line("onnxruntime-web fp32, against our f32", {"Node": ("ort-web-fp32-node", "ours-f32-node")}),
    Line("onnxruntime-web q8, against our simd128", {"Node": ("ort-web-q8-node", "ours-simd128-node")}),
]


def ratio(result, peer, ours, case):
    """[quartile, median, quartile] of how many times as long the peer takes; None where one of them has no times."""
    times = [result["contenders"].get(name, {}).get("ms", {}).get(case) for name in (peer, ours)]
    return ratios(*times) if all(times) and len(times[0]) == len(times[1]) else None


def cell(result, pair, cases):
    found = [ratio(result, *pair, case) for case in cases]
    if None in found or not found:
        return "–"
    return f"{min(median for _, median, _ in found):.2f}"


def per_token(result, contender):
    """How many times as long a token takes at 256 tokens as at 32, [quartile, median, quartile]; None without times."""
    times = result["contenders"].get(contender, {}).get("ms", {})
    if not times.get("256") or len(times["256"]) != len(times.get("32", ())):
        return None
    return spread(np.array(times["256"]) / 256 / (np.array(times["32"]) / 32))
