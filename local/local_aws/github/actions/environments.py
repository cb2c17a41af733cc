"""The protection rules of an environment: its branches, its wait timer, its reviewers.

https://docs.github.com/actions/reference/workflows-and-actions/deployments-and-environments
"""

from __future__ import annotations

from local_aws.github.actions import patterns
from local_aws.github.actions.events import Event
from local_aws.github.records import Environment, Organization, Repository, User
from local_aws.github.ref_updates import HEADS
from local_aws.github.state import State

_TAGS = "refs/tags/"


def existing(state: State, repository: Repository, name: str) -> Environment:
    """The environment, which is made where a workflow names one that is not there."""
    made = Environment(state.new_id(), name)
    return repository.environments.setdefault(name.lower(), made)


def refusal(repository: Repository, environment: Environment, event: Event) -> str | None:
    """Why the branch or tag may not deploy to the environment, or None."""
    kind = "tag" if event.ref.startswith(_TAGS) else "branch"
    name = event.ref.removeprefix(HEADS).removeprefix(_TAGS)
    if environment.protected_branches:
        allowed = name in repository.protection
    elif environment.custom_policies:
        allowed = patterns.chosen([each.name for each in environment.policies if each.type == kind], name)
    else:
        allowed = True
    if allowed:
        return None
    shown = kind.capitalize()
    return f'{shown} "{name}" is not allowed to deploy to {environment.name} due to environment protection rules.'


def may_review(repository: Repository, environment: Environment, user: User, event: Event) -> bool:
    """Whether the user is one of the reviewers, and not the one whose event it is where that is prevented."""
    if environment.prevent_self_review and event.actor is user:
        return False
    owner = repository.owner
    teams = owner.teams.values() if isinstance(owner, Organization) else ()
    of_teams = {team.id for team in teams if user.login in team.members}
    return any(
        (kind == "User" and identity == user.id) or (kind == "Team" and identity in of_teams)
        for kind, identity in environment.reviewers
    )
