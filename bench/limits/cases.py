"""The requests: for each route about the most that the default limits let in, in ways that cost much."""

from dataclasses import dataclass

# The defaults of docs/deploy.md.
TEXTS = 2_048
TOKENS = 65_536
TEXT_BYTES = 1_000_000
PAYLOAD = 2_000_000
# `[CLS]` and `[SEP]`.
FRAME = 2
# What the server calls its model.
MODEL = "model"


@dataclass(frozen=True)
class Case:
    title: str
    method: str
    path: str
    body: object = None


WARM_UP = Case("", "GET", "/ready")


def words(count):
    """A text of `count` words that are one token each."""
    return " ".join(["time"] * count)


def texts(count):
    """`count` texts that have all the tokens of a request together."""
    return [words(TOKENS // count - FRAME)] * count


SHORT = ["time"] * TEXTS
LONG = texts(512)
# Text that costs the tokenizer most for its bytes: each is cut to the model's length only after it is read.
HARD = {
    "letters without a blank": "a" * TEXT_BYTES,
    "blanks between letters": "a " * (TEXT_BYTES // 2),
    "ideographs": "\u6f22" * (TEXT_BYTES // 3),
    "marks that are sorted": "a" + "\u0301\u0316" * ((TEXT_BYTES - 1) // 4),
    "letters that are taken apart": "\u1ead" * (TEXT_BYTES // 3),
    "unknown emoji": "\U0001f600" * (TEXT_BYTES // 4),
}


def embedder():
    yield Case("nothing to do", "GET", "/health")
    yield Case("2,048 texts of one token", "POST", "/embed", {"inputs": SHORT})
    yield Case("2,048 texts of 32 tokens", "POST", "/embed", {"inputs": texts(TEXTS)})
    yield Case("512 texts of 128 tokens", "POST", "/embed", {"inputs": LONG})
    yield Case("256 texts of 256 tokens, cut where the model is shorter", "POST", "/embed", {"inputs": texts(256)})
    yield Case("65,536 token ids in 512 texts", "POST", "/embed", {"inputs": [[2051] * 126] * 512})
    for title, text in HARD.items():
        yield Case(f"1 MB: {title}", "POST", "/embed", {"inputs": text, "truncate": True})
    yield Case("2 MB in 2,048 texts, cut", "POST", "/embed", {"inputs": ["a " * 480] * TEXTS, "truncate": True})
    yield Case("arrays in arrays", "POST", "/embed", {"inputs": nested(100)})
    yield Case("numbers in place of texts", "POST", "/embed", {"inputs": [[1] * 32_000] * 20})
    for encoding in ("float", "base64"):
        body = {"model": MODEL, "input": LONG, "encoding_format": encoding}
        yield Case(f"512 texts of 128 tokens, {encoding}", "POST", "/v1/embeddings", body)
    yield Case("2,048 texts of 32 tokens", "POST", "/v1/embeddings", {"model": MODEL, "input": texts(TEXTS)})
    yield Case("512 texts of 128 tokens", "POST", "/api/embed", {"model": MODEL, "input": LONG})
    yield Case("a text of 1 MB", "POST", "/api/embeddings", {"model": MODEL, "prompt": "a " * (TEXT_BYTES // 2)})
    similarity = {"source_sentence": LONG[0], "sentences": LONG[1:]}
    yield Case("512 texts of 128 tokens", "POST", "/similarity", {"inputs": similarity})
    for count, tokens in ((50, 126), (512, 126), (TEXTS, 1)):
        title = f"{count:,} texts of {tokens + FRAME} tokens"
        yield Case(title, "POST", "/embed_all", {"inputs": [words(tokens)] * count})
    yield Case("2,048 texts of 32 tokens", "POST", "/tokenize", {"inputs": texts(TEXTS)})
    yield Case("a text of 65,534 tokens", "POST", "/tokenize", {"inputs": words(TOKENS - FRAME)})
    yield Case("65,536 ids", "POST", "/decode", {"ids": [2051] * TOKENS})
    yield Case("2,048 lists of 32 ids", "POST", "/decode", {"ids": [[2051] * 32] * TEXTS})


def nested(depth):
    value = "a"
    for _ in range(depth):
        value = [value]
    return value


def load(documents, size=2_000):
    """Requests that fill a knowledge base with short documents."""
    for start in range(0, documents, size):
        batch = [
            {"_id": f"{i:07}", "question": f"time of number {i}", "answers": ["It is so."], "tags": ["a", "b"], "n": i}
            for i in range(start, min(start + size, documents))
        ]
        yield Case("", "PUT", "/documents", batch)


def knowledge_base():
    yield Case("nothing to do", "GET", "/health")
    alike = {"$and": [{"n": {"$gte": 0}}] * 64}
    many = {"n": {"$nin": list(range(1_000))}}
    yield Case("one question", "POST", "/query", {"question": "what time is it", "threshold": 0})
    yield Case("a text of 1 MB", "POST", "/query", {"question": "a " * (TEXT_BYTES // 2), "threshold": 0})
    yield Case("64 comparisons", "POST", "/query", {"question": "time", "threshold": -1, "filter": alike})
    yield Case("1,000 values", "POST", "/query", {"question": "time", "threshold": -1, "filter": many})
    yield Case(
        "2,048 questions of one token", "POST", "/query/batch", {"questions": SHORT, "threshold": -1, "top_k": 10}
    )
    yield Case("2,048 questions of 32 tokens", "POST", "/query/batch", {"questions": texts(TEXTS), "threshold": -1})
    yield Case("100 results each", "POST", "/query/batch", {"questions": SHORT[:100], "threshold": -1, "top_k": 100})
    yield Case("100 whole documents", "POST", "/search", {"query": "time", "top_k": 100})
    yield Case("64 comparisons", "POST", "/search", {"query": "time", "top_k": 100, "filter": alike})
    yield Case("a page of 1,000", "GET", "/documents?limit=1000")
    yield Case("one document", "GET", "/documents/0000001")
    yield Case("2,000 new documents of 31 tokens", "PUT", "/documents", documents(2_000, words(29)))
    yield Case("500 of them", "PUT", "/documents", documents(500, words(29)))
    yield Case("the same, unchanged", "PUT", "/documents", documents(500, words(29)))
    yield Case("20,000 that are there, unchanged", "PUT", "/documents", next(load(20_000, 20_000)).body)
    yield Case("16 MB in 15 documents", "PUT", "/documents", documents(15, "time", "x" * 1_000_000))
    yield Case("a page of 15 MB", "GET", "/documents?after=x&limit=1000")
    yield Case("documents of 1 MB found", "POST", "/search", {"query": "time", "top_k": 31})
    yield Case("1 MB of numbers in the metadata", "PUT", "/documents", [{"_id": "n", "n": [0] * 333_000}])
    yield Case("1 MB of quotes", "PUT", "/documents", documents(1, "time", '"' * 500_000))
    yield Case("21,845 tiny documents", "PUT", "/documents", documents(21_845, "a"))
    yield Case("a part of all", "POST", "/documents/reindex")


def documents(count, question, answer="so"):
    return [{"_id": f"x{i}", "question": question, "answers": [answer]} for i in range(count)]


EMBEDDER = list(embedder())
KNOWLEDGE_BASE = list(knowledge_base())
