"""The values of a model package's metadata: what SageMaker takes, and what text becomes."""

import unicodedata

import botocore.session
import pytest

from model_build.core import metadata
from model_build.core.provenance import UNKNOWN, Provenance

LONGEST = 256


def is_allowed(character):
    """The pattern of CustomerMetadataValue: [\\p{L}\\p{Z}\\p{N}_.:\\/=+\\-@]."""
    return unicodedata.category(character)[0] in "LZN" or character in "_.:/=+-@"


def test_the_rules_are_those_of_the_service():
    model = botocore.session.get_session().get_service_model("sagemaker")
    shape = model.shape_for("CustomerMetadataValue").metadata
    assert shape == {
        "min": 1,
        "max": LONGEST,
        "pattern": r"([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)${1,256}",
    }
    assert metadata.LONGEST == LONGEST


def test_every_character_that_is_kept_is_one_that_the_service_takes():
    every = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    refused = set(metadata.unfit(every))
    assert [hex(ord(each)) for each in every if each not in refused and not is_allowed(each)] == []


@pytest.mark.parametrize(
    "text", ["", "Grüße 12", "日本語", "a_b.c:d/e=f+g-h@i", "one\N{NO-BREAK SPACE}two", "½ Ⅷ ٣"]
)
def test_text_of_letters_digits_spaces_and_some_marks_is_kept(text):
    assert (metadata.fitted(text), metadata.unfit(text)) == (text, "")


@pytest.mark.parametrize(
    ("text", "fitted", "unfit"),
    [
        ("agreed, see #12", "agreed_ see _12", ",#"),
        ("a\nb\tc", "a_b_c", "\n\t"),
        ("who? who? who!", "who_ who_ who_", "?!"),
        ("dependabot[bot]", "dependabot_bot_", "[]"),
        ("\N{GRINNING FACE}", "_", "\N{GRINNING FACE}"),
        ("e\N{COMBINING ACUTE ACCENT}", "e_", "\N{COMBINING ACUTE ACCENT}"),
    ],
)
def test_other_characters_become_a_mark_and_are_named_once_each(text, fitted, unfit):
    assert (metadata.fitted(text), metadata.unfit(text)) == (fitted, unfit)


@pytest.mark.parametrize("length", [255, 256, 257, 1000])
def test_the_end_of_a_long_text_is_cut_off(length):
    assert metadata.fitted("é" * length) == "é" * min(length, LONGEST)


@pytest.mark.parametrize(
    ("provenance", "number", "author"),
    [
        (UNKNOWN, "none", "none"),
        (Provenance(7, "octocat"), "7", "octocat"),
        (Provenance(author="dependabot[bot]"), "none", "dependabot_bot_"),
        (Provenance(12), "12", "none"),
        (Provenance(1, "x" * 300), "1", "x" * 256),
    ],
)
def test_the_provenance_of_a_commit_is_two_values_that_are_never_empty(provenance, number, author):
    assert provenance.parameters() == {"PullRequest": number, "Author": author}
