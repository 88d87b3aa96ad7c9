"""What HTTP, and a fresh instance, add to the time of one short text: one connection that stays open, one request at a
time.

The bare inference is the same core in the same engine with nothing around it, warm, a call a sample: `minilm-host bench`.
"""

import statistics
from dataclasses import dataclass

import numpy as np
from child import Child
from kinds import minilm, stock
from server import Server
from wrk import load, percentiles

FRESH = ("--max-instance-reuse-count", "1")


@dataclass
class Bare:
    """The inference alone, as a contender of bench/child.py."""

    command: list
    env: dict


def contenders(setup):
    """Name -> (title, kind)."""
    return {
        "stock-cold": ("wasmtime serve, a fresh instance a request", stock(setup, *FRESH)),
        "stock-warm": ("wasmtime serve, instances reused", stock(setup)),
        "minilm-cold": ("minilm serve, a fresh instance a request", minilm(setup, *FRESH)),
        "minilm-warm": ("minilm serve, instances reused", minilm(setup)),
    }


def measure(setup, text, options):
    """{name: {"title", "percentiles", "over": how much its median is above that of the bare inference, a round}}"""
    kinds = contenders(setup)
    bare = Child(Bare([*setup["host"], setup["module"]], {}), setup["logs"] / "bare.txt")
    servers = {}
    try:
        bare.ask("load", file=setup["model"]["int8"])
        bare.ask("prepare", case="one", texts=[text], warm_ms=500)
        for name, (_, kind) in kinds.items():
            servers[name] = Server(kind, setup["logs"] / f"{name}.txt", text)
        samples = {name: [] for name in ("bare", *kinds)}
        for number in range(options.rounds):
            print(f"  latency, round {number + 1} of {options.rounds}", flush=True)
            turns = ["bare", *kinds]
            for name in turns[number % len(turns) :] + turns[: number % len(turns)]:
                samples[name].append(turn(setup, name, bare, servers, text, options))
    finally:
        bare.close()
        for server in servers.values():
            server.close()
    medians = {name: [statistics.median(round_) for round_ in rounds] for name, rounds in samples.items()}
    titles = {"bare": "bare inference, wasmtime"} | {name: title for name, (title, _) in kinds.items()}
    return {
        name: {
            "title": titles[name],
            "percentiles": percentiles(np.concatenate(rounds)),
            "over": [a - b for a, b in zip(medians[name], medians["bare"], strict=True)],
        }
        for name, rounds in samples.items()
    }


def turn(setup, name, bare, servers, text, options):
    """Milliseconds of each call or request in a turn."""
    if name == "bare":
        return bare.ask("run", case="one", ms=options.turn * 1000, sample_ms=0)["samples"]
    server = servers[name]
    return load(setup["wrk"], server.url(), server.kind.body([text]), 1, options.turn).milliseconds
