"""The vectors of sentence-transformers through every protocol, to the same bits."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from rows import floats, same_bits
from safetensors import safe_open
from safetensors.numpy import load_file

GOLDEN = Path(__file__).parents[1] / "golden"
TEXTS = json.loads((GOLDEN / "texts.json").read_text())


# Batches of a size that divides nothing.
BATCHES = [slice(start, start + 37) for start in range(0, len(TEXTS), 37)]


def openai(http, model, texts):
    answer = http.post("/v1/embeddings", json={"input": texts}).raise_for_status().json()
    return [row["embedding"] for row in answer["data"]]


def openai_base64(http, model, texts):
    request = {"input": texts, "encoding_format": "base64"}
    answer = http.post("/embeddings", json=request).raise_for_status().json()
    return [np.frombuffer(base64.b64decode(row["embedding"]), "<f4") for row in answer["data"]]


def tei(http, model, texts):
    return http.post("/embed", json={"inputs": texts}).raise_for_status().json()


def tei_root(http, model, texts):
    return http.post("/", json={"inputs": texts}).raise_for_status().json()


def ollama(http, model, texts):
    request = {"model": model, "input": texts}
    return http.post("/api/embed", json=request).raise_for_status().json()["embeddings"]


def octets(path, field):
    def call(http, model, texts):
        headers = {"accept": "application/octet-stream"}
        request = {field: texts} if field == "inputs" else {field: texts, "model": model}
        answer = http.post(path, json=request, headers=headers)
        assert answer.raise_for_status().headers["content-type"] == "application/octet-stream"
        rows, columns = (int(answer.headers[name]) for name in ["x-embedding-count", "x-embedding-dim"])
        return np.frombuffer(answer.content, "<f4").reshape(rows, columns)

    return call


PROTOCOLS = {
    "openai": openai,
    "openai-base64": openai_base64,
    "tei": tei,
    "tei-root": tei_root,
    "ollama": ollama,
    "openai-octets": octets("/v1/embeddings", "input"),
    "openai-unversioned-octets": octets("/embeddings", "input"),
    "tei-octets": octets("/embed", "inputs"),
    "tei-root-octets": octets("/", "inputs"),
    "ollama-octets": octets("/api/embed", "input"),
}


@pytest.fixture(scope="module")
def golden(model):
    return load_file(GOLDEN / f"{model}.safetensors")


@pytest.fixture(scope="module")
def alone(http):
    """Each text in a request of its own."""
    return floats([tei(http, None, [text])[0] for text in TEXTS])


def test_int8_is_close_to_sentence_transformers(alone, golden):
    """The bars of the core's own golden test."""
    expected = golden["embeddings"].astype(np.float64)
    found = alone.astype(np.float64)
    norms = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    cosines = np.sum(found * expected, axis=1) / norms
    assert cosines.mean() >= 0.9993 and cosines.min() >= 0.997


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_every_protocol_gives_the_same_bits(protocol, http, model, alone):
    rows = [row for batch in BATCHES for row in protocol(http, model, TEXTS[batch])]
    assert same_bits(rows, alone)


def test_token_counts_are_those_of_sentence_transformers(http, golden):
    for batch in BATCHES:
        answer = http.post("/v1/embeddings", json={"input": TEXTS[batch]}).raise_for_status()
        assert answer.json()["usage"]["total_tokens"] == int(answer.headers["x-compute-tokens"])
        assert answer.json()["usage"]["total_tokens"] == golden["n_tokens"][batch].sum()


def test_similarity_is_the_cosine_of_the_vectors(http, alone):
    request = {"inputs": {"source_sentence": TEXTS[0], "sentences": TEXTS[1:37]}}
    found = http.post("/similarity", json=request).raise_for_status().json()
    assert np.allclose(found, alone[1:37] @ alone[0], atol=1e-6)


def test_vectors_of_tokens(http, model):
    with safe_open(GOLDEN / "token_embeddings.safetensors", framework="numpy") as golden:
        texts = [TEXTS[at] for at in json.loads(golden.metadata()["positions"])]
        expected, lengths = golden.get_tensor(model), golden.get_tensor(f"{model}.n_tokens")
    found = http.post("/embed_all", json={"inputs": texts}).raise_for_status().json()
    assert [len(rows) for rows in found] == lengths.tolist()
    found = floats([row for rows in found for row in rows]).astype(np.float64)
    norms = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    cosines = np.sum(found * expected, axis=1) / norms
    assert cosines.mean() >= 0.999 and cosines.min() >= 0.99


def test_ids_become_text_again(http, token_ids):
    text = "how do neural networks work, and what is a neuron?"
    [ids] = token_ids([text])
    assert http.post("/decode", json={"ids": ids}).raise_for_status().json() == [text]


def test_gzip_changes_nothing(http, alone):
    answer = http.post("/embed", json={"inputs": TEXTS[:8]}, headers={"accept-encoding": "gzip"}).raise_for_status()
    assert answer.headers["content-encoding"] == "gzip"
    assert same_bits(answer.json(), alone[:8])
