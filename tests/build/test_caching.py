"""Which steps the cache will answer, said only as far as it is known."""

import json

import pytest

from model_build.run.caching import Run, reusable

CACHED = {"Enabled": True, "ExpireAfter": "P30D"}


def definition(code="s3://b/code/1/", epochs="5", output="runs/", cache=CACHED):
    """Prepare reads code and data, Train reads what Prepare wrote."""
    prepare = {
        "ProcessingInputs": [{"code": code}, {"data": {"Get": "Parameters.Data"}}],
        "ProcessingOutputConfig": {"to": output},
    }
    train = {
        "HyperParameters": {"epochs": epochs},
        "InputDataConfig": [{"train": {"Get": "Steps.Prepare.ProcessingOutputConfig"}}],
    }
    return json.dumps(
        {
            "Steps": [
                {"Name": "Prepare", "Type": "Processing", "Arguments": prepare, "CacheConfig": cache},
                {"Name": "Train", "Type": "Training", "Arguments": train, "CacheConfig": cache},
                {"Name": "Gate", "Type": "Condition", "Arguments": {}},
            ]
        }
    )


def planned(data="s3://b/1.csv", **changes):
    return Run(definition(**changes), {"Data": data, "Commit": "new"})


def earlier(execution="e1", data="s3://b/1.csv", succeeded=("Prepare", "Train", "Gate"), **changes):
    return Run(definition(**changes), {"Data": data, "Commit": "old"}, dict.fromkeys(succeeded, execution))


def test_what_ran_just_like_that_is_reused():
    assert reusable(planned(), [earlier()]) == {"Prepare": "e1", "Train": "e1"}


def test_nothing_is_known_without_history():
    assert reusable(planned(), []) == {}


def test_where_outputs_go_does_not_matter():
    assert set(reusable(planned(output="elsewhere/"), [earlier()])) == {"Prepare", "Train"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"epochs": "6"}, {"Prepare"}),
        ({"code": "s3://b/code/2/"}, set()),
        ({"data": "s3://b/2.csv"}, set()),
        ({"cache": {"Enabled": False}}, set()),
    ],
)
def test_a_changed_step_runs_and_so_do_those_that_read_it(changes, expected):
    assert set(reusable(planned(**changes), [earlier()])) == expected


def test_only_a_success_can_be_reused():
    assert set(reusable(planned(), [earlier(succeeded=["Prepare"])])) == {"Prepare"}


def test_the_newest_run_that_fits_is_named():
    history = [earlier("e3", epochs="9"), earlier("e2"), earlier("e1")]
    assert reusable(planned(), history) == {"Prepare": "e3", "Train": "e2"}
