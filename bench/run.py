"""run.py SETUP: times every contender against ours. `cargo xtask bench` writes the setup and passes its options on."""

import argparse
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import machine
import plot
import report
from contenders import all_contenders
from measure import measure

HERE = Path(__file__).resolve().parent
# Rounds, and milliseconds: of a contender's turn in a round, of a sample in it, of warming up.
FULL = {"rounds": 9, "turn_ms": 300, "sample_ms": 20, "warm_ms": 2000}
QUICK = {"rounds": 3, "turn_ms": 100, "sample_ms": 20, "warm_ms": 800}


def parse():
    parser = argparse.ArgumentParser(prog="cargo xtask bench", description="Times the core against its peers.")
    names = {"type": lambda text: text.split(","), "metavar": "NAME,…"}
    parser.add_argument("setup", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="few rounds; writes its report into the target folder")
    parser.add_argument("--only", **names, help="these contenders; `--only list` shows their names")
    parser.add_argument("--cases", **names, help="8, 16, 32, 128, 256, 32x16, mixed")
    parser.add_argument("--models", **names, help="L3, L6")
    parser.add_argument("--rounds", type=int)
    return parser.parse_args()


def chosen(contenders, only):
    unknown = set(only or ()) - {contender.name for contender in contenders}
    if unknown:
        sys.exit(f"contenders are {', '.join(contender.name for contender in contenders)}")
    return [contender for contender in contenders if not only or contender.name in only]


def main():
    options = parse()
    complete = not (options.quick or options.only or options.cases or options.models or options.rounds)
    for name, value in (QUICK if options.quick else FULL).items():
        setattr(options, name, getattr(options, name, None) or value)
    setup = json.loads(Path(options.setup).read_text())
    contenders = chosen(all_contenders(setup), options.only)
    models = [m for m in setup["models"] if not options.models or report.short(m["name"]) in options.models]

    print("exporting the models and preparing the cases", flush=True)
    # In a process of its own: PyTorch is large, and threads of it would stay.
    command = [sys.executable, HERE / "prepare.py", options.setup]
    prepared = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    if prepared.returncode:
        sys.exit(f"{prepared.stderr}cannot prepare the models")
    about = machine.about(setup) | {"load_before": machine.load(), "complete": complete, "date": str(date.today())}
    about |= {key: getattr(options, key) for key in ("rounds", "turn_ms", "sample_ms")}
    results = {model["name"]: measure(setup, model, contenders, options) for model in models}
    about["load_after"] = machine.load()

    output = Path(setup["output"])
    (output / "results.json").write_text(json.dumps({"about": about, "models": results}))
    folder = Path(setup["root"]) / "docs/benchmarks" if complete else output
    text, picture = folder / "encoding.md", folder / "encoding.svg"
    text.write_text(report.render(about, results), encoding="utf-8")
    plot.draw(results, picture)
    print(report.ratio_tables(results))
    print(f"written: {text}, {picture}")


main()
