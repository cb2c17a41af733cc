"""AWS without a server: answers that botocore's models of the APIs validate, like the requests for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import boto3
import pytest
from botocore.stub import Stubber

from model_deploy.aws.clients import Aws


@pytest.fixture(scope="session")
def clients() -> Aws:
    """Clients that reach nothing."""
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-west-1")
    return Aws(session)


@pytest.fixture
def stub(clients: Aws) -> Iterator[Callable[[str], Stubber]]:
    """A function that makes the client of that name answer as a test says. Every answer has to be asked for."""
    made: dict[str, Stubber] = {}
    with ExitStack() as stack:

        def stub(name: str) -> Stubber:
            if name not in made:
                made[name] = stack.enter_context(Stubber(getattr(clients, name)))
            return made[name]

        yield stub
        for each in made.values():
            each.assert_no_pending_responses()
