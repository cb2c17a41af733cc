"""Which split a row belongs to: by the hash of its text, by its place in the file, or by the file it is in."""

from __future__ import annotations

import string
import zlib
from collections.abc import Callable, Mapping
from typing import Any

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)

_SMALL = bytes.maketrans(string.ascii_uppercase.encode(), string.ascii_lowercase.encode())
_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())
_ALL = 1 << 32

# From a tokenised text and the number of its row, counted from 1, to its split.
Splitter = Callable[[bytes, int], str]


def fingerprint(tokens: bytes) -> int:
    """The CRC32 of the letters of a tokenised text, in small letters; of the tokens where it has none.

    Equal tokens have equal fingerprints, so that no text is in two splits. Digits, marks, capitals and spaces are left
    out so that a text stays in its split when the recipe's text rules change: a champion that was trained under other
    rules has not seen the holdout either.
    """
    return zlib.crc32(tokens.translate(_SMALL, _NO_LETTERS) or b" ".join(tokens.split()))


def splitter(config: Mapping[str, Any]) -> Splitter:
    """By the text alone, wherever and however often it occurs; the holdout depends on its own share and the seed only."""
    test = round(config[TEST] * _ALL)
    validation = test + round(config[VALIDATION] * _ALL)
    seed = zlib.crc32(str(config["seed"]).encode("ascii"))
    crc32, small, no_letters = zlib.crc32, _SMALL, _NO_LETTERS

    def split(tokens: bytes, number: int) -> str:
        # `fingerprint`, without the call: this runs for every row.
        mark = crc32(tokens.translate(small, no_letters) or b" ".join(tokens.split()))
        return TRAIN if mark >= validation else VALIDATION if mark >= test else TEST

    def seeded(tokens: bytes, number: int) -> str:
        # Knuth's multiplicative hash: another seed is another split, not the same one turned.
        mark = (fingerprint(tokens) ^ seed) * 2654435761 % _ALL
        return TRAIN if mark >= validation else VALIDATION if mark >= test else TEST

    return seeded if config["seed"] else split


def ordered(config: Mapping[str, Any], total: int) -> Splitter:
    """By place: the first rows of `total` are for training, the next for validation, the last for the test."""
    train = round(config[TRAIN] * total)
    validation = train + round(config[VALIDATION] * total)

    def split(tokens: bytes, number: int) -> str:
        return TRAIN if number <= train else VALIDATION if number <= validation else TEST

    return split


def given(name: str, validation: float | None) -> Splitter:
    """All rows to the split `name`; of train, the share `validation` by hash to validation where it has no file."""
    if name == TRAIN and validation is not None:
        return splitter({TEST: 0.0, VALIDATION: validation, "seed": 0})

    def split(tokens: bytes, number: int) -> str:
        return name

    return split
