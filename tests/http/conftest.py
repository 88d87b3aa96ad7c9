"""Which server is tested, as the tests share it: `cargo xtask test` starts one and names it in the environment.

It has a key, so that every client also shows that it sends one."""

import os

import httpx
import pytest


@pytest.fixture(scope="session")
def url():
    return os.environ["MINILM_URL"]


@pytest.fixture(scope="session")
def defaults_url():
    """A second server, with the limits that hold where nothing is set."""
    return os.environ["MINILM_DEFAULTS_URL"]


@pytest.fixture(scope="session")
def key():
    return os.environ["MINILM_API_KEY"]


@pytest.fixture(scope="session")
def http(url, key):
    """Plain HTTP, for what no client shows and to compare the clients with."""
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def info(http):
    return http.get("/info").raise_for_status().json()


@pytest.fixture(scope="session")
def model(info):
    return info["served_model_name"]


@pytest.fixture(scope="session")
def embed(http):
    """Vectors of texts by plain HTTP, as 32-bit floats: what every client has to show."""
    from rows import floats

    def embed(texts, **options):
        return floats(http.post("/embed", json={"inputs": texts, **options}).raise_for_status().json())

    return embed


@pytest.fixture(scope="session")
def many():
    """As many texts as popular clients put into one request."""
    return [str(number) for number in range(2000)]


@pytest.fixture(scope="session")
def embedded_many(defaults_url, key, many):
    """Their vectors by plain HTTP."""
    from rows import floats

    answer = httpx.post(
        f"{defaults_url}/embed", json={"inputs": many}, headers={"authorization": f"Bearer {key}"}, timeout=60
    )
    return floats(answer.raise_for_status().json())


@pytest.fixture(scope="session")
def token_ids(http):
    """Token ids of texts, special tokens included."""

    def token_ids(texts):
        answer = http.post("/tokenize", json={"inputs": texts}).raise_for_status().json()
        return [[token["id"] for token in tokens] for tokens in answer]

    return token_ids
