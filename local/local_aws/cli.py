"""The `local-aws` command: up · reset · exec · env · sample · demo."""

from __future__ import annotations

import errno
import gc
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local_aws.errors import LocalAwsError, UsageError
from local_aws.identities import Identity
from local_aws.project import DEFAULT, check_name, require_no_template

if TYPE_CHECKING:
    from local_aws.kernel.account import Clients

_EXAMPLE = "http://127.0.0.1:5577"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_NEW_OBJECTS = 50_000
"""Objects that are made before Python looks for garbage among them: at its own threshold, 700, it searches all that the server
has imported again and again."""

ProjectName = Annotated[
    str,
    typer.Option(
        "--project",
        metavar="NAME",
        help="The project that CMD works in; made when it is first named.",
    ),
]

app = typer.Typer(
    help="An embedded AWS that really runs SageMaker pipelines, on loopback, without an account.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"local-aws {version('local-aws')}")
        raise typer.Exit()


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """The options that every command has."""


@app.command()
def up(
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            show_default="5577, or that of --state",
            help="The port on 127.0.0.1; 0 takes a free one.",
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep everything in that folder, and go on with what is in it."),
    ] = None,
    github_org: Annotated[
        str | None,
        typer.Option(
            "--github-org",
            metavar="LOGIN",
            help="Make that organisation on the embedded GitHub, with a sign-in.",
        ),
    ] = None,
    studio_domain: Annotated[
        str | None,
        typer.Option("--studio-domain", metavar="NAME", help="Make a Studio domain of that name."),
    ] = None,
    projects: Annotated[
        list[str] | None,
        typer.Option(
            "--project", metavar="NAME", help="Prepare that project as well (may be repeated); see exec."
        ),
    ] = None,
) -> None:
    """Serve until stopped (Ctrl-C), with a default project prepared.

    With --state everything is there again at the next start: buckets, projects, repositories, registry, endpoints. It is saved
    whenever nothing is under way; a job or a deployment that a stop interrupts has not begun for the next start.

    With --github-org and --studio-domain there is all that `project-template publish` and `create` need; what is to be given
    to them is printed.
    """
    from local_aws import prepared
    from local_aws.console import Aws, Console, GitHub, Renewed
    from local_aws.developer import credentials, granted_project
    from local_aws.kernel.signing.keys import KeyFileError, published
    from local_aws.kernel.termination import awaited
    from local_aws.persistence import served

    names = list(dict.fromkeys(map(check_name, projects or [])))
    try:
        with (
            awaited(signal.SIGINT, signal.SIGTERM) as termination,
            served(state, port) as server,
            published(server.account.clients.keys.administrator, server.port),
        ):
            clients = server.account.clients
            project = granted_project(clients)
            for name in names:
                require_no_template(clients, name)
                granted_project(clients, name)
            owner = prepared.organization(server.github, clients, github_org) if github_org else None
            domain = (
                prepared.studio_domain(clients, studio_domain, project.pipeline_role_arn)
                if studio_domain
                else None
            )
            github = GitHub(server.github.api_url, owner.token) if owner else None
            developer = Renewed(lambda: credentials(clients, project, Identity.DEVELOPER))
            with closing(Console(server.endpoint_url, Aws(clients, developer), github)) as console:
                server.add_gateway(console)
                for line in prepared.instructions(
                    server.github, clients, owner, domain, console.address, names
                ):
                    typer.echo(line, err=True)
                termination.wait()
    except KeyFileError as error:
        raise UsageError(str(error)) from error


@app.command()
def reset(
    state: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that `up --state` was given.")],
) -> None:
    """Remove what `local-aws up --state DIR` keeps, so that the next one begins with nothing."""
    from local_aws.persistence import remove

    remove(state)
    typer.echo(f"Removed {state}. Next: local-aws up --state {shlex.quote(str(state))}")


@app.command(name="exec", context_settings={"ignore_unknown_options": True})
def execute(
    command: Annotated[list[str], typer.Argument(metavar="-- CMD...", help="The command and its arguments.")],
    attach: Annotated[
        str | None, typer.Option(metavar="URL", help="Use a running `local-aws up` instead of a new server.")
    ] = None,
    identity: Annotated[
        Identity,
        typer.Option("--as", help="Whom CMD works as: a session of a role, or the account's root."),
    ] = Identity.DEVELOPER,
    project: ProjectName = DEFAULT,
    sample: Annotated[
        bool,
        typer.Option("--sample", help="Give CMD a public sample as TRAINING_DATA, and its recipe as RECIPE."),
    ] = False,
) -> None:
    """Run CMD with its AWS replaced by the embedded one, and exit with its code.

    CMD gets the endpoint, credentials of the embedded AWS, the region and the project's variables. Real credentials in the
    environment are neither used nor passed on. The policies of every role are enforced, also of those that jobs and functions
    have; only root may do anything. Each project has a bucket, a key, roles, a model package group and stages of its own.
    """
    check_name(project)
    extra = _sample(os.environ.get("RECIPE")) if sample else {}
    if attach is not None:
        raise typer.Exit(_run(command, _clients_of(attach), identity, project, extra))
    from local_aws.server import Server

    with Server(enforce=True) as server:
        code = _run(command, server.account.clients, identity, project, extra)
    raise typer.Exit(code)


@app.command()
def env(
    attach: Annotated[str, typer.Option(metavar="URL", help="The running `local-aws up`.")] = _EXAMPLE,
    identity: Annotated[
        Identity, typer.Option("--as", help="Whom commands work as, for twelve hours; see exec.")
    ] = Identity.DEVELOPER,
    project: ProjectName = DEFAULT,
) -> None:
    """Print what sets this shell up for a running `local-aws up`: eval "$(local-aws env)".

    The shell gets what `exec --attach` gives its command, and loses the same.
    """
    from local_aws.kernel.environment import shell_commands

    check_name(project)
    made = _environment(_clients_of(attach), identity, project, {})
    for line in shell_commands(os.environ, made):
        typer.echo(line)


@app.command()
def sample(
    recipe: Annotated[
        str | None, typer.Option(envvar="RECIPE", help="The recipe that it should be for, if there is one.")
    ] = None,
) -> None:
    """Print the path of a public sample of labelled text, which is downloaded once, and the recipe that reads it."""
    found = _sample(recipe)
    typer.echo(f"{found['TRAINING_DATA']}\t{found['RECIPE']}")


@app.command()
def demo(
    data: Annotated[
        Path | None, typer.Option(help="Reviews to use instead of those that are downloaded.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="The recipe that describes --data. Default: clothing-reviews.")
    ] = None,
    root: Annotated[
        Path | None, typer.Option(help="The repository. Default: found from here upwards.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on stdout, and nothing else.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show what the commands say, which a file gets otherwise.")
    ] = False,
) -> None:
    """Take real reviews through the whole loop on the embedded AWS and show what happens."""
    from local_aws import demo as demonstration

    demonstration.run(data, recipe, root, as_json, verbose)


def _sample(recipe: str | None) -> dict[str, str]:
    """The variables that name a sample: one for `recipe` where there is one, else any."""
    from local_aws.demo import data

    def say(text: str) -> None:
        typer.echo(text, err=True)

    found = data.find(None, recipe, say)
    say(f"Sample for the recipe {found.recipe}: {found.source}")
    return {"TRAINING_DATA": str(found.path), "RECIPE": found.recipe}


def _environment(
    clients: Clients, identity: Identity, project: str, extra: Mapping[str, str]
) -> dict[str, str]:
    from local_aws.developer import environment_of

    require_no_template(clients, project)
    return environment_of(os.environ, clients, identity, extra, project)


def _run(
    command: list[str], clients: Clients, identity: Identity, project: str, extra: Mapping[str, str]
) -> int:
    environment = _environment(clients, identity, project, extra)
    try:
        # The terminal sends Ctrl-C to CMD as well: let it answer, and exit with what it says.
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        process = subprocess.Popen(command, env=environment, preexec_fn=_restore_sigint)
        try:
            code = process.wait()
        finally:
            signal.signal(signal.SIGINT, previous)
    except (FileNotFoundError, PermissionError) as error:
        raise UsageError(f"cannot run {command[0]!r}: {error.strerror}") from error
    return code if code >= 0 else 128 - code


def _restore_sigint() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _clients_of(url: str) -> Clients:
    """The clients of a running `local-aws up`.

    Refuses any address but loopback: an attached command must never reach a real AWS by a slip.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from local_aws.kernel.account import Clients
    from local_aws.kernel.http.guard import own_origin
    from local_aws.kernel.signing.keys import KeyFileError

    try:
        own = own_origin(url)
    except ValueError as error:
        raise UsageError(f"--attach {url}: no address ({error}); expected one such as {_EXAMPLE}") from error
    if "://" not in url:
        raise UsageError(f"--attach {url}: the scheme is missing; write http://{url}")
    if not own:
        raise UsageError(f"--attach {url}: only an embedded AWS on loopback, such as {_EXAMPLE}")
    try:
        clients = Clients.of_running(url)
        clients.client("sts").get_caller_identity()
    except (BotoCoreError, KeyFileError) as error:
        raise UsageError(
            f"--attach {url}: nothing answers there; start it with `local-aws up` ({error})"
        ) from error
    except ClientError as error:
        raise UsageError(
            f"--attach {url}: what answers there is no `local-aws up` of yours: {error}"
        ) from error
    return clients


def main() -> None:
    """Run the command line; turn errors into a message and their exit code."""
    from local_aws.kernel.http import server_log

    gc.set_threshold(_NEW_OBJECTS)
    try:
        with server_log.in_words():
            app()
    except LocalAwsError as error:
        typer.echo(f"local-aws: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        advice = ": make room, and run the same command again" if error.errno in _FULL else ""
        typer.echo(f"local-aws: {error.strerror or error}{where}{advice}", err=True)
        sys.exit(LocalAwsError.exit_code)
