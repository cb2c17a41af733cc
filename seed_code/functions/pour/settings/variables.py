"""The variables of a repository, which its workflows read."""

from __future__ import annotations

from collections.abc import Mapping

from github import Client, segment
from github.errors import ConflictError

_PAGE = 30  # GitHub gives no more of them at once


def read(client: Client, repository: str) -> dict[str, str]:
    """All variables of the repository at the API's path `repository`."""
    found: dict[str, str] = {}
    page = 1
    while True:
        answer = client.get(f"{repository}/actions/variables?per_page={_PAGE}&page={page}")
        found |= {each["name"]: each["value"] for each in answer["variables"]}
        if len(answer["variables"]) < _PAGE or len(found) >= answer["total_count"]:
            return found
        page += 1


def ensure(client: Client, repository: str, wanted: Mapping[str, str]) -> None:
    """Make or change what differs, and leave the variables that the team added.

    An empty value means no variable: a workflow reads one that does not exist as "".
    """
    existing = read(client, repository)
    for name, value in ((name.upper(), value) for name, value in wanted.items()):  # GitHub keeps names so
        place = f"{repository}/actions/variables/{segment(name)}"
        if existing.get(name, "") == value:
            continue
        if not value:
            client.delete(place)
        elif name in existing:
            client.patch(place, {"name": name, "value": value})
        else:
            _create(client, repository, name, value)


def _create(client: Client, repository: str, name: str, value: str) -> None:
    try:
        client.post(f"{repository}/actions/variables", {"name": name, "value": value})
    except ConflictError:  # the answer to the first attempt was lost
        client.patch(f"{repository}/actions/variables/{segment(name)}", {"name": name, "value": value})
