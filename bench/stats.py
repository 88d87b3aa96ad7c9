"""Medians and quartiles over rounds."""

import numpy as np


def spread(values):
    """[first quartile, median, third quartile]."""
    return [float(x) for x in np.quantile(values, (0.25, 0.5, 0.75))]


def ratios(peer, ours):
    """How many times as long the peer takes, round by round: both lists have one time a round."""
    return spread([a / b for a, b in zip(peer, ours, strict=True)])


def cosines(a, b):
    """Cosine of each row of `a` with that of `b`."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
