"""Which texts are trained on together: those of similar length, since a batch is padded to its longest text."""

from __future__ import annotations

import random
from collections.abc import Sequence

POOL = 32
"""Batches whose texts are sorted by length."""


def draw(rows: Sequence[int], lengths: Sequence[int], size: int, chance: random.Random) -> list[list[int]]:
    """`rows` in batches of `size`, in an order of `chance`; a batch has texts of similar length.

    Among texts of any length most of what a batch computes is padding. `lengths` are those of all texts, by row, in word
    pieces. Texts are sorted within pools of POOL batches, so that every epoch has other batches.
    """
    drawn = []
    for start in range(0, len(rows), POOL * size):
        pool = sorted(rows[start : start + POOL * size], key=lambda row: lengths[row])
        drawn += [pool[first : first + size] for first in range(0, len(pool), size)]
    chance.shuffle(drawn)
    return drawn
