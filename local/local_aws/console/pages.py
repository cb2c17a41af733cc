"""The arguments and the results of views."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.console.clients import Aws, GitHub


class NotThereError(Exception):
    """There is no such thing. The message is a sentence that names it."""


class WrongFormError(Exception):
    """A form that was not filled in as it must be. The message is a sentence that says what is expected."""


@dataclass(frozen=True)
class Visit:
    """A request for a page. `names` are those in its path; `form` is what was sent with a change."""

    aws: Aws
    github: GitHub | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """A page: the template's name and what it shows, as `view`. A `live` page is watched while it is open."""

    template: str
    title: str
    view: Any
    live: bool = True


@dataclass(frozen=True)
class Changed:
    """A change that was made: what to say of it, and the path of the page that shows it, name by name."""

    message: str
    path: tuple[str, ...]


View = Callable[[Visit], Page]
Change = Callable[[Visit], Changed | Page]
