"""The deploy half: what clients notice of a rollout, what one without a change costs, and what the API adds."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import classify, shift
from bench.deployable import BIN, PRODUCTION, ROOT, Deployable, deployable
from bench.table import Row

CALLS = 10
UNCHANGED_SECONDS = 5
SYNTHESIS_SECONDS = 3

# The command in a process that counts: its last line on stderr is the number of calls.
_COUNTING = """
import sys
from botocore.client import BaseClient
from model_deploy.cli import main

calls, original = [], BaseClient._make_api_call

def counted(self, operation_name, api_params):
    calls.append(operation_name)
    return original(self, operation_name, api_params)

BaseClient._make_api_call = counted
try:
    main()
finally:
    print(len(calls), file=sys.stderr)
"""

_SYNTHESIS = """
import sys
from pathlib import Path
from model_deploy.core.plan.deployment import Deployment
from model_deploy.stacks import synthesise
from model_deploy.stage import Stage

synthesise(Deployment(
    stage=Stage.load(Path(sys.argv[1])),
    model_package_arn="arn:aws:sagemaker:eu-west-1:123456789012:model-package/reviews-models/7",
    image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1",
    model_uri="s3://reviews-artifacts/deploy/production/models/0/model.tar.gz",
    project_name="reviews",
    project_id="p-reviews",
    region="eu-west-1",
    bucket="reviews-artifacts",
    endpoint_role_arn="arn:aws:iam::123456789012:role/reviews-endpoint",
    api_archive="code/deploy/production/0/api.zip",
))
"""


def rows(quick: bool = False) -> list[Row]:
    runs = 1 if quick else 3
    found = [_synthesis(runs)]
    with tempfile.TemporaryDirectory() as folder, deployable(Path(folder)) as made:
        live = made.register("good")
        made.rollout(PRODUCTION, live)
        found += _unchanged(made, live, runs)
        found += classify.rows(made, Path(folder), quick)
        found += shift.rows(made, runs, quiet_seconds=3 if quick else 8)
    return found


def _synthesis(runs: int) -> Row:
    stage = ROOT / "deploy" / "stages" / f"{PRODUCTION}.yaml"
    seconds = _median_seconds([sys.executable, "-c", _SYNTHESIS, str(stage)], dict(os.environ), runs)
    return Row(
        name="synthesis of the stage production, in a fresh process",
        ours=f"{seconds:.2f} s",
        theirs="",
        ratio="",
        target=f"at most {SYNTHESIS_SECONDS} s",
        passed=seconds <= SYNTHESIS_SECONDS,
    )


def _unchanged(made: Deployable, live: str, runs: int) -> list[Row]:
    arguments, variables = made.rollout_arguments(PRODUCTION, live), made.variables()
    counted = subprocess.run(
        [sys.executable, "-c", _COUNTING, *arguments],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    calls = int(counted.stderr.splitlines()[-1])
    seconds = _median_seconds([str(BIN / "model-deploy"), *arguments], variables, runs)
    name = "a rollout to production without a change"
    return [
        Row(f"{name}: API calls", f"{calls}", "", "", f"at most {CALLS}", calls <= CALLS),
        Row(
            name,
            f"{seconds:.2f} s",
            "",
            "",
            f"at most {UNCHANGED_SECONDS} s",
            seconds <= UNCHANGED_SECONDS,
        ),
    ]


def _median_seconds(command: list[str], variables: dict[str, str], runs: int) -> float:
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run(command, env=variables, check=True, capture_output=True)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)
