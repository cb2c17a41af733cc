"""A processing job's container: https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html

/opt/ml/config/processingjobconfig.json, resourceconfig.json
/opt/ml/processing/...            inputs and outputs, wherever their LocalPath says
/opt/ml/output/message            what the job says about its end: the ExitMessage
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from local_aws.containers import images, spark
from local_aws.containers.container import (
    Container,
    exit_description,
    refuse,
    require_one_instance,
    require_unique,
)
from local_aws.containers.errors import REASON_LENGTH, AlgorithmError, JobError, UnsupportedError
from local_aws.containers.s3_data import Location
from local_aws.containers.sandbox import Command

PROCESSING = "/opt/ml/processing"
MESSAGE = "/opt/ml/output/message"

_CONFIGURED = (
    "ProcessingJobName",
    "AppSpecification",
    "Environment",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "RoleArn",
    "StoppingCondition",
)


class ProcessingContainer(Container):
    """Runs AppSpecification's entry point between the download of the inputs and the upload of the outputs."""

    log_group: ClassVar[str] = "/aws/sagemaker/ProcessingJobs"
    keeps_results_when_stopped: ClassVar[bool] = False

    @classmethod
    def check(cls, request: Mapping[str, Any]) -> None:
        """Check a CreateProcessingJob request.

        Raises UnsupportedError for images and members that are not embedded.
        """
        application = request["AppSpecification"]
        image = images.find(application["ImageUri"])
        if image.kind is not images.Kind.SCRIPT:
            raise UnsupportedError(f"The image {application['ImageUri']!r} is no image for processing jobs.")
        if not application.get("ContainerEntrypoint"):
            raise UnsupportedError(
                f"AppSpecification has no ContainerEntrypoint, and the image {application['ImageUri']!r} has none of "
                'its own here. Say what to run: ["python3", "/opt/ml/processing/input/code/NAME.py"].'
            )
        if not image.is_cluster:
            require_one_instance(request["ProcessingResources"]["ClusterConfig"].get("InstanceCount", 1))
        require_unique("ProcessingInput", [each["InputName"] for each in request.get("ProcessingInputs", ())])
        require_unique("ProcessingOutput", [each["OutputName"] for each in _outputs(request)])
        for stated in request.get("ProcessingInputs", ()):
            _check_input(stated)
        for stated in _outputs(request):
            _check_output(stated)

    @property
    def output_key(self) -> str | None:
        """The KMS key of the outputs, None if the request has none."""
        return self.request.get("ProcessingOutputConfig", {}).get("KmsKeyId") or None

    def prepare(self) -> Command:
        """Download the inputs and return the command of the container."""
        self.make_folders()
        self.ml.make(PROCESSING, "/opt/ml/output")
        for stated in _outputs(self.request):
            self.require_output(stated["S3Output"]["S3Uri"])
            self.ml.make(stated["S3Output"]["LocalPath"])
        for stated in self.request.get("ProcessingInputs", ()):
            source = stated["S3Input"]
            self.data.download(source["S3Uri"], self.ml.path(source["LocalPath"]))
        self.ml.tell_scripts(PROCESSING)
        self._configure()
        application = self.request["AppSpecification"]
        image = images.find(application["ImageUri"])
        programs = [self.interpreter(image)]
        if image.is_cluster:
            programs.append(spark.install(programs[0]))
        return Command(
            (*application["ContainerEntrypoint"], *application.get("ContainerArguments", ())),
            self.environment(*programs),
            volume_gb=self.request["ProcessingResources"]["ClusterConfig"]["VolumeSizeInGB"],
        )

    def publish(self) -> None:
        """Upload the outputs."""
        for stated in _outputs(self.request):
            output = stated["S3Output"]
            self.data.upload(self.ml.path(output["LocalPath"]), output["S3Uri"])

    def failure(self, exit_code: int, log_end: str) -> AlgorithmError:
        """The error of a container that ended with this exit code."""
        return AlgorithmError(exit_description(exit_code, self.exit_message() or log_end), exit_code)

    def overrun(self) -> JobError:
        """The error of a job that reached its MaxRuntimeInSeconds."""
        return JobError(
            f"ClientError: The job ran longer than its MaxRuntimeInSeconds of {self.max_runtime_seconds} and was stopped."
        )

    def exit_message(self) -> str:
        """The text that the container wrote to /opt/ml/output/message."""
        return self.ml.read(MESSAGE)[:REASON_LENGTH]

    def _configure(self) -> None:
        configuration = {name: self.request[name] for name in _CONFIGURED if name in self.request}
        self.ml.write_json(
            "/opt/ml/config/processingjobconfig.json", {"ProcessingJobArn": self.arn, **configuration}
        )
        count = self.request["ProcessingResources"]["ClusterConfig"].get("InstanceCount", 1)
        hosts = [f"algo-{number}" for number in range(1, count + 1)]
        self.ml.write_json("/opt/ml/config/resourceconfig.json", {"current_host": hosts[0], "hosts": hosts})


def _outputs(request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from request.get("ProcessingOutputConfig", {}).get("Outputs", ())


def _check_input(stated: Mapping[str, Any]) -> None:
    where = f"The input {stated['InputName']!r}"
    source = stated.get("S3Input")
    if source is None:
        raise UnsupportedError(f"{where} has no S3Input: inputs from anywhere else are not embedded.")
    if source["S3DataType"] != "S3Prefix":
        raise refuse(where, "S3DataType", source["S3DataType"], "S3Prefix")
    if source.get("S3InputMode", "File") != "File":
        raise refuse(where, "S3InputMode", source["S3InputMode"], "File")
    if source.get("S3CompressionType", "None") != "None":
        raise refuse(where, "S3CompressionType", source["S3CompressionType"], "None")
    _check_place(where, stated, source)


def _check_output(stated: Mapping[str, Any]) -> None:
    where = f"The output {stated['OutputName']!r}"
    target = stated.get("S3Output")
    if target is None:
        raise UnsupportedError(f"{where} has no S3Output: outputs to anywhere else are not embedded.")
    _check_place(where, stated, target)


def _check_place(where: str, stated: Mapping[str, Any], place: Mapping[str, Any]) -> None:
    if stated.get("AppManaged"):
        raise refuse(where, "AppManaged", True, "False")
    Location.parse(place["S3Uri"])
    path = place.get("LocalPath", "")
    if not path.startswith(f"{PROCESSING}/") or ".." in path.split("/"):
        raise UnsupportedError(f"{where}: LocalPath is {path!r}, but must begin with {PROCESSING}/.")
