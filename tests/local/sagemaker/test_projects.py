"""Projects made from templates in S3, each a stack of the embedded CloudFormation."""

import json
import threading
import time
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker.studio.project_stacks import ProjectStacks, StackFailedError
from local_aws.sagemaker.studio.projects import Projects as Handler
from local_aws.sagemaker.tags import Tags
from local_aws.testing import Aws

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudformation.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
GREETING = {
    "Parameters": {
        "SageMakerProjectName": {"Type": "String"},
        "SageMakerProjectId": {"Type": "String", "Default": ""},
        "Greeting": {"Type": "String", "AllowedPattern": "[a-z ]+"},
        "Other": {"Type": "String", "Default": "default"},
    },
    "Resources": {
        "Greeting": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {
                "Type": "String",
                "Name": {"Fn::Sub": "/${SageMakerProjectName}/greeting"},
                "Value": {"Fn::Sub": "${Greeting}, ${SageMakerProjectId}, ${Other}"},
            },
        }
    },
}
BROKEN = {
    "Resources": {
        "Fine": {"Type": "AWS::SQS::Queue"},
        "Wrong": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": {}, "Roles": ["nobody"]},
        },
    }
}


@dataclass(frozen=True)
class Projects:
    """SageMaker's client, for projects of one test."""

    aws: Aws
    sagemaker: Any

    @property
    def name(self):
        return f"P-{self.aws.name}"

    def template(self, template, key="template.yaml", style="virtual"):
        """Put a template into the project's bucket; returns its address."""
        body = template if isinstance(template, str) else json.dumps(template)
        self.aws.client("s3").put_object(Bucket=self.aws.bucket, Key=key, Body=body)
        hosts = {
            "virtual": f"{self.aws.bucket}.s3.eu-west-1.amazonaws.com",
            "path": f"s3.eu-west-1.amazonaws.com/{self.aws.bucket}",
        }
        return f"https://{hosts[style]}/{key}"

    def provider(self, url, parameters=None, **more):
        stated = [{"Key": key, "Value": value} for key, value in (parameters or {}).items()]
        parameters = {"Parameters": stated} if stated else {}
        return [{"CfnTemplateProvider": {"TemplateName": "t", "TemplateURL": url, **parameters, **more}}]

    def create(self, url, parameters=None, role_arn=None, **request):
        more = {"RoleARN": role_arn} if role_arn else {}
        providers = self.provider(url, parameters, **more)
        return self.sagemaker.create_project(ProjectName=self.name, TemplateProviders=providers, **request)

    def update(self, url, parameters=None):
        providers = self.provider(url, parameters)
        return self.sagemaker.update_project(ProjectName=self.name, TemplateProvidersToUpdate=providers)

    def describe(self):
        return self.sagemaker.describe_project(ProjectName=self.name)

    def settled(self):
        """The project, once nothing is in progress: its description and its stack's detail."""
        for _ in range(1500):
            project = self.describe()
            if project["ProjectStatus"] != "Pending" and not project["ProjectStatus"].endswith("InProgress"):
                [provider] = project["TemplateProviderDetails"]
                return project, provider["CfnTemplateProviderDetail"]
            time.sleep(0.01)
        raise AssertionError(f"the project does not settle: {project}")

    def value(self):
        return self.aws.client("ssm").get_parameter(Name=f"/{self.name}/greeting")["Parameter"]["Value"]


@pytest.fixture
def projects(aws):
    return Projects(aws, aws.client("sagemaker"))


@pytest.fixture
def launch_role(aws):
    name = f"{aws.name}-launch"
    made = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    aws.client("iam").put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(policy))
    return made["Role"]["Arn"]


@pytest.mark.parametrize("style", ["virtual", "path"])
def test_a_project_is_a_stack_that_is_given_its_name_and_id(aws, projects, launch_role, style):
    answer = projects.create(
        projects.template(GREETING, style=style),
        {"Greeting": "hello"},
        role_arn=launch_role,
        ProjectDescription="a test",
        Tags=[{"Key": "team", "Value": "one"}],
    )
    assert projects.describe()["ProjectStatus"] in {"Pending", "CreateInProgress", "CreateCompleted"}
    project, provider = projects.settled()
    assert project["ProjectStatus"] == "CreateCompleted"
    assert (project["ProjectArn"], project["ProjectId"]) == (answer["ProjectArn"], answer["ProjectId"])
    assert (project["ProjectDescription"], project["ProjectName"]) == ("a test", projects.name)
    assert "IamIdentity" in project["CreatedBy"]
    assert projects.value() == f"hello, {project['ProjectId']}, default"

    assert provider["RoleARN"] == launch_role
    assert provider["StackDetail"]["Name"] == f"SP-{project['ProjectId']}"
    [stack] = aws.client("cloudformation").describe_stacks(StackName=provider["StackDetail"]["Id"])["Stacks"]
    assert stack["RoleARN"] == launch_role
    assert {tag["Key"]: tag["Value"] for tag in stack["Tags"]} == {
        "sagemaker:project-name": projects.name,
        "sagemaker:project-id": project["ProjectId"],
        "team": "one",
    }
    listed = projects.sagemaker.list_projects(NameContains=projects.name)["ProjectSummaryList"]
    assert [each["ProjectStatus"] for each in listed] == ["CreateCompleted"]
    assert projects.sagemaker.list_tags(ResourceArn=project["ProjectArn"])["Tags"] == [
        {"Key": "team", "Value": "one"}
    ]


def test_an_update_keeps_the_parameters_that_it_does_not_give(projects):
    url = projects.template(GREETING)
    projects.create(url, {"Greeting": "hello", "Other": "kept"})
    project, _ = projects.settled()
    projects.update(url, {"Greeting": "good day"})
    updated, _ = projects.settled()
    assert updated["ProjectStatus"] == "UpdateCompleted"
    assert projects.value() == f"good day, {project['ProjectId']}, kept"
    projects.update(url)
    assert projects.settled()[0]["ProjectStatus"] == "UpdateCompleted"


def test_a_template_of_more_than_51200_bytes_makes_a_project(projects):
    large = {**GREETING, "Metadata": {"Words": "word " * 15_000}}
    projects.create(projects.template(large), {"Greeting": "hello"})
    assert projects.settled()[0]["ProjectStatus"] == "CreateCompleted"


def test_a_template_that_does_not_ask_for_the_projects_name_is_not_given_it(projects):
    projects.create(projects.template({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}))
    assert projects.settled()[0]["ProjectStatus"] == "CreateCompleted"


def test_a_deleted_project_takes_its_stack_along_and_leaves_its_name(aws, projects):
    url = projects.template(GREETING)
    projects.create(url, {"Greeting": "hello"})
    first = projects.settled()[0]
    projects.sagemaker.delete_project(ProjectName=projects.name)
    project, provider = projects.settled()
    assert project["ProjectStatus"] == "DeleteCompleted"
    [stack] = aws.client("cloudformation").describe_stacks(StackName=provider["StackDetail"]["Id"])["Stacks"]
    assert stack["StackStatus"] == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="ParameterNotFound"):
        projects.value()
    again = projects.create(url, {"Greeting": "again"})
    assert again["ProjectId"] != first["ProjectId"]
    assert projects.settled()[0]["ProjectStatus"] == "CreateCompleted"


@pytest.mark.parametrize(
    ("template", "parameters", "reason"),
    [
        (BROKEN, {}, "Wrong (AWS::IAM::ManagedPolicy): "),
        (GREETING, {"Greeting": "NO"}, "Greeting"),
        (
            GREETING,
            {"Greeting": "hello", "Nothing": "x"},
            "Parameters: [Nothing] do not exist in the template",
        ),
        (
            {"Resources": {"A": {"Type": "AWS::ServiceCatalog::Portfolio"}}},
            {},
            "AWS::ServiceCatalog::Portfolio",
        ),
        ("some: template", {}, "some"),
    ],
)
def test_a_project_that_cannot_be_made_says_what_failed_first(projects, template, parameters, reason):
    projects.create(projects.template(template), parameters)
    project, provider = projects.settled()
    assert project["ProjectStatus"] == "CreateFailed"
    assert reason in provider["StackDetail"]["StatusMessage"]
    projects.sagemaker.delete_project(ProjectName=projects.name)
    assert projects.settled()[0]["ProjectStatus"] == "DeleteCompleted"


def test_an_update_that_fails_says_why_and_may_be_tried_again(projects):
    projects.create(projects.template(GREETING), {"Greeting": "hello"})
    projects.settled()
    changed = {**GREETING, "Resources": {**GREETING["Resources"], "Wrong": BROKEN["Resources"]["Wrong"]}}
    projects.update(projects.template(changed, "other.yaml"))
    project, provider = projects.settled()
    assert project["ProjectStatus"] == "UpdateFailed"
    assert provider["StackDetail"]["StatusMessage"].startswith("Wrong (AWS::IAM::ManagedPolicy): ")
    projects.update(projects.template(GREETING), {"Greeting": "good day"})
    assert projects.settled()[0]["ProjectStatus"] == "UpdateCompleted"


def test_what_is_refused_is_refused_by_name(projects):
    url = projects.template(GREETING)
    create = projects.sagemaker.create_project
    provider = projects.provider(url)
    for request, said in (
        ({"ServiceCatalogProvisioningDetails": {"ProductId": "prod-1"}}, "no Service Catalog"),
        ({}, "exactly one CfnTemplateProvider"),
        ({"TemplateProviders": [*provider, *provider]}, "templateProviders"),
        ({"TemplateProviders": projects.provider(url.replace("https", "http"))}, "templateURL"),
    ):
        with pytest.raises(ClientError, match=said):
            create(ProjectName=projects.name, **request)
    with pytest.raises(ClientError, match="does not exist"):
        projects.describe()


class Held(ProjectStacks):
    """Stacks that are not made before a test lets them go."""

    def __init__(self, account):
        super().__init__(account)
        self.let_go = threading.Event()

    def create(self, wanted, begun):
        self.let_go.wait(30)
        raise StackFailedError("let go")


def test_a_project_that_is_being_made_cannot_be_changed_nor_made_twice(aws):
    held = Held(aws.server.account)
    handler = Handler(aws.server.account, Tags(aws.server.account), held)
    template = {"TemplateName": "t", "TemplateURL": "https://bucket.s3.eu-west-1.amazonaws.com/key"}
    providers = [{"CfnTemplateProvider": template}]
    handler.create_project({"ProjectName": "held", "TemplateProviders": providers})
    for call, request, code in (
        (handler.update_project, {"TemplateProvidersToUpdate": providers}, "ConflictException"),
        (handler.delete_project, {}, "ConflictException"),
        (handler.create_project, {"TemplateProviders": providers}, "ValidationException"),
    ):
        with pytest.raises(ServiceError) as error:
            call({"ProjectName": "held", **request})
        assert error.value.code == code
    held.let_go.set()
    for _ in range(500):
        if (found := handler.describe_project({"ProjectName": "held"}))["ProjectStatus"] == "CreateFailed":
            break
        time.sleep(0.01)
    detail = found["TemplateProviderDetails"][0]["CfnTemplateProviderDetail"]["StackDetail"]
    assert detail == {"Name": f"SP-{found['ProjectId']}", "StatusMessage": "let go"}
    with pytest.raises(ServiceError, match="CreateFailed and cannot be updated"):
        handler.update_project({"ProjectName": "held", "TemplateProvidersToUpdate": providers})
