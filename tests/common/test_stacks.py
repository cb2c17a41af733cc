"""A stack's template and events, as the client gives them."""

from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from model_common.aws import stacks

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def client():
    return boto3.client(
        "cloudformation", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


@pytest.fixture
def stubbed(client):
    with Stubber(client) as made:
        yield made


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{ "b":1,\n"a": 2}', '{ "b":1,\n"a": 2}'),
        ({"b": 1, "a": {"c": "Ä"}}, '{\n "a": {\n  "c": "\\u00c4"\n },\n "b": 1\n}\n'),
    ],
    ids=["text", "JSON, as botocore parses it"],
)
def test_a_template_is_text_as_it_was_sent(client, stubbed, body, text):
    # botocore reads a body that is JSON, and the model of the API knows text only.
    stubbed.add_response(
        "get_template", {"TemplateBody": "x"}, {"StackName": "shop", "TemplateStage": "Original"}
    )
    client.meta.events.register(
        "after-call.cloudformation.GetTemplate", use := lambda parsed, **_: parsed.update(TemplateBody=body)
    )
    try:
        assert stacks.template(client, "shop") == text
    finally:
        client.meta.events.unregister("after-call.cloudformation.GetTemplate", use)


def test_a_template_of_no_stack_is_an_error(client, stubbed):
    stubbed.add_client_error("get_template", "ValidationError", "Stack with id shop does not exist")
    with pytest.raises(ClientError, match="does not exist"):
        stacks.template(client, "shop")


def event(number, status):
    return {
        "StackId": "arn:shop",
        "StackName": "shop",
        "EventId": str(number),
        "ResourceStatus": status,
        "Timestamp": NOON,
    }


def test_a_history_is_read_page_by_page_the_latest_first(client, stubbed):
    first = {
        "StackEvents": [event(3, "UPDATE_COMPLETE"), event(2, "UPDATE_IN_PROGRESS")],
        "NextToken": "more",
    }
    stubbed.add_response("describe_stack_events", first, {"StackName": "shop"})
    events = stacks.history(client, "shop")
    assert [next(events).id, next(events).id] == ["3", "2"]
    stubbed.add_response(
        "describe_stack_events",
        {"StackEvents": [event(1, "CREATE_COMPLETE")]},
        {"StackName": "shop", "NextToken": "more"},
    )
    assert [each.status for each in events] == ["CREATE_COMPLETE"]


def test_where_there_is_no_stack_nothing_happened(client, stubbed):
    stubbed.add_client_error("describe_stack_events", "ValidationError", "Stack [shop] does not exist")
    assert list(stacks.history(client, "shop")) == []


def test_a_history_that_may_not_be_read_is_an_error(client, stubbed):
    stubbed.add_client_error("describe_stack_events", "AccessDenied", "no")
    with pytest.raises(ClientError, match="AccessDenied"):
        list(stacks.history(client, "shop"))
