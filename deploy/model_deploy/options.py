"""The options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from model_common.cli.command_line import names_in

Root = Annotated[
    Path | None,
    typer.Option(
        "--root", help="The folder that holds stages/ and checks/; by default the nearest one upwards."
    ),
]
StageName = Annotated[
    str,
    typer.Option(
        "--stage", help="The stage: a file of stages/, without .yaml.", autocompletion=names_in("stages")
    ),
]
# A workflow passes an event's values as variables, never in the text of a command.
PackageArn = Annotated[
    str,
    typer.Option(
        "--model-package",
        envvar="MODEL_PACKAGE_ARN",
        metavar="VERSION",
        help="The version's number, `latest`, or the ARN of the model package.",
    ),
]
Force = Annotated[
    str | None,
    typer.Option(
        "--force", metavar="REASON", help="Go on without a verification in staging; the reason is recorded."
    ),
]
Why = Annotated[
    str | None,
    typer.Option("--why", envvar="WHY", metavar="TEXT", help="The occasion, for the record."),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        min=1,
        metavar="SECONDS",
        help="Stop watching after this long. An update that nobody watches goes back, where the stage has alarms.",
    ),
]
ShowPlan = Annotated[
    bool,
    typer.Option(
        "--plan", help="First show on stderr what it would change, as `plan` does, in the same process."
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout, and nothing else there.")
]
InSummary = Annotated[
    bool,
    typer.Option("--summary", help="Say it on the page of the workflow's run too (GITHUB_STEP_SUMMARY)."),
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show the traceback of an error.")]
