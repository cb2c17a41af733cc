"""The demonstration: a project from its template to its end, on the embedded AWS and GitHub, as a timeline."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from local_aws.demo import data as sources
from local_aws.demo.scenario import Scenario
from local_aws.demo.timeline import Timeline
from local_aws.errors import UsageError
from local_aws.server import Server

TIME_SCALE = 0.02
"""A bake of five minutes takes six seconds; training and serving take what they take."""


def run(
    data: Path | None, recipe: str | None, root: Path | None, as_json: bool, verbose: bool = False
) -> None:
    """Run the whole scenario with real reviews: from the template to a model in production, a bad one, and the teardown.

    What commands and jobs say goes to a file that is named; to stderr where it is to be `verbose`.

    Raises UsageError outside the repository, DataUnavailableError without data, CommandFailedError where a command or a job
    fails.
    """
    repository = _repository(root)
    timeline = Timeline(Console(stderr=as_json or verbose), None if verbose else _log())
    dataset = sources.find(data, recipe, timeline.tell)
    if timeline.log:
        timeline.tell(f"What commands and jobs say: {timeline.log} (--verbose shows it here)")
    timeline.tell(f"Reviews: {dataset.source}")
    scale = float(os.environ.get("LOCAL_AWS_TIME_SCALE", TIME_SCALE))
    with (
        tempfile.TemporaryDirectory(prefix="local-aws-demo-") as folder,
        Server(time_scale=scale, enforce=True) as server,
    ):
        result = _play(Scenario(server, repository, timeline, Path(folder)), dataset)
    result["data"]["source"] = dataset.source
    result["seconds"] = timeline.seconds
    timeline.act("The end")
    timeline.tell(f"The report of the merged model: {result['report']['html']}")
    timeline.tell('Next: local-aws up  # stays; then, in another shell, eval "$(local-aws env)"')
    if as_json:
        typer.echo(json.dumps(result, indent=2))


def _play(scenario: Scenario, dataset: sources.Dataset) -> dict[str, Any]:
    scenario.create_project(dataset)
    number = scenario.propose_change(dataset.recipe)
    result = scenario.merge(number)
    bad = scenario.train_bad_model(dataset.recipe)
    result["stages"] = scenario.deploy(result["model_package_arn"])
    result["predictions"] = scenario.ask()
    result["rollback"] = scenario.push_bad_model(bad)
    result["teardown"] = scenario.tear_down()
    return result


def _log() -> Path:
    descriptor, name = tempfile.mkstemp(prefix="local-aws-demo-", suffix=".log")
    os.close(descriptor)
    return Path(name)


def _repository(root: Path | None) -> Path:
    start = (root or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "build" / "recipes").is_dir():
            return folder
    raise UsageError(
        f"no build/recipes in {start} or above it: run this inside the repository, or give --root"
    )
