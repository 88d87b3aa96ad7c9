"""run.py SETUP: the HTTP component beside what it replaces. `cargo xtask bench-http` writes the setup and passes its
options on.
"""

import argparse
import json
import subprocess
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path

# Behind the folder of this script and the standard library: bench/ has this folder in it, which is called http.
sys.path.append(str(Path(__file__).resolve().parents[1]))

import http_report
import latency
import machine
import memory
import size
import start
import throughput
from cases import exact, source_words
from tokenizers import Tokenizer

# Rounds; seconds of a turn; starts of each server; the part of the mixed requests that is sent.
FULL = {"rounds": 5, "turn": 2, "starts": 5, "fewer": 1}
QUICK = {"rounds": 2, "turn": 1, "starts": 2, "fewer": 20}
PARTS = ("latency", "throughput", "start", "growth", "instances", "size")
# Tokens of the text of most measurements, and of the longest that the model reads.
SHORT, LONG = 10, 256


def parse():
    parser = argparse.ArgumentParser(prog="cargo xtask bench-http", description="Times the HTTP component.")
    parser.add_argument("setup", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="a short run; writes its report into the target folder")
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=PARTS, metavar="PART,…", help=", ".join(PARTS)
    )
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    if unknown := set(options.only) - set(PARTS):
        parser.error(f"unknown: {', '.join(unknown)}")
    options.complete = not (options.quick or options.rounds or options.only is not PARTS)
    for name, value in (QUICK if options.quick else FULL).items():
        setattr(options, name, getattr(options, name, None) or value)
    return options


def texts(setup):
    """A short text and a long one, each of an exact number of tokens."""
    tokenizer = Tokenizer.from_file(str(Path(setup["model"]["dir"]) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    words = source_words(setup["root"])
    return [exact(lambda text: {"input_ids": tokenizer.encode(text).ids}, words, count, 0) for count in (SHORT, LONG)]


def wrk_version(wrk):
    """It prints its version, and how it is used, and fails."""
    return " ".join(subprocess.run([wrk, "-v"], check=False, capture_output=True, text=True).stdout.split()[:2])


def main():
    options = parse()
    setup = json.loads(Path(options.setup).read_text())
    output = Path(setup["output"])
    setup["logs"] = output / "log"
    setup["logs"].mkdir(exist_ok=True)
    short, long = texts(setup)
    parts = {
        "latency": lambda: latency.measure(setup, short, options),
        "throughput": lambda: throughput.measure(setup, short, options),
        "start": lambda: start.measure(setup, short, options),
        "growth": lambda: memory.growth(setup, short, options),
        "instances": lambda: memory.per_instance(setup, {f"{SHORT} tokens": short, f"{LONG} tokens": long}),
        "size": lambda: size.measure(setup),
    }
    about = machine.about(setup) | {"load_before": machine.load(), "complete": options.complete}
    about["packages"] |= {name: version(name) for name in ("flask", "gunicorn")}
    about |= {"date": str(date.today()), "wrk": wrk_version(setup["wrk"]), "text": short}
    about |= {name: getattr(options, name) for name in FULL}
    results = {}
    for name, measure in parts.items():
        if name in options.only:
            print(name, flush=True)
            results[name] = measure()
    about["load_after"] = machine.load()

    (output / "http.json").write_text(json.dumps({"about": about, "results": results}))
    report = (Path(setup["root"]) / "docs/benchmarks" if options.complete else output) / "http.md"
    report.write_text(http_report.render(about, results), encoding="utf-8")
    print(http_report.summary_table(results))
    print(f"written: {report}")


main()
