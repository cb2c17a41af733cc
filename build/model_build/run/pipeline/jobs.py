"""The steps that run a container: Prepare, Train and Evaluate."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from model_build.recipe.training import Scripted, Transformer
from model_build.run.pipeline import retries, session
from model_build.run.pipeline.context import Context, output

BOOT = "import sys; exec('\\n'.join(sys.argv[1:sys.argv.index('--')]))"
"""Runs the launcher. Its lines are the arguments before `--`: each part of a container's entry point is one line."""

TRIAL = "Trial"
"""The step that a recipe with `trial` has."""

_TRIAL_SECONDS = 45 * 60
"""What a trial takes at most after its endpoint is in service: 15 minutes to ask, 15 to delete, and the job's own time."""

_INPUT = "/opt/ml/processing/input"
_OUTPUT = "/opt/ml/processing/output"
_DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Models:
    """The URIs of the artifacts that a run trains.

    `defaults` is the model with the recipe's hyperparameters where a search finds the candidate, else None.
    """

    candidate: Any
    defaults: Any = None


def prepare(context: Context) -> Any:
    """The step that reads the data and writes the files for training and the holdout."""
    # The Spark image's program makes a cluster of the job's instances, and runs the script on the first of them.
    script = "smspark-submit prepare.py" if context.on_spark else "prepare.py"
    if context.recipe.prepare.script is not None:
        script = "prepare_script.py"
    return _processing_step(
        context,
        "Prepare",
        image=context.spark if context.on_spark else context.sklearn,
        instances=context.recipe.processing.instance_count,
        entrypoint=_entrypoint(context, context.inputs.prepare_sha256, script),
        inputs={"code": context.inputs.prepare_code, "data": context.parameters.data},
        outputs=("train", "validation", "holdout", "summary"),
        # A user can change the data under a URI of their own. The hash makes the step cache see that.
        environment={"DATA_SHA256": context.parameters.data_sha256},
    )


def train(context: Context, prepare: Any) -> Any:
    """The step that trains the recipe's algorithm on the files of `prepare`."""
    from sagemaker.mlops.workflow.steps import TrainingStep

    with session.without_telemetry(context.session):
        step_args = trainer(context).train(input_data_config=channels(context, prepare))
    return TrainingStep(
        name="Train", step_args=step_args, cache_config=caching(context), retry_policies=retries.job()
    )


def trainer(context: Context) -> Any:
    """The SDK's description of the recipe's training job."""
    from sagemaker.core.shapes import Tag
    from sagemaker.core.training.configs import Compute, OutputDataConfig, StoppingCondition
    from sagemaker.train import ModelTrainer

    training, settings = context.recipe.training, context.settings
    return ModelTrainer(
        training_image=context.training_image,
        base_job_name=context.recipe.name,
        role=settings.pipeline_role_arn,
        hyperparameters=_hyperparameters(context),
        compute=Compute(
            **_instances(training.instance_types),
            **({"enable_managed_spot_training": True} if _is_spot(context) else {}),
            instance_count=1,
            volume_size_in_gb=training.volume_gb,
        ),
        stopping_condition=StoppingCondition(
            max_runtime_in_seconds=training.max_runtime_seconds, **_waiting(context)
        ),
        **_checkpoints(context),
        output_data_config=OutputDataConfig(
            s3_output_path=settings.s3("models"), kms_key_id=settings.kms_key
        ),
        tags=[Tag(key=tag["Key"], value=tag["Value"]) for tag in context.tags],
        sagemaker_session=context.session,
    )


def channels(context: Context, prepare: Any) -> list[Any]:
    """The input channels of training."""
    from sagemaker.core.training.configs import InputData

    found = [
        InputData(channel_name=channel, data_source=output(prepare, channel), content_type="text/plain")
        for channel in ("train", "validation")
    ]
    stored = {"wheels": context.inputs.training_wheels, "pretrained": context.inputs.pretrained}
    return found + [InputData(channel_name=name, data_source=uri) for name, uri in stored.items() if uri]


def evaluate(context: Context, prepare: Any, models: Models, report: Any) -> Any:
    """The step that evaluates candidate and champion and writes the property file `report`."""
    given, candidate = context.parameters, models.candidate
    known = {"--candidate-sha256": given.candidate_sha256} if context.settings.reuses_training else {}
    arguments = {
        **known,
        "--candidate-uri": candidate,
        "--candidate-contract-sha256": context.inputs.contract_sha256,
        "--champion-arn": given.champion_arn,
        "--champion-sha256": given.champion_sha256,
        "--champion-contract-sha256": given.champion_contract_sha256,
        "--force-reason": given.force_reason,
        "--minimum": given.minimum.to_string(),
        "--max-regression": given.max_regression.to_string(),
    }
    chooses = context.recipe.evaluation.chooses_thresholds
    return _processing_step(
        context,
        "Evaluate",
        image=context.evaluation_image,
        instances=1,
        entrypoint=_entrypoint(context, context.inputs.evaluate_sha256, "evaluate.py"),
        inputs={
            "code": context.inputs.evaluate_code,
            "wheels": context.inputs.wheels,
            "holdout": output(prepare, "holdout"),
            "candidate": candidate,
            "candidate-contract": context.inputs.contract,
            "champion": given.champion_model,
            "champion-contract": given.champion_contract,
            **({"validation": output(prepare, "validation")} if chooses else {}),
            **({} if models.defaults is None else {"defaults": models.defaults}),
        },
        outputs=(
            "evaluation",
            *(("contract",) if chooses else ()),
            *(() if context.recipe.trial is None else ("answers",)),
        ),
        arguments=[part for argument in arguments.items() for part in argument],
        property_files=[report],
    )


def trial(context: Context, evaluate: Any, candidate: Any, report: Any) -> Any:
    """The step that tries the candidate on a temporary endpoint, and writes the decision as the property file `report`."""
    recipe, inputs, settings = context.recipe, context.inputs, context.settings
    assert recipe.trial is not None and settings.trial_role_arn is not None  # the blueprint asks for both
    chooses = recipe.evaluation.chooses_thresholds
    arguments = [
        *("--contract-sha256", inputs.contract_sha256),
        *("--prefix", settings.trial_prefix),
        *("--role", settings.trial_role_arn),
        *("--image", context.serving_image),
        *("--model", candidate),
        *("--force-reason", context.parameters.force_reason),
    ]
    for name, value in context.serving_environment.items():
        arguments += ["--environment", f"{name}={value}"]
    for tag in context.tags:
        arguments += ["--tag", f"{tag['Key']}={tag['Value']}"]
    return _processing_step(
        context,
        TRIAL,
        image=context.sklearn,
        instances=1,
        entrypoint=_entrypoint(context, inputs.trial_sha256, "trial.py"),
        inputs={
            "code": inputs.trial_code,
            "evaluation": output(evaluate, "evaluation"),
            "answers": output(evaluate, "answers"),
            "contract": output(evaluate, "contract") if chooses else inputs.contract,
        },
        outputs=("evaluation",),
        arguments=arguments,
        property_files=[report],
        seconds=recipe.trial.max_wait_seconds + _TRIAL_SECONDS,
        role=settings.trial_role_arn,
    )


def _processing_step(
    context: Context,
    name: str,
    *,
    image: str,
    instances: int,
    entrypoint: list[str],
    inputs: dict[str, Any],
    outputs: tuple[str, ...],
    arguments: list[Any] | None = None,
    environment: dict[str, Any] | None = None,
    property_files: list[Any] | None = None,
    seconds: int | None = None,
    role: str | None = None,
) -> Any:
    """A processing step. Each input and output has a folder of its name.

    `seconds` is its limit, by default the recipe's, and `role` what it runs as, by default the pipeline's role.
    """
    from sagemaker.core.processing import Processor
    from sagemaker.mlops.workflow.steps import ProcessingStep

    jobs = context.recipe.processing
    processor = Processor(
        role=role or context.settings.pipeline_role_arn,
        image_uri=image,
        entrypoint=entrypoint,
        instance_type=jobs.instance_type,
        instance_count=instances,
        volume_size_in_gb=jobs.volume_gb,
        max_runtime_in_seconds=jobs.max_runtime_seconds if seconds is None else seconds,
        output_kms_key=context.settings.kms_key,
        env=environment,
        tags=context.tags,
        sagemaker_session=context.session,
    )
    step_args = processor.run(
        inputs=[_processing_input(folder, uri) for folder, uri in inputs.items()],
        outputs=[_processing_output(folder, _run_prefix(context, name, folder)) for folder in outputs],
        arguments=arguments,
    )
    return ProcessingStep(
        name=name,
        step_args=step_args,
        property_files=property_files,
        cache_config=caching(context),
        retry_policies=retries.job(),
    )


def _entrypoint(context: Context, sha256: str, script: str) -> list[str]:
    """The command that runs `script` of the input `code`, if the hash of that folder is `sha256`."""
    return ["python3", "-I", "-c", BOOT, *context.inputs.launcher, "--", f"{_INPUT}/code", sha256, script]


def _hyperparameters(context: Context) -> dict[str, str]:
    training, labels = context.recipe.training, context.recipe.labels
    if not isinstance(training, Scripted):
        return dict(training.hyperparameters.items())
    return {
        **training.options(labels.names, labels.multi),
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": str(context.inputs.algorithm),
    }


def _is_spot(context: Context) -> bool:
    return isinstance(context.recipe.training, Transformer) and context.recipe.training.spot


def _waiting(context: Context) -> dict[str, int]:
    """How long waiting for spot capacity and training may take together: a day more than the training, unless stated."""
    training = context.recipe.training
    if not (isinstance(training, Transformer) and training.spot):
        return {}
    return {"max_wait_time_in_seconds": training.max_wait_seconds or training.max_runtime_seconds + _DAY}


def _checkpoints(context: Context) -> dict[str, Any]:
    """Where a job on spot capacity leaves its state: named by all that the training depends on.

    Another attempt then resumes, and equal definitions stay equal. An execution's id would defeat the step cache.
    """
    from sagemaker.core.training.configs import CheckpointConfig
    from sagemaker.core.workflow.functions import Join

    if not _is_spot(context):
        return {}
    content = json.dumps([_hyperparameters(context), context.inputs.prepare_sha256], sort_keys=True)
    place = context.settings.s3(f"runs/checkpoints/{hashlib.sha256(content.encode()).hexdigest()}")
    uri = Join(on="/", values=[place, context.parameters.data_sha256])
    return {"checkpoint_config": CheckpointConfig(s3_uri=uri)}


def _instances(types: tuple[str, ...]) -> dict[str, Any]:
    """The request's keys for one instance type, or for several of which SageMaker takes the first available one.

    A request may not hold both keys (API reference, ResourceConfig).
    """
    from sagemaker.core.shapes import InstancePreference

    if len(types) == 1:
        return {"instance_type": types[0]}
    return {"instance_preferences": [InstancePreference(instance_type=each) for each in types]}


def caching(context: Context) -> Any:
    """The step's configuration of the step cache."""
    from sagemaker.mlops.workflow.steps import CacheConfig

    return CacheConfig(enable_caching=True, expire_after=context.recipe.caching.expire_after)


def _run_prefix(context: Context, step: str, folder: str) -> Any:
    from sagemaker.core.workflow.execution_variables import ExecutionVariables
    from sagemaker.core.workflow.functions import Join

    execution = ExecutionVariables.PIPELINE_EXECUTION_ID
    return Join(on="/", values=[context.settings.s3("runs"), execution, step.lower(), folder])


def _processing_input(folder: str, uri: Any) -> Any:
    from sagemaker.core.shapes import ProcessingInput, ProcessingS3Input

    source = ProcessingS3Input(
        s3_uri=uri, local_path=f"{_INPUT}/{folder}", s3_data_type="S3Prefix", s3_input_mode="File"
    )
    return ProcessingInput(input_name=folder, s3_input=source)


def _processing_output(folder: str, uri: Any) -> Any:
    from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output

    target = ProcessingS3Output(s3_uri=uri, local_path=f"{_OUTPUT}/{folder}", s3_upload_mode="EndOfJob")
    return ProcessingOutput(output_name=folder, s3_output=target)
