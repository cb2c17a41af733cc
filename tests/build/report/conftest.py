"""A finished run and its documents, to be changed, and the report of them."""

from typing import Any

import pytest

from model_build.report import Report, Run, Step

ACCOUNT = "arn:aws:sagemaker:eu-west-1:123456789012"

RUN = Run(
    recipe="reviews",
    pipeline="shop-reviews",
    execution_arn=f"{ACCOUNT}:pipeline/shop-reviews/execution/e1",
    status="Succeeded",
    steps=(Step("Prepare", "Succeeded", 4.2, cache_hit=True), Step("Register", "Succeeded", 65.0)),
    commit="0a1b2c3",
    commit_message="Try bigrams",
    data_source="reviews.csv",
    data_uri="s3://bucket/data/ab/reviews.csv",
    data_sha256="ab" * 32,
    model_package_arn=f"{ACCOUNT}:model-package/shop/7",
)

PREPARATION = {
    "rows": 1010,
    "used": 1000,
    "dropped": {
        "empty_text": {"count": 10, "first_rows": [3, 14]},
        "encoding": {"count": 0, "first_rows": []},
    },
    "splits": {
        "train": {"rows": 800, "labels": {"bad": 200, "good": 600}},
        "test": {"rows": 200, "labels": {"bad": 50, "good": 150}},
    },
    "rebalanced": None,
    "seconds": 0.1,
    "workers": 2,
}


@pytest.fixture
def finished() -> Run:
    return RUN


@pytest.fixture
def preparation() -> dict[str, Any]:
    return PREPARATION


@pytest.fixture
def evaluation():
    """Makes an evaluation: `evaluation(champion=0.6, passed=False)`."""
    return _evaluation


@pytest.fixture
def report():
    """Builds a report: `report(run, evaluation, preparation)`, by default of the finished run."""
    return _report


def _model(macro_f1, labels=("bad", "good")):
    rest = {"accuracy": 0.8, "micro_f1": 0.8, "log_loss": 1 - macro_f1, "expected_calibration_error": 0.02}
    return {
        "metrics": {**rest, "macro_f1": macro_f1},
        "per_class": {
            label: {"precision": 0.5, "recall": 0.25, "f1": macro_f1, "support": 100 - index}
            for index, label in enumerate(labels)
        },
        "confusion_matrix": [[30 if i == j else 20 for j in range(len(labels))] for i in range(len(labels))],
        "calibration": [
            {"confidence": 0.6, "accuracy": 0.5, "count": 40},
            {"confidence": 0.9, "accuracy": 0.9, "count": 160},
        ],
    }


def _evaluation(*, candidate=0.7, champion=None, interval=(-0.01, 0.05), labels=("bad", "good"), **gate):
    compared = champion is not None
    return {
        "version": 1,
        "recipe": "reviews",
        "labels": list(labels),
        "multi_label": False,
        "holdout": {
            "rows": 200,
            "labels": {label: 150 if index else 50 for index, label in enumerate(labels)},
        },
        "candidate": _model(candidate, labels),
        "champion": (
            {"arn": f"{ACCOUNT}:model-package/shop/6", **_model(champion, labels)} if compared else None
        ),
        "comparison": (
            {
                "metric": "macro_f1",
                "difference": candidate - champion,
                "interval": list(interval),
                "confidence": 0.95,
                "samples": 1000,
            }
            if compared
            else None
        ),
        "gate": {
            "passed": True,
            "reason": "macro_f1 0.700 is good enough.",
            "forced": False,
            "metric": "macro_f1",
            "candidate": candidate,
            "champion": champion,
            "minimum": 0.6,
            "max_regression": 0.0,
        }
        | gate,
    }


def _report(run=RUN, document=None, preparation=PREPARATION):
    return Report.build(run, _evaluation() if document is None else document, preparation)
