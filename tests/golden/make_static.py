#!/usr/bin/env python3
"""Write static_embeddings.json: what sentence-transformers makes of directories with static embeddings.

    pip install --require-hashes -r requirements.txt
    python make_static.py

Every variant has the tokenizer.json of tests/common/tiny.rs without its post-processor, changed as `tokenizer` says (a JSON
merge of its top level). `tensors` are the tensors of model.safetensors by name: their type, and their shape; their values
follow from `value` below, so that both sides can make them. `vectors` has the vector of each text.
"""

import json
import tempfile
from pathlib import Path

import torch
from make_tokenizer_files import TEXTS, tokenizer_json, vocabulary
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer

HERE = Path(__file__).parent
DIM = 24
TYPES = {"F32": torch.float32, "F16": torch.float16, "F64": torch.float64, "I64": torch.int64}


def value(index):
    """A value of a tensor by its index in row-major order: a number that f16 holds exactly."""
    return (index * 31 % 97 - 48) / 64


def tensor(name, dtype, shape):
    count = torch.Size(shape).numel()
    if name == "mapping":
        # Two tokens share a row.
        return torch.tensor([index // 2 for index in range(count)], dtype=TYPES[dtype]).reshape(shape)
    if name == "weights":
        return torch.tensor([1 + value(index) for index in range(count)], dtype=TYPES[dtype]).reshape(shape)
    return torch.tensor([value(index) for index in range(count)], dtype=TYPES[dtype]).reshape(shape)


def variants(rows):
    embeddings = {"embeddings": ["F32", [rows, DIM]]}
    normalize = ["StaticEmbedding", "Normalize"]
    yield "saved by sentence-transformers", ["StaticEmbedding"], {}, {"embedding.weight": ["F32", [rows, DIM]]}, ""
    yield "model2vec", normalize, {}, embeddings, ""
    yield "in a folder", normalize, {}, embeddings, "0_StaticEmbedding"
    yield "half precision", normalize, {}, {"embeddings": ["F16", [rows, DIM]]}, ""
    weighted = {"embeddings": ["F32", [rows // 2, DIM]], "mapping": ["I64", [rows]], "weights": ["F32", [rows]]}
    yield "a mapping and weights", normalize, {}, weighted, ""
    yield "weights in double precision", normalize, {}, embeddings | {"weights": ["F64", [rows]]}, ""
    truncation = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    yield "truncation in tokenizer.json", normalize, {"truncation": truncation}, embeddings, ""


def main():
    vocab = vocabulary()
    plain = tokenizer_json(vocab)
    found = []
    for name, modules, changes, tensors, folder in variants(len(vocab)):
        with tempfile.TemporaryDirectory() as directory:
            module = Path(directory, folder)
            module.mkdir(exist_ok=True)
            types = [
                {"idx": i, "name": str(i), "path": folder if i == 0 else f"{i}_{kind}"}
                for i, kind in enumerate(modules)
            ]
            for entry, kind in zip(types, modules, strict=True):
                entry["type"] = f"sentence_transformers.models.{kind}"
            Path(directory, "modules.json").write_text(json.dumps(types))
            fields = plain | {"post_processor": None} | changes
            Path(module, "tokenizer.json").write_text(json.dumps(fields))
            save_file({key: tensor(key, *spec) for key, spec in tensors.items()}, Path(module, "model.safetensors"))
            model = SentenceTransformer(directory, device="cpu")
            # In half precision the reference divides the empty sum of the empty text by its length.
            vectors = [torch.from_numpy(model.encode([text])[0]).nan_to_num(0).tolist() for text in [*TEXTS, ""]]
        found.append(
            {
                "name": name,
                "modules": types,
                "tokenizer": changes,
                "tensors": tensors,
                "folder": folder,
                "vectors": vectors,
            }
        )
    Path(HERE, "static_embeddings.json").write_text(
        json.dumps({"texts": [*TEXTS, ""], "variants": found}, ensure_ascii=False) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
