"""What `model-build plan` says: the hashes, the gate and the champion, the changes, and what the cache would answer."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from model_build.aws.data import Data
from model_build.commands import plan
from model_build.commands.models import Version
from model_build.commands.plan import Plan
from model_build.core.diff import Change, Kind
from model_build.recipe import Recipe

DOCUMENT = {
    "name": "garments",
    "data": {"format": "csv", "text": "Text", "label": "Rating"},
    "labels": {"names": ["bad", "good"]},
    "gate": {"minimum": 0.65, "max_regression": 0.02},
    "caching": {"expire_after": "P7D"},
}
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models/6"
DATA = Data("reviews.csv", "s3://b/data/x/data", "d" * 64)


def version(**changes):
    fields = {
        "arn": ARN,
        "number": 6,
        "registered": datetime(2026, 11, 30, tzinfo=UTC),
        "recipe": "garments",
        "problem": "garments",
        "metric": "macro_f1",
        "figure": 0.71239,
        "forced": "",
        "approval": "Approved",
        "why": "",
        "live_in": "",
        "data_sha256": "d" * 64,
    }
    return Version(**(fields | changes))


def made(
    pull_request=None, champion=None, data=None, exists=True, changes=(), reusable=None, document=DOCUMENT
):
    folder = {
        name: SimpleNamespace(sha256=name[0] * 64, prefix=f"{name}/")
        for name in ("prepare", "evaluate", "contract")
    }
    workspace = SimpleNamespace(
        permanent_pipeline="shop-garments",
        recipe=Recipe.parse(document, Path("garments.yaml")),
        settings=SimpleNamespace(pull_request=pull_request, s3=lambda key: f"s3://b/{key}"),
    )
    blueprint = SimpleNamespace(code=SimpleNamespace(**folder))
    return Plan(workspace, blueprint, "c0ffee", champion, data, exists, tuple(changes), reusable)


def test_a_plan_begins_with_what_a_run_is_made_of():
    found = made(data=DATA)
    assert plan.lines(found)[:7] == [
        "pipeline   shop-garments",
        f"recipe     garments  {found.workspace.recipe.sha256[:12]}",
        "commit     c0ffee",
        "data       s3://b/data/x/data  dddddddddddd",
        "code       prepare pppppppppppp",
        "           evaluate eeeeeeeeeeee",
        "contract   cccccccccccc",
    ]
    assert plan.lines(made())[3] == "data       not given (--data, TRAINING_DATA)"


@pytest.mark.parametrize(
    ("champion", "data", "said"),
    [
        (None, DATA, ["champion   none: the minimum alone decides"]),
        (
            version(),
            DATA,
            [f"champion   version 6, macro_f1 0.7124  {ARN}", "           measured on the same data"],
        ),
        (
            version(data_sha256="e" * 64),
            DATA,
            [
                f"champion   version 6, macro_f1 0.7124  {ARN}",
                "           measured on other data: a run measures it again, on the same holdout as the candidate",
            ],
        ),
        (
            version(data_sha256=""),
            DATA,
            [
                f"champion   version 6, macro_f1 0.7124  {ARN}",
                "           a run measures it again, on the same holdout as the candidate",
            ],
        ),
        (
            version(figure=None),
            None,
            [
                f"champion   version 6  {ARN}",
                "           a run measures it again, on the same holdout as the candidate",
            ],
        ),
        (
            version(figure=0.0, data_sha256="etag:a_b"),
            Data("x", "s3://b/x", "etag:a,b"),
            [f"champion   version 6, macro_f1 0.0000  {ARN}", "           measured on the same data"],
        ),
    ],
    ids=[
        "none",
        "same data",
        "other data",
        "unknown data",
        "no figure, no data",
        "as the registry keeps a hash",
    ],
)
def test_the_gate_says_what_a_candidate_has_to_reach_and_whom_it_is_compared_with(champion, data, said):
    lines = plan.lines(made(champion=champion, data=data))
    rule = "gate       macro_f1 at least 0.65"
    assert lines[7] == (rule if champion is None else f"{rule}, at most 0.02 below the champion")
    assert lines[8 : 8 + len(said)] == said
    assert lines[8 + len(said)] == ""


CHANGES = (Change(Kind.ADDED, "step Trial"), Change(Kind.CHANGED, "step Train", "epochs", '"5"', '"9"'))


@pytest.mark.parametrize(
    ("pull_request", "exists", "changes", "said"),
    [
        (None, False, CHANGES, "The pipeline does not exist yet; a run creates it:"),
        (7, False, CHANGES, "The pipeline does not exist yet; merging creates it:"),
        (None, True, CHANGES, "A run changes the deployed definition:"),
        (7, True, CHANGES, "Merging changes the deployed definition:"),
        (None, True, (), "The deployed definition is the same."),
    ],
)
def test_changes_are_those_that_a_run_or_a_merge_would_make(pull_request, exists, changes, said):
    lines = plan.lines(made(pull_request, exists=exists, changes=changes))
    shown = ["  + step Trial", '  ~ step Train: epochs "5" -> "9"'] if changes else []
    assert lines[-1 - len(shown) :] == [said, *shown]


def test_the_cache_is_told_of_each_step_that_has_one():
    lines = plan.lines(made(data=DATA, reusable={"Prepare": "e1", "Train": "e2"}))
    assert lines[-4:] == [
        "The step cache (P7D):",
        "  Prepare   ran like this in execution e1: reused unless that is older",
        "  Train     ran like this in execution e2: reused unless that is older",
        "  Evaluate  runs",
    ]


def test_steps_that_only_some_recipes_have_are_in_their_place():
    document = DOCUMENT | {
        "trial": {"kind": "serverless", "memory_mb": 1024},
        "tune": {"jobs": 2, "ranges": {"epochs": {"min": 1, "max": 3}}},
    }
    lines = plan.lines(made(data=DATA, reusable={}, document=document))
    assert [line.split()[0] for line in lines[-5:]] == ["Prepare", "Train", "Tune", "Evaluate", "Trial"]


def test_machines_get_whole_hashes_figures_and_values():
    found = plan.document(made(7, version(), DATA, changes=CHANGES, reusable={"Prepare": "e1"}))
    assert found == {
        "pipeline": {"name": "shop-garments", "exists": True},
        "pull_request": 7,
        "recipe": {"name": "garments", "sha256": Recipe.parse(DOCUMENT, Path("x")).sha256},
        "commit": "c0ffee",
        "data": {"uri": "s3://b/data/x/data", "sha256": "d" * 64},
        "code": {"prepare": "p" * 64, "evaluate": "e" * 64},
        "contract": {"sha256": "c" * 64, "uri": "s3://b/contract/"},
        "gate": {"metric": "macro_f1", "minimum": 0.65, "max_regression": 0.02},
        "champion": ARN,
        "champion_figure": {"metric": "macro_f1", "value": 0.71239},
        "changes": [
            {"kind": "added", "where": "step Trial", "key": "", "old": None, "new": None},
            {"kind": "changed", "where": "step Train", "key": "epochs", "old": '"5"', "new": '"9"'},
        ],
        "reusable": {"Prepare": "e1"},
    }
    without = plan.document(made())
    assert [without[key] for key in ("data", "champion", "champion_figure", "reusable")] == [None] * 4


def test_the_summary_is_the_plan_as_it_is_printed():
    found = made()
    shown = plan.summary(found)
    assert shown.startswith("## Plan \N{MIDDLE DOT} garments\n")
    assert "\n".join(plan.lines(found)) in shown
