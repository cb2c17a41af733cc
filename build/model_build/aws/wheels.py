"""The wheels that a job installs because its image lacks them: downloaded once, pinned by hash, read from S3.

`steps/*-requirements.txt` pin packages and the hashes of their wheels; TARGETS says for which interpreters they travel.
Both together name the folder in the artifact bucket, so that a definition needs no download, and where the bucket has
the wheels already nothing is fetched at all.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from model_build.aws.code import CODE, TRANSFORMER_REQUIREMENTS
from model_build.aws.code import REQUIREMENTS as PINS
from model_build.errors import UsageError, WheelError
from model_common.aws import objects

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

REQUIREMENTS = "requirements.txt"
PIP_DOWNLOAD = (
    *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"),
    *("--no-deps", "--only-binary=:all:"),
)
"""The command that downloads wheels without their dependencies. The caller adds what to download, and where to."""

_PINNED = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_NAMED = re.compile(r"^[A-Za-z0-9._-]+==", re.MULTILINE)
_TIMEOUT = 300


@dataclass(frozen=True)
class Target:
    """An interpreter that a wheel is for: CPython's version and the platform tag."""

    python: str
    platform: str

    def __str__(self) -> str:
        return f"cp{self.python.replace('.', '')}-{self.platform}"

    @property
    def options(self) -> list[str]:
        """The options of pip that choose it."""
        abi = f"cp{self.python.replace('.', '')}"
        # pip takes a tag literally: an older glibc's wheels run here, too.
        older = ("manylinux_2_17_x86_64", "manylinux2014_x86_64") if self.platform.endswith("x86_64") else ()
        platforms = [f"--platform={each}" for each in (self.platform, *older)]
        return [f"--python-version={self.python}", f"--abi={abi}", "--abi=abi3", "--abi=none", *platforms]


class Here(Target):
    """The interpreter that runs this, which an embedded AWS on this machine runs its jobs with."""

    def __init__(self) -> None:
        super().__init__(".".join(map(str, sys.version_info[:2])), "here")

    @property
    def options(self) -> list[str]:
        """None: pip takes the interpreter that runs it."""
        return []


# The scikit-learn image's Python first, then the next one that its tag may be moved to (it moved from 3.8 to 3.9),
# then
# the interpreters that an embedded AWS may run on. The set is fixed:
# the definition must not depend on the machine that builds it.
TARGETS = (
    Target("3.9", "manylinux_2_28_x86_64"),
    Target("3.10", "manylinux_2_28_x86_64"),
    *(
        Target(python, platform)
        for platform in ("manylinux_2_28_x86_64", "manylinux_2_28_aarch64", "macosx_11_0_arm64")
        for python in ("3.11", "3.12", "3.13", "3.14")
    ),
)

PYTORCH = (Target("3.12", "manylinux_2_28_x86_64"),)
"""The PyTorch images, for training and inference, have one Python: what is packed by one is imported by the other."""


@dataclass(frozen=True)
class Wheels:
    """The wheels for each target, as `requirements` pins them.

    With `here` they are fetched for the running interpreter, too; the name of their place does not depend on it.
    """

    requirements: bytes
    targets: tuple[Target, ...] = TARGETS
    here: bool = False

    @property
    def sha256(self) -> str:
        """The hash of the requirements and the platforms that they are downloaded for."""
        targets = "".join(f"{target}\n" for target in self.targets)
        return hashlib.sha256(self.requirements + targets.encode()).hexdigest()

    @property
    def prefix(self) -> str:
        """The prefix of the wheels in the artifact bucket."""
        return f"{CODE}/{self.sha256}/"

    @property
    def pinned(self) -> frozenset[str]:
        """The SHA-256 hashes of the pinned wheels, in hex."""
        return frozenset(_PINNED.findall(self.requirements.decode()))

    @property
    def packages(self) -> int:
        """How many packages are pinned: there is a wheel of each for every target."""
        return len(_NAMED.findall(self.requirements.decode()))


def load(steps: Path) -> Wheels:
    """The wheels that Evaluate installs. Raises UsageError when the folder `steps` pins none."""
    return _load(steps / PINS, TARGETS)


def load_for_transformer(steps: Path) -> Wheels:
    """The wheels that the training of a transformer installs. Raises UsageError as `load` does."""
    return _load(steps / TRANSFORMER_REQUIREMENTS, PYTORCH, here=True)


def _load(path: Path, targets: tuple[Target, ...], *, here: bool = False) -> Wheels:
    try:
        wheels = Wheels(path.read_bytes(), targets, here)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror}); it pins the wheels that a job installs."
        ) from error
    if not wheels.pinned:
        raise UsageError(f"{path} pins no hash; expected lines with --hash=sha256:...")
    return wheels


def cache_folder(environment: Mapping[str, str]) -> Path:
    """The user's cache folder: in XDG_CACHE_HOME, else in ~/.cache."""
    home = environment.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "sagemaker-model-build" / "wheels"


def are_uploaded(s3: S3Client, bucket: str, wheels: Wheels, home: str = "") -> bool:
    """Whether the wheels are stored below the prefix `home`.

    Raises IntegrityError if the stored requirements differ. The job that installs the wheels checks their hashes.
    """
    key = f"{home}{wheels.prefix}{REQUIREMENTS}"
    return objects.find(s3, bucket, key, hashlib.sha256(wheels.requirements).hexdigest()) is not None


def upload(s3: S3Client, bucket: str, wheels: Wheels, cache: Path, home: str = "") -> None:
    """Upload the wheels. Raises WheelError as `fetch` does, IntegrityError if other wheels are stored."""
    for path in fetch(wheels, cache):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        objects.put_file(s3, bucket, f"{home}{wheels.prefix}{path.name}", path, digest)
    # The requirements are uploaded last, so that they prove that all wheels are there.
    objects.put(s3, bucket, f"{home}{wheels.prefix}{REQUIREMENTS}", wheels.requirements)


def fetch(wheels: Wheels, cache: Path) -> list[Path]:
    """The wheel of each target, from the cache or by pip. Every hash is checked each time.

    Raises WheelError if a wheel cannot be downloaded.
    """
    home = cache / wheels.sha256
    home.mkdir(parents=True, exist_ok=True)
    requirements = home / REQUIREMENTS
    requirements.write_bytes(wheels.requirements)
    targets = (*wheels.targets, Here()) if wheels.here else wheels.targets
    with ThreadPoolExecutor(max_workers=4) as pool:
        found = pool.map(lambda target: _of_target(target, home, requirements, wheels), targets)
        return list({path.name: path for paths in found for path in paths}.values())


def _of_target(target: Target, home: Path, requirements: Path, wheels: Wheels) -> list[Path]:
    folder = home / str(target)
    cached = _verified(folder, wheels)
    if not cached:
        shutil.rmtree(folder, ignore_errors=True)
        _download(target, folder, requirements)
        cached = _verified(folder, wheels)
    if not cached:
        raise WheelError(f"pip downloaded no wheel for {target} that {requirements} pins.")
    return cached


def _verified(folder: Path, wheels: Wheels) -> list[Path]:
    """The wheels in a folder; none where one is missing or has another hash."""
    found = sorted(folder.glob("*.whl"))
    matches = all(hashlib.sha256(path.read_bytes()).hexdigest() in wheels.pinned for path in found)
    return found if matches and len(found) == wheels.packages else []


def _download(target: Target, folder: Path, requirements: Path) -> None:
    command = [*PIP_DOWNLOAD, "--require-hashes", *target.options]
    command += [f"--dest={folder}", f"--requirement={requirements}"]
    try:
        subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            timeout=_TIMEOUT,
            env={**os.environ, "LC_ALL": "C"},
        )
    except subprocess.SubprocessError as error:
        raise WheelError(
            f"The wheel for {target} could not be downloaded: {_reason(error)}. pip has to reach a package index once; "
            f"then the wheels stay in {folder.parent}. Without a network, copy that folder from a machine that has it; "
            "XDG_CACHE_HOME moves it."
        ) from error


def _reason(error: subprocess.SubprocessError) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"pip did not finish within {_TIMEOUT} s"
    output = str(getattr(error, "stderr", "")).strip().splitlines()
    errors = [line for line in output if line.startswith("ERROR")] or output
    return errors[-1].removeprefix("ERROR: ").rstrip(".") if errors else f"pip failed ({error})"
