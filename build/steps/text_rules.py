"""How a text becomes the tokens that a model reads: the same file in preparation, in evaluation and in serving.

It travels with every model, beside `contract.json`, and therefore stands alone: standard library, Python 3.9, no
import of a sibling. The rules, all stored in the contract:

    lowercase          capitals become small letters
    strip_html         tags become spaces, entities the characters that they stand for
    punctuation        split: . , ! ? are tokens of their own, the apostrophe disappears (don't is dont), other marks
                       become spaces; symbols beyond ASCII, such as emoji, are tokens of their own
                       remove: as split, but . , ! ? become spaces, too
                       keep: marks stay part of their words
    emoticons          keep: smiling ones, :) (: =) :-) and their like, are the token :) and frowning ones the token :(
                       whatever becomes of other marks; spaced: also with spaces between their marks, : ) and : - ), as
                       tokenised texts have them; null: they are marks like any other
    collapse_digits    every run of digits becomes 0
    max_tokens         what follows is cut off

Whatever the rules, no token holds a control character or a newline, and none is one that fastText reads as a label
(`__label__...`) or as the end of a line (`</s>`).
"""

from __future__ import annotations

import functools
import html
import re
import string
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

_TAG = re.compile(r"<[A-Za-z/!?][^<>]*>")
# Beyond every character, as html.unescape says it of shorter ones; of more digits than int() takes it raises ValueError.
_LONG_REFERENCE = re.compile(r"&#[0-9]{600,};?")
# The marks that say something about a sentence; the others were tried as tokens and made no model better.
_KEPT = [(mark, b" " + mark + b" ") for mark in (b".", b",", b"!", b"?")]
_OTHERS = string.punctuation.translate(str.maketrans("", "", ".,!?'")).encode("ascii")
# Eyes, perhaps a nose, a mouth; or turned round. A colon before a bracket that closes in "(as follows):" is none.
_EMOTICON = re.compile(
    r"(?P<smile>(?<![\w:;=])[:;=][-o^']?[)\]D](?!\w)|(?<=\w)[:;=][-o^']?\)(?!\w)|(?<![\w])[(\[][-o^']?[:;=](?![-\w)(]))"
    r"|(?P<frown>[:=]'?[-o^]?[(\[](?!\w)|(?P<turned>[)\]][-o^]?'?[:=](?![-\w)(])))"
)
# A bracket that nothing closes, or that closes nothing, is a mouth.
_SPACED = re.compile(r"(?<!\S)(?P<eyes>[:;=])(?: -)? (?P<mouth>[)(])(?!\S)")
_OPENING = {")": re.compile(r"\((?![-o^']?[:;=])"), "]": re.compile(r"\[(?![-o^']?[:;=])")}
_LOOK_BACK = 300
_SMILE, _FROWN = "\ue0f0", "\ue0f1"  # for private use: no text means anything by them
_SMILE_BYTES, _FROWN_BYTES = _SMILE.encode("utf-8"), _FROWN.encode("utf-8")
# NFKC sorts the marks on a character in quadratic time. UAX #15 lets a text have 30 of them: no language has more.
_MARKS = 30
_MANY_MARKS = re.compile(rf"[^\w\s!-~]{{{_MARKS + 1},}}")
_VARIATION_SELECTORS = "".join(map(chr, range(0xFE00, 0xFE10)))
# What keyboards and word processors write in place of ASCII; NFKC leaves these alone.
_TYPOGRAPHY = {ord(mark): "'" for mark in "\u2018\u2019\u201a\u201b\u02bc\u2032\u00b4"}
_TYPOGRAPHY.update({ord(mark): '"' for mark in "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"})
_TYPOGRAPHY.update({0x3001: ",", 0x3002: ".", 0x060C: ",", 0x061F: "?"})  # Chinese and Arabic
_TYPOGRAPHY.update({ord(mark): "-" for mark in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"})


def tokenise(text: str, rules: Mapping[str, Any]) -> str:
    """The tokens of `text` under `rules`, separated by single spaces; empty when nothing is left.

    Raises KeyError when a rule is missing.
    """
    return b" ".join(tokeniser(rules)(text).split()).decode("utf-8")


def tokeniser(rules: Mapping[str, Any]) -> Callable[[str], bytes]:
    """`tokenise` for files and many texts: the same tokens in UTF-8, with one or more spaces between and around them.

    Taking surplus spaces out costs as much as all the rest. fastText skips them, and so does BlazingText, whose
    documentation shows two spaces behind the label.
    """
    return _tokeniser(
        bool(rules["lowercase"]),
        bool(rules["strip_html"]),
        str(rules["punctuation"]),
        rules["emoticons"],
        bool(rules["collapse_digits"]),
        int(rules["max_tokens"]),
    )


@functools.lru_cache(maxsize=16)
def _tokeniser(
    lowercase: bool, strip_html: bool, punctuation: str, emoticons: str | None, collapse: bool, limit: int
) -> Callable[[str], bytes]:
    split, kept = punctuation != "keep", _KEPT if punctuation == "split" else []
    plain = _plain_form(lowercase, split, collapse)
    table = _byte_table(lowercase, punctuation, collapse)
    dropped = b"'" if split else b""
    shortest_cut = 2 * limit  # a longer line may hold more tokens than `limit`, a shorter one cannot

    def tokens(text: str) -> bytes:
        if strip_html and ("<" in text or "&" in text):
            text = html.unescape(_LONG_REFERENCE.sub("\ufffd", _TAG.sub(" ", text)))
        if emoticons and (":" in text or "=" in text or ";" in text or not text.isascii()):
            text = _with_emoticons(text, emoticons == "spaced")
        # From here on bytes, where most texts need no more than a table and a few replacements: this is the hot loop.
        raw = (text if text.isascii() else plain(text)).encode("utf-8").translate(table, dropped)
        if split:
            for mark, spaced in kept:
                raw = raw.replace(mark, spaced)
        else:
            raw = raw.replace(b"__label__", b" label ").replace(b"</s>", b" ")
        if collapse:
            while b"00" in raw:
                raw = raw.replace(b"00", b"0")
        if emoticons:
            raw = raw.replace(_SMILE_BYTES, b" :) ").replace(_FROWN_BYTES, b" :( ")
        return raw if len(raw) <= shortest_cut else b" ".join(raw.split()[:limit])

    return tokens


def _with_emoticons(text: str, spaced: bool) -> str:
    """The text with a character of its own for every emoticon, which no rule about marks touches."""

    def found(match: re.Match[str]) -> str:
        if match["smile"]:
            return f" {_SMILE} "
        if match["turned"] and _closes_a_bracket(match.string, match.start()):
            return match[0]
        return f" {_FROWN} "

    text = text.replace(_SMILE, " ").replace(_FROWN, " ")
    return _EMOTICON.sub(found, _SPACED.sub(_spaced, text) if spaced else text)


def _spaced(match: re.Match[str]) -> str:
    text = match.string
    if match["mouth"] == ")":
        return match[0] if _closes_a_bracket(text, match.start("mouth")) else _SMILE
    closed = ")" in text[match.end() : match.end() + _LOOK_BACK]
    return match[0] if closed or match["eyes"] == ";" else _FROWN


def _closes_a_bracket(text: str, place: int) -> bool:
    """Whether one is open that the mark at `place` closes."""
    before = text[max(place - _LOOK_BACK, 0) : place]
    return len(_OPENING[text[place]].findall(before)) > before.count(text[place])


def _byte_table(lowercase: bool, punctuation: str, collapse: bool) -> bytes:
    """A table for bytes.translate; what is beyond ASCII stays, so that it holds for UTF-8."""
    table = bytearray(32 if code < 32 or code == 127 else code for code in range(256))
    if lowercase:
        table[65:91] = string.ascii_lowercase.encode("ascii")
    if punctuation != "keep":
        for mark in _OTHERS if punctuation == "split" else _OTHERS + b".,!?":
            table[mark] = 32
    if collapse:
        table[48:58] = b"0" * 10
    return bytes(table)


def _plain_form(lowercase: bool, split: bool, collapse: bool) -> Callable[[str], str]:
    """What brings text beyond ASCII to one form: typographic variants, invisible characters, symbols, digits."""
    table = _UnicodeTable(split, collapse)

    def plain(text: str) -> str:
        text = unicodedata.normalize("NFKC", _MANY_MARKS.sub(_fewer_marks, text.translate(_TYPOGRAPHY)))
        return (text.lower() if lowercase else text).translate(table)

    return plain


def _fewer_marks(match: re.Match[str]) -> str:
    kept, run = [], 0
    for character in match[0]:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= _MARKS:
            kept.append(character)
    return "".join(kept)


class _UnicodeTable(dict[int, str]):
    """A table for str.translate that is filled as characters are met.

    Characters that Python's Unicode data does not know yet count as symbols, as new emoji are: Python versions agree on
    them.
    """

    def __init__(self, split: bool, collapse: bool) -> None:
        super().__init__()
        self._split, self._collapse = split, collapse

    def __missing__(self, code: int) -> str:
        self[code] = meant = self._meaning(chr(code))
        return meant

    def _meaning(self, character: str) -> str:
        category = unicodedata.category(character)
        if character.isascii():
            return character
        if category == "Cf" or character in _VARIATION_SELECTORS:
            return ""
        if category[0] == "Z" or category in ("Cc", "Cs") or (self._split and category[0] == "P"):
            return " "
        if self._collapse and category == "Nd":
            return "0"
        if self._split and (category[0] == "S" or category in ("Cn", "Co")):
            return f" {character} "
        return character
