"""Functions: made, described, changed, deleted; their versions, aliases, policies, tags and concurrency."""

import base64
import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from local_aws.kernel.token_buckets import TokenBuckets
from local_aws.lambda_.invocation.invoker import Invoker

from .conftest import archive, role

ONE = "def handler(event, context): return 1"
TWO = "def handler(event, context): return 2"
WAITING = """
import pathlib, time
def handler(event, context):
    pathlib.Path("{begun}").touch()
    while not pathlib.Path("{end}").exists():
        time.sleep(0.01)
    return "done"
"""


def test_a_function_is_described_as_it_was_created(aws, functions):
    code = archive(app=ONE)
    name = functions.create(
        ONE,
        Code={"ZipFile": code},
        Environment={"Variables": {"COLOUR": "blue"}},
        MemorySize=256,
        Timeout=7,
        Tags={"team": "a"},
    )
    described = functions.lambda_.get_function(FunctionName=name)
    configuration = described["Configuration"]
    assert configuration["FunctionArn"] == f"arn:aws:lambda:{aws.region}:123456789012:function:{name}"
    assert configuration["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()
    assert configuration["CodeSize"] == len(code)
    assert configuration["Environment"] == {"Variables": {"COLOUR": "blue"}}
    assert (configuration["MemorySize"], configuration["Timeout"]) == (256, 7)
    assert (configuration["State"], configuration["LastUpdateStatus"]) == ("Active", "Successful")
    assert configuration["LoggingConfig"]["LogGroup"] == f"/aws/lambda/{name}"
    assert described["Tags"] == {"team": "a"}


def test_a_new_function_is_pending_and_refuses_to_be_invoked_or_changed_until_it_is_active(
    functions, refusal, monkeypatch
):
    monkeypatch.setattr("local_aws.lambda_.functions.PENDING_SECONDS", 3600)
    monkeypatch.setattr(type(functions), "until_active", lambda self, name: None)
    name = functions.create(ONE)
    found = functions.lambda_.get_function_configuration(FunctionName=name)
    assert (found["State"], found["StateReasonCode"], found.get("LastUpdateStatus")) == (
        "Pending",
        "Creating",
        None,
    )
    expected = (
        "ResourceConflictException",
        "The operation cannot be performed at this time. The function is currently in the following state: Pending",
    )
    for kind in ("RequestResponse", "Event"):
        assert refusal(functions.lambda_.invoke, FunctionName=name, InvocationType=kind) == expected
    assert refusal(functions.lambda_.update_function_configuration, FunctionName=name, Timeout=5) == expected


def test_code_comes_from_s3_too(aws, functions):
    aws.client("s3").put_object(Bucket=aws.bucket, Key="api.zip", Body=archive(app=TWO))
    code = {"S3Bucket": aws.bucket, "S3Key": "api.zip"}
    assert functions.run("", Code=code).payload == 2


def test_code_that_is_not_there_is_refused_with_what_s3_says(aws, functions, refusal):
    code = {"S3Bucket": aws.bucket, "S3Key": "none.zip"}
    assert refusal(functions.create, source="", Code=code) == (
        "InvalidParameterValueException",
        "Error occurred while GetObject. S3 Error Code: NoSuchKey. "
        "S3 Error Message: The specified key does not exist.",
    )


def test_code_that_is_no_archive_is_refused(functions, refusal):
    code, message = refusal(functions.create, source="", Code={"ZipFile": b"import antigravity"})
    assert code == "InvalidParameterValueException"
    assert message == "Could not unzip uploaded file. Please check your file, then try to upload again."


def test_a_name_is_taken_once(functions, refusal):
    name = functions.create(ONE)
    assert refusal(functions.create, source=ONE, FunctionName=name) == (
        "ResourceConflictException",
        f"Function already exist: {name}",
    )


@pytest.mark.parametrize("kind", ["missing", "of-another-service", "wrong-path"])
def test_the_role_must_be_one_that_lambda_can_assume(aws, functions, refusal, kind):
    arn = {
        "missing": lambda: "arn:aws:iam::123456789012:role/nobody",
        "of-another-service": lambda: aws.role_arn,
        "wrong-path": lambda: role(aws, "pathless").replace("role/", "role/service-role/"),
    }[kind]()
    assert refusal(functions.create, source=ONE, Role=arn) == (
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
    )


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"Runtime": "nodejs22.x"}, "runs python3.x, and not nodejs22.x"),
        ({"Layers": ["arn:aws:lambda:eu-west-1:123456789012:layer:x:1"]}, "does not have Layers"),
        ({"SnapStart": {"ApplyOn": "PublishedVersions"}}, "does not have SnapStart"),
        ({"PackageType": "Image"}, "PackageType must be Zip"),
        ({"Timeout": 901}, "can be 900 s at most"),
        ({"LoggingConfig": {"LogFormat": "JSON"}}, "LogFormat must be Text"),
        (
            {"Environment": {"Variables": {"AWS_REGION": "x"}}},
            "Reserved keys used in this request: AWS_REGION",
        ),
        ({"Environment": {"Variables": {"LONG": "x" * 4097}}}, "exceeded the 4KB limit"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_had_here_or_on_aws_is_refused_by_name(functions, refusal, setting, said):
    code, message = refusal(functions.create, source=ONE, **setting)
    assert code == "InvalidParameterValueException"
    assert said in message


def test_handler_and_runtime_must_be_stated(functions, refusal):
    _, message = refusal(
        functions.lambda_.create_function,
        FunctionName="half",
        Role=functions.role_arn,
        Code={"ZipFile": archive(app=ONE)},
    )
    assert message == "Runtime and Handler must be given for functions whose code is a .zip archive."


def test_new_code_answers_from_the_next_invocation_on(functions):
    name = functions.create(ONE)
    before = functions.lambda_.get_function_configuration(FunctionName=name)
    assert functions.invoke(name).payload == 1
    after = functions.lambda_.update_function_code(
        FunctionName=name, ZipFile=archive(app=TWO), Architectures=["arm64"]
    )
    assert functions.invoke(name).payload == 2
    assert after["CodeSha256"] != before["CodeSha256"]
    assert after["RevisionId"] != before["RevisionId"]
    assert after["Architectures"] == ["arm64"]


def test_a_changed_setting_leaves_the_others_as_they_are(functions):
    read = "import os\ndef handler(event, context): return os.environ.get('COLOUR'), os.environ.get('SIZE')"
    name = functions.create(read, Environment={"Variables": {"COLOUR": "blue"}}, Timeout=9)
    assert functions.invoke(name).payload == ["blue", None]
    changed = functions.lambda_.update_function_configuration(
        FunctionName=name, Environment={"Variables": {"SIZE": "big"}}
    )
    assert changed["Timeout"] == 9
    assert functions.invoke(name).payload == [None, "big"]


def test_functions_are_listed_in_pages(functions):
    names = {functions.create(ONE) for _ in range(3)}
    pages = list(functions.lambda_.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}))
    listed = [each["FunctionName"] for page in pages for each in page["Functions"]]
    assert names <= set(listed)
    assert len(listed) == len(set(listed))
    assert max(len(page["Functions"]) for page in pages) == 2


def test_a_deleted_function_is_not_found(aws, functions, refusal):
    name = functions.create(ONE)
    functions.invoke(name)
    functions.lambda_.delete_function(FunctionName=name)
    gone = (
        "ResourceNotFoundException",
        f"Function not found: arn:aws:lambda:{aws.region}:123456789012:function:{name}",
    )
    for call in (
        functions.lambda_.get_function,
        functions.lambda_.get_function_configuration,
        functions.lambda_.invoke,
        functions.lambda_.delete_function,
    ):
        assert refusal(call, FunctionName=name) == gone


@pytest.mark.parametrize("form", ["{name}", "123456789012:function:{name}", "{arn}", "{arn}:$LATEST"])
def test_a_function_is_found_by_name_and_by_arn(aws, functions, form):
    name = functions.create(ONE)
    arn = f"arn:aws:lambda:{aws.region}:123456789012:function:{name}"
    assert functions.invoke(form.format(name=name, arn=arn)).payload == 1


def test_a_name_and_a_qualifier_that_disagree_are_refused(functions, refusal):
    name = functions.create(ONE)
    _, message = refusal(functions.lambda_.invoke, FunctionName=f"{name}:$LATEST", Qualifier="1")
    assert message == "The derived qualifier from the function name does not match the specified qualifier."


def test_a_published_version_keeps_code_and_settings(functions):
    name = functions.create(ONE)
    published = functions.lambda_.publish_version(FunctionName=name, Description="first")
    functions.lambda_.update_function_code(FunctionName=name, ZipFile=archive(app=TWO))
    assert published["Version"] == "1"
    assert published["FunctionArn"].endswith(f":function:{name}:1")
    old, new = functions.invoke(name, Qualifier="1"), functions.invoke(name)
    assert (old.payload, old.version, new.payload, new.version) == (1, "1", 2, "$LATEST")


def test_publishing_what_has_not_changed_makes_no_new_version(functions):
    name = functions.create(ONE)
    publish = functions.lambda_.publish_version
    assert [publish(FunctionName=name)["Version"] for _ in range(2)] == ["1", "1"]
    functions.lambda_.update_function_configuration(FunctionName=name, Timeout=5)
    assert publish(FunctionName=name)["Version"] == "2"
    versions = functions.lambda_.list_versions_by_function(FunctionName=name)["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "1", "2"]


def test_a_version_is_deleted_by_its_number_unless_an_alias_points_to_it(functions, refusal):
    name = functions.create(ONE, Publish=True)
    functions.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    delete = functions.lambda_.delete_function
    assert refusal(delete, FunctionName=name, Qualifier="1") == (
        "ResourceConflictException",
        "Version 1 is in use: the alias live points to it.",
    )
    functions.lambda_.delete_alias(FunctionName=name, Name="live")
    delete(FunctionName=name, Qualifier="1")
    code, _ = refusal(functions.lambda_.invoke, FunctionName=name, Qualifier="1")
    assert code == "ResourceNotFoundException"
    assert functions.invoke(name).payload == 1


def test_an_alias_goes_where_it_points(functions, refusal):
    name = functions.create(ONE, Publish=True)
    functions.lambda_.update_function_code(FunctionName=name, ZipFile=archive(app=TWO), Publish=True)
    alias = functions.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert alias["AliasArn"].endswith(f":function:{name}:live")
    assert functions.invoke(alias["AliasArn"]).payload == 1
    functions.lambda_.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    assert functions.invoke(name, Qualifier="live").payload == 2
    assert functions.lambda_.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "2"
    code, _ = refusal(functions.lambda_.create_alias, FunctionName=name, Name="lost", FunctionVersion="9")
    assert code == "ResourceNotFoundException"


def test_weighted_aliases_are_refused_by_name(functions, refusal):
    name = functions.create(ONE, Publish=True)
    routing = {"AdditionalVersionWeights": {"1": 0.5}}
    _, message = refusal(
        functions.lambda_.create_alias,
        FunctionName=name,
        Name="split",
        FunctionVersion="$LATEST",
        RoutingConfig=routing,
    )
    assert "no weighted aliases" in message


def test_permissions_make_the_resource_policy(aws, functions, refusal):
    name = functions.create(ONE)
    source = f"arn:aws:execute-api:{aws.region}:123456789012:abc/*"
    functions.lambda_.add_permission(
        FunctionName=name,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=source,
    )
    policy = json.loads(functions.lambda_.get_policy(FunctionName=name)["Policy"])
    assert policy["Statement"] == [
        {
            "Sid": "api",
            "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": f"arn:aws:lambda:{aws.region}:123456789012:function:{name}",
            "Condition": {"ArnLike": {"AWS:SourceArn": source}},
        }
    ]
    again = {"StatementId": "api", "Action": "lambda:InvokeFunction", "Principal": "*"}
    code, _ = refusal(functions.lambda_.add_permission, FunctionName=name, **again)
    assert code == "ResourceConflictException"
    functions.lambda_.remove_permission(FunctionName=name, StatementId="api")
    for call in (functions.lambda_.get_policy, functions.lambda_.remove_permission):
        extra = {"StatementId": "api"} if call == functions.lambda_.remove_permission else {}
        assert refusal(call, FunctionName=name, **extra)[0] == "ResourceNotFoundException"


def test_tags_are_put_listed_and_removed(functions):
    name = functions.create(ONE, Tags={"team": "a"})
    arn = functions.lambda_.get_function_configuration(FunctionName=name)["FunctionArn"]
    functions.lambda_.tag_resource(Resource=arn, Tags={"stage": "test"})
    functions.lambda_.untag_resource(Resource=arn, TagKeys=["team"])
    assert functions.lambda_.list_tags(Resource=arn)["Tags"] == {"stage": "test"}


def test_a_function_without_concurrency_is_throttled(functions, refusal):
    name = functions.create(ONE)
    functions.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert refusal(functions.lambda_.invoke, FunctionName=name) == (
        "TooManyRequestsException",
        "Rate Exceeded.",
    )
    described = functions.lambda_.get_function(FunctionName=name)
    assert described["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    functions.lambda_.delete_function_concurrency(FunctionName=name)
    assert "ReservedConcurrentExecutions" not in functions.lambda_.get_function_concurrency(FunctionName=name)
    assert functions.invoke(name).payload == 1


def test_all_versions_of_a_function_share_its_reserved_concurrency(functions, refusal, tmp_path):
    begun, end = tmp_path / "begun", tmp_path / "end"
    name = functions.create(WAITING.format(begun=begun, end=end), Publish=True)
    functions.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(functions.invoke, name)
        try:
            while not begun.exists():
                time.sleep(0.01)
            code, _ = refusal(functions.lambda_.invoke, FunctionName=name, Qualifier="1")
        finally:
            end.touch()
        assert (code, first.result().payload) == ("TooManyRequestsException", "done")


def test_callers_who_wait_get_ten_requests_a_second_for_each_reserved_concurrency(
    aws, functions, refusal, monkeypatch
):
    now = [0.0]
    [invoker] = [each for each in aws.server.handlers["lambda"] if isinstance(each, Invoker)]
    monkeypatch.setattr(invoker, "_rates", TokenBuckets(lambda: now[0]))
    name = functions.create(ONE)
    functions.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    for _ in range(10):
        functions.invoke(name)
    assert refusal(functions.lambda_.invoke, FunctionName=name)[0] == "TooManyRequestsException"
    now[0] += 0.1
    functions.invoke(name)
    assert refusal(functions.lambda_.invoke, FunctionName=name)[0] == "TooManyRequestsException"
    # An event waits in Lambda's own queue: its rate has no such limit.
    functions.lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    assert functions.logged(f"/aws/lambda/{name}", "REPORT")


def test_a_hundred_of_the_accounts_concurrency_stay_unreserved(functions, refusal):
    one, other = functions.create(ONE), functions.create(ONE)
    reserve = functions.lambda_.put_function_concurrency
    reserve(FunctionName=one, ReservedConcurrentExecutions=850)
    code, message = refusal(reserve, FunctionName=other, ReservedConcurrentExecutions=51)
    assert (code, "below its minimum value of [100]" in message) == ("InvalidParameterValueException", True)
    reserve(FunctionName=one, ReservedConcurrentExecutions=1)
    reserve(FunctionName=other, ReservedConcurrentExecutions=51)
    functions.lambda_.delete_function_concurrency(FunctionName=other)
