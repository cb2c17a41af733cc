"""Pipeline executions: started, stopped, retried, and described down to their steps."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.kernel.account import Account
from local_aws.kernel.paging import page, paged
from local_aws.kernel.shapes import problems
from local_aws.kernel.wire import ServiceError, invalid, service_model
from local_aws.sagemaker.listing import select
from local_aws.sagemaker.pipelines.pipeline_versions import Version
from local_aws.sagemaker.pipelines.pipelines import Pipeline, Pipelines, refuse
from local_aws.sagemaker.workflow import expressions, names, parameters, scope
from local_aws.sagemaker.workflow import selection as selection_of
from local_aws.sagemaker.workflow.callbacks import Callbacks
from local_aws.sagemaker.workflow.events import ExecutionEvents
from local_aws.sagemaker.workflow.execution import Execution, Start
from local_aws.sagemaker.workflow.runner import Runner
from local_aws.sagemaker.workflow.steps import Surroundings

_END_OF_THREADS = 5.0
"""Seconds that `close` gives an execution's threads."""


class PipelineExecutions:
    """StartPipelineExecution and the other operations on executions; `callbacks` take the answers to Callback steps.

    Every execution runs in threads that call SageMaker and S3 through clients, under the pipeline's role; `sagemaker` and
    `s3` take the place of those.
    """

    def __init__(
        self,
        account: Account,
        pipelines: Pipelines,
        callbacks: Callbacks | None = None,
        *,
        sagemaker: Any = None,
        s3: Any = None,
    ) -> None:
        self._callbacks = callbacks or Callbacks()
        self._account = account
        self._pipelines = pipelines
        self._events = ExecutionEvents(account.events)
        self._sagemaker = sagemaker
        self._s3 = s3
        self._lock = threading.Lock()
        self._runners: dict[str, Runner] = {}
        self._answered: set[tuple[str, str, str]] = set()

    def start_pipeline_execution(self, request: dict[str, Any]) -> dict[str, Any]:
        """Start an execution of a pipeline. A repeated client request token answers the same execution.

        Raises ResourceNotFound, ValidationException. Source: Amazon SageMaker API reference, StartPipelineExecution.
        """
        refuse(request, "MlflowExperimentName")
        pipeline = self._pipelines.find(request["PipelineName"])
        version = pipeline.at(request)
        with self._lock:
            execution, new = pipeline.history.start(
                request, lambda: Execution(_start(pipeline, version, request), self._events)
            )
            if new:
                self._run(execution, pipeline)
        return {"PipelineExecutionArn": execution.start.arn}

    def stop_pipeline_execution(self, request: dict[str, Any]) -> dict[str, Any]:
        """Stop a running execution.

        Raises ResourceNotFound, ValidationException. Source: Amazon SageMaker API reference, StopPipelineExecution.
        """
        execution, _ = self._find(request)
        with self._lock:
            if self._is_new("stop", request):
                execution.stop()
                self._runners[execution.start.arn].stop()
                self._remember_token("stop", request)
        return {"PipelineExecutionArn": execution.start.arn}

    def retry_pipeline_execution(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run the steps of a failed or stopped execution that did not succeed.

        Raises ResourceNotFound, ValidationException. Source: Amazon SageMaker API reference, RetryPipelineExecution.
        """
        execution, pipeline = self._find(request)
        with self._lock:
            if self._is_new("retry", request):
                execution.resume(_parallelism(request))
                self._run(execution, pipeline)
                self._remember_token("retry", request)
        return {"PipelineExecutionArn": execution.start.arn}

    def update_pipeline_execution(self, request: dict[str, Any]) -> dict[str, Any]:
        """Change display name and description of an execution.

        Raises ResourceNotFound, ValidationException. Source: Amazon SageMaker API reference, UpdatePipelineExecution.
        """
        execution, _ = self._find(request)
        execution.update(
            request.get("PipelineExecutionDisplayName"),
            request.get("PipelineExecutionDescription"),
            _parallelism(request),
        )
        return {"PipelineExecutionArn": execution.start.arn}

    def describe_pipeline_execution(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one execution.

        Raises ResourceNotFound, ValidationException. Source: Amazon SageMaker API reference, DescribePipelineExecution.
        """
        return self._find(request)[0].describe()

    def list_pipeline_executions(self, request: dict[str, Any]) -> dict[str, Any]:
        """List the executions of a pipeline, filtered and sorted as the request says, one page at a time.

        Raises ResourceNotFound, ValidationException. Source: Amazon SageMaker API reference, ListPipelineExecutions.
        """
        pipeline = self._pipelines.find(request["PipelineName"])
        number = pipeline.at(request).number if request.get("PipelineVersionAlias") else None
        summaries = [
            execution.summary()
            for execution in pipeline.history.executions()
            if number in (None, execution.start.pipeline_version)
        ]
        chosen = select(
            summaries, request, name="PipelineExecutionArn", created="StartTime", order="Descending"
        )
        shown, token = page(chosen, request, key=lambda summary: str(summary["PipelineExecutionArn"]))
        return paged({"PipelineExecutionSummaries": shown}, token)

    def list_pipeline_execution_steps(self, request: dict[str, Any]) -> dict[str, Any]:
        """List the steps that an execution has reached, one page at a time.

        Raises ResourceNotFound, ValidationException. Source: Amazon SageMaker API reference, ListPipelineExecutionSteps.
        """
        execution, _ = self._find(request)
        steps = [run.answer() for run in execution.runs().values()]
        if request.get("SortOrder") != "Ascending":
            steps.reverse()
        shown, token = page(steps, request, key=lambda step: str(step["StepName"]))
        return paged({"PipelineExecutionSteps": shown}, token)

    def describe_pipeline_definition_for_execution(self, request: dict[str, Any]) -> dict[str, Any]:
        """The definition that an execution was started with.

        Raises ResourceNotFound, ValidationException. Source: Amazon SageMaker API reference, DescribePipelineDefinitionForExecution.
        """
        start = self._find(request)[0].start
        return {"PipelineDefinition": start.definition_text, "CreationTime": start.definition_created}

    def list_pipeline_parameters_for_execution(self, request: dict[str, Any]) -> dict[str, Any]:
        """Those that the start request gave, as on SageMaker: defaults are in the definition."""
        given = self._find(request)[0].start.given
        shown, token = page(given, request, key=lambda parameter: parameter["Name"])
        return paged({"PipelineParameters": shown}, token)

    def close(self) -> None:
        """End the threads of all executions; their jobs end with their own service."""
        with self._lock:
            runners = list(self._runners.values())
        for runner in runners:
            runner.leave()
        for runner in runners:
            runner.join(_END_OF_THREADS)

    def _run(self, execution: Execution, pipeline: Pipeline) -> None:
        """Under the lock, so that nobody finds an execution that has no runner yet."""
        role = execution.start.role_arn
        around = Surroundings(
            sagemaker=self._sagemaker or self._account.client_of_role(role, "sagemaker"),
            s3=self._s3 or self._account.client_of_role(role, "s3"),
            cache=pipeline.history.cache,
            functions=self._account.client_of_role(role, "lambda"),
            queues=self._account.client_of_role(role, "sqs"),
            callbacks=self._callbacks,
            time_scale=self._account.time_scale,
        )
        runner = self._runners[execution.start.arn] = Runner(execution, around)
        runner.start()

    def _find(self, request: dict[str, Any]) -> tuple[Execution, Pipeline]:
        """The execution that a request names, and its pipeline. Raises ServiceError (ResourceNotFound)."""
        arn = request.get("PipelineExecutionArn")
        if arn is None:
            raise invalid("PipelineExecutionArn must be given.")
        pipeline = self._pipelines.find(arn.partition("/execution/")[0])
        execution = pipeline.history.find(arn)
        if execution is None:
            raise ServiceError("ResourceNotFound", f"Pipeline execution '{arn}' does not exist.")
        return execution, pipeline

    def _is_new(self, operation: str, request: dict[str, Any]) -> bool:
        """Whether a client token asks for this for the first time: if not, it gets the answer it had."""
        return (
            operation,
            request["PipelineExecutionArn"],
            request["ClientRequestToken"],
        ) not in self._answered

    def _remember_token(self, operation: str, request: dict[str, Any]) -> None:
        self._answered.add((operation, request["PipelineExecutionArn"], request["ClientRequestToken"]))


def _start(pipeline: Pipeline, version: Version, request: Mapping[str, Any]) -> Start:
    """A new execution of a version as a request asks for it.

    Raises ServiceError for parameters that do not fit, and for steps that cannot be selected.
    """
    now, id = datetime.now(UTC), names.execution_id()
    arn = f"{pipeline.arn}/execution/{id}"
    given = request.get("PipelineParameters", [])
    values = parameters.bind(version.definition.parameters, given)
    selective = request.get("SelectiveExecutionConfig")
    selection = (
        selection_of.select(version.definition.steps, selective, pipeline.history.find) if selective else None
    )
    return Start(
        arn=arn,
        id=id,
        pipeline_arn=pipeline.arn,
        pipeline_version=version.number,
        definition=version.definition,
        definition_text=version.text,
        definition_created=version.created,
        parameters=values,
        given=tuple(given),
        created=now,
        role_arn=request.get("RoleArn", pipeline.stated["RoleArn"]),
        display_name=request.get("PipelineExecutionDisplayName", f"execution-{now.timestamp() * 1000:.0f}"),
        description=request.get("PipelineExecutionDescription"),
        experiment=_experiment(pipeline.arn, version, arn, now, values),
        parallelism=_parallelism(request) or _parallelism(pipeline.stated),
        selective=selective,
        selected=selection.steps if selection else None,
        reused=selection.reused if selection else {},
    )


def _experiment(
    pipeline_arn: str, version: Version, arn: str, now: datetime, values: Mapping[str, Any]
) -> dict[str, str]:
    """The names that the definition gives to an experiment and a trial; there is nothing behind them here."""
    resolved: dict[str, str] = expressions.resolve(
        dict(version.definition.experiment), scope.before_steps(arn, pipeline_arn, now, values)
    )
    shape = service_model("sagemaker").shape_for("PipelineExperimentConfig")
    for problem in problems(resolved, shape, "pipelineExperimentConfig"):
        raise invalid(problem)
    return resolved


def _parallelism(members: Mapping[str, Any]) -> int | None:
    configuration = members.get("ParallelismConfiguration")
    return None if configuration is None else int(configuration["MaxParallelExecutionSteps"])
