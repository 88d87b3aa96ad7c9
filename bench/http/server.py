"""A server as a process of its own on a free port of 127.0.0.1, and how long it takes until it answers."""

import http.client
import json
import os
import socket
import subprocess
import time

# Seconds that a server may take to start: PyTorch on a busy machine takes long.
PATIENCE = 120
# Seconds between two attempts to connect: less than what is measured, more than nothing on a machine with few cores.
ATTEMPT = 0.0005


class ServerError(Exception):
    """How a server failed, and what it said last."""


class Server:
    def __init__(self, kind, log, text):
        """Starts a server of a `Kind`. It is up once /health answers, and warm once it has embedded `text`.

        `log` is the file for what it prints."""
        self.kind, self.log, self.port = kind, log, free_port()
        began = time.perf_counter()
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [str(part) for part in kind.command(self.port)],
                cwd=kind.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | kind.env,
            )
        try:
            self.connect().close()
            self.request("GET", "/health")
            self.healthy_after = time.perf_counter() - began
            self.request("POST", kind.path, kind.body([text]))
            self.answered_after = time.perf_counter() - began
        except BaseException:
            self.close()
            raise

    def connect(self):
        """A connection, as soon as the server takes one."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port))
            except ConnectionRefusedError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise ServerError(f"{self.kind.title} does not start\n{self.last_words()}") from None
                time.sleep(ATTEMPT)

    def request(self, method, path, body=None):
        """The answer to a request on a connection of its own; its status must be 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {"content-type": "application/json"} if body else {})
            response = connection.getresponse()
            answer = response.read()
        except OSError as error:
            raise ServerError(f"{self.kind.title}: {error}\n{self.last_words()}") from error
        finally:
            connection.close()
        if response.status != 200:
            raise ServerError(f"{self.kind.title}: {method} {path}: {response.status} {answer[:200]!r}")
        return answer

    def vectors(self, texts):
        """The vectors of texts."""
        return self.kind.read(json.loads(self.request("POST", self.kind.path, self.kind.body(texts))))

    def url(self):
        return f"http://127.0.0.1:{self.port}{self.kind.path}"

    def last_words(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def close(self):
        """Ends the process that was started here, and with it the workers of its own."""
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def free_port():
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
