"""Tiny models of every supported shape, with random weights, and the vectors that sentence-transformers gives for them.

Writes one directory a shape into `shapes`, as `SentenceTransformer.save` writes it, with `expected.json` beside the files; and
`activations.json`, the functions of torch.nn that a Dense module may have.

    pip install --require-hashes -r tests/golden/requirements.txt
    python tests/golden/make_shapes.py
"""

import json
import shutil
import tempfile
import warnings
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Dense, LayerNorm, Normalize, Pooling, Transformer
from sentence_transformers.sentence_transformer.modules import Dropout
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    DistilBertConfig,
    DistilBertModel,
    MPNetConfig,
    MPNetModel,
    MPNetTokenizer,
)

HERE = Path(__file__).parent
PIECES = "the cat sat on mat hello world ##s ##ing ##ed a b c d e ##a ##b ##c ##d ##e 1 2 ##1 ##2 . , ! ? ' 中 国 un ##known query"
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *PIECES.split()]
TEXTS = [
    "the cat sat on the mat.",
    "",
    "a",
    "Hello, world! Unknown cats?",
    "abcde edcba abab baba cdcd",
    "12 21 1 2 中国 thes cating mated",
    "[MASK] on [SEP] world",
    "the cat " * 20,
]
MPNET_VOCABULARY = ["<s>", "<pad>", "</s>", "<unk>", "[UNK]", *PIECES.split(), "<mask>"]
# What is special in MPNet, padding among it, which has no position there; and more words than there are distances with a bias of their own.
MPNET_TEXTS = [
    "the <mask> sat</s>on <s> <unk> [UNK]",
    "a <pad><pad> cat <pad> sat",
    "a b c d e " * 35,
    "hello world " * 100,
]
NN = torch.nn
ACTIVATIONS = [
    NN.Identity, NN.Tanh, NN.ReLU, NN.ReLU6, NN.LeakyReLU, NN.ELU, NN.CELU, NN.SELU, NN.GELU, NN.SiLU, NN.Mish, NN.Sigmoid,
    NN.LogSigmoid, NN.Softplus, NN.Softsign, NN.Tanhshrink, NN.Softshrink, NN.Hardshrink, NN.Hardtanh, NN.Hardsigmoid, NN.Hardswish,
]  # fmt: skip


def bert(hidden=16, heads=2, types=2, layers=1):
    return BertModel(
        BertConfig(
            vocab_size=len(VOCABULARY), hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads, intermediate_size=32,
            max_position_embeddings=32, type_vocab_size=types,
        )
    )  # fmt: skip


def distilbert(sinusoidal=False, layers=1):
    return DistilBertModel(
        DistilBertConfig(
            vocab_size=len(VOCABULARY), dim=16, n_layers=layers, n_heads=4, hidden_dim=32, max_position_embeddings=32,
            sinusoidal_pos_embds=sinusoidal,
        )
    )  # fmt: skip


def mpnet():
    return MPNetModel(
        MPNetConfig(
            vocab_size=len(MPNET_VOCABULARY), hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=32,
            max_position_embeddings=202,
        )
    )  # fmt: skip


def shapes():
    """Name, encoder, pooling and what follows."""
    yield "leaf", bert(), "mean", [Dense(16, 24, activation_function=NN.Identity())]
    yield "labse", bert(layers=2), "cls", [Dense(16, 16, activation_function=NN.Tanh()), Normalize()]
    yield "distiluse", distilbert(layers=2), "mean", [Dense(16, 12, activation_function=NN.Tanh())]
    yield "distilbert-sinusoidal", distilbert(sinusoidal=True), "max", [Normalize()]
    yield "one-token-type", bert(types=1), "mean", [Normalize()]
    yield "head-of-13", bert(hidden=26, heads=2), "mean", [Normalize()]
    yield "every-module", bert(), "mean", [
        Normalize(),
        Dense(16, 20, bias=False, activation_function=NN.GELU()),
        LayerNorm(20),
        Dropout(0.5),
        Dense(20, 20, activation_function=NN.SiLU(), use_residual=True),
        Dense(20, 9, activation_function=NN.LeakyReLU(), use_residual=True),
        Normalize(),
        Dense(9, 10, activation_function=NN.Sigmoid()),
        Normalize(),
    ]  # fmt: skip
    yield "mpnet", mpnet(), "mean", [Normalize()]


def randomize(module, seed):
    """Weights of about the size that keeps activations near one, each a number in f16, so that nobody's rounding counts."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in module.named_parameters():
        noise = torch.rand(parameter.shape, generator=generator) * 2 - 1
        if "position_embeddings" in name and not parameter.requires_grad:
            continue  # sinusoidal
        if parameter.dim() == 1:
            value = noise * 0.25 + (1.0 if "norm" in name.lower() and name.endswith("weight") else 0.0)
        else:
            value = noise if "embeddings" in name else noise * 1.5 / parameter.shape[1] ** 0.5
        parameter.data = (value * 256).round() / 256


def make(name, encoder, pooling, behind, seed):
    is_mpnet = isinstance(encoder, MPNetModel)
    texts = TEXTS + MPNET_TEXTS if is_mpnet else TEXTS
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vocab.txt").write_text("\n".join(MPNET_VOCABULARY if is_mpnet else VOCABULARY) + "\n")
        tokenizer, tokens = (MPNetTokenizer, 150) if is_mpnet else (BertTokenizer, 24)
        tokenizer.from_pretrained(folder, model_max_length=tokens).save_pretrained(folder)
        encoder.save_pretrained(folder)
        transformer = Transformer(folder)
    width = encoder.config.hidden_size
    model = SentenceTransformer(modules=[transformer, Pooling(width, pooling_mode=pooling), *behind], device="cpu")
    randomize(model, seed)
    model.eval()
    target = HERE / "shapes" / name
    model.save(str(target))
    (target / "README.md").unlink(missing_ok=True)
    for unused in target.rglob("*.safetensors"):
        # The pooler has no part in the vectors.
        tensors = {key: value for key, value in load_file(unused).items() if not key.startswith("pooler.")}
        save_file(tensors, unused, metadata={"format": "pt"})
    loaded = SentenceTransformer(str(target), device="cpu")
    vectors = torch.cat([loaded.encode([text], convert_to_tensor=True) for text in texts])
    expected = {"texts": texts, "dim": loaded.get_embedding_dimension(), "vectors": vectors.flatten().tolist()}
    (target / "expected.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n")


def activations():
    x = torch.cat(
        [torch.arange(-20, 21) / 4, torch.tensor([-200.0, -30.0, -1e-3, -0.0, 1e-6, 1e-3, 19.9, 20.1, 30.0, 200.0])]
    )
    # In f64, as torch's f32 has errors of its own.
    values = {activation.__name__: activation()(x.double()).float() for activation in ACTIVATIONS}
    lines = [f'"{name}":{json.dumps(row.tolist())}' for name, row in [("x", x), *values.items()]]
    (HERE / "activations.json").write_text("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    shutil.rmtree(HERE / "shapes", ignore_errors=True)
    for seed, shape in enumerate(shapes()):
        make(*shape, seed)
    activations()
