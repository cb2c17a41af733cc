"""Words that stand for a missing value."""

import pytest

from reading.missing import Missing

WORDS = ("NaN", "null", "N/A")


@pytest.mark.parametrize("cell", ["nan", "NaN", "NULL", "n/a", " nan", "nan ", " nan ", "\tN/A\n"])
def test_a_cell_that_is_nothing_but_the_word_is_empty(cell):
    assert Missing(WORDS).clean(cell) == ""
    assert Missing(WORDS).is_empty(cell)


@pytest.mark.parametrize("cell", ["nano", "null and void", "n / a", "na n", "None", "a nan", "nan."])
def test_a_cell_with_more_than_the_word_stays_as_it_is(cell):
    assert Missing(WORDS).clean(cell) == cell
    assert not Missing(WORDS).is_empty(cell)


@pytest.mark.parametrize("cell", ["", " ", "\t", "\u00a0", "  " * 50])
def test_space_alone_is_empty_and_cleaned_as_it_is(cell):
    assert Missing(WORDS).is_empty(cell)
    assert Missing(WORDS).clean(cell) == cell


def test_without_words_only_space_is_empty():
    nothing = Missing(())
    assert nothing.is_empty("") and nothing.is_empty("  ")
    assert not nothing.is_empty("nan") and not nothing.is_empty("x")
    assert nothing.clean("nan") == "nan"


def test_a_word_with_space_inside_is_one_word():
    assert Missing(["#N/A N/A"]).clean("#n/a n/a") == ""
    assert Missing(["#N/A N/A"]).clean("#n/a") == "#n/a"
