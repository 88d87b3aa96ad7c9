#!/usr/bin/env python3
"""Write token_embeddings.safetensors: the vectors of tokens that sentence-transformers gives.

    pip install -r requirements.txt
    python make_token_embeddings.py --l6 DIR --l3 DIR [--out FILE]

The directories are those of make_golden.py. For each model, `encode` with `output_value="token_embeddings"`, the texts end
to end:

    NAME                 f32 [tokens, 384]  special tokens included
    NAME.n_tokens        i32 [8]

The texts are those of texts.json at the positions in the metadata.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from make_golden import load, write_safetensors

N_TEXTS = 8
# Of these, the first that are different in length and longer than a frame.
N_TOKENS = range(3, 20)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--l6", type=Path, required=True, help="all-MiniLM-L6-v2 directory")
    parser.add_argument("--l3", type=Path, required=True, help="paraphrase-MiniLM-L3-v2 directory")
    golden = Path(__file__).parent
    parser.add_argument("--out", type=Path, default=golden / "token_embeddings.safetensors")
    args = parser.parse_args()

    torch.set_num_threads(1)
    texts = json.loads((golden / "texts.json").read_text())
    models = {"all-MiniLM-L6-v2": load(args.l6), "paraphrase-MiniLM-L3-v2": load(args.l3)}
    chosen = {}
    for position, text in enumerate(texts):
        length = models["all-MiniLM-L6-v2"].preprocess([text])["input_ids"].shape[1]
        if length in N_TOKENS and len(chosen) < N_TEXTS:
            chosen.setdefault(length, position)
    positions = list(chosen.values())
    tensors = {}
    for name, model in models.items():
        rows = model.encode([texts[at] for at in positions], output_value="token_embeddings", batch_size=1)
        rows = [row.numpy() for row in rows]
        tensors[name] = np.concatenate(rows)
        tensors[f"{name}.n_tokens"] = np.array([len(row) for row in rows], dtype=np.int32)
    write_safetensors(args.out, tensors, {"positions": json.dumps(positions)})


if __name__ == "__main__":
    main()
