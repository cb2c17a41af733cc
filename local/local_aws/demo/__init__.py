"""The demonstration: the product's own commands, run one after the other on the embedded AWS."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from local_aws.demo import data as sources
from local_aws.demo.deploy import Deployment
from local_aws.demo.shell import Shell
from local_aws.errors import UsageError
from local_aws.kernel.environment import for_command
from local_aws.project import prepare
from local_aws.server import Server

TIME_SCALE = 0.02
"""A bake of five minutes takes six seconds; training and serving take what they take."""


def run(
    data: Path | None, recipe: str | None, root: Path | None, as_json: bool, verbose: bool = False
) -> None:
    """Train and register a model from real reviews, deploy it, and see a bad one taken back.

    What the commands say goes to a file that is named; to stderr where it is to be `verbose`.

    Raises UsageError outside the repository, DataUnavailableError without data, CommandFailedError where a command fails.
    """
    started = time.monotonic()
    console = Console(stderr=True)

    def say(line: str) -> None:
        console.print(line, style="dim", highlight=False, soft_wrap=True)

    def tell(line: str) -> None:
        seconds = time.monotonic() - started
        console.print(f"{seconds:5.0f} s  {line}", style="bold", highlight=False, soft_wrap=True)

    repository = _repository(root)
    log = None if verbose else _log()
    if log:
        say(f"What the commands say: {log} (--verbose shows it here)")
    dataset = sources.find(data, recipe, say)
    tell(f"Training from {dataset.source}")
    with Server(time_scale=float(os.environ.get("LOCAL_AWS_TIME_SCALE", TIME_SCALE))) as server:
        variables = prepare(server.account.clients).variables()
        environment = for_command(os.environ, server.account.clients, variables)
        build = Shell(repository / "build", environment, log)
        result = build.json("model-build", "run", "--recipe", dataset.recipe, "--data", str(dataset.path))
        deployment = Deployment(server.account, build, Shell(repository / "deploy", environment, log), tell)
        result["stages"] = deployment.promote(result["model_package_arn"])
        result["predictions"] = deployment.ask()
        result["rollback"] = deployment.push_bad_model(dataset)
    result["data"]["source"] = dataset.source
    result["report"] = {kind: str(build.folder / path) for kind, path in result["report"].items()}
    result["seconds"] = round(time.monotonic() - started, 1)
    if as_json:
        typer.echo(json.dumps(result, indent=2))
    else:
        _show(result, Console())


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


def _show(result: dict[str, Any], console: Console) -> None:
    console.print()
    console.print(_metrics(result))
    console.print(_predictions(result))
    gate, rollback = result["gate"], result["rollback"]
    lines = [f"Gate: {'passed' if gate['passed'] else 'refused'}. {gate['reason']}"]
    lines.append(f"Registered: {result['model_package_arn']}")
    for stage in result["stages"]:
        verified = "verified" if stage["verified"] else "not verified"
        lines.append(f"{stage['name'].capitalize()}: {stage['endpoint']} {verified} in {stage['seconds']} s")
    lines.append(
        f"Rolled back: {rollback['model_package_arn'].rpartition('/')[2]} after {rollback['contract_failures']} failed "
        f"probes; {rollback['failed_requests']} of {rollback['requests']} client requests failed meanwhile"
    )
    lines.append(f"Cause: {rollback['cause']}")
    lines.append(f"Serving again: {rollback['restored']}, after {rollback['seconds']} s")
    lines.append(f"Report: {result['report']['html']}")
    lines.append(f"{result['seconds']:.0f} s in all.")
    lines.append('Next: local-aws up  # stays; then, in another shell, eval "$(local-aws env)"')
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


def _metrics(result: dict[str, Any]) -> Table:
    table = Table(title="Metrics on the holdout", title_justify="left")
    table.add_column("metric")
    table.add_column("candidate", justify="right")
    for name, value in result["metrics"].items():
        table.add_row(name, f"{value:.3f}")
    return table


def _predictions(result: dict[str, Any]) -> Table:
    table = Table(title="What production's API answers", title_justify="left")
    for heading in ("text", "label", "confidence"):
        table.add_column(heading)
    for each in result["predictions"]:
        confidence = each.get("confidence")
        table.add_row(each["text"], str(each.get("label")), "" if confidence is None else f"{confidence:.2f}")
    return table
