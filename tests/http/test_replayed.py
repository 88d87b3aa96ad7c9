"""Programs that are too large to install: the requests that their sources send, byte by byte where it matters."""

import httpx
import pytest
from rows import floats, same_bits

TEXTS = ["A cat sleeps.", "A kitten naps."]


class TestOpenWebUI:
    """`retrieval/utils.py` and `routers/ollama.py`, version 0.6. Its headers name the user."""

    @pytest.fixture
    def headers(self, key):
        user = {"Name": "Ren%C3%A9 M", "Id": "7", "Email": "user@example.com", "Role": "user"}
        user = {f"X-OpenWebUI-User-{name}": value for name, value in user.items()}
        return {"Content-Type": "application/json", "Authorization": f"Bearer {key}", **user}

    def test_openai(self, url, headers, model, embed):
        # The field of a prefix is a setting; `input_type` is one that servers take.
        body = {"input": TEXTS, "model": model, "input_type": "passage"}
        answer = httpx.post(f"{url}/v1/embeddings", headers=headers, json=body).raise_for_status().json()
        assert same_bits([row["embedding"] for row in answer["data"]], embed(TEXTS))

    def test_ollama(self, url, headers, model, embed):
        answer = httpx.post(f"{url}/api/embed", headers=headers, json={"input": TEXTS, "model": model})
        assert same_bits(answer.raise_for_status().json()["embeddings"], embed(TEXTS))

    def test_its_connection_to_ollama(self, url, headers, model, embed):
        """It passes requests on to the server in whose list the model is, with a tag."""
        assert httpx.get(f"{url}/api/version", headers=headers).raise_for_status().json()["version"]
        listed = {entry["model"] for entry in httpx.get(f"{url}/api/tags", headers=headers).json()["models"]}
        assert f"{model}:latest" in listed
        body = {"model": f"{model}:latest", "input": TEXTS, "truncate": True, "keep_alive": "5m"}
        answer = httpx.post(f"{url}/api/embed", headers=headers, json=body)
        assert same_bits(answer.raise_for_status().json()["embeddings"], embed(TEXTS))
        assert httpx.post(f"{url}/api/show", headers=headers, json={"name": f"{model}:latest"}).is_success

    def test_its_connection_to_openai(self, url, headers, model):
        listed = httpx.get(f"{url}/v1/models", headers=headers).raise_for_status().json()
        assert [entry["id"] for entry in listed["data"]] == [model]


class TestContinue:
    """`core/llm/llms`, version 1.5: OpenAI, Ollama, and text-embeddings-inference."""

    def test_openai(self, url, key, model, embed):
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "api-key": key}
        body = {"input": TEXTS, "model": model}
        answer = httpx.post(f"{url}/v1/embeddings", headers=headers, json=body).raise_for_status().json()
        assert same_bits([row["embedding"] for row in answer["data"]], embed(TEXTS))

    def test_ollama(self, url, key, model, embed):
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        # Where it starts it asks for the size of the context.
        shown = httpx.post(f"{url}/api/show", headers=headers, json={"name": model}).raise_for_status().json()
        assert {"parameters", "template", "capabilities"} <= shown.keys()
        assert [entry["name"] for entry in httpx.get(f"{url}/api/tags", headers=headers).json()["models"]]
        answer = httpx.post(f"{url}/api/embed", headers=headers, json={"model": model, "input": TEXTS})
        assert same_bits(answer.raise_for_status().json()["embeddings"], embed(TEXTS))

    def test_text_embeddings_inference(self, url, key, info, embed):
        assert info["model_id"] and info["max_client_batch_size"] > 0
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        found = httpx.post(f"{url}/embed", headers=headers, json={"inputs": TEXTS}).raise_for_status().json()
        assert same_bits(floats(found), embed(TEXTS))
        refused = httpx.post(f"{url}/embed", headers=headers, json={"inputs": []})
        assert refused.status_code == 400 and {"error", "error_type"} <= refused.json().keys()
