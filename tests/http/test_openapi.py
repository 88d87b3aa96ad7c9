"""openapi.json: valid, served, true in its examples, and what schemathesis sends by it answered as it says."""

import copy
import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
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
    """What stands behind a reference."""
    if "$ref" not in part:
        return part
    kind, name = part["$ref"].removeprefix("#/components/").split("/")
    return DOCUMENT["components"][kind][name]


def examples(path, method):
    """The examples of a request, and of its answer under the same name."""
    operation = DOCUMENT["paths"][path][method]
    content = [
        resolved(part)["content"]["application/json"]
        for part in [operation["requestBody"], operation["responses"]["200"]]
    ]
    # Thousands of numbers are no example: the vectors of all tokens are compared elsewhere.
    sent, got = (part.get("examples", {}) for part in content)
    assert sent or path == "/embed_all"
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
    for request in ["OllamaRequest", "OllamaEmbeddingsRequest", "OllamaShowRequest"]:
        schemas[request]["properties"]["model"] = {"enum": names}
    document["paths"]["/v1/models/{model}"]["get"]["parameters"][0]["schema"] = {"enum": names}
    schemas["PromptName"] = {"enum": ["query", "document", None]}
    schemas["Dimensions"]["maximum"] = info["embedding_dimension"]
    schemas["TokenIds"]["maxItems"] = info["max_input_length"]
    schemas["TokenIds"]["items"]["maximum"] = VOCABULARY - 1
    schemas["VocabularyId"]["maximum"] = VOCABULARY - 1
    schemas["DecodeRequest"]["properties"]["ids"]["oneOf"][1]["maxItems"] = texts
    # Many texts stand beside one, then the ids of one beside those of many.
    for batch in [schemas["Texts"]["oneOf"][1], schemas["Input"]["oneOf"][1], schemas["Input"]["oneOf"][3]]:
        batch["maxItems"] = texts
    schemas["SimilarityRequest"]["properties"]["inputs"]["properties"]["sentences"]["maxItems"] = texts - 1
    return document


@pytest.fixture(scope="module")
def drive(url, key, info, tmp_path_factory):
    """A run of schemathesis with every check it has: the finished process, and the statuses that each operation answered."""
    folder = tmp_path_factory.mktemp("schemathesis")
    (folder / "openapi.json").write_text(json.dumps(narrowed(info)))
    # It reads them from the folder it runs in, and writes there.
    for name in ["schemathesis.toml", "schemathesis_hooks.py"]:
        shutil.copy(HERE / name, folder)
    command = [sys.executable, "-m", "schemathesis.cli", "run", "openapi.json", "--url", url, "--checks", "all"]
    command += ["--header", f"Authorization: Bearer {key}", "--continue-on-failure", "--report-har-path", "har.json"]
    run = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
    statuses = defaultdict(set)
    for entry in json.loads((folder / "har.json").read_text())["log"]["entries"]:
        path = re.sub("^/v1/models/.+", "/v1/models/{model}", entry["request"]["url"].removeprefix(url))
        statuses[f"{entry['request']['method']} {path}"].add(entry["response"]["status"])
    return run, statuses


def test_every_check_of_schemathesis_holds(drive):
    run, _ = drive
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_route_was_driven(drive, operation):
    """With requests that it takes, that it refuses where there is a body to refuse, and without the key."""
    _, statuses = drive
    method, path = operation.split()
    closed = DOCUMENT["paths"][path][method.lower()].get("security") != []
    expected = {200} | ({401} if closed else set()) | ({422} if method == "POST" else set())
    assert expected <= statuses[operation]
