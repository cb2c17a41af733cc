"""Change sets: how the publication's stack is brought to a template.

CloudFormation says no before it begins, not amid it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from model_common.aws import stacks
from model_common.aws.errors import error_code, is_missing
from project_template.aws import cloudformation
from project_template.aws.clients import Aws
from project_template.aws.waiting import Watch
from project_template.core.plan import ApplyStack, Kind
from project_template.core.stack import Stack
from project_template.errors import RolledBackError, StackError

LARGEST_BYTES = 51_200
"""The largest template in a request, in bytes.

The publication's is far smaller; a larger one would need a bucket first.
"""

_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


def apply(aws: Aws, step: ApplyStack, tags: Mapping[str, str], watch: Watch) -> Stack | None:
    """Bring the stack there and wait for it; None where CloudFormation finds that nothing changes.

    Raises StackError with the first failing resource's reason; RolledBackError when an update was taken back.
    """
    if len(step.template.encode()) > LARGEST_BYTES:
        raise StackError(
            f"The template of {step.name} has {len(step.template.encode())} bytes; {LARGEST_BYTES} is CloudFormation's limit."
        )
    name = f"publish-{hashlib.sha256(step.template.encode()).hexdigest()[:16]}"
    _discard(aws, step.name, name)
    aws.cloudformation.create_change_set(
        StackName=step.name,
        ChangeSetName=name,
        ChangeSetType="CREATE" if step.kind is Kind.CREATE else "UPDATE",
        TemplateBody=step.template,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        Tags=[{"Key": key, "Value": value} for key, value in sorted(tags.items())],
    )
    made = _wait_until_created(aws, step.name, name, watch)
    if made["Status"] != "CREATE_COMPLETE":
        _discard(aws, step.name, name)
        reason = made.get("StatusReason", "") or "it says no more"
        if any(words in reason for words in _NO_CHANGES):
            return None
        raise StackError(f"CloudFormation cannot make the change set for {step.name}: {reason}")
    settled = watch.forget(made["StackId"])
    aws.cloudformation.execute_change_set(ChangeSetName=made["ChangeSetId"], StackName=made["StackId"])
    _wait_until_begun(aws, made["StackId"], settled, watch)
    return _require_succeeded(aws, watch.stack(made["StackId"]), step, made["StackId"], settled)


def delete(aws: Aws, name: str, watch: Watch) -> None:
    """Delete the stack and wait for it. Raises StackError when a resource cannot be deleted."""
    found = cloudformation.describe(aws, name)
    if found is None:
        return
    settled = watch.forget(found.id)
    aws.cloudformation.delete_stack(StackName=found.id)
    _wait_until_begun(aws, found.id, settled, watch)
    left = watch.stack(found.id)
    if left is not None:
        raise StackError(
            f"The stack {name} could not be deleted ({left.status}): {_cause(aws, left, settled)}. Remove what keeps it, "
            "and run the same command again."
        )


def _wait_until_created(aws: Aws, stack_name: str, name: str, watch: Watch) -> dict[str, Any]:
    for _ in watch.deadline.looks(f"The change set {name}"):
        found: Any = aws.cloudformation.describe_change_set(StackName=stack_name, ChangeSetName=name)
        if found["Status"] not in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
            return dict(found)
    raise AssertionError("unreachable")


def _wait_until_begun(aws: Aws, stack_id: str, settled: frozenset[str], watch: Watch) -> None:
    """Until the operation is in the stack's events: right after a request a stack may be described as it was before."""
    for _ in watch.deadline.looks(f"The stack {stack_id}"):
        latest = next(stacks.history(aws.cloudformation, stack_id), None)
        if latest is None or latest.id not in settled:
            return


def _require_succeeded(
    aws: Aws, found: Stack | None, step: ApplyStack, stack_id: str, settled: frozenset[str]
) -> Stack:
    if found is not None and found.succeeded:
        return found
    status = found.status if found else "gone"
    message = f"The stack {step.name} could not be brought to its template ({status}): "
    message += _cause(aws, found, settled, stack_id)
    if found is not None and found.status == "UPDATE_ROLLBACK_COMPLETE":
        raise RolledBackError(f"{message}. It is as it was before; fix the cause and publish again.")
    raise StackError(f"{message}. Fix the cause and publish again.")


def _cause(aws: Aws, found: Stack | None, settled: frozenset[str], stack_id: str = "") -> str:
    failed = cloudformation.first_failure(aws, found.id if found else stack_id, settled)
    if failed is not None:
        return failed.cause
    return (found.reason if found else "") or "its events say why"


def _discard(aws: Aws, stack_name: str, name: str) -> None:
    """Delete a change set that an interrupted command has left, if there is one."""
    try:
        aws.cloudformation.delete_change_set(StackName=stack_name, ChangeSetName=name)
    except ClientError as error:
        if not is_missing(error) and error_code(error) not in {"ChangeSetNotFound", "ValidationError"}:
            raise
