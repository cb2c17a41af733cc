"""What tests of identity share: roles, and clients that act under them."""

import itertools
import json
from contextlib import contextmanager

import pytest

from local_aws.kernel.account import isolated_session
from local_aws.kernel.sessions import Session

ACCOUNT = "arn:aws:iam::123456789012"
_numbers = itertools.count(1)


def trusting(principal, action="sts:AssumeRole", **condition):
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{**statement, **({"Condition": condition} if condition else {})}],
        }
    )


def allowing(*statements):
    """A policy of (actions, resources) and (actions, resources, condition)."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": f"S{number}",
                    "Effect": "Allow",
                    "Action": actions,
                    "Resource": resources,
                    **({"Condition": condition[0]} if condition else {}),
                }
                for number, (actions, resources, *condition) in enumerate(statements, 1)
            ],
        }
    )


class Roles:
    """Makes roles under the path /identity/, which the account may assume."""

    trusting = staticmethod(trusting)

    def __init__(self, aws):
        self._aws = aws
        self.iam = aws.client("iam")

    def make(self, *statements, trust=None, **request):
        """A role with one inline policy; returns its ARN."""
        name = f"{self._aws.name}-{next(_numbers)}"
        trust = trust or trusting({"AWS": f"{ACCOUNT}:root"})
        made = self.iam.create_role(
            RoleName=name, Path="/identity/", AssumeRolePolicyDocument=trust, **request
        )
        if statements:
            self.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=allowing(*statements))
        return made["Role"]["Arn"]

    def credentials(self, arn, name="me", **request):
        return self._aws.client("sts").assume_role(RoleArn=arn, RoleSessionName=name, **request)[
            "Credentials"
        ]

    def client(self, arn, service):
        return self.client_with(self.credentials(arn), service)

    def client_with(self, credentials, service):
        """A client that acts with the credentials of a session, as STS gives them."""
        keys = (credentials[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
        session = isolated_session(self._aws.region, Session(*keys, role_arn="", name=""))
        return session.client(service, endpoint_url=self._aws.server.endpoint_url)


@pytest.fixture
def roles(aws):
    return Roles(aws)


@pytest.fixture
def enforced(aws):
    """The server refuses what roles are not allowed, for the length of the test."""

    @contextmanager
    def switched():
        aws.server.gate.enforce = True
        try:
            yield
        finally:
            aws.server.gate.enforce = False

    with switched():
        yield
