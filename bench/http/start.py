"""From the start of a process to its first answers, with its files in the page cache."""

from kinds import flask, minilm, stock
from server import Server
from stats import spread


def measure(setup, text, options):
    """{name: {"title", "healthy", "answered"}}: milliseconds, quartiles over the starts."""
    kinds = [stock(setup), minilm(setup), flask(setup)]
    found = {kind.name: [] for kind in kinds}
    # The first round fills caches, of the system and of `minilm serve`, and is not counted.
    for number in range(options.starts + 1):
        print(f"  start, round {number} of {options.starts}", flush=True)
        for kind in kinds:
            with Server(kind, setup["logs"] / f"{kind.name}-start.txt", text) as server:
                found[kind.name].append((server.healthy_after * 1e3, server.answered_after * 1e3))
    return {
        kind.name: {
            "title": kind.title,
            "healthy": spread([healthy for healthy, _ in found[kind.name][1:]]),
            "answered": spread([answered for _, answered in found[kind.name][1:]]),
        }
        for kind in kinds
    }
