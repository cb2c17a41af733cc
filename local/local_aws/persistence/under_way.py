"""What a server works on, beside the requests that it answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from local_aws.persistence import table

if TYPE_CHECKING:
    from local_aws.server import Server

_THREADS = {
    "event": "the delivery of an event",
    "lambda-event": "an asynchronous invocation of a function",
    "subscriber": "a notification",
    "alarm-actions": "the actions of an alarm",
}
"""Threads that end with what they do, by their names."""
_STACK_THREADS = ("stack ", "change set of ")


def under_way(server: Server) -> Iterator[str]:
    """A few words for each thing that is under way."""
    for kind in ("Processing", "Training", "Transform"):
        jobs = table.get(server, f"sagemaker.{kind}Jobs", "_jobs._jobs")
        yield from (job.arn for job in list(jobs.values()) if job.record.ended is None)
    for pipeline in list(table.get(server, "sagemaker.Pipelines", "_pipelines").values()):
        yield from (execution.start.arn for execution in pipeline.history.active)
    endpoints = table.get(server, "sagemaker.Endpoints", "_endpoints")
    yield from (endpoint.arn for endpoint in list(endpoints.values()) if endpoint.is_busy)
    projects = table.get(server, "sagemaker.Projects", "_projects")
    yield from (project.arn for project in list(projects.values()) if project.busy)
    queues = table.get(server, "sagemaker-runtime.Runtime", "_queues._queues")
    yield from (
        f"requests in the queue of {each.endpoint.name}" for each in list(queues.values()) if each.size
    )
    if table.get(server, "lambda.Pool", "_working"):
        yield "an invocation of a function"
    if table.get(server, "github", "_state.actions") is not None:
        yield "workflows of the embedded GitHub"
    for thread in threading.enumerate():
        if thread.name in _THREADS:
            yield _THREADS[thread.name]
        elif thread.name.startswith(_STACK_THREADS):
            yield f"the operation of the {thread.name}"
