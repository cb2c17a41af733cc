"""The pipeline's definition: the one module that imports the SageMaker SDK, and only when it is called.

    Prepare -> Train -> Evaluate -> Gate -+-> CreateModel -> Register
                                          +-> Fail

A definition is a pure function of the recipe, the settings and the hashes of what was uploaded: building it reaches no
network and reads no configuration of the machine, and the same inputs give the same bytes, anywhere. What belongs to
one run only (data, commit, champion, force) is a parameter of the pipeline. So step caching, which compares arguments,
pays only for what changed: the commit reaches Register alone, the gate's rule and the champion reach Evaluate first,
and what Prepare and Train see is named by content.

A pull request's definition ends at the gate: it has neither CreateModel nor Register.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from model_build.core import metadata
from model_build.core.isolation import isolated
from model_build.recipe.training import Scripted, Transformer, has_gpu

if TYPE_CHECKING:
    from model_build.core.settings import Settings
    from model_build.recipe import Recipe

NONE = "none"
"""A pipeline parameter cannot be empty: this is its way to say that there is no champion, no reason."""

MINIMUM, MAX_REGRESSION = "MinimumMetric", "MaxRegression"
"""The gate's figures as parameters: the recipe's are their defaults."""

STEPS = ("Prepare", "Train", "Evaluate", "Gate", "CreateModel", "Register", "Fail")
FAIL = "Fail"

BOOT = "import sys; exec('\\n'.join(sys.argv[1:sys.argv.index('--')]))"
"""Runs the launcher, whose lines are the arguments up to `--`: a container's entry point has parts of one line each."""

SERVING = {
    "SAGEMAKER_PROGRAM": "inference.py",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
}
"""Where the scikit-learn image finds the script that serves a model, as SageMaker's SDK tells it."""

PYTORCH = {"training": "2.9.0", "inference": "2.6.0"}
"""The PyTorch images. Both have Python 3.12: the libraries that training packs beside a model are imported where it is served."""

_INPUT = "/opt/ml/processing/input"
_OUTPUT = "/opt/ml/processing/output"
_DAY = 24 * 60 * 60
_OPT_OUT = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
}


@dataclass(frozen=True)
class Inputs:
    """What was uploaded for the steps, as S3 prefixes that name their content, and the hashes that the jobs check.

    `launcher` are the lines of the program that checks a step's code before it runs it. `algorithm` is the archive of the
    training script, where the recipe has one, `training_wheels` what it installs, `pretrained` what it begins with.
    `evaluates_transformers` is whether a model of the problem may be one.
    """

    prepare_code: str
    prepare_sha256: str
    evaluate_code: str
    evaluate_sha256: str
    wheels: str
    contract: str
    contract_sha256: str
    text_rules_sha256: str
    launcher: tuple[str, ...]
    algorithm: str | None = None
    training_wheels: str | None = None
    pretrained: str | None = None
    evaluates_transformers: bool = False


def definition(recipe: Recipe, settings: Settings, inputs: Inputs) -> str:
    """The definition of the recipe's pipeline as canonical JSON, ready for CreatePipeline."""
    with isolated(settings.region):
        text = _Builder(recipe, settings, inputs).pipeline().definition()
    return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


def _session(settings: Settings) -> Any:
    import boto3
    from sagemaker.core.workflow.pipeline_context import PipelineSession

    # The keys sign nothing: no request is made. They keep botocore from searching the machine for real ones.
    boto_session = boto3.Session("building", "building", region_name=settings.region)
    session = PipelineSession(
        boto_session=boto_session, default_bucket=settings.bucket, sagemaker_config=_OPT_OUT
    )
    # The SDK holds a configuration against its schema at every look, 50 times 0.1 s for one definition.
    session.sagemaker_config = {}
    return session


@contextmanager
def _without_telemetry(session: Any) -> Iterator[None]:
    session.sagemaker_config = _OPT_OUT
    try:
        yield
    finally:
        session.sagemaker_config = {}


class _Builder:
    """Builds one pipeline; each method is one of its steps."""

    def __init__(self, recipe: Recipe, settings: Settings, inputs: Inputs) -> None:
        from sagemaker.core import image_uris
        from sagemaker.core.workflow.parameters import ParameterFloat, ParameterString

        self.recipe, self.settings, self.inputs = recipe, settings, inputs
        self.session = _session(settings)
        self.tags = [{"Key": key, "Value": value} for key, value in settings.tags.items()]
        self.sklearn = image_uris.retrieve(
            "sklearn", settings.region, version="1.2-1", py_version="py3", instance_type="ml.m5.large"
        )
        self.blazingtext = image_uris.retrieve("blazingtext", settings.region, version="1")
        # It has scikit-learn, too. Without GPUs: a processing job computes no gradients.
        self.evaluation_image = (
            self.pytorch("training", "ml.m5.large") if inputs.evaluates_transformers else self.sklearn
        )
        # No defaults, but for force: whoever starts the pipeline by hand has to say what it compares with.
        self.data = ParameterString("Data")
        self.data_sha256 = ParameterString("DataSha256")
        self.commit = ParameterString("Commit")
        self.champion_arn = ParameterString("ChampionArn")
        self.champion_model = ParameterString("ChampionModel")
        self.champion_sha256 = ParameterString("ChampionSha256")
        self.champion_contract = ParameterString("ChampionContract")
        self.champion_contract_sha256 = ParameterString("ChampionContractSha256")
        self.force_reason = ParameterString("ForceReason", default_value=NONE)
        self.minimum = ParameterFloat(MINIMUM, default_value=recipe.gate.minimum)
        self.max_regression = ParameterFloat(MAX_REGRESSION, default_value=recipe.gate.max_regression)
        # The pipeline's role may register what waits for approval, and nothing else.
        self.approval = ParameterString("ApprovalStatus", default_value="PendingManualApproval")

    def pytorch(self, scope: str, instance_type: str) -> str:
        """The PyTorch image for `training` or `inference` on machines like that."""
        from sagemaker.core import image_uris

        return str(
            image_uris.retrieve(
                "pytorch",
                self.settings.region,
                version=PYTORCH[scope],
                py_version="py312",
                # The image is the same for all machines with GPUs, and for all without.
                instance_type="ml.g5.xlarge" if has_gpu(instance_type) else "ml.m5.large",
                image_scope=scope,
            )
        )

    def pipeline(self) -> Any:
        from sagemaker.core.workflow.conditions import ConditionEquals
        from sagemaker.core.workflow.properties import PropertyFile
        from sagemaker.mlops.workflow.condition_step import ConditionStep
        from sagemaker.mlops.workflow.pipeline import Pipeline

        verdict = PropertyFile(name="EvaluationReport", output_name="evaluation", path="evaluation.json")
        prepare = self.prepare()
        train = self.train(prepare)
        evaluate = self.evaluate(prepare, train, verdict)
        gate = ConditionStep(
            name="Gate",
            conditions=[
                ConditionEquals(left=_evaluated(evaluate, verdict, "gate.passed"), right=True),
            ],
            if_steps=self.registration(train, evaluate, verdict),
            else_steps=[self.fail(evaluate)],
        )
        return Pipeline(
            name=self.settings.pipeline_name(self.recipe.name),
            parameters=[
                self.data,
                self.data_sha256,
                self.commit,
                self.champion_arn,
                self.champion_model,
                self.champion_sha256,
                self.champion_contract,
                self.champion_contract_sha256,
                self.force_reason,
                self.minimum,
                self.max_regression,
                *([] if self.settings.pull_request is not None else [self.approval]),
            ],
            steps=[prepare, train, evaluate, gate],
            sagemaker_session=self.session,
            pipeline_experiment_config=None,
        )

    def prepare(self) -> Any:
        return self.processing_step(
            "Prepare",
            image=self.sklearn,
            script="prepare.py",
            sha256=self.inputs.prepare_sha256,
            inputs={"code": self.inputs.prepare_code, "data": self.data},
            outputs=("train", "validation", "holdout", "summary"),
            # Data under a URI that the user chose can change without its URI changing, and the step cache must see that.
            environment={"DATA_SHA256": self.data_sha256},
        )

    def evaluate(self, prepare: Any, train: Any, verdict: Any) -> Any:
        return self.processing_step(
            "Evaluate",
            image=self.evaluation_image,
            script="evaluate.py",
            sha256=self.inputs.evaluate_sha256,
            inputs={
                "code": self.inputs.evaluate_code,
                "wheels": self.inputs.wheels,
                "holdout": _output(prepare, "holdout"),
                "candidate": train.properties.ModelArtifacts.S3ModelArtifacts,
                "candidate-contract": self.inputs.contract,
                "champion": self.champion_model,
                "champion-contract": self.champion_contract,
            },
            outputs=("evaluation",),
            arguments=[
                "--candidate-uri",
                train.properties.ModelArtifacts.S3ModelArtifacts,
                "--candidate-contract-sha256",
                self.inputs.contract_sha256,
                "--champion-arn",
                self.champion_arn,
                "--champion-sha256",
                self.champion_sha256,
                "--champion-contract-sha256",
                self.champion_contract_sha256,
                "--force-reason",
                self.force_reason,
                "--minimum",
                self.minimum.to_string(),
                "--max-regression",
                self.max_regression.to_string(),
            ],
            property_files=[verdict],
        )

    def processing_step(
        self,
        name: str,
        *,
        image: str,
        script: str,
        sha256: str,
        inputs: dict[str, Any],
        outputs: tuple[str, ...],
        arguments: list[Any] | None = None,
        environment: dict[str, Any] | None = None,
        property_files: list[Any] | None = None,
    ) -> Any:
        """A step that runs `script` of its code input; each input and output has the folder of its name.

        Nothing of the code is run unless the hash of its folder is `sha256`.
        """
        from sagemaker.core.processing import Processor
        from sagemaker.mlops.workflow.steps import ProcessingStep

        jobs = self.recipe.processing
        processor = Processor(
            role=self.settings.pipeline_role_arn,
            image_uri=image,
            entrypoint=[
                "python3",
                "-I",
                "-c",
                BOOT,
                *self.inputs.launcher,
                "--",
                f"{_INPUT}/code",
                sha256,
                script,
            ],
            instance_type=jobs.instance_type,
            instance_count=jobs.instance_count,
            volume_size_in_gb=jobs.volume_gb,
            max_runtime_in_seconds=jobs.max_runtime_seconds,
            output_kms_key=self.settings.kms_key,
            env=environment,
            tags=self.tags,
            sagemaker_session=self.session,
        )
        step_args = processor.run(
            inputs=[_processing_input(folder, uri) for folder, uri in inputs.items()],
            outputs=[_processing_output(folder, self.run_prefix(name, folder)) for folder in outputs],
            arguments=arguments,
        )
        return ProcessingStep(
            name=name,
            step_args=step_args,
            property_files=property_files,
            cache_config=self.caching(),
            retry_policies=_job_retries(),
        )

    def train(self, prepare: Any) -> Any:
        from sagemaker.core.shapes import Tag
        from sagemaker.core.training.configs import Compute, InputData, OutputDataConfig, StoppingCondition
        from sagemaker.mlops.workflow.steps import TrainingStep
        from sagemaker.train import ModelTrainer

        training = self.recipe.training
        trainer = ModelTrainer(
            training_image=self.training_image,
            base_job_name=self.recipe.name,
            role=self.settings.pipeline_role_arn,
            hyperparameters=self.hyperparameters(),
            compute=Compute(
                **_machines(training.instance_types),
                **({"enable_managed_spot_training": True} if self.is_spot else {}),
                instance_count=1,
                volume_size_in_gb=training.volume_gb,
            ),
            stopping_condition=StoppingCondition(
                max_runtime_in_seconds=training.max_runtime_seconds, **self.waiting()
            ),
            **self.checkpoints(),
            output_data_config=OutputDataConfig(
                s3_output_path=self.settings.s3("models"), kms_key_id=self.settings.kms_key
            ),
            tags=[Tag(key=tag["Key"], value=tag["Value"]) for tag in self.tags],
            sagemaker_session=self.session,
        )
        channels = [
            InputData(channel_name=channel, data_source=_output(prepare, channel), content_type="text/plain")
            for channel in ("train", "validation")
        ]
        brought = {"wheels": self.inputs.training_wheels, "pretrained": self.inputs.pretrained}
        channels += [InputData(channel_name=name, data_source=uri) for name, uri in brought.items() if uri]
        with _without_telemetry(self.session):
            step_args = trainer.train(input_data_config=channels)
        return TrainingStep(
            name="Train",
            step_args=step_args,
            cache_config=self.caching(),
            retry_policies=_job_retries(),
        )

    @property
    def is_spot(self) -> bool:
        return isinstance(self.recipe.training, Transformer) and self.recipe.training.spot

    def waiting(self) -> dict[str, int]:
        """How long spot capacity is waited for and used together: by default a day more than it is used."""
        training = self.recipe.training
        if not (isinstance(training, Transformer) and training.spot):
            return {}
        return {"max_wait_time_in_seconds": training.max_wait_seconds or training.max_runtime_seconds + _DAY}

    def checkpoints(self) -> dict[str, Any]:
        """Where a job that loses its machine leaves its state: named by all that the training depends on.

        So an attempt after it resumes, and equal definitions stay equal: an execution's own id would defeat the step cache.
        """
        from sagemaker.core.training.configs import CheckpointConfig
        from sagemaker.core.workflow.functions import Join

        if not self.is_spot:
            return {}
        told = json.dumps([self.hyperparameters(), self.inputs.prepare_sha256], sort_keys=True)
        place = self.settings.s3(f"runs/checkpoints/{hashlib.sha256(told.encode()).hexdigest()}")
        return {"checkpoint_config": CheckpointConfig(s3_uri=Join(on="/", values=[place, self.data_sha256]))}

    @property
    def training_image(self) -> Any:
        training = self.recipe.training
        if isinstance(training, Transformer):
            return self.pytorch("training", training.instance_type)
        return self.sklearn if isinstance(training, Scripted) else self.blazingtext

    @property
    def serving_image(self) -> Any:
        if isinstance(self.recipe.training, Transformer):
            return self.pytorch("inference", self.recipe.registration.inference_instances[0])
        return self.training_image

    def hyperparameters(self) -> dict[str, str]:
        """What the training job is told, every value a string."""
        training, labels = self.recipe.training, self.recipe.labels
        if not isinstance(training, Scripted):
            return dict(training.hyperparameters.items())
        return {
            **training.options(labels.names, labels.multi),
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": str(self.inputs.algorithm),
        }

    def registration(self, train: Any, evaluate: Any, verdict: Any) -> list[Any]:
        """What follows a gate that was passed: nothing in a pull request."""
        if self.settings.pull_request is not None:
            return []
        create_model = self.create_model(train)
        return [create_model, self.register(train, evaluate, verdict, create_model)]

    def create_model(self, train: Any) -> Any:
        """A Model of the candidate: SageMaker accepts image, artifact and role together, or nothing is registered."""
        from sagemaker.mlops.workflow.model_step import ModelStep

        with self.model_arguments() as arguments:
            self.session.create_model(
                name=self.recipe.name,
                role=self.settings.pipeline_role_arn,
                container_defs=self.container(train),
                tags=self.tags,
            )
        return ModelStep(name="CreateModel", step_args=arguments, retry_policies=[_service_retries()])

    def register(self, train: Any, evaluate: Any, verdict: Any, create_model: Any) -> Any:
        from sagemaker.core.model_registry import create_model_package_from_containers
        from sagemaker.core.workflow.functions import Join
        from sagemaker.mlops.workflow.model_step import ModelStep

        quality = Join(on="/", values=[_output(evaluate, "evaluation"), "model_quality.json"])
        statistics = {"ContentType": "application/json", "S3Uri": quality}
        with self.model_arguments() as arguments:
            create_model_package_from_containers(
                self.session,
                model_package_group_name=self.settings.model_package_group,
                containers=[self.container(train)],
                content_types=["application/json", "application/jsonlines"],
                response_types=["application/json", "application/jsonlines"],
                inference_instances=list(self.recipe.registration.inference_instances),
                transform_instances=list(self.recipe.registration.transform_instances),
                model_metrics={"ModelQuality": {"Statistics": statistics}},
                customer_metadata_properties=self.metadata(evaluate, verdict),
                description=self.recipe.description,
                approval_status=self.approval,
            )
        return ModelStep(
            name="Register",
            step_args=arguments,
            depends_on=[create_model],
            retry_policies=[_service_retries()],
        )

    def metadata(self, evaluate: Any, verdict: Any) -> dict[str, Any]:
        """What the package says of itself: where it comes from, which bytes it is, and the contract to serve it under."""
        from sagemaker.core.workflow.execution_variables import ExecutionVariables

        return {
            "commit": self.commit,
            "data-sha256": self.data_sha256,
            "problem": self.recipe.problem_name,
            "recipe": self.recipe.name,
            "recipe-sha256": self.recipe.sha256,
            "model-sha256": _evaluated(evaluate, verdict, "candidate.artifact.sha256"),
            "model-version": _evaluated(evaluate, verdict, "candidate.artifact.version"),
            "text-rules-sha256": self.inputs.text_rules_sha256,
            "contract": self.inputs.contract,
            "contract-sha256": self.inputs.contract_sha256,
            # BlazingText's labels hold no space, and the registry's metadata no comma.
            "labels": metadata.fitted(" ".join(self.recipe.labels.names)),
            "champion": self.champion_arn,
            "forced": self.force_reason,
            "execution": ExecutionVariables.PIPELINE_EXECUTION_ARN,
        }

    def fail(self, evaluate: Any) -> Any:
        from sagemaker.core.workflow.functions import Join
        from sagemaker.mlops.workflow.fail_step import FailStep

        # The output of Evaluate, not this execution's prefix: where the step cache answered they differ.
        message = [
            "The gate refused the candidate. Its figures and the reason: ",
            _output(evaluate, "evaluation"),
        ]
        return FailStep(
            name=FAIL,
            display_name="Refused",
            error_message=Join(on="", values=[*message, "/evaluation.json"]),
        )

    def container(self, train: Any) -> dict[str, Any]:
        """What serves the model. A script's own serving script lies in the artifact, where the image is told to look."""
        container = {
            "Image": self.serving_image,
            "ModelDataUrl": train.properties.ModelArtifacts.S3ModelArtifacts,
        }
        if isinstance(self.recipe.training, Scripted):
            container["Environment"] = dict(SERVING)
        return container

    @contextmanager
    def model_arguments(self) -> Iterator[Any]:
        """The request that the SDK makes inside the block, as a ModelStep takes it.

        ModelBuilder would do the same, and upload an archive of code that BlazingText does not have.
        """
        self.session.init_model_step_arguments(SimpleNamespace(sagemaker_session=self.session))
        try:
            yield self.session.context
        finally:
            self.session.context = None

    def caching(self) -> Any:
        from sagemaker.mlops.workflow.steps import CacheConfig

        return CacheConfig(enable_caching=True, expire_after=self.recipe.caching.expire_after)

    def run_prefix(self, step: str, output: str) -> Any:
        from sagemaker.core.workflow.execution_variables import ExecutionVariables
        from sagemaker.core.workflow.functions import Join

        execution = ExecutionVariables.PIPELINE_EXECUTION_ID
        return Join(on="/", values=[self.settings.s3("runs"), execution, step.lower(), output])


def _evaluated(evaluate: Any, verdict: Any, path: str) -> Any:
    """A value of evaluation.json, the property file `verdict`."""
    from sagemaker.core.workflow.functions import JsonGet

    return JsonGet(step_name=evaluate.name, property_file=verdict, json_path=path)


def _output(step: Any, name: str) -> Any:
    return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri


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


def _service_retries() -> Any:
    from sagemaker.mlops.workflow.retry import StepExceptionTypeEnum, StepRetryPolicy

    faults = [StepExceptionTypeEnum.SERVICE_FAULT, StepExceptionTypeEnum.THROTTLING]
    return StepRetryPolicy(exception_types=faults, interval_seconds=5, backoff_rate=2.0, max_attempts=5)


def _machines(types: tuple[str, ...]) -> dict[str, Any]:
    """One machine, or several of which SageMaker takes the first that it has: never both in one request."""
    from sagemaker.core.shapes import InstancePreference

    if len(types) == 1:
        return {"instance_type": types[0]}
    return {"instance_preferences": [InstancePreference(instance_type=each) for each in types]}


def _job_retries() -> list[Any]:
    """Retries for what another attempt may cure: never for a job whose own code failed."""
    from sagemaker.mlops.workflow.retry import SageMakerJobExceptionTypeEnum, SageMakerJobStepRetryPolicy

    busy = SageMakerJobStepRetryPolicy(
        exception_types=[SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT],
        failure_reason_types=[
            SageMakerJobExceptionTypeEnum.CAPACITY_ERROR,
            SageMakerJobExceptionTypeEnum.INTERNAL_ERROR,
        ],
        interval_seconds=60,
        backoff_rate=2.0,
        max_attempts=4,
    )
    return [_service_retries(), busy]
