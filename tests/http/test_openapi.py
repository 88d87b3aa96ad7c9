"""openapi.json: valid, served, true in its examples, and what schemathesis sends by it answered as it says."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
from openapi_spec_validator import validate

HERE = Path(__file__).parent
DOCUMENT = json.loads((HERE.parents[1] / "wasm/http/openapi.json").read_text())
OPERATIONS = [f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods]
# Ids are checked against the vocabulary, whose size no route tells.
VOCABULARY = 30522


def test_it_is_valid():
    validate(DOCUMENT)


def test_it_is_served(http):
    assert http.get("/openapi.json").raise_for_status().json() == DOCUMENT


def resolved(part):
    while "$ref" in part:
        part = DOCUMENT["components"]
        for name in part["$ref"].removeprefix("#/components/").split("/"):
            part = part[name]
    return part


def examples(path, method):
    """The examples of a request, and of its answer under the same name."""
    operation = DOCUMENT["paths"][path][method]
    sent = resolved(operation["requestBody"])["content"]["application/json"]["examples"]
    got = resolved(operation["responses"]["200"])["content"]["application/json"]["examples"]
    assert sent.keys() == got.keys()
    return [(sent[name]["value"], got[name]["value"]) for name in sent]


def without_times(answer):
    if isinstance(answer, dict):
        return {key: value for key, value in answer.items() if not key.endswith("_duration")}
    return answer


@pytest.mark.parametrize("path", [path for path, methods in DOCUMENT["paths"].items() if "post" in methods])
def test_its_examples_are_true(http, path):
    """Digit by digit: this is what int8 arithmetic is for. Only times differ."""
    for request, answer in examples(path, "post"):
        found = http.post(path, json=request).raise_for_status().json()
        assert without_times(found) == without_times(answer)


def narrowed(info):
    """The document with what it can only tell in words, since it depends on the model and the settings."""
    document = copy.deepcopy(DOCUMENT)
    schemas = document["components"]["schemas"]
    model, texts = info["served_model_name"], info["max_client_batch_size"]
    names = [model, f"{model}:latest", f"sentence-transformers/{model}"]
    schemas["OpenAiRequest"]["properties"]["model"] = {"enum": [*names, None]}
    schemas["OllamaRequest"]["properties"]["model"] = {"enum": names}
    schemas["PromptName"] = {"enum": ["query", "document", None]}
    schemas["Dimensions"]["maximum"] = info["embedding_dimension"]
    schemas["TokenIds"] |= {"maxItems": info["max_input_length"], "items": {"type": "integer", "minimum": 0}}
    schemas["TokenIds"]["items"]["maximum"] = VOCABULARY - 1
    # One text or many; the same, or ids of one or many.
    for batch in [schemas["Texts"]["oneOf"][1], schemas["Input"]["oneOf"][1], schemas["Input"]["oneOf"][3]]:
        batch["maxItems"] = texts
    schemas["SimilarityRequest"]["properties"]["inputs"]["properties"]["sentences"]["maxItems"] = texts - 1
    return document


@pytest.fixture(scope="module")
def drive(url, key, info, tmp_path_factory):
    """A run of schemathesis with every check it has: the finished process, and the statuses that each operation answered."""
    folder = tmp_path_factory.mktemp("schemathesis")
    (folder / "openapi.json").write_text(json.dumps(narrowed(info)))
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", HERE / "schemathesis.toml"]
    command += ["run", "openapi.json", "--url", url, "--header", f"Authorization: Bearer {key}", "--checks", "all"]
    command += ["--continue-on-failure", "--report-har-path", "har.json"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    entries = json.loads((folder / "har.json").read_text())["log"]["entries"] if (folder / "har.json").exists() else []
    statuses = {}
    for entry in entries:
        path = entry["request"]["url"].removeprefix(url)
        operation = f"{entry['request']['method']} {template(path)}"
        statuses.setdefault(operation, set()).add(entry["response"]["status"])
    return run, statuses


def template(path):
    prefix = "/v1/models/"
    return prefix + "{model}" if path.startswith(prefix) else path


def test_every_check_of_schemathesis_holds(drive):
    run, _ = drive
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_route_was_driven(drive, operation):
    """With requests that it takes, that it refuses where there is a body to refuse, and without the key."""
    _, statuses = drive
    method, path = operation.split()
    closed = DOCUMENT["paths"][path][method.lower()].get("security") != []
    expected = {200} | ({401} if closed else set()) | ({415, 422} if method == "POST" else set())
    assert expected <= statuses.get(operation, set())
