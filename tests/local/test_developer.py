"""Whom a command of `local-aws exec` works as, and that Python programs stay on loopback whatever host they name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from local_aws.developer import credentials, environment_of, granted_project
from local_aws.errors import UsageError
from local_aws.identities import Identity
from local_aws.kernel.account import isolated_session
from local_aws.kernel.environment import for_command
from local_aws.project import require_no_template
from local_aws.python_startup import FOLDER

# What the SageMaker SDK does in get_execution_role(), account_id() and default_bucket().
ASK_STS = """
import boto3
sts = boto3.client("sts", region_name="eu-west-1", endpoint_url="https://sts.eu-west-1.amazonaws.com")
print(sts.get_caller_identity()["Arn"])
"""


@pytest.fixture
def enforcing(local_server):
    local_server.gate.enforce = True
    yield local_server
    local_server.gate.enforce = False


@pytest.fixture
def acting(enforcing):
    """Makes clients of an identity."""
    clients = enforcing.account.clients

    def acting(identity, service, *project):
        made = credentials(clients, granted_project(clients, *project), identity)
        return isolated_session(clients.region, made).client(service, endpoint_url=clients.endpoint_url)

    return acting


def code_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_a_developer_makes_roles_and_functions_roles_but_no_users(acting):
    iam = acting(Identity.DEVELOPER, "iam")
    assert iam.get_role(RoleName="local-developer")["Role"]["Arn"].endswith(":role/local-developer")
    assert code_of(iam.create_user, UserName="somebody") == "AccessDenied"
    assert acting(Identity.DEVELOPER, "sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_services_whose_requests_are_signed_by_another_name_know_their_actions(acting):
    found = acting(Identity.DEVELOPER, "resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": "sagemaker:project-name", "Values": ["absent"]}]
    )
    assert found["ResourceTagMappingList"] == []
    quotas = acting(Identity.DEVELOPER, "service-quotas").list_aws_default_service_quotas(ServiceCode="vpc")
    assert quotas["Quotas"]


def test_a_user_of_studio_reaches_the_project_and_no_other_stacks_and_buckets(acting):
    s3 = acting(Identity.STUDIO_USER, "s3")
    s3.put_object(Bucket="local-artifacts", Key="k", Body=b"x")
    assert code_of(s3.put_object, Bucket="another", Key="k", Body=b"x") == "AccessDenied"
    stacks = acting(Identity.STUDIO_USER, "cloudformation")
    assert code_of(stacks.describe_stacks, StackName="another") == "AccessDenied"
    assert code_of(stacks.describe_stacks, StackName="SP-absent") == "ValidationError"


def test_each_project_has_its_own_user_of_studio_who_reaches_no_other(acting, enforcing):
    clients = enforcing.account.clients
    names = {"dresses", "comments"}
    projects = {name: granted_project(clients, name) for name in names}
    for name, project in projects.items():
        [other] = names - {name}
        s3 = acting(Identity.STUDIO_USER, "s3", name)
        s3.put_object(Bucket=project.bucket, Key="k", Body=b"x")
        assert code_of(s3.put_object, Bucket=projects[other].bucket, Key="k", Body=b"x") == "AccessDenied"
        jobs = enforcing.account.client_of_role(project.pipeline_role_arn, "s3")
        jobs.get_object(Bucket=project.bucket, Key="k")
        assert code_of(jobs.get_object, Bucket=projects[other].bucket, Key="k") == "AccessDenied"
    for described in ("bucket", "id", "model_package_group", "kms_key_arn", "pipeline_role_arn"):
        assert len({getattr(project, described) for project in projects.values()}) == 2, described


def test_a_project_that_was_made_from_a_template_is_not_made_again_under_its_name(local_server, monkeypatch):
    sagemaker = local_server.client("sagemaker")
    stated = {"ProjectName": "shop", "ProjectStatus": "CreateCompleted"}
    answers = {"ProjectSummaryList": [stated, {"ProjectName": "shop-eu", "ProjectStatus": "DeleteCompleted"}]}
    monkeypatch.setattr(type(sagemaker), "list_projects", lambda self, **asked: answers)
    with pytest.raises(UsageError, match="--project shop: that project was made from a template"):
        require_no_template(local_server.account.clients, "shop")
    require_no_template(local_server.account.clients, "shop-eu")
    require_no_template(local_server.account.clients, "sho")


def test_a_session_is_over_after_twelve_hours_and_root_has_the_administrators_key(local_server):
    clients = local_server.account.clients
    project = granted_project(clients)
    session = credentials(clients, project, Identity.DEVELOPER)
    assert local_server.account.sessions.find(session.access_key).expiration == session.expiration
    assert credentials(clients, project, Identity.ROOT) is clients.keys.administrator


def test_the_default_projects_pull_requests_write_below_pr_and_register_nothing(enforcing):
    project = granted_project(enforcing.account.clients)
    s3, sagemaker = (
        enforcing.account.client_of_role(project.pull_request_role_arn, service)
        for service in ("s3", "sagemaker")
    )
    s3.put_object(Bucket=project.bucket, Key="pr/1/k", Body=b"x")
    assert code_of(s3.put_object, Bucket=project.bucket, Key="models/k", Body=b"x") == "AccessDenied"
    registering = {"ModelPackageGroupName": project.model_package_group}
    assert code_of(sagemaker.create_model_package, **registering) == "AccessDeniedException"


def test_what_somebody_changed_in_a_role_stays(local_server):
    clients = local_server.account.clients
    iam, before = clients.client("iam"), granted_project(clients)
    name = before.pipeline_role_arn.rpartition("/")[2]
    policy = iam.get_role_policy(RoleName=name, PolicyName="own")["PolicyDocument"]
    iam.delete_role_policy(RoleName=name, PolicyName="own")
    try:
        granted_project(clients)
        assert iam.list_role_policies(RoleName=name)["PolicyNames"] == []
    finally:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))


def test_a_program_that_names_stss_regional_host_is_answered_on_loopback_as_a_role(local_server):
    environment = environment_of(os.environ, local_server.account.clients, Identity.DEVELOPER)
    done = subprocess.run(
        [sys.executable, "-c", ASK_STS], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip().endswith(":assumed-role/local-developer/developer"), done.stderr


def test_pythons_start_keeps_the_sitecustomize_and_the_path_that_were_there(tmp_path, aws):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.theirs = __file__\n")
    base = {**os.environ, "PYTHONPATH": str(tmp_path)}
    environment = for_command(base, aws.server.account.clients, {})
    assert environment["PYTHONPATH"] == os.pathsep.join([str(FOLDER), str(tmp_path)])
    show = "import sys, sitecustomize; print(sys.theirs, sitecustomize.__file__, 'botocore' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", show], env=environment, capture_output=True, text=True, check=True
    )
    theirs = str(Path(tmp_path) / "sitecustomize.py")
    assert done.stdout.split() == [theirs, theirs, "False"]
