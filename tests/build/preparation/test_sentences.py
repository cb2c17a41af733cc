"""Where a text is cut into sentences."""

import itertools

import pytest

from preparation.sentences import cut


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []), (" \n\t ", []), ("one", ["one"]), ("One. Two.", ["One.", "Two."]), ("One.Two", ["One.Two"]), ("one. two", ["one. two"]),
        ("One! Two? Three", ["One!", "Two?", "Three"]), ("What?! Yes", ["What?!", "Yes"]), ("No!!! Never", ["No!!!", "Never"]),
        ("Wait... Then", ["Wait... Then"]), ("Wait.. Then", ["Wait.. Then"]), ("Well ... 5 of them", ["Well ... 5 of them"]),
        ("It costs 3.50. Fine", ["It costs 3.50.", "Fine"]), ("Of 2.0 and 3.x. 3 more", ["Of 2.0 and 3.x.", "3 more"]),
        ("See p. 5", ["See p.", "5"]), ("By J. Doe", ["By J. Doe"]), ("So did I. You", ["So did I.", "You"]), ("Plan B. Go", ["Plan B. Go"]),
        ("a b. Go", ["a b.", "Go"]), ("Mr. Doe", ["Mr. Doe"]), ("MRS. Doe", ["MRS. Doe"]), ("Ph.D. Doe", ["Ph.D. Doe"]), ("the U.S.A. Today", ["the U.S.A. Today"]),
        ("at 5 p.m. Sharp", ["at 5 p.m. Sharp"]), ("Smith vs. Doe", ["Smith vs. Doe"]), ("(Dr. Doe) said", ["(Dr. Doe) said"]), ('"Dr. Doe"', ['"Dr. Doe"']),
        ("Xdr. Doe", ["Xdr.", "Doe"]), ("Dr! Doe", ["Dr!", "Doe"]),
        ('He said "no." Then', ['He said "no."', "Then"]), ("(It was.) Then", ["(It was.)", "Then"]), ('One. "Two', ["One.", '"Two']), ("One. (two", ["One. (two"]),
        ("Was it? \u201cYes", ["Was it?", "\u201cYes"]), ("One.\u00a0Two", ["One.", "Two"]), ("One.   Two", ["One.", "Two"]), ("\u00c9t\u00e9. \u00c9t\u00e9", ["\u00c9t\u00e9.", "\u00c9t\u00e9"]),
        ("one\ntwo", ["one", "two"]), ("one\r\n\r\ntwo", ["one", "two"]), ("one\rtwo", ["one", "two"]), ("\none\n", ["one"]), ("e.g.\nthis", ["e.g.", "this"]),
        ("\u4f60\u597d\u3002\u518d\u89c1\uff01", ["\u4f60\u597d\u3002", "\u518d\u89c1\uff01"]), ("\u300c\u306f\u3044\u3002\u300d\u6b21", ["\u300c\u306f\u3044\u3002\u300d", "\u6b21"]),
        ("What\u203c Yes", ["What\u203c", "Yes"]), ("Hm\u2049 Yes", ["Hm\u2049", "Yes"]),
        ("!!!", ["!!!"]), ("Good. ... Bad", ["Good. ... Bad"]), ("Good!\n...\nBad", ["Good!", "Bad"]), ("- - -\n* * *", ["- - -\n* * *"]),
    ],
)  # fmt: skip
def test_a_sentence_ends_where_another_one_begins(text, sentences):
    assert cut(text) == sentences


WORDS = ["It was ok.", "Mr. Doe!", "A.", "and so on", "Wait...", '"No."', "\n", "2.5", "?!", "(Yes.)", "  "]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_nothing_is_lost_and_nothing_comes_twice(size):
    for chosen in itertools.product(WORDS, repeat=size):
        text = " ".join(chosen)
        letters = "".join(filter(str.isalnum, text))
        assert "".join(filter(str.isalnum, "".join(cut(text)))) == letters
        assert all(sentence == sentence.strip() != "" for sentence in cut(text))


def test_an_abbreviation_is_known_wherever_it_stands_in_a_long_text():
    before = "a word of this text, " * 500
    assert cut(f"{before}and Dr. Doe. Then") == [f"{before}and Dr. Doe.", "Then"]
    assert cut(f"{before}{'x' * 50}dr. Doe") == [f"{before}{'x' * 50}dr.", "Doe"]


@pytest.mark.parametrize("piece", ["It was ok. ", "A. ", "!", ".", '."', "? \n", "Dr. X. "])
def test_a_long_text_takes_a_time_that_grows_with_its_length_alone(piece):
    """A megabyte of these took hours: an end looked back at the whole text, and a row of marks was tried from each of them."""
    text = piece * (100_000 // len(piece))
    assert "".join("".join(cut(text)).split()) in "".join(text.split())
