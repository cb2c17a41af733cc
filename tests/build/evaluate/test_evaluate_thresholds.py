"""Thresholds that Evaluate chooses on the validation split."""

import json

import pytest

import digests
from failure import StepError

VALIDATION = (
    "__label__positive lovely soft dress\n__label__positive fits\n"
    "__label__negative awful\n__label__positive __label__negative lovely dress apart\n"
)


@pytest.fixture
def choosing(job):
    """A job that chooses the thresholds of its candidate."""
    job.config(multi_label=True, metric="micro_f1", minimum=0.1, threshold="best_f1")
    document = {"version": 2, "recipe": "reviews", "labels": job.LABELS, "multi_label": True}
    serving = {
        "request": {"texts": "instances", "count": "configuration.k"},
        "line": {"text": "source", "count": "k"},
        "answer": {"labels": "label", "scores": "prob", "prefix": "__label__"},
    }
    document |= {
        "thresholds": dict.fromkeys(job.LABELS, 0.5),
        "text_rules": {"lowercase": True},
        "serving": serving,
    }
    job.put("candidate-contract/contract.json", json.dumps(document))
    job.put("validation/part-0.txt", VALIDATION)
    return job


def test_thresholds_are_chosen_on_validation_and_stored_in_the_contract_of_the_candidate(choosing):
    job = choosing
    found = job.evaluated()["candidate"]["contract"]

    folder = job.root / "output/contract"
    written = json.loads((folder / "contract.json").read_text())
    assert found["sha256"] == digests.of_folder(folder)
    assert written["thresholds"] == found["thresholds"] != dict.fromkeys(job.LABELS, 0.5)
    before = json.loads((job.root / "candidate-contract/contract.json").read_text())
    assert {**written, "thresholds": None} == {**before, "thresholds": None}
    assert (folder / "text_rules.py").read_text() == job.TEXT_RULES


def test_the_holdout_does_not_decide_on_thresholds(choosing):
    first = choosing.evaluated()["candidate"]["contract"]["thresholds"]
    choosing.holdout(
        [{"text": "fits", "labels": list(choosing.LABELS)}, {"text": "awful", "labels": ["positive"]}]
    )

    assert choosing.evaluated()["candidate"]["contract"]["thresholds"] == first


def test_without_a_text_in_validation_no_threshold_can_be_chosen(choosing):
    choosing.put("validation/part-0.txt", "")

    with pytest.raises(StepError, match=r"validation is empty: .*larger split\.validation"):
        choosing.evaluated()
