"""onnxruntime for this machine, one thread: ids in, token vectors out. Neither tokenization nor pooling is timed."""

import numpy as np
import onnxruntime
from protocol import serve


class Contender:
    def __init__(self):
        self.cases = {}

    def load(self, message):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(message["file"], options, providers=["CPUExecutionProvider"])
        return {"version": onnxruntime.__version__}

    def prepare(self, case, texts, ids):
        shape = (len(ids), max(map(len, ids)))
        feeds = {name: np.zeros(shape, np.int64) for name in ("input_ids", "attention_mask", "token_type_ids")}
        for row, values in enumerate(ids):
            feeds["input_ids"][row, : len(values)] = values
            feeds["attention_mask"][row, : len(values)] = 1
        self.cases[case] = feeds
        return {"tokens": sum(map(len, ids))}

    def choose(self, case):
        self.feeds = self.cases[case]

    def encode(self):
        (self.output,) = self.session.run(None, self.feeds)

    def vectors(self):
        """Means over the tokens that are no padding, to see that the right thing was computed."""
        mask = self.feeds["attention_mask"][:, :, None]
        return (self.output * mask).sum(1) / mask.sum(1)


serve(Contender())
