"""Cuts a text into sentences: at the end of a line, and behind . ! ? where something new begins.

Abbreviations, initials, decimal numbers and ellipses do not end a sentence; no sentence is empty.
"""

from __future__ import annotations

import re

# An end: marks, with closing quotes or brackets behind them, and then space before what may begin a sentence. Chinese and
# Japanese have no space there.
_END = re.compile(
    r"""(?<![.!?\u203c\u2047-\u2049])(?P<marks>[.!?\u203c\u2047-\u2049]+)["'\u201d\u2019)\]]*[^\S\r\n]+(?=["'\u201c\u2018(\[]*[^\W_a-z])"""
    r"|[\u3002\uff01\uff1f]+[\u300d\u300f\u201d]*|[\r\n]+"
)
_ABBREVIATIONS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "jr",
        "sr",
        "col",
        "sgt",
        "capt",
        "lt",
        "messrs",
        "mme",
        "mlle",
        "vs",
        "etc",
        "approx",
        "appt",
        "apt",
        "ave",
        "blvd",
        "bldg",
        "dept",
        "inc",
        "ltd",
        "corp",
        "eds",
        "pp",
        "cf",
        "e.g",
        "i.e",
        "a.m",
        "p.m",
        "u.s",
        "u.k",
        "u.s.a",
        "ph.d",
        "m.d",
        "b.a",
        "m.a",
        "d.c",
        "feb",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
    ]
)
_LAST_WORD = re.compile(r"[^\s\"'(\[]+$")
_LOOK_BACK = 16  # characters, more than an abbreviation has: to look at all of a long text at each of its ends takes hours


def cut(text: str) -> list[str]:
    """The sentences of `text` in order, without the space around them; none when the text holds nothing but space."""
    sentences, begin = [], 0
    for end in _END.finditer(text):
        marks = end["marks"]
        if marks is not None and _goes_on(text, end.start(), marks):
            continue
        sentences.append(text[begin : end.end()].strip())
        begin = end.end()
    sentences.append(text[begin:].strip())
    return [sentence for sentence in sentences if any(map(str.isalnum, sentence))] or [
        sentence for sentence in [text.strip()] if sentence
    ]


def _goes_on(text: str, position: int, marks: str) -> bool:
    """Whether the marks at `position` belong to an ellipsis, an abbreviation or an initial."""
    if set(marks) != {"."}:
        return False
    if len(marks) > 1:
        return True
    word = _LAST_WORD.search(text, max(position - _LOOK_BACK, 0), position)
    if word is None:
        return False
    last = word[0].lower()
    return last in _ABBREVIATIONS or (len(last) == 1 and word[0].isupper() and last != "i")
