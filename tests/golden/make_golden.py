#!/usr/bin/env python3
"""Write the golden files that the Rust tests compare themselves with.

    pip install --require-hashes -r requirements.txt
    python make_golden.py --l6 DIR --l3 DIR [--out DIR] [--check]

The directories are all-MiniLM-L6-v2 and paraphrase-MiniLM-L3-v2 as
sentence-transformers reads them; `minilm pull` fetches them and `minilm models`
says where they are. Only local files are read. The files written are:

texts.json
    320 texts, from texts_source.txt and from the rules in `make_texts`.
all-MiniLM-L6-v2.safetensors, paraphrase-MiniLM-L3-v2.safetensors
    embeddings           f32 [320, 384]  SentenceTransformer.encode, batch size 1
    n_tokens             i32 [320]       with [CLS] and [SEP], after truncation
    cls, max, mean, mean_sqrt_len
                         f32 [32, 384]   the first 32 texts, not normalized
tokens.json
    Ids of sentence pairs, and of single texts truncated on the left.
quantized.json
    quantize_embeddings, similarity functions, semantic_search, truncate_dim.
"""

import argparse
import hashlib
import json
import platform
from pathlib import Path

import numpy as np
import sentence_transformers
import tokenizers
import torch
import transformers
from sentence_transformers import SentenceTransformer, util
from sentence_transformers.sentence_transformer.modules import Pooling

N_TEXTS = 320
N_POOLED = 32
POOLED = {"cls": "cls", "max": "max", "mean": "mean", "mean_sqrt_len": "mean_sqrt_len_tokens"}

# Words in the texts made by joining sentences, see `joined`.
JOINED_WORDS = (27, 31, 39, 46, 55, 64, 76, 88, 101, 115, 130, 148, 172, 215)

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
AWKWARD = [
    # Almost nothing.
    "",
    " ",
    "a",
    "?",
    "\u00e9",
    "\t\r\n",
    # Words around the limit of 100 characters that WordPiece looks at.
    "x" * 100,
    "x" * 101,
    "y" * 99 + "\u0301 z",
    # White space and characters that the normalizer drops or turns into spaces.
    "tab\tseparated\nlines\r\nand a form\x0cfeed",
    "bell\x07, null\x00, delete\x7f and escape \x1b[31mred\x1b[0m",
    "\ufffd broken \ufffd\ufffdbytes\ufffd",
    "zero\u200bwidth, soft\u00adhyphen, word\u2060joiner, \ufeffbyte order mark",
    "no\u00a0break em\u2003space line\u2028separator para\u2029graph ideographic\u3000space next\u0085line",
    "left\u200eto\u200fright \u202eoverride\u202c done",
    "private \ue000\uf8ff use \U000f0000\U0010fffd planes",
    "unassigned \u0378 and noncharacter \uffff \ufdd0 points",
    # Emoji.
    FAMILY + " my family \U0001f469\U0001f3fd\u200d\U0001f680 and an astronaut",
    "\U0001f1e7\U0001f1f7\U0001f1ef\U0001f1f5\U0001f1ff\U0001f1e6 flags",
    "\U0001f600\U0001f602\U0001f973\u2764\ufe0f\U0001f44d\U0001f3ff",
    "so happy today \U0001f60a\U0001f60a\U0001f60a!!!",
    "keycaps 1\ufe0f\u20e3 2\ufe0f\u20e3 and a new face \U0001fae8",
    # Other scripts.
    "\u6211\u4eec\u660e\u5929\u4e0a\u5348\u5728\u8f66\u7ad9\u89c1\u9762\u3002",
    "\u6771\u4eac\u306e\u590f\u306f\u3068\u3066\u3082\u84b8\u3057\u6691\u3044\u3067\u3059\u3002\u30b3\u30fc\u30d2\u30fc\u3092\u98f2\u307f\u307e\u3059\u304b\uff1f",
    "\u304b\u3099\u304d\u3099 and \u304c\u304e, half width \uff76\uff9e\uff77\uff9e",
    "\uc624\ub298 \ub0a0\uc528\uac00 \uc815\ub9d0 \uc88b\ub124\uc694",
    "\u110b\u1169\u1102\u1173\u11af \u1102\u1161\u11af\u110a\u1175",
    "\u0627\u0644\u0643\u062a\u0627\u0628 \u0639\u0644\u0649 \u0627\u0644\u0637\u0627\u0648\u0644\u0629\u060c \u0623\u0644\u064a\u0633 \u0643\u0630\u0644\u0643\u061f",
    "\u0645\u064e\u0631\u0652\u062d\u064e\u0628\u064b\u0627 \u0668\u0669",
    "\u05d4\u05e1\u05e4\u05e8 \u05e2\u05dc \u05d4\u05e9\u05d5\u05dc\u05d7\u05df; \u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd",
    "\u0915\u093f\u0924\u093e\u092c \u092e\u0947\u091c\u093c \u092a\u0930 \u0939\u0948, \u0915\u094d\u092f\u093e \u0906\u092a\u0928\u0947 \u0926\u0947\u0916\u0940?",
    "\u0e2b\u0e19\u0e31\u0e07\u0e2a\u0e37\u0e2d\u0e2d\u0e22\u0e39\u0e48\u0e1a\u0e19\u0e42\u0e15\u0e4a\u0e30",
    "\u0130STANBUL'da \u0131l\u0131k bir I\u011eDIR kay\u0131s\u0131s\u0131",
    "Die Stra\u00dfe war GRO\u1e9eARTIG, aber die F\u00fc\u00dfe tun weh",
    "\u039f \u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2 \u03ba\u03b1\u03b9 \u03bf \u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3",
    "\u0401\u0436 \u0438 \u0439\u043e\u0434: \u0441\u044a\u0435\u0448\u044c \u0435\u0449\u0451",
    "Ti\u1ebfng Vi\u1ec7t c\u00f3 nhi\u1ec1u d\u1ea5u thanh",
    "\U00020000\U00020bb7\u91ce\u5bb6 and \U0002f800",
    # Accents, composed and not, and other forms of plain letters.
    "The cr\u00e8me br\u00fbl\u00e9e caf\u00e9 na\u00efvely re-opened",
    "The cre\u0300me bru\u0302le\u0301e cafe\u0301 nai\u0308vely re-opened",
    "z\u0335\u0321\u0353\u030da\u0336\u0349\u0312l\u0334\u032d\u0308g\u0337\u033b\u0351o\u0338\u031e\u0301",
    "\uff26\uff35\uff2c\uff2c \uff57\uff49\uff44\uff54\uff48\u3000\uff11\uff12\uff13\uff01",
    "\U0001d4dc\U0001d4ea\U0001d4fd\U0001d4f1 \u2211 \u222b \u221a2 \u2260 \u221e, \ufb01ne \ufb02oor, \u2460 \u2168 \u00bd",
    # Digits and punctuation.
    "3.14159 1,000,000 007 1e-9 \u00b2\u00b3 \u0663\u0664\u0665 $5 \u20ac6",
    "!?.,;:-_()[]{}<>/\\|@#%^&*~`'\"+=$",
    "\u201cquotes\u201d \u2018single\u2019 \u00abguillemets\u00bb \u2014 dash\u2026 \u00bfqu\u00e9?",
    "?" * 70,
    # Machine text.
    "https://www.example.org:8080/a/b_c/index.html?q=caf%C3%A9&lang=en#top",
    "write to jane.doe+news@mail.example.com or open C:\\Users\\jane\\notes.txt",
    "for i in range(10):\n    total += values[i] ** 2  # sum of squares",
    '<p class="intro">Fish &amp; <b>chips</b></p><!-- end -->',
    '{"id": 42, "tags": ["a", "b"], "ok": true, "ratio": 0.5, "none": null}',
    # Special tokens spelled out.
    "before [SEP] after",
    "[CLS] the capital of France is [MASK]. [PAD][UNK]",
    "[mask] [ SEP ] [SEP",
    # Long ones.
    "again " * 300,
    "\u6c34" * 300,
    "anti-inflammatory/pre-registered_user.name@very-long-host-name.example--and((so))on...without,any;space:at!all?"
    "but/with=much&punctuation",
]

# Pairs for tokens.json: two indexes into texts, or texts.
PAIRS = [
    (0, 1),
    (2, 3),
    (4, 5),
    (6, 7),
    (20, 21),
    (40, 41),
    (60, 61),
    (80, 81),
    (100, 140),
    (180, 220),
    ("", ""),
    ("", "right only"),
    ("left only", ""),
    ("[SEP]", "[MASK] [CLS]"),
    ("stra\u00dfe", "\u0130stanbul"),
    ("hello world", "hello world"),
    ("one " * 100, "two"),
    ("two", "one " * 100),
    ("one " * 100, "two " * 90),
    ("one " * 30, "two " * 31),
    ("one " * 31, "two " * 31),
    ("one " * 30, "two " * 32),
    ("one " * 20, "two " * 80),
    ("one " * 80, "two " * 20),
]
PAIR_LENGTH = 64
LEFT = (
    "short enough",
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen",
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen",
    "antidisestablishmentarianism " * 5,
    "",
    "start " + "middle " * 40 + "end",
    "a [SEP] b " * 8,
)
LEFT_LENGTH = 16


def read_source(path):
    """The sections of texts_source.txt: {name: lines}, a section begins with a line "## name"."""
    sections = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            lines = sections.setdefault(line[3:], [])
        else:
            lines.append(line)
    return sections


def joined(sentences, start, n_words):
    """Every 31st sentence from `start` on, cut after `n_words` words."""
    words = []
    while len(words) < n_words:
        words += sentences[start % len(sentences)].split(" ")
        start += 31
    return " ".join(words[:n_words])


def make_texts(source):
    """The texts, in an order that mixes all kinds, so that any first few are varied."""
    sections = read_source(source)
    sentences = sections["sentences"]
    texts = sentences + sections["paragraphs"] + AWKWARD + sections["short"]
    texts += [joined(sentences, 5 + 12 * i, n) for i, n in enumerate(JOINED_WORDS)]
    if len(texts) != N_TEXTS or len(set(texts)) != N_TEXTS:
        raise SystemExit(f"expected {N_TEXTS} different texts, got {len(texts)}, {len(set(texts))} of them different")
    # 149 is coprime to 320.
    return [texts[(149 * i + 7) % N_TEXTS] for i in range(N_TEXTS)]


def load(directory):
    return SentenceTransformer(str(directory), device="cpu", local_files_only=True).float().eval()


@torch.inference_mode()
def pooled(model, texts, mode):
    """What the pooling of this mode gives, before any normalization."""
    pooling = Pooling(model[0].get_embedding_dimension(), pooling_mode=mode)
    return np.concatenate([pooling(model[0](model.preprocess([t])))["sentence_embedding"].numpy() for t in texts])


def write_safetensors(path, tensors, metadata):
    """As safetensors writes it, except that the order of the metadata never changes."""
    header, data = {"__metadata__": metadata}, b""
    for name, array in sorted(tensors.items()):
        dtype = {"float32": "F32", "int32": "I32"}[array.dtype.name]
        raw = array.astype(array.dtype.newbyteorder("<")).tobytes()
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def write_golden(path, model, texts, metadata):
    embeddings = model.encode(texts, batch_size=1)
    tensors = {
        "embeddings": embeddings,
        "n_tokens": np.array([model.preprocess([t])["input_ids"].shape[1] for t in texts], dtype=np.int32),
    }
    for name, mode in POOLED.items():
        tensors[name] = pooled(model, texts[:N_POOLED], mode)
    write_safetensors(path, tensors, metadata)
    return tensors


def shortest(array):
    """Nested lists of the shortest decimals that read back as the same f32."""
    if array.dtype != np.float32:
        return array.tolist()
    if array.ndim == 0:
        return float(str(array))
    return [shortest(x) for x in array]


def make_tokens(model, texts):
    tokenizer = model.tokenizer

    def encode(text, max_length):
        # In a list, as cross-encoders pass them: by itself, an empty second text counts as none.
        encoded = tokenizer([text], truncation="longest_first", max_length=max_length)
        return {"ids": encoded["input_ids"][0], "type_ids": encoded["token_type_ids"][0]}

    pairs = [[texts[x] if isinstance(x, int) else x for x in pair] for pair in PAIRS]
    tokenizer.truncation_side = "right"
    pair_rows = [{"a": a, "b": b} | encode((a, b), PAIR_LENGTH) for a, b in pairs]
    tokenizer.truncation_side = "left"
    left_rows = [{"text": t} | encode(t, LEFT_LENGTH) for t in LEFT]
    tokenizer.truncation_side = "right"
    return {
        "pairs": {"max_length": PAIR_LENGTH, "truncation_side": "right", "rows": pair_rows},
        "singles": {"max_length": LEFT_LENGTH, "truncation_side": "left", "rows": left_rows},
    }


def make_quantized(model, texts, embeddings):
    first, queries, corpus = embeddings[:16], embeddings[:6], embeddings[6:16]
    # Ranges narrow enough to clip; dimension 10 has none at all.
    dim = np.arange(embeddings.shape[1])
    ranges = np.stack([-(64 + dim % 32) / 1024, (64 + dim % 48) / 1024]).astype(np.float32)
    ranges[:, 10] = 0

    def quantize(precision, ranges=None):
        return util.quantize_embeddings(first, precision=precision, ranges=ranges).tolist()

    def search(score, top_k):
        hits = util.semantic_search(queries, corpus, score_function=score, top_k=top_k)
        return [[{"corpus_id": h["corpus_id"], "score": shortest(np.float32(h["score"]))} for h in q] for q in hits]

    cut = {
        name: shortest(model.encode(texts[:4], batch_size=1, truncate_dim=100, normalize_embeddings=normalize))
        for name, normalize in (("plain", False), ("normalized", True))
    }
    return {
        "embeddings": "rows 0..16 of `embeddings` in all-MiniLM-L6-v2.safetensors",
        "ranges": shortest(ranges),
        "quantize": {
            "int8": quantize("int8"),
            "uint8": quantize("uint8"),
            "int8_ranges": quantize("int8", ranges),
            "uint8_ranges": quantize("uint8", ranges),
            "binary": quantize("binary"),
            "ubinary": quantize("ubinary"),
        },
        "queries": "rows 0..6",
        "corpus": "rows 6..16",
        "similarity": {
            "cos_sim": shortest(util.cos_sim(queries, corpus).numpy()),
            "dot_score": shortest(util.dot_score(queries, corpus).numpy()),
            "euclidean_sim": shortest(util.euclidean_sim(queries, corpus).numpy()),
            "manhattan_sim": shortest(util.manhattan_sim(queries, corpus).numpy()),
        },
        "semantic_search": {
            "cos_sim_top10": search(util.cos_sim, 10),
            "dot_score_top3": search(util.dot_score, 3),
            "euclidean_sim_top3": search(util.euclidean_sim, 3),
        },
        "truncate_dim": {"texts": texts[:4], "dim": 100} | cut,
    }


def write_json(path, value):
    """ASCII only, so that no editor changes a character; rows of numbers on one line."""

    def dump(x, indent):
        if isinstance(x, dict) and x:
            rows = [json.dumps(k) + ": " + dump(v, indent + 1) for k, v in x.items()]
            inside, end = "{", "}"
        elif isinstance(x, list) and x and isinstance(x[0], (list, dict, str)):
            rows = [dump(v, indent + 1) for v in x]
            inside, end = "[", "]"
        else:
            return json.dumps(x, separators=(",", ":"))
        pad = "\n" + " " * (indent + 1)
        return inside + pad + ("," + pad).join(rows) + "\n" + " " * indent + end

    path.write_text(dump(value, 0) + "\n", encoding="ascii")


def check(model, texts, tensors):
    """Batches of 32 must give what batches of 1 gave; print the spread of lengths."""
    difference = np.abs(model.encode(texts, batch_size=32) - tensors["embeddings"]).max()
    rows = [tensors["mean"], tensors["embeddings"][:N_POOLED]]
    mean, first = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in rows)
    mean = np.abs(mean - first).max()
    print(f"  batch 32 against 1: {difference:.2g}, mean against encode, both normalized: {mean:.2g}")
    if difference > 1e-5 or mean > 1e-6 or not np.isfinite(tensors["embeddings"]).all():
        raise SystemExit("check failed")
    lengths = sorted(tensors["n_tokens"].tolist())
    missing = [n for n in range(2, 41) if n not in lengths]
    print(f"  lengths {lengths[0]}..{lengths[-1]}, not covered of 2..40: {missing}")
    print(f"  above 40: {[n for n in lengths if n > 40]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--l6", type=Path, required=True, help="all-MiniLM-L6-v2 directory")
    parser.add_argument("--l3", type=Path, required=True, help="paraphrase-MiniLM-L3-v2 directory")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where to write (default: here)")
    parser.add_argument("--check", action="store_true", help="also check the results for consistency")
    args = parser.parse_args()

    torch.set_num_threads(1)
    metadata = {
        "sentence-transformers": sentence_transformers.__version__,
        "transformers": transformers.__version__,
        "torch": torch.__version__,
        "tokenizers": tokenizers.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    texts = make_texts(Path(__file__).with_name("texts_source.txt"))
    write_json(args.out / "texts.json", texts)

    for name, directory in (("all-MiniLM-L6-v2", args.l6), ("paraphrase-MiniLM-L3-v2", args.l3)):
        print(name)
        model = load(directory)
        weights = hashlib.sha256((directory / "model.safetensors").read_bytes()).hexdigest()
        about = metadata | {"model.safetensors sha256": weights}
        tensors = write_golden(args.out / f"{name}.safetensors", model, texts, about)
        if args.check:
            check(model, texts, tensors)
        if directory == args.l6:
            write_json(args.out / "quantized.json", make_quantized(model, texts, tensors["embeddings"]))
            write_json(args.out / "tokens.json", make_tokens(model, texts))


if __name__ == "__main__":
    main()
