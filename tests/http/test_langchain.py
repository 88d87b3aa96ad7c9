"""LangChain: OpenAI, Ollama, and the endpoints of Hugging Face."""

import asyncio
import os
from pathlib import Path

import pytest
from huggingface_hub import AsyncInferenceClient, InferenceClient
from langchain_huggingface import HuggingFaceEndpointEmbeddings
from langchain_ollama import OllamaEmbeddings
from langchain_openai import OpenAIEmbeddings
from rows import same_bits

TEXTS = ["How do neural networks work?", "What is a neuron?", "Stocks fell."]


def endpoint(url, key, model):
    """The class takes no URL for a model any more: the clients in it do."""
    embeddings = HuggingFaceEndpointEmbeddings(model=f"sentence-transformers/{model}", huggingfacehub_api_token=key)
    embeddings.client = InferenceClient(model=url, token=key)
    embeddings.async_client = AsyncInferenceClient(model=url, token=key)
    return embeddings


def ollama(url, key, model):
    headers = {"Authorization": f"Bearer {key}"}
    # It looks for the model in the list of the server before it is used.
    return OllamaEmbeddings(model=model, base_url=url, client_kwargs={"headers": headers}, validate_model_on_init=True)


def openai(url, key, model, **options):
    options = {"check_embedding_ctx_length": False, "max_retries": 0, **options}
    return OpenAIEmbeddings(base_url=f"{url}/v1", api_key=key, model=model, **options)


CLIENTS = pytest.mark.parametrize("client", [openai, ollama, endpoint])


@CLIENTS
def test_a_query_and_documents(client, url, key, model, embed):
    embeddings = client(url, key, model)
    assert same_bits(embeddings.embed_documents(TEXTS), embed(TEXTS))
    assert same_bits(embeddings.embed_query(TEXTS[0]), embed(TEXTS)[0])
    assert same_bits(asyncio.run(embeddings.aembed_documents(TEXTS)), embed(TEXTS))


@CLIENTS
def test_2000_documents(client, defaults_url, key, model, many, embedded_many):
    """The client of OpenAI sends two requests, the others one."""
    assert same_bits(client(defaults_url, key, model).embed_documents(many), embedded_many)


def test_openai_with_the_length_checked(url, key, model, embed):
    """The check reads the text with a tokenizer and sends what that decodes to. Its default one is that of OpenAI's models,
    whose token ids mean nothing here: it has to be the model's own."""
    tokenizer = Path(os.environ["MINILM_TEST_MODELS"]) / model
    embeddings = openai(
        url,
        key,
        model,
        check_embedding_ctx_length=True,
        tiktoken_enabled=False,
        tiktoken_model_name=str(tokenizer),
        embedding_ctx_length=254,
    )
    assert same_bits(embeddings.embed_documents(TEXTS), embed(TEXTS))
