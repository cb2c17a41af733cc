"""Which split a text belongs to: decided by the text alone, wherever and however often it occurs."""

from __future__ import annotations

import string
import zlib
from collections.abc import Callable, Mapping

TRAIN, VALIDATION, TEST = "train", "validation", "test"

_SMALL = bytes.maketrans(string.ascii_uppercase.encode(), string.ascii_lowercase.encode())
_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())
_ALL = 1 << 32


def fingerprint(tokens: bytes) -> int:
    """The CRC32 of the letters of a tokenised text, in small letters; of the tokens where it has none.

    Equal tokens have equal fingerprints, so that no text is in two splits. Digits, marks, capitals and spaces are left
    out so that a text stays in its split when the recipe's text rules change: a champion that was trained under other
    rules has not seen the holdout either.
    """
    return zlib.crc32(tokens.translate(_SMALL, _NO_LETTERS) or b" ".join(tokens.split()))


def splitter(shares: Mapping[str, float]) -> Callable[[bytes], str]:
    """From a tokenised text to TRAIN, VALIDATION or TEST; the holdout depends on nothing but its own share."""
    test = round(shares[TEST] * _ALL)
    validation = test + round(shares[VALIDATION] * _ALL)

    def split(tokens: bytes) -> str:
        mark = fingerprint(tokens)
        return TRAIN if mark >= validation else VALIDATION if mark >= test else TEST

    return split
