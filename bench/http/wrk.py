"""Load from wrk: many connections, one request each at a time, as fast as the answers come."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SCRIPT = Path(__file__).with_name("wrk.lua")
PERCENTILES = (50, 90, 99)


@dataclass
class Load:
    """What a server made of a load."""

    per_second: float
    milliseconds: np.ndarray
    """Of every request that was answered, rounded to microseconds."""

    def percentiles(self):
        return percentiles(self.milliseconds)


def percentiles(milliseconds):
    """The percentiles of PERCENTILES."""
    return [float(x) for x in np.percentile(milliseconds, PERCENTILES)]


class LoadError(Exception):
    """Requests that were not answered as they should be."""


def load(wrk, url, body, connections, seconds):
    """POSTs the text `body` for so many `seconds`. wrk takes whole seconds; any answer but 2xx is an error."""
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", SCRIPT, url, "--", body]
    ran = subprocess.run([str(part) for part in command], check=False, capture_output=True, text=True)
    last = ran.stdout.splitlines()[-1] if ran.returncode == 0 and ran.stdout else ""
    if not last.startswith("{"):
        raise LoadError(f"wrk: {ran.stdout}{ran.stderr}")
    result = json.loads(last)
    if result["failed"] or not result["requests"]:
        raise LoadError(f"{url}: {result['failed']} of {result['requests']} requests failed")
    values, counts = np.array(result["latencies"]).T
    return Load(result["requests"] / result["microseconds"] * 1e6, np.repeat(values, counts) / 1e3)
