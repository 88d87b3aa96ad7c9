"""A server that speaks MongoDB's protocol, the knowledge base, and minilm-sync between them: `cargo xtask test` starts a knowledge base
and names it in MINILM_KB_URL, and the program in MINILM_SYNC.
"""

import os
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pymongo
import pytest
import requests


def wait_for(condition, what, seconds=60):
    """Waits until `condition` gives something true, and gives that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} has not happened in {seconds} s")


class Mongo:
    """A process of its own, that can be stopped and started on the same data."""

    def __init__(self, folder, *options):
        self.folder, self.options, self.process = folder, options, None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.uri = f"mongodb://127.0.0.1:{self.port}/?serverSelectionTimeoutMS=15000"
        self.start()

    def start(self):
        program = Path(sys.executable).with_name("secantusd-py")
        command = [program, "--port", str(self.port), "--storage-path", str(self.folder / "data"), *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.client = pymongo.MongoClient(self.uri)
        wait_for(self.answers, "the start of MongoDB")

    def answers(self):
        try:
            return self.client.admin.command("ping")
        except pymongo.errors.PyMongoError:
            return None

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class KnowledgeBase:
    def __init__(self, url):
        self.url = url

    def documents(self):
        """All documents by their ids."""
        found, after = {}, None
        while True:
            parameters = {"limit": 1000} | ({"after": after} if after else {})
            page = requests.get(f"{self.url}/documents", params=parameters, timeout=60).json()
            found |= {document["id"]: document for document in page["documents"]}
            after = page.get("next")
            if not after:
                return found

    def clear(self):
        for id in self.documents():
            requests.delete(f"{self.url}/documents", params={"id": id}, timeout=60)

    def ask(self, question):
        return requests.post(f"{self.url}/query", json={"question": question}, timeout=60)


class Sync:
    """minilm-sync for one collection."""

    def __init__(self, folder, mongo, collection, url):
        self.folder, self.mongo, self.collection, self.url, self.process = folder, mongo, collection, url, None

    def command(self, *options, retry_for="30"):
        return [
            os.environ["MINILM_SYNC"],
            "--mongodb-uri",
            self.mongo.uri,
            "--database",
            "shop",
            "--collection",
            self.collection.name,
            "--target",
            self.url,
            "--state",
            str(self.folder / "state.json"),
            "--retry-for",
            retry_for,
            *options,
        ]

    def run(self, *options, **settings):
        command = self.command(*options, **settings)
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)

    def start(self, *options):
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen(self.command(*options), stderr=log)
        return self

    def says(self):
        return (self.folder / "log").read_text()

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="session")
def mongo(tmp_path_factory):
    mongo = Mongo(tmp_path_factory.mktemp("mongo"))
    yield mongo
    mongo.stop()


@pytest.fixture
def kb():
    kb = KnowledgeBase(os.environ["MINILM_KB_URL"])
    kb.clear()
    return kb


@pytest.fixture
def sync(tmp_path, mongo, kb):
    collection = mongo.client["shop"][f"questions_{uuid.uuid4().hex[:8]}"]
    sync = Sync(tmp_path, mongo, collection, kb.url)
    yield sync
    sync.kill()
