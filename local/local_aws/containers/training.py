"""A training job's container: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html

/opt/ml/input/config/{hyperparameters,inputdataconfig,resourceconfig}.json
/opt/ml/input/data/CHANNEL/...    the inputs
/opt/ml/model/                    uploaded as model.tar.gz
/opt/ml/output/data/              uploaded as output.tar.gz
/opt/ml/output/failure            why the job failed, in its own words
/opt/ml/checkpoints/              with a CheckpointConfig: filled from S3 before the job, kept there while it runs
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from local_aws.containers import images, metrics, script_mode
from local_aws.containers.checkpoints import Checkpoints
from local_aws.containers.container import (
    Container,
    Host,
    exit_description,
    refuse,
    require_one_instance,
    require_unique,
)
from local_aws.containers.errors import AlgorithmError, UnsupportedError
from local_aws.containers.images import Image, Kind
from local_aws.containers.s3_data import Location
from local_aws.containers.sandbox import Command
from local_aws.containers.script_mode import Script

PUBLISH_SECONDS = 1.0
"""Between two times that a running job's metrics are published."""
MODEL = "/opt/ml/model"
DATA = "/opt/ml/output/data"
FAILURE = "/opt/ml/output/failure"

# An algorithm of SageMaker ends with 2 where the caller is to blame.
_CALLERS_FAULT = 2
_NOT_EMBEDDED = ("ServerlessJobConfig",)


class TrainingContainer(Container):
    """Runs a built-in algorithm, a container entry point or a script, and uploads the model it leaves."""

    log_group: ClassVar[str] = "/aws/sagemaker/TrainingJobs"
    # SageMaker gives a stopped training time to save what it has, and uploads it.
    keeps_results_when_stopped: ClassVar[bool] = True

    def __init__(self, host: Host, request: Mapping[str, Any], arn: str, folder: Path) -> None:
        super().__init__(host, request, arn, folder)
        self.metrics = metrics.Metrics(_metric_definitions(request))
        self._published = time.monotonic()
        stated = request.get("CheckpointConfig")
        self._checkpoints = Checkpoints.of(stated, self.ml, self.data) if stated else None

    @classmethod
    def check(cls, request: Mapping[str, Any]) -> None:
        """Check a CreateTrainingJob request. Raises UnsupportedError for images and members that are not embedded."""
        for member in _NOT_EMBEDDED:
            if member in request:
                raise UnsupportedError(f"{member} is not embedded: leave it out.")
        _find_image(request)
        _metric_definitions(request)
        _check_resources(request)
        _check_spot(request)
        if stated := request.get("CheckpointConfig"):
            Checkpoints.check(stated)
        require_unique("Channel", [each["ChannelName"] for each in request.get("InputDataConfig", ())])
        mode = request["AlgorithmSpecification"]["TrainingInputMode"]
        for channel in request.get("InputDataConfig", ()):
            _check_channel(channel, channel.get("InputMode", mode))
        output = request["OutputDataConfig"]
        Location.parse(output["S3OutputPath"])
        if output.get("CompressionType", "GZIP") != "GZIP":
            raise refuse("OutputDataConfig", "CompressionType", output["CompressionType"], "GZIP")

    @cached_property
    def model_uri(self) -> str:
        """Where the model is uploaded to."""
        return self._output_uri("model.tar.gz")

    @property
    def output_key(self) -> str | None:
        """The KMS key of the artifact, None if the request has none."""
        return self.request["OutputDataConfig"].get("KmsKeyId") or None

    def prepare(self) -> Command:
        """Download the channels and return the command of the container."""
        self.make_folders()
        self.ml.make(MODEL, DATA, "/opt/ml/input/config", "/opt/ml/input/data")
        self.require_output(self.request["OutputDataConfig"]["S3OutputPath"])
        for channel in self.request.get("InputDataConfig", ()):
            source = channel["DataSource"]["S3DataSource"]
            self.data.download(source["S3Uri"], self.ml.path(f"/opt/ml/input/data/{channel['ChannelName']}"))
        self.ml.tell_scripts("/opt/ml/input/data")
        if self._checkpoints is not None:
            self._checkpoints.restore()
        self._configure()
        return self._command(_find_image(self.request))

    def observe(self, line: str) -> None:
        """Read metrics from a line of the log."""
        self.metrics.observe(line)
        if time.monotonic() - self._published >= PUBLISH_SECONDS:
            self._publish_metrics()
            if self._checkpoints is not None:
                self._checkpoints.keep()

    def _publish_metrics(self) -> None:
        self._published = time.monotonic()
        cloudwatch = self.host.account.client("cloudwatch")
        self.metrics.publish(cloudwatch, self.request["TrainingJobName"])

    def publish(self) -> None:
        """Publish the metrics and upload model.tar.gz and output.tar.gz."""
        self._publish_metrics()
        if self._checkpoints is not None:
            self._checkpoints.keep()
        for folder, name in ((DATA, "output.tar.gz"), (MODEL, "model.tar.gz")):
            if any(self.ml.path(folder).iterdir()):
                self.data.upload_archive(self.ml.path(folder), self._output_uri(name), self.folder / name)

    def failure(self, exit_code: int, log_end: str) -> AlgorithmError:
        """The error of a container that ended with this exit code."""
        self._publish_metrics()
        if self._checkpoints is not None:
            self._checkpoints.keep()
        own_words = self.ml.read(FAILURE).strip()
        if exit_code == _CALLERS_FAULT and _find_image(self.request).kind is Kind.BLAZINGTEXT:
            return AlgorithmError(own_words or log_end, exit_code, kind="ClientError")
        if self._runs_script and not own_words:
            program = Script.named_by(self._hyperparameters).program
            own_words = f'ExecuteUserScriptError: ErrorMessage "{log_end}" Command "python3 {program}"'
        return AlgorithmError(exit_description(exit_code, own_words or log_end), exit_code)

    @property
    def _hyperparameters(self) -> dict[str, str]:
        return dict(self.request.get("HyperParameters", {}))

    @property
    def _runs_script(self) -> bool:
        """Whether it is the toolkit's task to find and run the caller's script."""
        specification = self.request["AlgorithmSpecification"]
        return _find_image(self.request).kind is Kind.SCRIPT and "ContainerEntrypoint" not in specification

    def _command(self, image: Image) -> Command:
        specification = self.request["AlgorithmSpecification"]
        job = {"TRAINING_JOB_NAME": self.request["TrainingJobName"], "TRAINING_JOB_ARN": self.arn}
        volume = self.request.get("ResourceConfig", {}).get("VolumeSizeInGB") or 30
        if image.kind is Kind.BLAZINGTEXT:
            program = (sys.executable, "-I", "-u", "-m", "local_aws.containers.blazingtext", "/opt/ml")
            return Command(program, self.environment(**job), volume_gb=volume)
        programs = self.interpreter(image)
        if not self._runs_script:
            words = (*specification["ContainerEntrypoint"], *specification.get("ContainerArguments", ()))
            return Command(words, self.environment(programs, **job), volume_gb=volume)
        script = Script.named_by(self._hyperparameters)
        code = script_mode.fetch_code(self.ml, self.data, self._hyperparameters, self._channels())
        told = script_mode.variables(script, self._channels(), self._resources(), job["TRAINING_JOB_NAME"])
        return Command(
            script.command(code), self.environment(programs, **job, **told), script_mode.CODE, volume
        )

    def _configure(self) -> None:
        self.ml.write_json("/opt/ml/input/config/hyperparameters.json", self._hyperparameters)
        self.ml.write_json("/opt/ml/input/config/inputdataconfig.json", self._channels())
        self.ml.write_json("/opt/ml/input/config/resourceconfig.json", self._resources())

    def _channels(self) -> dict[str, Any]:
        return {
            channel["ChannelName"]: _described(channel) for channel in self.request.get("InputDataConfig", ())
        }

    def _resources(self) -> dict[str, Any]:
        resources = selected(self.request.get("ResourceConfig", {}))
        instance_type = resources.get("SelectedInstanceType") or resources.get("InstanceType", "local")
        group = "homogeneousCluster"
        return {
            "current_host": "algo-1",
            "current_instance_type": instance_type,
            "current_group_name": group,
            "hosts": ["algo-1"],
            "instance_groups": [
                {"instance_group_name": group, "instance_type": instance_type, "hosts": ["algo-1"]}
            ],
            "network_interface_name": "eth0",
        }

    def _output_uri(self, name: str) -> str:
        root = Location.parse(self.request["OutputDataConfig"]["S3OutputPath"])
        return str(root.under(self.request["TrainingJobName"], "output", name))


def _find_image(request: Mapping[str, Any]) -> Image:
    specification = request["AlgorithmSpecification"]
    if "TrainingImage" not in specification:
        raise UnsupportedError(
            "AlgorithmSpecification has no TrainingImage: algorithms by name are not embedded."
        )
    return images.find(specification["TrainingImage"])


def _metric_definitions(request: Mapping[str, Any]) -> tuple[metrics.Definition, ...]:
    stated = request["AlgorithmSpecification"].get("MetricDefinitions", ())
    if _find_image(request).kind is not Kind.BLAZINGTEXT:
        return metrics.parse(stated)
    if stated:
        raise UnsupportedError(
            "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request "
            "without specifying metric definitions."
        )
    return metrics.BLAZINGTEXT


def _check_resources(request: Mapping[str, Any]) -> None:
    resources = request.get("ResourceConfig", {})
    if resources.get("InstanceGroups"):
        raise UnsupportedError(
            "ResourceConfig.InstanceGroups is not embedded. Set InstanceType and InstanceCount 1."
        )
    if preferences := resources.get("InstancePreferences"):
        _check_preferences(request, resources, preferences)
    counts = [
        each["InstanceCount"] for each in resources.get("InstancePreferences", ()) if "InstanceCount" in each
    ]
    for count in (resources.get("InstanceCount", 1), *counts):
        require_one_instance(count)


def _check_spot(request: Mapping[str, Any]) -> None:
    """Raises UnsupportedError as "StoppingCondition", Amazon SageMaker API reference, says of MaxWaitTimeInSeconds."""
    limits = request.get("StoppingCondition", {})
    wait, run = limits.get("MaxWaitTimeInSeconds"), limits.get("MaxRuntimeInSeconds", 0)
    if not request.get("EnableManagedSpotTraining"):
        if wait is not None:
            raise UnsupportedError(
                "Invalid MaxWaitTimeInSeconds. It must not be specified if EnableManagedSpotTraining is not true."
            )
    elif wait is None or wait < run:
        raise UnsupportedError(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds."
        )


def _check_preferences(
    request: Mapping[str, Any], resources: Mapping[str, Any], preferences: Sequence[Mapping[str, Any]]
) -> None:
    """Raises UnsupportedError for what "ResourceConfig", Amazon SageMaker API reference, excludes."""
    if "InstanceType" in resources or "InstancePlacementConfig" in resources:
        raise UnsupportedError(
            "InstancePreferences is mutually exclusive with InstanceType and InstancePlacementConfig."
        )
    if request.get("EnableManagedSpotTraining"):
        raise UnsupportedError("InstancePreferences is mutually exclusive with EnableManagedSpotTraining.")
    require_unique("InstancePreference", [each["InstanceType"] for each in preferences])
    stated = sum("InstanceCount" in each for each in preferences)
    if stated not in {0, len(preferences)} or (stated > 0) == ("InstanceCount" in resources):
        raise UnsupportedError(
            "InstanceCount must be in ResourceConfig, or in every one of its InstancePreferences, and not in both."
        )


def selected(resources: Mapping[str, Any]) -> dict[str, Any]:
    """The instances in DescribeTrainingJob: the first preference is always available here."""
    preferences = resources.get("InstancePreferences")
    if not preferences:
        return dict(resources)
    count = preferences[0].get("InstanceCount", resources.get("InstanceCount"))
    return {
        **resources,
        "SelectedInstanceType": preferences[0]["InstanceType"],
        "SelectedInstanceCount": count,
    }


def _check_channel(channel: Mapping[str, Any], mode: str) -> None:
    where = f"The channel {channel['ChannelName']!r}"
    source = channel["DataSource"].get("S3DataSource")
    if source is None:
        raise UnsupportedError(f"{where} has no S3DataSource: data from anywhere else is not embedded.")
    if source["S3DataType"] != "S3Prefix":
        raise refuse(where, "S3DataType", source["S3DataType"], "S3Prefix")
    if mode == "Pipe":
        raise refuse(where, "the input mode", mode, "File or FastFile")
    for member in ("CompressionType", "RecordWrapperType"):
        if channel.get(member, "None") != "None":
            raise refuse(where, member, channel[member], "None")
    if "ShuffleConfig" in channel:
        raise UnsupportedError(f"{where}: ShuffleConfig is not embedded: leave it out.")
    if channel["ChannelName"] in {".", ".."}:
        raise UnsupportedError(f"{where} has a name that is no name of a folder.")
    Location.parse(source["S3Uri"])


def _described(channel: Mapping[str, Any]) -> dict[str, str]:
    """A channel as inputdataconfig.json has it. FastFile streams on AWS; here the files lie there, as it looks."""
    source = channel["DataSource"]["S3DataSource"]
    described = {
        "TrainingInputMode": "File",
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": "None",
    }
    return described | ({"ContentType": channel["ContentType"]} if "ContentType" in channel else {})
