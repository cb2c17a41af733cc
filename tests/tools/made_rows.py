"""Rows in the format of each recipe's data, of few words: those of deploy/checks, so that the cases there are answered right."""

import json
import random
from pathlib import Path

from people import sentences

LABELS = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
COMMENTS = {
    "clean": "thank you please add a reference to the article section history town moved page edits",
    "insult": "you are a stupid idiot moron",
    "threat": "i will come and hurt",
}
QUESTIONS = {
    "bread": "how long should i knead bread dough",
    "eggs": "boil an egg soft",
    "rice": "sticky rice in a pot",
}
CLOTHES = {
    "5": "love this dress fits perfectly soft compliments gorgeous comfortable perfect great fit",
    "3": "ordinary okay average so so middling plain",
    "1": "terrible quality cheap scratchy fell apart disappointed returned poor unflattering shapeless awful",
}
REVIEWS = {
    "1": "excellent book loved highly recommend happy best purchase dog loves toy :) =) :-) (:",
    "0": "terrible broke two days complete waste money returned never again :( ):",
}
VOTES = {
    (5, 5): "strings gauge stay in tune about four weeks daily playing the are and of for",
    (0, 5): "nice ok thing whatever bought fine gift guess dunno meh",
}


def write(recipe: str, path: Path) -> Path:
    """Write the rows of a recipe's data to a file, and return it."""
    draw = random.Random(1)
    kind = next(kind for kind in _WRITERS if recipe.startswith(kind))
    path.write_text(_WRITERS[kind](draw), newline="")
    return path


def _sentences(draw: random.Random) -> str:
    return sentences()


def _comments(draw: random.Random) -> str:
    """Like the Jigsaw competition's."""
    written = ",".join(["comment_text", *LABELS]) + "\n"
    for _ in range(1500):
        kind = draw.choice(["clean", "clean", "clean", "insult", "threat"])
        given = {"insult": {"toxic", "insult"}, "threat": {"toxic", "threat"}}.get(kind, set())
        cells = [_text(draw, COMMENTS[kind]), *(str(int(label in given)) for label in LABELS)]
        written += ",".join(cells) + "\n"
    return written


def _questions(draw: random.Random) -> str:
    """Like the cooking forum's, in fastText's format."""
    kinds = draw.choices(list(QUESTIONS), k=600)
    return "".join(f"__label__{kind} {_text(draw, QUESTIONS[kind], 6)}\n" for kind in kinds)


def _clothes(draw: random.Random) -> str:
    ratings = draw.choices(list(CLOTHES), k=1500)
    rows = "".join(f"A title,{_text(draw, CLOTHES[rating])},{rating}\n" for rating in ratings)
    return "Title,Review Text,Rating\n" + rows


def _reviews(draw: random.Random) -> str:
    """Like those of fourteen kinds of products: a label, a tab, a text."""
    return "".join(
        f"{label}\t{_text(draw, REVIEWS[label])}\n" for label in draw.choices(list(REVIEWS), k=1500)
    )


def _votes(draw: random.Random) -> str:
    """JSON lines with how many of all votes say that a review helped."""
    votes = draw.choices(list(VOTES), k=1500)
    return "".join(
        json.dumps({"reviewText": _text(draw, VOTES[vote]), "helpful": vote}) + "\n" for vote in votes
    )


def _text(draw: random.Random, words: str, length: int = 8) -> str:
    return " ".join(draw.choices(words.split(), k=length))


_WRITERS = {
    "amazon-sentences": _sentences,
    "amazon-sentiment": _reviews,
    "bert-sentiment": _sentences,
    "clothing-reviews": _clothes,
    "cooking": _questions,
    "helpful-reviews": _votes,
    "toxic-comments": _comments,
}
"""By the beginning of a recipe's name."""
