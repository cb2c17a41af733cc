"""A pull request's own corner of the project: its pipeline, its role, its prefix, and nothing registered."""

import json
import os
import random
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from model_build.cli import app
from model_build.commands.pull_requests import clean
from model_build.core.settings import Settings
from model_build.errors import SettingsError
from model_build.run import pipeline

RECIPE: dict[str, Any] = {
    "name": "garments",
    "data": {"format": "csv", "text": ["Text"], "label": "Rating"},
    "labels": {
        "names": ["bad", "good"],
        "rules": [{"name": "bad", "values": ["1"]}, {"name": "good", "values": ["5"]}],
    },
    "training": {
        "hyperparameters": {
            "epochs": 20,
            "learning_rate": 0.5,
            "vector_dim": 4,
            "min_count": 1,
            "buckets": 1000,
        }
    },
    "evaluation": {"bootstrap_samples": 100},
    "gate": {"metric": "macro_f1", "minimum": 0.8},
}
ROLE = "arn:aws:iam::123456789012:role/shop-pull-request"
VARIABLES = {
    "SAGEMAKER_PROJECT_NAME": "shop",
    "SAGEMAKER_PROJECT_ID": "p-1",
    "ARTIFACT_BUCKET": "shop-artifacts",
    "MODEL_PACKAGE_GROUP_NAME": "shop-models",
    "PIPELINE_ROLE_ARN": "arn:aws:iam::123456789012:role/shop-pipeline",
    "AWS_REGION": "eu-west-1",
}


def settings() -> Settings:
    return Settings.load(VARIABLES).for_pull_request(7, {"PULL_REQUEST_ROLE_ARN": ROLE})


def test_a_pull_request_has_its_own_pipeline_role_and_prefix():
    mine = settings()
    assert mine.pipeline_name("garments") == "shop-pr-7-garments"
    assert mine.pipeline_role_arn == ROLE
    assert mine.s3("code/x/") == "s3://shop-artifacts/pr/7/code/x/"


@pytest.mark.parametrize("value", [None, "", "shop-pull-request"])
def test_without_a_role_of_its_own_there_is_no_pull_request(value):
    with pytest.raises(SettingsError, match=r"^PULL_REQUEST_ROLE_ARN is "):
        Settings.load(VARIABLES).for_pull_request(
            7, {} if value is None else {"PULL_REQUEST_ROLE_ARN": value}
        )


class Shop:
    """A model-build repository in a project of its own, as the job of pull request 7 sees it."""

    def __init__(self, root: Path, aws: Any) -> None:
        self.root, self.aws = root, aws
        self.summary = root / "summary.md"

    def call(self, *arguments, number="7", **variables):
        own = {
            "GITHUB_SHA": "c0ffee",
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "PULL_REQUEST_NUMBER": number,
        }
        role = {"PULL_REQUEST_ROLE_ARN": self.aws.role_arn.replace("pipeline", "pull-request")}
        environment = {**dict.fromkeys(os.environ), **self.aws.environment, **role, **own, **variables}
        return CliRunner().invoke(app, list(arguments), env=environment)

    def data(self, noise=False, rows=400):
        """Reviews whose words give their rating away, or say nothing of it."""
        draw = random.Random(1)
        words = {"1": ["torn", "cheap", "scratchy", "sad"], "5": ["lovely", "soft", "perfect", "happy"]}
        lines = ["Text,Rating"]
        for number in range(rows):
            rating = draw.choice("15")
            said = words[draw.choice("15") if noise else rating]
            lines.append(f"{' '.join(draw.choices(said, k=6))} no {number},{rating}")
        path = self.root / "reviews.csv"
        path.write_text("\n".join(lines) + "\n")
        return str(path)

    def keys(self, prefix=""):
        listed = self.aws.client("s3").list_objects_v2(Bucket=self.aws.bucket, Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def pipelines(self):
        listed = self.aws.client("sagemaker").list_pipelines(PipelineNamePrefix=self.aws.name)
        names = [summary["PipelineName"] for summary in listed["PipelineSummaries"]]
        return sorted(name for name in names if name.startswith(f"{self.aws.name}-"))


@pytest.fixture
def shop(aws, repository, tmp_path, monkeypatch):
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "garments.yaml").write_text(yaml.safe_dump(RECIPE))
    (tmp_path / "steps").symlink_to(repository / "steps")
    monkeypatch.chdir(tmp_path)
    return Shop(tmp_path, aws)


def test_the_plan_of_a_pull_request_is_what_merging_would_change(shop):
    name = shop.aws.name
    planned = shop.call("plan", "--summary", "--data", shop.data())
    assert planned.exit_code == 0, planned.stderr
    assert f"pipeline   {name}-garments\n" in planned.stdout
    assert "merging creates it" in planned.stdout
    assert "+ step Register" in planned.stdout
    assert re.search(
        r"^gate       \w+ at least 0\.\d+\nchampion   none: the minimum alone decides$", planned.stdout, re.M
    )
    assert planned.stdout.rstrip() in shop.summary.read_text()
    assert (shop.keys(), shop.pipelines()) == ([], [])


@pytest.mark.slow
def test_a_pull_request_trains_evaluates_and_gates_writes_below_its_prefix_and_registers_nothing(
    shop, monkeypatch
):
    defined, definition = [], pipeline.definition
    monkeypatch.setattr(pipeline, "definition", lambda *given: defined.append(given[1]) or definition(*given))
    result = shop.call("run", "--plan", "--summary", "--json", TRAINING_DATA=shop.data())
    assert result.exit_code == 0, result.stderr
    # Plan, run and report need the same two, each of which takes a third of a second.
    assert [settings.pull_request for settings in defined] == [7, None]
    planned = result.stderr[result.stderr.index("pipeline   ") :].partition("\nChampion")[0]
    assert "+ step Register" in planned
    assert planned.rstrip() in shop.summary.read_text()
    outcome = json.loads(result.stdout)
    name = shop.aws.name
    assert outcome["pipeline"]["name"] == f"{name}-pr-7-garments"
    assert [step["name"] for step in outcome["pipeline"]["steps"]] == ["Prepare", "Train", "Evaluate", "Gate"]
    assert outcome["gate"]["passed"] is True
    assert outcome["model_package_arn"] is None

    keys = shop.keys()
    assert {key.split("/")[2] for key in keys} == {"code", "contracts", "data", "models", "runs"}
    assert all(key.startswith("pr/7/") for key in keys)
    sagemaker = shop.aws.client("sagemaker")
    described = sagemaker.describe_pipeline(PipelineName=f"{name}-pr-7-garments")
    assert described["RoleArn"].endswith("pull-request")
    steps = json.dumps(json.loads(described["PipelineDefinition"])["Steps"])
    assert "Register" not in steps
    assert "CreateModel" not in steps
    assert not sagemaker.list_model_packages(ModelPackageGroupName=shop.aws.group)["ModelPackageSummaryList"]

    report = Path(outcome["report"]["markdown"]).read_text()
    assert "A pull request registers nothing; main measures it again" in report
    assert report in shop.summary.read_text()
    assert shop.call("status").stdout.startswith(f"pipeline   {name}-pr-7-garments\n")
    again = shop.call("report", "--summary")
    assert again.exit_code == 0, again.stderr
    assert Path(outcome["report"]["markdown"]).read_text() in shop.summary.read_text().removeprefix(report)


@pytest.mark.slow
def test_a_refused_candidate_is_reported_and_exits_3_and_what_is_cleaned_is_gone(shop):
    result = shop.call("run", "--summary", "--data", shop.data(noise=True))
    assert result.exit_code == 3, result.stderr
    assert "A pull request registers nothing." in result.stdout
    assert "The gate refuses the candidate" in shop.summary.read_text()

    other = f"{shop.aws.name}-pr-70-garments"
    definition = shop.aws.client("sagemaker").describe_pipeline(PipelineName=shop.pipelines()[0])
    shop.aws.client("sagemaker").create_pipeline(
        PipelineName=other,
        PipelineDefinition=definition["PipelineDefinition"],
        RoleArn=definition["RoleArn"],
        ClientRequestToken="x" * 32,
    )
    for key in ("pr/70/kept", "models/kept"):
        shop.aws.client("s3").put_object(Bucket=shop.aws.bucket, Key=key, Body=b"x")
    cleaned = shop.call("clean", "--json")
    assert cleaned.exit_code == 0, cleaned.stderr
    assert json.loads(cleaned.stdout)["objects"] > 5
    assert (shop.pipelines(), shop.keys()) == ([other], ["models/kept", "pr/70/kept"])
    assert json.loads(shop.call("clean", "--json").stdout) == {
        "pipelines": [],
        "objects": 0,
        "home": f"s3://{shop.aws.bucket}/pr/7/",
    }


@pytest.mark.slow
def test_cleaning_stops_what_runs(shop, monkeypatch):
    monkeypatch.setattr(clean, "_PAUSE", 0.1)
    left = shop.call("run", "--timeout", "1", "--data", shop.data(rows=30_000))
    assert left.exit_code == 5, left.stderr
    assert shop.call("clean").exit_code == 0
    assert (shop.pipelines(), shop.keys("pr/")) == ([], [])


def test_only_a_pull_request_can_be_cleaned(shop):
    result = shop.call("clean", number="")
    assert result.exit_code == 2
    assert "Give --pull-request NUMBER, or set PULL_REQUEST_NUMBER" in result.stderr
    with pytest.raises(ValueError, match="belongs to a pull request"):
        clean.clean(None, Settings.load(VARIABLES), 1)  # type: ignore[arg-type]


def test_force_has_no_place_in_a_pull_request(shop):
    result = shop.call("run", "--data", shop.data(), "--force", "because")
    assert result.exit_code == 2
    assert "nothing to register in a pull request" in result.stderr


@pytest.mark.parametrize("number", ["0", "-1", "7/../8", "seven"])
def test_a_number_that_is_none_is_a_usage_error(shop, number):
    assert shop.call("status", number=number).exit_code == 2


def test_no_data_is_a_usage_error_that_says_where_it_comes_from(shop):
    result = shop.call("run", TRAINING_DATA="")
    assert result.exit_code == 2
    assert "set TRAINING_DATA" in result.stderr


def test_the_recipe_comes_from_the_variable(shop):
    result = shop.call("plan", RECIPE="shoes")
    assert result.exit_code == 2
    assert "There is no recipe shoes" in result.stderr
    assert shop.call("plan", RECIPE="").exit_code == 0


@pytest.mark.parametrize(
    ("variable", "kind"), [("ARTIFACT_BUCKET", "bucket"), ("MODEL_PACKAGE_GROUP_NAME", "model package group")]
)
def test_a_plan_in_a_project_that_is_not_there_names_the_variable(shop, variable, kind):
    result = shop.call("plan", "--data", shop.data(), **{variable: "nowhere"})
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"error: {variable} is 'nowhere', and there is no {kind} of that name." in result.stderr


def test_a_recipe_cannot_be_taken_for_a_pull_request(shop):
    (shop.root / "recipes" / "garments.yaml").write_text(yaml.safe_dump(RECIPE | {"name": "pr-7-garments"}))
    result = shop.call("plan")
    assert result.exit_code == 2
    assert "found 'pr-7-garments'" in result.stderr
    assert "not beginning with pr-" in result.stderr


def test_a_summary_without_a_place_for_it_is_refused_before_anything_is_done(shop):
    result = shop.call("run", "--summary", "--data", shop.data(), GITHUB_STEP_SUMMARY="")
    assert result.exit_code == 2
    assert "GITHUB_STEP_SUMMARY names, and that is not set" in result.stderr
    assert shop.pipelines() == []
