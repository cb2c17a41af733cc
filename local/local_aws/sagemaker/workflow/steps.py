"""The work of one step, from its start to its end in the execution's record."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.sagemaker.workflow import cache, conditions, expressions, names, outputs, retries, scope
from local_aws.sagemaker.workflow.cache import Hit, StepCache
from local_aws.sagemaker.workflow.callbacks import Callbacks
from local_aws.sagemaker.workflow.definition import Step
from local_aws.sagemaker.workflow.errors import StepFailedError, StepStoppedError
from local_aws.sagemaker.workflow.execution import FAILED, STOPPED, SUCCEEDED, Execution
from local_aws.sagemaker.workflow.resources import RESOURCES, Made, Resource, make
from local_aws.sagemaker.workflow.step_calls import invoke, send_callback
from local_aws.sagemaker.workflow.validation import JOB_VARIABLES

log = logging.getLogger(__name__)

# A job's end is noticed within a tenth of a second, and a describe costs a few milliseconds.
_FIRST_POLL, _LAST_POLL, _SLOWING = 0.02, 0.1, 1.3


@dataclass(frozen=True)
class Surroundings:
    """The clients and settings that the steps of an execution share.

    `functions` and `queues` are clients of Lambda and SQS. `time_scale` multiplies the waits between retries. `stop` asks
    running jobs to stop, and waits for them; `leave`, which comes with `stop`, ends the threads at once, because the
    server goes.
    """

    sagemaker: Any
    s3: Any
    cache: StepCache
    functions: Any = None
    queues: Any = None
    callbacks: Callbacks = field(default_factory=Callbacks)
    time_scale: float = 1.0
    stop: threading.Event = field(default_factory=threading.Event)
    leave: threading.Event = field(default_factory=threading.Event)


class StepWork:
    """One step of one execution at work."""

    def __init__(self, step: Step, execution: Execution, around: Surroundings) -> None:
        self._step = step
        self._execution = execution
        self._around = around

    def run(self) -> None:
        """Do the step's work and note its end, whatever that is. A thread's whole life: nothing is raised."""
        name = self._step.name
        try:
            self._work()
        except StepStoppedError:
            self._execution.end(name, STOPPED)
        except StepFailedError as failure:
            self._execution.end(name, FAILED, failure.reason)
        except Exception as error:
            log.exception("step %s of %s", name, self._execution.start.arn)
            self._execution.end(name, FAILED, f"InternalServerError: {type(error).__name__}: {error}")

    def _work(self) -> None:
        match self._step.type:
            case "Condition":
                self._decide()
            case "Fail":
                self._fail()
            case "Lambda":
                self._run_or_reuse(
                    lambda: self._finish_with(invoke(self._around.functions, *self._target_and_arguments()))
                )
            case "Callback":
                self._run_or_reuse(self._call_back)
            case _:
                resource = RESOURCES[self._step.type]
                self._run_or_reuse(lambda: self._make(resource))

    def _decide(self) -> None:
        outcome = all(conditions.holds(item, self._resolve) for item in self._step.conditions)
        self._end(metadata={"Condition": {"Outcome": str(outcome)}}, properties={"Outcome": outcome})

    def _fail(self) -> None:
        message = str(self._resolve(self._step.arguments.get("ErrorMessage", "")))
        metadata = {"Fail": {"ErrorMessage": message[:3072]}}
        self._execution.end(self._step.name, FAILED, message, metadata=metadata)

    def _target_and_arguments(self) -> tuple[str, dict[str, Any]]:
        """The target of a Lambda or Callback step, and the arguments for it."""
        return str(self._resolve(self._step.target)), self._resolve(dict(self._step.arguments))

    def _finish_with(self, given: Mapping[str, Any]) -> None:
        """End a Lambda or Callback step with the outputs that were given."""
        values = outputs.typed(self._step.outputs, given)
        metadata = dict(self._execution.run(self._step.name).metadata)
        kind = self._step.type
        told = {**metadata.get(kind, {}), outputs.MEMBER: outputs.described(values)}
        if kind == "Lambda":
            told["Arn"] = self._target_and_arguments()[0]
        self._end(metadata={kind: told}, properties={outputs.MEMBER: values})

    def _call_back(self) -> None:
        """Send the message, and wait for the answer: also where the execution is stopped meanwhile, as SageMaker does."""
        queue, arguments = self._target_and_arguments()
        callback = self._around.callbacks.open(self._execution.start.arn)
        try:
            send_callback(self._around.queues, queue, callback, arguments, "Executing")
            told = {"CallbackToken": callback.token, "SqsQueueUrl": queue}
            self._execution.executing(self._step.name, {"Callback": told})
            stopping = False
            while not callback.answered.wait(_LAST_POLL):
                if self._around.leave.is_set():
                    raise StepStoppedError("The server was stopped.")
                if self._around.stop.is_set() and not stopping:
                    stopping = True
                    send_callback(self._around.queues, queue, callback, arguments, "Stopping")
        finally:
            self._around.callbacks.discard(callback)
        if stopping:
            raise StepStoppedError("The execution was stopped.")
        if callback.given is None:
            raise StepFailedError(callback.reason or "The callback reported a failure.")
        self._finish_with(callback.given)

    def _run_or_reuse(self, do: Callable[[], None]) -> None:
        config = self._step.cache
        if config is None or not config.enabled:
            do()
            return
        # The job's own name is another one each time: it is no part of what was asked for.
        arguments = self._resolve(dict(self._step.arguments), **_job_variable(self._step, ""))
        if self._step.target is not None:
            arguments = {
                "Target": self._target_and_arguments()[0],
                "Outputs": dict(self._step.outputs),
                **arguments,
            }
        key = cache.key(self._step.name, self._step.type, arguments)
        hit = self._around.cache.find(key, config)
        if hit is not None:
            self._end(metadata=hit.metadata, properties=hit.properties, cached_from=hit.execution_arn)
            return
        do()
        run = self._execution.run(self._step.name)
        assert run.ended is not None
        self._around.cache.add(key, Hit(self._execution.start.arn, run.ended, run.properties, run.metadata))

    def _make(self, resource: Resource) -> None:
        """Make the resource, and make it again as often as the retry policies say."""
        retried: dict[str, int] = {}
        started, shortened = time.monotonic(), 0.0
        while True:
            try:
                self._attempt(resource)
                return
            except StepFailedError as failure:
                if failure.retry_type is None:
                    raise
                done = retried.get(failure.retry_type, 0)
                policy = retries.policy_for(self._step.retries, failure.retry_type)
                wait = policy.wait(done, time.monotonic() - started + shortened) if policy else None
                if wait is None:
                    raise self._retries_exhausted(failure, had_policy=policy is not None) from failure
                retried[failure.retry_type] = done + 1
            # What the time scale takes off a wait counts as passed, or ExpireAfterMin would never come.
            shortened += wait * (1 - self._around.time_scale)
            self._pause(wait * self._around.time_scale)
            self._execution.try_again(self._step.name)

    def _attempt(self, resource: Resource) -> None:
        if self._around.stop.is_set():
            raise StepStoppedError("The execution was stopped.")
        made = make(self._around.sagemaker, resource, self._request(resource))
        self._execution.executing(self._step.name, {resource.metadata: {"Arn": made.arn}})
        self._end(properties=self._await(made))

    def _request(self, resource: Resource) -> dict[str, Any]:
        """The Create request: the step's arguments, and what SageMaker adds to them."""
        arn = self._execution.start.arn
        variables: dict[str, str] = {}
        given = dict(self._step.arguments)
        if resource.service_named:
            prefix = given.pop(resource.name_member, None)
            name = self._name(None if prefix is None else str(self._resolve(prefix)))
            variables = _job_variable(self._step, name)
            given[resource.name_member] = name
        request: dict[str, Any] = self._resolve(given, **variables)
        if resource.taggable:
            tag = {"Key": "sagemaker:pipeline-execution-arn", "Value": arn}
            request["Tags"] = [*request.get("Tags", []), tag]
        if resource.noun == "ModelPackage":
            request["MetadataProperties"] = {**request.get("MetadataProperties", {}), "GeneratedBy": arn}
        return request

    def _name(self, prefix: str | None) -> str:
        """The name of what this attempt of the step makes."""
        execution, step = self._execution.start.id, self._step
        attempt = self._execution.run(step.name).attempts
        if step.type == "Tuning" and prefix is None:
            return names.tuning_job(execution, step.name, attempt)
        return names.job(execution, step.name, attempt, prefix)

    def _await(self, made: Made) -> dict[str, Any]:
        """The resource's description once it is complete."""
        asked, pause = False, _FIRST_POLL
        while True:
            description = made.describe(self._around.sagemaker)
            match made.status(description):
                case "Completed":
                    return description
                case "Stopped" if asked:
                    raise StepStoppedError("The execution was stopped.")
                case "Failed" | "Stopped":
                    reason = made.reason(description)
                    raise StepFailedError(f"ClientError: {reason}", retries.type_of_failure(reason))
            self._pause(pause, asked)
            pause = min(pause * _SLOWING, _LAST_POLL)
            if self._around.stop.is_set() and not asked:
                made.stop(self._around.sagemaker)
                asked = True

    def _pause(self, seconds: float, stopping: bool = False) -> None:
        """Wait, but no longer than until the execution is stopped or, if it is being stopped, abandoned."""
        (self._around.leave if stopping else self._around.stop).wait(seconds)
        if self._around.leave.is_set():
            raise StepStoppedError("The server was stopped.")

    def _retries_exhausted(self, failure: StepFailedError, had_policy: bool) -> StepFailedError:
        arn, exception = self._execution.start.arn, str(failure.retry_type).upper().replace(".", "_")
        why = "Retries are exhausted" if had_policy else "No retry policy configured"
        return StepFailedError(
            f"{failure.reason}\nRetry not appropriate on execution of step with PipelineExecutionArn {arn} and "
            f"StepId {self._step.name}. {why} for the exception type {exception}."
        )

    def _end(self, **changes: Any) -> None:
        self._execution.end(self._step.name, SUCCEEDED, **changes)

    def _resolve(self, value: Any, **variables: str) -> Any:
        read = scope.s3_reader(self._around.s3)
        return expressions.resolve(value, scope.of(self._execution, read, **variables))


def _job_variable(step: Step, name: str) -> dict[str, str]:
    """The `Execution.*` variable that only steps of this type have."""
    return {JOB_VARIABLES[step.type]: name} if step.type in JOB_VARIABLES else {}
