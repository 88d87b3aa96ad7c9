"""The figures that the report begins with."""

import statistics

# Bytes of the container image that started the project.
IMAGE = 600_000_000


def rows(results):
    """[what, measured]"""
    found = []
    if latency := results.get("latency"):
        for name, title in (("stock-cold", "fresh instance"), ("stock-warm", "instance reused")):
            over = statistics.median(latency[name]["over"])
            found.append([f"{title}: time above the bare inference", f"{over:.2f} ms"])
    if throughput := results.get("throughput"):
        ours, theirs = throughput["stock"], throughput["flask"]
        ratio = statistics.median(
            a / b for a, b in zip(*(who["loads"][4]["rounds"] for who in (ours, theirs)), strict=True)
        )
        found.append(["requests a second at 4 connections, to Flask", f"{ratio:.2f} ×"])
        found.append(["most memory after a load, of Flask", f"1/{theirs['resident'] / ours['resident']:.1f}"])
    if start := results.get("start"):
        ours, theirs = (start[name]["answered"][1] for name in ("stock", "flask"))
        found.append(["start to the first vector", f"{ours:.0f} ms"])
        found.append(["start to the first vector, to Flask", f"{theirs / ours:.0f} × as fast"])
    if growth := results.get("growth"):
        (few, before), (many, after) = growth.items()
        grown = after["Pss"] / before["Pss"] - 1
        title = f"resident memory after {int(many):,} mixed requests, to that after {int(few):,}"
        found.append([title, f"{grown:+.1%}"])
    for text, size in results.get("instances", {}).items():
        found.append([f"memory of an instance beyond the shared weights, {text}", f"{size / 1e6:.1f} MB"])
    if size := results.get("size"):
        for title, bytes_ in (
            ("component, model included", size["component"]),
            ("component compiled ahead, and wasmtime", size["precompiled"] + size["wasmtime"]),
        ):
            found.append([f"deployed: {title}, to 600 MB", f"1/{IMAGE / bytes_:.1f}"])
    return found
