"""Custom::GitHubRepository: an empty repository that belongs to the project. Its physical id is the repository's id.

Create looks before it makes, so it can be tried again from anywhere:

    no such repository            it is made, marked in the same call
    ours, by its mark             it is taken up again; an archived one is brought back, for only this stack's own resource
                                  can have archived it, and whoever asks for it again wants it
    empty, with the topic         an owner has put it there for this project, where the organisation lets nobody else
    sagemaker-project-<name>      create repositories: it is adopted
    any other                     refused, naming the ways out: nothing of somebody else's is ever written to

Delete archives what Create made. One that never got a commit has nothing to keep and is deleted, so that its name is
free for the next attempt. Adopted repositories, and those whose mark was taken away, stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from github import Access, Client, SignIn, segment
from github.errors import ForbiddenError, InvalidError, NotFoundError
from pour.cloudformation.request import RepositoryProperties
from pour.errors import OwnerError, PropertyError, RepositoryTakenError
from pour.files.git_data import GitData
from pour.files.seeding import MAIN
from pour.ownership import ADOPTED, CREATED, VARIABLE, Mark, adoption_topic, path
from pour.settings import variables

NOT_CREATED = "not-created"
"""The physical id of a resource whose Create failed before anything was made: its Delete has nothing to do."""

_UNKNOWN = "unknown"
"""Begins the physical id while it is not known whether there is a repository, and whose: Delete looks."""

_CREATES_REPOSITORIES = {"administration": "write"}
_CONFIGURES_REPOSITORY = {
    "administration": "write",
    "actions": "read",
    "contents": "read",
    "actions_variables": "write",
}


class RepositoryResource:
    """One resource of one stack. `physical_id` is what it is known by so far."""

    def __init__(self, sign_in: SignIn, stack_id: str, logical_id: str) -> None:
        self._sign_in = sign_in
        self._mark = Mark(stack_id, logical_id)
        self.physical_id = NOT_CREATED

    def create(self, properties: RepositoryProperties) -> dict[str, str]:
        """The resource's attributes. Raises PourError and GitHubError."""
        whole = self._sign_in.client(Access(properties.owner, _CREATES_REPOSITORIES))
        owner = self._owner(whole, properties)
        repository = _find(whole, properties.full_name)
        if repository is None:
            repository = self._make(whole, owner, properties)
        self.physical_id = f"{_UNKNOWN}/{properties.full_name}"
        one = self._client_for_repository(properties.owner, repository)
        kind = self._mark.of(repository, one) or self._adopt(repository, one, properties)
        self.physical_id = str(repository["id"])
        if repository["archived"]:
            repository = one.patch(path(repository), {"archived": False})
        return self._set_up(one, repository, properties, kind)

    def update(
        self, physical_id: str, old: RepositoryProperties, new: RepositoryProperties
    ) -> dict[str, str]:
        """Rename the repository or change its visibility, in place. Raises PropertyError for another owner."""
        self.physical_id = physical_id
        if new.owner.lower() != old.owner.lower():
            raise PropertyError(
                f"The project's repositories belong to {old.owner}: they cannot move to {new.owner} by an update. Transfer them on"
                " GitHub, or make a new project."
            )
        whole = self._sign_in.client(Access(new.owner, _CREATES_REPOSITORIES))
        repository = self._find_by_id(whole, physical_id, new, old)
        if repository is None:
            raise RepositoryTakenError(
                f"The repository {old.full_name} (id {physical_id}) is gone, or these credentials do not see it any more. Restore it"
                " on GitHub (Settings, Deleted repositories), and update again."
            )
        one = self._client_for_repository(new.owner, repository)
        changes: dict[str, str] = {}
        if new.name != old.name and str(repository["name"]).lower() != new.name.lower():
            changes["name"] = new.name
        if new.visibility != old.visibility and _visibility(repository) != new.visibility:
            changes["visibility"] = new.visibility
        if changes:
            repository = one.patch(path(repository), changes)
        return self._set_up(one, repository, new, self._mark.of(repository, one))

    def delete(self, physical_id: str, properties: RepositoryProperties) -> None:
        """Archive what this resource made. What is gone, or was never made, is no failure."""
        self.physical_id = physical_id
        if physical_id.startswith(NOT_CREATED):
            return
        whole = self._sign_in.client(Access(properties.owner, _CREATES_REPOSITORIES))
        # A renamed one is found by the redirection that GitHub keeps, and its mark says whose it is.
        repository = whole.find(_path_of(properties.full_name))
        if repository is None:
            return
        one = self._client_for_repository(properties.owner, repository)
        if self._mark.of(repository, one) != CREATED or repository["archived"]:
            return
        if _is_empty(one, repository) and _try_delete(one, repository):
            return
        one.patch(path(repository), {"archived": True})

    def _client_for_repository(self, owner: str, repository: Mapping[str, Any]) -> Client:
        return self._sign_in.client(
            Access(owner, _CONFIGURES_REPOSITORY, repository_id=int(repository["id"]))
        )

    def _owner(self, client: Client, properties: RepositoryProperties) -> dict[str, Any]:
        owner: dict[str, Any] | None = client.find(f"/users/{segment(properties.owner)}")
        if owner is None:
            raise OwnerError(
                f"GitHub has no organisation or user {properties.owner!r}. Correct GitHubOwner, and try again."
            )
        if owner["type"] == "Organization":
            return owner
        if self._sign_in.is_app:
            raise OwnerError(
                f"{properties.owner} is a user, and a GitHub App cannot create repositories for users. Choose an organisation,"
                " or publish the template with a fine-grained token of that user."
            )
        login = str(client.get("/user")["login"])
        if login.lower() != properties.owner.lower():
            raise OwnerError(
                f"The token belongs to {login}, who cannot create repositories for {properties.owner}. Choose {login} or an"
                f" organisation, or publish the template with a token of {properties.owner}."
            )
        return owner

    def _make(
        self, client: Client, owner: Mapping[str, Any], properties: RepositoryProperties
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "name": properties.name,
            "description": self._mark.described(properties.description, properties.project_name),
            "auto_init": False,
            "has_wiki": False,
        }
        is_organization = owner["type"] == "Organization"
        if is_organization:
            body["visibility"] = properties.visibility
        elif properties.visibility == "internal":
            raise PropertyError(
                "Only an organisation of an Enterprise has internal repositories: choose private or public."
            )
        else:
            body["private"] = properties.visibility == "private"
        where = f"/orgs/{segment(properties.owner)}/repos" if is_organization else "/user/repos"
        # From here on it may be there, whether or not an answer comes back.
        self.physical_id = f"{_UNKNOWN}/{properties.full_name}"
        try:
            made: dict[str, Any] = client.post(where, body)
        except InvalidError as error:
            return self._find_created(client, properties, error)
        except (ForbiddenError, NotFoundError) as error:
            self.physical_id = NOT_CREATED
            raise OwnerError(_forbidden(properties, error.reason)) from error
        return made

    def _find_created(
        self, client: Client, properties: RepositoryProperties, error: InvalidError
    ) -> dict[str, Any]:
        """The repository that an earlier attempt created, whose answer was lost.

        Raises GitHub's refusal if there is none.
        """
        repository = _find(client, properties.full_name)
        if repository is not None:
            return repository
        self.physical_id = NOT_CREATED
        if "exist" in error.reason:
            raise _taken_error(properties, "exists, out of sight of these credentials") from error
        raise OwnerError(_forbidden(properties, error.reason)) from error

    def _adopt(self, repository: dict[str, Any], client: Client, properties: RepositoryProperties) -> str:
        """ADOPTED for an empty repository with the project's topic. Raises RepositoryTakenError for any other."""
        self.physical_id = NOT_CREATED
        if repository["archived"]:
            raise _taken_error(properties, "exists, is archived, and was not made by this stack")
        if adoption_topic(properties.project_name) not in (repository.get("topics") or ()):
            raise _taken_error(properties, "exists, and was not made by this stack")
        if not _is_empty(client, repository):
            raise _taken_error(properties, "exists, was not made by this stack, and has commits")
        return ADOPTED

    def _set_up(
        self, client: Client, repository: dict[str, Any], properties: RepositoryProperties, kind: str
    ) -> dict[str, str]:
        if kind:  # a mark that the team took away stays away
            variables.ensure(client, path(repository), {VARIABLE: self._mark.value(kind)})
        topics = list(repository.get("topics") or ())
        wanted = [topic.lower() for topic in properties.topics]
        if not set(wanted) <= set(topics):
            client.put(f"{path(repository)}/topics", {"names": list(dict.fromkeys([*topics, *wanted]))})
        return {
            "Id": str(repository["id"]),
            "FullName": repository["full_name"],
            "HtmlUrl": repository["html_url"],
            "DefaultBranch": MAIN,  # what the seed is poured to, whatever the owner calls new branches
            "SubjectPrefix": _subject_prefix(client, repository),
        }

    def _find_by_id(
        self, client: Client, physical_id: str, new: RepositoryProperties, old: RepositoryProperties
    ) -> dict[str, Any] | None:
        """The repository of that id, under its new name or its old one, which GitHub redirects."""
        for full_name in dict.fromkeys([new.full_name, old.full_name]):
            found: dict[str, Any] | None = client.find(_path_of(full_name))
            if found is not None and str(found["id"]) == physical_id:
                return found
            if (
                found is not None
                and full_name == new.full_name
                and str(found["full_name"]).lower() == full_name.lower()
            ):
                raise _taken_error(new, "exists, and is not the project's")
        return None


def _find(client: Client, full_name: str) -> dict[str, Any] | None:
    """The repository of that name; one that had it and was renamed has not."""
    found: dict[str, Any] | None = client.find(_path_of(full_name))
    if found is None or str(found["full_name"]).lower() != full_name.lower():
        return None
    return found


def _path_of(full_name: str) -> str:
    return path({"full_name": full_name})


def _visibility(repository: Mapping[str, Any]) -> str:
    return str(repository.get("visibility") or ("private" if repository["private"] else "public"))


def _is_empty(client: Client, repository: dict[str, Any]) -> bool:
    git = GitData(client, path(repository))
    return all(git.ref(f"heads/{branch}") is None for branch in {repository["default_branch"], MAIN})


def _try_delete(client: Client, repository: dict[str, Any]) -> bool:
    """Whether the owner's settings let it be deleted."""
    try:
        client.delete(path(repository))
    except ForbiddenError:
        return False
    return True


def _subject_prefix(client: Client, repository: dict[str, Any]) -> str:
    """The first part of the subject in the repository's OIDC tokens, as GitHub returns it.

    See "Get the customization template for an OIDC subject claim for a repository". Raises PropertyError for a template
    of the owner's own, whose subjects no trust policy of the project would match.
    """
    answer = client.find(f"{path(repository)}/actions/oidc/customization/sub") or {"use_default": True}
    keys = answer.get("include_claim_keys") or []
    if not answer["use_default"] and keys != ["repo", "context"]:
        raise PropertyError(
            f"{repository['full_name']} has OIDC subjects of its owner's making ({', '.join(keys) or 'the organisation has the template'}): the"
            " project's roles trust GitHub's default only. Set the repository's template back to the default, and try again."
        )
    # A server that does not say knows the classic form only.
    return str(answer.get("sub_claim_prefix") or f"repo:{repository['full_name']}")


def _taken_error(properties: RepositoryProperties, why: str) -> RepositoryTakenError:
    return RepositoryTakenError(
        f"The repository {properties.full_name} {why}; it was not touched. Choose another name, or have its owner rename or"
        " delete it. An empty repository that an owner made for this project is used once it has the topic"
        f" {adoption_topic(properties.project_name)}."
    )


def _forbidden(properties: RepositoryProperties, reason: str) -> str:
    return (
        f"{properties.owner} does not let these credentials create the {properties.visibility} repository {properties.name}"
        f" ({reason or 'no reason given'}). Have an owner allow it (organisation settings, Member privileges and GitHub Apps; the"
        " token or App needs Administration: write), choose another visibility, or have an owner make the repository, empty,"
        f" with the topic {adoption_topic(properties.project_name)}: then it is used. Try again then."
    )
