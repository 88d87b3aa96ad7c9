"""Rows of 32-bit floats, and how they are compared."""

import numpy as np


def floats(rows):
    """Rows as the server computed them: JSON has its 32-bit floats in digits that give the same bits again."""
    return np.asarray(rows, dtype=np.float32)


def same_bits(a, b):
    """Equal values are not enough: -0.0 equals 0.0, and a NaN nothing."""
    a, b = floats(a), floats(b)
    return a.shape == b.shape and np.array_equal(a.view(np.uint32), b.view(np.uint32))


def unit(rows):
    """Rows scaled to length 1."""
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)
