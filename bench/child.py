"""A contender as a process of its own, which answers one JSON line with another."""

import json
import os
import queue
import subprocess
import threading


class ChildError(Exception):
    """What a contender said, or how it ended."""


class Child:
    def __init__(self, contender, log):
        """`log` is the file for what it writes on its standard error."""
        self.log = log
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                [str(part) for part in contender.command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=os.environ | contender.env,
                text=True,
            )
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def ask(self, op, timeout=300, **fields):
        """Its answer, within `timeout` seconds."""
        try:
            self.process.stdin.write(json.dumps({"op": op} | fields) + "\n")
            self.process.stdin.flush()
            line = self.lines.get(timeout=timeout)
        except queue.Empty:
            raise ChildError(f"no answer to `{op}` within {timeout} s\n{self.last_words()}") from None
        except OSError:
            line = None
        if line is None:
            raise ChildError(f"it ended with status {self.process.wait()}\n{self.last_words()}")
        answer = json.loads(line)
        if "error" in answer:
            raise ChildError(f"{answer['error']}\n{self.last_words()}")
        return answer

    def last_words(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def close(self):
        """Its input ends, and then it does; it is killed where it does not."""
        try:
            self.process.stdin.close()
            self.process.wait(timeout=30)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
