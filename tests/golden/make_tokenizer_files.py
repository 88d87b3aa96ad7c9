#!/usr/bin/env python3
"""Write tokenizer_files.json: what transformers makes of directories that differ in the files of their tokenizer.

    pip install --require-hashes -r requirements.txt
    python make_tokenizer_files.py

Every variant has the vocabulary of tests/common/tiny.rs. `files` holds what differs from the tokenizer.json of that
file; `null` removes a file. `ids` has the ids of each text, special tokens included. `fails` says of which texts a model
with a row for each token of the vocabulary makes an error: those with a token whose id is no row.
"""

import json
import re
import tempfile
from pathlib import Path

import torch
import transformers
from transformers import AutoTokenizer, BertConfig, BertModel

HERE = Path(__file__).parent
TEXTS = ["The cat SAT on thé mat", "Hello [WORLD] [world]! <go>", "a中国b", "[MASK] cat [SEP]", "☃ zzz"]
CONFIG, ADDED, SPECIAL = "tokenizer_config.json", "added_tokens.json", "special_tokens_map.json"


def vocabulary():
    source = (HERE.parent / "common/tiny.rs").read_text(encoding="utf-8")
    listed = re.search(r"pub const VOCABULARY: \[&str; 40\] = \[(.*?)\];", source, re.DOTALL)[1]
    return re.findall(r'"([^"]+)"', listed)


def tokenizer_json(vocab):
    added = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    token = lambda name, type_id: {"SpecialToken": {"id": name, "type_id": type_id}}  # noqa: E731
    a, b = ({"Sequence": {"id": name, "type_id": type_id}} for name, type_id in (("A", 0), ("B", 1)))
    entry = lambda name: {"id": name, "ids": [vocab.index(name)], "tokens": [name]}  # noqa: E731
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": vocab[i]} | added for i in range(5)],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [token("[CLS]", 0), a, token("[SEP]", 0)],
            "pair": [token("[CLS]", 0), a, token("[SEP]", 0), b, token("[SEP]", 1)],
            "special_tokens": {"[CLS]": entry("[CLS]"), "[SEP]": entry("[SEP]")},
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {name: i for i, name in enumerate(vocab)},
        },
    }


def added_token(content, **flags):
    plain = {"lstrip": False, "rstrip": False, "single_word": False, "normalized": False, "special": False}
    return {"content": content} | plain | flags


def variants(vocab):
    base = tokenizer_json(vocab)
    named = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "bos_token": "a", "eos_token": "[SEP]"}
    mpnet = {"tokenizer_class": "MPNetTokenizer", "mask_token": "[MASK]"} | named
    generic = {"tokenizer_class": "PreTrainedTokenizerFast"}
    text = "\n".join(vocab) + "\n"
    cased = json.loads(json.dumps(base))
    cased["normalizer"]["lowercase"] = False
    world = {"40": added_token("[WORLD]")}
    loose = {"40": added_token("[WORLD]", normalized=True)}
    two = {"40": added_token("<go>", normalized=True), "41": added_token("[WORLD]", special=True)}
    yield "no settings", {}
    yield "empty settings", {CONFIG: {}}
    yield "cased by settings", {CONFIG: {"do_lower_case": False}}
    yield "cased by settings of the named class", {CONFIG: {"do_lower_case": False, "tokenizer_class": "BertTokenizer"}}
    yield (
        "cased by settings of the fast class",
        {CONFIG: {"do_lower_case": False, "tokenizer_class": "BertTokenizerFast"}},
    )
    yield (
        "cased by settings of DistilBERT",
        {CONFIG: {"do_lower_case": False, "tokenizer_class": "DistilBertTokenizer"}},
    )
    yield "settings of the generic class", {CONFIG: {"do_lower_case": False} | generic}
    yield "settings of the backend class", {CONFIG: {"do_lower_case": False, "tokenizer_class": "TokenizersBackend"}}
    yield "accents are kept", {CONFIG: {"strip_accents": False}}
    yield "cased, accents are stripped", {CONFIG: {"do_lower_case": False, "strip_accents": True}}
    yield "Chinese characters are no words", {CONFIG: {"tokenize_chinese_chars": False}}
    yield "a cased file without settings", {"tokenizer.json": cased}
    yield "a cased file of the generic class", {"tokenizer.json": cased, CONFIG: generic}
    yield "vocab.txt alone", {"tokenizer.json": None, "vocab.txt": text}
    yield "vocab.txt alone, cased", {"tokenizer.json": None, "vocab.txt": text, CONFIG: {"do_lower_case": False}}
    yield "vocab.txt beside a file", {"vocab.txt": "\n".join(reversed(vocab)), CONFIG: {"do_lower_case": False}}
    yield "added_tokens.json", {ADDED: {"[WORLD]": 40}}
    yield "added_tokens.json with a special token", {ADDED: {"[WORLD]": 40}, SPECIAL: {"mask_token": "[WORLD]"}}
    yield "added_tokens.json with another id", {ADDED: {"[WORLD]": 77}}
    yield "added_tokens_decoder", {CONFIG: {"added_tokens_decoder": world}}
    yield "added_tokens_decoder, normalized", {CONFIG: {"added_tokens_decoder": loose}}
    yield "added_tokens_decoder, two tokens", {CONFIG: {"added_tokens_decoder": two}}
    yield "added_tokens_decoder of the generic class", {CONFIG: {"added_tokens_decoder": world} | generic}
    yield "added_tokens_decoder before other files", {CONFIG: {"added_tokens_decoder": world}, ADDED: {"<go>": 41}}
    yield "further special tokens in the settings", {CONFIG: {"additional_special_tokens": ["[WORLD]"]}}
    yield "further special tokens in the map", {SPECIAL: {"additional_special_tokens": ["[WORLD]", "<go>"]}}
    yield (
        "added_tokens_decoder with the id of a piece",
        {CONFIG: {"added_tokens_decoder": {"5": added_token("<go>")} | world}},
    )
    yield (
        "the id of a piece, generic class",
        {CONFIG: {"added_tokens_decoder": {"5": added_token("<go>")} | world} | generic},
    )
    yield "added_tokens_decoder with a piece", {CONFIG: {"added_tokens_decoder": {"77": added_token("cat")}}}
    yield "added_tokens_decoder with a gap", {CONFIG: {"added_tokens_decoder": {"77": added_token("[WORLD]")}}}
    yield "a gap, generic class", {CONFIG: {"added_tokens_decoder": {"77": added_token("[WORLD]")} | two} | generic}
    yield "another [CLS]", {CONFIG: {"cls_token": "[MASK]"}}
    yield "another [SEP] in the map", {SPECIAL: {"sep_token": "[MASK]"}}
    yield "another [UNK]", {CONFIG: {"unk_token": "[MASK]"}}
    yield "a special token as an object", {SPECIAL: {"cls_token": added_token("[MASK]")}}
    yield "the class of MPNet", {CONFIG: mpnet}
    yield "the class of MPNet, cased", {CONFIG: mpnet | {"do_lower_case": False}}
    yield "the class of MPNet, vocab.txt alone", {"tokenizer.json": None, "vocab.txt": text, CONFIG: mpnet}
    yield "BERT with a first token", {CONFIG: {"bos_token": "a"}}
    yield "the map before the settings", {CONFIG: {"cls_token": "[MASK]"}, SPECIAL: {"cls_token": "[PAD]"}}


def encode(vocab, files):
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "config.json").write_text('{"model_type": "bert"}')
        for path, content in ({"tokenizer.json": tokenizer_json(vocab)} | files).items():
            if content is not None:
                text = content if isinstance(content, str) else json.dumps(content)
                (folder / path).write_text(text, encoding="utf-8")
        tokenizer = AutoTokenizer.from_pretrained(folder)
        return [tokenizer(text)["input_ids"] for text in TEXTS]


def fails(model, ids):
    try:
        model(torch.tensor([ids]))
    except IndexError:
        return True
    return False


def main():
    transformers.logging.set_verbosity_error()
    vocab = vocabulary()
    sizes = {"hidden_size": 8, "num_attention_heads": 1, "num_hidden_layers": 1, "intermediate_size": 8}
    model = BertModel(BertConfig(vocab_size=len(vocab), **sizes))
    rows = [{"name": name, "files": files, "ids": encode(vocab, files)} for name, files in variants(vocab)]
    for row in rows:
        row["fails"] = [fails(model, ids) for ids in row["ids"]]
    rows = ",\n".join("  " + json.dumps(row) for row in rows)
    head = f'"transformers": "{transformers.__version__}",\n"texts": {json.dumps(TEXTS)},\n'
    (HERE / "tokenizer_files.json").write_text(f'{{\n{head}"variants": [\n{rows}\n]\n}}\n', encoding="ascii")


if __name__ == "__main__":
    main()
