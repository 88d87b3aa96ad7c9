"""What is timed: texts of an exact number of tokens, special ones included, and a batch of real sentences."""

from pathlib import Path

LENGTHS = (8, 16, 32, 128, 256)
MIXED = "mixed"
# Only for its memory.
LARGE = "32x128"


def make(tokenizer, root, sentences):
    """The cases in order, each {"name", "texts", "ids", "timed"}.

    `sentences` is a file in the form of the STS benchmark, or None."""
    words = source_words(root)
    texts = {str(n): [exact(tokenizer, words, n, 0)] for n in LENGTHS}
    texts["32x16"] = [exact(tokenizer, words, 16, 61 * i) for i in range(32)]
    if sentences and Path(sentences).is_file():
        texts[MIXED] = real_sentences(Path(sentences))
    texts[LARGE] = [exact(tokenizer, words, 128, 61 * i) for i in range(32)]
    return [
        {"name": name, "texts": rows, "ids": [tokenizer(text)["input_ids"] for text in rows], "timed": name != LARGE}
        for name, rows in texts.items()
    ]


def source_words(root):
    """The words of the sentences that the golden tests use."""
    text = (Path(root) / "tests/golden/texts_source.txt").read_text(encoding="utf-8")
    lines = text.split("## paragraphs")[0].splitlines()[1:]
    return " ".join(lines).split()


def exact(tokenizer, words, n_tokens, start):
    """Words from `start` on that are exactly `n_tokens` tokens; one that would go beyond is left out."""
    chosen = []
    for i in range(len(words)):
        candidate = [*chosen, words[(start + i) % len(words)]]
        count = len(tokenizer(" ".join(candidate))["input_ids"])
        if count <= n_tokens:
            chosen = candidate
        if count == n_tokens:
            return " ".join(chosen)
    raise ValueError(f"no text of {n_tokens} tokens")


def real_sentences(path):
    """32 first sentences, evenly spread over the file."""
    rows = [line.split("\t")[5] for line in path.read_text(encoding="utf-8").splitlines()]
    return [rows[i * len(rows) // 32] for i in range(32)]
