"""Lambda's lists, revisions and the older paths of its API."""

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from local_aws.kernel.account import isolated_session

SOURCE = "def handler(event, context): return 1"


def test_all_versions_of_all_functions_are_listed_under_their_own_arns(functions):
    names = sorted(functions.create(SOURCE) for _ in range(2))
    functions.lambda_.publish_version(FunctionName=names[0])
    pages = functions.lambda_.get_paginator("list_functions").paginate(FunctionVersion="ALL")
    found = [each for page in pages for each in page["Functions"] if each["FunctionName"] in names]
    assert [(each["FunctionName"], each["Version"]) for each in found] == [
        (names[0], "$LATEST"),
        (names[0], "1"),
        (names[1], "$LATEST"),
    ]
    assert all(each["FunctionArn"].endswith(f":{each['FunctionName']}:{each['Version']}") for each in found)


def test_without_all_each_function_is_listed_once_under_its_plain_arn(functions):
    name = functions.create(SOURCE, Publish=True)
    listed = functions.lambda_.get_paginator("list_functions").paginate()
    found = [each for page in listed for each in page["Functions"] if each["FunctionName"] == name]
    assert [each["FunctionArn"].rpartition(":")[2] for each in found] == [name]


def test_aliases_are_listed_by_name_and_by_the_version_they_point_to(functions):
    name = functions.create(SOURCE, Publish=True)
    functions.lambda_.create_alias(FunctionName=name, Name="next", FunctionVersion="$LATEST")
    functions.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    listed = functions.lambda_.list_aliases(FunctionName=name)["Aliases"]
    assert [each["Name"] for each in listed] == ["live", "next"]
    [live] = functions.lambda_.list_aliases(FunctionName=name, FunctionVersion="1")["Aliases"]
    assert live["AliasArn"].endswith(f"function:{name}:live")


def test_urls_and_event_configurations_are_listed(functions):
    name = functions.create(SOURCE)
    url = functions.lambda_.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")["FunctionUrl"]
    functions.lambda_.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    urls = functions.lambda_.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]
    assert [each["FunctionUrl"] for each in urls] == [url]
    configs = functions.lambda_.list_function_event_invoke_configs(FunctionName=name)
    [config] = configs["FunctionEventInvokeConfigs"]
    assert (config["MaximumRetryAttempts"], config["FunctionArn"].rpartition(":")[2]) == (0, "$LATEST")


@pytest.mark.parametrize("operation", ["list_functions", "list_aliases", "list_versions_by_function"])
def test_a_made_up_marker_is_refused(functions, refusal, operation):
    name = functions.create(SOURCE)
    request = {} if operation == "list_functions" else {"FunctionName": name}
    code, _ = refusal(getattr(functions.lambda_, operation), Marker="nonsense", **request)
    assert code == "InvalidParameterValueException"


def test_a_change_of_another_revision_than_the_current_one_is_refused(functions, refusal):
    name = functions.create(SOURCE, Publish=True)
    client = functions.lambda_
    current = client.get_function_configuration(FunctionName=name)["RevisionId"]
    client.update_function_configuration(FunctionName=name, Timeout=5, RevisionId=current)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    stale = {"FunctionName": name, "RevisionId": current}
    permission = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com"}
    for call, more in (
        (client.update_function_configuration, {"Timeout": 6}),
        (client.update_function_code, {"ZipFile": b"x"}),
        (client.publish_version, {}),
        (client.update_alias, {"Name": "live"}),
        (client.add_permission, permission),
    ):
        assert refusal(call, **stale, **more)[0] == "PreconditionFailedException"
    assert client.get_function_configuration(FunctionName=name)["Timeout"] == 5


@pytest.mark.parametrize("path", ["/2015-03-31/functions", "/2015-03-31/functions/"])
def test_paths_with_and_without_a_slash_at_the_end_are_the_same(aws, functions, path):
    functions.create(SOURCE)
    request = AWSRequest("GET", f"{aws.server.endpoint_url}{path}")
    credentials = isolated_session(
        aws.region, aws.server.account.clients.keys.administrator
    ).get_credentials()
    SigV4Auth(credentials, "lambda", aws.region).add_auth(request)
    answer = requests.get(request.url, headers=dict(request.headers), timeout=10)
    assert answer.json()["Functions"]
