"""The code of the jobs and the serving contract, as folders named by their content.

A folder is a mapping of names to bytes. Its hash is part of its prefix in the artifact bucket. So equal content is
uploaded once, a definition names the code that will run, and the step cache misses only if the code changed.
"""

from __future__ import annotations

import ast
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model_build.errors import IntegrityError, UsageError
from model_common.aws import objects

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

    from model_build.recipe import Recipe

CODE, CONTRACTS = "code/build", "contracts"
"""The prefixes of the jobs' code and of the serving contracts. Only the build repository's roles write there."""

REQUIREMENTS = "fasttext-requirements.txt"
"""The file among the steps that pins the wheels which Evaluate installs."""

TRANSFORMER_REQUIREMENTS = "transformer-requirements.txt"
"""The one that pins what the training of a transformer installs."""

WHEELS = "wheels.py"
"""The module that installs the wheels when it is imported."""

ARCHIVE = "sourcedir.tar.gz"
"""The name of a training script's archive, as SageMaker's SDK gives it."""

_AT_ONCE = 8


def sha256(content: bytes) -> str:
    """The SHA-256 of the content, in hex."""
    return hashlib.sha256(content).hexdigest()


def folder_sha256(files: Mapping[str, bytes]) -> str:
    """The hash of a folder: sha256 over the sorted lines `name NUL sha256-hex LF` of its files."""
    lines = (f"{name}\0{sha256(files[name])}\n" for name in sorted(files))
    return sha256("".join(lines).encode())


@dataclass(frozen=True)
class Folder:
    """Files that belong together under `home/<their hash>/` in the artifact bucket."""

    home: str
    files: Mapping[str, bytes] = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        """The folder's hash, as `folder_sha256` defines it."""
        return folder_sha256(self.files)

    @property
    def prefix(self) -> str:
        """The folder's prefix in the artifact bucket."""
        return f"{self.home}/{self.sha256}/"


@dataclass(frozen=True)
class Code:
    """The folders of one pipeline: the code of Prepare and of Evaluate, and the serving contract.

    `nothing` is the input for model and contract if there is no champion: a job's input has to exist. `launcher` are
    the lines of the program that compares a folder with its hash before it runs it; they are part of the definition.
    `algorithm` holds the archive of the training script, None for a built-in algorithm. `training_wheels` says
    whether the script installs wheels. `trial` is the code of Trial, None for a recipe without one.
    """

    prepare: Folder
    evaluate: Folder
    contract: Folder
    nothing: Folder
    launcher: tuple[str, ...]
    algorithm: Folder | None = None
    training_wheels: bool = False
    trial: Folder | None = None

    @property
    def folders(self) -> tuple[Folder, ...]:
        """Every folder that is uploaded."""
        own = (each for each in (self.algorithm, self.trial) if each is not None)
        return self.prepare, self.evaluate, self.contract, self.nothing, *own


def assemble(recipe: Recipe, steps: Path) -> Code:
    """The code of `recipe`'s pipeline from the scripts in the folder `steps`.

    Raises UsageError when a script is missing.
    """
    text_rules = _read(steps / "text_rules.py")
    prepare, evaluate = _prepare(recipe, steps), script(steps, "evaluate")
    # The pins are part of Evaluate's code, whose hash is checked, and not taken from the folder of the wheels.
    pins = {REQUIREMENTS: _read(steps / REQUIREMENTS)}
    scripts = _algorithm(recipe, steps)
    pinned = TRANSFORMER_REQUIREMENTS if recipe.training.algorithm == "transformer" else REQUIREMENTS
    if WHEELS in scripts:
        scripts[pinned] = _read(steps / pinned)
    return Code(
        prepare=Folder(CODE, prepare | {"prepare.json": _json(recipe.prepare_config())}),
        evaluate=Folder(CODE, evaluate | pins | {"evaluate.json": _json(recipe.evaluate_config())}),
        contract=Folder(CONTRACTS, {"contract.json": _json(recipe.contract()), "text_rules.py": text_rules}),
        nothing=Folder(CODE, {"no-champion.txt": b"There is no champion to compare with.\n"}),
        launcher=tuple(line for line in _read(steps / "launcher.py").decode().splitlines() if line),
        algorithm=Folder(CODE, {ARCHIVE: archive(scripts)}) if scripts else None,
        training_wheels=WHEELS in scripts,
        trial=None if recipe.trial is None else _trial(recipe, steps),
    )


def _prepare(recipe: Recipe, steps: Path) -> dict[str, bytes]:
    """The code of Prepare; with a script of the team's own that script, what it imports beside it, and the text rules."""
    name = recipe.prepare.script
    if name is None:
        return script(steps, "prepare")
    own = steps.with_name("scripts")
    if not (own / f"{name}.py").is_file():
        known = ", ".join(sorted(path.stem for path in own.glob("*.py"))) or "none"
        raise UsageError(
            f"prepare.script is {name}, and there is no {own / name}.py. Scripts there: {known}."
        )
    files = {f"script/{path}": content for path, content in script(own, name).items()}
    return script(steps, "prepare_script") | script(steps, "text_rules") | files


def _trial(recipe: Recipe, steps: Path) -> Folder:
    return Folder(CODE, script(steps, "trial") | {"trial.json": _json(recipe.trial_config())})


def _algorithm(recipe: Recipe, steps: Path) -> dict[str, bytes]:
    training = recipe.training
    if training.algorithm == "blazingtext":
        return {}
    return algorithm(steps.with_name("algorithms"), training.script_folder, steps)


def algorithm(algorithms: Path, name: str, steps: Path) -> dict[str, bytes]:
    """The files of the algorithm `name`: its folder's, and the modules that they import from algorithms/ and steps/.

    Raises UsageError when there is no such folder, or it lacks train.py or inference.py.
    """
    folder = algorithms / name
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    files = {path.relative_to(folder).as_posix(): _read(path) for path in paths}
    missing = [required for required in ("train.py", "inference.py") if required not in files]
    if missing:
        available = ", ".join(sorted(path.parent.name for path in algorithms.glob("*/train.py"))) or "none"
        raise UsageError(
            f"The algorithm {folder} has no {' and no '.join(missing)}. Algorithms there: {available}."
        )
    wanted = [content for path, content in files.items() if path.endswith(".py")]
    while wanted:
        for module in _imported_files(wanted.pop()) - set(files):
            shared = [parent / module for parent in (algorithms, steps)]
            found = next((path for path in shared if path.is_file()), None)
            if found is not None:
                files[module] = _read(found)
                wanted.append(files[module])
    return files


def archive(files: Mapping[str, bytes]) -> bytes:
    """A .tar.gz of files: equal files give equal bytes."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", filename="", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(files[name]), 0o644
            tar.addfile(member, io.BytesIO(files[name]))
    return buffer.getvalue()


def script(steps: Path, name: str) -> dict[str, bytes]:
    """The script `name` and those modules of the folder `steps` that it imports, directly or not, by their paths there.

    So a change of the gate's rule does not change the code of Prepare, whose cache stays valid.
    """
    files: dict[str, bytes] = {}
    wanted = {f"{name}.py"}
    while wanted:
        path = wanted.pop()
        files[path] = _read(steps / path)
        wanted |= {each for each in _imported_files(files[path]) - set(files) if (steps / each).is_file()}
    return files


def upload(s3: S3Client, bucket: str, folder: Folder, home: str = "") -> list[str]:
    """Upload the files of `folder` that the bucket lacks below the prefix `home`; returns their keys.

    Raises IntegrityError if the prefix has other content, or a file that the folder does not have.
    """
    prefix = f"{home}{folder.prefix}"
    listed = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    strange = {item["Key"] for page in listed for item in page.get("Contents", [])} - {
        f"{prefix}{name}" for name in folder.files
    }
    if strange:
        raise IntegrityError(
            f"s3://{bucket}/{min(strange)} does not belong to the folder that it lies in, which is named by its content. "
            "Find out who wrote it, delete it, and run the same command again."
        )
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        stored = pool.map(
            lambda name: objects.put(s3, bucket, f"{prefix}{name}", folder.files[name]), folder.files
        )
        return [f"{prefix}{name}" for name, found in zip(folder.files, stored, strict=True) if found.created]


def _imported_files(source: bytes) -> set[str]:
    """The paths at which the modules that a script imports may lie: `a.b` is a/__init__.py and a/b.py or a/b/__init__.py."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules |= {f"{node.module}.{alias.name}" for alias in node.names}
    paths: set[str] = set()
    for module in modules:
        parts = module.split(".")
        for length in range(1, len(parts) + 1):
            path = "/".join(parts[:length])
            paths |= {f"{path}.py", f"{path}/__init__.py"}
    return paths


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"The step script {path} cannot be read ({error.strerror}). The steps belong beside the recipes, in the "
            "folder steps; point --root at the folder that holds both."
        ) from error


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, sort_keys=True, indent=2) + "\n").encode()
