"""Requests a second and their latency, ours beside the service that is replaced: one short text a request.

One server at a time is loaded, the others idle; the processes and what they have in memory stay.
"""

import numpy as np
from kinds import flask, minilm, shared, stock
from memory import resident
from server import Server
from stats import spread
from wrk import load, percentiles

CONNECTIONS = (1, 4, 32)


def measure(setup, text, options):
    """{name: {"title", "resident", "loads": {connections: {"per_second", "rounds", "percentiles"}}}}

    `resident` is the most that it held after a turn."""
    kinds = [stock(setup), shared(setup), minilm(setup), flask(setup)]
    servers = {}
    try:
        for kind in kinds:
            servers[kind.name] = Server(kind, setup["logs"] / f"{kind.name}-load.txt", text)
            # Workers that have not embedded yet, and the caches of PyTorch.
            load(setup["wrk"], servers[kind.name].url(), kind.body([text]), 4, options.turn)
        loads = {kind.name: {count: [] for count in CONNECTIONS} for kind in kinds}
        most = {kind.name: 0 for kind in kinds}
        for number in range(options.rounds):
            print(f"  throughput, round {number + 1} of {options.rounds}", flush=True)
            for count in CONNECTIONS:
                turns = kinds[number % len(kinds) :] + kinds[: number % len(kinds)]
                for kind in turns:
                    server = servers[kind.name]
                    found = load(setup["wrk"], server.url(), kind.body([text]), count, options.turn)
                    loads[kind.name][count].append(found)
                    # At once, before instances that have nothing to do are dropped.
                    most[kind.name] = max(most[kind.name], resident(server.process.pid))
        return {
            kind.name: {
                "title": kind.title,
                "resident": most[kind.name],
                "loads": {count: summary(rounds) for count, rounds in loads[kind.name].items()},
            }
            for kind in kinds
        }
    finally:
        for server in servers.values():
            server.close()


def summary(rounds):
    return {
        "per_second": spread([round_.per_second for round_ in rounds]),
        "rounds": [round_.per_second for round_ in rounds],
        "percentiles": percentiles(np.concatenate([round_.milliseconds for round_ in rounds])),
    }
