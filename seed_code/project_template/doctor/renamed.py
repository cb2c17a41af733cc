"""Whether a project's repositories are still called what its stack knows: what its roles trust and its events reach.

A repository is asked for by its id, which a new name or owner leaves as it is. Roles trust the subjects that it had when the
project was made or updated, and approvals are sent to the name that it had then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from project_template.aws import cloudformation
from project_template.aws.clients import Aws
from project_template.core.stack import Resource
from project_template.doctor.finding import Finding, fail, ok, warn
from project_template.doctor.sign_in import sign_in
from project_template.github import GitHub, Transport

_CHECK = "repositories"
_PARTS = {
    "BuildRepository": ("BuildRepositoryName", "BuildRepositoryUrl"),
    "DeployRepository": ("DeployRepositoryName", "DeployRepositoryUrl"),
}
"""By the resource's logical id: the parameter and the output of the stack that name it."""


@dataclass(frozen=True)
class Wired:
    """A repository: as the stack records it (`recorded`), and as GitHub does (`live`, None where it is gone). Names with owner.

    `prefix` is how the subjects of its tokens begin, "" where GitHub does not tell.
    """

    parameter: str
    recorded: str
    live: str | None
    prefix: str = ""

    @property
    def new_name(self) -> str | None:
        """Its name without its owner, where that is another one than the stack knows and the owner is the same.

        One that differs by capitals alone is another one: subjects have GitHub's capitals, and IAM compares them.
        """
        owner, _, name = (self.live or "").partition("/")
        known_owner, _, known = self.recorded.partition("/")
        return name if name != known and owner.lower() == known_owner.lower() else None


def look(
    aws: Aws, record: Mapping[str, Any], project: str, stack: str, transport: Transport
) -> Iterator[Finding]:
    """Raises GitHubError where GitHub does not answer."""
    recorded = _recorded(aws, stack)
    github = _reader(aws, record, recorded, transport)
    if github is None:
        yield warn(
            _CHECK,
            "GitHub was not asked what they are called now: the sign-in reads no repositories from here",
            f"After a renaming: `project-template update {project} --parameter BuildRepositoryName=NAME` "
            "(or DeployRepositoryName).",
        )
        return
    trusted = _trusted(aws, cloudformation.resources(aws, stack))
    for identity, each in recorded.items():
        yield _finding(_looked_up(github, identity, each), project, trusted)


def names(aws: Aws, record: Mapping[str, Any], stack: str, transport: Transport) -> dict[str, str]:
    """The parameters of the stack that name a renamed repository, with its new name. Raises GitHubError."""
    recorded = _recorded(aws, stack)
    github = _reader(aws, record, recorded, transport)
    found = (
        [_looked_up(github, identity, each) for identity, each in recorded.items()]
        if github is not None
        else []
    )
    return {each.parameter: each.new_name for each in found if each.new_name is not None}


def _finding(wired: Wired, project: str, trusted: frozenset[str]) -> Finding:
    update = f"project-template update {project}"
    if wired.live is None:
        return fail(
            _CHECK,
            f"{wired.recorded} is gone, or this sign-in does not see it any more",
            "Restore it on GitHub (Settings, Deleted repositories), or let the sign-in see it.",
        )
    if wired.new_name is not None:
        return fail(
            _CHECK,
            f"{wired.recorded} is called {wired.live} now: no role trusts its jobs, and its events are sent to the old name",
            f"`{update} --parameter {wired.parameter}={wired.new_name}` (so does `{update}` alone).",
        )
    if wired.live.lower() != wired.recorded.lower():
        return fail(
            _CHECK,
            f"{wired.recorded} was moved to {wired.live}: a project's repositories stay with their owner",
            "Transfer it back on GitHub, or make a new project for the new owner.",
        )
    if wired.prefix and not any(subject.startswith(f"{wired.prefix}:") for subject in trusted):
        return fail(
            _CHECK,
            f"the tokens of {wired.live} have subjects that begin with {wired.prefix}, which no role of the project trusts",
            f"Give it another name on GitHub, and run `{update}`: the subject is read again.",
        )
    return ok(_CHECK, f"{wired.live} has the name and the subjects that the project knows")


def _reader(
    aws: Aws, record: Mapping[str, Any], recorded: Mapping[str, Wired], transport: Transport
) -> GitHub | None:
    """GitHub as the sign-in reads repositories; None where it does not. An App does through its installation."""
    github = sign_in(aws, record, transport)
    if not isinstance(github, GitHub) or "app_id" not in record.get("sign_in", {}):
        return github if isinstance(github, GitHub) else None
    for owner in {each.recorded.partition("/")[0] for each in recorded.values()}:
        for kind in ("orgs", "users"):
            installed = github.get(f"/{kind}/{owner}/installation")
            if installed.status == 200:
                return github.reader(int(installed.body["id"]))
    return None


def _recorded(aws: Aws, stack: str) -> dict[str, Wired]:
    """The repositories as the stack knows them, by GitHub's id."""
    found = cloudformation.describe(aws, stack)
    outputs = found.outputs if found is not None else {}
    recorded = {}
    for resource in cloudformation.resources(aws, stack):
        parameter, output = _PARTS.get(resource.logical_id, ("", ""))
        name = urlsplit(outputs.get(output, "")).path.strip("/").split("/")[-2:]
        if parameter and len(name) == 2 and resource.physical_id.isdecimal():
            recorded[resource.physical_id] = Wired(parameter, "/".join(name), None)
    return recorded


def _looked_up(github: GitHub, identity: str, wired: Wired) -> Wired:
    """The repository with what GitHub says of it now."""
    answer = github.get(f"/repositories/{identity}")
    if answer.status != 200:
        return wired
    subject = github.get(f"/repositories/{identity}/actions/oidc/customization/sub")
    prefix = subject.body.get("sub_claim_prefix") if subject.status == 200 else None
    return replace(wired, live=str(answer.body["full_name"]), prefix=str(prefix or ""))


def _trusted(aws: Aws, resources: list[Resource]) -> frozenset[str]:
    """All subjects that the roles of the project trust."""
    found: set[str] = set()
    for resource in resources:
        if resource.type != "AWS::IAM::Role":
            continue
        policy: Any = aws.iam.get_role(RoleName=resource.physical_id)["Role"]["AssumeRolePolicyDocument"]
        for statement in policy.get("Statement", []):
            for condition in statement.get("Condition", {}).values():
                for key, value in condition.items():
                    if key.endswith(":sub"):
                        found |= {value} if isinstance(value, str) else set(value)
    return frozenset(found)
