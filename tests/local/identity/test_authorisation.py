"""Every call of every service goes through the one authorisation step: a role without policies may do nothing.

Each operation is asked for by its own client, as far as its model says what it needs; what is answered otherwise than by a
refusal has to be in `FREE`, with the reason.
"""

import itertools

import pytest
import requests
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, StructureShape

from local_aws.kernel.account import isolated_session
from local_aws.kernel.wire import service_model

FREE = {
    "sts:AssumeRole": "the role's trust policy decides: see test_sts.py",
    "sts:AssumeRoleWithSAML": "the role's trust policy decides; it is not embedded",
    "sts:AssumeRoleWithWebIdentity": "the role's trust policy decides: see test_web_identity.py",
    "sts:GetCallerIdentity": "AWS asks for no permission",
}

COMMODITY = ("ecr", "iam", "kms", "logs", "s3", "secretsmanager", "sns", "sqs", "ssm")
"""Services that moto answers: all that it might answer is looked at."""

DENIED = {"AccessDenied", "AccessDeniedException", "403"}


def sample(shape, depth=0):
    """A value with everything that a shape requires."""
    match shape:
        case StructureShape():
            if depth > 6:
                return {}
            return {name: sample(shape.members[name], depth + 1) for name in shape.required_members}
        case ListShape():
            return [sample(shape.member, depth + 1)]
        case MapShape():
            return {"k": sample(shape.value, depth + 1)}
    match shape.type_name:
        case "string":
            return shape.enum[0] if shape.enum else "a" * max(3, int(shape.metadata.get("min", 0)))
        case "blob":
            return b"x"
        case "boolean":
            return True
        case "timestamp":
            return 0
    return max(1, int(shape.metadata.get("min", 0) or 0))


@pytest.fixture(scope="module")
def session(local_server):
    """A session of a role that has no policy, on a server that enforces policies."""
    before, local_server.gate.enforce = local_server.gate.enforce, True
    iam = local_server.client("iam")
    trust = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}'
    )
    role = iam.create_role(RoleName="may-do-nothing", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    yield local_server.account.sessions.issue(role, "nobody")
    local_server.gate.enforce = before


@pytest.fixture
def client(local_server, session):
    def client(service):
        config = Config(
            parameter_validation=False,
            retries={"total_max_attempts": 1},
            inject_host_prefix=False,
            s3={"addressing_style": "path"},
        )
        return isolated_session("eu-west-1", session).client(
            service, endpoint_url=local_server.endpoint_url, config=config
        )

    return client


def outcome(client, service, operation):
    """The code of the error that an operation is answered with, or that it tells of each key; None for an answer."""
    shape = service_model(service).operation_model(operation).input_shape
    request = sample(shape) if shape else {}
    try:
        answer = getattr(client, xform_name(operation))(**request)
    except ClientError as error:
        return error.response["Error"]["Code"]
    if operation == "DeleteObjects" and not answer.get("Deleted"):
        return answer["Errors"][0]["Code"]
    return None


def test_a_role_without_policies_is_refused_every_operation_of_every_service(local_server, client):
    embedded = {name: service.operations for name, service in local_server.services.items()}
    commodity = {name: service_model(name).operation_names for name in COMMODITY}
    open_ = {}
    for service, operations in itertools.chain(embedded.items(), commodity.items()):
        asked = client(service)
        for operation in operations:
            code = outcome(asked, service, operation)
            if code not in DENIED and f"{service}:{operation}" not in FREE:
                open_[f"{service}:{operation}"] = code
    assert not open_, "\n".join(f"{name}: {code}" for name, code in open_.items())


def test_a_presigned_address_is_as_good_as_its_signers_permissions(local_server, client, aws):
    local_server.gate.enforce = True
    aws.client("s3").put_object(Bucket=aws.bucket, Key="k", Body=b"x")
    named = {"Params": {"Bucket": aws.bucket, "Key": "k"}}
    by_nobody = client("s3").generate_presigned_url("get_object", **named)
    by_administrator = aws.client("s3").generate_presigned_url("get_object", **named)
    assert requests.get(by_nobody, timeout=10).status_code == 403
    assert requests.get(by_administrator, timeout=10).status_code == 200
