"""docs/benchmarks/encoding.svg: the time of one call, for each contender and case."""

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np

# Colour and mark of those that are shown. Ours are the filled circles.
SHOWN = {
    "ours-wasmtime": ("#0b6e4f", "o"),
    "ours-chromium": ("#2bb673", "o"),
    "ort-web-q8-chromium": ("#1f5fbf", "s"),
    "ort-web-fp32-chromium": ("#7fb2f0", "s"),
    "transformers-js-q8": ("#8e44ad", "D"),
    "candle": ("#b03a2e", "^"),
    "pytorch": ("#e67e22", "v"),
    "ort-int8": ("#777777", "x"),
}
LABELS = {"32x16": "32 × 16 tokens", "mixed": "32 sentences"}


def draw(models, path):
    # Set against the page's own colours, dark or light, so that it can be read on both.
    white = {"figure.facecolor": "white", "axes.facecolor": "white"}
    plt.rcParams.update({"font.size": 9, "svg.hashsalt": "minilm"} | white)
    figure, axes = plt.subplots(1, len(models), figsize=(max(8, 4.8 * len(models)), 4.2), sharey=True, squeeze=False)
    for axis, (name, result) in zip(axes[0], models.items(), strict=True):
        panel(axis, name, result)
    handles = {
        label: handle for axis in axes[0] for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="lower center", ncols=3, frameon=False)
    figure.tight_layout(rect=(0, 0.2, 1, 1))
    figure.savefig(path, format="svg", metadata={"Date": None})
    plt.close(figure)


def panel(axis, name, result):
    cases = list(result["cases"])
    rows = np.arange(len(cases))
    for contender, (colour, marker) in SHOWN.items():
        times = result["contenders"].get(contender, {}).get("ms")
        if not times:
            continue
        medians = [np.median(times[case]) if times[case] else np.nan for case in cases]
        title = result["contenders"][contender]["title"]
        size = 7 if contender.startswith("ours") else 5.5
        axis.plot(medians, rows, marker, color=colour, label=title, markersize=size)
    axis.set_xscale("log")
    axis.set_yticks(rows, [LABELS.get(case, f"{case} tokens") for case in cases])
    axis.set_ylim(len(cases) - 0.5, -0.5)
    axis.set_xlabel("milliseconds of one call, one thread")
    axis.set_title(name)
    axis.grid(True, axis="both", color="#dddddd", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.xaxis.set_major_formatter(matplotlib.ticker.FormatStrFormatter("%g"))
