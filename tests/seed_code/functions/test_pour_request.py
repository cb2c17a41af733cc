import pytest

from pour.cloudformation.request import Environment, contents_properties, parse, repository_properties
from pour.errors import PropertyError

EVENT = {
    "RequestType": "Create",
    "ResourceType": "Custom::GitHubRepository",
    "StackId": "arn:stack",
    "LogicalResourceId": "Build",
    "RequestId": "1",
}
REPOSITORY = {"Owner": "acme", "Name": "p-build", "ProjectName": "p"}
CONTENTS = {
    "RepositoryId": "7",
    "FullName": "acme/p-deploy",
    "Seed": {"Bucket": "b", "Key": "k"},
    "ProjectName": "p",
}


@pytest.mark.parametrize("missing", ["RequestType", "ResourceType", "StackId", "LogicalResourceId"])
def test_an_event_that_is_none_of_cloudformations_is_refused(missing):
    with pytest.raises(PropertyError, match=f"no {missing}"):
        parse({name: value for name, value in EVENT.items() if name != missing})


@pytest.mark.parametrize("change", [{"ResourceType": "Custom::Other"}, {"RequestType": "Patch"}])
def test_what_this_function_does_not_serve_is_refused(change):
    with pytest.raises(PropertyError):
        parse({**EVENT, **change})


def test_a_repository_needs_an_owner_a_name_and_a_project():
    found = repository_properties(REPOSITORY)
    assert (found.full_name, found.visibility, found.topics, found.project_id) == (
        "acme/p-build",
        "private",
        (),
        "",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"Owner": ""},
        {"Owner": "a/b"},
        {"Owner": "-a"},
        {"Name": "a b"},
        {"Name": ".."},
        {"Name": "x" * 101},
        {"Name": ["x"]},
        {"Visibility": "secret"},
        {"Topics": {"a": "b"}},
        {"ProjectName": ""},
    ],
)
def test_a_wrong_property_is_named(change):
    with pytest.raises(PropertyError, match=next(iter(change))):
        repository_properties({**REPOSITORY, **change})


def test_contents_come_as_cloudformation_writes_them():
    found = contents_properties(
        {
            **CONTENTS,
            "Variables": {"A": "1"},
            "Environments": [
                {"Name": "production", "Reviewers": ["ann, acme/owners", ""], "ProtectedBranches": "true"}
            ],
            "RequiredChecks": ["test"],
            "GuardStacks": "true",
        }
    )
    assert found.environments == (Environment("production", ("ann", "acme/owners"), True),)
    assert (found.repository_id, found.gate, found.guard_stacks, found.required_checks) == (
        7,
        "github",
        True,
        ("test",),
    )


@pytest.mark.parametrize("reviewers", ["", [""], [], " , "])
def test_no_reviewers_are_written_in_many_ways(reviewers):
    found = contents_properties({**CONTENTS, "Environments": [{"Name": "x", "Reviewers": reviewers}]})
    assert found.environments[0].reviewers == ()


@pytest.mark.parametrize(
    "change",
    [
        {"RepositoryId": "seven"},
        {"FullName": "acme"},
        {"Seed": "s3://b/k"},
        {"Seed": {"Bucket": "b"}},
        {"ProductionGate": "none"},
        {"GuardStacks": "maybe"},
    ],
)
def test_wrong_contents_are_refused(change):
    with pytest.raises(PropertyError):
        contents_properties({**CONTENTS, **change})
