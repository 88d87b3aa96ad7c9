"""LangChain's two ways to such a server."""

import asyncio
import os
from pathlib import Path

import pytest
from huggingface_hub import AsyncInferenceClient, InferenceClient
from langchain_huggingface import HuggingFaceEndpointEmbeddings
from langchain_openai import OpenAIEmbeddings
from rows import same_bits

TEXTS = ["How do neural networks work?", "What is a neuron?", "Stocks fell."]


@pytest.fixture(scope="module")
def endpoint(url, key, model):
    """The class takes no URL for a model any more: the clients in it do."""
    embeddings = HuggingFaceEndpointEmbeddings(model=f"sentence-transformers/{model}", huggingfacehub_api_token=key)
    embeddings.client = InferenceClient(model=url, token=key)
    embeddings.async_client = AsyncInferenceClient(model=url, token=key)
    return embeddings


def test_hugging_face_endpoint(endpoint, embed):
    assert same_bits(endpoint.embed_documents(TEXTS), embed(TEXTS))
    assert same_bits(endpoint.embed_query(TEXTS[0]), embed(TEXTS)[0])
    assert same_bits(asyncio.run(endpoint.aembed_documents(TEXTS)), embed(TEXTS))


def openai_embeddings(url, key, model, **options):
    return OpenAIEmbeddings(base_url=f"{url}/v1", api_key=key, model=model, max_retries=0, **options)


def test_openai_with_texts(url, key, model, embed):
    embeddings = openai_embeddings(url, key, model, check_embedding_ctx_length=False)
    assert same_bits(embeddings.embed_documents(TEXTS), embed(TEXTS))
    assert same_bits(embeddings.embed_query(TEXTS[0]), embed(TEXTS)[0])


def test_openai_with_the_length_checked(url, key, model, embed):
    """The check reads the text with a tokenizer and sends what that decodes to. Its default one is that of OpenAI's models,
    whose token ids mean nothing here: it has to be the model's own."""
    tokenizer = Path(os.environ["MINILM_TEST_MODELS"]) / model
    options = {"tiktoken_enabled": False, "tiktoken_model_name": str(tokenizer), "embedding_ctx_length": 254}
    embeddings = openai_embeddings(url, key, model, **options)
    assert same_bits(embeddings.embed_documents(TEXTS), embed(TEXTS))
