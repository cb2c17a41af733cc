"""How reviews are commonly prepared: pandas or Polars with regular expressions, and a Treebank tokeniser as in NLTK.

Run as a program, on `pandas` or `polars`, a file of reviews and a folder for the output, it is that baseline.
"""

from __future__ import annotations

import html
import re
import sys
import zlib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

LABELS = {1: "negative", 2: "negative", 3: "neutral", 4: "positive", 5: "positive"}
TAG = r"<[A-Za-z/!?][^<>]*>"
KEPT_MARK = r"([.,!?])"
DROPPED_MARK = r"""["#$%&()*+/:;<=>@\[\\\]^_`{|}~-]"""
ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'"}


def pandas_and_regex(source: Path, output: Path) -> None:
    """The same rows, labels and tokens, split by a hash of the line, in the way that most notebooks do it.

    Of text beyond ASCII the tokens differ: `text_rules` brings it to one form first.
    """
    import pandas

    table = pandas.read_csv(source, usecols=["title", "review", "rating"]).dropna(subset=["review"])
    text = table["title"].fillna("") + " " + table["review"]
    text = text.str.replace(TAG, " ", regex=True).map(html.unescape).str.lower().str.replace("'", "")
    text = text.str.replace(DROPPED_MARK, " ", regex=True).str.replace(KEPT_MARK, r" \1 ", regex=True)
    text = text.str.replace(r"\s+", " ", regex=True).str.strip()
    lines = "__label__" + table["rating"].map(LABELS) + " " + text
    share = text.map(lambda line: zlib.crc32(line.encode()) / 2**32)
    output.mkdir(parents=True, exist_ok=True)
    for name, low, high in (("test", 0.0, 0.1), ("validation", 0.1, 0.2), ("train", 0.2, 1.0)):
        with (output / f"{name}.txt").open("w", encoding="utf-8") as stream:
            stream.writelines(line + "\n" for line in lines[(share >= low) & (share < high)])


def polars_and_regex(source: Path, output: Path) -> None:
    """The same as `pandas_and_regex`, in expressions of Polars, which uses every core; of entities, the common ones."""
    import polars

    table = polars.read_csv(source, columns=["title", "review", "rating"]).drop_nulls("review")
    text = polars.concat_str([polars.col("title").fill_null(""), polars.col("review")], separator=" ")
    text = text.str.replace_all(TAG, " ").str.replace_many(ENTITIES)
    text = text.str.to_lowercase().str.replace_all("'", "", literal=True)
    for pattern, replacement in ((DROPPED_MARK, " "), (KEPT_MARK, " $1 "), (r"\s+", " ")):
        text = text.str.replace_all(pattern, replacement)
    label = polars.col("rating").replace_strict(LABELS)
    line = polars.concat_str([polars.lit("__label__"), label, polars.lit(" "), text.str.strip_chars()])
    lines = table.select(line=line)
    tenth = polars.col("line").hash(seed=0) % 10
    output.mkdir(parents=True, exist_ok=True)
    for name, part in (("test", tenth == 0), ("validation", tenth == 1), ("train", tenth > 1)):
        lines.filter(part).write_csv(output / f"{name}.txt", include_header=False, quote_style="never")


def treebank() -> tuple[str, Callable[[str], list[str]]]:
    """A name and a tokeniser: NLTK's own where it is installed, else its rules as regular expressions."""
    try:
        tokeniser = import_module("nltk.tokenize").NLTKWordTokenizer()
    except ImportError:
        return "regular expressions after NLTK's Treebank rules (nltk is not installed)", _treebank
    return "NLTK's Treebank tokeniser", tokeniser.tokenize


_RULES = [
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"([«“‘„]|[`]+)", r" \1 "),
        (r"^\"", r"``"),
        (r"([ (\[{<])(\"|'{2})", r"\1 `` "),
        (r"([^\.])(\.)([\]\)}>\"'»”’ ]*)\s*$", r"\1 \2 \3 "),
        (r"([:,])([^\d])", r" \1 \2"),
        (r"([:,])$", r" \1 "),
        (r"\.{2,}", r" \g<0> "),
        (r"[;@#$%&]", r" \g<0> "),
        (r"[?!]", r" \g<0> "),
        (r"([^'])' ", r"\1 ' "),
        (r"[*]", r" \g<0> "),
        (r"[\]\[\(\)\{\}\<\>]", r" \g<0> "),
        (r"--", r" -- "),
        (r"([»”’])", r" \1 "),
        (r"''", " '' "),
        (r'"', " '' "),
        (r"([^' ])('s|'m|'d|') ", r"\1 \2 "),
        (r"([^' ])('ll|'re|'ve|n't) ", r"\1 \2 "),
        (r"\b(can)(?#X)(not)\b", r" \1 \2 "),
        (r"\b(gim)(?#X)(me)\b", r" \1 \2 "),
        (r"\b(gon)(?#X)(na)\b", r" \1 \2 "),
        (r"\b(wan)(?#X)(na)\s", r" \1 \2 "),
    )
]


def _treebank(text: str) -> list[str]:
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text.split()


if __name__ == "__main__":
    {"pandas": pandas_and_regex, "polars": polars_and_regex}[sys.argv[1]](
        Path(sys.argv[2]), Path(sys.argv[3])
    )
