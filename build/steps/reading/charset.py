"""The encoding of a text file: UTF-8, or a guess at another one.

A guess is only shown in a message, with the recipe's key for the encoding. Decoding by a wrong guess would train on
wrong words without an error.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

# Longest first: the mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KANA = re.compile("[\u3040-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_HAN = re.compile("[\u4e00-\u9fff]")
_CYRILLIC = re.compile("[\u0430-\u044f]")
# In this order: GB 18030 decodes most of Big5, too, but its part GB 2312, which most texts keep to, does not.
_EAST_ASIAN = (
    ("shift_jis", "shift_jis", _KANA),
    ("euc_jp", "euc_jp", _KANA),
    ("euc_kr", "euc_kr", _HANGUL),
    ("gb2312", "gb18030", _HAN),
    ("big5", "big5", _HAN),
    ("gb18030", "gb18030", _HAN),
)
_HIGH_RUN = re.compile(b"[\x80-\xff]{3,}")
# How iconv calls what Python calls otherwise.
_ICONV = {"cp1252": "windows-1252", "cp1251": "windows-1251", "shift_jis": "SHIFT_JIS", "euc_kr": "EUC-KR"}


def wide(start: bytes) -> str | None:
    """UTF-16 or UTF-32 by its byte order mark, or by where its zero bytes are; None for other text."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    zeros = [start[offset::4].count(0) * 4 / max(len(start), 1) for offset in range(4)]
    if len(start) < 8 or max(zeros) < 0.6:
        return None
    if zeros[1] > 0.6 and zeros[2] > 0.6:
        return "utf-32-le" if zeros[3] > 0.6 else "utf-32-be"
    return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"


def guess(samples: Sequence[bytes]) -> str:
    """The likeliest encoding of lines that are not UTF-8: words of Latin letters with accents, or another script.

    Windows-1252 stands for Latin-1, too, which it contains.
    """
    text = b"\n".join(samples)
    if not _HIGH_RUN.search(text):
        return "cp1252"
    for codec, name, script in _EAST_ASIAN:
        decoded = _decoded(samples, codec) or ""
        beyond = sum(not character.isascii() for character in decoded)
        if beyond and len(script.findall(decoded)) > (0.2 if script is _KANA else 0.7) * beyond:
            return name
    small = {name: len(_CYRILLIC.findall(_decoded(samples, name) or "")) for name in ("cp1251", "koi8_r")}
    likeliest = max(small, key=small.__getitem__)
    high = sum(byte > 127 for byte in text)
    return likeliest if small[likeliest] > 0.5 * high else "cp1252"


def advice(name: str) -> str:
    """What to do about a file in the encoding `name`."""
    iconv = _ICONV.get(name, name.upper().replace("_", "-"))
    return (
        f"Say encoding: {name} under data in the recipe if that is right, or convert the file: "
        f"iconv -f {iconv} -t UTF-8 FILE."
    )


def shown(text: str) -> str:
    """A text as a message may hold it: bytes that are no UTF-8, and lone surrogates, as escapes."""
    raw = text.encode("utf-8", "surrogateescape" if is_from_bytes(text) else "backslashreplace")
    return raw.decode("utf-8", "backslashreplace")


def is_from_bytes(text: str) -> bool:
    """Whether the lone surrogates of a text stand for bytes that are not UTF-8, as PEP 383 has it."""
    return all(
        not "\ud800" <= character <= "\udfff" or "\udc80" <= character <= "\udcff" for character in text
    )


def _decoded(samples: Sequence[bytes], name: str) -> str | None:
    try:
        return "\n".join(sample.decode(name) for sample in samples)
    except UnicodeDecodeError:
        return None
