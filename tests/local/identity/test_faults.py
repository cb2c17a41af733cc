"""Errors planned for calls: throttling, and failures of AWS's own, at any call."""

import pytest
from botocore.exceptions import ClientError

from local_aws.kernel.faults import ErrorAnswer


@pytest.fixture
def responses(aws):
    planned = aws.server.account.faults.responses
    yield planned
    planned.clear()


def outcomes(work, times):
    """For each try the error's code and HTTP status, or None."""
    found = []
    for _ in range(times):
        try:
            work()
            found.append(None)
        except ClientError as error:
            answer = error.response
            found.append((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]))
    return found


def test_the_calls_that_are_named_fail_and_no_others(aws, responses):
    responses.fail("sagemaker", "ListModels", 2, 3)
    sagemaker = aws.client("sagemaker")
    throttled = ("ThrottlingException", 400)
    assert outcomes(sagemaker.list_models, 4) == [None, throttled, throttled, None]
    assert outcomes(sagemaker.list_endpoints, 1) == [None]


@pytest.mark.parametrize(
    ("service", "operation", "work", "code", "status"),
    [
        ("cloudformation", "DescribeStacks", "describe_stacks", "Throttling", 400),
        ("iam", "ListRoles", "list_roles", "RequestLimitExceeded", 400),
        ("s3", "ListBuckets", "list_buckets", "SlowDown", 503),
        ("logs", "DescribeLogGroups", "describe_log_groups", "ServiceUnavailableException", 503),
        ("lambda", "ListFunctions", "list_functions", "ServiceException", 500),
        ("cloudwatch", "DescribeAlarms", "describe_alarms", "InternalServiceFault", 500),
    ],
)
def test_each_protocol_has_its_error(aws, responses, service, operation, work, code, status):
    responses.fail(service, operation, code=code)
    assert outcomes(getattr(aws.client(service), work), 2) == [(code, status)] * 2
    responses.clear()
    assert outcomes(getattr(aws.client(service), work), 1) == [None]


def test_the_nth_call_of_whatever_kind_can_fail(aws, responses):
    responses.fail("*", "*", 2, answer=ErrorAnswer("InternalFailure", "oops", 500))
    assert outcomes(aws.client("sagemaker").list_models, 1) == [None]
    with pytest.raises(ClientError, match="oops"):
        aws.client("sqs").list_queues()
    assert outcomes(aws.client("sqs").list_queues, 1) == [None]


def test_nothing_has_happened_when_a_call_fails_so(aws, responses):
    responses.fail("s3", "PutObject", 1, code="SlowDown")
    s3 = aws.client("s3")
    with pytest.raises(ClientError, match="SlowDown"):
        s3.put_object(Bucket=aws.bucket, Key="k", Body=b"x" * 1_000_000)
    assert "Contents" not in s3.list_objects_v2(Bucket=aws.bucket)


def test_services_own_calls_are_spared(aws, responses):
    responses.fail(code="InternalFailure")
    assert aws.server.account.client("sqs").list_queues()
    assert outcomes(aws.client("sqs").list_queues, 1) == [("InternalFailure", 500)]
