"""Which servers are measured: how each is started, asked and read."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

FLASK = Path(__file__).with_name("flask")
# One request at a time in an instance: requests at once then use as many cores.
APART = ("--max-instance-concurrent-reuse-count", "1")


@dataclass
class Kind:
    name: str
    title: str
    """Name in reports."""
    command: callable
    """From a port to the command."""
    path: str
    """The route that embeds."""
    body: callable
    """From texts to the body of a request for their vectors."""
    read: callable
    """From the answer to the vectors."""
    env: dict = field(default_factory=dict)
    folder: Path = None


def stock(setup, *flags):
    """The published `wasmtime serve` with the precompiled component, as docs/deploy.md starts it."""
    return wasmtime(setup, "stock", "wasmtime serve", *APART, *flags)


def shared(setup):
    """The same with wasmtime's own default: up to 16 requests at once in an instance, which computes on one thread."""
    return wasmtime(setup, "shared", "wasmtime serve, instances shared")


def wasmtime(setup, name, title, *flags):
    command = [setup["wasmtime"], "serve", "-S", "cli", "--allow-precompiled", "--env", "LOG=off", *flags]
    return ours(name, title, lambda port: [*command, "--addr", f"127.0.0.1:{port}", setup["precompiled"]])


def minilm(setup, *flags):
    """`minilm serve`: the wasmtime crates in the program of this project, with a cache of its own."""
    command = [*setup["serve"], "--env", "LOG=off", *flags]
    return ours("minilm", "minilm serve", lambda port: [*command, "--addr", f"127.0.0.1:{port}"])


def ours(name, title, command):
    return Kind(name, title, command, "/embed", lambda texts: json.dumps({"inputs": texts}), lambda answer: answer)


def flask(setup):
    """The service that is replaced, with the Python that has its packages."""
    return Kind(
        "flask",
        "Flask, gunicorn, sentence-transformers",
        lambda port: [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "app:app"],
        "/embed",
        lambda texts: json.dumps({"texts": texts}),
        lambda answer: answer["embeddings"],
        env={"MODEL_NAME": setup["model"]["dir"], "HF_HUB_OFFLINE": "1"},
        folder=FLASK,
    )
