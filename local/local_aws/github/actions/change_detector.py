"""Finds a request's changes in the repositories by comparison, so that no event is missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from local_aws.github.actions import events
from local_aws.github.actions.events import Event
from local_aws.github.credentials import Caller
from local_aws.github.pull_state import commits_of
from local_aws.github.records import PullRequest, Repository
from local_aws.github.ref_updates import HEADS
from local_aws.github.state import State

_TAGS = "refs/tags/"


@dataclass
class _Snapshot:
    refs: dict[str, str] = field(default_factory=dict)
    pulls: dict[int, tuple[str, str]] = field(default_factory=dict)


class ChangeDetector:
    """Remembers what the repositories were like; what was there before it does not happen."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._seen: dict[int, _Snapshot] = {}
        self._dispatches = len(state.dispatches)
        for repository in state.repositories.values():
            self._seen[repository.id] = _snapshot(repository)

    def changes(self, caller: Caller) -> Iterator[Event]:
        """The events since the last call, all of them of this caller. The state's lock is held."""
        for repository in list(self._state.repositories.values()):
            before = self._seen.get(repository.id, _Snapshot())
            after = self._seen[repository.id] = _snapshot(repository)
            yield from self._of_pulls(caller, repository, before, after)
            for ref, sha in after.refs.items():
                if sha != before.refs.get(ref):
                    yield events.push(self._state, caller, repository, ref, before.refs.get(ref), sha)
        for dispatch in self._state.dispatches[self._dispatches :]:
            self._dispatches += 1
            found = self._state.repository(dispatch.repository)
            if found is not None and not found.git.empty:
                yield events.repository_dispatch(self._state, caller, found, dispatch)

    def _of_pulls(
        self, caller: Caller, repository: Repository, before: _Snapshot, after: _Snapshot
    ) -> Iterator[Event]:
        for number, now in after.pulls.items():
            then = before.pulls.get(number)
            action = _action(then, now)
            if action is None:
                continue
            moved = {"before": then[1], "after": now[1]} if then and action == "synchronize" else {}
            event = events.pull_request(
                self._state, caller, repository, repository.pulls[number], action, **moved
            )
            if event is not None:
                yield event


def _action(then: tuple[str, str] | None, now: tuple[str, str]) -> str | None:
    if then is None:
        return "opened"
    if then[0] != now[0]:
        return "closed" if now[0] == "closed" else "reopened"
    return "synchronize" if now[0] == "open" and then[1] != now[1] else None


def _snapshot(repository: Repository) -> _Snapshot:
    refs = {ref: sha for ref, sha in repository.git.refs().items() if ref.startswith((HEADS, _TAGS))}
    return _Snapshot(refs, {number: _pull(repository, pull) for number, pull in repository.pulls.items()})


def _pull(repository: Repository, pull: PullRequest) -> tuple[str, str]:
    return pull.state, commits_of(repository, pull)[0]
