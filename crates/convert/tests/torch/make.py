"""Writes tiny.bin with torch.save, and the same numbers as tiny.safetensors: `python make.py`, with torch and safetensors.

A BERT of one layer of width 8, its tensors in every form in which a state dict can hold them: plain, transposed, a part of a larger tensor,
shared, a parameter, half precision.
"""

import pathlib

import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
HIDDEN, INNER, VOCABULARY, POSITIONS = 8, 16, 40, 32

torch.manual_seed(7)
state = {}


def add(name, *shape):
    state[f"bert.{name}"] = torch.randn(shape) * 0.5


add("embeddings.word_embeddings.weight", VOCABULARY, HIDDEN)
add("embeddings.position_embeddings.weight", POSITIONS, HIDDEN)
add("embeddings.token_type_embeddings.weight", 2, HIDDEN)
layer = "encoder.layer.0."
for name in ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"]:
    add(f"{layer}{name}.weight", HIDDEN, HIDDEN)
    add(f"{layer}{name}.bias", HIDDEN)
add(f"{layer}intermediate.dense.weight", INNER, HIDDEN)
add(f"{layer}intermediate.dense.bias", INNER)
add(f"{layer}output.dense.weight", HIDDEN, INNER)
add(f"{layer}output.dense.bias", HIDDEN)
for name in ["embeddings.LayerNorm", f"{layer}attention.output.LayerNorm", f"{layer}output.LayerNorm"]:
    add(f"{name}.weight", HIDDEN)
    add(f"{name}.bias", HIDDEN)


def change(name, change):
    state[f"bert.{name}"] = change(state[f"bert.{name}"])


change(f"{layer}attention.self.query.weight", lambda tensor: tensor.t())
change(f"{layer}intermediate.dense.weight", lambda tensor: torch.cat([tensor, tensor], 1)[:, 3 : 3 + HIDDEN])
change(f"{layer}output.dense.weight", lambda tensor: torch.cat([tensor, tensor])[::2])
change(f"{layer}attention.self.key.weight", torch.nn.Parameter)
change(f"{layer}attention.self.value.weight", lambda tensor: tensor.half())
change(f"{layer}attention.output.dense.weight", lambda tensor: tensor.bfloat16())
state[f"bert.{layer}output.dense.bias"] = state[f"bert.{layer}attention.output.dense.bias"]
state["bert.embeddings.position_ids"] = torch.arange(POSITIONS)
state["bert.pooler.dense.weight"] = torch.zeros(HIDDEN, HIDDEN).expand(2, HIDDEN, HIDDEN)

torch.save(state, HERE / "tiny.bin")
kept = {name: tensor.detach().clone().contiguous() for name, tensor in state.items() if "pooler" not in name}
save_file(kept, HERE / "tiny.safetensors")
# The same without zip, as before PyTorch 1.6.
torch.save({"bert.x": torch.zeros(1)}, HERE / "legacy.bin", _use_new_zipfile_serialization=False)
