"""Retry policies: which failures are tried again, how often, and after which waits."""

import pytest
from botocore.exceptions import ClientError

from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker.workflow import retries
from local_aws.sagemaker.workflow.retries import RetryPolicy


def parse(**policy):
    return retries.parse([policy], "Train")[0]


def waits(policy, elapsed=0.0):
    found: list[float] = []
    while (wait := policy.wait(len(found), elapsed)) is not None and len(found) < 30:
        found.append(wait)
    return found


def test_waits_grow_by_the_rate_until_the_attempts_are_used_up():
    policy = parse(ExceptionType=["Step.THROTTLING"], IntervalSeconds=3, BackoffRate=2, MaxAttempts=3)
    assert waits(policy) == [3, 6, 12]


def test_five_attempts_a_second_apart_and_doubling_are_the_default():
    assert waits(parse(ExceptionType=["Step.THROTTLING"])) == [1, 2, 4, 8, 16]


def test_an_expiry_ends_retries_by_time_instead():
    policy = parse(ExceptionType=["Step.THROTTLING"], ExpireAfterMin=2, BackoffRate=1)
    assert policy.wait(50, elapsed=119) == 1
    assert policy.wait(0, elapsed=120) is None


def test_the_steps_own_policy_comes_before_sagemakers():
    own = parse(ExceptionType=["Step.THROTTLING", "SageMaker.CAPACITY_ERROR"], MaxAttempts=1)
    assert isinstance(own, RetryPolicy)
    assert retries.policy_for([own], "Step.THROTTLING") is own
    assert retries.policy_for([own], "SageMaker.CAPACITY_ERROR") is own
    assert retries.policy_for([own], "Step.SERVICE_FAULT") is not None
    assert retries.policy_for([own], "SageMaker.RESOURCE_LIMIT") is None


@pytest.mark.parametrize(
    ("code", "status", "type"),
    [
        ("ResourceLimitExceeded", 400, "SageMaker.RESOURCE_LIMIT"),
        ("ThrottlingException", 400, "Step.THROTTLING"),
        ("InternalFailure", 500, "Step.SERVICE_FAULT"),
        ("ServiceUnavailable", 503, "Step.SERVICE_FAULT"),
        ("ValidationException", 400, None),
    ],
)
def test_a_failed_call_belongs_to_an_exception_type(code, status, type):
    error = ClientError({"Error": {"Code": code, "Message": ""}}, "CreateTrainingJob")
    error.response["ResponseMetadata"] = {"HTTPStatusCode": status}  # type: ignore[typeddict-item]
    assert retries.type_of_error(error) == type


@pytest.mark.parametrize(
    ("reason", "type"),
    [
        ("InternalServerError: We encountered an internal error.", "SageMaker.JOB_INTERNAL_ERROR"),
        ("CapacityError: Unable to provision requested ML compute capacity.", "SageMaker.CAPACITY_ERROR"),
        ("AlgorithmError: InternalServerError in the script", None),
    ],
)
def test_a_failed_job_belongs_to_an_exception_type(reason, type):
    assert retries.type_of_failure(reason) == type


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"ExceptionType": ["Step.OTHER"]}, "needs ExceptionType, a list of Step.SERVICE_FAULT"),
        ({}, "needs ExceptionType"),
        (
            {"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 21},
            "MaxAttempts out of its range of 0 to 20",
        ),
        ({"ExceptionType": ["Step.THROTTLING"], "IntervalSeconds": "1"}, "IntervalSeconds out of its range"),
        (
            {"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 1, "ExpireAfterMin": 1},
            "one of MaxAttempts and ExpireAfterMin only",
        ),
        ({"ExceptionType": ["Step.THROTTLING"], "Jitter": 1}, "unknown property 'Jitter'"),
    ],
)
def test_a_malformed_policy_is_refused(policy, said):
    with pytest.raises(ServiceError) as caught:
        parse(**policy)
    assert said in caught.value.message
