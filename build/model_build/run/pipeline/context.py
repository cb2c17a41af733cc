"""The context that all steps of one definition share: recipe, settings, inputs, session, images, parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model_build.recipe.training import Scripted, Transformer, has_gpu
from model_build.run.pipeline import session
from model_build.run.pipeline.inputs import (
    APPROVAL_STATUS,
    CANDIDATE_MODEL,
    CANDIDATE_SHA256,
    MAX_REGRESSION,
    MINIMUM,
    NONE,
    Inputs,
)

if TYPE_CHECKING:
    from model_build.core.settings import Settings
    from model_build.recipe import Recipe


PYTORCH = {"training": "2.9.0", "inference": "2.6.0"}
"""The PyTorch images. Both have Python 3.12, so the libraries that training stores with a model can be imported there."""


_SCRIPT_ENVIRONMENT = {
    "SAGEMAKER_PROGRAM": "inference.py",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
}
"""Tells the scikit-learn image where the script that serves the model is: in the artifact. SageMaker's SDK sets the same."""


@dataclass(frozen=True)
class Parameters:
    """The parameters of the pipeline.

    Whoever starts the pipeline by hand states the data and the champion; the others have defaults. `candidate_model` and
    `candidate_sha256` are those of a pipeline that trains nothing itself.
    """

    data: Any
    data_sha256: Any
    commit: Any
    champion_arn: Any
    champion_model: Any
    champion_sha256: Any
    champion_contract: Any
    champion_contract_sha256: Any
    force_reason: Any
    minimum: Any
    max_regression: Any
    approval: Any
    pull_request: Any
    author: Any
    candidate_model: Any
    candidate_sha256: Any

    @classmethod
    def of(cls, recipe: Recipe) -> Parameters:
        """The parameters of a recipe's pipeline."""
        from sagemaker.core.workflow.parameters import ParameterFloat, ParameterString

        return cls(
            data=ParameterString("Data"),
            data_sha256=ParameterString("DataSha256"),
            commit=ParameterString("Commit"),
            champion_arn=ParameterString("ChampionArn"),
            champion_model=ParameterString("ChampionModel"),
            champion_sha256=ParameterString("ChampionSha256"),
            champion_contract=ParameterString("ChampionContract"),
            champion_contract_sha256=ParameterString("ChampionContractSha256"),
            force_reason=ParameterString("ForceReason", default_value=NONE),
            minimum=ParameterFloat(MINIMUM, default_value=recipe.gate.minimum),
            max_regression=ParameterFloat(MAX_REGRESSION, default_value=recipe.gate.max_regression),
            # IAM allows the pipeline's role to register packages with this status only, unless the project was made to
            # register approved ones.
            approval=ParameterString(APPROVAL_STATUS, default_value="PendingManualApproval"),
            pull_request=ParameterString("PullRequest", default_value=NONE),
            author=ParameterString("Author", default_value=NONE),
            candidate_model=ParameterString(CANDIDATE_MODEL),
            candidate_sha256=ParameterString(CANDIDATE_SHA256),
        )


@dataclass(frozen=True)
class Context:
    """`sklearn`, `blazingtext` and `spark` are URIs of images. `tags` are those of every job and model."""

    recipe: Recipe
    settings: Settings
    inputs: Inputs
    session: Any
    parameters: Parameters
    tags: list[dict[str, str]]
    sklearn: str
    blazingtext: str
    spark: str

    @classmethod
    def of(cls, recipe: Recipe, settings: Settings, inputs: Inputs) -> Context:
        """The context of one definition, with a session of its own."""
        from sagemaker.core import image_uris

        return cls(
            recipe=recipe,
            settings=settings,
            inputs=inputs,
            session=session.create(settings.region, settings.bucket),
            parameters=Parameters.of(recipe),
            tags=[{"Key": key, "Value": value} for key, value in settings.tags.items()],
            sklearn=image_uris.retrieve(
                "sklearn", settings.region, version="1.2-1", py_version="py3", instance_type="ml.m5.large"
            ),
            blazingtext=image_uris.retrieve("blazingtext", settings.region, version="1"),
            spark=image_uris.retrieve("spark", settings.region, version="3.5", instance_type="ml.m5.large"),
        )

    @property
    def training_image(self) -> str:
        """The image that trains the recipe's model."""
        training = self.recipe.training
        if isinstance(training, Transformer):
            return self._pytorch("training", training.instance_type)
        return self.sklearn if isinstance(training, Scripted) else self.blazingtext

    @property
    def serving_image(self) -> str:
        """The image that serves the recipe's model."""
        if isinstance(self.recipe.training, Transformer):
            return self._pytorch("inference", self.recipe.registration.inference_instances[0])
        return self.training_image

    @property
    def serving_environment(self) -> Mapping[str, str]:
        """The variables of the container that serves the recipe's model."""
        return _SCRIPT_ENVIRONMENT if isinstance(self.recipe.training, Scripted) else {}

    @property
    def evaluation_image(self) -> str:
        """The image that loads candidate and champion. PyTorch's has scikit-learn, too."""
        return (
            self._pytorch("training", "ml.m5.large") if self.inputs.evaluates_transformers else self.sklearn
        )

    def _pytorch(self, scope: str, instance_type: str) -> str:
        from sagemaker.core import image_uris

        uri = image_uris.retrieve(
            "pytorch",
            self.settings.region,
            version=PYTORCH[scope],
            py_version="py312",
            # The image is the same for all instances with GPUs, and for all without.
            instance_type="ml.g5.xlarge" if has_gpu(instance_type) else "ml.m5.large",
            image_scope=scope,
        )
        return str(uri)

    @property
    def on_spark(self) -> bool:
        """Whether Prepare runs on a Spark cluster."""
        return self.recipe.prepare.engine == "spark"

    @property
    def pull_request(self) -> bool:
        """Whether the pipeline belongs to a pull request, which registers nothing."""
        return self.settings.pull_request is not None


def output(step: Any, name: str) -> Any:
    """The S3 URI of a processing step's output."""
    return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri


def evaluated(evaluate: Any, report: Any, path: str) -> Any:
    """The value at `path` of evaluation.json, which is the property file `report` of the step `evaluate`."""
    from sagemaker.core.workflow.functions import JsonGet

    return JsonGet(step_name=evaluate.name, property_file=report, json_path=path)
