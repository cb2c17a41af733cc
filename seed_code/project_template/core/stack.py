"""A CloudFormation stack: how it stands and what it holds. Plain data; `cloudformation` asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Stack:
    """A stack as CloudFormation describes it."""

    name: str
    id: str
    status: str
    reason: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Whether an operation is under way."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def succeeded(self) -> bool:
        """Whether the last operation did what it was asked for."""
        return self.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}


@dataclass(frozen=True)
class Resource:
    """A resource that a stack holds."""

    logical_id: str
    type: str
    physical_id: str


def parse(answer: Mapping[str, Any]) -> Stack:
    """A stack from DescribeStacks' answer."""
    return Stack(
        name=answer["StackName"],
        id=answer["StackId"],
        status=answer["StackStatus"],
        reason=answer.get("StackStatusReason", ""),
        outputs={output["OutputKey"]: output["OutputValue"] for output in answer.get("Outputs", [])},
        tags={tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])},
    )
