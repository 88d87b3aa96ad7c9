"""Bytes that have to be on a machine before the service can run."""

import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

# What a build of PyTorch for processors alone, which is on no package registry, does without.
GPU = ("nvidia-", "cuda-", "triton")


def measure(setup):
    """{title: bytes}"""
    wasmtime, component, precompiled = (
        Path(setup[name]).stat().st_size for name in ("wasmtime", "component", "precompiled")
    )
    packages = {name: bytes_of(name) for name in closure(("flask", "gunicorn", "sentence-transformers"))}
    gpu = sum(size for name, size in packages.items() if name.startswith(GPU))
    service = sum(packages.values()) + python() + folder(Path(setup["model"]["dir"]))
    return {
        "component": component,
        "precompiled": precompiled,
        "wasmtime": wasmtime,
        "flask": service,
        "flask-cpu": service - gpu,
    }


def closure(names):
    """The distributions that pip installs for these, themselves included."""
    found, seen, waiting = set(), set(), [Requirement(name) for name in names]
    while waiting:
        wanted = waiting.pop()
        # As pip, which takes - _ and . for the same; a package can be wanted again with other extras.
        name, extras = wanted.name.lower().replace("_", "-").replace(".", "-"), frozenset(wanted.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            requirements = map(Requirement, distribution(name).requires or ())
        except PackageNotFoundError:
            continue
        found.add(name)
        waiting += [r for r in requirements if applies(r, extras)]
    return found


def applies(requirement, extras):
    marker = requirement.marker
    return not marker or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def bytes_of(name):
    files = (Path(file.locate()) for file in distribution(name).files or ())
    return sum(file.stat().st_size for file in files if file.is_file())


def python():
    """The interpreter and its standard library, without the packages beside it."""
    library = Path(sysconfig.get_path("stdlib"))
    packages = sum(folder(library / name) for name in ("site-packages", "test", "ensurepip"))
    return folder(library) - packages + Path(sys.executable).resolve().stat().st_size


def folder(path):
    return sum(file.lstat().st_size for file in path.rglob("*") if file.is_file() and not file.is_symlink())
