"""The wheels that a job installs because its image lacks them: downloaded once, pinned by hash, read from S3.

`steps/fasttext-requirements.txt` pins the package and the hashes of its wheels. TARGETS are the interpreters that
wheels are stored for. Both together name the folder in the artifact bucket, so a definition needs no download, and
nothing is downloaded if the bucket has the wheels.
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

from model_build.aws.code import CODE
from model_build.aws.code import REQUIREMENTS as PINS
from model_build.errors import UsageError, WheelError
from model_common.aws import objects

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

REQUIREMENTS = "requirements.txt"
_PINNED = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_TIMEOUT = 300


@dataclass(frozen=True)
class Target:
    """An interpreter that a wheel is for: CPython's version and the platform tag."""

    python: str
    platform: str

    def __str__(self) -> str:
        return f"cp{self.python.replace('.', '')}-{self.platform}"


# The scikit-learn image's Python first, then the next one that its tag may be moved to (it moved from 3.8 to 3.9),
# then\n# the interpreters that an embedded AWS may run on. The set is fixed:
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


@dataclass(frozen=True)
class Wheels:
    """One wheel for each target, as `requirements` pins them."""

    requirements: bytes
    targets: tuple[Target, ...] = TARGETS

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


def load(steps: Path) -> Wheels:
    """The wheels that the requirements in the folder `steps` pin. Raises UsageError when they pin none."""
    path = steps / PINS
    try:
        wheels = Wheels(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror}); it pins the wheels that Evaluate installs."
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
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(
            pool.map(lambda target: _wheel(target, home, requirements, wheels.pinned), wheels.targets)
        )


def _wheel(target: Target, home: Path, requirements: Path, pinned: frozenset[str]) -> Path:
    folder = home / str(target)
    cached = _verified(folder, pinned)
    if cached is None:
        shutil.rmtree(folder, ignore_errors=True)
        _download(target, folder, requirements)
        cached = _verified(folder, pinned)
    if cached is None:
        raise WheelError(f"pip downloaded no wheel for {target} that {requirements} pins.")
    return cached


def _verified(folder: Path, pinned: frozenset[str]) -> Path | None:
    found = list(folder.glob("*.whl"))
    if len(found) != 1 or hashlib.sha256(found[0].read_bytes()).hexdigest() not in pinned:
        return None
    return found[0]


def _download(target: Target, folder: Path, requirements: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    command += ["--no-deps", "--require-hashes", "--only-binary=:all:", "--implementation=cp"]
    command += [f"--python-version={target.python}", f"--abi=cp{target.python.replace('.', '')}"]
    command += [f"--platform={target.platform}", f"--dest={folder}", f"--requirement={requirements}"]
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
    said = str(getattr(error, "stderr", "")).strip().splitlines()
    errors = [line for line in said if line.startswith("ERROR")] or said
    return errors[-1].removeprefix("ERROR: ").rstrip(".") if errors else f"pip failed ({error})"
