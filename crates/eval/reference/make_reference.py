#!/usr/bin/env python3
"""Write reference.json: what sentence-transformers scores where `cargo xtask eval` measures this project.

    pip install --require-hashes -r requirements.txt
    python make_reference.py --sts FILE --banking77 FILE DIR...

Each directory is a model as sentence-transformers reads it; `minilm pull` fetches
models and `minilm models` says where they are. Only local files are read. Scores
are those of other people's code: EmbeddingSimilarityEvaluator and
InformationRetrievalEvaluator of sentence-transformers, and LogisticRegression of
scikit-learn. Correlations and shares are times 100.
"""

import argparse
import csv
import hashlib
import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer, util
from sentence_transformers.sentence_transformer.evaluation import (
    EmbeddingSimilarityEvaluator,
    InformationRetrievalEvaluator,
)
from sklearn.linear_model import LogisticRegression

HERE = Path(__file__).parent
QUERIES = HERE / "../data/retrieval.json"
QUESTIONS = HERE / "../../../www/data/questions.json"
EXPERIMENTS = 10
PER_LABEL = 8


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sts", type=Path, required=True)
    parser.add_argument("--banking77", type=Path, required=True)
    parser.add_argument("models", type=Path, nargs="+")
    args = parser.parse_args()
    files = {"sts": args.sts, "banking77": args.banking77, "queries": QUERIES, "questions": QUESTIONS}
    models = {}
    for directory in args.models:
        model = SentenceTransformer(str(directory), device="cpu", local_files_only=True)
        scores = {"sts": sts(model, args.sts), **classification(model, args.banking77), **retrieval(model)}
        models[directory.resolve().name] = scores
        print(directory.name, scores)
    packages = ["sentence-transformers", "transformers", "torch", "scikit-learn", "numpy", "scipy"]
    reference = {
        "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
        "sha256": {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()},
        "models": models,
    }
    (HERE / "reference.json").write_text(json.dumps(reference, indent=1) + "\n")


def sts(model, path):
    lines = [line.rstrip("\n").split("\t") for line in path.open(encoding="utf-8", newline="\n")]
    first, second = [line[5] for line in lines], [line[6] for line in lines]
    scores = [float(line[4]) for line in lines]
    evaluator = EmbeddingSimilarityEvaluator(first, second, scores, main_similarity="cosine")
    return 100 * evaluator(model)["spearman_cosine"]


def classification(model, path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = np.array([row["category"] for row in rows])
    vectors = model.encode([row["text"] for row in rows])
    logistic = [accuracy(vectors, labels, experiment) for experiment in range(EXPERIMENTS)]
    cosines = util.cos_sim(vectors, vectors).numpy()
    np.fill_diagonal(cosines, -np.inf)
    return {
        "logistic_regression": 100 * float(np.mean(logistic)),
        "nearest_neighbour": 100 * float(np.mean(labels[cosines.argmax(axis=1)] == labels)),
    }


def accuracy(vectors, labels, experiment):
    """Of a classifier trained on a sample, over all other rows."""
    train = sample(labels, experiment)
    classifier = LogisticRegression(max_iter=100).fit(vectors[train], labels[train])
    return classifier.score(vectors[~train], labels[~train])


def sample(labels, experiment):
    """Which rows train: of each label those whose number, hashed with the experiment's, is smallest."""
    order = sorted(range(len(labels)), key=lambda row: hashlib.sha256(f"{experiment}:{row}".encode()).digest())
    train, taken = np.zeros(len(labels), dtype=bool), {}
    for row in order:
        if taken.setdefault(labels[row], 0) < PER_LABEL:
            train[row] = True
            taken[labels[row]] += 1
    return train


def retrieval(model):
    questions = [item["question"] for item in json.loads(QUESTIONS.read_text(encoding="utf-8"))]
    queries = json.loads(QUERIES.read_text(encoding="utf-8"))
    evaluator = InformationRetrievalEvaluator(
        {str(i): item["query"] for i, item in enumerate(queries)},
        {question: question for question in questions},
        {str(i): {item["question"]} for i, item in enumerate(queries)},
        score_functions={"cosine": util.cos_sim},
    )
    found = evaluator(model)
    names = {"mrr_10": "mrr@10", "ndcg_10": "ndcg@10", "recall_1": "recall@1"}
    return {ours: 100 * float(found[f"cosine_{theirs}"]) for ours, theirs in names.items()}


if __name__ == "__main__":
    main()
