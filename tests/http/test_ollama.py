"""Ollama's own client."""

import json

import httpx
import numpy as np
import ollama
import pytest
from rows import same_bits, unit

TEXTS = ["A cat sleeps.", "A kitten naps.", ""]


@pytest.fixture(scope="module")
def client(url, key):
    return ollama.Client(host=url, headers={"Authorization": f"Bearer {key}"})


def test_a_string_and_a_list(client, model, embed, token_ids):
    one = client.embed(model=model, input=TEXTS[0])
    many = client.embed(model=model, input=TEXTS)
    assert same_bits(one.embeddings, embed(TEXTS[:1]))
    assert same_bits(many.embeddings, embed(TEXTS))
    assert many.prompt_eval_count == sum(map(len, token_ids(TEXTS)))
    assert many.model == model and many.total_duration >= many.load_duration >= 0


def test_other_names_of_the_model(client, model, embed):
    for name in [f"{model}:latest", f"sentence-transformers/{model}"]:
        assert same_bits(client.embed(model=name, input=TEXTS).embeddings, embed(TEXTS))


def test_what_clients_ask_before_they_embed(client, model, info):
    listed = client.list().models
    # The names of Ollama have a tag.
    assert [entry.model for entry in listed] == [f"{model}:latest"] == [entry.model for entry in client.ps().models]
    assert listed[0].digest == info["model_sha"] and listed[0].details.family == "bert"
    shown = client.show(listed[0].model)
    assert shown.capabilities == ["embedding"]
    assert shown.modelinfo["bert.embedding_length"] == info["embedding_dimension"]


def test_the_route_before_embed(client, model, embed):
    """It gives the vector as the model does: only some models end with a normalization."""
    old = client.embeddings(model=model, prompt=TEXTS[0]).embedding
    assert same_bits([old], embed(TEXTS[:1], normalize=False))


def test_a_body_without_a_media_type(url, key, model):
    """As `curl -d` sends it."""
    body = json.dumps({"model": model, "input": "a"})
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-www-form-urlencoded"}
    assert (
        len(httpx.post(f"{url}/api/embed", content=body, headers=headers).raise_for_status().json()["embeddings"]) == 1
    )


def test_every_option(client, model, embed):
    answer = client.embed(model=model, input=TEXTS, dimensions=50, options={"num_ctx": 512}, keep_alive="5m")
    assert np.allclose(answer.embeddings, unit(embed(TEXTS)[:, :50]), atol=1e-6)


def test_a_text_that_is_too_long(client, model, embed):
    long = "word " * 600
    assert same_bits(client.embed(model=model, input=long, truncate=True).embeddings, embed([long], truncate=True))
    with pytest.raises(ollama.ResponseError) as error:
        client.embed(model=model, input=long, truncate=False)
    assert error.value.status_code == 422 and error.value.error


def test_errors_are_read(client, url, model):
    def status(call):
        with pytest.raises(ollama.ResponseError) as error:
            call()
        # The client shows the field `error` of the answer, or the whole of it where that is not JSON of this shape.
        assert error.value.error and not error.value.error.startswith("{")
        return error.value.status_code

    assert status(lambda: client.embed(model="llama3", input="a")) == 404
    assert status(lambda: client.embed(model=model, input=[])) == 400
    assert status(lambda: client.embed(model=model, input="a", dimensions=10**6)) == 422
    wrong = ollama.Client(host=url, headers={"Authorization": "Bearer wrong"})
    assert status(lambda: wrong.embed(model=model, input="a")) == 401
