"""The function is killed after each of its calls to GitHub; tried again, as Lambda does, it comes to the same end."""

import contextlib

import pytest

CALLS = {"Repository": 7, "Contents": 33, "Update": 30}
"""How many calls each makes when nothing goes wrong: the tests kill after each of them."""

SECOND = {
    "README.md": "# Build\n\nNow with a second version.\n",
    "recipes/clothing.yaml": "name: clothing\ndim: 32\nrate: 0.2\nwords: 2\nepochs: 10\n",
    "bin/run": "#!/bin/sh\necho run\n",
    "vendor/wheel.whl": bytes(range(255)) * 40,
    ".github/workflows/build.yml": "name: build\non: [push, pull_request]\n",
}


def killed(project, event, after):
    """Ask, and see it killed without an answer."""
    before = len(project.cloudformation.answers)
    with pytest.raises(project.Killed):
        project.ask(event, after)
    assert len(project.calls) == after
    assert len(project.cloudformation.answers) == before


def create_repository(project):
    return project.event("Repository", "Create", project.repository())


def create_contents(project):
    return project.event("Contents", "Create", project.contents())


def update_contents(project):
    new = project.contents(
        project.put_seed(SECOND),
        Variables={"AWS_REGION": "eu-west-1", "ARTIFACT_BUCKET": "other", "RECIPE": "clothing"},
        RequiredChecks=["test", "lint"],
    )
    more = {
        "PhysicalResourceId": f"{project.record.id}/contents",
        "OldResourceProperties": project.contents(project.first_key),
    }
    return project.event("Contents", "Update", new, **more)


def delete_repository(project):
    physical_id = str(project.record.id)
    return project.event("Repository", "Delete", project.repository(), PhysicalResourceId=physical_id)


EVENTS = {"Contents": create_contents, "Update": update_contents, "Delete": delete_repository}


@pytest.fixture(scope="module")
def kept():
    """What each kind's tests share: a project, its event, and what brings back how the project was before."""
    return {}


@pytest.fixture
def until(kept, project_of):
    """Makes a project as it is before the event of a kind, and that event."""

    def until(kind):
        if kind == "Repository":
            project = project_of()
            return project, create_repository(project)
        if kind not in kept:
            project = project_of()
            project.create("Repository", project.repository())
            if kind != "Contents":
                project.first_key = project.put_seed()
                project.create("Contents", project.contents(project.first_key))
            kept[kind] = (project, EVENTS[kind](project), project.kept())
        project, event, bring_back = kept[kind]
        bring_back()
        return project, event

    return until


@pytest.fixture(scope="module")
def references():
    """What a project is like that nobody killed, by kind; filled by the first test of each."""
    return {}


def reference(references, kind, until):
    if kind not in references:
        undisturbed, event = until(kind)
        answer = undisturbed.ask(event)
        assert answer["Status"] == "SUCCESS", answer["Reason"]
        references[kind] = (undisturbed.state(), len(undisturbed.calls))
    return references[kind]


@pytest.mark.parametrize("kind", CALLS)
def test_every_call_is_covered_below(references, kind, until):
    assert reference(references, kind, until)[1] == CALLS[kind]


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind, after", [(kind, after) for kind in CALLS for after in range(1, CALLS[kind] + 1)]
)
def test_killed_and_tried_again_it_ends_the_same(references, until, kind, after):
    expected, _ = reference(references, kind, until)
    project, event = until(kind)
    killed(project, event, after)
    answer = project.ask(event)
    assert answer["Status"] == "SUCCESS", answer["Reason"]
    assert project.state() == expected


@pytest.mark.parametrize("after", range(1, CALLS["Repository"] + 1))
def test_killed_twice_in_a_row_it_ends_the_same(references, until, after):
    expected, _ = reference(references, "Repository", until)
    project, event = until("Repository")
    killed(project, event, after)
    killed(project, event, 4)
    assert project.ask(event)["Status"] == "SUCCESS"
    assert project.state() == expected


@pytest.mark.parametrize("after", range(1, CALLS["Repository"] + 1))
def test_a_half_made_repository_is_deleted_whatever_cloudformation_calls_it(project, github, after):
    # Without an answer CloudFormation has no id but one of its own making.
    killed(project, create_repository(project), after)
    answer = project.delete("Repository", project.repository(), "SP-p-1-BuildRepository-1ABCDEF")
    assert answer["Status"] == "SUCCESS"
    with pytest.raises(KeyError):
        github.repository(project.full_name)


@pytest.mark.parametrize("after", range(1, CALLS["Contents"] + 1, 3))
def test_half_poured_contents_are_deleted_and_their_repository_archived(project, github, after):
    project.create("Repository", project.repository())
    event = create_contents(project)
    killed(project, event, after)
    properties = event["ResourceProperties"]
    assert project.delete("Contents", properties, "SP-p-1-BuildContents-1ABCDEF")["Status"] == "SUCCESS"
    empty, number = project.record.git.empty, str(project.record.id)
    assert project.delete("Repository", project.repository(), number)["Status"] == "SUCCESS"
    if empty:
        with pytest.raises(KeyError):
            github.repository(project.full_name)
    else:
        assert project.record.archived


@pytest.mark.parametrize("after", range(1, 7))
def test_a_deletion_that_is_killed_is_finished_by_the_next(until, after):
    project, event = until("Delete")
    assert not project.record.archived
    with contextlib.suppress(project.Killed):
        project.ask(event, after)
    assert project.ask(event)["Status"] == "SUCCESS"
    assert project.record.archived
