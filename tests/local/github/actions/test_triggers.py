"""Which events start a workflow. Patterns are those of GitHub's cheat sheet.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
"""

from types import SimpleNamespace

import pytest

from local_aws.github.actions import patterns, triggers
from local_aws.github.actions.events import Event


@pytest.mark.parametrize(
    ("pattern", "matches", "others"),
    [
        ("feature/*", ["feature/my-branch"], ["feature/beta-a/my-branch"]),
        ("feature/**", ["feature/beta-a/my-branch", "feature/mona/the/octocat"], ["features"]),
        ("main", ["main"], ["mains", "a/main"]),
        ("*", ["main", "releases"], ["all/the/branches"]),
        ("**", ["all/the/branches", "every/tag"], []),
        ("*feature", ["mona-feature", "feature", "ver-10-feature"], ["a/feature"]),
        ("v2*", ["v2", "v2.0", "v2.9"], ["v1"]),
        ("v[12].[0-9]+.[0-9]+", ["v1.10.1", "v2.0.0"], ["v3.0.0"]),
        ("*.jsx?", ["page.js", "page.jsx"], ["page.jsxx"]),
        ("**.js", ["index.js", "js/index.js", "src/js/app.js"], ["index.jsx"]),
        ("docs/**/*.md", ["docs/README.md", "docs/mona/hello-world.md", "docs/a/markdown/file.md"], ["a.md"]),
        ("**/docs/**", ["docs/hello.md", "dir/docs/my-file.txt", "space/docs/plan/space.doc"], ["doc/a"]),
    ],
)
def test_a_pattern_takes_what_the_cheat_sheet_says(pattern, matches, others):
    assert [each for each in matches + others if patterns.chosen([pattern], each)] == matches


def test_the_last_pattern_that_matches_counts():
    assert patterns.chosen(["releases/**", "!releases/**-alpha"], "releases/10")
    assert not patterns.chosen(["releases/**", "!releases/**-alpha"], "releases/10-alpha")
    assert patterns.chosen(["a*", "!ab*", "abc"], "abc")


def happened(name, action=None, ref="refs/heads/main", base="", paths=(), message="A change", **payload):
    git = SimpleNamespace(commit=lambda _: SimpleNamespace(message=message))
    repository = SimpleNamespace(git=git)
    return Event(
        name, repository, None, ref, "0" * 40, payload, action, base_ref=base, changed_paths=tuple(paths)
    )


@pytest.mark.parametrize(
    ("on", "event", "runs"),
    [
        ({"push": {}}, happened("push"), True),
        ({"push": {"branches": ["main"]}}, happened("push", ref="refs/heads/other"), False),
        ({"push": {"branches": ["main"]}}, happened("push", ref="refs/tags/v1"), False),
        ({"push": {"tags": ["v*"]}}, happened("push", ref="refs/tags/v1"), True),
        ({"push": {"tags": ["v*"]}}, happened("push"), False),
        ({"push": {"branches-ignore": ["main"]}}, happened("push"), False),
        ({"push": {"branches-ignore": ["main"]}}, happened("push", ref="refs/heads/other"), True),
        ({"push": {"paths": ["src/**"]}}, happened("push", paths=["src/a", "docs/b"]), True),
        ({"push": {"paths": ["src/**"]}}, happened("push", paths=["docs/b"]), False),
        ({"push": {"paths-ignore": ["docs/**"]}}, happened("push", paths=["docs/b"]), False),
        ({"push": {}}, happened("push", message="Fix [skip ci]"), False),
        ({"pull_request": {}}, happened("pull_request", "opened", base="main"), True),
        ({"pull_request": {}}, happened("pull_request", "closed", base="main"), False),
        ({"pull_request": {"types": ["closed"]}}, happened("pull_request", "closed", base="main"), True),
        ({"pull_request": {"branches": ["v*"]}}, happened("pull_request", "opened", base="main"), False),
        ({"pull_request": {}}, happened("push"), False),
        ({"repository_dispatch": {"types": ["a"]}}, happened("repository_dispatch", "a"), True),
        ({"repository_dispatch": {"types": ["a"]}}, happened("repository_dispatch", "b"), False),
        ({"repository_dispatch": {}}, happened("repository_dispatch", "b", message="[skip ci]"), True),
        ({"schedule": [{"cron": "0 5 * * *"}]}, happened("schedule", schedule="0 5 * * *"), True),
        ({"schedule": [{"cron": "0 5 * * *"}]}, happened("schedule", schedule="0 6 * * *"), False),
    ],
)
def test_an_event_starts_the_workflows_that_name_it(on, event, runs):
    assert triggers.starts(on, event) is runs
