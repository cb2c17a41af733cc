"""What the embedded AWS does wrong on purpose, so that a test sees how the product takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass
class Faults:
    """Changed by tests while the server runs.

    `endpoint_rollback` is what CloudFormation makes of an endpoint that SageMaker rolled back by itself: AWS is known to
    fail the update, and to report success.
    """

    endpoint_rollback: Literal["fails", "reports-success"] = "fails"
