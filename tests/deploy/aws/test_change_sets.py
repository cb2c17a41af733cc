"""Change sets: made or found, judged by what CloudFormation says of them, executed once."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY

from model_common.deadline import Deadline
from model_deploy.aws import change_sets
from model_deploy.aws.change_sets import ChangeSet
from model_deploy.core.plan.next_step import Apply
from model_deploy.core.plan.target import Target
from model_deploy.errors import OvertakenError, StackError

STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/shop-staging-endpoint/1"
TEMPLATE = json.dumps({"Resources": {"Model": {"Type": "AWS::SageMaker::Model", "Properties": {}}}})
DEPLOYMENT: Any = SimpleNamespace(
    stack_name="shop-staging-endpoint",
    stage=SimpleNamespace(name="staging"),
    bucket="shop-artifacts",
    tags={"b": "2", "a": "1"},
)
CANDIDATE: Any = SimpleNamespace(package=SimpleNamespace(version=7, arn="arn:7"))
TARGET = Target(CANDIDATE, DEPLOYMENT, TEMPLATE)
NAME = TARGET.change_set
ARN = f"arn:aws:cloudformation:eu-west-1:123456789012:changeSet/{NAME}/2"
OWN = {"StackName": "shop-staging-endpoint", "ChangeSetName": NAME}
REQUEST = OWN | {
    "ChangeSetType": "UPDATE",
    "Description": "rollout of version 7 to staging",
    "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
    "TemplateBody": TEMPLATE,
}


@pytest.fixture
def cloudformation(stub):
    return stub("cloudformation")


def make(clients, target=TARGET, kind="UPDATE", role=None):
    settings = SimpleNamespace(service_role_arn=role)
    return change_sets.make(clients, settings, target, Apply(kind, ()), Deadline(60))


def found(status="CREATE_COMPLETE", execution="AVAILABLE", reason=None, changes=()):
    answer = {"ChangeSetId": ARN, "StackId": STACK, "Status": status, "ExecutionStatus": execution}
    listed = [{"Type": "Resource", "ResourceChange": each} for each in changes]
    return answer | {"Changes": listed} | ({"StatusReason": reason} if reason else {})


def change(action, name, kind="AWS::SageMaker::Model", **members):
    return {"Action": action, "LogicalResourceId": name, "ResourceType": kind, **members}


def test_a_change_set_is_requested_with_the_template_and_told_line_by_line(clients, cloudformation):
    cloudformation.add_response("create_change_set", {"Id": ARN, "StackId": STACK}, REQUEST)
    cloudformation.add_response("describe_change_set", found("CREATE_IN_PROGRESS", "UNAVAILABLE"), OWN)
    changes = [
        change("Add", "Api", "AWS::Lambda::Function"),
        change("Modify", "Model", Replacement="True"),
        change("Modify", "Endpoint", "AWS::SageMaker::Endpoint", Replacement="False"),
        change("Modify", "Role", "AWS::IAM::Role", Replacement="Conditional"),
        change("Remove", "Old"),
    ]
    cloudformation.add_response("describe_change_set", found(changes=changes), OWN)
    made = make(clients)
    assert made == ChangeSet(
        arn=ARN,
        name=NAME,
        stack=STACK,
        lines=(
            "Add    Api AWS::Lambda::Function",
            "Modify Model AWS::SageMaker::Model (replaced by a new one)",
            "Modify Endpoint AWS::SageMaker::Endpoint",
            "Modify Role AWS::IAM::Role (may be replaced)",
            "Remove Old AWS::SageMaker::Model",
        ),
    )
    assert made.token == f"{NAME}-2"


def test_a_service_role_is_what_cloudformation_works_as(clients, cloudformation):
    role = "arn:aws:iam::123456789012:role/shop-deploy"
    cloudformation.add_response(
        "create_change_set", {}, REQUEST | {"RoleARN": role, "ChangeSetType": "CREATE"}
    )
    cloudformation.add_response("describe_change_set", found(), OWN)
    assert make(clients, kind="CREATE", role=role) is not None


@pytest.mark.parametrize("code", ["AlreadyExistsException", "LimitExceededException"])
def test_one_of_that_name_is_found_and_used(clients, cloudformation, code):
    cloudformation.add_client_error("create_change_set", code, "taken")
    cloudformation.add_response("describe_change_set", found(), OWN)
    made = make(clients)
    assert made is not None and made.arn == ARN


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed.",
    ],
)
def test_one_that_changes_nothing_is_deleted_and_none(clients, cloudformation, reason):
    cloudformation.add_response("create_change_set", {}, ANY_REQUEST)
    cloudformation.add_response("describe_change_set", found("FAILED", "UNAVAILABLE", reason), OWN)
    cloudformation.add_response("delete_change_set", {}, OWN)
    assert make(clients) is None


ANY_REQUEST = REQUEST | {"TemplateBody": ANY}


@pytest.mark.parametrize(
    ("reason", "said"),
    [("Transform failed.", "Transform failed."), (None, "it says no more")],
    ids=["a reason", "none"],
)
def test_one_that_cannot_be_made_is_an_error_with_its_reason(clients, cloudformation, reason, said):
    cloudformation.add_response("create_change_set", {}, ANY_REQUEST)
    cloudformation.add_response("describe_change_set", found("FAILED", "UNAVAILABLE", reason), OWN)
    cloudformation.add_response("delete_change_set", {}, OWN)
    with pytest.raises(StackError) as refused:
        make(clients)
    assert type(refused.value) is StackError
    assert refused.value.message == (
        f"CloudFormation cannot make the change set {NAME} for shop-staging-endpoint (FAILED): {said}"
    )


def test_one_that_another_change_made_obsolete_is_deleted_so_that_the_stage_is_looked_at_again(
    clients, cloudformation
):
    cloudformation.add_response("create_change_set", {}, ANY_REQUEST)
    cloudformation.add_response("describe_change_set", found(execution="OBSOLETE"), OWN)
    cloudformation.add_response("delete_change_set", {}, OWN)
    with pytest.raises(OvertakenError, match=f"the change set {NAME} is OBSOLETE"):
        make(clients)


@pytest.mark.parametrize("status", ["FAILED", "DELETE_COMPLETE"])
def test_an_earlier_one_that_cannot_be_used_is_made_anew(clients, cloudformation, status):
    cloudformation.add_client_error("create_change_set", "AlreadyExistsException", "taken")
    cloudformation.add_response(
        "describe_change_set", found(status, "UNAVAILABLE", "No updates are to be performed"), OWN
    )
    cloudformation.add_response("delete_change_set", {}, OWN)
    with pytest.raises(OvertakenError, match=f"an earlier change set {NAME} was {status}"):
        make(clients)


BUSY = "Stack:arn:x is in UPDATE_IN_PROGRESS state and can not be updated."
GONE = "Stack [shop-staging-endpoint] does not exist"


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        ("create_change_set", "ValidationError", BUSY),
        ("create_change_set", "ValidationError", GONE),
        ("describe_change_set", "ChangeSetNotFound", "ChangeSet x"),
        ("describe_change_set", "ValidationError", GONE),
    ],
)
def test_a_stack_that_changed_meanwhile_is_looked_at_again(clients, cloudformation, call, code, message):
    if call == "describe_change_set":
        cloudformation.add_response("create_change_set", {}, ANY_REQUEST)
    cloudformation.add_client_error(call, code, message)
    with pytest.raises(OvertakenError):
        make(clients)


@pytest.mark.parametrize("call", ["create_change_set", "describe_change_set"])
@pytest.mark.parametrize(
    ("code", "message"), [("ValidationError", "Template format error"), ("AccessDenied", "no")]
)
def test_any_other_refusal_is_an_error_of_aws(clients, cloudformation, call, code, message):
    if call == "describe_change_set":
        cloudformation.add_response("create_change_set", {}, ANY_REQUEST)
    cloudformation.add_client_error(call, code, message)
    with pytest.raises(ClientError, match=code):
        make(clients)


@pytest.mark.parametrize(("more", "uploaded"), [(0, False), (1, True)], ids=["the largest", "one byte more"])
def test_a_template_that_is_too_large_for_a_request_lies_in_the_bucket(
    clients, stub, cloudformation, more, uploaded
):
    # The largest TemplateBody of CreateChangeSet has 51,200 bytes.
    body = json.dumps({"Resources": {}}).ljust(51_200 + more)
    large = Target(CANDIDATE, DEPLOYMENT, body)
    request = REQUEST | {"ChangeSetName": large.change_set, "TemplateBody": body}
    if uploaded:
        s3 = stub("s3")
        s3.add_client_error("head_object", "404", "Not Found", 404)
        s3.add_response("put_object", {"VersionId": "v/1"})
        del request["TemplateBody"]
        request["TemplateURL"] = ANY
    cloudformation.add_response("create_change_set", {}, request)
    cloudformation.add_response("describe_change_set", found(), OWN | {"ChangeSetName": large.change_set})
    assert make(clients, large) is not None


# Executing


MADE = ChangeSet(ARN, NAME, STACK, ())
EXECUTED = {"ChangeSetName": ARN, "StackName": STACK, "ClientRequestToken": f"{NAME}-2"}


def test_a_change_set_is_executed_by_its_arn_and_once(clients, cloudformation):
    cloudformation.add_response("execute_change_set", {}, EXECUTED)
    change_sets.execute(clients, MADE)


def test_a_token_has_as_many_characters_as_cloudformation_takes(clients):
    long = ChangeSet(f"arn:x/{'1' * 200}", f"reconcile-{'a' * 24}", STACK, ())
    shape = clients.cloudformation.meta.service_model.shape_for("ClientRequestToken")
    assert len(long.token) <= shape.metadata["max"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ChangeSetNotFound", "ChangeSet x does not exist"),
        ("InvalidChangeSetStatus", "it is OBSOLETE"),
        ("ValidationError", BUSY),
        ("ValidationError", GONE),
    ],
)
def test_one_that_cannot_be_executed_any_more_is_looked_at_again(clients, cloudformation, code, message):
    cloudformation.add_client_error("execute_change_set", code, message)
    with pytest.raises(OvertakenError, match=code):
        change_sets.execute(clients, MADE)


def test_one_that_may_not_be_executed_is_an_error_of_aws(clients, cloudformation):
    cloudformation.add_client_error("execute_change_set", "AccessDenied", "no")
    with pytest.raises(ClientError, match="AccessDenied"):
        change_sets.execute(clients, MADE)


@pytest.mark.parametrize(
    ("code", "message"),
    [("ChangeSetNotFound", ""), ("InvalidChangeSetStatus", ""), ("ValidationError", GONE)],
)
def test_one_that_is_gone_is_deleted(clients, cloudformation, code, message):
    cloudformation.add_client_error("delete_change_set", code, message)
    change_sets.delete(clients, TARGET)


def test_one_that_may_not_be_deleted_is_an_error_of_aws(clients, cloudformation):
    cloudformation.add_client_error("delete_change_set", "AccessDenied", "no")
    with pytest.raises(ClientError, match="AccessDenied"):
        change_sets.delete(clients, TARGET)
