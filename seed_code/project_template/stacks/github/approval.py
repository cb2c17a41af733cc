"""From an approval in the model registry to the function that tells GitHub: rule, queue for what was lost, alarm.

The queue is also for what was lost of new training data.
"""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from project_template.stacks.policies import document, text

HOUR = 3600
_KEPT_DAYS = 14


def queue(stack: cdk.Stack) -> sqs.CfnQueue:
    """The dead-letter queue for approvals and new data that could not be sent to GitHub, with an alarm."""
    undelivered = sqs.CfnQueue(
        stack,
        "UndeliveredApprovals",
        message_retention_period=_KEPT_DAYS * 24 * HOUR,
        # SQS's own keys: EventBridge writes to it without a key's policy having to say so.
        sqs_managed_sse_enabled=True,
    )
    cloudwatch.CfnAlarm(
        stack,
        "UndeliveredApprovalsAlarm",
        alarm_description=text(
            "An approval or a rejection in ${SageMakerProjectName}-models, or news of training data, did not reach GitHub: see "
            "the queue's message and the log of the dispatch or retrain function, then dispatch the workflow by hand."
        ),
        namespace="AWS/SQS",
        metric_name="ApproximateNumberOfMessagesVisible",
        dimensions=[
            cloudwatch.CfnAlarm.DimensionProperty(name="QueueName", value=undelivered.attr_queue_name)
        ],
        statistic="Maximum",
        period=60,
        evaluation_periods=1,
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        treat_missing_data="notBreaching",
    )
    return undelivered


def rule(stack: cdk.Stack, dispatch: lambda_.CfnFunction, undelivered: sqs.CfnQueue) -> events.CfnRule:
    """Approved and Rejected of this project's group, to the function."""
    made = events.CfnRule(
        stack,
        "ModelApprovalRule",
        name=text("${SageMakerProjectName}-model-approval"),
        description=text(
            "Approvals and rejections of the models of ${SageMakerProjectName}, to its deploy repository."
        ),
        state="ENABLED",
        event_pattern={
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Model Package State Change"],
            "detail": {
                "ModelPackageGroupName": [text("${SageMakerProjectName}-models")],
                "ModelApprovalStatus": ["Approved", "Rejected"],
            },
        },
        targets=[
            events.CfnRule.TargetProperty(
                id="dispatch",
                arn=dispatch.attr_arn,
                retry_policy=events.CfnRule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=6 * HOUR, maximum_retry_attempts=30
                ),
                dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=undelivered.attr_arn),
            )
        ],
    )
    lambda_.CfnPermission(
        stack,
        "DispatchPermission",
        action="lambda:InvokeFunction",
        function_name=dispatch.ref,
        principal="events.amazonaws.com",
        source_account=cdk.Aws.ACCOUNT_ID,
        source_arn=made.attr_arn,
    )
    return made


def queue_policy(
    stack: cdk.Stack,
    undelivered: sqs.CfnQueue,
    approvals: events.CfnRule,
    new_data: events.CfnRule,
    watches_data: cdk.CfnCondition,
) -> None:
    """Let the rules keep in the queue what they could not hand over."""
    watching = cdk.Fn.condition_if(watches_data.logical_id, new_data.attr_arn, cdk.Aws.NO_VALUE)
    kept: dict[str, Any] = {
        "Sid": "KeepsWhatRulesCouldNotHandOver",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": undelivered.attr_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": [approvals.attr_arn, watching]}},
    }
    tls: dict[str, Any] = {
        "Sid": "OnlyByTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": undelivered.attr_arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    sqs.CfnQueuePolicy(
        stack, "UndeliveredApprovalsPolicy", queues=[undelivered.ref], policy_document=document(kept, tls)
    )
