"""OpenAI's own client."""

import asyncio
import base64

import numpy as np
import openai
import pytest
from rows import same_bits, unit

TEXTS = ["How do neural networks work?", "What is a neuron?", ""]


@pytest.fixture(scope="module")
def client(url, key):
    with openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as client:
        yield client


def vectors(answer):
    assert [row.index for row in answer.data] == list(range(len(answer.data)))
    return [row.embedding for row in answer.data]


def test_a_string_and_a_list(client, model, embed):
    one = client.embeddings.create(model=model, input=TEXTS[0])
    many = client.embeddings.create(model=model, input=TEXTS)
    assert same_bits(vectors(one), embed(TEXTS[:1]))
    assert same_bits(vectors(many), embed(TEXTS))
    assert (many.object, many.model, many.data[0].object) == ("list", model, "embedding")


def test_token_arrays_are_what_their_text_is(client, model, embed, token_ids):
    ids = token_ids(TEXTS)
    assert same_bits(vectors(client.embeddings.create(model=model, input=ids[0])), embed(TEXTS[:1]))
    assert same_bits(vectors(client.embeddings.create(model=model, input=ids)), embed(TEXTS))


def test_base64_and_float_are_the_same_bits(client, model):
    """The client asks for base64 where nothing is said, and decodes it."""
    expected = vectors(client.embeddings.create(model=model, input=TEXTS))
    numbers = client.embeddings.create(model=model, input=TEXTS, encoding_format="float")
    encoded = client.embeddings.create(model=model, input=TEXTS, encoding_format="base64")
    assert same_bits(vectors(numbers), expected)
    decoded = [np.frombuffer(base64.b64decode(row, validate=True), "<f4") for row in vectors(encoded)]
    assert same_bits(decoded, expected)


def test_dimensions_are_the_first_ones_at_length_1(client, model, embed):
    found = np.array(vectors(client.embeddings.create(model=model, input=TEXTS, dimensions=100)))
    assert found.shape == (len(TEXTS), 100)
    assert np.allclose(found, unit(embed(TEXTS)[:, :100]), atol=1e-6)


def test_usage_counts_the_tokens(client, model, token_ids):
    usage = client.embeddings.create(model=model, input=TEXTS, user="someone").usage
    assert usage.prompt_tokens == usage.total_tokens == sum(map(len, token_ids(TEXTS)))


def test_models(client, model):
    assert [known.id for known in client.models.list()] == [model]
    assert client.models.retrieve(model).owned_by == "minilm"
    with pytest.raises(openai.NotFoundError) as error:
        client.models.retrieve("text-embedding-3-small")
    assert error.value.code == "model_not_found"


def test_other_names_of_the_model(client, model, embed):
    for name in [f"{model}:latest", f"sentence-transformers/{model}"]:
        assert same_bits(vectors(client.embeddings.create(model=name, input=TEXTS)), embed(TEXTS))


def test_sixteen_at_once(url, key, model, embed):
    async def run():
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as client:
            calls = [client.embeddings.create(model=model, input=TEXTS[i % 3]) for i in range(16)]
            return await asyncio.gather(*calls)

    answers = asyncio.run(run())
    expected = embed(TEXTS)
    assert all(same_bits(vectors(answer), expected[[i % 3]]) for i, answer in enumerate(answers))


def test_the_request_id_comes_back(client, model):
    raw = client.embeddings.with_raw_response
    given = raw.create(model=model, input="a", extra_headers={"x-request-id": "mine-1"})
    assert given.headers["x-request-id"] == given.parse()._request_id == "mine-1"
    assert len(raw.create(model=model, input="a").headers["x-request-id"]) == 36


def test_errors_have_their_types(client, model, info):
    def refused(kind, **request):
        with pytest.raises(kind) as error:
            client.embeddings.create(**{"model": model, "input": "a", **request})
        assert error.value.message and error.value.type and error.value.request_id
        return error.value

    assert refused(openai.NotFoundError, model="text-embedding-3-small").code == "model_not_found"
    refused(openai.BadRequestError, input=[])
    assert (
        refused(openai.UnprocessableEntityError, extra_body={"encoding_format": ["float"]}).param == "encoding_format"
    )
    refused(openai.UnprocessableEntityError, input=5)
    refused(openai.UnprocessableEntityError, encoding_format="hex")
    for dimensions in [0, -1, info["embedding_dimension"] + 1]:
        refused(openai.UnprocessableEntityError, dimensions=dimensions)
    for ids in [[2**32], [10**6], [101] * (info["max_input_length"] + 1)]:
        refused(openai.UnprocessableEntityError, input=ids)


def test_errors_name_the_limit(client, model, info):
    def limit(status, text):
        with pytest.raises(openai.APIStatusError) as error:
            client.embeddings.create(model=model, input=text)
        assert error.value.status_code == status
        return error.value.body["limit"]

    size = info["max_client_batch_size"]
    assert limit(422, ["a"] * (size + 1)) == {"name": "MAX_CLIENT_BATCH_SIZE", "value": size, "actual": size + 1}
    length = info["max_text_bytes"]
    assert limit(413, "a" * (length + 1)) == {"name": "MAX_TEXT_BYTES", "value": length, "actual": length + 1}
    body = limit(413, "a" * info["payload_limit"])
    assert (body["name"], body["value"]) == ("PAYLOAD_LIMIT", info["payload_limit"])
    assert body["actual"] > body["value"]


def test_a_wrong_key(client, model):
    with pytest.raises(openai.AuthenticationError) as error:
        client.with_options(api_key="wrong").embeddings.create(model=model, input="a")
    assert error.value.response.headers["www-authenticate"] == "Bearer"
