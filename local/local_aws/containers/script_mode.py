"""Script mode: what AWS's training toolkit, which its framework images ship, does around the caller's script.

After https://github.com/aws/sagemaker-training-toolkit: the hyperparameters `sagemaker_program` and
`sagemaker_submit_directory` name the script and its archive; the script gets the other hyperparameters as arguments,
everything else as SM_* variables.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from local_aws.containers.errors import AlgorithmError
from local_aws.containers.ml_folder import MlFolder
from local_aws.containers.s3_data import S3Data
from local_aws.kernel import archives

CODE = "/opt/ml/code"
PROGRAM = "sagemaker_program"
DIRECTORY = "sagemaker_submit_directory"
OBJECTIVE = "_tuning_objective_metric"
CHANNELS = ("code", "sm_code")

_INSTALL = 'python3 -m pip install -r requirements.txt && exec "$@"'


@dataclass(frozen=True)
class Script:
    """The caller's script and what it is run with. Hyperparameter values are what their JSON says."""

    program: str
    hyperparameters: Mapping[str, Any]

    @classmethod
    def named_by(cls, hyperparameters: Mapping[str, str]) -> Script:
        """Raises AlgorithmError where no script is named."""
        values = {name: _decoded(value) for name, value in hyperparameters.items()}
        if PROGRAM not in values:
            raise AlgorithmError(
                f"there is nothing to run: neither the hyperparameter {PROGRAM} nor AlgorithmSpecification's "
                "ContainerEntrypoint names a script",
                exit_code=1,
            )
        # What SageMaker adds to the jobs of a tuning job is not the script's, either.
        own = {
            name: value
            for name, value in values.items()
            if not name.startswith("sagemaker_") and name != OBJECTIVE
        }
        return cls(str(values[PROGRAM]), own)

    def arguments(self) -> list[str]:
        """The hyperparameters as a command line, in the order of their names."""
        pairs = sorted(self.hyperparameters.items())
        return [word for name, value in pairs for word in (_option(name), _argument(value))]

    def command(self, code: Path) -> tuple[str, ...]:
        """The command that runs the script, once the requirements in its folder `code` are installed."""
        words = self._interpreter() + self.arguments()
        if (code / "requirements.txt").exists():
            return ("sh", "-c", _INSTALL, "job", *words)
        return tuple(words)

    def _interpreter(self) -> list[str]:
        if self.program.endswith(".py"):
            return ["python3", self.program]
        if self.program.endswith(".sh"):
            return ["/bin/sh", f"./{self.program}"]
        return ["python3", "-m", self.program]


def fetch_code(
    ml: MlFolder, data: S3Data, hyperparameters: Mapping[str, str], channels: Mapping[str, Any]
) -> Path:
    """Put the script's folder at /opt/ml/code; returns where that lies here.

    It comes from the archive (s3:// or under /opt/ml) that `sagemaker_submit_directory` names, else from the channel
    "code". Raises JobError where there is none.
    """
    source = str(_decoded(hyperparameters.get(DIRECTORY, ""))) or _channel(channels)
    code = ml.path(CODE)
    if source.startswith("s3://"):
        archive = code.with_name("sourcedir.tar.gz")
        data.download_file(source, archive)
        _extract(archive, code, source)
        archive.unlink()
    else:
        _copy_code(_s3_or_local_path(ml, source), code, source)
    ml.tell_scripts(CODE)
    return code


def _s3_or_local_path(ml: MlFolder, source: str) -> Path:
    try:
        return ml.path(source)
    except ValueError as error:
        raise AlgorithmError(
            f"the hyperparameter {DIRECTORY} is {source!r}, but must begin with s3:// or /opt/ml/",
            exit_code=1,
        ) from error


def _copy_code(found: Path, code: Path, source: str) -> None:
    """Use code that is there already: an archive, a folder with one, or the folder itself."""
    packed = found / "sourcedir.tar.gz" if found.is_dir() else found
    if packed.is_file() or not found.is_dir():
        _extract(packed, code, source)
    else:
        code.symlink_to(found.relative_to(code.parent))


def _channel(channels: Mapping[str, Any]) -> str:
    for name in CHANNELS:
        if name in channels:
            return f"/opt/ml/input/data/{name}"
    raise AlgorithmError(
        f"there is no code: neither the hyperparameter {DIRECTORY} nor an input channel named "
        f"{' or '.join(CHANNELS)} says where it is",
        exit_code=1,
    )


def _extract(archive: Path, folder: Path, source: str) -> None:
    folder.mkdir()
    try:
        archives.check_tar(archive)
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                _extract_member(tar, member, folder)
    except (archives.ArchiveError, tarfile.TarError, OSError, EOFError) as error:
        raise AlgorithmError(f"the code {source} is no .tar.gz archive: {error}", exit_code=1) from error


def _extract_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write a file of the archive, never outside of `folder`; links are left out."""
    name = PurePosixPath(member.name)
    content = tar.extractfile(member) if member.isfile() else None
    if content is None or name.is_absolute() or ".." in name.parts:
        return
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.read())
    path.chmod(0o755 if member.mode & 0o100 else 0o644)


def variables(
    script: Script, channels: Mapping[str, Any], resources: Mapping[str, Any], job_name: str
) -> dict[str, str]:
    """The SM_* variables that the toolkit sets for the script."""
    host = resources["current_host"]
    values: dict[str, Any] = {
        "SM_MODEL_DIR": "/opt/ml/model",
        "SM_INPUT_DIR": "/opt/ml/input",
        "SM_INPUT_CONFIG_DIR": "/opt/ml/input/config",
        "SM_OUTPUT_DIR": "/opt/ml/output",
        "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
        "SM_OUTPUT_INTERMEDIATE_DIR": "/opt/ml/output/intermediate",
        "SM_MODULE_DIR": CODE,
        "SM_MODULE_NAME": PurePosixPath(script.program).stem,
        "SM_USER_ENTRY_POINT": script.program,
        "SM_USER_ARGS": script.arguments(),
        "SM_HPS": dict(script.hyperparameters),
        "SM_CHANNELS": sorted(channels),
        "SM_INPUT_DATA_CONFIG": channels,
        "SM_RESOURCE_CONFIG": resources,
        "SM_HOSTS": resources["hosts"],
        "SM_CURRENT_HOST": host,
        "SM_NETWORK_INTERFACE_NAME": resources["network_interface_name"],
        "SM_NUM_CPUS": os.cpu_count() or 1,
        "SM_NUM_GPUS": 0,
        "SM_LOG_LEVEL": 20,
    }
    values |= {f"SM_HP_{_name(name)}": value for name, value in script.hyperparameters.items()}
    values |= {f"SM_CHANNEL_{_name(name)}": f"/opt/ml/input/data/{name}" for name in channels}
    values["SM_TRAINING_ENV"] = {
        "job_name": job_name,
        "hyperparameters": dict(script.hyperparameters),
        "channel_input_dirs": {name: f"/opt/ml/input/data/{name}" for name in channels},
        "current_host": host,
        "hosts": resources["hosts"],
        "model_dir": "/opt/ml/model",
        "output_data_dir": "/opt/ml/output/data",
        "user_entry_point": script.program,
    }
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


def _name(name: str) -> str:
    return name.replace("-", "_").upper()


def _decoded(value: str) -> Any:
    """The SDK's version 2 sends JSON, version 3 bare strings."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _option(name: str) -> str:
    return f"--{name}" if len(name) > 1 else f"-{name}"


def _argument(value: Any) -> str:
    match value:
        case str():
            return value
        case dict():
            return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
        case _:
            return str(value)
