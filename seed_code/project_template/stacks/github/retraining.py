"""From new training data to a run of the build workflow: rule, function, and what its schedule needs.

None of it is there where no prefix is watched. The bucket is the team's, and has to send its events to EventBridge.
"""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from project_template.stacks.github.approval import HOUR
from project_template.stacks.github.functions import Functions
from project_template.stacks.parameters import Parameters
from project_template.stacks.policies import PROJECT, allow, arn, document, passes, text, trusts_service
from project_template.stacks.roles.identity import Identity

_SCHEDULE = f"{PROJECT}-new-data"
_TARGET = events.CfnRule.TargetProperty


@dataclass(frozen=True)
class Retraining:
    """Adds what watches the training data. `undelivered` is the queue for what could not be sent to GitHub."""

    stack: cdk.Stack
    identity: Identity
    parameters: Parameters
    undelivered: sqs.CfnQueue

    def add(self, functions: Functions, repository: str) -> events.CfnRule:
        """Add all of it; `repository` is the build repository, with its owner."""
        invoker = self._invoker()
        function = functions.retrain(
            repository, self.undelivered, _SCHEDULE, invoker.attr_arn, self._schedules(invoker)
        )
        policy = iam.CfnRolePolicy(
            self.stack,
            "ScheduleRoleInvokes",
            policy_name="Invokes",
            role_name=invoker.ref,
            policy_document=document(
                allow("InvokesRetrain", "lambda:InvokeFunction", function.attr_arn),
            ),
        )
        rule = self._rule(function)
        permission = lambda_.CfnPermission(
            self.stack,
            "RetrainPermission",
            action="lambda:InvokeFunction",
            function_name=function.ref,
            principal="events.amazonaws.com",
            source_account=cdk.Aws.ACCOUNT_ID,
            source_arn=text(arn("events", f"rule/{_SCHEDULE}")),
        )
        # No event before all that it needs; and none of it goes before the repositories do, which wait for the rule.
        rule.add_dependency(policy)
        rule.add_dependency(permission)
        for each in (invoker, *functions.of("Retrain"), policy, rule, permission):
            each.cfn_options.condition = self.parameters.watches_data
        return rule

    def _invoker(self) -> iam.CfnRole:
        """The role of the schedule. What it invokes is a policy of its own: the function names the role."""
        return self.identity.role(
            "ScheduleRole",
            f"What the schedule of {PROJECT} runs as that waits until no more training data arrives.",
            trusts_service("scheduler"),
            [allow("KeepsWhatFailed", "sqs:SendMessage", self.undelivered.attr_arn)],
        )

    def _schedules(self, invoker: iam.CfnRole) -> list[dict[str, object]]:
        return [
            allow(
                "SetsSchedule",
                [
                    "scheduler:CreateSchedule",
                    "scheduler:DeleteSchedule",
                    "scheduler:GetSchedule",
                    "scheduler:UpdateSchedule",
                ],
                arn("scheduler", f"schedule/default/{_SCHEDULE}"),
            ),
            passes("PassesScheduleRole", invoker.attr_arn, "scheduler"),
        ]

    def _rule(self, function: lambda_.CfnFunction) -> events.CfnRule:
        return events.CfnRule(
            self.stack,
            "NewDataRule",
            name=text(_SCHEDULE),
            description=text(f"New training data of {PROJECT}, to its build repository."),
            state="ENABLED",
            event_pattern={
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": [self.parameters.training_data_bucket]},
                    "object": {"key": [{"prefix": cdk.Fn.ref("WatchedPrefix")}]},
                },
            },
            targets=[
                _TARGET(
                    id="retrain",
                    arn=function.attr_arn,
                    retry_policy=events.CfnRule.RetryPolicyProperty(
                        maximum_event_age_in_seconds=6 * HOUR, maximum_retry_attempts=30
                    ),
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=self.undelivered.attr_arn),
                )
            ],
        )
