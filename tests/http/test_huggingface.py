"""huggingface_hub's InferenceClient, given a URL in place of a model, as it is for text-embeddings-inference."""

import numpy as np
import pytest
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError
from rows import same_bits, unit

TEXTS = ["A cat sleeps.", "A kitten naps.", "Stocks fell."]
LONG = "first " + "word " * 600 + "last"


@pytest.fixture(scope="module")
def client(url, key):
    return InferenceClient(model=url, token=key)


def test_a_string_and_a_list(client, embed):
    assert same_bits(client.feature_extraction(TEXTS[0]), embed(TEXTS[:1]))
    assert same_bits(client.feature_extraction(TEXTS), embed(TEXTS))


def test_the_route_by_name(client, url, embed):
    assert same_bits(client.feature_extraction(TEXTS, model=f"{url}/embed"), embed(TEXTS))


def test_without_normalization(client, embed):
    """Only the length differs."""
    found = client.feature_extraction(TEXTS, normalize=False, dimensions=64)
    assert not np.any(np.isclose(np.linalg.norm(found, axis=1), 1, atol=0.01))
    assert np.allclose(unit(found), embed(TEXTS, dimensions=64), atol=1e-6)


def test_dimensions_and_prompts(client, embed):
    found = client.feature_extraction(TEXTS, dimensions=64, prompt_name="query")
    assert np.allclose(found, unit(embed(TEXTS)[:, :64]), atol=1e-6)


def test_a_text_that_is_too_long(client, embed):
    """Cut at either end, or refused."""
    right = client.feature_extraction(LONG, truncate=True, truncation_direction="right")
    left = client.feature_extraction(LONG, truncate=True, truncation_direction="left")
    assert same_bits(right, embed([LONG])) and not same_bits(left, right)
    assert same_bits(right, embed([LONG.removesuffix("last")]))
    assert same_bits(left, embed([LONG.removeprefix("first ")], truncation_direction="left"))
    with pytest.raises(HfHubHTTPError) as error:
        client.feature_extraction(LONG, truncate=False)
    assert error.value.response.status_code == 422
    assert error.value.response.json()["error_type"] == "Validation"


def test_similarity_is_the_cosine(client, url, embed):
    found = client.sentence_similarity(TEXTS[0], TEXTS[1:], model=f"{url}/similarity")
    vectors = embed(TEXTS)
    assert np.allclose(found, vectors[1:] @ vectors[0], atol=1e-6)
    assert found[0] > found[1]


def test_errors_are_read(client, url):
    def status(call):
        with pytest.raises(HfHubHTTPError) as error:
            call()
        assert error.value.response.json()["error"] in str(error.value)
        return error.value.response.status_code

    assert status(lambda: client.feature_extraction([])) == 400
    assert status(lambda: client.feature_extraction("a", prompt_name="unknown")) == 422
    assert status(lambda: client.sentence_similarity("a", [], model=f"{url}/similarity")) == 400
    assert status(lambda: InferenceClient(model=url, token="wrong").feature_extraction("a")) == 401
