"""What a run is given: its parameters, its fingerprint, and what an execution is started with."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from model_build.aws.champion import Champion
from model_build.aws.data import Data
from model_build.aws.training_job import Copy
from model_build.core.provenance import UNKNOWN, Provenance
from model_build.core.settings import Settings
from model_build.errors import UsageError
from model_build.run import blueprint, launch
from model_build.run.attempt import Attempt
from model_build.run.launch import How, Launched

SETTINGS = Settings("shop", "p-1", "bucket", "models", "arn:aws:iam::123456789012:role/p", "eu-west-1")
DATA = Data("reviews.csv", "s3://bucket/data/x/data", "d" * 64)
CHAMPION = Champion("arn:champion/6", "s3://m/model.tar.gz", "a" * 64, "s3://c/contract/", "c" * 64, None)
PLANNED = SimpleNamespace(
    code=SimpleNamespace(nothing=SimpleNamespace(prefix="code/build/n/")), definition="{}"
)


def test_without_a_champion_its_parameters_name_something_that_exists():
    assert blueprint.parameters(PLANNED, SETTINGS, DATA, None, "c0ffee", None) == {
        "Data": "s3://bucket/data/x/data",
        "DataSha256": "d" * 64,
        "Commit": "c0ffee",
        "ChampionArn": "none",
        "ChampionModel": "s3://bucket/code/build/n/",
        "ChampionSha256": "none",
        "ChampionContract": "s3://bucket/code/build/n/",
        "ChampionContractSha256": "none",
        "ForceReason": "none",
    }


def test_a_champion_is_given_with_the_hashes_of_its_files():
    given = blueprint.parameters(PLANNED, SETTINGS, DATA, CHAMPION, "c0ffee", "we know")
    assert {name: value for name, value in given.items() if name.startswith(("Champion", "Force"))} == {
        "ChampionArn": "arn:champion/6",
        "ChampionModel": "s3://m/model.tar.gz",
        "ChampionSha256": "a" * 64,
        "ChampionContract": "s3://c/contract/",
        "ChampionContractSha256": "c" * 64,
        "ForceReason": "we know",
    }


def test_figures_of_the_gate_are_given_only_where_they_differ_from_the_recipes():
    given = blueprint.parameters(
        PLANNED, SETTINGS, DATA, None, "x", None, {"MinimumMetric": 0.0, "MaxRegression": 1e-05}
    )
    assert (given["MinimumMetric"], given["MaxRegression"]) == ("0.0", "1e-05")


def test_in_a_pull_request_what_stands_for_no_champion_lies_below_its_prefix():
    given = blueprint.parameters(PLANNED, replace(SETTINGS, pull_request=7), DATA, None, "x", None)
    assert given["ChampionModel"] == "s3://bucket/pr/7/code/build/n/"


@pytest.mark.parametrize(
    ("pull_request", "variable"), [(None, "TRIAL_ROLE_ARN"), (7, "PULL_REQUEST_TRIAL_ROLE_ARN")]
)
def test_a_trial_needs_a_project_with_trials(pull_request, variable):
    recipe = SimpleNamespace(name="garments", trial="a trial")
    settings = replace(SETTINGS, pull_request=pull_request)
    with pytest.raises(UsageError) as caught:
        blueprint.make(recipe, None, settings)
    assert caught.value.message == (
        f"The recipe garments has `trial`, and the project shop is without TrialEndpoint=yes ({variable} is not set), so its "
        "pipelines may make no endpoint: `project-template update shop --trial-endpoint` lets them, or leave `trial` out."
    )


@pytest.fixture
def started(monkeypatch):
    """A function that starts an attempt, and returns the mark and the parameters of its execution."""

    def started(attempt, provenance=UNKNOWN):
        asked = []

        def find_or_start(sagemaker, pipeline, mark, parameters):
            asked.append((pipeline, mark, parameters))
            return Launched("arn:new", How.STARTED)

        monkeypatch.setattr(launch, "find_or_start", find_or_start)
        assert attempt.start(provenance).arn == "arn:new"
        [(pipeline, mark, parameters)] = asked
        assert (pipeline, mark) == ("shop-garments", attempt.mark)
        return parameters

    return started


def attempt(pull_request=None, **given):
    settings = replace(SETTINGS, pull_request=pull_request)
    workspace = SimpleNamespace(
        aws=SimpleNamespace(sagemaker=None), pipeline="shop-garments", settings=settings
    )
    return Attempt(workspace, PLANNED, {"Commit": "c0ffee", **given})


def test_main_tells_the_registry_where_a_commit_comes_from(started):
    assert started(attempt(), Provenance(7, "octocat")) == {
        "Commit": "c0ffee",
        "PullRequest": "7",
        "Author": "octocat",
    }
    assert started(attempt()) == {"Commit": "c0ffee", "PullRequest": "none", "Author": "none"}


def test_a_pull_request_registers_nothing_and_tells_nothing(started):
    assert started(attempt(pull_request=7), Provenance(7, "octocat")) == {"Commit": "c0ffee"}


def test_a_trained_artifact_is_given_with_its_hash(started):
    given = started(attempt().with_candidate(Copy("s3://bucket/models/merged/x", "x")))
    assert (given["CandidateModel"], given["CandidateSha256"]) == ("s3://bucket/models/merged/x", "x")


def test_neither_the_artifact_nor_the_provenance_makes_another_run():
    plain = attempt()
    assert plain.with_candidate(Copy("s3://x", "x")).mark == plain.mark
    assert attempt(Commit="decade").mark != plain.mark
    assert replace(plain, planned=SimpleNamespace(definition="{} ")).mark != plain.mark
