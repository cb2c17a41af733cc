"""The work of a server beside the requests that it answers: jobs, executions, deliveries, operations of stacks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from local_aws.persistence import saved_attributes

if TYPE_CHECKING:
    from local_aws.server import Server

_THREADS = {
    "event": "the delivery of an event",
    "lambda-event": "an asynchronous invocation of a function",
    "schedule": "the invocation of a schedule's target",
    "subscriber": "a notification",
    "alarm-actions": "the actions of an alarm",
}
"""Threads that end with what they do, by their names."""
_STACK_THREADS = ("stack ", "change set of ")


def running_work(server: Server) -> Iterator[str]:
    """A description of each piece of work that has not ended."""
    for kind in ("Processing", "Training", "Transform"):
        jobs = saved_attributes.get(server, f"sagemaker.{kind}Jobs", "_jobs._jobs")
        yield from (job.arn for job in list(jobs.values()) if job.record.ended is None)
    tuning = saved_attributes.get(server, "sagemaker.TuningJobs", "_jobs")
    yield from (job.arn for job in list(tuning.values()) if job.ended is None)
    for pipeline in list(saved_attributes.get(server, "sagemaker.Pipelines", "_pipelines").values()):
        yield from (execution.start.arn for execution in pipeline.history.active)
    endpoints = saved_attributes.get(server, "sagemaker.Endpoints", "_endpoints")
    yield from (endpoint.arn for endpoint in list(endpoints.values()) if endpoint.is_busy)
    projects = saved_attributes.get(server, "sagemaker.Projects", "_projects")
    yield from (project.arn for project in list(projects.values()) if project.busy)
    queues = saved_attributes.get(server, "sagemaker-runtime.Runtime", "_queues._queues")
    yield from (
        f"requests in the queue of {each.endpoint.name}" for each in list(queues.values()) if each.size
    )
    if saved_attributes.get(server, "lambda.Pool", "_working"):
        yield "an invocation of a function"
    if saved_attributes.get(server, "github", "_state.actions") is not None:
        yield "workflows of the embedded GitHub"
    for thread in threading.enumerate():
        if thread.name in _THREADS:
            yield _THREADS[thread.name]
        elif thread.name.startswith(_STACK_THREADS):
            yield f"the operation of the {thread.name}"
