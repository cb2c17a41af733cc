"""A request to the REST API on its way, and the answer to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from local_aws.github.access import authorize
from local_aws.github.credentials import Anonymous, AppCaller, Caller, Token
from local_aws.github.errors import ApiError, invalid_request, not_found, requires_authentication
from local_aws.github.errors import forbidden as forbidden_
from local_aws.github.records import Repository, User
from local_aws.github.state import State

_T = TypeVar("_T")
_JSON_NAMES: dict[type, str] = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    list: "an array",
    dict: "an object",
}


@dataclass(frozen=True)
class Answer:
    """`body` None for an answer without one."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """`path` is below the API's base URL; `parameters` are the path's, decoded."""

    state: State
    caller: Caller
    method: str
    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]

    def __getitem__(self, parameter: str) -> str:
        return self.parameters[parameter]

    # Who

    @property
    def token(self) -> Token:
        """The token of a user or an installation. Raises 401 for nobody, 403 for an App's own JWT."""
        match self.caller:
            case Token():
                return self.caller
            case Anonymous():
                raise requires_authentication()
            case AppCaller():
                raise forbidden_("Resource not accessible by integration")

    @property
    def user(self) -> User:
        """The user who sends the request, or the bot of an App."""
        return self.token.user

    def repository(
        self, permission: str = "metadata", level: str = "read", even_archived: bool = False
    ) -> Repository:
        """The repository of the path, if the caller may do this with it. Raises 401, 403 or 404; 301 or 307 to a new name."""
        name = f"{self['owner']}/{self['repo']}"
        found = self.state.repository(name)
        if found is None:
            moved = self.state.moved(name)
            if moved is None:
                raise not_found()
            authorize(self.caller, moved, "metadata", "read")
            raise self._moved_to(moved)
        authorize(self.caller, found, permission, level, even_archived)
        return found

    def _moved_to(self, repository: Repository) -> ApiError:
        rest = self.path.split("/", 4)[4:]
        url = "/".join([f"{self.state.urls.api}/repositories/{repository.id}", *rest])
        get = self.method in {"GET", "HEAD"}
        status, message = (301, "Moved Permanently") if get else (307, "Temporary Redirect")
        return ApiError(status, message, headers={"Location": url}, members={"url": url})

    # What

    def required(self, name: str, kind: type[_T]) -> _T:
        """A member of the body. Raises 422 where it is missing or of another type."""
        if name not in self.body:
            raise invalid_request(f'"{name}" wasn\'t supplied.')
        return checked(name, self.body[name], kind)

    def optional(self, name: str, kind: type[_T], default: Any = None) -> Any:
        """A member of the body, or the default where it is missing or null."""
        stated = self.body.get(name)
        return default if stated is None else checked(name, stated, kind)

    def states(self, name: str) -> bool:
        """Whether the body has a member of this name."""
        return name in self.body

    def page(
        self, items: Sequence[_T], default: int = 30, most: int = 100
    ) -> tuple[list[_T], dict[str, str]]:
        """The part of a list that the query asks for, and the Link header to its neighbours.

        https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
        """
        size = min(max(self._number("per_page", default), 1), most)
        number = max(self._number("page", 1), 1)
        last = max(-(-len(items) // size), 1)
        links: dict[str, int] = {}
        if number > 1:
            links |= {"prev": min(number - 1, last), "first": 1}
        if number < last:
            links |= {"next": number + 1, "last": last}
        header = ", ".join(f'<{self._page_url(page)}>; rel="{name}"' for name, page in links.items())
        return list(items[(number - 1) * size : number * size]), {"Link": header} if header else {}

    def _number(self, name: str, default: int) -> int:
        stated = self.query.get(name, "")
        return int(stated) if stated.isdecimal() else default

    def _page_url(self, page: int) -> str:
        return f"{self.state.urls.api}{self.path}?{urlencode(dict(self.query) | {'page': page})}"


def checked(name: str, value: Any, kind: type[_T]) -> _T:
    """`value`, if it is of this JSON type. Raises 422."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise invalid_request(f"For 'properties/{name}', {value!r} is not {_JSON_NAMES[kind]}.")
    return value
