"""Metrics of a training job: figures that regular expressions find in its log."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.containers.errors import UnsupportedError

log = logging.getLogger(__name__)

NAMESPACE = "/aws/sagemaker/TrainingJobs"
PUBLISHED_AT_ONCE = 500


@dataclass(frozen=True)
class Definition:
    """A name, and a pattern whose first group is the figure."""

    name: str
    pattern: re.Pattern[str]


# From the algorithm's documentation: blazingtext-tuning, "Metrics computed by the BlazingText algorithm".
BLAZINGTEXT = tuple(
    Definition(f"{split}:accuracy", re.compile(rf"#{split}_accuracy:\s*(\S+)"))
    for split in ("train", "validation")
)


def parse(definitions: Sequence[Mapping[str, str]]) -> tuple[Definition, ...]:
    """The API's MetricDefinitions. Raises UnsupportedError for one that is no regular expression with a group."""
    return tuple(_parse(definition["Name"], definition["Regex"]) for definition in definitions)


def _parse(name: str, regex: str) -> Definition:
    try:
        pattern = re.compile(regex)
    except re.error as error:
        raise UnsupportedError(
            f"The metric {name!r} has no valid regular expression {regex!r}: {error}."
        ) from error
    if not pattern.groups:
        raise UnsupportedError(
            f"The metric {name!r}: {regex!r} has no group that captures the figure: put it in ()."
        )
    return Definition(name, pattern)


class Metrics:
    """The last figure of each metric, and those that are still to be published. Written by one thread, read by any."""

    def __init__(self, definitions: Sequence[Definition]) -> None:
        self._definitions = definitions
        self._last: dict[str, dict[str, Any]] = {}
        self._unpublished: list[dict[str, Any]] = []

    def observe(self, line: str) -> None:
        """Look for every metric in a line of the log. What is found and is no number is left out."""
        for definition in self._definitions:
            for match in definition.pattern.finditer(line):
                try:
                    value = float(match[1])
                except (TypeError, ValueError):
                    continue
                figure = {"MetricName": definition.name, "Value": value, "Timestamp": datetime.now(UTC)}
                self._last[definition.name] = figure
                self._unpublished.append(figure)

    def publish(self, cloudwatch: Any, job: str) -> None:
        """Put what was found since the last time into CloudWatch, in the namespace and dimension of SageMaker's own."""
        found, self._unpublished = self._unpublished, []
        finite = [figure for figure in found if math.isfinite(figure["Value"])]
        for start in range(0, len(finite), PUBLISHED_AT_ONCE):
            dimensions = [{"Name": "TrainingJobName", "Value": job}]
            data = [
                {**figure, "Dimensions": dimensions} for figure in finite[start : start + PUBLISHED_AT_ONCE]
            ]
            try:
                cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)
            except (BotoCoreError, ClientError):
                log.warning("Metrics of the training job %s are lost", job, exc_info=True)

    def final(self) -> list[dict[str, Any]]:
        """The API's FinalMetricDataList."""
        return list(self._last.copy().values())
