"""The commands on one project: create, update, env and teardown."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from model_common.cli.command_line import confirmed, print_result, reported
from project_template.cli.options import (
    ADVICE,
    Json,
    ProjectName,
    Publication,
    Region,
    Tags,
    Timeout,
    Verbose,
    pairs,
)
from project_template.core.settings import DEFAULT_NAME, Form


class ProjectForm(StrEnum):
    """The values of --form for `create`. A project has one of them."""

    S3 = Form.S3.value
    SERVICE_CATALOG = Form.SERVICE_CATALOG.value


Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameter", metavar="KEY=VALUE", help="Any parameter of the template; can be repeated."),
]
TrainingData = Annotated[
    str | None,
    typer.Option(
        "--training-data",
        metavar="URI",
        help="The object in S3 to train with, in whatever bucket, or a prefix that ends in a slash: roles may read it.",
    ),
]
WatchData = Annotated[
    bool | None,
    typer.Option(
        "--watch-data/--no-watch-data",
        help="Train on main when new objects arrive under --training-data. Its bucket sends events to EventBridge.",
        show_default=False,
    ),
]
TrainingDataKey = Annotated[
    str | None,
    typer.Option(
        "--training-data-key",
        metavar="ARN",
        help="The KMS key that it is encrypted with, where not S3's own.",
    ),
]
TrialEndpoint = Annotated[
    bool | None,
    typer.Option(
        "--trial-endpoint/--no-trial-endpoint",
        help="Whether pipelines may serve a candidate from a temporary endpoint (trial in a recipe).",
        show_default=False,
    ),
]


def create(
    name: ProjectName,
    github_org: Annotated[
        str,
        typer.Option("--github-org", metavar="LOGIN", help="Whose repositories: an organisation, or a user."),
    ],
    form: Annotated[ProjectForm, typer.Option("--form", help="The form to create it by.")] = ProjectForm.S3,
    recipe: Annotated[str | None, typer.Option("--recipe", help="The problem: a file of recipes/.")] = None,
    training_data: TrainingData = None,
    training_data_key: TrainingDataKey = None,
    watch_data: WatchData = None,
    endpoint_kind: Annotated[
        str | None, typer.Option("--endpoint-kind", help="realtime or serverless.")
    ] = None,
    production_gate: Annotated[
        str | None,
        typer.Option("--production-gate", help="Who lets models into production: github or registry."),
    ] = None,
    reviewers: Annotated[
        str | None,
        typer.Option(
            "--reviewers",
            metavar="LOGIN,ORG/TEAM",
            help="Who reviews what goes to production; needed with the gate github.",
        ),
    ] = None,
    visibility: Annotated[
        str | None, typer.Option("--visibility", help="Of the repositories: private, internal or public.")
    ] = None,
    build_repository: Annotated[
        str | None, typer.Option("--build-repository", help="By default NAME-build.")
    ] = None,
    deploy_repository: Annotated[
        str | None, typer.Option("--deploy-repository", help="By default NAME-deploy.")
    ] = None,
    trial_endpoint: TrialEndpoint = None,
    parameter: Parameters = None,
    tag: Tags = None,
    description: Annotated[str, typer.Option("--description", help="What Studio shows.")] = "",
    publication: Publication = DEFAULT_NAME,
    timeout: Timeout = None,
    region: Region = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Create a project as Studio does, and follow it to its end, with the first failing resource's reason.

    What is not given has the template's default. A project that is being created already is watched.
    """
    with reported(verbose, ADVICE):
        from rich.console import Console

        from project_template.aws.clients import connect
        from project_template.commands import create
        from project_template.core.settings import watched_prefix

        named = {
            "GitHubOwner": github_org,
            "Recipe": recipe,
            "TrainingData": training_data,
            "TrainingDataKey": training_data_key,
            "WatchedPrefix": watched_prefix(training_data, watch_data),
            "EndpointKind": endpoint_kind,
            "ProductionGate": production_gate,
            "ProductionReviewers": reviewers,
            "RepositoryVisibility": visibility,
            "BuildRepositoryName": build_repository,
            "DeployRepositoryName": deploy_repository,
            "TrialEndpoint": _yes_or_no(trial_endpoint),
        }
        values = {key: value for key, value in named.items() if value is not None} | pairs(parameter)
        request = create.Request(
            name, publication, Form(form), values, description, timeout, pairs(tag, "--tag")
        )
        result = create.run(connect(region), request, Console(stderr=True))
        print_result(result.document() if as_json else result.lines())


def update(
    name: ProjectName,
    training_data: TrainingData = None,
    training_data_key: TrainingDataKey = None,
    watch_data: WatchData = None,
    trial_endpoint: TrialEndpoint = None,
    parameter: Parameters = None,
    tag: Tags = None,
    publication: Publication = DEFAULT_NAME,
    timeout: Timeout = None,
    region: Region = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Bring a project to the published version. New seeds arrive as a pull request; exit 4 if it was rolled back.

    The project keeps the values of its parameters, but for those that are given.
    """
    with reported(verbose, ADVICE):
        from rich.console import Console

        from project_template.aws.clients import connect
        from project_template.commands import update

        named = {
            "TrainingData": training_data,
            "TrainingDataKey": training_data_key,
            "TrialEndpoint": _yes_or_no(trial_endpoint),
        }
        values = {key: value for key, value in named.items() if value is not None} | pairs(parameter)
        request = update.Request(name, publication, values, timeout, pairs(tag, "--tag"), watch_data)
        result = update.run(connect(region), request, Console(stderr=True))
        print_result(result.document() if as_json else result.lines())


def env(
    name: ProjectName,
    region: Region = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Print what sets a shell up for a project: eval "$(project-template env NAME)". Reads only.

    The shell gets the project's variables, which its repositories have on GitHub; who it is signed in as stays.
    """
    with reported(verbose, ADVICE):
        from project_template.aws.clients import connect
        from project_template.commands import env

        found = env.read(connect(region), name)
        print_result(env.document(found) if as_json else env.lines(found))


def teardown(
    name: ProjectName,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    with_endpoints: Annotated[
        bool,
        typer.Option(
            "--with-endpoints", help="Delete the project's endpoints, too: their clients lose them."
        ),
    ] = False,
    with_data: Annotated[
        bool, typer.Option("--with-data", help="Delete models, data, bucket and key, too. Not to be undone.")
    ] = False,
    timeout: Timeout = None,
    region: Region = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """List everything that the project made, and delete it. Models and data stay, unless told; repositories are archived.

    Can be run again at any time: it goes on with what is left.
    """
    with reported(verbose, ADVICE):
        from rich.console import Console

        from project_template.aws.clients import connect
        from project_template.commands import teardown

        clients = connect(region)
        request = teardown.Request(name, with_endpoints, with_data, timeout)
        inventory = teardown.take_inventory(clients, request)
        for line in teardown.lines(inventory, request):
            typer.echo(line, err=as_json)
        left = inventory
        if teardown.has_work(inventory, request):
            teardown.require_free(inventory, request)
            teardown.confirm(inventory, yes, confirmed)
            left = teardown.run(clients, request, inventory, Console(stderr=True))
        if as_json:
            print_result(teardown.document(inventory, left, request))


def _yes_or_no(given: bool | None) -> str | None:
    """The value of a parameter of the template, None where the option was not given."""
    return None if given is None else "yes" if given else "no"
