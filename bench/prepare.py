"""prepare.py SETUP: the models as ONNX for the peers, the cases, and what sentence-transformers gives for them.

For each model, in <output>/<name>/: the layout of a model on the hub as Transformers.js reads it (JSON files,
onnx/model.onnx, onnx/model_quantized.onnx), cases.json and reference.npy [texts of all cases, dim].
"""

import json
import shutil
import sys
import warnings
from pathlib import Path

import cases
import numpy as np
import onnxruntime
import sentence_transformers
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import BertModel

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
FILES = ("config.json", "tokenizer.json", "tokenizer_config.json")


class TokenVectors(torch.nn.Module):
    """The model without its pooler, as a function of three tensors."""

    def __init__(self, directory):
        super().__init__()
        # Of the ways to write attention this one exports to the graph that onnxruntime runs fastest.
        self.bert = BertModel.from_pretrained(directory, attn_implementation="eager", add_pooling_layer=False)

    def forward(self, input_ids, attention_mask, token_type_ids):
        bert = self.bert(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return bert.last_hidden_state


def export(directory, output):
    """Writes the graph in float32, and with int8 weights as Transformers.js makes its "q8" files."""
    example = torch.ones(2, 7, dtype=torch.int64)
    axes = {name: {0: "batch", 1: "tokens"} for name in (*INPUTS, "last_hidden_state")}
    plain = output / "model.onnx"
    # The other exporter's graph is up to a fifth slower in onnxruntime.
    torch.onnx.export(
        TokenVectors(directory).eval(),
        (example, example, example * 0),
        plain,
        dynamo=False,
        opset_version=17,
        input_names=list(INPUTS),
        output_names=["last_hidden_state"],
        dynamic_axes=axes,
    )
    # Signed weights: as fast as unsigned ones in WebAssembly, twice as fast natively.
    quantize_dynamic(plain, output / "model_quantized.onnx", weight_type=QuantType.QInt8)


def prepare(setup, model):
    directory, output = Path(model["dir"]), Path(setup["output"]) / model["name"]
    (output / "onnx").mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(directory / name, output / name)
    versions = f"{torch.__version__} {onnxruntime.__version__} {Path(__file__).read_text()}"
    stamp = output / "onnx" / "exported"
    if not stamp.exists() or stamp.read_text() != versions:
        export(directory, output / "onnx")
        stamp.write_text(versions)

    st = sentence_transformers.SentenceTransformer(str(directory), device="cpu", local_files_only=True)
    rows = cases.make(st.tokenizer, setup["root"], setup["sentences"])
    (output / "cases.json").write_text(json.dumps(rows))
    texts = [text for case in rows for text in case["texts"]]
    np.save(output / "reference.npy", st.encode(texts, batch_size=1))


def main():
    warnings.filterwarnings("ignore")
    setup = json.loads(Path(sys.argv[1]).read_text())
    for model in setup["models"]:
        prepare(setup, model)


main()
