"""LlamaIndex: OpenAI, Ollama and text-embeddings-inference."""

import asyncio

import pytest
from llama_index.embeddings.ollama import OllamaEmbedding
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.embeddings.text_embeddings_inference import TextEmbeddingsInference
from rows import same_bits

# More than one of its batches.
TEXTS = [f"text {number}" for number in range(25)]


def openai(url, key, model):
    return OpenAIEmbedding(model_name=model, api_base=f"{url}/v1", api_key=key, max_retries=0)


def ollama(url, key, model):
    headers = {"Authorization": f"Bearer {key}"}
    return OllamaEmbedding(model_name=model, base_url=url, client_kwargs={"headers": headers})


def tei(url, key, model):
    return TextEmbeddingsInference(model_name=model, base_url=url, auth_token=key)


@pytest.mark.parametrize("client", [openai, ollama, tei])
def test_a_query_and_texts(client, url, key, model, embed):
    embedding = client(url, key, model)
    expected = embed(TEXTS)
    assert same_bits(embedding.get_text_embedding_batch(TEXTS), expected)
    assert same_bits(asyncio.run(embedding.aget_text_embedding_batch(TEXTS)), expected)
    assert same_bits(embedding.get_query_embedding(TEXTS[0]), expected[0])
