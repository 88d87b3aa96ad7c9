"""docs/benchmarks/encoding.md from the results."""

import summary
from stats import spread
from summary import COLUMNS, LINES, per_token, ratio

# Pairs for the tables of ratios: the peer and ours in the same engine; native peers against both of ours.
PAIRS = [
    ("ort-web-q8-node", "ours-node"),
    ("ort-web-q8-chromium", "ours-chromium"),
    ("ort-web-fp32-node", "ours-node"),
    ("ort-web-fp32-chromium", "ours-chromium"),
    ("transformers-js-q8", "ours-chromium"),
    ("transformers-js-fp32", "ours-chromium"),
    ("candle", "ours-wasmtime"),
    ("pytorch", "ours-wasmtime"),
    ("pytorch", "ours-node"),
    ("ort-fp32", "ours-wasmtime"),
    ("ort-int8", "ours-wasmtime"),
    ("ort-int8", "ours-node"),
    ("ort-web-fp32-node", "ours-f32-node"),
    ("ort-web-q8-node", "ours-simd128-node"),
]


def render(about, models):
    parts = [
        "# Benchmarks: encoding",
        head(about),
        "## Summary",
        f"Ratio of the peer's time to ours, median of the rounds. Above 1, ours is faster. {short_names(models)}",
        "`mixed` is a batch of texts of different lengths: peers that pad it to its longest text also pay for the padding. "
        "`32 × 16` is a batch of equal lengths, without padding.",
        summary_table(models),
        other_figures(models),
        "![Time of one call](encoding.svg)" if about["complete"] else "",
    ]
    for name, result in models.items():
        parts += [f"## {name}", "### Ratios", ratio_table(result), "### Milliseconds of a call", time_table(result)]
        parts += [memory(result), failures(result)]
    parts += ["## How it was measured", method(about, models), "## Versions", versions(about, models)]
    return "\n\n".join(part for part in parts if part) + "\n"


def head(about, command="cargo xtask bench", how="Everything runs on one thread."):
    flags = about["flags"]
    yes = ", ".join(flag for flag, there in flags.items() if there)
    no = ", ".join(flag for flag in ("avx_vnni", "avx512_vnni", "amx_int8") if not flags[flag])
    state = "" if about["complete"] else "**A partial or short run, not to be quoted.** "
    return (
        f"{state}Written by `{command}` on {about['date']}, at {about['commit']}, on {about['cpu']} "
        f"({about['family']}), {about['cores']} cores, {about['system']}. Vector instructions: "
        f"{yes or 'unknown'}; not there: {no or 'none of these'}. Load average {about['load_before']} before "
        f"and {about['load_after']} after. {how}"
        + "".join(f" There was no {browser} on this machine, so its rows are missing." for browser in about["missing"])
    )


def short(name):
    return "L3" if "L3" in name else "L6"


def short_names(models):
    return ", ".join(f"{short(name)}: {name}" for name in models) + "."


def table(columns, rows):
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def summary_table(models):
    rows = []
    for line in LINES:
        for engine, pair in line.pairs.items():
            for name, result in models.items():
                cells = [summary.cell(result, pair, cases) for cases in COLUMNS.values()]
                rows.append([line.peer, engine, short(name), *cells])
    return table(["against", "engine of ours", "model", *COLUMNS], rows)


def other_figures(models):
    rows = []
    for name, result in models.items():
        for contender, rate in result["rates"].items():
            low, fraction, high = rate["fraction"]
            title = result["contenders"][contender]["title"]
            linear, peak = rate["linear"][1] / 1e9, rate["peak"][1] / 1e9
            value = f"{fraction:.0%} ({low:.0%} to {high:.0%}): {linear:.1f} of {peak:.1f} GMAC/s"
            rows.append(["fraction of the measured peak, linear layers", title, short(name), value])
        for contender in ("ours-wasmtime", "ours-node", "ours-chromium"):
            if found := per_token(result, contender):
                title = result["contenders"][contender]["title"]
                rows.append(["time per token, 256 tokens to 32", title, short(name), f"{found[1]:.2f}"])
        grown = result["contenders"].get("ours-wasmtime", {}).get("working_set", {})
        for case, size in grown.items():
            title = f"working set beyond the model, {case.replace('x', ' × ')} tokens"
            rows.append([title, "minilm int8, wasmtime", short(name), f"{size / 2**20:.2f} MiB"])
    return table(["", "where", "model", "measured"], rows)


def ratio_table(result):
    cases = list(result["cases"])
    rows = []
    for peer, ours in PAIRS:
        found = [ratio(result, peer, ours, case) for case in cases]
        if any(found):
            titles = [result["contenders"][name]["title"] for name in (peer, ours)]
            rows.append([*titles, *(f"**{x[1]:.2f}** ({x[0]:.2f} to {x[2]:.2f})" if x else "–" for x in found)])
    return "Median (quartiles) over the rounds.\n\n" + table(["peer", "ours", *cases], rows)


def time_table(result):
    cases = list(result["cases"])
    rows = []
    for contender in result["contenders"].values():
        if "error" in contender:
            rows.append([contender["title"], "failed", *[""] * len(cases)])
            continue
        times = [contender["ms"][case] for case in cases]
        rows.append([contender["title"], f"{contender['cosine']:.4f}", *(milliseconds(x) for x in times)])
    return table(["", "cosine", *cases], rows)


def milliseconds(times):
    if not times:
        return "–"
    low, median, high = spread(times)
    digits = 2 if median < 100 else 0
    return f"**{median:.{digits}f}** ({low:.{digits}f} to {high:.{digits}f})"


def memory(result):
    rows = []
    for contender in result["contenders"].values():
        sizes = contender.get("memory", {})
        if sizes.get("load"):
            grown = [(sizes[case] - sizes["load"]) / 2**20 if sizes.get(case) else None for case in result["cases"]]
            cells = ["–" if size is None else f"+{size:.2f}" for size in grown]
            rows.append([contender["title"], f"{sizes['load'] / 2**20:.2f}", *cells])
    text = "MiB once the model is loaded, and what it had grown by after each case, in this order."
    return f"### WebAssembly memory\n\n{text}\n\n" + table(["", "loaded", *result["cases"]], rows) if rows else ""


def failures(result):
    failed = [f"- {c['title']}: `{c['error']}`" for c in result["contenders"].values() if "error" in c]
    return "Failed:\n\n" + "\n".join(failed) if failed else ""


def method(about, models):
    mixed = next((lengths for result in models.values() if (lengths := result["cases"].get("mixed"))), None)
    real = (
        f"`mixed` is 32 real sentences of {min(mixed)} to {max(mixed)} tokens, {sum(mixed)} in all, spread evenly\n"
        "  over the first sentences of the STS benchmark's dev split"
        if mixed
        else "`mixed`, a batch of real sentences, was left out: there was no\n"
        "  `../shared/data`, or it was not asked for"
    )
    return f"""\
- Each contender is a process of its own that loads the model once, checks its vectors (`cosine` is the smallest to
  sentence-transformers over all texts of the cases; below 0.8 it is out) and warms up on every case.
- {about["rounds"]} rounds. In a round every contender has a turn of at least {about["turn_ms"]} ms on each case,
  one after the other, the order moving on by one each time. A turn's time is the median of samples of at least
  {about["sample_ms"]} ms. A ratio is taken within a round; medians and quartiles are over the rounds.
- `8` to `256` are one text of exactly so many tokens, special ones included, of real words; `32x16` is a batch of 32
  texts of 16 tokens; {real}.
- Ours, candle, Transformers.js and sentence-transformers are given texts: tokenization, pooling and normalization are
  in their time. onnxruntime and onnxruntime-web are given ids made beforehand, the mixed batch padded to its longest,
  and their token vectors are not pooled: what they leave out is not counted against them.
- The ONNX graphs are exported by PyTorch with the attention that onnxruntime runs fastest. q8 and int8 are one file,
  `quantize_dynamic` with signed weights, as Transformers.js makes it.
- Ours takes the relaxed-simd build where the engine accepts it and the simd128 build elsewhere; the table of versions
  says which.
- A dash is a case that was left out: it was not asked for, or would take more than 2.5 s a call.{firefox(models)}"""


def firefox(models):
    """A word on Firefox where it is out of all proportion."""
    for result in models.values():
        slow = ratio(result, "ours-firefox", "ours-simd128-node", "8")
        if slow and slow[1] > 20:
            return f"""
- Firefox takes {slow[1]:.0f} times as long as Node for the same simd128 build at 8 tokens. Its compiler mixes VEX and
  legacy SSE instructions (`vmulps`, then `addps`), and on some machines a switch between them costs hundreds of cycles
  once the upper halves of the vector registers are in use: 300 ns a pair instead of 0.7 on the one where this was
  looked into. With `javascript.options.wasm_simd_avx` off there is no mixture: that is the row "without AVX". This
  says nothing about Firefox where the switch is free."""
    return ""


def versions(about, models):
    rows = {}
    for result in models.values():
        for contender in result["contenders"].values():
            facts = contender.get("facts", {})
            engine = facts.get("engine", f"wasmtime {about['wasmtime']}" if "wasmtime" in contender["title"] else "")
            candle = contender["title"].startswith("candle")
            library = f"candle {about['candle']}" if candle else facts.get("version", "")
            rows[contender["title"]] = [contender["title"], library, facts.get("backend", ""), engine]
    packages = ", ".join(f"{name} {version}" for name, version in about["packages"].items())
    installed = f"{about['rustc']}. Python packages: {packages}."
    return table(["", "version", "build", "engine"], rows.values()) + f"\n\n{installed}"


def ratio_tables(models):
    return "\n\n".join(f"{name}\n{ratio_table(result)}" for name, result in models.items())
