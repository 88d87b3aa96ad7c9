"""What a request at the default limits costs: `python3 bench/limits/run.py MINILM`.

MINILM is the program. Each request of `cases.py` goes to a server with one worker that has been asked once before, so
its instance is there. Time is from the first byte sent to the last byte read. Memory is the most that the process holds
during the request, as the kernel counts it (`VmHWM`, set back before each request), mapped machine code and the page cache
of files included. Writes docs/benchmarks/limits.md.
"""

import argparse
import datetime
import http.client
import json
import platform
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import cases

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("paraphrase-MiniLM-L3-v2", "all-MiniLM-L6-v2")


@dataclass
class Measured:
    case: cases.Case
    status: int
    seconds: float
    sent: int
    received: int
    peak: int
    """Bytes."""
    refused: str
    """The limit that an answer names, or ''."""


class Server:
    """`minilm serve` or `minilm kb`, with one worker."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            [
                *command,
                "--addr",
                "127.0.0.1:0",
                "--workers",
                "1",
                "--env",
                "LOG=off",
                "--env",
                f"SERVED_MODEL_NAME={cases.MODEL}",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for line in self.process.stdout:
            if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                return
        raise SystemExit(f"{command} ended before it listened")

    def ask(self, case):
        body = None if case.body is None else json.dumps(case.body, ensure_ascii=False).encode()
        headers = {"content-type": "application/json", "host": "localhost"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        started = time.perf_counter()
        connection.request(case.method, case.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        seconds = time.perf_counter() - started
        connection.close()
        return answer.status, content, seconds, len(body or b"")

    def measure(self, case):
        memory = Path(f"/proc/{self.process.pid}")
        (memory / "clear_refs").write_text("5")
        status, content, seconds, sent = self.ask(case)
        peak = int(re.search(r"VmHWM:\s*(\d+) kB", (memory / "status").read_text())[1]) * 1024
        return Measured(case, status, seconds, sent, len(content), peak, limit(status, content))

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def limit(status, content):
    if status < 400:
        return ""
    error = json.loads(content)
    error = error if "limit" in error else error.get("error", {})
    found = error.get("limit") if isinstance(error, dict) else None
    return found["name"] if found else content.decode()[:80]


def rows(server, wanted):
    for case in wanted:
        server.ask(cases.WARM_UP)
        found = server.measure(case)
        print(
            f"{found.status} {found.seconds:6.2f} s {found.peak / 1e6:6.0f} MB  {case.method} {case.path}: {case.title}",
            file=sys.stderr,
        )
        yield found


def table(found):
    lines = ["| request | | sent, kB | status | received, kB | s | MB |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for row in found:
        status = f"{row.status} `{row.refused}`" if row.refused else str(row.status)
        lines.append(
            f"| `{row.case.method} {row.case.path}` | {row.case.title} | {row.sent / 1e3:,.0f} | {status} "
            f"| {row.received / 1e3:,.0f} | {row.seconds:.2f} | {row.peak / 1e6:.0f} |"
        )
    return "\n".join(lines)


def worst(found):
    return (
        f"Longest {max(row.seconds for row in found):.1f} s, most memory {max(row.peak for row in found) / 1e6:.0f} MB"
    )


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("program", metavar="MINILM")
    options.add_argument("--documents", type=int, default=100_000, help="in the knowledge base [default: %(default)s]")
    options = options.parse_args()
    commit = subprocess.run(
        ["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True, check=True
    ).stdout.strip()
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)[1]
    parts = [
        "# Benchmarks: requests at the limits",
        f"Written by `python3 bench/limits/run.py MINILM` on {datetime.date.today()}, at {commit}, on {cpu}, "
        f"{platform.system()} {platform.release()}. One worker, `int8`, all limits at their defaults.",
        "Time is from the first byte sent to the last byte read. Memory is the most that the process held: machine code, "
        "weights and pages of files included, so the row `nothing to do` shows what a server holds without work. "
        "A status of 4xx or 5xx names the limit that ended the request.",
    ]
    for model in MODELS:
        server = Server(options.program, "serve", "--model", model)
        try:
            found = list(rows(server, cases.EMBEDDER))
        finally:
            server.close()
        parts += [f"## `minilm serve --model {model}`", f"{worst(found)}.", table(found)]
    with tempfile.TemporaryDirectory() as folder:
        server = Server(options.program, "kb", "--model", MODELS[0], "--sqlite", f"{folder}/kb.db")
        try:
            for case in cases.load(options.documents):
                status, content, *_ = server.ask(case)
                assert status == 200, content[:300]
            found = list(rows(server, cases.KNOWLEDGE_BASE))
        finally:
            server.close()
    title = f"## `minilm kb --model {MODELS[0]}`, SQLite, {options.documents:,} documents"
    parts += [title, f"{worst(found)}.", table(found)]
    (ROOT / "docs/benchmarks/limits.md").write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
