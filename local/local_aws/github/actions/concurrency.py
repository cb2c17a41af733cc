"""Concurrency groups: of jobs and runs that name the same group of a repository, one goes at a time.

https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

_MOST = 100
"""Members that may wait with `queue: max`."""


@dataclass(eq=False)
class Member:
    """A run or a job in a group; `cancel` is called when another takes its place."""

    name: str
    cancel: Callable[[str], None]


@dataclass
class _Group:
    holder: Member | None = None
    pending: list[Member] = field(default_factory=list)


class Groups:
    """All groups, by repository and name, whatever its case. Not locked: the engine does."""

    def __init__(self) -> None:
        self._groups: dict[tuple[int, str], _Group] = {}

    def enter(
        self, repository: int, name: str, member: Member, queue: str = "single", cancel: bool = False
    ) -> None:
        """Join a group: hold it if it is free, else wait. With `cancel` who holds it is cancelled, and waited for."""
        group = self._groups.setdefault((repository, name.lower()), _Group())
        if group.holder is None:
            group.holder = member
            return
        reason = f"Canceling since a higher priority waiting request for '{name}' exists"
        if cancel:
            group.holder.cancel(reason)
        if queue == "single":
            for waiting in group.pending:
                waiting.cancel(reason)
            group.pending = []
        if len(group.pending) >= _MOST:
            member.cancel(f"Canceling since the queue of '{name}' is full ({_MOST} wait)")
            return
        group.pending.append(member)

    def holds(self, repository: int, name: str, member: Member) -> bool:
        """Whether a member holds the group."""
        group = self._groups.get((repository, name.lower()))
        return group is not None and group.holder is member

    def leave(self, repository: int, name: str, member: Member) -> None:
        """The next of those that wait holds the group."""
        group = self._groups[repository, name.lower()]
        if member in group.pending:
            group.pending.remove(member)
        if group.holder is member:
            group.holder = group.pending.pop(0) if group.pending else None
