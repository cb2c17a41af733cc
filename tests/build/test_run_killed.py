"""`model-build run`, killed by SIGKILL at random moments and run again: one execution, one version, one report."""

import contextlib
import json
import multiprocessing
import os
import random
import shutil
from pathlib import Path

import pytest
import yaml
from botocore.exceptions import ClientError

from local_aws.testing import Interruption

pytestmark = pytest.mark.slow

MOMENTS = int(os.environ.get("KILLS", "6"))
CALLS = 400
"""A run from nothing to a report makes so many, those of its jobs included, and then those that ask whether it has ended."""
CALLS_LATER = 15
"""A run makes so many that finds an execution that has ended."""
LIMIT_SECONDS = 300
RECIPE = {
    "name": "garments",
    "data": {"format": "csv", "text": "Text", "label": "Label"},
    "labels": {"names": ["bad", "good"]},
    "training": {"hyperparameters": {"epochs": 5, "vector_dim": 4, "min_count": 1, "buckets": 1000}},
    "evaluation": {"bootstrap_samples": 100},
    "gate": {"minimum": 0.0},
}
# Imported once, in the process that all others are forked from: a command's imports take longer than the rest of it.
PRELOADED = [
    "model_build.cli",
    "model_build.commands.run",
    "sagemaker.mlops.workflow.steps",
    "sagemaker.train",
]


COMMAND = """
import os, sys
os.environ.clear()
os.environ.update(environment)
os.chdir(root)
said = os.open(output, os.O_WRONLY | os.O_CREAT)
os.dup2(said, 1)
os.dup2(said, 2)
from model_build.cli import main
sys.argv = ["model-build", "run", "--data", "reviews.csv", "--json", "--root", root]
main()
"""


@pytest.fixture(scope="module")
def forks():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


@pytest.fixture
def shop(aws, repository, tmp_path):
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "garments.yaml").write_text(yaml.safe_dump(RECIPE))
    shutil.copytree(repository / "steps", tmp_path / "steps", ignore=shutil.ignore_patterns("__pycache__"))
    draw = random.Random(1)
    words = {"good": ["soft", "happy", "lovely", "perfect"], "bad": ["torn", "sad", "cheap", "scratchy"]}
    rows = [f"{' '.join(draw.choices(words[label], k=6))},{label}" for label in ["good", "bad"] * 150]
    (tmp_path / "reviews.csv").write_text("\n".join(["Text,Label", *rows]) + "\n")
    return tmp_path


def test_a_run_that_is_killed_at_any_moment_and_run_again_registers_once(aws, shop, forks, record_property):
    environment = aws.environment | {"GITHUB_SHA": "c0ffee"}
    draw = random.Random(int.from_bytes(os.urandom(4), "big"))
    interruption = Interruption(aws.server)
    sagemaker = aws.client("sagemaker")

    def listed():
        with contextlib.suppress(ClientError):  # there is no pipeline yet
            return sagemaker.list_pipeline_executions(PipelineName=f"{aws.name}-garments")[
                "PipelineExecutionSummaries"
            ]
        return []

    def has_ended():
        process = command(shop / "started.txt")
        process.start()
        while not any(each["PipelineExecutionStatus"] != "Executing" for each in listed()):
            process.join(0.1)
        process.kill()
        process.join(LIMIT_SECONDS)

    def command(said):
        given = {"root": str(shop), "environment": environment, "output": str(said)}
        return forks.Process(target=exec, args=(COMMAND, given))

    for number in range(MOMENTS):
        if number == MOMENTS // 2:
            has_ended()
        calls = CALLS if number < MOMENTS // 2 else CALLS_LATER
        interruption.kill(command(shop / f"killed-{number}.txt"), after=draw.randrange(calls))
    last = command(shop / "last.txt")
    last.start()
    last.join(LIMIT_SECONDS)
    said = (shop / "last.txt").read_text()
    assert last.exitcode == 0, said

    [execution] = listed()
    [package] = sagemaker.list_model_packages(ModelPackageGroupName=aws.group)["ModelPackageSummaryList"]
    outcome = json.loads(said[said.index("{\n") :])
    assert outcome["pipeline"]["execution_arn"] == execution["PipelineExecutionArn"]
    assert outcome["model_package_arn"] == package["ModelPackageArn"]
    assert Path(shop, outcome["report"]["html"]).is_file()
    assert interruption.killed > 0
    record_property("run killed and run again", MOMENTS)
