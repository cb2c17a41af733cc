"""Sessions: who gets one, for how long, and who they then are."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "arn:aws:iam::123456789012"


def code(error):
    return error.value.response["Error"]["Code"]


def test_the_administrator_is_the_account(aws):
    assert aws.client("sts").get_caller_identity()["Arn"] == f"{ACCOUNT}:root"


def test_a_session_is_the_assumed_role_without_its_path(aws, roles):
    arn = roles.make()
    identity = roles.client(arn, "sts").get_caller_identity()
    name = arn.rpartition("/")[2]
    assert identity["Arn"] == f"arn:aws:sts::123456789012:assumed-role/{name}/me"
    assert identity["UserId"] == roles.iam.get_role(RoleName=name)["Role"]["RoleId"] + ":me"


def test_every_session_has_keys_of_its_own(roles):
    arn = roles.make()
    first, second = roles.credentials(arn), roles.credentials(arn)
    assert first["AccessKeyId"].startswith("ASIA") and len(first["AccessKeyId"]) == 20
    assert first["AccessKeyId"] != second["AccessKeyId"]


def test_a_role_that_does_not_trust_the_caller_is_refused_as_one_that_does_not_exist(aws, roles):
    stranger = roles.make(trust=roles.trusting({"Service": "lambda.amazonaws.com"}))
    for arn in (stranger, f"{ACCOUNT}:role/nobody"):
        with pytest.raises(
            ClientError, match=f"{ACCOUNT}:root is not authorized to perform: sts:AssumeRole on "
        ):
            roles.credentials(arn)


def test_an_account_that_is_trusted_delegates_to_its_roles_own_policies(aws, roles):
    target = roles.make()
    unable, able = roles.make(), roles.make(("sts:AssumeRole", target))
    request = {"RoleArn": target, "RoleSessionName": "chained"}
    with pytest.raises(ClientError) as refused:
        roles.client(unable, "sts").assume_role(**request)
    assert code(refused) == "AccessDenied"
    chained = roles.client(able, "sts").assume_role(**request)
    assert chained["AssumedRoleUser"]["Arn"].endswith("/chained")


def test_a_role_that_is_named_in_the_trust_policy_needs_no_policy_of_its_own(roles):
    named = roles.make()
    target = roles.make(trust=roles.trusting({"AWS": named}))
    assert roles.client(named, "sts").assume_role(RoleArn=target, RoleSessionName="run")["Credentials"]


def test_conditions_of_the_trust_policy_are_looked_at(aws, roles):
    condition = {"StringEquals": {"sts:ExternalId": "secret"}}
    arn = roles.make(trust=roles.trusting({"AWS": f"{ACCOUNT}:root"}, **condition))
    assert roles.credentials(arn, ExternalId="secret")
    with pytest.raises(ClientError) as refused:
        roles.credentials(arn, ExternalId="guess")
    assert code(refused) == "AccessDenied"


def test_a_session_lasts_no_longer_than_its_role_allows(roles):
    arn = roles.make(MaxSessionDuration=7200)
    assert roles.credentials(arn, DurationSeconds=7200)
    with pytest.raises(ClientError, match="exceeds the MaxSessionDuration set for this role") as refused:
        roles.credentials(arn, DurationSeconds=7201)
    assert code(refused) == "ValidationError"
    middle = roles.make(("sts:AssumeRole", "*"))
    with pytest.raises(ClientError, match="1 hour session limit for roles assumed by role chaining"):
        roles.client(middle, "sts").assume_role(RoleArn=arn, RoleSessionName="run", DurationSeconds=7200)


def test_keys_that_nobody_was_given_are_refused(aws, roles):
    forged = roles.credentials(roles.make()) | {"AccessKeyId": "ASIAAAAAAAAAAAAAAAAA"}
    swapped = roles.credentials(roles.make()) | {"SessionToken": "another"}
    for credentials in (forged, swapped):
        with pytest.raises(
            ClientError, match="The security token included in the request is invalid"
        ) as refused:
            roles.client_with(credentials, "sagemaker").list_models()
        assert code(refused) == "UnrecognizedClientException"
        with pytest.raises(ClientError) as refused:
            roles.client_with(credentials, "iam").list_roles()
        assert code(refused) == "InvalidClientTokenId"


def test_a_session_that_is_over_is_refused(aws, roles):
    session = aws.server.account.sessions.issue(roles.make(), "late", timedelta(seconds=-1))
    credentials = {
        "AccessKeyId": session.access_key,
        "SecretAccessKey": session.secret_key,
        "SessionToken": session.token,
    }
    with pytest.raises(ClientError) as refused:
        roles.client_with(credentials, "s3").list_buckets()
    assert code(refused) == "ExpiredToken"
    with pytest.raises(ClientError) as refused:
        roles.client_with(credentials, "logs").describe_log_groups()
    assert code(refused) == "ExpiredTokenException"


def test_what_would_narrow_a_session_is_refused_rather_than_ignored(roles):
    with pytest.raises(ClientError, match="does not have Policy"):
        roles.credentials(roles.make(), Policy='{"Statement": []}')
