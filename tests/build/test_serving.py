"""How a model is asked: the two readers of a contract, the commands' and the steps'."""

import json

import pytest

from model_common.serving import Serving, thresholds
from prediction import serving as steps_serving

LIKE_BLAZINGTEXT = {
    "request": {"texts": "instances", "count": "configuration.k"},
    "line": {"text": "source", "count": "k"},
    "answer": {"labels": "label", "scores": "prob", "prefix": "__label__"},
}
OWN = {
    "request": {"texts": "data.texts", "count": None},
    "line": {"text": "text", "count": None},
    "answer": {"labels": "best.names", "scores": "best.values", "prefix": ""},
}
ANSWERS = {
    "blazingtext": {"label": ["__label__a", "__label__b"], "prob": [0.9, 0.1]},
    "own": {"best": {"names": ["a", "b"], "values": [0.9, 0.1]}},
}


@pytest.fixture(params=[Serving, steps_serving.Serving], ids=["commands", "steps"])
def reader(request):
    return request.param


def test_a_model_of_version_1_is_asked_like_blazingtext(reader):
    assert reader.parse({"version": 1}) == reader.parse({"version": 2, "serving": LIKE_BLAZINGTEXT})
    asked = json.loads(reader.parse({"version": 1}).request(["one", "two"], 3))
    assert asked == {"instances": ["one", "two"], "configuration": {"k": 3}}


def test_a_model_of_version_2_is_asked_by_its_own_keys(reader):
    asked = json.loads(reader.parse({"version": 2, "serving": OWN}).request(["one"], 3))
    assert asked == {"data": {"texts": ["one"]}}


def test_a_line_is_asked_by_its_own_keys():
    assert Serving().line("one", 3) == b'{"source": "one", "k": 3}\n'
    assert Serving.parse({"version": 2, "serving": OWN}).line("one", 3) == b'{"text": "one"}\n'


def test_labels_are_read_without_what_stands_before_them():
    told = {"a": 0.9, "b": 0.1}
    own = {"version": 2, "serving": OWN}
    assert Serving().scores_of(ANSWERS["blazingtext"]) == told
    assert Serving.parse(own).scores_of(ANSWERS["own"]) == told
    assert dict(zip(*steps_serving.Serving().answer(ANSWERS["blazingtext"]), strict=True)) == told
    assert dict(zip(*steps_serving.Serving.parse(own).answer(ANSWERS["own"]), strict=True)) == told


@pytest.mark.parametrize("entry", [{}, [], "text", 1, {"label": ["a"], "prob": []}, {"label": 1, "prob": 1}])
def test_an_answer_of_another_shape_raises_what_the_callers_expect(entry):
    for read in (Serving().scores_of, steps_serving.Serving().answer):
        with pytest.raises((KeyError, TypeError, ValueError)):
            read(entry)


@pytest.mark.parametrize("part", ["request", "line", "answer"])
def test_a_description_that_lacks_a_part_is_none(part):
    with pytest.raises(KeyError):
        Serving.parse({"version": 2, "serving": LIKE_BLAZINGTEXT | {part: {}}})


def test_each_label_has_its_threshold_since_version_2():
    stated = {"labels": ["a", "b"], "multi_label": True}
    assert thresholds(stated | {"version": 1, "threshold": 0.3}) == {"a": 0.3, "b": 0.3}
    assert thresholds(stated | {"version": 2, "thresholds": {"a": 0.3, "b": 0.6}}) == {"a": 0.3, "b": 0.6}
    assert thresholds({"version": 2, "multi_label": False, "labels": ["a"]}) is None
