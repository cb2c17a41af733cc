"""Sizes and counts that AWS's services state and refuse more than: one table, each with the page that it is from.

What botocore's models say by themselves (lengths, patterns, list sizes) is not repeated here: `kernel.shapes` checks it.
"""

from __future__ import annotations

from dataclasses import dataclass

_DOCS = "https://docs.aws.amazon.com"
_CLOUDFORMATION = f"{_DOCS}/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"
_OUTPUTS = f"{_DOCS}/AWSCloudFormation/latest/UserGuide/outputs-section-structure.html"
_LAMBDA = f"{_DOCS}/lambda/latest/dg/gettingstarted-limits.html"
_IAM = f"{_DOCS}/IAM/latest/UserGuide/reference_iam-quotas.html"
_PIPELINES = f"{_DOCS}/sagemaker/latest/dg/regions-quotas.html"
_SQS = f"{_DOCS}/AWSSimpleQueueService/latest"
_MESSAGES = f"{_SQS}/SQSDeveloperGuide/quotas-messages.html"
_QUEUE = f"{_SQS}/APIReference/API_SetQueueAttributes.html"
_PUBLISH = f"{_DOCS}/sns/latest/api/API_Publish.html"
_BATCH = f"{_DOCS}/sns/latest/api/API_PublishBatch.html"
_METRIC_DATA = f"{_DOCS}/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html"
_LOG_EVENTS = f"{_DOCS}/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"
_TAGS = f"{_DOCS}/tag-editor/latest/userguide/best-practices-and-strats.html"

KB = 1024
MB = 1024 * KB


@dataclass(frozen=True)
class Limit:
    """The most that a service takes. `unit` says of what."""

    maximum: int
    unit: str
    page: str


LIMITS = {
    "cloudformation.template_body": Limit(51_200, "bytes of TemplateBody", _CLOUDFORMATION),
    "cloudformation.template_object": Limit(1_000_000, "bytes of a template in S3", _CLOUDFORMATION),
    "cloudformation.template_description": Limit(1_024, "bytes of a template's Description", _CLOUDFORMATION),
    "cloudformation.resources": Limit(500, "resources of a template", _CLOUDFORMATION),
    "cloudformation.outputs": Limit(200, "outputs of a template", _CLOUDFORMATION),
    "cloudformation.parameters": Limit(200, "parameters of a template", _CLOUDFORMATION),
    "cloudformation.mappings": Limit(200, "mappings of a template", _CLOUDFORMATION),
    "cloudformation.logical_id": Limit(255, "characters of a logical id", _CLOUDFORMATION),
    "cloudformation.export_name": Limit(256, "characters of an export's name", _OUTPUTS),
    "cloudformation.export_value": Limit(1_024, "characters of an export's value", _OUTPUTS),
    "cloudformation.parameter_value": Limit(4_096, "bytes of a parameter's value", _CLOUDFORMATION),
    "lambda.request": Limit(6 * MB, "bytes of a synchronous invocation's payload", _LAMBDA),
    "lambda.event": Limit(1 * MB, "bytes of an asynchronous invocation's payload", _LAMBDA),
    "lambda.response": Limit(6 * MB, "bytes of an invocation's answer", _LAMBDA),
    "lambda.environment": Limit(4 * KB, "bytes of a function's environment variables", _LAMBDA),
    "lambda.archive": Limit(50 * MB, "bytes of a .zip archive in a request", _LAMBDA),
    "lambda.code": Limit(250 * MB, "bytes of a function's unpacked code", _LAMBDA),
    "lambda.policy": Limit(20 * KB, "bytes of a function's resource policy", _LAMBDA),
    "lambda.reserved": Limit(
        900, "reserved concurrency of all functions: 100 of an account's 1,000 stay", _LAMBDA
    ),
    "lambda.timeout": Limit(900, "seconds of a function's Timeout", _LAMBDA),
    "iam.inline": Limit(10_240, "characters of all inline policies of a role, without white space", _IAM),
    "iam.managed": Limit(6_144, "characters of a managed policy, without white space", _IAM),
    "iam.trust": Limit(2_048, "characters of a role's trust policy, without white space", _IAM),
    "iam.attached": Limit(10, "managed policies attached to a role", _IAM),
    "iam.tags": Limit(50, "tags of a role or policy", _IAM),
    "events.entries": Limit(
        1 * MB,
        "bytes of the entries of one PutEvents",
        f"{_DOCS}/eventbridge/latest/userguide/eb-putevents.html",
    ),
    "s3.policy": Limit(
        20 * KB, "bytes of a bucket's policy", f"{_DOCS}/AmazonS3/latest/userguide/bucket-policies.html"
    ),
    "s3.bucket_tags": Limit(50, "tags of a bucket", f"{_DOCS}/AmazonS3/latest/API/API_PutBucketTagging.html"),
    "s3.lifecycle_rules": Limit(
        1_000,
        "rules of a bucket's lifecycle",
        f"{_DOCS}/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html",
    ),
    "s3.key": Limit(1_024, "bytes of an object's key", f"{_DOCS}/AmazonS3/latest/userguide/object-keys.html"),
    "s3.metadata": Limit(
        2 * KB, "bytes of an object's own metadata", f"{_DOCS}/AmazonS3/latest/userguide/UsingMetadata.html"
    ),
    "s3.object_tags": Limit(
        10, "tags of an object", f"{_DOCS}/AmazonS3/latest/userguide/object-tagging.html"
    ),
    "sns.message": Limit(256 * KB, "bytes of a message with its attributes", _PUBLISH),
    "sns.subject": Limit(100, "characters of a message's subject", _PUBLISH),
    "sns.batch": Limit(256 * KB, "bytes of the messages of one PublishBatch", _BATCH),
    "sns.batch_entries": Limit(10, "entries of one PublishBatch", _BATCH),
    "sns.display_name": Limit(
        100, "characters of a topic's DisplayName", f"{_DOCS}/sns/latest/api/API_CreateTopic.html"
    ),
    "sns.policy": Limit(
        30 * KB,
        "bytes of a topic's policy",
        f"{_DOCS}/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html",
    ),
    "sqs.message": Limit(1 * MB, "bytes of a message with its attributes", _MESSAGES),
    "sqs.batch": Limit(1 * MB, "bytes of the messages of one SendMessageBatch", _MESSAGES),
    "sqs.batch_entries": Limit(10, "entries of one batch", _MESSAGES),
    "sqs.attributes": Limit(10, "attributes of a message", _MESSAGES),
    "sqs.delay": Limit(900, "seconds of DelaySeconds", _QUEUE),
    "sqs.retention": Limit(1_209_600, "seconds of MessageRetentionPeriod", _QUEUE),
    "sqs.visibility": Limit(43_200, "seconds of VisibilityTimeout", _QUEUE),
    "sqs.wait": Limit(20, "seconds of ReceiveMessageWaitTimeSeconds", _QUEUE),
    "sqs.maximum_size": Limit(1 * MB, "bytes of MaximumMessageSize", _QUEUE),
    "sqs.data_key": Limit(86_400, "seconds of KmsDataKeyReusePeriodSeconds", _QUEUE),
    "tags.of_resource": Limit(50, "tags of a resource", _TAGS),
    "kms.policy": Limit(
        32 * KB, "bytes of a key's policy", f"{_DOCS}/kms/latest/developerguide/resource-limits.html"
    ),
    "secretsmanager.policy": Limit(
        20 * KB,
        "characters of a secret's resource policy",
        f"{_DOCS}/secretsmanager/latest/userguide/reference_limits.html",
    ),
    "ssm.standard": Limit(
        4 * KB,
        "characters of a standard parameter's value",
        f"{_DOCS}/systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
    ),
    "ssm.advanced": Limit(
        8 * KB,
        "characters of an advanced parameter's value",
        f"{_DOCS}/systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
    ),
    "ssm.levels": Limit(
        15,
        "levels of a parameter's hierarchy",
        f"{_DOCS}/systems-manager/latest/userguide/sysman-paramstore-su-create.html",
    ),
    "logs.batch": Limit(
        1 * MB,
        "bytes of the events of one PutLogEvents, each with 26 more",
        _LOG_EVENTS,
    ),
    "logs.span": Limit(24 * 3600 * 1000, "milliseconds between the events of one PutLogEvents", _LOG_EVENTS),
    "cloudwatch.request": Limit(1 * MB, "bytes of one PutMetricData", _METRIC_DATA),
    "cloudwatch.metrics": Limit(1_000, "metrics of one PutMetricData", _METRIC_DATA),
    "cloudwatch.past": Limit(14 * 24 * 3600, "seconds that a metric's Timestamp is ago", _METRIC_DATA),
    "cloudwatch.future": Limit(2 * 3600, "seconds that a metric's Timestamp is ahead", _METRIC_DATA),
    "cloudwatch.exponent": Limit(360, "as the power of two of a metric's value", _METRIC_DATA),
    "cloudwatch.values": Limit(
        150, "Values of a metric", f"{_DOCS}/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html"
    ),
    "cloudwatch.queries": Limit(
        500,
        "queries of one GetMetricData",
        f"{_DOCS}/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html",
    ),
    "sagemaker.pipeline_steps": Limit(50, "steps of a pipeline", _PIPELINES),
    "sagemaker.pipeline_parameters": Limit(200, "parameters of a pipeline", _PIPELINES),
    "sagemaker.async_inline_payload": Limit(
        128_000,
        "bytes of an asynchronous invocation's inline payload",
        f"{_DOCS}/sagemaker/latest/APIReference/API_runtime_InvokeEndpointAsync.html",
    ),
    "sagemaker.realtime_payload": Limit(
        6 * MB,
        "bytes of an invocation of a real-time endpoint",
        f"{_DOCS}/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html",
    ),
    "sagemaker.serverless_payload": Limit(
        4 * MB,
        "bytes of an invocation of a serverless endpoint",
        f"{_DOCS}/sagemaker/latest/dg/serverless-endpoints.html",
    ),
}


def maximum(name: str) -> int:
    """The largest value that the limit allows, in the unit of `LIMITS`."""
    return LIMITS[name].maximum
