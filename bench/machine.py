"""What the figures depend on: the processor, and the versions of what is installed."""

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

# What decides how fast a kernel can be, on x86-64 and on aarch64.
FLAGS = ("avx2", "fma", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8", "asimddp", "i8mm", "sve2")
PACKAGES = ("sentence-transformers", "transformers", "tokenizers", "torch", "onnxruntime", "onnx", "numpy")


def about(setup):
    cpu = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"^model name\s*: (.*)$", cpu, re.MULTILINE)
    present = set((re.search(r"^(?:flags|Features)\s*: (.*)$", cpu, re.MULTILINE) or [None, ""])[1].split())
    root = Path(setup["root"])
    return {
        "cpu": model[1] if model else platform.processor(),
        "family": ", ".join(
            f"{key} {found[1]}"
            for key in ("cpu family", "model", "stepping")
            if (found := re.search(rf"^{key}\s*: (.*)$", cpu, re.MULTILINE))
        ),
        "flags": {flag: flag in present for flag in FLAGS},
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "rustc": output("rustc", "--version"),
        "wasmtime": locked(root / "Cargo.lock", "wasmtime"),
        "candle": locked(root / "bench/candle/Cargo.lock", "candle-core"),
        "packages": {name: version(name) for name in PACKAGES},
        "missing": [browser for browser in ("chromium", "firefox") if not setup.get(browser, True)],
        "commit": output("git", "-C", setup["root"], "describe", "--always", "--dirty"),
    }


def locked(lock, crate):
    """The version of a crate in a lock file."""
    return re.search(rf'name = "{crate}"\nversion = "(.*)"', lock.read_text())[1]


def load():
    """Load average over a minute: how busy the machine is with other things."""
    return round(os.getloadavg()[0], 2)


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
