"""What the HTTP component has to reach, and whether it does."""

import statistics

from bars import mark

# Milliseconds above the bare inference, of a fresh instance and of one that is used again.
COLD, WARM = 2.0, 0.3
# Milliseconds from the start of `wasmtime serve` to its first vector.
START = 100
# How many times as many requests a second at 4 connections, as fast a start, as little memory, as few bytes.
PER_SECOND, STARTS, RESIDENT, DEPLOYED = 3, 200, 8, 20
# Bytes of the container image that started the project.
IMAGE = 600_000_000
GROWTH = 0.05
INSTANCE = 8_000_000


def rows(results):
    """[what, measured, bar and mark]"""
    found = []
    if latency := results.get("latency"):
        for name, title, bound in (("stock-cold", "fresh instance", COLD), ("stock-warm", "instance reused", WARM)):
            over = statistics.median(latency[name]["over"])
            found.append((f"{title}: time above the bare inference", f"{over:.2f} ms", f"≤ {bound:g} ms",
                          over <= bound))
    if throughput := results.get("throughput"):
        ours, theirs = throughput["stock"], throughput["flask"]
        ratio = statistics.median(
            a / b for a, b in zip(*(who["loads"][4]["rounds"] for who in (ours, theirs)), strict=True)
        )
        found.append(("requests a second at 4 connections, to Flask", f"{ratio:.2f} ×", f"≥ {PER_SECOND} ×",
                      ratio >= PER_SECOND))
        ratio = theirs["resident"] / ours["resident"]
        found.append(("most memory after a load, of Flask", f"1/{ratio:.1f}", f"≤ 1/{RESIDENT}",
                      ratio >= RESIDENT))
    if start := results.get("start"):
        ours, theirs = (start[name]["answered"][1] for name in ("stock", "flask"))
        found.append(("start to the first vector", f"{ours:.0f} ms", f"≤ {START} ms", ours <= START))
        found.append(("start to the first vector, to Flask", f"{theirs / ours:.0f} × as fast", f"≥ {STARTS} ×",
                      theirs / ours >= STARTS))
    if growth := results.get("growth"):
        (few, before), (many, after) = growth.items()
        grown = after["Pss"] / before["Pss"] - 1
        found.append((f"resident memory after {int(many):,} mixed requests, to that after {int(few):,}",
                      f"{grown:+.1%}", f"≤ {GROWTH:+.0%}", grown <= GROWTH))
    for text, size in results.get("instances", {}).items():
        found.append((f"memory of an instance beyond the shared weights, {text}", f"{size / 1e6:.1f} MB",
                      f"≤ {INSTANCE / 1e6:g} MB", size <= INSTANCE))
    if size := results.get("size"):
        for title, bytes_ in (("component, model included", size["component"]),
                              ("component compiled ahead, and wasmtime", size["precompiled"] + size["wasmtime"])):
            found.append((f"deployed: {title}, to 600 MB", f"1/{IMAGE / bytes_:.1f}", f"≤ 1/{DEPLOYED}",
                          bytes_ * DEPLOYED <= IMAGE))
    return [[what, measured, f"{bound} {mark(passes)}"] for what, measured, bound, passes in found]
