"""litellm: one function in front of many servers."""

import os

# Without it, its table of prices is asked from the network.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
import pytest
from rows import same_bits

TEXTS = ["A cat sleeps.", "A kitten naps.", "Stocks fell."]


@pytest.fixture(params=["openai", "ollama"])
def call(request, url, key, model):
    """A call of a provider."""
    bases = {"openai": f"{url}/v1", "ollama": url}
    options = {"model": f"{request.param}/{model}", "api_base": bases[request.param]}
    return lambda **arguments: litellm.embedding(**{**options, "api_key": key, "max_retries": 0, **arguments})


def test_texts(call, embed):
    answer = call(input=TEXTS)
    assert same_bits([row["embedding"] for row in answer.data], embed(TEXTS))
    assert answer.usage.prompt_tokens > 0


def test_errors_are_read(call):
    with pytest.raises(litellm.AuthenticationError):
        call(input=TEXTS, api_key="wrong")
