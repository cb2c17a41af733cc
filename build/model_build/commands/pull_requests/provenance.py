"""Where the commit of a workflow comes from, as GitHub says."""

from __future__ import annotations

from collections.abc import Mapping

from model_build.core.provenance import Provenance
from model_build.errors import UsageError
from model_build.github import GitHub


def of(environment: Mapping[str, str], *, ask: bool) -> Provenance:
    """The provenance of GITHUB_SHA. Who pushed it (GITHUB_ACTOR) is known without asking GitHub.

    Raises UsageError (SettingsError) if GitHub is to be asked outside of a workflow, GitHubError.
    """
    actor = environment.get("GITHUB_ACTOR", "").strip()
    if not ask:
        return Provenance(author=actor)
    github = GitHub.connect(environment)
    commit = environment.get("GITHUB_SHA", "").strip()
    if not commit:
        raise UsageError(
            "--merged asks GitHub about the commit GITHUB_SHA, which is not set. GitHub Actions sets it."
        )
    found = github.merged(commit)
    return Provenance(found.number, found.author) if found else Provenance(author=actor)
