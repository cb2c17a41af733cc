"""What CloudFormation's own handlers call, by the registry's schemas, and what the roles that it acts as may do."""

import json
import re
from pathlib import Path

import cfnlint
import pytest

from local_aws.identity.policies.conditions import like
from model_deploy.core.plan.deployment import Deployment
from model_deploy.stacks import synthesise
from model_deploy.stage import Stage
from project_template.stacks import handlers

SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas"
INDEX = json.loads((SCHEMAS / "providers" / "eu-west-1.json").read_text())

STAGES = [
    {
        "endpoint": {"kind": "realtime", "instance_type": "ml.m5.large", "instance_count": 2},
        "alarms": {"invocation_5xx_percent": 1, "rollback": False},
        "scaling": {"min": 2, "max": 4, "invocations_per_instance": 600},
        "api": {
            "kind": "http_api",
            "auth": "jwt",
            "jwt": {"issuer": "https://id.example.com", "audience": ["shop"]},
        },
    },
    {
        "endpoint": {"kind": "serverless", "memory_mb": 2048, "max_concurrency": 20},
        "api": {"kind": "function_url", "auth": "public", "concurrency": 5},
    },
]


def called(kind):
    """The actions that CloudFormation calls on a resource of the type in its whole life."""
    schema = json.loads((SCHEMAS / "resources" / f"{INDEX[kind]}.json").read_text())
    assert schema["handlers"], kind  # a type without handlers would pass unseen
    lists = [handler["permissions"] for name, handler in schema["handlers"].items() if name != "list"]
    return {action for each in [*lists, schema.get("tagging", {}).get("permissions", [])] for action in each}


def missing(made, role, kind):
    granted = [
        action
        for document in made.documents(role).values()
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    ]
    needed = {action for action in called(kind) if action != "iam:PassRole" or kind in PASSING}
    lacking = {
        action for action in needed if not any(like(action, each, ignore_case=True) for each in granted)
    }
    return {action for action in lacking if handlers.not_needed(kind, action) is None}


PASSING = {"AWS::Lambda::Function", "AWS::SageMaker::Model", "AWS::SageMaker::EndpointConfig"}
"""Types whose resources are given a role in the templates."""


@pytest.fixture(scope="module")
def deployed_types(pytestconfig):
    """The types of everything that model-deploy's templates can hold."""
    stages = [Stage.parse(stage, Path("stages/production.yaml")) for stage in STAGES]
    stages += [Stage.load(path) for path in (pytestconfig.rootpath / "deploy" / "stages").glob("*.yaml")]
    templates = [json.loads(synthesise(deployment(stage))) for stage in stages]
    return {resource["Type"] for template in templates for resource in template["Resources"].values()}


def deployment(stage):
    return Deployment(
        stage=stage,
        model_package_arn="arn:aws:sagemaker:eu-west-1:123456789012:model-package/reviews-models/7",
        image="blazingtext:1",
        model_uri="s3://reviews-artifacts/deploy/live/models/aaa/model.tar.gz",
        project_name="reviews",
        project_id="p-abc123",
        region="eu-west-1",
        bucket="reviews-artifacts",
        endpoint_role_arn="arn:aws:iam::123456789012:role/reviews-endpoint",
        api_archive="code/deploy/live/aaa/api.zip" if stage.api else None,
        api_archive_version="version-1" if stage.api else None,
        permissions_boundary="arn:aws:iam::123456789012:policy/boundary",
    )


def test_the_launch_role_covers_every_type_of_the_project_template(make_project, publication):
    made = make_project(OidcProviderArn="")
    kinds = {each["Type"] for each in made.resources.values() if not each["Type"].startswith("Custom::")}
    assert len(kinds) > 10
    assert {kind: lost for kind in kinds if (lost := missing(publication, "LaunchRole", kind))} == {}


def test_the_service_role_covers_every_type_of_the_endpoint_stacks(project, deployed_types):
    assert {"AWS::SageMaker::Endpoint", "AWS::ApiGatewayV2::Authorizer", "AWS::Lambda::Url"} <= deployed_types
    assert {
        kind: lost for kind in deployed_types if (lost := missing(project, "DeployServiceRole", kind))
    } == {}


def test_a_role_that_lacks_something_would_be_seen(project):
    assert "sqs:DeleteQueue" in missing(project, "DeployServiceRole", "AWS::SQS::Queue")
    assert missing(project, "DispatchRole", "AWS::SageMaker::Endpoint")


def test_the_launch_role_reaches_what_the_template_makes_and_nothing_beside_it(publication, publications):
    account = "123456789012"
    bounded = {"iam:PermissionsBoundary": publications.settings.boundary_arn(account)}
    new = {"aws:RequestTag/sagemaker:project-name": "reviews"}
    own = {"aws:ResourceTag/sagemaker:project-name": "reviews"}
    role = f"arn:aws:iam::{account}:role/sagemaker-projects/reviews/SP-p-abc-PourRole-x"
    function = f"arn:aws:lambda:eu-west-1:{account}:function:SP-p-abc-PourFunction-x"
    key = f"arn:aws:kms:eu-west-1:{account}:key/x"
    reached = [
        ("iam:CreateRole", role, bounded),
        ("iam:DeleteRole", role, {}),
        ("lambda:InvokeFunction", function, {}),
        ("kms:CreateKey", "*", new),
        ("kms:ScheduleKeyDeletion", key, own),
        ("s3:CreateBucket", "arn:aws:s3:::sp-p-abc-artifactbucket-x", {}),
        ("sqs:DeleteQueue", f"arn:aws:sqs:eu-west-1:{account}:SP-p-abc-UndeliveredApprovals-x", {}),
        ("s3:GetObject", f"arn:aws:s3:::{publications.settings.bucket}/functions/x.zip", {}),
    ]
    assert [
        action for action, arn, context in reached if not publication.may("LaunchRole", action, arn, context)
    ] == []
    beyond = [
        ("iam:CreateRole", role, {}),
        ("iam:CreateRole", f"arn:aws:iam::{account}:role/admin", bounded),
        ("iam:PutRolePolicy", f"arn:aws:iam::{account}:role/admin", bounded),
        ("iam:PutRolePolicy", role, {}),
        ("iam:DeleteRolePermissionsBoundary", role, bounded),
        ("iam:CreatePolicyVersion", publications.settings.boundary_arn(account), {}),
        ("iam:CreateUser", f"arn:aws:iam::{account}:user/x", {}),
        (
            "iam:PassRole",
            f"arn:aws:iam::{account}:role/admin",
            {"iam:PassedToService": "lambda.amazonaws.com"},
        ),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:eu-west-1:{account}:function:payments", {}),
        ("kms:ScheduleKeyDeletion", key, {}),
        ("kms:CreateKey", "*", {}),
        ("s3:DeleteBucket", "arn:aws:s3:::payments", {}),
        ("s3:GetObject", f"arn:aws:s3:::{publications.settings.bucket}/secrets/x", {}),
        ("events:PutRule", f"arn:aws:events:eu-west-1:{account}:rule/payments", {}),
    ]
    assert [
        action for action, arn, context in beyond if publication.may("LaunchRole", action, arn, context)
    ] == []


def test_a_new_key_is_set_up_before_its_tags_are_known_and_changed_only_with_them(publication):
    key = "arn:aws:kms:eu-west-1:123456789012:key/x"
    own = {"aws:ResourceTag/sagemaker:project-name": "reviews"}
    for action in (
        "DescribeKey",
        "EnableKeyRotation",
        "GetKeyPolicy",
        "GetKeyRotationStatus",
        "ListResourceTags",
    ):
        assert publication.may("LaunchRole", f"kms:{action}", key), action
    for action in (
        "ScheduleKeyDeletion",
        "DisableKey",
        "DisableKeyRotation",
        "PutKeyPolicy",
        "UntagResource",
    ):
        assert not publication.may("LaunchRole", f"kms:{action}", key), action
        assert publication.may("LaunchRole", f"kms:{action}", key, own), action


def test_what_is_left_out_is_something_that_a_handler_would_call():
    idle = {
        (kind, pattern)
        for kind, patterns in handlers.NOT_NEEDED.items()
        for pattern in patterns
        if not any(re.fullmatch(pattern, action) for action in called(kind))
    }
    assert idle == set()


def granted(made, role):
    """The actions of a role's Allow statements, as they are written."""
    return {
        action
        for document in made.documents(role).values()
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }


def beyond(made, role, kinds):
    """What a role is granted that no handler of the types calls."""
    calls = set().union(*map(called, kinds))
    return {
        action
        for action in granted(made, role)
        if not any(like(call, action, ignore_case=True) for call in calls)
    }


def test_the_launch_role_may_nothing_that_no_handler_calls_and_no_reason_is_given_for(
    make_project, publication
):
    made = make_project(OidcProviderArn="")
    kinds = {each["Type"] for each in made.resources.values() if not each["Type"].startswith("Custom::")}
    assert beyond(publication, "LaunchRole", kinds) == set(handlers.BESIDE["LaunchRole"])


def test_the_service_role_may_nothing_that_no_handler_calls_and_no_reason_is_given_for(
    project, deployed_types
):
    assert beyond(project, "DeployServiceRole", deployed_types) == set(handlers.BESIDE["DeployServiceRole"])


APART = {
    "LaunchRole": {
        "CopiesOfTemplates",
        "LooksForLogGroups",
        "ReadsTemplatesAndFunctions",
    },
    "DeployServiceRole": {
        "Changes",
        "CreatesHttpApis",
        "DecryptsArchives",
        "GrantsKeyToInstances",
        "PassesEndpointRole",
        "PassesFunctionRoles",
        "ReadsPackages",
        "TagsNew",
    },
}
"""Statements whose actions others have, too, on other resources or conditions: the tests above and the replay hold them."""


def redundant(made, role, needs):
    """The statements without which every need is still met, by the actions of others."""
    allowed = [
        each
        for document in made.documents(role).values()
        for each in document["Statement"]
        if each["Effect"] == "Allow"
    ]
    actions = [[each["Action"]] if isinstance(each["Action"], str) else each["Action"] for each in allowed]
    found = set()
    for number, own in enumerate(actions):
        others = [action for other, each in enumerate(actions) if other != number for action in each]
        if not any(covers(own, need) and not covers(others, need) for need in needs):
            found.add(allowed[number]["Sid"])
    return found


def covers(patterns, action):
    return any(like(action, each, ignore_case=True) for each in patterns)


def needs_of(role, kinds):
    called_for = {
        action for kind in kinds for action in called(kind) if handlers.not_needed(kind, action) is None
    }
    return called_for | set(handlers.BESIDE[role])


def test_the_launch_role_has_no_statement_without_which_nothing_is_lacking(make_project, publication):
    made = make_project(OidcProviderArn="")
    kinds = {each["Type"] for each in made.resources.values() if not each["Type"].startswith("Custom::")}
    needs = needs_of("LaunchRole", kinds)
    assert redundant(publication, "LaunchRole", needs) <= APART["LaunchRole"]


def test_the_service_role_has_no_statement_without_which_nothing_is_lacking(project, deployed_types):
    needs = needs_of("DeployServiceRole", deployed_types)
    assert redundant(project, "DeployServiceRole", needs) <= APART["DeployServiceRole"]
