"""Answers the messages of bench/run.py for one contender (README.md has the messages)."""

import json
import sys
import time
import traceback

import numpy as np


def serve(contender):
    """`contender` has load(message) and prepare(case, texts, ids), both -> facts; choose(case); encode(); vectors()."""
    answers = sys.stdout
    # What a library prints must not look like an answer.
    sys.stdout = sys.stderr
    runner = Runner(contender)
    for line in sys.stdin:
        message = json.loads(line)
        try:
            answer = getattr(runner, "on_" + message["op"])(message)
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


class Runner:
    def __init__(self, contender):
        self.contender = contender
        self.case = None

    def on_load(self, message):
        return self.contender.load(message) | {"engine": f"Python {sys.version.split()[0]}"}

    def on_prepare(self, message):
        facts = self.contender.prepare(message["case"], message["texts"], message["ids"])
        self.choose(message["case"])
        self.sample(message["warm_ms"])
        return facts | {"vectors": np.asarray(self.contender.vectors(), dtype=float).tolist()}

    def on_run(self, message):
        """Samples for `ms`, each over as many calls as fill `sample_ms`: the milliseconds of a call."""
        if self.case != message["case"]:
            self.choose(message["case"])
            self.contender.encode()
        samples, start = [], time.perf_counter()
        while not samples or (time.perf_counter() - start) * 1e3 < message["ms"]:
            samples.append(self.sample(message["sample_ms"]))
        return {"samples": samples}

    def choose(self, case):
        self.contender.choose(case)
        self.case = case

    def sample(self, at_least):
        """Calls until `at_least` milliseconds have passed, at least once; the milliseconds of one."""
        start, calls = time.perf_counter(), 0
        while True:
            self.contender.encode()
            calls += 1
            elapsed = (time.perf_counter() - start) * 1e3
            if elapsed >= at_least:
                return elapsed / calls
