"""sentence-transformers on PyTorch, CPU, one thread: `encode()` as it is, texts in, vectors out."""

import sentence_transformers
import torch
from protocol import serve


class Contender:
    def __init__(self):
        self.cases = {}

    def load(self, message):
        torch.set_num_threads(1)
        torch.set_num_interop_threads(1)
        self.model = sentence_transformers.SentenceTransformer(message["file"], device="cpu", local_files_only=True)
        return {"version": f"{sentence_transformers.__version__}, torch {torch.__version__}"}

    def prepare(self, case, texts, ids):
        self.cases[case] = texts
        return {"tokens": sum(map(len, ids))}

    def choose(self, case):
        self.texts = self.cases[case]

    def encode(self):
        self.output = self.model.encode(self.texts, batch_size=32, show_progress_bar=False)

    def vectors(self):
        return self.output


serve(Contender())
