"""What a trial endpoint is asked, and which answers count as others."""

import io
import json

import numpy as np
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from failure import StepError
from prediction.contract import Contract
from trials import asking, expected
from trials.asking import Served
from trials.expected import Expected

LABELS = ("bad", "good")


def terms(thresholds=None):
    return Contract(LABELS, thresholds is not None, thresholds, {}, lambda text, rules: text.strip("."))


def answer(bad, good):
    return json.dumps([{"label": ["__label__bad", "__label__good"], "prob": [bad, good]}])


class Runtime:
    """Answers one request after the other with a body, or fails with an error; the last one stays."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def invoke_endpoint(self, **request):
        self.asked.append(json.loads(request.pop("Body")))
        assert request == {
            "EndpointName": "trial-x",
            "ContentType": "application/json",
            "Accept": "application/json",
        }
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, Exception):
            raise found
        return {"Body": io.BytesIO(found if isinstance(found, bytes) else found.encode())}


def error(code, message="no"):
    return ClientError({"Error": {"Code": code, "Message": message}}, "InvokeEndpoint")


def ask(runtime, texts=("a",), probabilities=((0.2, 0.8),), tolerance=0.01, own=None):
    wanted = Expected(LABELS, tuple(texts), np.array(probabilities, dtype=float))
    return asking.ask(runtime, "trial-x", own or terms(), wanted, tolerance)


def test_each_text_is_asked_for_all_labels_and_the_first_one_twice():
    runtime = Runtime(answer(0.2, 0.8))
    served = ask(runtime, ["a.", "b"], [[0.2, 0.8]] * 2)
    assert [each["instances"] for each in runtime.asked] == [["a"], ["a"], ["b"]]
    assert {each["configuration"]["k"] for each in runtime.asked} == {2}
    assert (served.texts, served.differences, len(served.milliseconds)) == (2, (), 2)


def test_texts_of_which_nothing_is_left_are_not_asked_for():
    runtime = Runtime(answer(0.2, 0.8))
    assert ask(runtime, ["...", "b", "."], [[0.5, 0.5], [0.2, 0.8], [0.5, 0.5]]).texts == 1
    with pytest.raises(
        StepError, match=r"The text rules leave nothing of any text .* Raise trial\.texts in the recipe\."
    ):
        ask(runtime, ["...", "."], [[0.5, 0.5]] * 2)


@pytest.mark.parametrize(
    ("wanted", "answered", "tolerance", "what"),
    [
        ((0.2, 0.8), (0.2, 0.8), 0.0, None),
        ((0.2, 0.8), (0.21, 0.79), 0.0101, None),
        ((4 / 9, 5 / 9), (0.4, 0.5), 0.001, None),  # they are made to add up to 1
        ((0.49, 0.51), (0.51, 0.49), 0.1, "bad in place of good"),
        ((0.49999, 0.50001), (0.50001, 0.49999), 0.1, None),  # a tie
    ],
)
def test_an_answer_differs_by_its_label(wanted, answered, tolerance, what):
    found = ask(Runtime(answer(*answered)), probabilities=[wanted], tolerance=tolerance).differences
    assert [(each.text, each.what) for each in found] == ([] if what is None else [("a", what)])


@pytest.mark.parametrize(
    ("wanted", "answered", "what"),
    [
        ((0.2, 0.8), (0.2, 0.8), None),
        ((0.29, 0.8), (0.31, 0.8), "bad good in place of good"),
        ((0.31, 0.4), (0.29, 0.4), "no label in place of bad"),
        ((0.1, 0.4), (0.1, 0.51), "good in place of no label"),
        ((0.2, 0.8), (0.2, 0.61), None),
        ((0.2, 0.8), (0.2, 0.59), "good 0.5900 in place of 0.8000"),
        ((0.2, 0.8), (0.45, 0.59), "bad 0.4500 in place of 0.2000"),  # the one that is further off
        ((0.29999, 0.8), (0.30001, 0.8), None),  # as near to the threshold as rounding
    ],
)
def test_where_labels_are_independent_an_answer_differs_by_a_score_or_at_a_threshold(wanted, answered, what):
    own = terms({"bad": 0.3, "good": 0.5})
    found = ask(Runtime(answer(*answered)), probabilities=[wanted], tolerance=0.2, own=own).differences
    assert [each.what for each in found] == ([] if what is None else [what])


def test_evaluate_may_have_the_labels_in_another_order():
    wanted = Expected(("good", "bad"), ("a",), np.array([[0.8, 0.2]]))
    assert asking.ask(Runtime(answer(0.2, 0.8)), "trial-x", terms(), wanted, 0.01).differences == ()


@pytest.mark.parametrize(
    ("answered", "what"),
    [
        ("[]", "It answered '[]', which is not what the contract says (ValueError: "),
        ("{", "It answered '{', which is not what the contract says (JSONDecodeError: "),
        ("[{}]", "It answered '[{}]', which is not what the contract says (KeyError: 'label')."),
        ('[{"label": ["odd"], "prob": [1]}]', "(KeyError: 'odd')."),
        (answer(0.2, 0.8)[:-1] + ", 1]", "(ValueError: too many values to unpack"),
        (b"\xff", "which is not what the contract says ("),
        ("[" + "1" * 300, "It answered '[" + "1" * 199 + "', which"),
        (error("ModelError", "Received server error (500)"), "Received server error (500)"),
        (ReadTimeoutError(endpoint_url="https://x"), 'Read timeout on endpoint URL: "https://x"'),
    ],
    ids=[
        "none",
        "no JSON",
        "no labels",
        "another label",
        "two",
        "no UTF-8",
        "long",
        "model error",
        "timeout",
    ],
)
def test_what_is_no_answer_is_a_difference_of_its_text(answered, what):
    served = ask(Runtime(answer(0.2, 0.8), answer(0.2, 0.8), answered), ["a", "b"], [[0.2, 0.8]] * 2)
    assert [each.text for each in served.differences] == ["b"]
    assert what in served.differences[0].what
    with pytest.raises(StepError, match="The trial endpoint trial-x answered no text"):
        ask(Runtime(answer(0.2, 0.8), answered))


def test_five_texts_without_an_answer_are_enough():
    runtime = Runtime(answer(0.2, 0.8), answer(0.2, 0.8), error("ModelError"))
    served = ask(runtime, "abcdefghij", [[0.2, 0.8]] * 10)
    assert (served.texts, len(served.differences), len(served.milliseconds)) == (6, 5, 1)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationError", "ServiceUnavailable"])
def test_what_aws_refuses_is_no_answer_of_the_model(code):
    with pytest.raises(ClientError, match=code):
        ask(Runtime(answer(0.2, 0.8), error(code)))


def test_an_endpoint_that_is_not_ready_is_asked_again_until_it_is(monkeypatch):
    monkeypatch.setattr(asking, "_PAUSE", 0)
    runtime = Runtime(error("ModelNotReadyException"), error("ModelNotReadyException"), answer(0.2, 0.8))
    assert ask(runtime).differences == ()
    assert len(runtime.asked) == 4
    monkeypatch.setattr(asking, "SECONDS", -1)
    with pytest.raises(ClientError, match="ModelNotReadyException"):
        ask(Runtime(error("ModelNotReadyException")))


def test_an_endpoint_that_takes_too_long_is_told_with_how_far_it_came(monkeypatch):
    monkeypatch.setattr(asking, "SECONDS", -1)
    with pytest.raises(StepError) as caught:
        ask(Runtime(answer(0.2, 0.8)), "abc", [[0.2, 0.8]] * 3)
    assert str(caught.value) == (
        "The trial endpoint trial-x answered 0 of 3 texts in -1 s. Choose a larger machine, or a smaller trial.texts."
    )


@pytest.mark.parametrize(
    ("times", "share", "value"),
    [
        ([5], 0.5, 5), ([5], 0.99, 5), ([1, 2], 0.5, 1), ([1, 2], 0.51, 2), ([3, 1, 2], 0.5, 2), (range(1, 101), 0.99, 99), (range(1, 101), 0.991, 100),
        (range(1, 101), 0.5, 50), (range(1, 11), 0.99, 10), ([1.26, 1.24], 0.99, 1.3), ([7, 8], 0.0, 7), ([7, 8], 1.0, 8),
    ],
)  # fmt: skip
def test_a_percentile_is_the_least_time_in_which_that_share_came(times, share, value):
    assert Served(1, (), tuple(map(float, times)), 0.0).percentile(share) == value


# The answers of Evaluate


@pytest.mark.parametrize(
    ("count", "chosen"), [(1, "a"), (2, "ad"), (3, "ace"), (7, "abcdefg"), (100, "abcdefg")]
)
def test_texts_are_spread_evenly(tmp_path, count, chosen):
    probabilities = np.arange(14).reshape(7, 2) / 13
    expected.write(tmp_path / "new", LABELS, "abcdefg", probabilities, count)
    found = expected.load(tmp_path / "new")
    assert "".join(found.texts) == chosen
    rows = ["abcdefg".index(text) for text in chosen]
    assert found.probabilities == pytest.approx(probabilities[rows], abs=5e-7)
    assert found.labels == LABELS


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not hold the answers of Evaluate (FileNotFoundError: "),
        ("{", "does not hold the answers of Evaluate (JSONDecodeError: "),
        ("{}", "does not hold the answers of Evaluate (KeyError: 'labels')."),
        ('{"labels": ["a"], "texts": ["x"], "probabilities": [["high"]]}', "(ValueError: "),
        ('{"labels": ["a", "b"], "texts": ["x"], "probabilities": [[1]]}', "has 1 texts and 2 labels, but probabilities of the shape (1, 1)."),
        ('{"labels": ["a"], "texts": ["x", "y"], "probabilities": [[1]]}', "has 2 texts and 1 labels, but probabilities of the shape (1, 1)."),
    ],
)  # fmt: skip
def test_answers_that_are_damaged_are_told(tmp_path, content, said):
    if content is not None:
        (tmp_path / "answers.json").write_text(content)
    with pytest.raises(StepError) as caught:
        expected.load(tmp_path)
    assert said in str(caught.value)
    assert "Evaluate writes it for recipes with a trial." in str(caught.value)
