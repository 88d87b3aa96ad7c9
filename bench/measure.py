"""The measurement: all contenders on one model, side by side.

Result of `measure`: {"cases": {name: tokens of each text}, "contenders": {name: what is known of it}, "rates"}.
What is known is {"title", "facts", "cosine", "ms", "memory"}, or {"title", "error"} of one that failed; `ms` has one
time a round for each case.
"""

import json
from pathlib import Path

import numpy as np
from cases import LARGE
from child import Child, ChildError
from stats import cosines, spread

# A vector further from that of sentence-transformers is not what it should be. The int8 graphs of onnxruntime, whose
# activations have one scale a tensor, come down to 0.89.
COSINE = 0.8
# A case that would take a contender longer than this for one call, in milliseconds, is left out for it.
SLOWEST = 2500
# Rounds of the two micro-benchmarks, the iterations of the first, and the rows of the second.
RATE_ROUNDS = 7
PEAK_ITERATIONS = 2_000_000
RATE_ROWS = 128
RATED = ("ours-wasmtime", "ours-node", "ours-chromium")


class Run:
    """The children that are still in the race, and what is known of all."""

    def __init__(self, setup, model, contenders, options):
        self.options = options
        self.output = Path(setup["output"])
        self.model = model
        folder = self.output / model["name"]
        cases = json.loads((folder / "cases.json").read_text())
        ends = np.cumsum([len(case["texts"]) for case in cases])
        for case, part in zip(cases, np.split(np.load(folder / "reference.npy"), ends[:-1]), strict=True):
            case["reference"] = part
        self.all_cases = cases
        self.cases = [case for case in cases if case["timed"] and (not options.cases or case["name"] in options.cases)]
        self.contenders = contenders
        self.children = {}
        self.results = {}

    def attempt(self, contender, step):
        """Runs a step; a contender that fails leaves the race and its reason goes into the report."""
        try:
            return step()
        except (ChildError, OSError, KeyError, ValueError) as error:
            print(f"  {contender.title}: FAILED: {error}", flush=True)
            self.results[contender.name] = {"title": contender.title, "error": str(error).splitlines()[0]}
            if child := self.children.pop(contender.name, None):
                child.close()
            return None

    def start(self, contender):
        log = self.output / "log"
        log.mkdir(exist_ok=True)
        child = self.children[contender.name] = Child(contender, log / f"{contender.name}.txt")
        facts = child.ask("load", **contender.load(self.model))
        result = {
            "title": contender.title,
            "facts": {key: facts[key] for key in ("engine", "version", "backend") if key in facts},
            "ms": {},
            "memory": {"load": facts.get("memory")},
            "cosine": 1.0,
            "prepared": [],
        }
        per_token = 0
        for case in self.cases:
            expected = sum(map(len, case["ids"]))
            result["ms"][case["name"]] = []
            if per_token * expected > SLOWEST:
                print(f"  {contender.title}: too slow for {case['name']}", flush=True)
                continue
            fields = {key: case[key] for key in ("texts", "ids")}
            answer = child.ask("prepare", case=case["name"], warm_ms=self.options.warm_ms, **fields)
            per_token = child.ask("run", case=case["name"], ms=0, sample_ms=0)["samples"][0] / expected
            if answer["tokens"] != expected:
                raise ValueError(f"{case['name']}: {answer['tokens']} tokens instead of {expected}")
            worst = float(cosines(answer["vectors"], case["reference"]).min())
            if not worst > COSINE:
                raise ValueError(f"{case['name']}: cosine {worst:.4f} to sentence-transformers")
            result["cosine"] = min(result["cosine"], worst)
            result["memory"][case["name"]] = answer.get("memory")
            result["prepared"].append(case["name"])
        self.results[contender.name] = result
        print(f"  {contender.title}: smallest cosine {result['cosine']:.5f}", flush=True)

    def round(self, number):
        """Every contender on every case, in an order that moves on by one each time."""
        for index, case in enumerate(self.cases):
            turn = number + index
            order = [self.contenders[(turn + i) % len(self.contenders)] for i in range(len(self.contenders))]
            for contender in order:
                if contender.name in self.children and case["name"] in self.results[contender.name]["prepared"]:
                    self.attempt(contender, lambda one=contender, name=case["name"]: self.time(one, name))

    def time(self, contender, case):
        fields = {"ms": self.options.turn_ms, "sample_ms": self.options.sample_ms}
        answer = self.children[contender.name].ask("run", case=case, **fields)
        self.results[contender.name]["ms"][case].append(float(np.median(answer["samples"])))

    def rates(self):
        """Multiply-accumulates a second: of a loop in registers, and of the linear layers. Interleaved."""
        found = {}
        for name in RATED:
            if name in self.children and (rows := self.attempt_aside(name, lambda n=name: self.rate(n))):
                peak, linear = np.array(rows).T
                found[name] = {"peak": spread(peak), "linear": spread(linear), "fraction": spread(linear / peak)}
        return found

    def rate(self, name):
        """[rounds, (peak, linear)]; nothing where the module has no such exports."""
        rows = []
        for _ in range(RATE_ROUNDS):
            ask = self.children[name].ask
            peak = ask("rate", export="peak", argument=PEAK_ITERATIONS, ms=self.options.sample_ms)
            linear = ask("rate", export="linear", argument=RATE_ROWS, ms=self.options.turn_ms)
            if "missing" in peak or "missing" in linear:
                return []
            rows.append((peak["per_second"], linear["per_second"]))
        return rows

    def attempt_aside(self, name, step):
        """Runs a step that the times do not depend on; they are kept where it fails."""
        try:
            return step()
        except (ChildError, OSError, KeyError) as error:
            print(f"  {name}: FAILED: {error}", flush=True)
            return None

    def working_set(self, contender):
        """Bytes by which the memory of a fresh instance grows beyond the loaded model, for one long text and for 32."""
        grown = {}
        for case in self.all_cases:
            if case["name"] not in ("128", LARGE):
                continue
            child = Child(contender, self.output / "log" / f"{contender.name}-memory.txt")
            try:
                before = child.ask("load", **contender.load(self.model))["memory"]
                fields = {key: case[key] for key in ("texts", "ids")}
                grown[case["name"]] = child.ask("prepare", case=case["name"], warm_ms=0, **fields)["memory"] - before
            finally:
                child.close()
        return grown


def measure(setup, model, contenders, options):
    run = Run(setup, model, contenders, options)
    print(f"{model['name']}: starting {len(contenders)} contenders", flush=True)
    for contender in contenders:
        run.attempt(contender, lambda c=contender: run.start(c))
    for number in range(options.rounds):
        print(f"  round {number + 1} of {options.rounds}", flush=True)
        run.round(number)
    rates = run.rates()
    for child in run.children.values():
        child.close()
    for contender in contenders:
        if contender.name in run.children and contender.name in ("ours-wasmtime", "candle"):
            grown = run.attempt_aside(contender.name, lambda c=contender: run.working_set(c))
            run.results[contender.name]["working_set"] = grown or {}
    return {
        "cases": {case["name"]: [len(ids) for ids in case["ids"]] for case in run.cases},
        "contenders": {contender.name: run.results[contender.name] for contender in contenders},
        "rates": rates,
    }
