"""docs/benchmarks/http.md from the results."""

import http_summary
from report import head, table
from stats import spread
from wrk import PERCENTILES


def render(about, results):
    parts = [
        "# Benchmarks: HTTP",
        head(about, "cargo xtask bench-http", "Servers may use every core."),
        "## Summary",
        summary_table(results),
    ]
    sections = (
        ("latency", "## One request at a time, milliseconds", latency_table),
        ("throughput", "## Under load", load_table),
        ("start", "## Start, milliseconds", start_table),
        ("growth", "## Memory over time, MB", growth_table),
        ("size", "## To deploy, MB", size_table),
    )
    for name, title, make in sections:
        if name in results:
            parts += [title, make(results[name])]
    parts += ["## How it was measured", method(about), "## Versions", versions(about)]
    return "\n\n".join(parts) + "\n"


def summary_table(results):
    return table(["", "measured"], http_summary.rows(results))


def quartiles(values, digits):
    low, median, high = values
    return f"**{median:,.{digits}f}** ({low:,.{digits}f} to {high:,.{digits}f})"


def columns():
    return [f"p{percentile}" for percentile in PERCENTILES]


def latency_table(results):
    rows = []
    for name, result in results.items():
        over = "–" if name == "bare" else quartiles(spread(result["over"]), 2)
        rows.append([result["title"], *(f"{value:.2f}" for value in result["percentiles"]), over])
    return table(["", *columns(), "medians above the bare inference"], rows)


def load_table(results):
    rows = []
    for result in results.values():
        for count, load in result["loads"].items():
            times = (f"{value:.1f}" for value in load["percentiles"])
            rows.append(
                [result["title"], count, quartiles(load["per_second"], 0), *times, f"{result['resident'] / 1e6:.0f}"]
            )
    names = (f"{name}, ms" for name in columns())
    return table(["", "connections", "requests a second", *names, "most memory, MB"], rows)


def start_table(results):
    rows = [[r["title"], quartiles(r["healthy"], 0), quartiles(r["answered"], 0)] for r in results.values()]
    return table(["", "`GET /health` answered", "first vector"], rows)


def growth_table(results):
    rows = [
        [f"{int(count):,}", *(f"{size / 1e6:.1f}" for size in reading.values())] for count, reading in results.items()
    ]
    return table(["mixed requests", *next(iter(results.values()))], rows)


def size_table(results):
    titles = {
        "component": "component, model included",
        "precompiled": "the same compiled ahead for this processor",
        "wasmtime": "wasmtime with `serve` and `compile`",
        "flask": "Flask service: Python, its packages, the model",
        "flask-cpu": "the same without what only GPUs need",
    }
    return table(["", "MB"], [[titles[name], f"{size / 1e6:,.1f}"] for name, size in results.items()])


def method(about):
    few, many = 1_000 // about["fewer"], 10_000 // about["fewer"]
    return f"""\
- Everything runs on this machine over 127.0.0.1, the load generator (wrk, one thread) too. The model is
  all-MiniLM-L6-v2, int8 in the component and float32 in PyTorch; the text, of 10 tokens, is "{about["text"]}".
- `wasmtime serve` is the published command line tool with the component compiled ahead of time, one request at a time
  in an instance and otherwise its defaults. These let 16 requests share an instance: the rows "instances shared".
  `minilm serve` is the same engine in the program of this project. A fresh instance a request is
  `--max-instance-reuse-count 1`.
- The bare inference is the core in the same engine with nothing around it, from texts to vectors in its memory, warm.
- {about["rounds"]} rounds, in each a turn of {about["turn"]} s for everyone, one after the other, the order moving
  on by one each time. Percentiles are over all requests; other figures are medians and quartiles over the rounds, and ratios
  are taken within a round. wrk corrects latencies for requests that a slow answer kept it from sending.
- The Flask service is in `bench/http/flask`: gunicorn with two workers, whose threads share the cores. It was up and
  warm, as ours was, before it was timed.
- Start: from the start of the process to the answer, {about["starts"]} times, after one time that is not counted; files
  are in the page cache.
- Memory is PSS, added up over the processes of a server: what several processes or instances share counts once. The
  mixed requests ({few:,} and {many:,}) are of every route, valid and refused, over 4 connections; readings are taken
  3 s after the last. An instance's memory is what a server holds with 16 instances, each of which has embedded a text
  and is kept, less what it holds with one, by 15.
- To deploy: on Linux `pip` installs a PyTorch with GPU libraries; the last row leaves out the packages that are only
  for them, though not what PyTorch itself carries for GPUs."""


def versions(about):
    packages = ", ".join(f"{name} {version}" for name, version in about["packages"].items())
    return f"wasmtime {about['wasmtime']}; {about['wrk']}; {about['rustc']}. Python packages: {packages}."
