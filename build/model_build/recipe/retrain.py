"""When main trains without a commit."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from model_common.configuration import Part

_MONDAY = 0


class Retrain(Part):
    """When main trains without a commit: the workflow asks once a day."""

    schedule: Annotated[
        Literal["never", "daily", "weekly", "monthly"],
        Field(
            description="how often main trains without a commit; weekly is Monday and monthly the first day, in UTC"
        ),
    ] = "never"

    def is_due(self, day: date) -> bool:
        """Whether the schedule has a run on that day."""
        match self.schedule:
            case "daily":
                return True
            case "weekly":
                return day.weekday() == _MONDAY
            case "monthly":
                return day.day == 1
            case "never":
                return False
