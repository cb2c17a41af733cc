"""The steps after the gate: CreateModel and Register if it passed, Fail if it refused."""

from __future__ import annotations

from typing import Any

from model_build.core import metadata
from model_build.run.pipeline import retries
from model_build.run.pipeline.context import Context, evaluated, output
from model_build.run.pipeline.session import model_arguments

FAIL = "Fail"

_TYPES = ("application/json", "application/jsonlines")


def steps(context: Context, candidate: Any, evaluate: Any, report: Any) -> list[Any]:
    """CreateModel, and Register that depends on it. `candidate` is the URI of the artifact."""
    create_model = _create_model(context, candidate)
    return [create_model, _register(context, candidate, evaluate, report, create_model)]


def fail(decides: Any) -> Any:
    """The step that ends a refused run. Its message names the document with the figures and the reason."""
    from sagemaker.core.workflow.functions import Join
    from sagemaker.mlops.workflow.fail_step import FailStep

    # The output of the step that decided, not this execution's prefix: with a cached step it is that of an earlier execution.
    message = [
        "The gate refused the candidate. Its figures and the reason: ",
        output(decides, "evaluation"),
    ]
    return FailStep(
        name=FAIL,
        display_name="Refused",
        error_message=Join(on="", values=[*message, "/evaluation.json"]),
    )


def _create_model(context: Context, candidate: Any) -> Any:
    """A Model of the candidate. It fails if image, artifact and role do not fit, and then nothing is registered."""
    from sagemaker.mlops.workflow.model_step import ModelStep

    with model_arguments(context.session) as arguments:
        context.session.create_model(
            name=context.recipe.name,
            role=context.settings.pipeline_role_arn,
            container_defs=_container(context, candidate),
            tags=context.tags,
        )
    return ModelStep(name="CreateModel", step_args=arguments, retry_policies=[retries.service()])


def _register(context: Context, candidate: Any, evaluate: Any, report: Any, create_model: Any) -> Any:
    from sagemaker.core.model_registry import create_model_package_from_containers
    from sagemaker.core.workflow.functions import Join
    from sagemaker.mlops.workflow.model_step import ModelStep

    quality = Join(on="/", values=[output(evaluate, "evaluation"), "model_quality.json"])
    statistics = {"ContentType": "application/json", "S3Uri": quality}
    registration = context.recipe.registration
    with model_arguments(context.session) as arguments:
        create_model_package_from_containers(
            context.session,
            model_package_group_name=context.settings.model_package_group,
            containers=[_container(context, candidate)],
            content_types=list(_TYPES),
            response_types=list(_TYPES),
            inference_instances=list(registration.inference_instances),
            transform_instances=list(registration.transform_instances),
            model_metrics={"ModelQuality": {"Statistics": statistics}},
            customer_metadata_properties=_metadata(context, evaluate, report),
            description=context.recipe.description,
            approval_status=context.parameters.approval,
        )
    return ModelStep(
        name="Register",
        step_args=arguments,
        depends_on=[create_model],
        retry_policies=[retries.service()],
    )


def _metadata(context: Context, evaluate: Any, report: Any) -> dict[str, Any]:
    """The package's metadata: its provenance, the hashes of its files, and the contract to serve it with."""
    from sagemaker.core.workflow.execution_variables import ExecutionVariables

    recipe, inputs, given = context.recipe, context.inputs, context.parameters
    return {
        "commit": given.commit,
        "pull-request": given.pull_request,
        "author": given.author,
        "data-sha256": given.data_sha256,
        "problem": recipe.problem_name,
        "recipe": recipe.name,
        "recipe-sha256": recipe.sha256,
        "model-sha256": evaluated(evaluate, report, "candidate.artifact.sha256"),
        "model-version": evaluated(evaluate, report, "candidate.artifact.version"),
        "text-rules-sha256": inputs.text_rules_sha256,
        **_contract(context, evaluate, report),
        # A space separates the labels: BlazingText's labels have none, and the registry's metadata allows no comma.
        "labels": metadata.fitted(" ".join(recipe.labels.names)),
        "champion": given.champion_arn,
        "forced": given.force_reason,
        "execution": ExecutionVariables.PIPELINE_EXECUTION_ARN,
    }


def _contract(context: Context, evaluate: Any, report: Any) -> dict[str, Any]:
    """Where the contract is, and its hash: that of the run's start, or the one with the thresholds that Evaluate chose."""
    from sagemaker.core.workflow.functions import Join

    if not context.recipe.evaluation.chooses_thresholds:
        return {"contract": context.inputs.contract, "contract-sha256": context.inputs.contract_sha256}
    return {
        "contract": Join(on="", values=[output(evaluate, "contract"), "/"]),
        "contract-sha256": evaluated(evaluate, report, "candidate.contract.sha256"),
    }


def _container(context: Context, candidate: Any) -> dict[str, Any]:
    """The container that serves the model."""
    container: dict[str, Any] = {
        "Image": context.serving_image,
        "ModelDataUrl": candidate,
    }
    if context.serving_environment:
        container["Environment"] = dict(context.serving_environment)
    return container
