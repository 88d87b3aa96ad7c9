"""What the core has to reach, and whether it does."""

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
PER_TOKEN = 1.6
FRACTION = 0.75
# Bytes of working set beyond the loaded model.
MEMORY = {"128": 4 << 20, "32x128": 16 << 20}


@dataclass
class Bar:
    peer: str
    pairs: dict
    """Engine -> (the peer, ours), by name: both in the same engine where the peer runs in one."""
    bounds: tuple
    """Least ratio, one a column."""


BARS = [
    Bar(
        "onnxruntime-web q8",
        {"Node": ("ort-web-q8-node", "ours-node"), "Chromium": ("ort-web-q8-chromium", "ours-chromium")},
        (3, 2.5, 2, 2.5, 3),
    ),
    Bar(
        "onnxruntime-web fp32",
        {"Node": ("ort-web-fp32-node", "ours-node"), "Chromium": ("ort-web-fp32-chromium", "ours-chromium")},
        (6, 5, 4, 4, 5),
    ),
    Bar("candle f32", {"wasmtime": ("candle", "ours-wasmtime")}, (7, 6, 5, 6, 8)),
    Bar(
        "sentence-transformers `encode()`, PyTorch",
        {"wasmtime": ("pytorch", "ours-wasmtime"), "Node": ("pytorch", "ours-node")},
        (4, 2, 0.85, 0.9, 1.2),
    ),
    Bar(
        "native onnxruntime int8",
        {"wasmtime": ("ort-int8", "ours-wasmtime"), "Node": ("ort-int8", "ours-node")},
        (0.6, 0.45, 0.35, 0.4, 0.5),
    ),
    Bar("onnxruntime-web fp32, against our f32", {"Node": ("ort-web-fp32-node", "ours-f32-node")}, (1.8,) * 5),
    Bar("onnxruntime-web q8, against our simd128", {"Node": ("ort-web-q8-node", "ours-simd128-node")}, (1.3,) * 5),
]


def ratio(result, peer, ours, case):
    """[quartile, median, quartile] of how many times as long the peer takes; None where one of them has no times."""
    times = [result["contenders"].get(name, {}).get("ms", {}).get(case) for name in (peer, ours)]
    return ratios(*times) if all(times) and len(times[0]) == len(times[1]) else None


def mark(passes):
    return "✓" if passes else "✗"


def cell(result, pair, cases, bound):
    found = [ratio(result, *pair, case) for case in cases]
    if None in found or not found:
        return "–"
    value = min(median for _, median, _ in found)
    return f"{value:.2f} {mark(value >= bound)} (≥ {bound:g})"


def per_token(result, contender):
    """How many times as long a token takes at 256 tokens as at 32, [quartile, median, quartile]; None without times."""
    times = result["contenders"].get(contender, {}).get("ms", {})
    if not times.get("256") or len(times["256"]) != len(times.get("32", ())):
        return None
    return spread(np.array(times["256"]) / 256 / (np.array(times["32"]) / 32))
