"""The common part of processing and training containers: folder, environment and failures."""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from local_aws.containers.errors import AlgorithmError, JobError, UnsupportedError, UploadError
from local_aws.containers.images import Image
from local_aws.containers.interpreter import Interpreters
from local_aws.containers.ml_folder import MlFolder
from local_aws.containers.s3_data import S3Data
from local_aws.containers.sandbox import Command
from local_aws.identity import image_pull
from local_aws.kernel import environment
from local_aws.kernel.account import Account

DEFAULT_MAX_RUNTIME = 24 * 60 * 60

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Host:
    """This machine, as containers need it. `literal` says whether jobs see their folder as /opt/ml."""

    account: Account
    interpreters: Interpreters
    literal: bool


class Container(ABC):
    """One job's container: made ready, run elsewhere, and its results taken out.

    `request` is the parsed Create...Job request, which `check` has let pass; `folder` is the job's own, made here.
    """

    log_group: ClassVar[str]
    keeps_results_when_stopped: ClassVar[bool]

    def __init__(self, host: Host, request: Mapping[str, Any], arn: str, folder: Path) -> None:
        self.host = host
        self.request = request
        self.arn = arn
        self.folder = folder
        self.ml = MlFolder(folder / "ml", host.literal)
        self.take_role(request.get("RoleArn", ""))

    @classmethod
    @abstractmethod
    def check(cls, request: Mapping[str, Any]) -> None:
        """Raise UnsupportedError for a request that is valid on SageMaker but is not embedded."""

    @property
    def max_runtime_seconds(self) -> int:
        """How long the job may run: by default a day, as on SageMaker."""
        limit: int = self.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME)
        return limit

    @abstractmethod
    def prepare(self) -> Command:
        """Download the inputs and write the configuration; returns what to run. Raises JobError."""

    @abstractmethod
    def publish(self) -> None:
        """Upload the results. Raises JobError."""

    @abstractmethod
    def failure(self, exit_code: int, log_end: str) -> AlgorithmError:
        """Why the job failed that ended with `exit_code`, not 0."""

    def overrun(self) -> JobError | None:
        """The failure of a job that was stopped at `max_runtime_seconds`; None where it just ends stopped."""
        return None

    def observe(self, line: str) -> None:  # noqa: B027 (most have nothing to see)
        """Called with each line of the job's log."""

    def exit_message(self) -> str:
        """The exit message that the job wrote, empty without one."""
        return ""

    def pull_image(self) -> None:
        """Fetch the image that the request names; a transform job's comes with its model."""
        stated = self.request.get("AppSpecification") or self.request.get("AlgorithmSpecification") or {}
        image = stated.get("ImageUri") or stated.get("TrainingImage") or ""
        image_pull.record(self.host.account.calls, self.role_arn, image)

    def take_role(self, role_arn: str) -> None:
        """Have the job act under a role: its transfers, its log, and what runs in it."""
        account = self.host.account
        self.role_arn = role_arn
        client = account.client_of_role(role_arn, "s3")
        self.data = S3Data(client, account.region, role_arn, self.output_key)

    @property
    @abstractmethod
    def output_key(self) -> str | None:
        """The KMS key that the request states for the job's outputs."""

    def require_output(self, uri: str) -> None:
        """Raises UploadError where an output's bucket does not exist, or the job's role may not encrypt what is written.

        Source: OutputDataConfig, Amazon SageMaker API reference.
        """
        self.data.require_bucket(uri)
        if self.output_key is None:
            return
        kms = self.host.account.client_of_role(self.role_arn, "kms")
        try:
            kms.encrypt(KeyId=self.output_key, Plaintext=b"output")
        except ClientError as error:
            answer = error.response["Error"]
            raise UploadError(f"{answer['Code']}: {answer['Message']} ({self.output_key})") from error

    def make_folders(self) -> None:
        """Create the folders of /opt/ml, of the home directory and of temporary files."""
        for name in ("ml", "home", "tmp"):
            (self.folder / name).mkdir(parents=True)

    def interpreter(self, image: Image) -> Path:
        """The folder of the programs of a Python of the job's own."""
        return self.host.interpreters.make(image, self.folder / "python")

    def environment(self, *programs: Path, **variables: str) -> dict[str, str]:
        """The whole environment of the job's process: nothing of the server's own is in it."""
        base = {
            "PATH": ":".join([*map(str, programs), _SYSTEM_PATH]),
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        account = self.host.account
        asked = dict(self.request.get("Environment", {}))
        credentials = account.credentials_of(self.role_arn)
        own = variables | asked | credentials
        return environment.for_command(base, account.clients, own)


def require_one_instance(count: int) -> None:
    """Raises UnsupportedError for a job on several instances."""
    if count > 1:
        raise UnsupportedError(
            f"InstanceCount is {count}: the embedded SageMaker runs a job on one instance only. Set it to 1."
        )


def require_unique(kind: str, names: Sequence[str]) -> None:
    """Raises UnsupportedError where a request names two channels, inputs or outputs alike, as SageMaker does."""
    for name in names:
        if names.count(name) > 1:
            raise UnsupportedError(f'The {kind} name "{name}" was non-unique within the request.')


def refuse(where: str, member: str, value: object, allowed: str) -> UnsupportedError:
    """The error for one member of a request: what it says, where, and what would be run."""
    return UnsupportedError(f"{where}: {member} {value!r} is not embedded. Use {allowed}.")


def exit_description(exit_code: int, said: str) -> str:
    """How a process ended, in words: what it said last, after the signal's name where one killed it."""
    try:
        name = signal.Signals(exit_code - 128).name
    except ValueError:
        return said
    killed = f"the process was killed by {name}"
    return f"{killed}; its log ends: {said}" if said else killed
