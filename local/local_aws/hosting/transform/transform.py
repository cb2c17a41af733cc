"""A transform job's container: a model server, and the agent that sends it the inputs and assembles its answers.

/opt/ml/model/                    the model's artifact, unpacked
/opt/ml/input/config/transform.json   what the agent is to do: `transform_agent.Task`
/opt/ml/input/data/NAME           the inputs
/opt/ml/output/data/NAME.out      the answers, uploaded below S3OutputPath
/opt/ml/output/failure            why an input has no answers
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from local_aws.containers.container import Container, exit_description, refuse, require_one_instance
from local_aws.containers.errors import AlgorithmError, JobError, UnsupportedError
from local_aws.containers.s3_data import Location
from local_aws.containers.sandbox import Command
from local_aws.hosting.deployments import plan
from local_aws.hosting.errors import LaunchError
from local_aws.hosting.instances import artifact, server_command
from local_aws.hosting.transform import records
from local_aws.hosting.transform.transform_agent import CONFIG, FAILURE, INPUT, OUTPUT, Task

DEFAULT_PAYLOAD_MB = 6
DEFAULT_TIMEOUT_SECONDS = 600
DEFAULT_RETRIES = 3
ROOT = "/opt/ml"


class TransformContainer(Container):
    """Sends every input to the model server; inputs that fail leave the others' answers as they are.

    As on SageMaker a job of several inputs goes on where one of them fails, uploads what the others gave, and then fails.
    https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
    """

    log_group: ClassVar[str] = "/aws/sagemaker/TransformJobs"
    keeps_results_when_stopped: ClassVar[bool] = False

    @classmethod
    def check(cls, request: Mapping[str, Any]) -> None:
        """Check a CreateTransformJob request. Raises UnsupportedError for members that are not embedded."""
        if "DataCaptureConfig" in request:
            raise UnsupportedError("DataCaptureConfig is not embedded: leave it out.")
        require_one_instance(request["TransformResources"]["InstanceCount"])
        if request.get("MaxPayloadInMB") == 0:
            raise refuse("The transform job", "MaxPayloadInMB", 0, "1 or more: BlazingText reads no chunks")
        _check_input(request["TransformInput"])
        _check_processing(request)
        Location.parse(request["TransformOutput"]["S3OutputPath"])

    @property
    def output_key(self) -> str | None:
        """The KMS key of the output, None if the request has none."""
        return self.request["TransformOutput"].get("KmsKeyId") or None

    def prepare(self) -> Command:
        """Download model and inputs, and return the command of the agent. Raises JobError."""
        self.make_folders()
        account = self.host.account
        try:
            model = plan.resolve(account, hosting(self.request)).variants[0].container
            artifact.unpack(account, model, self.ml.path(ROOT))
            variables = {**model.environment, **self.request.get("Environment", {})}
            program = server_command.command(model.image, variables, self.folder / "server")
        except LaunchError as error:
            raise JobError(f"ClientError: {error}") from error
        # A transform job has no role but its model's.
        self.take_role(model.role_arn)
        self.require_output(self.request["TransformOutput"]["S3OutputPath"])
        source = self.request["TransformInput"]["DataSource"]["S3DataSource"]
        self.data.download(source["S3Uri"], self.ml.path(f"{ROOT}/{INPUT}"))
        self.ml.make(f"{ROOT}/{OUTPUT}")
        self.ml.write_json(f"{ROOT}/{CONFIG}", asdict(self._task(variables, program)))
        agent = (sys.executable, "-I", "-u", "-m", "local_aws.hosting.transform.transform_agent", ROOT)
        return Command(agent, self.environment())

    def publish(self) -> None:
        """Upload the outputs. Raises JobError if a batch failed."""
        self.data.upload(self.ml.path(f"{ROOT}/{OUTPUT}"), self.request["TransformOutput"]["S3OutputPath"])
        if why := self.ml.read(f"{ROOT}/{FAILURE}"):
            raise JobError(why)

    def failure(self, exit_code: int, log_end: str) -> AlgorithmError:
        """The error of a container that ended with this exit code."""
        return AlgorithmError(exit_description(exit_code, log_end), exit_code)

    def _task(self, variables: Mapping[str, str], program: Sequence[str]) -> Task:
        request, source = self.request, self.request["TransformInput"]
        client, processing = request.get("ModelClientConfig", {}), request.get("DataProcessing", {})
        return Task(
            job=request["TransformJobName"],
            log_group=self.log_group,
            content_type=source.get("ContentType", ""),
            accept=request["TransformOutput"].get("Accept", source.get("ContentType", "")),
            by_line=source.get("SplitType") == "Line",
            strategy=request.get("BatchStrategy", "MultiRecord"),
            assemble_by_line=request["TransformOutput"].get("AssembleWith") == "Line",
            payload_mb=request.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB),
            concurrency=request.get("MaxConcurrentTransforms") or 1,
            timeout_seconds=client.get("InvocationsTimeoutInSeconds", DEFAULT_TIMEOUT_SECONDS),
            retries=client.get("InvocationsMaxRetries", DEFAULT_RETRIES),
            environment=variables,
            server=program,
            input_filter=processing.get("InputFilter", records.WHOLE),
            output_filter=processing.get("OutputFilter", records.WHOLE),
            join=processing.get("JoinSource", "None") == "Input",
        )


def hosting(request: Mapping[str, Any]) -> dict[str, Any]:
    """The endpoint configuration that would host the job's model: what is true of that is true of the job."""
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": request["ModelName"],
        "InstanceType": request["TransformResources"]["InstanceType"],
        "InitialInstanceCount": 1,
    }
    return {"EndpointConfigName": request["TransformJobName"], "ProductionVariants": [variant]}


def _check_input(stated: Mapping[str, Any]) -> None:
    where = "TransformInput"
    source = stated["DataSource"]["S3DataSource"]
    if source["S3DataType"] != "S3Prefix":
        raise refuse(where, "S3DataType", source["S3DataType"], "S3Prefix")
    if stated.get("CompressionType", "None") != "None":
        raise refuse(where, "CompressionType", stated["CompressionType"], "None")
    if stated.get("SplitType", "None") not in {"None", "Line"}:
        raise refuse(where, "SplitType", stated["SplitType"], "Line or None")
    Location.parse(source["S3Uri"])


def _check_processing(request: Mapping[str, Any]) -> None:
    """Filters have to be JSONPaths of records that can be read, and a join needs the same format in and out."""
    stated = request.get("DataProcessing", {})
    source = request["TransformInput"].get("ContentType", "")
    accept = request["TransformOutput"].get("Accept", source)
    for member, content_type in (("InputFilter", source), ("OutputFilter", accept)):
        text = stated.get(member, records.WHOLE)
        try:
            records.Filter.parse(text)
        except records.FilterError as error:
            raise UnsupportedError(f"DataProcessing.{member}: {error}") from error
        if text != records.WHOLE and records.format_of(content_type) is None:
            raise refuse(
                "DataProcessing", member, text, "it with text/csv, application/json or application/jsonlines"
            )
    if stated.get("JoinSource", "None") == "Input":
        formats = records.format_of(source), records.format_of(accept)
        if None in formats or formats[0] != formats[1]:
            raise UnsupportedError(
                f"DataProcessing.JoinSource Input needs the same format in and out, CSV or JSON; found {source!r} and "
                f"{accept!r}."
            )
