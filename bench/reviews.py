"""A large file of reviews for the benches, with newlines and quotes inside quoted fields.

Made from the Women's Clothing reviews where they are at hand, else from a generated vocabulary.
"""

from __future__ import annotations

import csv
import io
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

SHARED = Path(__file__).parents[2] / "shared" / "data" / "womens_clothing_reviews.csv.zip"
HEADER = ("id", "item", "age", "title", "review", "rating", "department")
COPIES = 4  # in `grow`

Review = tuple[str, str, str]  # title, text, rating


def write(path: Path, rows: int) -> None:
    """Write `rows` reviews of about 450 bytes; each text is put together from two, so that few are equal."""
    reviews = _real() if SHARED.is_file() else _generated()
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADER)
        for number in range(rows):
            lap, index = divmod(number, len(reviews))
            title, text, rating = reviews[index]
            other = reviews[(index * 7919 + lap) % len(reviews)][1]
            body = f"{text[:220]}\n{other[:230]}"
            writer.writerow((number, 700 + number % 500, 18 + number % 70, title, body, rating, "General"))


def grow(path: Path, target: Path) -> None:
    """Write the rows of `path` COPIES times."""
    with path.open("rb") as stream, target.open("wb") as grown:
        grown.write(stream.readline())
        start = stream.tell()
        for _ in range(COPIES):
            stream.seek(start)
            while block := stream.read(1 << 22):
                grown.write(block)


def texts(path: Path, count: int) -> Iterator[str]:
    """Title and text of the first `count` rows."""
    with path.open(encoding="utf-8", newline="") as stream:
        for _, row in zip(range(count), csv.DictReader(stream), strict=False):
            yield f"{row['title']} {row['review']}"


def origin() -> str:
    return "real" if SHARED.is_file() else "generated"


def _real() -> list[Review]:
    with zipfile.ZipFile(SHARED) as archive, archive.open(archive.namelist()[0]) as packed:
        rows = csv.DictReader(io.TextIOWrapper(packed, encoding="utf-8", newline=""))
        return [(row["Title"], row["Review Text"], row["Rating"]) for row in rows if row["Review Text"]]


def _generated() -> list[Review]:
    """20,000 texts whose words are as unevenly frequent as real ones (Zipf's law)."""
    chance = random.Random(0)
    words = ["".join(chance.choices("etaoinshrdlucmfw", k=chance.randint(2, 9))) for _ in range(20_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]

    def sentence() -> str:
        chosen = chance.choices(words, weights, k=chance.randint(5, 15))
        return " ".join([chosen[0].title(), *chosen[1:]]).replace(" et ", ', "et" ') + chance.choice(
            [". ", "! ", ".\n"]
        )

    return [
        (
            " ".join(chance.choices(words, weights, k=3)),
            "".join(sentence() for _ in range(5)),
            str(chance.randint(1, 5)),
        )
        for _ in range(20_000)
    ]
