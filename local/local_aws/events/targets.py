"""Targets: what rules are aimed at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from local_aws.events import transform
from local_aws.events.store import Store, Target
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError, invalid

MAXIMUM = 5
"""Targets of a rule."""
PAGE = 100

SERVICES = ("lambda", "sqs", "sns")
_NOT_EMBEDDED = (
    "AppSyncParameters",
    "BatchParameters",
    "EcsParameters",
    "HttpParameters",
    "KinesisParameters",
    "RedshiftDataParameters",
    "RunCommandParameters",
    "SageMakerPipelineParameters",
)


class Targets:
    """PutTargets, ListTargetsByRule, RemoveTargets."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put_targets(self, request: dict[str, Any]) -> dict[str, Any]:
        """Add or replace targets of a rule.

        Raises LimitExceededException, ResourceNotFoundException, ValidationException. Source: Amazon EventBridge API reference, PutTargets.
        """
        self._store.require_bus(request)
        for target in request["Targets"]:
            _check_target(target)
        with self._store.lock:
            rule = self._store.find(request["Rule"])
            targets = {**rule.targets, **{target["Id"]: target for target in request["Targets"]}}
            if len(targets) > MAXIMUM:
                raise ServiceError(
                    "LimitExceededException",
                    f"The requested resource exceeds the maximum number allowed: {MAXIMUM}.",
                )
            self._store.rules[rule.name] = replace(rule, targets=targets)
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def list_targets_by_rule(self, request: dict[str, Any]) -> dict[str, Any]:
        """List the targets of a rule, one page at a time.

        Raises ResourceNotFoundException, ValidationException. Source: Amazon EventBridge API reference, ListTargetsByRule.
        """
        self._store.require_bus(request)
        targets = list(self._store.find(request["Rule"]).targets.values())
        question = {"MaxResults": request.get("Limit"), **request}
        shown, token = page(targets, question, key=lambda target: str(target["Id"]), default=PAGE)
        return paged({"Targets": [dict(target) for target in shown]}, token)

    def remove_targets(self, request: dict[str, Any]) -> dict[str, Any]:
        """Remove targets from a rule.

        Raises ResourceNotFoundException. Source: Amazon EventBridge API reference, RemoveTargets.
        """
        self._store.require_bus(request)
        with self._store.lock:
            rule = self._store.find(request["Rule"])
            kept = {id: target for id, target in rule.targets.items() if id not in request["Ids"]}
            self._store.rules[rule.name] = replace(rule, targets=kept)
        return {"FailedEntryCount": 0, "FailedEntries": []}


def service_of(target: Target) -> str:
    """The service of a target's ARN: "lambda"."""
    parts = str(target["Arn"]).split(":")
    return parts[2] if len(parts) > 5 else ""


def _check_target(target: Target) -> None:
    service = service_of(target)
    if service not in SERVICES:
        raise invalid(
            f"The embedded EventBridge delivers to functions, queues and topics; the target {target['Id']} is {target['Arn']}."
        )
    stated = [name for name in _NOT_EMBEDDED if target.get(name)]
    if stated:
        raise invalid(f"Parameter {stated[0]} is not supported for target {target['Id']}.")
    if target.get("RoleArn"):
        raise invalid(f"RoleArn is not supported for target {target['Arn']}.")
    if target["Arn"].endswith(".fifo") and service == "sqs" and not target.get("SqsParameters"):
        raise invalid(f"Parameter(s) SqsParameters must be specified for target: {target['Id']}.")
    letters = (target.get("DeadLetterConfig") or {}).get("Arn", "")
    if letters and (":sqs:" not in letters or letters.endswith(".fifo")):
        raise invalid(
            f"The dead-letter queue of target {target['Id']} must be a standard queue, and is {letters}."
        )
    transform.check(target)
