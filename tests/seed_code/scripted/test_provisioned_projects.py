"""Projects of the Service Catalog form: what create, update and teardown do in each of a project's states."""

import pytest

from project_template.account import project
from project_template.commands import create, teardown, update
from project_template.core.settings import Form
from project_template.errors import (
    ParameterError,
    ProjectError,
    RefusedError,
    RolledBackError,
    UsageError,
)

PRODUCT, OTHER = "prod-abcdefghijklm", "prod-zyxwvutsrqpon"
STACK = "SC-123456789012-pp-abcdefghijklm"


def make(aws, said, **parameters):
    values = {"GitHubOwner": "acme"} | parameters
    request = create.Request(
        "shop", "text-classification", Form.SERVICE_CATALOG, values, tags={"team": "nlp"}
    )
    return create.run(aws, request, said.console)


def change(aws, said, **parameters):
    return update.run(aws, update.Request("shop", "text-classification", parameters), said.console)


@pytest.mark.parametrize(
    ("provisioned", "stack"),
    [("pp-abcdefghijklm", STACK), ("", "SP-p-0123456789ab")],
    ids=["a product was provisioned", "none was, yet"],
)
def test_the_stack_is_named_after_the_provisioned_product(aws, shop, provisioned, stack):
    shop("CreateInProgress", provisioned=provisioned)
    assert project.describe(aws, "shop").stack == stack


def test_a_project_is_asked_for_with_product_version_path_parameters_and_tags(aws, script, shop, said):
    shop(None, "CreateInProgress", "CreateCompleted")
    result = make(aws, said, Recipe="three")
    assert script.asked("CreateProject") == [
        {
            "ProjectName": "shop",
            "Tags": [{"Key": "team", "Value": "nlp"}],
            "ServiceCatalogProvisioningDetails": {
                "ProductId": PRODUCT,
                "ProvisioningArtifactId": "pa-2",
                "PathId": "lpv2-1",
                "ProvisioningParameters": [
                    {"Key": "GitHubOwner", "Value": "acme"},
                    {"Key": "Recipe", "Value": "three"},
                ],
            },
        }
    ]
    assert (result.project.stack, dict(result.outputs), result.attached) == (STACK, {"Queue": "q"}, False)
    assert [line for line in said.lines if "Project shop" in line] == [
        "Project shop: CreateInProgress",
        "Project shop: CreateCompleted",
    ]


@pytest.mark.parametrize(
    ("statuses", "kind", "said_"),
    [
        (["CreateFailed"], ProjectError, "could not be created (CreateFailed): The role is not assumable."),
        (["CreateInProgress", "CreateFailed"], ProjectError, "could not be created (CreateFailed)"),
        ([None], ProjectError, "was deleted while it was being created"),
        (["CreateInProgress", "DeleteCompleted"], ProjectError, "was deleted while it was being created"),
    ],
)
def test_a_provisioning_that_fails_ends_with_service_catalogs_reason_and_what_to_do(
    aws, shop, said, statuses, kind, said_
):
    shop(None, *statuses, reason="The role is not assumable.")
    with pytest.raises(kind) as failed:
        make(aws, said)
    assert said_ in failed.value.message
    assert failed.value.exit_code == 1
    if "CreateFailed" in statuses:
        assert "`project-template teardown shop`" in failed.value.message


def test_the_first_resource_that_failed_is_the_cause_before_service_catalogs_own_words(
    aws, shop, said, stated
):
    events = [
        stated.event(4, "Role", "CREATE_FAILED", "Resource creation cancelled"),
        stated.event(3, "Queue", "CREATE_FAILED", "Queue exists already. (Service: Sqs; Status Code: 400)"),
        stated.event(2, "Queue", "CREATE_IN_PROGRESS"),
    ]
    shop(None, "CreateInProgress", "CreateFailed", reason="Product launch failed.", events=events)
    with pytest.raises(
        ProjectError, match=r"\(CreateFailed\): Queue \(AWS::SQS::Queue\): Queue exists already\. Fix"
    ):
        make(aws, said)


def test_a_failure_of_which_nobody_says_anything_is_told_as_that(aws, shop, said):
    shop(None, "CreateFailed")
    with pytest.raises(ProjectError, match="SageMaker gives no reason"):
        make(aws, said)


@pytest.mark.parametrize("status", ["Pending", "CreateInProgress"])
def test_a_creation_that_is_under_way_is_watched_and_not_asked_for_again(aws, script, shop, said, status):
    shop(status, status, "CreateCompleted")
    assert make(aws, said).attached
    assert script.changes == []
    assert "is being created already: watching it" in said.lines[0]


EXISTING = [
    ("CreateCompleted", "`project-template update shop`"),
    ("UpdateCompleted", "`project-template update shop`"),
    ("UpdateFailed", "`project-template update shop`"),
    ("DeleteFailed", "`project-template teardown shop`"),
    ("CreateFailed", "`project-template teardown shop` removes what is left of it; then create it again"),
    ("UpdateInProgress", "wait until that is done"),
    ("DeleteInProgress", "wait until that is done"),
]


@pytest.mark.parametrize(("status", "way_out"), EXISTING)
def test_a_name_that_is_taken_is_refused_with_the_status_and_the_way_out(
    aws, script, shop, said, status, way_out
):
    shop(status)
    with pytest.raises(RefusedError) as refused:
        make(aws, said)
    assert f"({status}, p-0123456789ab)" in refused.value.message
    assert way_out in refused.value.message
    assert script.changes == []


def test_a_name_of_a_deleted_project_is_free(aws, script, shop, said):
    shop("DeleteCompleted", "CreateCompleted")
    make(aws, said)
    assert script.changes == ["CreateProject"]


def test_nothing_is_asked_for_where_a_parameter_or_the_product_is_wrong(aws, script, shop, said):
    shop(None, versions=[])
    with pytest.raises(ParameterError, match="Recipe is 'four'; it takes one, two, three"):
        make(aws, said, Recipe="four")
    with pytest.raises(UsageError, match="has no version"):
        make(aws, said)
    assert script.changes == []


def test_an_update_names_the_version_and_every_parameter_and_no_product_or_path(aws, script, shop, said):
    shop("CreateCompleted", "UpdateInProgress", "UpdateCompleted")
    assert change(aws, said, TrainingData="s3://lake/x.csv").project.status == "UpdateCompleted"
    [sent] = script.asked("UpdateProject")
    values = {"GitHubOwner": "acme", "Recipe": "two", "TrainingData": "s3://lake/x.csv", "WatchedPrefix": ""}
    assert sent == {
        "ProjectName": "shop",
        "ServiceCatalogProvisioningUpdateDetails": {
            "ProvisioningArtifactId": "pa-2",
            "ProvisioningParameters": [{"Key": key, "Value": value} for key, value in sorted(values.items())],
        },
    }


def test_a_project_of_another_product_is_not_updated_to_this_ones_version(aws, script, shop, said):
    shop("CreateCompleted", product=OTHER)
    with pytest.raises(UsageError) as refused:
        change(aws, said)
    for part in ("shop", OTHER, PRODUCT, "--publication"):
        assert part in refused.value.message
    assert script.changes == []


def test_a_project_of_a_product_is_not_updated_from_a_publication_without_one(
    aws, shop, published, said, script
):
    shop("CreateCompleted")
    with_product = script._answers["DescribeStacks"]
    published()
    bare, found = script._answers["DescribeStacks"][0], with_product[0]
    script.on(
        "DescribeStacks", lambda asked: bare if asked["StackName"].endswith("-publication") else found(asked)
    )
    with pytest.raises(UsageError, match="has no Service Catalog product"):
        change(aws, said)
    assert script.changes == []


@pytest.mark.parametrize(
    ("status", "said_"),
    [
        ("Pending", "is Pending and cannot be updated. Wait until that is done."),
        ("CreateInProgress", "is CreateInProgress and cannot be updated. Wait until that is done."),
        ("DeleteInProgress", "is DeleteInProgress and cannot be updated. Wait until that is done."),
        (
            "CreateFailed",
            "is CreateFailed and cannot be updated. `project-template teardown shop` removes it.",
        ),
        (
            "DeleteFailed",
            "is DeleteFailed and cannot be updated. `project-template teardown shop` removes it.",
        ),
    ],
)
def test_a_project_that_cannot_be_updated_says_its_status_and_what_to_do(
    aws, script, shop, said, status, said_
):
    shop(status)
    with pytest.raises(RefusedError) as refused:
        change(aws, said)
    assert refused.value.message == f"The project shop {said_}"
    assert script.changes == []


def test_an_update_that_is_under_way_is_watched_to_its_end(aws, script, shop, said):
    shop("UpdateInProgress", "UpdateInProgress", "UpdateCompleted")
    assert change(aws, said).attached
    assert script.changes == []


@pytest.mark.parametrize(
    "text", ["No updates are to be performed.", "The submitted information didn't contain changes."]
)
def test_an_update_without_changes_is_no_failure(aws, script, shop, said, stated, text):
    shop("CreateCompleted")
    script.on("UpdateProject", stated.refusal("ValidationException", text))
    result = change(aws, said)
    assert (result.project.status, result.attached) == ("CreateCompleted", False)
    assert said.lines[-1] == "SageMaker finds nothing to change"


def test_an_update_that_was_rolled_back_exits_4_with_the_reason(aws, shop, said):
    shop("UpdateCompleted", "UpdateInProgress", "UpdateFailed", reason="Access denied.")
    with pytest.raises(
        RolledBackError, match=r"\(UpdateFailed\): Access denied\.\. CloudFormation went back"
    ) as failed:
        change(aws, said)
    assert failed.value.exit_code == 4


def test_a_project_that_is_deleted_while_it_is_updated_is_an_error(aws, shop, said):
    shop("CreateCompleted", None)
    with pytest.raises(ProjectError, match="was deleted while it was being updated"):
        change(aws, said)


def take_down(aws, found, said):
    nothing = teardown.Retained(), teardown.Leftovers()
    inventory = teardown.Inventory("shop", found, (), (), (), nothing[1], nothing[0])
    return teardown.run(aws, teardown.Request("shop"), inventory, said.console)


@pytest.fixture
def bare_account(script):
    """An account in which nothing but the project itself is found."""
    script.on("ListEndpoints", {"Endpoints": []}).on("ListEndpointConfigs", {"EndpointConfigs": []})
    script.on("ListModels", {"Models": []}).on("ListPipelines", {"PipelineSummaries": []})
    script.on("GetResources", {"ResourceTagMappingList": []})


@pytest.mark.parametrize(
    ("statuses", "deletions"),
    [
        pytest.param(["CreateCompleted", "DeleteInProgress", "DeleteCompleted"], 1, id="deleted"),
        pytest.param(["CreateCompleted", "DeleteInProgress", None], 1, id="gone at once"),
        pytest.param(["DeleteInProgress", "DeleteInProgress", None], 0, id="somebody else deletes it"),
        pytest.param(
            ["CreateInProgress", "CreateInProgress", "CreateFailed", None], 1, id="once it is created"
        ),
        pytest.param(["UpdateInProgress", None], 0, id="gone while it was updated"),
        pytest.param(["DeleteFailed", "DeleteInProgress", None], 1, id="tried again"),
    ],
)
def test_a_project_is_deleted_once_from_every_status(
    aws, script, shop, said, stated, bare_account, statuses, deletions
):
    shop(*statuses)
    found = project.describe(aws, "shop")
    script.on("DescribeModelPackageGroup", stated.refusal("ValidationException", "does not exist"))
    script._answers["DescribeProject"].append(
        stated.refusal("ValidationException", "Project shop does not exist.")
    )
    take_down(aws, found, said)
    assert len(script.asked("DeleteProject")) == deletions


def test_a_deletion_that_somebody_else_began_and_that_fails_is_told_and_not_begun_again(
    aws, script, shop, said, bare_account
):
    shop("DeleteInProgress", "DeleteFailed", reason="The bucket is not empty.")
    with pytest.raises(ProjectError, match=r"\(DeleteFailed\): The bucket is not empty"):
        take_down(aws, project.describe(aws, "shop"), said)
    assert script.asked("DeleteProject") == []


def test_a_provisioned_product_that_cannot_be_terminated_names_the_reason(
    aws, script, shop, said, bare_account
):
    shop(
        "CreateCompleted",
        "DeleteInProgress",
        "DeleteFailed",
        reason="Endpoints of the project shop are still deployed.",
    )
    found = project.describe(aws, "shop")
    with pytest.raises(
        ProjectError, match=r"could not be deleted \(DeleteFailed\): Endpoints of the project shop are still"
    ):
        take_down(aws, found, said)
