"""How much memory a server holds, from Linux: pages that several processes or instances share count once (PSS)."""

import re
import socket
import time
from pathlib import Path

from kinds import stock
from mixed import send
from server import Server, ServerError

# Seconds after which idle instances of a server are gone, and those of one that is told to keep them are not.
SETTLED = 3
KEPT = "600s"
INSTANCES = 16
# Requests before the first reading and the last.
FEW, MANY = 1_000, 10_000
FIELDS = ("Pss", "Pss_Anon", "Private_Dirty", "Rss")


def reading(pid):
    """Bytes of a process, by name of FIELDS."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return {name: int(re.search(rf"^{name}: +(\d+) kB", text, re.MULTILINE)[1]) * 1024 for name in FIELDS}


def resident(pid):
    """PSS in bytes of a process and of those it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return reading(pid)["Pss"] + sum(resident(int(child)) for child in children)


def growth(setup, text, options):
    """Readings of the server at rest after FEW and after MANY mixed requests."""
    few, many = (FEW // options.fewer, MANY // options.fewer)
    with Server(stock(setup), setup["logs"] / "growth.txt", text) as server:
        readings = {}
        for count, until in ((few, few), (many - few, many)):
            print(f"  memory: {count} mixed requests", flush=True)
            send(server.port, count, seed=until)
            time.sleep(SETTLED)
            readings[until] = reading(server.process.pid)
    return readings


def per_instance(setup, texts):
    """{name of a text: bytes of PSS that an instance adds which has embedded it and is kept}"""
    return {
        name: (held(setup, text, INSTANCES) - held(setup, text, 1)) / (INSTANCES - 1) for name, text in texts.items()
    }


def held(setup, text, count):
    """PSS of a server that keeps `count` instances, each of which has embedded `text`.

    Every instance has one request at a time, and all requests are begun before one is finished: so there are as many.
    """
    kind = stock(setup, "--idle-instance-timeout", KEPT)
    with Server(kind, setup["logs"] / f"held-{count}.txt", text) as server:
        body = kind.body([text]).encode()
        head = f"POST {kind.path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        head += f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(count)]
        for client in clients:
            client.sendall(head.encode() + body[:1])
        # Until each request has found its instance.
        time.sleep(1)
        for client in clients:
            client.sendall(body[1:])
        for client in clients:
            with client, client.makefile("rb") as answer:
                status = answer.read().split(b"\r\n", 1)[0]
            if b" 200 " not in status:
                raise ServerError(f"{kind.title}, {count} instances: {status!r}")
        return reading(server.process.pid)["Pss"]
