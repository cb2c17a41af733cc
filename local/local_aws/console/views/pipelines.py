"""Pipelines, their executions, the steps of one execution as a graph, and a step's log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from local_aws.console import formatting, graph
from local_aws.console.clients import Aws
from local_aws.console.pages import NotThereError, Page, Visit

PAGE = 20
LOG_LINES = 500
_ENDED = "Succeeded"
_GROUPS = {"TrainingJob": "TrainingJobs", "ProcessingJob": "ProcessingJobs", "TransformJob": "TransformJobs"}
_LONGEST_VALUE = 200


@dataclass(frozen=True)
class Pipeline:
    """A pipeline in the list; `status` is its last execution's, "" where it never ran."""

    name: str
    status: str
    last_run: datetime | None
    description: str


@dataclass(frozen=True)
class Pipelines:
    """One page of the list; `older` is the token of the next."""

    pipelines: tuple[Pipeline, ...]
    older: str = ""


@dataclass(frozen=True)
class Execution:
    """An execution in the list; `id` is the end of its ARN."""

    id: str
    name: str
    status: str
    started: datetime
    reason: str = ""


@dataclass(frozen=True)
class Step:
    """A step of an execution. `reason` is why it failed; `notes` are what it made or decided; `job` names what has a log."""

    name: str
    type: str
    status: str
    took: str
    reason: str = ""
    notes: tuple[str, ...] = ()
    job: str = ""


@dataclass(frozen=True)
class Box:
    """A step where it is drawn, with its state."""

    node: graph.Node
    chip: formatting.Chip
    has_log: bool

    @property
    def spoken(self) -> str:
        """The text of the box for screen readers."""
        return f"{self.node.name}: {self.chip.word}"


@dataclass(frozen=True)
class Drawing:
    """The graph of a definition with the states of an execution's steps."""

    boxes: tuple[Box, ...]
    edges: tuple[graph.Edge, ...]
    width: int
    height: int


@dataclass(frozen=True)
class Run:
    """One execution, whole."""

    id: str
    name: str
    status: str
    started: datetime
    took: str
    reason: str
    parameters: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]
    drawing: Drawing


@dataclass(frozen=True)
class PipelineView:
    """A pipeline with its executions, the newest first; `shown` is the one that is drawn, None where it never ran."""

    name: str
    executions: tuple[Execution, ...]
    shown: Run | None
    older: str = ""


@dataclass(frozen=True)
class LogView:
    """The end of a step's log. `cut` says that there is more before it."""

    pipeline: str
    execution: str
    step: str
    status: str
    group: str
    lines: tuple[str, ...]
    cut: bool


def overview(visit: Visit) -> Page:
    """All pipelines, the newest first."""
    sagemaker = visit.aws.sagemaker
    asked = {"NextToken": visit.query["from"]} if visit.query.get("from") else {}
    listed = sagemaker.list_pipelines(MaxResults=PAGE, SortBy="CreationTime", SortOrder="Descending", **asked)
    found = tuple(_pipeline(visit.aws, each) for each in listed["PipelineSummaries"])
    return Page("pipelines.html", "Pipelines", Pipelines(found, listed.get("NextToken", "")))


def pipeline(visit: Visit) -> Page:
    """A pipeline's executions, and the graph of the one in the path, or else of the newest."""
    sagemaker, name = visit.aws.sagemaker, visit.names["pipeline"]
    asked = {"NextToken": visit.query["from"]} if visit.query.get("from") else {}
    listed = sagemaker.list_pipeline_executions(PipelineName=name, MaxResults=PAGE, **asked)
    executions = tuple(map(execution, listed["PipelineExecutionSummaries"]))
    wanted = visit.names.get("execution") or (executions[0].id if executions else "")
    shown = _run(visit.aws, _arn(visit.aws, name, wanted)) if wanted else None
    return Page("pipeline.html", name, PipelineView(name, executions, shown, listed.get("NextToken", "")))


def log(visit: Visit) -> Page:
    """The end of the log of a step's job. Raises NotThereError for a step without a job."""
    name, identity, wanted = (visit.names[each] for each in ("pipeline", "execution", "step"))
    found = {each.name: each for each in _steps(visit.aws, _arn(visit.aws, name, identity))}.get(wanted)
    if found is None or not found.job:
        raise NotThereError(f"The step {wanted} of {name} has no job yet, so it has no log.")
    kind, _, job = found.job.partition("/")
    group = f"/aws/sagemaker/{kind}"
    lines = _log_lines(visit.aws, group, job)
    view = LogView(
        name, identity, wanted, found.status, f"{group} {job}", lines[-LOG_LINES:], len(lines) > LOG_LINES
    )
    return Page("log.html", f"Log of {wanted}", view)


def execution(summary: Mapping[str, Any]) -> Execution:
    """An entry of ListPipelineExecutions."""
    return Execution(
        id=summary["PipelineExecutionArn"].rpartition("/")[2],
        name=summary.get("PipelineExecutionDisplayName", ""),
        status=summary["PipelineExecutionStatus"],
        started=summary["StartTime"],
        reason=summary.get("PipelineExecutionFailureReason", ""),
    )


def step(stated: Mapping[str, Any]) -> Step:
    """An entry of ListPipelineExecutionSteps."""
    metadata = stated.get("Metadata") or {}
    kind = next(iter(metadata), "")
    return Step(
        name=stated["StepName"],
        type=kind,
        status=stated["StepStatus"],
        took=formatting.seconds(stated.get("StartTime"), stated.get("EndTime")),
        reason=stated.get("FailureReason", ""),
        notes=tuple(_notes(stated, kind, metadata)),
        job=_job(kind, metadata),
    )


def drawing(definition: str, steps: Iterable[Step]) -> Drawing:
    """The graph of a definition; a step that has not begun is drawn as not started."""
    drawn = graph.of_definition(definition)
    known = {each.name: each for each in steps}
    boxes = tuple(
        Box(
            node,
            formatting.chip(known[node.name].status if node.name in known else "NotStarted"),
            node.name in known and bool(known[node.name].job),
        )
        for node in drawn.nodes
    )
    return Drawing(boxes, drawn.edges, drawn.width, drawn.height)


def parameters(definition: str, given: Iterable[Mapping[str, str]]) -> tuple[tuple[str, str], ...]:
    """The parameters of an execution: the given ones over the definition's defaults, without empty ones."""
    stated = {
        each["Name"]: str(each.get("DefaultValue", ""))
        for each in json.loads(definition).get("Parameters", [])
    }
    stated |= {each["Name"]: each["Value"] for each in given}
    return tuple((name, _short(value)) for name, value in stated.items() if value)


def _pipeline(aws: Aws, summary: Mapping[str, Any]) -> Pipeline:
    name, last = summary["PipelineName"], summary.get("LastExecutionTime")
    return Pipeline(
        name=name,
        status=_last_status(aws, name, last) if last else "",
        last_run=last,
        description=summary.get("PipelineDescription", ""),
    )


def _last_status(aws: Aws, name: str, started: datetime) -> str:
    """The status of the last execution. One that succeeded is described once, since it stays so."""
    key = f"status of {name} {started.isoformat()}"
    if aws.remembered(key) is not None:
        return _ENDED
    listed = aws.sagemaker.list_pipeline_executions(PipelineName=name, MaxResults=1)
    status = next((str(each["PipelineExecutionStatus"]) for each in listed["PipelineExecutionSummaries"]), "")
    if status == _ENDED:
        aws.remember(key, status)
    return status


def _arn(aws: Aws, name: str, identity: str) -> str:
    described = aws.sagemaker.describe_pipeline(PipelineName=name)
    return f"{described['PipelineArn']}/execution/{identity}"


def _run(aws: Aws, arn: str) -> Run:
    sagemaker = aws.sagemaker
    described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    definition = _definition(aws, arn)
    given = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    steps = _steps(aws, arn)
    ended = described["PipelineExecutionStatus"] not in {"Executing", "Stopping"}
    return Run(
        id=arn.rpartition("/")[2],
        name=described.get("PipelineExecutionDisplayName", ""),
        status=described["PipelineExecutionStatus"],
        started=described["CreationTime"],
        took=(
            formatting.seconds(described["CreationTime"], described.get("LastModifiedTime")) if ended else ""
        ),
        reason=described.get("FailureReason", ""),
        parameters=parameters(definition, given),
        steps=steps,
        drawing=drawing(definition, steps),
    )


def _definition(aws: Aws, arn: str) -> str:
    """An execution's definition never changes."""
    found = aws.remembered(arn)
    if found is None:
        answer = aws.sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
        found = answer["PipelineDefinition"]
        aws.remember(arn, found)
    return str(found)


def _steps(aws: Aws, arn: str) -> tuple[Step, ...]:
    """In the order in which they began."""
    pages = aws.sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=arn, SortOrder="Ascending"
    )
    return tuple(step(each) for page in pages for each in page["PipelineExecutionSteps"])


def _notes(stated: Mapping[str, Any], kind: str, metadata: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    if hit := stated.get("CacheHitResult"):
        yield f"taken from the cache of {hit['SourcePipelineExecutionArn'].rpartition('/')[2]}"
    if kind == "Condition" and (outcome := metadata[kind].get("Outcome")):
        yield f"the condition is {str(outcome).lower()}"
    if kind == "RegisterModel" and (arn := metadata[kind].get("Arn")):
        yield "registered " + "/".join(arn.split("/")[1:])
    if kind == "Fail" and (message := metadata[kind].get("ErrorMessage")):
        yield str(message)


def _job(kind: str, metadata: Mapping[str, Mapping[str, Any]]) -> str:
    arn = str(metadata.get(kind, {}).get("Arn", ""))
    return f"{_GROUPS[kind]}/{arn.rpartition('/')[2]}" if kind in _GROUPS and arn else ""


def _log_lines(aws: Aws, group: str, job: str) -> tuple[str, ...]:
    """The last lines of the job, a few more than are shown."""
    logs = aws.client("logs")
    try:
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
        lines: list[str] = []
        for stream in streams:
            found = logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], limit=LOG_LINES + 1
            )
            lines += [event["message"].rstrip("\n") for event in found["events"]]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return ()
    return tuple(lines)


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + "…"
