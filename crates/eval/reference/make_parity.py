#!/usr/bin/env python3
"""Write models of every supported shape, and the vectors that sentence-transformers gives for them. `cargo xtask eval parity` runs this.

    pip install --require-hashes -r requirements.txt
    python make_parity.py --out DIR --vocabulary DIR [DIR...]

The texts are those of tests/golden/texts.json. Into `--out` goes a directory for each shape, with random weights and the vocabulary of
the tokenizer in `--vocabulary`, and a safetensors file of vectors for each of them, for each directory in tests/golden/shapes and for each
directory that is named. `index.json` lists all of them.
"""

import argparse
import json
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Dense, Normalize, Pooling, StaticEmbedding, Transformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import BertConfig, BertModel, BertTokenizer, DistilBertConfig, DistilBertModel

GOLDEN = Path(__file__).resolve().parents[3] / "tests/golden"
sys.path.insert(0, str(GOLDEN))
from make_shapes import randomize  # noqa: E402

NN = torch.nn
# Tokens of a text.
LONGEST = 256


def bert(layers, width, heads, inner, vocabulary, positions=512, types=2):
    return BertModel(
        BertConfig(
            vocab_size=len(vocabulary), hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
            intermediate_size=inner, max_position_embeddings=positions, type_vocab_size=types,
        ),
        add_pooling_layer=False,
    )  # fmt: skip


def distilbert(layers, width, heads, inner, vocabulary):
    return DistilBertModel(
        DistilBertConfig(vocab_size=len(vocabulary), dim=width, n_layers=layers, n_heads=heads, hidden_dim=inner)
    )


def encoders(vocabulary):
    """Name, encoder, layers of the original, pooling, and what follows. Wide models have fewer layers than their originals."""
    small, base = (384, 12, 1536, vocabulary), (768, 12, 3072, vocabulary)
    yield "bert-tiny", bert(2, 128, 2, 512, vocabulary), 2, "mean", []
    yield "rubert-tiny2", bert(3, 312, 12, 600, vocabulary, positions=2048), 3, "cls", [Normalize()]
    yield "MiniLM-L12, e5-small, gte-small", bert(12, *small), 12, "mean", [Normalize()]
    yield "bge-small, arctic-embed-s", bert(4, *small), 12, "cls", [Normalize()]
    yield "e5-base, gte-base", bert(2, *base), 12, "mean", [Normalize()]
    yield "bge-base, arctic-embed-m", bert(2, *base), 12, "cls", [Normalize()]
    yield "bge-large, arctic-embed-l", bert(2, 1024, 16, 4096, vocabulary), 24, "cls", [Normalize()]
    leaf = [Dense(384, 768, activation_function=NN.Identity()), Normalize()]
    yield "mdbr-leaf-ir", bert(6, *small), 6, "mean", leaf
    labse = [Dense(768, 768, activation_function=NN.Tanh()), Normalize()]
    yield "LaBSE", bert(2, *base), 12, "cls", labse
    yield "distiluse", distilbert(2, *base), 6, "mean", [Dense(768, 512, activation_function=NN.Tanh())]


def statics(vocabulary):
    """Name and modules of static embeddings. Those of potion have no rows for the unused tokens of BERT."""
    used = [token for token in vocabulary if not token.startswith("[unused")]
    for name, tokens, width, behind in [
        ("potion-base-8M", used, 256, [Normalize()]),
        ("potion-base-32M", used, 512, [Normalize()]),
        ("static-retrieval-mrl-en", vocabulary, 1024, []),
    ]:
        ids = {token: index for index, token in enumerate(tokens)}
        tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer()
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        yield name, [StaticEmbedding(tokenizer, embedding_dim=width), *behind]


def transformer(encoder, vocabulary):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
        BertTokenizer.from_pretrained(folder, model_max_length=LONGEST).save_pretrained(folder)
        encoder.save_pretrained(folder)
        return Transformer(folder)


def make(vocabulary):
    """Name, description and model of each shape."""
    for name, encoder, layers, pooling, behind in encoders(vocabulary):
        config = encoder.config
        found = config.num_hidden_layers
        shape = f"{found if found == layers else f'{found} of {layers}'} × {config.hidden_size}"
        shape += f", {config.num_attention_heads} heads, {pooling}"
        shape += "".join(
            f", {type(module).__name__} {module.out_features}" for module in behind if isinstance(module, Dense)
        )
        body = transformer(encoder, vocabulary)
        modules = [body, Pooling(config.hidden_size, pooling_mode=pooling), *behind]
        yield name, shape, SentenceTransformer(modules=modules, device="cpu")
    for name, modules in statics(vocabulary):
        rows, width = modules[0].embedding.weight.shape
        yield name, f"static, {rows:,} × {width}", SentenceTransformer(modules=modules, device="cpu")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("models", type=Path, nargs="*")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    texts = json.loads((GOLDEN / "texts.json").read_text(encoding="utf-8"))
    ids = json.loads((args.vocabulary / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    vocabulary = sorted(ids, key=ids.get)
    shutil.rmtree(args.out, ignore_errors=True)
    args.out.mkdir(parents=True)
    index = []

    def add(name, shape, weights, directory):
        print(name, flush=True)
        # From the directory, as anyone would.
        model = SentenceTransformer(str(directory), device="cpu", local_files_only=True)
        vectors = model.encode(texts, convert_to_tensor=True).float()
        # In half precision the reference divides the empty sum of a text without words by its length.
        vectors = vectors.nan_to_num(0).contiguous()
        file = args.out / f"{len(index)}.safetensors"
        save_file({"embeddings": vectors}, file)
        index.append(
            {"name": name, "shape": shape, "weights": weights, "directory": str(directory), "vectors": str(file)}
        )

    for seed, (name, shape, model) in enumerate(make(vocabulary)):
        randomize(model, seed)
        model.eval()
        directory = args.out / f"model-{seed}"
        model.save(str(directory))
        add(name, shape, "random", directory)
    for directory in sorted((GOLDEN / "shapes").iterdir()):
        add(f"tests/golden/shapes/{directory.name}", "tiny", "random", directory)
    for directory in args.models:
        add(directory.resolve().name.split("--")[-1], "", "its own", directory)
    (args.out / "index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
