"""`project-template doctor`: every check that there is, with what was found, and how to fix it. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from model_common.aws.errors import error_code, error_text, is_denied
from project_template import seed
from project_template.account import project, publication
from project_template.account.project import Project
from project_template.account.publication import Published
from project_template.aws.clients import Aws
from project_template.core import blueprint, template
from project_template.doctor import (
    bucket,
    folder,
    github_access,
    launch_role,
    oidc,
    project_names,
    quotas,
    renamed,
    users,
    watched_data,
)
from project_template.doctor.finding import Finding, Level, fail, ok, warn
from project_template.doctor.github_access import RepositoryRequest
from project_template.errors import GitHubError, NotPublishedError, RefusedError
from project_template.github import Transport, fetch

_RECIPES, _STAGES = seed.TEMPLATE / "build" / "recipes", seed.TEMPLATE / "deploy" / "stages"


@dataclass(frozen=True)
class Request:
    """The request for an examination. An empty `project` or `owner` is not examined; `folders` have manifests."""

    publication: str
    project: str = ""
    owner: str = ""
    visibility: str = "private"
    domains: tuple[str, ...] = ()
    gate: str = "github"
    reviewers: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()


def run(
    aws: Aws, request: Request, transport: Transport = fetch, checkout: Callable[[], str] | None = None
) -> list[Finding]:
    """All findings, in the order in which a project needs them.

    `checkout` says which content this checkout holds; by default it is read.
    """
    try:
        found = publication.find(aws, request.publication)
    except NotPublishedError as error:
        findings = [
            fail(
                "publication", error.message, "`project-template publish --dry-run` shows what it would make."
            )
        ]
        names = _run_check("names", lambda: _names(aws, request, None))
        return [*findings, *names, *_quotas(aws), *_folders(request)]
    return [
        *_publication(found),
        *_run_check("template bucket", lambda: bucket.bucket(aws, found)),
        *_run_check("template object", lambda: bucket.template_object(aws, found)),
        *_run_check("archives", lambda: bucket.archives(aws, found)),
        *_run_check(
            "template version", lambda: [bucket.version(found, checkout() if checkout else _checkout(found))]
        ),
        *_run_check("domain tag", lambda: _domains(aws, request, found)),
        *_run_check("launch role", lambda: _launch_role(aws, found)),
        *_run_check("users", lambda: users.check(aws, found)),
        *_run_check("OIDC provider", lambda: [_oidc(aws, found)]),
        *_run_check("GitHub", lambda: _github(aws, request, found, transport)),
        *_quotas(aws),
        *_run_check("names", lambda: _names(aws, request, found)),
        *_run_check("project", lambda: _project(aws, request, found)),
        *_run_check("watched data", lambda: _watched(aws, request)),
        *_run_check("repositories", lambda: _repositories(aws, request, found, transport)),
        *_folders(request),
    ]


def verdict(findings: Iterable[Finding]) -> RefusedError | None:
    """The error to end with when a check failed, else None."""
    failed = [each.check for each in findings if each.level is Level.FAIL]
    if not failed:
        return None
    return RefusedError(
        f"{len(failed)} checks failed: {', '.join(dict.fromkeys(failed))}. Fix them as described above."
    )


def document(findings: Iterable[Finding]) -> dict[str, Any]:
    """The findings for machines."""
    listed = list(findings)
    return {"ok": verdict(listed) is None, "findings": [asdict(each) for each in listed]}


def lines(findings: Iterable[Finding]) -> list[str]:
    """The findings for people, a line each, and below it how to fix it."""
    printed = []
    for each in findings:
        printed.append(f"{each.level:<5} {each.check:<17} {each.found}")
        if each.fix:
            printed.append(f"{'':<23} -> {each.fix}")
    return printed


def _run_check(check: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """The findings, or that it could not be looked at: one closed door is no reason to leave the others out."""
    try:
        return list(look())
    except ClientError as error:
        found = f"could not be looked at: {error.operation_name} answered {error_code(error)}"
        fix = (
            "Allow yourself that operation, and ask again."
            if is_denied(error)
            else f"AWS says: {error_text(error)}."
        )
        return [warn(check, found, fix)]
    except GitHubError as error:
        return [fail(check, error.message, "Check the network, and the --github-url that was published.")]


def _publication(found: Published) -> Iterator[Finding]:
    status = found.stack.status
    if found.stack.succeeded:
        yield ok("publication", f"the stack {found.stack.name} is {status}")
    else:
        yield warn(
            "publication",
            f"the stack {found.stack.name} is {status}",
            "Run `project-template publish` again.",
        )
    if not found.record:
        yield fail("publication", "publishing did not complete", "Run `project-template publish` again.")


def _checkout(found: Published) -> str:
    """The version that the same publication would have from this checkout."""
    return blueprint.checkout(github_api_url=str(found.record.get("github_api_url", ""))).version


def _domains(aws: Aws, request: Request, found: Published) -> Iterator[Finding]:
    domains = request.domains or tuple(found.record.get("domains", ()))
    if found.record.get("form") == "service-catalog":
        yield ok("domain tag", "not needed: the Service Catalog form is published alone")
        return
    if not domains:
        yield warn(
            "domain tag",
            "no domain was published to, so no Studio lists the S3 template",
            "`project-template publish --domain ID ...` tags one.",
        )
    place = blueprint.Place(aws.account, aws.region, aws.partition)
    for each in domains:
        yield bucket.domain(aws, blueprint.domain_arn(place, each), str(found.record.get("location", "")))


def _launch_role(aws: Aws, found: Published) -> Iterator[Finding]:
    role = launch_role.read(aws, found.launch_role_arn) if found.launch_role_arn else None
    if role is None:
        yield fail(
            "launch role",
            f"{found.launch_role_arn or 'the launch role'} is not there: CreateProject is refused",
            f"It is made by the stack {found.stack.name}: let it be made again there, and publish again.",
        )
        return
    yield launch_role.trust(role)
    types = template.resource_types(template.parse(publication.template_text(aws, found) or "{}"))
    needed, unknown = launch_role.needed(aws, types)
    yield from launch_role.coverage(role, needed)
    if unknown:
        yield warn(
            "launch role",
            f"CloudFormation does not tell what it needs for {', '.join(unknown)}",
            "Allow yourself cloudformation:DescribeType, and ask again.",
        )
    actions = {action for handlers in needed.values() for each in handlers.values() for action in each}
    if actions:
        yield launch_role.simulated(aws, role, actions)


def _oidc(aws: Aws, found: Published) -> Finding:
    return oidc.provider(
        aws, str(found.record.get("issuer", "")), str(found.record.get("oidc_provider_arn", ""))
    )


def _github(aws: Aws, request: Request, found: Published, transport: Transport) -> Iterator[Finding]:
    repositories = RepositoryRequest(request.owner, request.visibility, request.gate, request.reviewers)
    is_new = bool(request.project) and project.describe(aws, request.project) is None
    yield from github_access.look(
        aws, found.record, repositories, transport, request.project if is_new else ""
    )
    if not request.owner:
        yield warn(
            "GitHub reach", "no organisation was named", "--github-org LOGIN checks one, and its plan."
        )


def _folders(request: Request) -> list[Finding]:
    return [finding for each in request.folders for finding in folder.check(each)]


def _quotas(aws: Aws) -> list[Finding]:
    needed = quotas.wanted(quotas.read(_RECIPES), quotas.read(_STAGES))
    return _run_check("quotas", lambda: quotas.check(needed, quotas.allowed(aws), aws.region))


def _names(aws: Aws, request: Request, found: Published | None) -> list[Finding]:
    if not request.project:
        return []
    text = publication.template_text(aws, found) if found else ""
    declared = template.parameters(template.parse(text or "{}"))
    recipes, stages = project_names.stems(_RECIPES), project_names.stems(_STAGES)
    return list(project_names.check(request.project, recipes, stages, declared))


def _project(aws: Aws, request: Request, found: Published) -> Iterator[Finding]:
    if not request.project:
        return
    there = project.describe(aws, request.project)
    if there is None:
        yield ok("project", f"there is no project {request.project} yet")
        return
    if there.failed:
        yield fail(
            "project",
            f"{there.name} is {there.status}: {there.reason or 'SageMaker gives no reason'}",
            f"`project-template {'update' if there.status == 'UpdateFailed' else 'teardown'} {there.name}`, once the cause is "
            "fixed.",
        )
    else:
        yield ok("project", f"{there.name} is {there.status}")
    if not there.running and there.status != "CreateFailed":
        yield bucket.project_version(aws, found, there.stack, there.name)


def _watched(aws: Aws, request: Request) -> Iterator[Finding]:
    there = _settled(aws, request)
    if there is not None:
        yield from watched_data.check(aws, there.name, there.stack)


def _settled(aws: Aws, request: Request) -> Project | None:
    """The project, if it has a stack that nothing is under way on."""
    there = project.describe(aws, request.project) if request.project else None
    if there is None or not there.stack or there.running or there.status == "CreateFailed":
        return None
    return there


def _repositories(aws: Aws, request: Request, found: Published, transport: Transport) -> Iterator[Finding]:
    there = _settled(aws, request)
    if there is not None:
        yield from renamed.look(aws, found.record, there.name, there.stack, transport)
