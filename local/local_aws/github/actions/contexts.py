"""The contexts that expressions of a workflow see, and how its values are resolved in them.

https://docs.github.com/actions/reference/workflows-and-actions/contexts
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from local_aws.github.actions.language import Expression, Language, Result, Status
from local_aws.github.actions.runs import Run
from local_aws.github.actions.workflow import Value
from local_aws.github.ref_updates import HEADS
from local_aws.github.state import Urls


@dataclass(frozen=True)
class Scope:
    """Expressions with what they may see: `contexts` by name, and what the functions answer."""

    language: Language
    contexts: Mapping[str, Any]
    status: Status = field(default_factory=Status)
    hash_files: Callable[[Sequence[str]], str] | None = None

    def with_(self, status: Status | None = None, **contexts: Any) -> Scope:
        """The scope with other contexts or another status."""
        return replace(self, contexts={**self.contexts, **contexts}, status=status or self.status)

    def text(self, value: Value) -> str:
        """A value as it stands in an environment variable or an input."""
        match value:
            case Expression():
                return self._evaluate(value.text).text
            case None:
                return ""
            case bool():
                return str(value).lower()
            case float() if value.is_integer():
                return str(int(value))
        return str(value)

    def texts(self, values: Mapping[str, Value]) -> dict[str, str]:
        """The values as texts, by name."""
        return {name: self.text(value) for name, value in values.items()}

    def value(self, value: Value) -> Any:
        """The value of an expression or literal."""
        return self._evaluate(value.text).value if isinstance(value, Expression) else value

    def truth(self, value: Value) -> bool:
        """Whether an expression or literal is true, as `if:` decides it."""
        return self._evaluate(value.text).truth if isinstance(value, Expression) else bool(value)

    def holds(self, condition: str) -> bool:
        """Whether the text of an `if` is true."""
        return self._evaluate(condition).truth

    def _evaluate(self, expression: str) -> Result:
        return self.language.evaluate(expression, self.contexts, self.status, self.hash_files)


def of_run(language: Language, urls: Urls, run: Run) -> Scope:
    """The contexts that exist before a job starts: `github`, `vars`, `inputs`."""
    return Scope(
        language,
        {"github": github(urls, run), "vars": variables(run), "inputs": dict(run.event.inputs), "needs": {}},
    )


def variables(run: Run) -> dict[str, str]:
    """Pull requests from forks get none."""
    if run.event.from_fork:
        return {}
    return {each.name: each.value for each in run.repository.variables.values()}


def github(urls: Urls, run: Run) -> dict[str, Any]:
    """The `github` context, without what only a job knows."""
    event, repository = run.event, run.repository
    ref_name = event.ref.removeprefix(HEADS).removeprefix("refs/tags/").removeprefix("refs/pull/")
    return {
        "actor": event.actor.login,
        "actor_id": str(event.actor.id),
        "api_url": urls.api,
        "base_ref": event.base_ref,
        "event": dict(event.payload),
        "event_name": event.name,
        "graphql_url": f"{urls.api}/graphql",
        "head_ref": event.head_ref,
        "ref": event.ref,
        "ref_name": ref_name,
        "ref_protected": event.ref.removeprefix(HEADS) in repository.protection,
        "ref_type": "tag" if event.ref.startswith("refs/tags/") else "branch",
        "repository": repository.full_name,
        "repository_id": str(repository.id),
        "repository_owner": repository.owner.login,
        "repository_owner_id": str(repository.owner.id),
        "repositoryUrl": f"{urls.git}/{repository.full_name}.git",
        "retention_days": "90",
        "run_attempt": str(run.attempt),
        "run_id": str(run.id),
        "run_number": str(run.number),
        "server_url": urls.web,
        "sha": event.sha,
        "triggering_actor": event.actor.login,
        "workflow": run.workflow.name,
        "workflow_ref": f"{repository.full_name}/{run.workflow.path}@{event.ref}",
        "workflow_sha": event.sha,
    }
