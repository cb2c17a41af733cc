"""The demonstration: the product's own commands, run one after the other on the embedded AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from local_aws import demo_data
from local_aws.environment import for_command
from local_aws.errors import LocalAwsError, UsageError
from local_aws.project import prepare
from local_aws.server import Server


class CommandFailedError(LocalAwsError):
    """A command of the demonstration did not succeed; it has said why on stderr."""

    def __init__(self, command: list[str], exit_code: int) -> None:
        super().__init__(f"`{' '.join(command)}` ended with exit code {exit_code}; its own words are above")
        self.exit_code = exit_code


@dataclass(frozen=True)
class Shell:
    """Runs the product's commands with the embedded AWS in their environment."""

    root: Path
    environment: dict[str, str]

    def json(self, name: str, *arguments: str) -> dict[str, Any]:
        """Run a command that prints one JSON object; its progress goes to our stderr.

        Raises CommandFailedError on any other exit code than 0.
        """
        command = [str(Path(sys.executable).with_name(name)), *arguments, "--json"]
        done = subprocess.run(
            command, env=self.environment, cwd=self.root, stdout=subprocess.PIPE, check=False
        )
        if done.returncode != 0:
            raise CommandFailedError([name, *arguments], done.returncode)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


def run(data: Path | None, recipe: str | None, root: Path | None, as_json: bool) -> None:
    """Train, evaluate, gate and register a model from real reviews, and show it.

    Raises UsageError outside the repository, DataUnavailableError without data, CommandFailedError where a command fails.
    """
    started = time.monotonic()
    console = Console(stderr=True)
    repository = _repository(root)
    dataset = demo_data.find(data, recipe, say=lambda line: console.print(line, style="dim", soft_wrap=True))
    console.print(f"Data: {dataset.source}", highlight=False, soft_wrap=True)
    with Server() as server:
        variables = prepare(server.account.clients).variables()
        environment = for_command(os.environ, server.endpoint_url, server.account.region, variables)
        shell = Shell(repository / "build", environment)
        result = shell.json("model-build", "run", "--recipe", dataset.recipe, "--data", str(dataset.path))
    result["data"]["source"] = dataset.source
    result["report"] = {kind: str(shell.root / path) for kind, path in result["report"].items()}
    result["seconds"] = round(time.monotonic() - started, 1)
    if as_json:
        typer.echo(json.dumps(result, indent=2))
    else:
        _show(result, Console())


def _repository(root: Path | None) -> Path:
    start = (root or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "build" / "recipes").is_dir():
            return folder
    raise UsageError(
        f"no build/recipes in {start} or above it: run this inside the repository, or give --root"
    )


def _show(result: dict[str, Any], console: Console) -> None:
    table = Table(title="Metrics on the holdout", title_justify="left")
    table.add_column("metric")
    table.add_column("candidate", justify="right")
    for name, value in result["metrics"].items():
        table.add_row(name, f"{value:.3f}")
    console.print(table)
    gate = result["gate"]
    for line in (
        f"Gate: {'passed' if gate['passed'] else 'refused'}. {gate['reason']}",
        f"Registered: {result['model_package_arn']}",
        f"Report: {result['report']['html']}",
        f"{result['seconds']:.0f} s in all.",
    ):
        console.print(line, highlight=False, soft_wrap=True)
