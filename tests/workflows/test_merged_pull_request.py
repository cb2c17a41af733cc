"""A merged pull request's model, registered without another training, on the embedded AWS and the embedded GitHub."""

import json
import os
import random
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from local_aws.github import serve
from model_build import workspace
from model_build.aws import data, training_job
from model_build.cli import app
from model_build.run import reused_training
from model_build.run.reused_training import NotReusable

RECIPE = {
    "name": "garments",
    "data": {"format": "csv", "text": ["Text"], "label": "Rating"},
    "labels": {
        "names": ["bad", "good"],
        "rules": [{"name": "bad", "values": ["1"]}, {"name": "good", "values": ["5"]}],
    },
    "training": {
        "hyperparameters": {
            "epochs": 10,
            "learning_rate": 0.5,
            "vector_dim": 4,
            "min_count": 1,
            "buckets": 1000,
        }
    },
    "evaluation": {"bootstrap_samples": 100},
    "gate": {"metric": "macro_f1", "minimum": 0.8},
}
WORDS = {"1": ["torn", "cheap", "scratchy", "sad"], "5": ["lovely", "soft", "perfect", "happy"]}
STEPS = Path(__file__).parents[2] / "build" / "steps"
REPOSITORY = "/repos/octo/shop-build"


class Shop:
    """A build repository whose pull request 1 by eve was merged, and its project."""

    def __init__(self, root, aws, github):
        self.root, self.aws, self.github = root, aws, github
        self.ask("POST", "/user/repos", {"name": "shop-build", "auto_init": True})
        self.merge = self.merged()

    def ask(self, method, path, body=None):
        request = urllib.request.Request(
            f"{self.github.api_url}{path}",
            json.dumps(body).encode() if body is not None else None,
            {"Authorization": "Bearer octo-token", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or "null")

    def merged(self):
        sha = self.ask("GET", f"{REPOSITORY}/git/ref/heads/main")["object"]["sha"]
        self.ask("POST", f"{REPOSITORY}/git/refs", {"ref": "refs/heads/new", "sha": sha})
        added = {"message": "Add", "content": "eA==", "branch": "new"}
        self.ask("PUT", f"{REPOSITORY}/contents/x.txt", added)
        opened = {"title": "New", "head": "new", "base": "main"}
        number = self.ask("POST", f"{REPOSITORY}/pulls", opened)["number"]
        return self.ask("PUT", f"{REPOSITORY}/pulls/{number}/merge", {})["sha"]

    def call(self, *arguments, **variables):
        environment = {
            **dict.fromkeys(os.environ),
            **self.aws.environment,
            "PULL_REQUEST_ROLE_ARN": self.aws.role_arn.replace("pipeline", "pull-request"),
            "GITHUB_API_URL": self.github.api_url,
            "GITHUB_REPOSITORY": "octo/shop-build",
            "GITHUB_TOKEN": "octo-token",
            "GITHUB_ACTOR": "ada",
            "GITHUB_SHA": self.merge,
            "TRAINING_DATA": str(self.root / "reviews.csv"),
            **variables,
        }
        return CliRunner().invoke(app, list(arguments), env=environment)

    def run(self, *arguments, **variables):
        result = self.call("run", "--json", *arguments, **variables)
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def take(self, sha256=None):
        """What main would take over from the pull request with the recipe as it is now, and data with that hash."""
        role = {"PULL_REQUEST_ROLE_ARN": self.aws.role_arn.replace("pipeline", "pull-request")}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**self.aws.environment, **role}.items():
                patch.setenv(name, value)
            entered = workspace.enter(self.root, "garments")
            found = data.locate(entered.aws.s3, self.aws.bucket, str(self.root / "reviews.csv"))
            return reused_training.reuse(entered, 1, replace(found, sha256=sha256 or found.sha256))

    def pipelines(self):
        listed = self.aws.client("sagemaker").list_pipelines(PipelineNamePrefix=self.aws.project.name)
        prefix = f"{self.aws.project.name}-"
        names = (summary["PipelineName"] for summary in listed["PipelineSummaries"])
        return sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))

    def keys(self, prefix):
        listed = self.aws.client("s3").list_objects_v2(Bucket=self.aws.bucket, Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def metadata(self, arn):
        described = self.aws.client("sagemaker").describe_model_package(ModelPackageName=arn)
        return described["CustomerMetadataProperties"]


@pytest.fixture
def shop(aws, tmp_path, tmp_path_factory, monkeypatch, github_exchanges):
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "garments.yaml").write_text(yaml.safe_dump(RECIPE))
    (tmp_path / "steps").symlink_to(STEPS)
    draw = random.Random(1)
    ratings = [draw.choice("15") for _ in range(300)]
    rows = [
        f"{' '.join(draw.choices(WORDS[rating], k=6))} no {number},{rating}"
        for number, rating in enumerate(ratings)
    ]
    (tmp_path / "reviews.csv").write_text("\n".join(["Text,Rating", *rows]) + "\n")
    monkeypatch.chdir(tmp_path)
    with serve(tmp_path_factory.mktemp("github"), github_exchanges) as github:
        github.add_user("octo", "octo-token")
        yield Shop(tmp_path, aws, github)


def names(outcome):
    return [step["name"] for step in outcome["pipeline"]["steps"]]


@pytest.mark.slow
def test_what_a_merged_pull_request_trained_is_registered_without_another_training_if_nothing_changed(shop):
    tried = shop.run("--pull-request", "1")
    assert "Train" in names(tried)
    kept = shop.call("clean", PULL_REQUEST_NUMBER="1", PULL_REQUEST_MERGED="true")
    assert "is kept until main has registered" in kept.stdout, kept.stderr
    assert shop.pipelines() == ["pr-1-garments"]

    path = shop.root / "recipes" / "garments.yaml"
    before = path.read_text()
    path.write_text(before.replace("epochs: 10", "epochs: 11"))
    refused = shop.take().reason
    assert refused.startswith("pull request 1 trained by another definition: ~ step Train: ")
    assert "epochs" in refused
    path.write_text(before)
    assert shop.take(sha256="0" * 64).reason.startswith("pull request 1 trained on other data: ")
    assert shop.keys("models/") == []

    taken = shop.run("--merged")
    assert taken["training"] == "Does not train again: pull request 1 trained the same."
    assert names(taken) == ["Prepare", "Evaluate", "Gate", "CreateModel", "Register"]
    assert taken["metrics"] == tried["metrics"]
    metadata = shop.metadata(taken["model_package_arn"])
    assert [metadata[key] for key in ("commit", "pull-request", "author")] == [shop.merge, "1", "octo"]
    [copy] = shop.keys("models/merged/")
    assert copy == f"models/merged/{metadata['model-sha256']}/model.tar.gz"

    assert shop.call("clean", "--merged").exit_code == 0
    assert (shop.pipelines(), shop.keys("pr/")) == (["garments", "merged-garments"], [])
    assert "The deployed definition is the same." in shop.call("plan").stdout
    again = shop.run("--merged")
    assert again["pipeline"]["launched"] == "found"
    assert again["model_package_arn"] == taken["model_package_arn"]


def test_where_the_pull_request_trained_nothing_there_is_nothing_to_take(shop):
    assert shop.take() == NotReusable("pull request 1 has no execution that trained")


def test_a_commit_that_merged_nothing_has_its_pusher_for_an_author(shop):
    head = shop.ask("GET", f"{REPOSITORY}/commits/{shop.merge}")["parents"][0]["sha"]
    result = shop.call("clean", "--merged", GITHUB_SHA=head)
    assert result.stdout == "The commit merged no pull request: there is nothing to remove.\n", result.stderr


def test_objects_that_were_written_over_deleted_or_added_late_prove_nothing(aws):
    s3, bucket = aws.client("s3"), f"{aws.bucket}-versions"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for key in ("pr/1/in/a", "pr/1/models/m"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    ended = s3.head_object(Bucket=bucket, Key="pr/1/models/m")["LastModified"]
    home = f"s3://{bucket}/pr/1/"
    job = training_job.Job("t", f"{home}models/m", (f"{home}in/",), ended, ended, False)

    assert training_job.tampered(s3, job, home) == ""
    assert "lies outside of" in training_job.tampered(s3, job, f"s3://{bucket}/pr/2/")
    earlier = training_job.Job("t", job.artifact, job.inputs, ended.replace(year=2000), ended, False)
    assert training_job.tampered(s3, earlier, home).endswith(
        "in/a was written after the job had read or made it"
    )
    assert training_job.tampered(
        s3, training_job.Job("t", f"{home}models/n", (), ended, ended, False), home
    ).endswith("is not there any more")
    s3.put_object(Bucket=bucket, Key="pr/1/in/a", Body=b"x")
    assert training_job.tampered(s3, job, home).endswith("in/a was written over")
    s3.delete_object(Bucket=bucket, Key="pr/1/in/a")
    assert training_job.tampered(s3, job, home).endswith("in/a was deleted")
