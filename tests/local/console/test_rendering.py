"""Templates: what a user, GitHub or AWS wrote is escaped everywhere, and an empty page says what to type next."""

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import get_args, get_origin, get_type_hints

import pytest

from local_aws.console.formatting import Chip
from local_aws.console.pages import Page
from local_aws.console.rendering import Renderer
from local_aws.console.views import classify, pipelines, projects, registry, repositories, stages

HOSTILE = "\"'><script>alert(1)</script>"
TIME = datetime(2026, 11, 29, tzinfo=UTC)
VIEWS = {
    "classify.html": classify.ClassifyView,
    "group.html": registry.GroupView,
    "log.html": pipelines.LogView,
    "pipeline.html": pipelines.PipelineView,
    "pipelines.html": pipelines.Pipelines,
    "project.html": projects.ProjectView,
    "project_new.html": projects.FormView,
    "projects.html": projects.Projects,
    "registry.html": registry.Groups,
    "repositories.html": repositories.Repositories,
    "repository.html": repositories.RepositoryView,
    "run.html": repositories.RunView,
    "stage.html": stages.StageView,
    "stages.html": stages.Summaries,
    "version.html": registry.VersionView,
}
GITHUBS_TIMES = {"pushed", "changed", "started"}


def render(template, view):
    return Renderer("/_console/key", "the-token").page(
        Page(template, HOSTILE, view), "/_console/key/", HOSTILE
    )


def hostile(kind, name=""):
    """A value of the type in which every text is hostile, and every list has an entry."""
    origin, arguments = get_origin(kind), [each for each in get_args(kind) if each not in (type(None), ...)]
    if kind is str:
        return TIME.isoformat() if name in GITHUBS_TIMES else HOSTILE
    if kind is Chip:
        return Chip("bad", HOSTILE)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{each.name: hostile(hints[each.name], each.name) for each in fields(kind)})
    if kind in (int, float, bool, datetime):
        return {int: 1, float: 0.5, bool: True, datetime: TIME}[kind]
    if origin is tuple:
        return tuple(hostile(each) for each in arguments)
    if origin is frozenset:
        return frozenset({1})
    if len(arguments) == 2 and origin is not None and "Mapping" in str(kind):
        return {HOSTILE: hostile(arguments[1])}
    return hostile(arguments[0], name)


@pytest.mark.parametrize("template", VIEWS)
def test_what_others_wrote_is_text_and_never_markup(template):
    text = render(template, hostile(VIEWS[template]))
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text.partition("<main")[2], "the page shows nothing of it"


@pytest.mark.parametrize(
    ("template", "view", "words"),
    [
        ("projects.html", projects.Projects((), 0), "local-aws up --github-org acme --studio-domain team"),
        ("projects.html", projects.Projects((), 1), "create a project from it"),
        ("project_new.html", projects.FormView(None, ()), "local-aws up --github-org acme"),
        ("pipelines.html", pipelines.Pipelines(()), "model-build run"),
        ("pipeline.html", pipelines.PipelineView("p", (), None), "model-build run"),
        ("registry.html", registry.Groups(()), "model-build models"),
        ("group.html", registry.GroupView("g", (), (), {}), "model-build run"),
        ("stages.html", stages.Summaries(()), "model-deploy rollout"),
        ("repositories.html", repositories.Repositories((), False), "local-aws up --github-org acme"),
        ("repositories.html", repositories.Repositories((), True), "Create a project"),
        ("classify.html", classify.ClassifyView((), ""), "model-deploy rollout"),
    ],
)
def test_an_empty_page_says_what_to_type_next(template, view, words):
    assert words in render(template, view)


def test_every_form_holds_the_token():
    for template in ("version.html", "project_new.html", "classify.html"):
        text = render(template, hostile(VIEWS[template]))
        assert text.count("<form") == text.count('name="token" value="the-token"') == 1


def test_a_state_is_a_word_and_not_a_colour_alone():
    stage = replace(hostile(stages.StageView), status="RollingBack")
    assert "Rolling back" in render("stage.html", stage)


def test_names_become_one_segment_of_an_address_each():
    assert Renderer("/b", "t").url("registry", "a/b?c#d", 1) == "/b/registry/a%2Fb%3Fc%23d/1"
