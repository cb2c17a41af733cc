"""`project-template teardown` against the embedded AWS: the list, the order, what stays, and going on after a failure."""

import io
import json

import pytest
from rich.console import Console

from model_common.cli.progress import Progress
from project_template.commands import create, teardown
from project_template.core import names
from project_template.core.settings import Form
from project_template.errors import ProjectError, RefusedError, StackError, UsageError
from project_template.github import fetch

DATA = {
    "Artifacts": {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "Retain",
        "Properties": {"VersioningConfiguration": {"Status": "Enabled"}},
    },
    "Key": {
        "Type": "AWS::KMS::Key",
        "DeletionPolicy": "Retain",
        "Properties": {
            "KeyPolicy": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                        "Action": "kms:*",
                        "Resource": "*",
                    }
                ],
            }
        },
    },
    "Models": {
        "Type": "AWS::SageMaker::ModelPackageGroup",
        "DeletionPolicy": "Retain",
        "Properties": {"ModelPackageGroupName": {"Fn::Sub": "${SageMakerProjectName}-models"}},
    },
}


class Project:
    """A project with data, pipelines and an endpoint's stack, as they are when a team has worked with it."""

    def __init__(self, account, name):
        self.account, self.name, self.said = account, name, ""
        self.tags = {"sagemaker:project-name": name, "sagemaker:project-id": self.describe()["ProjectId"]}

    def describe(self):
        return self.account.client("sagemaker").describe_project(ProjectName=self.name)

    @property
    def tag_list(self):
        return [{"Key": key, "Value": value} for key, value in self.tags.items()]

    def resource(self, logical_id):
        stack = f"SP-{self.tags['sagemaker:project-id']}"
        found = self.account.client("cloudformation").describe_stack_resource(
            StackName=stack, LogicalResourceId=logical_id
        )
        return found["StackResourceDetail"]["PhysicalResourceId"]

    def add_pipeline(self, name, tags=None):
        definition = '{"Version": "2020-12-01", "Parameters": [], "Steps": [{"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "x"}}]}'
        self.account.client("sagemaker").create_pipeline(
            PipelineName=name,
            PipelineDefinition=definition,
            ClientRequestToken=name.ljust(32, "0"),
            RoleArn="arn:aws:iam::123456789012:role/pipeline",
            Tags=self.tag_list if tags is None else tags,
        )

    def add_endpoint_stack(self, stage, template='{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}'):
        name = f"{self.name}-{stage}-endpoint"
        self.account.client("cloudformation").create_stack(
            StackName=name,
            TemplateBody=template,
            Tags=[*self.tag_list, {"Key": "sagemaker:deployment-stage", "Value": stage}],
        )
        self.account.client("cloudformation").get_waiter("stack_create_complete").wait(
            StackName=name, WaiterConfig={"Delay": 0.1}
        )
        return name

    def add_trial(self):
        """A trial endpoint that a killed job left: SageMaker refuses to delete it while it is created."""
        name, sagemaker = f"{self.name}-trial-abc", self.account.client("sagemaker")
        tags = [*self.tag_list, {"Key": "model-build:trial-deadline", "Value": "2026-11-29T22:00:00Z"}]
        bucket = self.resource("Artifacts")
        self.account.client("s3").put_object(Bucket=bucket, Key="models/model.tar.gz", Body=b"weights")
        image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1"
        sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn="arn:aws:iam::123456789012:role/endpoint",
            PrimaryContainer={"Image": image, "ModelDataUrl": f"s3://{bucket}/models/model.tar.gz"},
            Tags=tags,
        )
        variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}], Tags=tags
        )
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)
        return name

    def run(self, **options):
        request = teardown.Request(self.name, timeout=30, **options)
        stream = io.StringIO()
        inventory = teardown.take_inventory(self.account.aws, request)
        try:
            teardown.require_free(inventory, request)
            return teardown.run(self.account.aws, request, inventory, Console(file=stream, width=200))
        finally:
            self.said = stream.getvalue()

    def lines(self, **options):
        request = teardown.Request(self.name, **options)
        return "\n".join(teardown.lines(teardown.take_inventory(self.account.aws, request), request))


@pytest.fixture(scope="module")
def publishing(make_publishing):
    made = make_publishing()
    made.templates.project["Resources"] |= DATA
    made.publish()
    return made


@pytest.fixture
def project(publishing, account):
    name = account.name.replace("publication", "team")
    request = create.Request(name, publishing.account.name, Form.S3, {"GitHubOwner": "acme"}, timeout=30)
    create.run(account.aws, request, Console(quiet=True))
    return Project(account, name)


def test_everything_is_listed_before_anything_is_deleted(project):
    project.add_pipeline(f"{project.name}-reviews")
    stack = project.add_endpoint_stack("staging")
    listed = project.lines()
    for expected in (
        f"project {project.name}",
        f"{project.name}-one",
        f"endpoint stack {stack}",
        f"pipeline {project.name}-reviews",
        f"Kept (--with-data deletes it): bucket {project.resource('Artifacts')}",
        f"Kept (--with-data deletes it): model package group {project.name}-models",
        "Kept (--with-data deletes it): key",
    ):
        assert expected in listed
    assert project.describe()["ProjectStatus"] == "CreateCompleted"


def test_a_teardown_is_refused_while_endpoints_live_and_names_them(project):
    stack = project.add_endpoint_stack("production")
    with pytest.raises(RefusedError, match=f"{stack}.*model-deploy teardown") as refused:
        project.run()
    assert refused.value.exit_code == 3
    assert project.describe()["ProjectStatus"] == "CreateCompleted"


def test_models_and_data_stay_unless_told(project):
    bucket = project.resource("Artifacts")
    project.account.client("s3").put_object(Bucket=bucket, Key="models/model.tar.gz", Body=b"weights")
    left = project.run()
    assert left.project is None
    assert left.retained.buckets == (bucket,)
    assert left.retained.groups == (f"{project.name}-models",)
    body = project.account.client("s3").get_object(Bucket=bucket, Key="models/model.tar.gz")["Body"].read()
    assert body == b"weights"
    assert "There is nothing of" in project.lines()


def test_with_everything_nothing_is_left(project):
    bucket, key = project.resource("Artifacts"), project.resource("Key")
    s3, sagemaker = project.account.client("s3"), project.account.client("sagemaker")
    for body in (b"one", b"two"):
        s3.put_object(Bucket=bucket, Key="data", Body=body)
    s3.delete_object(Bucket=bucket, Key="data")
    sagemaker.create_model_package(
        ModelPackageGroupName=f"{project.name}-models",
        InferenceSpecification={
            "Containers": [{"Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/i:1"}]
        },
    )
    project.add_pipeline(f"{project.name}-reviews")
    project.add_pipeline(f"{project.name}-pr-7-reviews")
    stack, trial = project.add_endpoint_stack("staging"), project.add_trial()
    assert f"trial endpoint {trial}  (billed while it lives)" in project.lines()
    sagemaker.create_model(
        ModelName=f"{project.name}-left",
        ExecutionRoleArn="arn:aws:iam::123456789012:role/endpoint",
        PrimaryContainer={"Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/i:1"},
        Tags=project.tag_list,
    )
    left = project.run(with_endpoints=True, with_data=True)
    request = teardown.Request(project.name, with_endpoints=True, with_data=True)
    assert not teardown.has_work(left, request)
    assert teardown.document(left, left, request)["left"] == []
    assert f"Deleting the stack {stack}" in project.said
    assert f"Deleted the trial endpoint {trial}" in project.said
    assert "4 versions of objects" in project.said  # one is the trial's model
    assert bucket not in [each["Name"] for each in s3.list_buckets()["Buckets"]]
    state = project.account.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    assert state == "PendingDeletion"


def test_a_neighbour_whose_name_begins_alike_keeps_its_pipelines(project):
    other = [{"Key": "sagemaker:project-name", "Value": f"{project.name}-two"}]
    project.add_pipeline(f"{project.name}-two-reviews", tags=other)
    project.run()
    found = project.account.client("sagemaker").list_pipelines(PipelineNamePrefix=project.name)
    assert [each["PipelineName"] for each in found["PipelineSummaries"]] == [f"{project.name}-two-reviews"]


def test_an_interrupted_teardown_is_taken_up_by_the_next(project):
    bucket = project.resource("Artifacts")
    project.run()  # as if it had been interrupted before the data
    assert project.lines(with_data=True).startswith(f"model package group {project.name}-models, WITH ALL")
    left = project.run(with_data=True)
    assert not left.retained
    assert bucket not in [each["Name"] for each in project.account.client("s3").list_buckets()["Buckets"]]


def test_what_cannot_be_deleted_is_named_with_its_reason_and_the_next_run_goes_on(project):
    kept = f"{project.name}-kept"
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": kept}}
    template = json.dumps({"Resources": {"B": bucket}})
    stack = project.add_endpoint_stack("staging", template)
    s3 = project.account.client("s3")
    s3.put_object(Bucket=kept, Key="x", Body=b"x")
    with pytest.raises(StackError, match=f"{stack} could not be deleted.*B"):
        project.run(with_endpoints=True)
    assert project.describe()["ProjectStatus"] == "CreateCompleted"
    s3.delete_object(Bucket=kept, Key="x")
    assert project.run(with_endpoints=True).project is None


def test_a_project_whose_creation_failed_is_removed(publishing, account):
    name = account.name.replace("publication", "failed")
    values = {"GitHubOwner": "acme", "DelaySeconds": "x"}
    request = create.Request(name, publishing.account.name, Form.S3, values, timeout=30)
    with pytest.raises(ProjectError):
        create.run(account.aws, request, Console(quiet=True))
    assert Project(account, name).run().project is None


def test_a_project_that_is_still_being_created_is_waited_for_and_then_removed(publishing, account):
    name = account.name.replace("publication", "early")
    request = create.Request(name, publishing.account.name, Form.S3, {"GitHubOwner": "acme"})
    create.create(account.aws, request, Progress(Console(quiet=True)), fetch)
    assert Project(account, name).run().project is None


def test_nobody_is_deleted_without_being_asked(project):
    inventory = teardown.take_inventory(project.account.aws, teardown.Request(project.name))
    with pytest.raises(UsageError, match="--yes"):
        teardown.confirm(inventory, False, lambda question: False)
    teardown.confirm(inventory, True, lambda question: False)


def test_a_name_that_no_project_can_have_is_refused(account):
    with pytest.raises(UsageError, match="cannot be called"):
        teardown.take_inventory(account.aws, teardown.Request("x" * (names.LONGEST_PROJECT + 1)))
