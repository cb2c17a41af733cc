"""The program that serves a model, chosen by its image."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from local_aws.containers import images
from local_aws.containers.errors import UnknownImageError
from local_aws.containers.images import Kind
from local_aws.containers.interpreter import Interpreters
from local_aws.hosting.errors import LaunchError
from local_aws.hosting.instances import faulty_server, script_server

_MODULE = "local_aws.hosting.instances.{}"


def command(uri: str, environment: Mapping[str, str], folder: Path) -> tuple[str, ...]:
    """The command of the image's model server, to be given --socket and --model.

    A framework image gets an interpreter of its own in `folder`, which imports only what the image ships. Raises LaunchError
    for an image that is not embedded.
    """
    if faulty_server.VARIABLE in environment:
        return (sys.executable, "-m", _MODULE.format("faulty_server"))
    try:
        image = images.find(uri, serving=True)
    except UnknownImageError as error:
        raise LaunchError(str(error)) from error
    if image.kind is Kind.BLAZINGTEXT:
        return (sys.executable, "-m", _MODULE.format("model_server"))
    programs = Interpreters(folder).make(image, folder / "python")
    return (str(programs / "python3"), "-s", str(Path(script_server.__file__)))


def imports_torch(uri: str, environment: Mapping[str, str]) -> bool:
    """Whether a server of the image takes the time that importing PyTorch takes."""
    return faulty_server.VARIABLE not in environment and "pytorch" in uri.rpartition("/")[2]
