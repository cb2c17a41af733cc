"""`project-template create` and `update` against the embedded AWS; the Service Catalog form by its calls."""

import contextlib
import io
import json
import time

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from model_common.cli.progress import Progress
from project_template.commands import create, update
from project_template.core.settings import Form
from project_template.errors import (
    GitHubError,
    NotPublishedError,
    ParameterError,
    ProjectError,
    RefusedError,
    RolledBackError,
    UsageError,
)
from project_template.github import fetch

PRODUCT = "prod-abcdefghijklm"


class Projects:
    """A publication, and projects from it."""

    def __init__(self, publishing):
        self.publishing, self.account, self.said = publishing, publishing.account, ""

    def create(self, name, form=Form.S3, timeout=30, publication=None, transport=fetch, **parameters):
        values = {"GitHubOwner": "acme"} | parameters
        request = create.Request(name, publication or self.account.name, form, values, timeout=timeout)
        return self._run(create.run, request, transport)

    def names(self, name):
        found = self.account.client("sagemaker").list_projects(NameContains=name)["ProjectSummaryList"]
        return [each["ProjectName"] for each in found]

    def update(self, name, timeout=30, **parameters):
        return self._run(update.run, update.Request(name, self.account.name, parameters, timeout))

    def _run(self, run, request, *more):
        stream = io.StringIO()
        try:
            return run(self.account.aws, request, Console(file=stream, width=200), *more)
        finally:
            self.said = stream.getvalue()


@pytest.fixture(scope="module")
def shared(make_publishing):
    """The publication of the tests that change nothing of it."""
    publishing = make_publishing()
    publishing.publish()
    return publishing


@pytest.fixture
def projects(shared):
    return Projects(shared)


@pytest.fixture
def own(publishing):
    """Projects of a publication that no other test has."""
    publishing.publish()
    return Projects(publishing)


@pytest.fixture
def name(account):
    return account.name.replace("publication", "project")


def test_a_project_is_followed_to_its_end(projects, name):
    result = projects.create(name, Recipe="two")
    assert result.project.status == "CreateCompleted"
    assert result.outputs["QueueName"] == f"{name}-two"
    assert "CREATE_COMPLETE" in projects.said
    assert "Queue" in projects.said
    assert f"Project {name}: CreateCompleted" in projects.said
    assert result.document()["outputs"] == dict(result.outputs)
    assert any(f"{name}-two" in line for line in result.lines())


def test_the_template_is_taken_from_where_studio_sees_it_by_the_launch_role(projects, name):
    projects.create(name)
    found = projects.account.client("sagemaker").describe_project(ProjectName=name)
    provider = found["TemplateProviderDetails"][0]["CfnTemplateProviderDetail"]
    bucket, publication = projects.account.bucket, projects.account.name
    assert (
        provider["TemplateURL"] == f"https://{bucket}.s3.eu-west-1.amazonaws.com/templates/{publication}.yaml"
    )
    assert provider["RoleARN"].endswith(f":role/{publication}-eu-west-1-launch")
    assert {each["Key"] for each in provider["Parameters"]} == {"GitHubOwner"}


def test_a_failure_names_the_first_resource_that_failed_and_why(projects, name):
    with pytest.raises(ProjectError) as failed:
        projects.create(name, DelaySeconds="ages")
    assert "Queue (AWS::SQS::Queue)" in failed.value.message
    assert f"teardown {name}" in failed.value.message
    assert failed.value.exit_code == 1
    with pytest.raises(RefusedError, match=r"CreateFailed.*teardown"):
        projects.create(name)


def test_a_name_that_is_taken_is_refused_and_nothing_is_sent(projects, name):
    projects.create(name)
    with pytest.raises(RefusedError, match=f"There is a project {name} already") as refused:
        projects.create(name)
    assert refused.value.exit_code == 3


def test_a_project_that_is_being_created_is_watched(projects, name):
    request = create.Request(name, projects.account.name, Form.S3, {"GitHubOwner": "acme"})
    create.create(projects.account.aws, request, Progress(Console(quiet=True)), fetch)
    sagemaker = projects.account.client("sagemaker")
    status = sagemaker.describe_project(ProjectName=name)["ProjectStatus"]
    if status not in {"Pending", "CreateInProgress"}:
        pytest.skip("the project was quicker")
    result = projects.create(name)
    assert result.attached
    assert result.project.status == "CreateCompleted"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"Recipe": "three"}, "Recipe is 'three'; it takes one, two"),
        ({"GitHubOwner": "not a login"}, "GitHubOwner is 'not a login'"),
        ({"Colour": "red"}, "Colour is not a parameter of the template"),
        ({"SageMakerProjectId": "p-1"}, "SageMakerProjectId is filled in by SageMaker"),
    ],
)
def test_values_that_the_template_refuses_are_refused_before_anything_is_made(
    projects, name, parameters, said
):
    with pytest.raises(ParameterError) as refused:
        projects.create(name, **parameters)
    assert said in refused.value.message
    assert projects.names(name) == []


def test_a_plan_that_cannot_protect_production_is_refused_before_anything_is_made(projects, name, github):
    github.add_organization(f"free-{name}", "free", owners=["publisher"])
    with pytest.raises(
        RefusedError, match=r"neither environments nor .*--production-gate registry"
    ) as refused:
        projects.create(name, GitHubOwner=f"free-{name}")
    assert refused.value.exit_code == 3
    assert projects.names(name) == []
    with pytest.raises(RefusedError, match=r"could change main.*GitHub Team"):
        projects.create(name, GitHubOwner=f"free-{name}", ProductionGate="registry")
    assert projects.names(name) == []


def test_an_owner_whom_github_does_not_know_is_refused_before_anything_is_made(projects, name):
    with pytest.raises(RefusedError, match="does not see an organisation nobody"):
        projects.create(name, GitHubOwner="nobody")
    assert projects.names(name) == []


def test_github_that_cannot_be_asked_from_here_is_left_to_the_functions(projects, name):
    def silent(url, headers):
        raise GitHubError(f"{url} cannot be reached: timed out.")

    assert projects.create(name, transport=silent).project.status == "CreateCompleted"
    assert "Not asked whether GitHub can protect the project" in projects.said


def test_a_name_of_32_characters_is_taken_and_one_of_33_is_not(projects, name):
    longest = f"{name}-".ljust(32, "x")
    assert projects.create(longest).project.name == longest
    with pytest.raises(UsageError, match="33 characters"):
        projects.create(longest + "x")
    with pytest.raises(ParameterError, match="SageMakerProjectName"):
        projects.create(name.capitalize())


def test_without_a_publication_the_command_says_how_to_make_one(account):
    with pytest.raises(NotPublishedError, match="project-template publish"):
        create.run(account.aws, create.Request("p", "nowhere", Form.S3, {}), Console(quiet=True))


def test_an_update_brings_a_project_to_the_new_version_and_keeps_what_it_was_given(own, name):
    own.create(name, Recipe="two")
    template = own.publishing.templates.project
    template["Parameters"]["DelaySeconds"]["Default"] = "5"
    own.publishing.with_seed(b"another").publish()
    result = own.update(name)
    assert result.project.status == "UpdateCompleted"
    sqs = own.account.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{name}-two")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]
    assert attributes == {"DelaySeconds": "5"}


def test_projects_of_an_earlier_version_stay_as_they_are_until_they_are_updated(own, name):
    own.create(name)
    stack = own.account.client("sagemaker").describe_project(ProjectName=name)["ProjectId"]
    before = own.account.client("cloudformation").get_template(StackName=f"SP-{stack}")["TemplateBody"]
    own.publishing.with_seed(b"one").publish()
    own.publishing.with_seed(b"two").publish()
    after = own.account.client("cloudformation").get_template(StackName=f"SP-{stack}")["TemplateBody"]
    assert after == before
    own.update(name)
    now = own.account.client("cloudformation").get_template(StackName=f"SP-{stack}")["TemplateBody"]
    assert now["Metadata"]["Version"] == own.publishing.with_seed(b"two").checkout.version


def test_an_update_that_fails_goes_back_with_the_reason(projects, name):
    projects.create(name)
    with pytest.raises(RolledBackError, match=r"Queue \(AWS::SQS::Queue\)") as failed:
        projects.update(name, DelaySeconds="ages")
    assert failed.value.exit_code == 4
    assert projects.update(name).project.status == "UpdateCompleted"


def test_there_is_nothing_to_update_where_there_is_no_project(projects, name):
    with pytest.raises(UsageError, match="There is no project"):
        projects.update(name)


class Catalog:
    """What Service Catalog and SageMaker answer for a product of two versions, of which `version` is the later one."""

    def __init__(self, account, name, version):
        self.account, self.name = account, name
        self.arn = f"arn:aws:sagemaker:eu-west-1:123456789012:project/{name}"
        self.statuses, self.outcome, self.reason = [], "Completed", ""
        self.artifacts = [{"Id": "pa-1", "Name": "older"}, {"Id": "pa-2", "Name": version}]
        self.paths = [{"Id": "lpv2-1", "Name": "p"}]
        account.script(
            "servicecatalog", "DescribeProduct", lambda _: {"ProvisioningArtifacts": self.artifacts}
        )
        account.script("servicecatalog", "ListLaunchPaths", lambda _: {"LaunchPathSummaries": self.paths})
        account.script(
            "sagemaker", "CreateProject", lambda _: self._asked("Create", ProjectId="p-0123456789ab")
        )
        account.script("sagemaker", "UpdateProject", self._update)
        account.script("sagemaker", "DescribeProject", self._describe)

    def _asked(self, operation, **more):
        self.statuses = [f"{operation}InProgress", f"{operation}{self.outcome}"]
        return {"ProjectArn": self.arn} | more

    def _update(self, asked):
        """Brings the product's stack to the parameters, where there is one; the outcome is the stack's."""
        client, stack = self.account.client("cloudformation"), f"SC-123456789012-pp-{self.name}"
        sent = asked["ServiceCatalogProvisioningUpdateDetails"]["ProvisioningParameters"]
        given = [{"ParameterKey": each["Key"], "ParameterValue": each["Value"]} for each in sent]
        given.append({"ParameterKey": "SageMakerProjectName", "UsePreviousValue": True})
        with contextlib.suppress(ClientError):  # nothing to change
            client.update_stack(StackName=stack, UsePreviousTemplate=True, Parameters=given)
            while (status := self.stack_status()).endswith("IN_PROGRESS"):
                time.sleep(0.05)
            self.outcome = "Completed" if status == "UPDATE_COMPLETE" else "Failed"
        return self._asked("Update")

    def stack_status(self):
        [found] = self.account.client("cloudformation").describe_stacks(
            StackName=f"SC-123456789012-pp-{self.name}"
        )["Stacks"]
        return found["StackStatus"]

    def _describe(self, asked):
        if not self.statuses:
            return None
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return {
            "ProjectArn": self.arn,
            "ProjectName": asked["ProjectName"],
            "ProjectId": "p-0123456789ab",
            "ProjectStatus": status,
            "CreationTime": 1_790_000_000.0,
            "ServiceCatalogProvisioningDetails": {"ProductId": PRODUCT, "ProvisioningArtifactId": "pa-2"},
            "ServiceCatalogProvisionedProductDetails": {
                "ProvisionedProductId": f"pp-{self.name}",
                "ProvisionedProductStatusMessage": self.reason,
            },
        }

    def count(self, operation):
        return sum(each == operation for each, _ in self.account.calls)

    def stack(self, publishing, **parameters):
        """The stack that Service Catalog makes of the product."""
        values = {"SageMakerProjectName": self.name, "GitHubOwner": "acme"} | parameters
        publishing.account.client("cloudformation").create_stack(
            StackName=f"SC-123456789012-pp-{self.name}",
            TemplateBody=json.dumps(publishing.templates.project),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        )

    def sent(self, operation):
        [sent] = [asked for each, asked in self.account.calls if each == operation]
        return sent


@pytest.fixture
def catalog(publishing, name):
    publishing.templates.product_id = PRODUCT
    return Catalog(publishing.account, name, publishing.publish().blueprint.version)


def test_the_service_catalog_form_names_the_published_version_of_the_product(catalog, publishing, name):
    result = Projects(publishing).create(name, form=Form.SERVICE_CATALOG)
    assert result.project.stack == f"SC-123456789012-pp-{name}"
    assert catalog.sent("CreateProject") == {
        "ProjectName": name,
        "ServiceCatalogProvisioningDetails": {
            "ProductId": PRODUCT,
            "ProvisioningArtifactId": "pa-2",
            "PathId": "lpv2-1",
            "ProvisioningParameters": [{"Key": "GitHubOwner", "Value": "acme"}],
        },
    }


def test_a_project_of_the_service_catalog_form_is_updated_in_that_form(catalog, publishing, name):
    projects = Projects(publishing)
    projects.create(name, form=Form.SERVICE_CATALOG)
    catalog.stack(publishing, Recipe="two")
    assert projects.update(name).project.status == "UpdateCompleted"
    details = catalog.sent("UpdateProject")["ServiceCatalogProvisioningUpdateDetails"]
    assert details["ProvisioningArtifactId"] == "pa-2"
    given = {each["Key"]: each["Value"] for each in details["ProvisioningParameters"]}
    assert given == {"DelaySeconds": "0", "GitHubOwner": "acme", "ProductionGate": "github", "Recipe": "two"}


def test_wrong_parameters_of_the_service_catalog_form_are_refused_before_anything_is_sent(
    catalog, publishing, name
):
    with pytest.raises(ParameterError) as refused:
        Projects(publishing).create(name, form=Form.SERVICE_CATALOG, Recipe="three", Colour="blue")
    assert "Recipe" in refused.value.message
    assert "three" in refused.value.message
    assert "Colour is not a parameter of the template" in refused.value.message
    assert catalog.count("CreateProject") == 0


def test_wrong_parameters_of_an_update_in_the_service_catalog_form_are_refused_before_anything_is_sent(
    catalog, publishing, name
):
    projects = Projects(publishing)
    projects.create(name, form=Form.SERVICE_CATALOG)
    catalog.stack(publishing, Recipe="one")
    with pytest.raises(ParameterError, match="three"):
        projects.update(name, Recipe="three")
    assert catalog.count("UpdateProject") == 0


def test_an_update_of_a_provisioned_product_that_fails_names_the_status_and_exits_4(
    catalog, publishing, name
):
    projects = Projects(publishing)
    projects.create(name, form=Form.SERVICE_CATALOG)
    catalog.stack(publishing, Recipe="one")
    catalog.outcome = "Failed"
    with pytest.raises(RolledBackError, match="UpdateFailed") as failed:
        projects.update(name)
    assert failed.value.exit_code == 4


def test_a_failed_update_of_a_provisioned_product_names_the_resource_and_leaves_the_earlier_one_usable(
    catalog, publishing, name
):
    projects = Projects(publishing)
    projects.create(name, form=Form.SERVICE_CATALOG)
    catalog.stack(publishing, Recipe="two")

    with pytest.raises(RolledBackError, match=r"Queue \(AWS::SQS::Queue\)"):
        projects.update(name, DelaySeconds="ages")

    assert catalog.stack_status() == "UPDATE_ROLLBACK_COMPLETE"
    sqs = publishing.account.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{name}-two")["QueueUrl"]
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"] == {
        "DelaySeconds": "0"
    }
    assert projects.update(name, DelaySeconds="7").project.status == "UpdateCompleted"
    sent = [asked for each, asked in publishing.account.calls if each == "UpdateProject"][-1]
    again = sent["ServiceCatalogProvisioningUpdateDetails"]["ProvisioningParameters"]
    assert {each["Key"]: each["Value"] for each in again} == {
        "DelaySeconds": "7",
        "GitHubOwner": "acme",
        "ProductionGate": "github",
        "Recipe": "two",
    }
    assert catalog.stack_status() == "UPDATE_COMPLETE"


def test_a_product_that_cannot_be_provisioned_is_a_failed_project_with_service_catalogs_reason(
    catalog, publishing, name
):
    catalog.outcome, catalog.reason = "Failed", "The launch role cannot be assumed."
    with pytest.raises(ProjectError, match=r"CreateFailed.*The launch role cannot be assumed"):
        Projects(publishing).create(name, form=Form.SERVICE_CATALOG)
    with pytest.raises(RefusedError, match="CreateFailed and cannot be updated"):
        Projects(publishing).update(name)


def test_a_user_without_a_launch_path_sends_none_so_that_service_catalog_says_why(catalog, publishing, name):
    catalog.paths.clear()
    Projects(publishing).create(name, form=Form.SERVICE_CATALOG)
    assert "PathId" not in catalog.sent("CreateProject")["ServiceCatalogProvisioningDetails"]


def test_a_product_without_the_published_version_is_named_with_the_versions_that_it_has(
    catalog, publishing, name
):
    del catalog.artifacts[1]
    with pytest.raises(UsageError, match=rf"{PRODUCT} has no version .*it has older"):
        Projects(publishing).create(name, form=Form.SERVICE_CATALOG)
    assert catalog.count("CreateProject") == 0


def test_the_service_catalog_form_needs_a_product(projects, name):
    with pytest.raises(UsageError, match="has no Service Catalog product"):
        projects.create(name, form=Form.SERVICE_CATALOG)
