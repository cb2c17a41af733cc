"""The format of requests and answers that a contract states, and what clients are told of an answer."""

import json

import pytest

from model_common.serving import NOTE, Serving, prediction, thresholds

STATED = {
    "request": {"texts": "data.texts", "count": "data.options.k"},
    "line": {"text": "in.text", "count": "k"},
    "answer": {"labels": "best.names", "scores": "best.values", "prefix": "L:"},
}
OWN = Serving("data.texts", "data.options.k", "in.text", "k", "best.names", "best.values", "L:")


def contract(**changes):
    """A contract of version 2, with some of its keys changed: `answer__labels=...`."""
    stated = {part: dict(keys) for part, keys in STATED.items()}
    for place, value in changes.items():
        part, _, key = place.partition("__")
        stated[part][key] = value
    return {"version": 2, "serving": stated}


# The description


def test_a_contract_of_version_2_states_every_key():
    assert Serving.parse(contract()) == OWN


def test_a_contract_of_version_1_has_the_keys_of_blazingtext():
    assert Serving.parse({"version": 1}) == Serving(
        texts="instances",
        count="configuration.k",
        line_text="source",
        line_count="k",
        labels="label",
        scores="prob",
        prefix="__label__",
    )


@pytest.mark.parametrize("place", ["request__count", "line__count"])
def test_a_model_that_always_answers_with_all_labels_takes_no_count(place):
    parsed = Serving.parse(contract(**{place: None}))
    assert (parsed.count, parsed.line_count).count(None) == 1


PLACES = [f"{part}__{key}" for part, keys in STATED.items() for key in keys]


@pytest.mark.parametrize("value", [7, ["k"], {"k": 1}, True], ids=repr)
@pytest.mark.parametrize("place", PLACES)
def test_a_key_that_is_no_text_is_shown(place, value):
    with pytest.raises(TypeError) as refused:
        Serving.parse(contract(**{place: value}))
    assert str(refused.value) == f"serving has {value!r} where a text was expected"


@pytest.mark.parametrize("place", [place for place in PLACES if not place.endswith("count")])
def test_only_a_count_may_be_null(place):
    with pytest.raises(TypeError, match="serving has None where a text was expected"):
        Serving.parse(contract(**{place: None}))


@pytest.mark.parametrize("place", PLACES)
def test_a_key_that_is_missing_is_named(place):
    part, _, key = place.partition("__")
    stated = contract()
    del stated["serving"][part][key]
    with pytest.raises(KeyError, match=key):
        Serving.parse(stated)


@pytest.mark.parametrize(
    "stated", [{}, {"version": 2}, {"version": 3}], ids=["nothing", "version 2", "version 3"]
)
def test_a_contract_without_its_part_is_none(stated):
    with pytest.raises(KeyError):
        Serving.parse(stated)


# Requests


def test_dots_separate_the_keys_of_nested_objects():
    assert json.loads(OWN.request(("a", "b"), 3)) == {"data": {"texts": ["a", "b"], "options": {"k": 3}}}
    assert json.loads(OWN.line("a", 3)) == {"in": {"text": "a"}, "k": 3}


def test_a_line_ends_with_the_only_newline_in_it():
    line = Serving().line("a\nb\u2028c", 1)
    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")
    assert json.loads(line)["source"] == "a\nb\u2028c"


def test_a_request_is_ascii_whatever_the_texts_are():
    texts = ["Grüße 😀", "\ud83d", ""]
    body = Serving().request(texts, 1)
    assert body.isascii()
    assert json.loads(body)["instances"] == texts


def test_without_texts_a_request_has_an_empty_list():
    assert json.loads(Serving().request([], 1))["instances"] == []


# Answers


def entry(labels, scores):
    return {"label": labels, "prob": scores}


def test_only_the_first_prefix_is_taken_from_a_label():
    found = Serving().scores_of(entry(["__label__a", "b", "__label____label__c"], [0.5, 0.3, "0.2"]))
    assert found == {"a": 0.5, "b": 0.3, "__label__c": 0.2}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"label": ["a"]},
        entry(["a"], []),
        entry([], [0.1]),
        entry(["a"], ["high"]),
        entry(["a"], [None]),
        entry(["a"], 0.5),
        entry(None, None),
        [],
        None,
        "a",
    ],
    ids=repr,
)
def test_an_answer_of_another_shape_raises_what_is_documented(answer):
    for read in (Serving().scores_of, Serving().ranked):
        with pytest.raises((KeyError, TypeError, ValueError)):
            read(answer)


def test_scores_are_ranked_as_shares_of_one():
    found = Serving().ranked(entry(["a", "b", "c", "d", "e"], [0.1, 1.00001, -0.5, 0.1, 0.12345678]))
    assert list(found.items()) == [("b", 1.0), ("e", 0.123457), ("a", 0.1), ("d", 0.1), ("c", 0.0)]


@pytest.mark.parametrize("score", [float("nan"), float("inf"), float("-inf")], ids=str)
def test_a_score_that_is_no_number_is_shown(score):
    with pytest.raises(ValueError, match=f"^a probability of {score}$"):
        Serving().ranked(entry(["a", "b"], [0.5, score]))


def test_a_text_of_unknown_words_has_no_score():
    assert Serving().ranked(entry([], [])) == {}


# What clients are told

LABELS = ["a", "b", "c"]


def test_a_single_label_model_tells_its_best_label():
    told = prediction("text", {"b": 0.7, "a": 0.3}, LABELS, None)
    assert told == {"text": "text", "label": "b", "confidence": 0.7}


@pytest.mark.parametrize(
    ("scores", "chosen"),
    [
        ({"b": 0.6, "a": 0.5}, ["b", "a"]),
        ({"b": 0.6, "a": 0.499999}, ["b"]),
        ({"c": 0.9, "b": 0.4}, ["c"]),
        ({"b": 0.4}, []),
    ],
)
def test_a_multi_label_model_tells_all_labels_that_reach_their_threshold(scores, chosen):
    told = prediction("text", scores, LABELS, {"a": 0.5, "b": 0.5, "c": 0.5})
    assert told["labels"] == chosen
    assert told["label"] == (chosen[0] if chosen else None)
    assert told["confidence"] == (scores[chosen[0]] if chosen else None)
    assert told["scores"] == {**dict.fromkeys(LABELS, 0.0), **scores}
    assert list(told["scores"])[: len(scores)] == list(scores)
    assert "note" not in told


def test_a_label_without_a_threshold_is_never_told():
    assert prediction("text", {"b": 1.0}, LABELS, {"a": 0.5})["labels"] == []


@pytest.mark.parametrize(
    ("stated", "key", "value"),
    [
        ({"a": 0.5, "b": 0.5}, "threshold", 0.5),
        ({"a": 0.5, "b": 0.6}, "thresholds", {"a": 0.5, "b": 0.6}),
        ({"a": 0.5}, "threshold", 0.5),
    ],
)
def test_thresholds_are_told_as_one_where_they_are_equal(stated, key, value):
    told = prediction("text", {"a": 0.9}, list(stated), stated)
    assert told[key] == value
    assert ("threshold" in told) + ("thresholds" in told) == 1


def test_a_text_in_which_nothing_is_read_says_so():
    assert prediction(" ", {}, LABELS, None) == {"text": " ", "label": None, "confidence": None, "note": NOTE}
    told = prediction(" ", {}, LABELS, {"a": 0.0})
    assert (told["labels"], told["scores"], told["note"]) == (["a"], dict.fromkeys(LABELS, 0.0), NOTE)


# Thresholds


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"thresholds": {"a": 0.5}}, KeyError),
        ({"thresholds": {"a": 0.5, "b": "half"}}, ValueError),
        ({"thresholds": {"a": 0.5, "b": None}}, TypeError),
        ({"thresholds": None}, TypeError),
        ({"version": 1, "threshold": None}, TypeError),
        ({"version": 1, "threshold": "half"}, ValueError),
        ({"version": 1}, KeyError),
        ({"labels": None}, TypeError),
    ],
)
def test_thresholds_that_are_none_raise_what_is_documented(changes, error):
    with pytest.raises(error):
        thresholds({"version": 2, "multi_label": True, "labels": ["a", "b"]} | changes)


def test_thresholds_are_those_of_the_labels_in_their_order():
    stated = {
        "version": 2,
        "multi_label": True,
        "labels": ["b", "a"],
        "thresholds": {"a": 1, "b": 0.5, "z": 0.1},
    }
    assert list(thresholds(stated).items()) == [("b", 0.5), ("a", 1.0)]
