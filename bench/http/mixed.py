"""Requests of every kind, good and bad, over a few connections at once."""

import http.client
import json
import random
from concurrent.futures import ThreadPoolExecutor

CONNECTIONS = 4
WORDS = "the of a neuron learns slowly from what it sees while river banks hold 1,024 old boats über naïve 東京".split()
JSON = {"content-type": "application/json"}


class MixedError(Exception):
    """An answer with another status than was expected."""


def send(port, count, seed):
    """Sends `count` requests and checks the status of every answer."""
    shares = [count // CONNECTIONS + (i < count % CONNECTIONS) for i in range(CONNECTIONS)]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(lambda share: client(port, share[1], seed * CONNECTIONS + share[0]), enumerate(shares)))


def client(port, count, seed):
    """One connection, opened again where an answer closes it."""
    generator = random.Random(seed)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(count):
        expected, method, path, body, headers = generator.choice(REQUESTS)(generator)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status != expected:
            raise MixedError(f"{method} {path}: {response.status} instead of {expected}: {answer[:200]!r}")
    connection.close()


def words(generator, most):
    return " ".join(generator.choices(WORDS, k=generator.randint(0, most)))


def post(expected, path, value, headers=None):
    return expected, "POST", path, json.dumps(value), JSON | (headers or {})


REQUESTS = (
    lambda g: post(200, "/embed", {"inputs": words(g, 20)}),
    lambda g: post(200, "/embed", {"inputs": words(g, 20)}, {"accept": "application/octet-stream"}),
    lambda g: post(200, "/embed", {"inputs": words(g, 400)}),
    lambda g: post(200, "/v1/embeddings", {"input": [words(g, 20) for _ in range(g.randint(1, 16))]}),
    lambda g: post(200, "/v1/embeddings", {"input": words(g, 20), "encoding_format": "base64", "dimensions": 128}),
    lambda g: post(200, "/similarity", {"inputs": {"source_sentence": words(g, 9), "sentences": [words(g, 9)] * 3}}),
    lambda g: post(200, "/tokenize", {"inputs": words(g, 100)}, {"accept-encoding": "gzip"}),
    lambda g: (200, "GET", "/info", None, {}),
    lambda g: (200, "GET", "/metrics", None, {}),
    lambda g: (404, "GET", "/nowhere", None, {}),
    lambda g: (405, "DELETE", "/embed", None, {}),
    lambda g: (400, "POST", "/embed", '{"inputs": "cut', JSON),
    lambda g: (415, "POST", "/embed", "text", {"content-type": "text/plain"}),
    lambda g: post(422, "/embed", {"inputs": 7}),
    lambda g: post(422, "/embed", {"inputs": ["a"] * 300}),
    lambda g: post(413, "/embed", {"inputs": "long " * 200_100}),
)
