"""A PostgreSQL with pgvector for as long as this program has an open standard input: the address is its first line.

The programs are those of the PyPI package pgserver. Its own Python code is not used: run by root, it adds a user to the machine and opens
root's home folder to all. PostgreSQL refuses to be run by root, so here it is run by `nobody` then, out of a copy that `nobody` can read.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec

NOBODY = "nobody"
SECONDS = 60


def main():
    # So that the server ends with this program in any case that leaves it a choice.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    package = pathlib.Path(find_spec("pgserver").origin).parent
    folder = pathlib.Path(tempfile.mkdtemp(prefix="minilm-pg-"))
    try:
        run(package, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(package, folder):
    user = {}
    if os.geteuid() == 0:
        # Side by side as in the package, since the programs find their libraries by where they are.
        for name in [package.name, "pgserver.libs"]:
            if (package.parent / name).exists():
                shutil.copytree(package.parent / name, folder / name)
        package = folder / package.name
        folder.chmod(0o755)
        (folder / "data").mkdir()
        shutil.chown(folder / "data", NOBODY)
        user = {"user": NOBODY, "group": os.stat(folder / "data").st_gid, "extra_groups": []}
    programs, data = package / "pginstall" / "bin", folder / "data"
    setup = [programs / "initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres", "-D", data]
    subprocess.run(setup, check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)
    # No port: a socket in the folder.
    settings = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=64MB"]
    command = [programs / "postgres", "-D", data, "-k", data, *settings]
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **user)
    try:
        wait(server, data / "postmaster.pid", folder / "log")
        print(f"host={data} user=postgres dbname=postgres", flush=True)
        sys.stdin.read()
    finally:
        # Ends sessions and then the server.
        server.send_signal(signal.SIGINT)
        server.wait(SECONDS)


def wait(server, pid_file, log):
    """Waits until the server has written that it is ready, which is the last line of its file."""
    for _ in range(10 * SECONDS):
        if pid_file.exists() and pid_file.read_text().strip().endswith("ready"):
            return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    sys.exit(f"PostgreSQL does not start: {log.read_text()}")


main()
