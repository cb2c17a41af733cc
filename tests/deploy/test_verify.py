"""What counts as a right answer, and what as none."""

import json
from pathlib import Path

import pytest

from model_deploy.core import checks
from model_deploy.core.checks import Case, Checks
from model_deploy.core.model_package import contract
from model_deploy.errors import UsageError
from model_deploy.verify import inference, judge
from model_deploy.verify.inference import NoAnswerError, Prediction

RULES = {"text_rules.py": b"def tokenise(text, rules): return text.lower()"}


def contract_of(labels, threshold=None):
    stated = {
        "version": 1,
        "recipe": "reviews",
        "labels": labels,
        "multi_label": threshold is not None,
        "threshold": threshold,
        "text_rules": {},
    }
    files = {"contract.json": json.dumps(stated).encode(), **RULES}
    return contract.open_files(files, contract.folder_sha256(files), "the contract")


SINGLE = contract_of(["bad", "good"])
MULTI = contract_of(["insult", "threat"], threshold=0.5)
PRAISE = Case(name="praise", text="Lovely", labels=("good",), min_confidence=0.8)
CHECKS = Checks(recipe="reviews", latency_ms=100, cases=(PRAISE, Case(name="anything", text="xyz")))


def good(score=0.9):
    return Prediction(("good",), {"good": score, "bad": 1 - score})


def test_the_expected_label_with_enough_confidence_passes():
    assert judge.judge(PRAISE, good(), SINGLE) is None


@pytest.mark.parametrize(
    ("prediction", "reason"),
    [
        (Prediction(("bad",), {"bad": 0.9}), "answered bad; expected good"),
        (good(0.7), "answered good with a confidence of 0.700; expected 0.8 or more"),
        (Prediction(("wonderful",), {"wonderful": 0.9}), "answered wonderful; the labels are bad, good"),
        (Prediction((), {}), "answered no label"),
        (Prediction(("good",), {"good": 1.5}), "answered a confidence of 1.5, which is not a probability"),
        (
            Prediction(("good",), {"good": float("nan")}),
            "answered a confidence of nan, which is not a probability",
        ),
    ],
)
def test_a_wrong_answer_is_told_with_what_was_expected(prediction, reason):
    assert judge.judge(PRAISE, prediction, SINGLE) == reason


def test_one_of_several_labels_may_be_right():
    case = Case(name="mixed", text="so so", labels=("good", "bad"))
    assert judge.judge(case, Prediction(("bad",), {"bad": 0.6}), SINGLE) is None


def test_the_hair_above_one_that_fasttext_adds_is_no_failure():
    assert judge.judge(PRAISE, Prediction(("good",), {"good": 1.00001}), SINGLE) is None


def test_of_several_labels_all_that_are_expected_must_be_given():
    case = Case(name="menace", text="...", labels=("insult", "threat"))
    both = Prediction(("threat", "insult"), {"threat": 0.9, "insult": 0.6})
    assert judge.judge(case, both, MULTI) is None
    only = Prediction(("insult",), {"threat": 0.1, "insult": 0.6})
    assert judge.judge(case, only, MULTI) == "answered insult; expected threat too"
    assert judge.judge(Case(name="rude", text="...", labels=("insult",)), both, MULTI) is None
    none = Case(name="calm", text="hello")
    assert judge.judge(none, Prediction((), {"threat": 0.1, "insult": 0.1}), MULTI) is None


def test_labels_that_must_never_be_given_are_named():
    calm = Case(name="calm", text="hello", never=("insult", "threat"))
    rude = Prediction(("insult",), {"insult": 0.6})
    assert judge.judge(calm, rude, MULTI) == "answered insult; expected anything but insult"
    assert judge.judge(calm, Prediction((), {"insult": 0.1}), MULTI) is None
    sad = Case(name="neither", text="...", never=("good",))
    assert judge.judge(sad, good(), SINGLE) == "answered good; expected anything but good"


def test_all_cases_go_in_one_request_and_each_has_a_finding():
    asked = []

    def ask(texts):
        asked.append(list(texts))
        return [good(), Prediction(("bad",), {"bad": 0.5})]

    found = judge.examine("endpoint", ask, CHECKS, SINGLE)
    assert asked == [["Lovely", "xyz"]]
    assert [finding.case for finding in found.findings] == ["praise", "anything", "latency"]
    assert found.passed


@pytest.mark.parametrize("contract", [SINGLE, MULTI], ids=["one label", "several"])
def test_a_text_that_the_model_cannot_read_has_no_label_and_spoils_no_other_case(contract):
    asked = []

    def ask(body):
        asked.append(json.loads(body)["instances"])
        known = {"label": [f"__label__{contract.labels[1]}"], "prob": [0.9]}
        return json.dumps([known, {"label": [], "prob": []}]).encode()

    texts = ["Lovely", "", "unheard of"]
    found = inference.by_contract(contract, texts, ask)
    assert asked == [["lovely", "unheard of"]]
    assert [prediction.labels for prediction in found] == [(contract.labels[1],), (), ()]
    assert inference.by_contract(contract, [""], ask) == [Prediction((), {})]
    assert len(asked) == 1
    if contract is SINGLE:
        cases = (PRAISE, Case(name="empty", text=""), Case(name="strange", text="unheard of"))
        verdicts = [judge.judge(case, each, SINGLE) for case, each in zip(cases, found, strict=True)]
        assert verdicts == [None, "answered no label", "answered no label"]


def test_a_slow_first_answer_is_forgiven_and_three_slow_ones_are_not():
    def examine(*durations):
        times = iter(moment for duration in durations for moment in (0.0, duration))
        return judge.examine("endpoint", lambda texts: [good(), good()], CHECKS, SINGLE, lambda: next(times))

    assert examine(2.0, 0.05).passed
    slow = examine(2.0, 0.3, 0.2)
    assert [str(failure) for failure in slow.failures] == [
        "endpoint, latency: 200 ms; at most 100 ms are allowed"
    ]
    assert dict(slow.milliseconds)["endpoint"] == pytest.approx(200)


def test_a_model_that_does_not_answer_fails_every_case_with_its_reason():
    def ask(texts):
        raise NoAnswerError("the model is on strike")

    found = judge.examine("api", ask, CHECKS, SINGLE)
    assert [str(failure) for failure in found.failures] == [
        "api, praise: no answer: the model is on strike",
        "api, anything: no answer: the model is on strike",
    ]


def test_another_package_than_the_requested_one_is_named():
    [failure] = judge.live_package("arn:7", "arn:6", "shop-staging").failures
    assert failure.failure == "the endpoint shop-staging serves arn:6, not arn:7"
    assert judge.live_package("arn:7", "arn:7", "shop-staging").passed


@pytest.mark.parametrize(("status", "passed"), [(401, True), (403, True), (200, False), (500, False)])
def test_an_api_that_wants_a_token_must_refuse_strangers(status, passed):
    assert judge.closed("api", lambda: status).passed is passed


# The files of checks/


def write(root: Path, **files):
    (root / "checks").mkdir()
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (root / "checks" / f"{name}.json").write_text(text)
    return root


VALID = {
    "recipe": "reviews",
    "latency_ms": 100,
    "cases": [{"name": "praise", "text": "Lovely", "labels": ["good"]}],
}


def test_checks_are_found_by_recipe(tmp_path):
    loaded = checks.load(write(tmp_path, one=VALID))
    assert loaded["reviews"].labels == {"good"}
    assert loaded["reviews"].unknown_to(MULTI) == ("good",)
    assert checks.load(tmp_path / "nowhere") == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "cannot be read"),
        (VALID | {"cases": []}, "cases"),
        (VALID | {"recipes": "x"}, "recipes"),
        ({"recipe": "reviews", "cases": VALID["cases"]}, "latency_ms"),
        (VALID | {"cases": [{"name": "praise"}]}, r"cases\[0\]\.text: missing"),
    ],
)
def test_checks_that_cannot_be_used_are_named_with_what_is_wrong(tmp_path, content, words):
    with pytest.raises(UsageError, match=words) as caught:
        checks.load(write(tmp_path, broken=content))
    assert "checks/broken.json" in caught.value.message
    assert caught.value.exit_code == 2


def test_two_files_for_one_recipe_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"two\.json: there are other checks for the recipe reviews already"):
        checks.load(write(tmp_path, one=VALID, two=VALID))


def test_the_checks_that_come_with_the_repository_can_be_used(repository):
    loaded = checks.load(repository)
    assert set(loaded) == {
        "amazon-sentences",
        "amazon-sentiment",
        "amazon-sentiment-tfidf",
        "clothing-reviews",
        "clothing-reviews-published",
        "bert-sentiment",
        "cooking",
        "helpful-reviews",
        "helpful-reviews-tfidf",
        "toxic-comments",
        "toxic-comments-blazingtext",
        "toxic-comments-fasttext",
    }
    assert loaded["clothing-reviews"].labels <= {"negative", "neutral", "positive"}


# The contract


def test_the_hash_of_a_contract_is_over_its_names_and_contents():
    files = {"b": b"2", "a": b"1"}
    assert contract.folder_sha256(files) == contract.folder_sha256({"a": b"1", "b": b"2"})
    assert contract.folder_sha256(files) != contract.folder_sha256({"a": b"2", "b": b"1"})


def test_tokens_never_hold_a_newline():
    assert SINGLE.tokens(["Two\nLines "]) == ["two lines"]
