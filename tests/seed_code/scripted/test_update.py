"""`project-template update`: which values a project keeps, which defaults come with a version, and what GitHub renamed."""

import json

import pytest

from project_template.commands import update
from project_template.errors import GitHubError, ParameterError, UsageError
from project_template.github import Answer

STACK = "SP-p-0123456789ab"
NEW = {
    "SageMakerProjectName": {"Type": "String"},
    "SageMakerProjectId": {"Type": "String", "Default": ""},
    "GitHubOwner": {"Type": "String"},
    "Recipe": {"Type": "String", "Default": "two", "AllowedValues": ["one", "two", "three"]},
    "TrainingData": {"Type": "String", "Default": ""},
    "WatchedPrefix": {"Type": "String", "Default": ""},
    "BuildRepositoryName": {"Type": "String", "Default": ""},
    "Added": {"Type": "String", "Default": "new"},
}
GIVEN = {"SageMakerProjectName": "shop", "SageMakerProjectId": "p-0123456789ab", "GitHubOwner": "acme"}


@pytest.fixture
def project(script, stated, published):
    """States an S3 project whose template had `before` as defaults, and that was given `values`."""

    def state(before=None, **values):
        published(template=json.dumps({"Parameters": NEW, "Resources": {}}))
        find = script._answers["DescribeStacks"][0]
        made = stated.stack(STACK, parameters=GIVEN | values)
        script.on(
            "DescribeStacks", lambda asked: find if asked["StackName"].endswith("-publication") else made
        )
        old = {name: {"Type": "String", "Default": default} for name, default in (before or {}).items()}
        script.on(
            "GetTemplate",
            {"TemplateBody": json.dumps({"Parameters": old | {"GitHubOwner": {"Type": "String"}}})},
        )
        described = {
            "ProjectArn": "arn:aws:sagemaker:eu-west-1:123456789012:project/shop", "ProjectName": "shop", "ProjectId": "p-0123456789ab",
            "ProjectStatus": "CreateCompleted", "CreationTime": stated.now, "TemplateProviderDetails": [{"CfnTemplateProviderDetail": {
                "TemplateName": "t", "TemplateURL": "https://t", "StackDetail": {"Name": STACK, "StatusMessage": "x"}}}],
        }  # fmt: skip
        script.on("DescribeProject", described, described | {"ProjectStatus": "UpdateCompleted"})
        script.on("UpdateProject", {"ProjectArn": described["ProjectArn"]})
        script.on("DescribeStackEvents", {"StackEvents": []}).on(
            "ListStackResources", {"StackResourceSummaries": []}
        )
        script.on("GetSecretValue", stated.refusal("AccessDeniedException"))

    return state


@pytest.fixture
def sent(aws, script, said):
    """The values that an update sends, by parameter: `sent(Recipe="one")`."""

    def run(watch=None, transport=None, tags=None, **parameters):
        request = update.Request("shop", "text-classification", parameters, tags=tags or {}, watch_data=watch)
        update.run(aws, request, said.console, *([transport] if transport else []))
        [asked] = script.asked("UpdateProject")
        [provider] = [each["CfnTemplateProvider"] for each in asked["TemplateProvidersToUpdate"]]
        return {each["Key"]: each["Value"] for each in provider["Parameters"]}

    return run


@pytest.mark.parametrize(
    ("before", "value", "expected"),
    [
        pytest.param("one", "one", "two", id="the old default becomes the new one"),
        pytest.param("one", "three", "three", id="what was chosen stays"),
        pytest.param("one", "two", "two", id="what was chosen is the new default"),
        pytest.param(None, "three", "three", id="it had no default"),
        pytest.param("one", None, "two", id="the parameter is new"),
    ],
)
def test_a_value_that_somebody_chose_stays_and_a_default_follows_the_template(
    project, sent, before, value, expected
):
    project({} if before is None else {"Recipe": before}, **({} if value is None else {"Recipe": value}))
    assert sent()["Recipe"] == expected


def test_every_parameter_is_named_but_those_of_sagemaker_and_those_that_are_gone(project, sent):
    project({"Removed": "x"}, Removed="y")
    assert sent() == {
        "GitHubOwner": "acme",
        "Recipe": "two",
        "TrainingData": "",
        "WatchedPrefix": "",
        "BuildRepositoryName": "",
        "Added": "new",
    }


def test_what_is_given_goes_before_what_was(project, sent):
    project({"Recipe": "one"}, Recipe="three", TrainingData="s3://lake/a/")
    given = sent(Recipe="one", TrainingData="")
    assert (given["Recipe"], given["TrainingData"]) == ("one", "")


@pytest.mark.parametrize(
    ("given", "said_"),
    [
        ({"Recipe": "four"}, "Recipe is 'four'; it takes one, two, three"),
        ({"Colour": "red"}, "Colour is not a parameter of the template"),
        ({"SageMakerProjectName": "x"}, "SageMakerProjectName is filled in by SageMaker"),
    ],
)
def test_a_value_that_the_new_template_refuses_changes_nothing(project, sent, script, given, said_):
    project()
    with pytest.raises(ParameterError) as refused:
        sent(**given)
    assert said_ in refused.value.message
    assert "parameters are: Added, BuildRepositoryName, GitHubOwner, Recipe" in refused.value.message
    assert script.changes == []


def test_a_value_that_the_project_has_and_the_new_template_refuses_is_named_too(project, sent, script):
    project({"Recipe": "one"}, Recipe="cooking")
    with pytest.raises(ParameterError, match="Recipe is 'cooking'; it takes one, two, three"):
        sent()
    assert script.changes == []


@pytest.mark.parametrize(
    ("watch", "given", "before", "watched"),
    [
        pytest.param(None, {}, "a/", "a/", id="left alone"),
        pytest.param(False, {}, "a/", "", id="switched off"),
        pytest.param(True, {}, "", "a/", id="switched on"),
        pytest.param(None, {"TrainingData": "s3://lake/b/"}, "a/", "b/", id="other data, watched as before"),
        pytest.param(None, {"TrainingData": "s3://lake/b/"}, "", "", id="other data, not watched before"),
        pytest.param(True, {"TrainingData": "s3://lake/b/c.csv"}, "", "b/c.csv", id="one object"),
        pytest.param(
            None, {"TrainingData": "s3://lake/b/", "WatchedPrefix": "b/new/"}, "a/", "b/new/", id="both named"
        ),
    ],
)
def test_what_is_watched_is_the_data_that_the_project_has_from_now_on(
    project, sent, watch, given, before, watched
):
    project(TrainingData="s3://lake/a/", WatchedPrefix=before)
    assert sent(watch=watch, **given)["WatchedPrefix"] == watched


def test_watching_without_training_data_changes_nothing(project, sent, script):
    project()
    with pytest.raises(UsageError, match="--watch-data watches the training data"):
        sent(watch=True)
    assert script.changes == []


@pytest.fixture
def renamed(project, script, stated):
    """The project's build repository is called shop-train on GitHub now; the transport that says so."""
    project(BuildRepositoryName="shop-build")
    find = script._answers["DescribeStacks"][0]
    outputs = {"BuildRepositoryUrl": "https://github.com/acme/shop-build"}
    made = stated.stack(STACK, outputs=outputs, parameters=GIVEN | {"BuildRepositoryName": "shop-build"})
    script.on("DescribeStacks", lambda asked: made if asked["StackName"] == STACK else find(asked))
    script.on("ListStackResources", {"StackResourceSummaries": [
        {"LogicalResourceId": "BuildRepository", "PhysicalResourceId": "101", "ResourceType": "Custom::GitHubRepository",
         "ResourceStatus": "CREATE_COMPLETE", "LastUpdatedTimestamp": stated.now}]})  # fmt: skip
    script.on("GetSecretValue", {"SecretString": "ghp_x"})
    return lambda url, headers, body=None: (
        Answer(200, {"full_name": "acme/shop-train"}) if url.endswith("/101") else Answer(404)
    )


def test_a_repository_that_was_renamed_is_taken_by_its_new_name_and_said(renamed, sent, said):
    assert sent(transport=renamed)["BuildRepositoryName"] == "shop-train"
    assert "Renamed on GitHub: BuildRepositoryName becomes shop-train" in said.lines


def test_a_name_that_is_given_goes_before_the_one_on_github(renamed, sent):
    assert sent(transport=renamed, BuildRepositoryName="mine")["BuildRepositoryName"] == "mine"


def test_github_that_does_not_answer_keeps_no_update_from_being_made(renamed, sent, said):
    def closed(url, headers, body=None):
        raise GitHubError("The network is down.")

    assert sent(transport=closed)["BuildRepositoryName"] == "shop-build"
    assert "Not asked whether repositories were renamed: The network is down." in said.lines


def test_tags_go_along_where_some_are_given_and_are_left_alone_where_none_are(project, sent, script):
    project()
    sent()
    assert "Tags" not in script.asked("UpdateProject")[0]
    script.calls.clear()
    project()
    sent(tags={"b": "2", "a": "1"})
    assert script.asked("UpdateProject")[0]["Tags"] == [
        {"Key": "a", "Value": "1"},
        {"Key": "b", "Value": "2"},
    ]


def test_a_refusal_that_is_no_news_of_changes_is_raised(project, sent, script, aws, stated):
    project()
    script.on("UpdateProject", stated.refusal("ConflictException", "Project is being updated."))
    with pytest.raises(aws.sagemaker.exceptions.ClientError, match="being updated"):
        sent()


def test_a_project_that_is_not_there_is_named_with_the_region(script, sent, stated):
    script.on("DescribeProject", stated.refusal("ValidationException", "Project shop does not exist."))
    with pytest.raises(UsageError, match=r"There is no project shop in eu-west-1\."):
        sent()
