import re

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
        {"RepositoryId": ""},
        {"RepositoryId": "-7"},
        {"RepositoryId": "7²"},
        {"RepositoryId": "٧"},
        {"RepositoryId": 7},
        {"FullName": "acme/p/q"},
        {"FullName": "/p"},
        {"FullName": "acme/.."},
        {"Environments": "production"},
        {"Environments": ["production"]},
        {"Environments": {"Name": "production"}},
        {"Environments": [{}]},
        {"Environments": [{"Name": ""}]},
        {"Environments": [{"Name": "x", "ProtectedBranches": "yes"}]},
        {"Environments": [{"Name": "x", "Reviewers": {"a": "b"}}]},
        {"Environments": [{"Name": "x", "Reviewers": ["a", 7]}]},
        {"Variables": ["A=1"]},
        {"RequiredChecks": {"a": "b"}},
        {"ProjectName": None},
        {"Topics": [7]},
        {"FullName": "acme"},
        {"Seed": "s3://b/k"},
        {"Seed": {"Bucket": "b"}},
        {"ProductionGate": "none"},
        {"GuardStacks": "maybe"},
    ],
)
def test_wrong_contents_are_refused_by_the_name_of_the_property_and_with_what_it_is(change):
    with pytest.raises(PropertyError) as refused:
        contents_properties({**CONTENTS, **change})
    [name] = change
    inner = {"Seed": "Seed|Key", "Environments": "Environments|Name|Reviewers|ProtectedBranches"}
    assert re.search(inner.get(name, name), str(refused.value))
    assert "is missing" in str(refused.value) or "expected" in str(refused.value)


@pytest.mark.parametrize(
    ("topics", "expected"),
    [
        ("a,b", ("a", "b")),
        (["a", "b"], ("a", "b")),
        (["a,b", "c"], ("a", "b", "c")),
        (" a , ,a,b ", ("a", "b")),
        ("", ()),
        (None, ()),
        ([], ()),
    ],
)
def test_a_list_may_be_one_text_with_commas_and_names_nothing_twice(topics, expected):
    assert repository_properties({**REPOSITORY, "Topics": topics}).topics == expected


@pytest.mark.parametrize(
    ("properties", "owner_and_name"),
    [
        ({"Owner": "a" * 39}, f"{'a' * 39}/p-build"),
        ({"Owner": "A-1"}, "A-1/p-build"),
        ({"Name": "n" * 100}, f"acme/{'n' * 100}"),
        ({"Name": "..."}, "acme/..."),
        ({"Name": "a.b_c-D"}, "acme/a.b_c-D"),
    ],
)
def test_the_longest_and_the_oddest_names_of_github_are_taken(properties, owner_and_name):
    assert repository_properties({**REPOSITORY, **properties}).full_name == owner_and_name


@pytest.mark.parametrize(
    "change",
    [{"Owner": "a" * 40}, {"Owner": "a_b"}, {"Owner": "ä"}, {"Name": "."}, {"Name": "a/b"}, {"Name": "a\n"}],
)
def test_a_name_that_github_does_not_take_is_shown_with_what_it_takes(change):
    [(name, value)] = change.items()
    with pytest.raises(PropertyError) as refused:
        repository_properties({**REPOSITORY, **change})
    assert f"The property {name} is {value!r}: GitHub takes" in str(refused.value)


@pytest.mark.parametrize("visibility", ["private", "internal", "public", ""])
def test_the_visibility_is_private_unless_stated(visibility):
    assert repository_properties({**REPOSITORY, "Visibility": visibility}).visibility == (
        visibility or "private"
    )


def test_a_requests_own_members_are_optional_where_cloudformation_leaves_them_out():
    found = parse(EVENT)
    assert (found.physical_id, found.properties, found.old) == ("", {}, {})
    update = {
        "RequestType": "Update",
        "PhysicalResourceId": "7",
        "ResourceProperties": {"a": "b"},
        "OldResourceProperties": {"a": "c"},
    }
    found = parse(EVENT | update)
    assert (found.physical_id, found.properties, found.old) == ("7", {"a": "b"}, {"a": "c"})
